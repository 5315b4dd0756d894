"""Static files under names that carry their content's hash: browsers may keep them for ever."""

from __future__ import annotations

from collections.abc import Callable
from re import Match

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Also renames what one ES module imports from another."""

    support_js_module_import_aggregation = True

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[Match[str]], str]:
        """Our modules alone: htmx's extensions name types in comments as if they imported them."""
        if name.endswith(".js") and not name.startswith("webmail/"):
            return lambda found: found[0]
        convert: Callable[[Match[str]], str] = super().url_converter(name, hashed_files, template)
        return convert
