"""Convert Word, Excel and OpenDocument files to HTML and tables, in a helper process
(`mail.sandbox`).

No more of a file is read than can be shown: the end of a long part stays unread. The helper's
budget of time and memory is a second limit.
"""

from __future__ import annotations

from typing import Any

from mail.previews.converters.excel import xlsx
from mail.previews.converters.opendocument import ods, odt
from mail.previews.converters.parts import MOST_ROWS
from mail.previews.converters.sheets import trim
from mail.previews.converters.word import docx


def convert(content: bytes, extension: str, *, most_rows: int = MOST_ROWS) -> dict[str, Any]:
    """Convert a file. A text gives ``{"html": ..., "is_truncated": ...}``, whose HTML is not yet
    sanitised. A workbook gives ``{"sheets": [{"name", "rows", "is_truncated"}, ...],
    "is_truncated": ...}``, with at most ``most_rows`` rows in each sheet. Raises any exception that
    the libraries raise for a damaged file."""
    if extension in ("xlsx", "ods"):
        result = {"xlsx": xlsx, "ods": ods}[extension](content, most_rows)
    else:
        result = {"docx": docx, "odt": odt}[extension](content)
    trim(result.get("sheets", []))
    return result
