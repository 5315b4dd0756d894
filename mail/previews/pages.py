"""The values in which previews are returned: safe HTML, tables, plain text, PDF."""

from __future__ import annotations

from dataclasses import dataclass

from mail.mime.hypertext import html
from mail.previews.failures import NoPreview, Reason


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """Safe HTML for the sandboxed frame: ``body``, and ``style`` for a style element in its head.
    It loads nothing. ``is_truncated`` means that only the beginning of the file is shown."""

    body: str
    style: str = ""
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain text, which must be escaped. All rows have ``columns`` cells. ``name`` is the
    name of the sheet, if it has one."""

    rows: tuple[tuple[str, ...], ...]
    columns: int
    name: str = ""
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Sheets:
    """The tables of a workbook in order."""

    tables: tuple[Table, ...]
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class PlainText:
    """Plain text, which must be escaped, with ``\\n`` line ends and no control characters."""

    text: str
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Pdf:
    """A PDF made here, for the PDF viewer. ``is_truncated`` means that pages were left out."""

    content: bytes
    is_truncated: bool = False


_TABLES = (
    "<style>table { border-collapse: collapse }"
    " td, th { border: 1px solid #8c8c8c; padding: 4px 8px; vertical-align: top }</style>"
)
"""The libraries tell nothing of the borders, without which nobody sees that a table is one."""


def safe_page(source: str, *, is_truncated: bool = False) -> PreviewPage:
    """Sanitise HTML that a library made from a file, in the same way as the HTML of messages. Its
    tables have borders."""
    try:
        safe = html.sanitise(_TABLES + source)
    except html.TooComplex as error:
        raise NoPreview(Reason.TOO_LARGE, str(error)) from error
    return PreviewPage(safe.body, safe.style, is_truncated)


def table(
    rows: list[list[str]], *, most_columns: int, name: str = "", is_truncated: bool = False
) -> Table:
    """Make all rows equally long. Empty rows at the end and columns beyond ``most_columns`` are
    left out."""
    while rows and not any(rows[-1]):
        rows.pop()
    widest = max((_used(row) for row in rows), default=0)
    columns = min(widest, most_columns)
    equal = tuple(tuple((row + [""] * columns)[:columns]) for row in rows)
    return Table(equal, columns, name, is_truncated or widest > columns)


def _used(row: list[str]) -> int:
    return next((n for n in range(len(row), 0, -1) if row[n - 1]), 0)
