"""Tables for download: CSV in the form that French spreadsheets open."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator


def lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the rows, headers first, with semicolons and CRLF, after a mark that makes Excel read
    UTF-8. No cell can be taken for a formula.
    """
    yield "\ufeff"
    for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerow(map(as_text, row))
        yield buffer.getvalue()


def as_text(cell: str) -> str:
    """Return the cell, with an apostrophe before text that a spreadsheet would run, even after
    spaces. A cell's own apostrophes there are doubled, so that `from_text` restores every cell.
    """
    return f"'{cell}" if _RUNS.match(cell) else cell


def from_text(cell: str) -> str:
    """Return the cell from which `as_text` made this text."""
    return cell[1:] if cell[:1] == "'" and _RUNS.match(cell) else cell


_RUNS = re.compile(r"'*+ *+[=+\-@\t\r\n]")
