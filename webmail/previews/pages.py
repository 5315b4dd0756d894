"""The two shapes in which text of an attachment is shown: safe HTML, and a table."""

from __future__ import annotations

from dataclasses import dataclass

from webmail.mime import html
from webmail.previews.failures import NoPreview, Reason


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """Safe HTML for the sandboxed frame: ``body``, and ``style`` for a style element of its head.
    It loads nothing. ``is_truncated``: the file goes on, only its beginning is shown."""

    body: str
    style: str = ""
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain text, to be escaped; all have ``columns`` cells. ``name`` is the sheet's, if it
    has one."""

    rows: tuple[tuple[str, ...], ...]
    columns: int
    name: str = ""
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Sheets:
    """The tables of a workbook, in its order."""

    tables: tuple[Table, ...]
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class PlainText:
    """Text to be escaped, with ``\\n`` line ends and no control characters."""

    text: str
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Pdf:
    """A PDF made here, for the PDF viewer. ``is_truncated``: pages were left out."""

    content: bytes
    is_truncated: bool = False


def safe_page(source: str, *, is_truncated: bool = False) -> PreviewPage:
    """HTML that a library made of somebody's file, through the same sanitiser as mail."""
    try:
        safe = html.sanitise(source)
    except html.TooComplex as error:
        raise NoPreview(Reason.TOO_LARGE, str(error)) from error
    return PreviewPage(safe.body, safe.style, is_truncated)


def table(
    rows: list[list[str]], *, most_columns: int, name: str = "", is_truncated: bool = False
) -> Table:
    """``rows`` made equally long, empty ones at the end and columns beyond ``most_columns`` left
    out."""
    while rows and not any(rows[-1]):
        rows.pop()
    widest = max((_used(row) for row in rows), default=0)
    columns = min(widest, most_columns)
    equal = tuple(tuple((row + [""] * columns)[:columns]) for row in rows)
    return Table(equal, columns, name, is_truncated or widest > columns)


def _used(row: list[str]) -> int:
    return next((n for n in range(len(row), 0, -1) if row[n - 1]), 0)
