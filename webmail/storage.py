"""Static files under names that carry their content's hash: browsers may keep them for ever."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Also renames what one ES module imports from another."""

    support_js_module_import_aggregation = True
