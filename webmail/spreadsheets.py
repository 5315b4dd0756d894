"""Tables that are handed out: CSV as French spreadsheets open it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator


def lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The rows, headers first, with semicolons and CRLF; a mark before them, so that Excel takes
    them for UTF-8. No cell can be taken for a formula."""
    yield "\ufeff"
    for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerow(map(as_text, row))
        yield buffer.getvalue()


def as_text(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would run, also behind blanks; one
    more before such apostrophes of its own, so that `from_text` gives back each cell."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def from_text(cell: str) -> str:
    """The cell that `as_text` made this of."""
    return cell[1:] if cell[:1] == "'" and _RUNS.match(cell) else cell


_RUNS = re.compile(r"'*+ *+[=+\-@\t\r\n]")
