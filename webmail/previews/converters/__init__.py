"""Word, Excel and OpenDocument files made into HTML and tables, in a helper process
(`webmail.sandbox`).

Whatever a file holds, no more of it is read than can be shown: the end of a long part is left
where it is. The budget of the helper is a second wall.
"""

from __future__ import annotations

from typing import Any

from webmail.previews.converters.excel import xlsx
from webmail.previews.converters.opendocument import ods, odt
from webmail.previews.converters.parts import MOST_ROWS
from webmail.previews.converters.sheets import trim
from webmail.previews.converters.word import docx


def convert(content: bytes, extension: str, *, most_rows: int = MOST_ROWS) -> dict[str, Any]:
    """Return what is shown of a file: ``{"html": ..., "is_truncated": ...}``, not yet sanitised, of
    a text; ``{"sheets": [{"name", "rows", "is_truncated"}, ...], "is_truncated": ...}`` of a
    workbook, whose sheets have ``most_rows`` at most. Raises whatever a damaged file makes the
    libraries raise."""
    if extension in ("xlsx", "ods"):
        result = {"xlsx": xlsx, "ods": ods}[extension](content, most_rows)
    else:
        result = {"docx": docx, "odt": odt}[extension](content)
    trim(result.get("sheets", []))
    return result
