"""Static files under names that carry their content's hash: browsers may keep them for ever."""

from __future__ import annotations

from collections.abc import Callable
from re import Match
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Also renames what one ES module imports from another."""

    support_js_module_import_aggregation = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._urls: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """Kept: a page asks for forty, and they do not change while a server runs."""
        if name not in self._urls or force:
            self._urls[name] = super().url(name, force)
        return self._urls[name]

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[Match[str]], str]:
        """Our modules alone: htmx's extensions name types in comments as if they imported them."""
        if name.endswith(".js") and not name.startswith("webmail/"):
            return lambda found: found[0]
        convert: Callable[[Match[str]], str] = super().url_converter(name, hashed_files, template)
        return convert
