"""Tables that are handed out: CSV as French spreadsheets open it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator


def lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The rows, headers first, with semicolons and CRLF; a mark before them, so that Excel takes
    them for UTF-8. No cell can be taken for a formula."""
    yield "\ufeff"
    for row in rows:
        made = io.StringIO()
        csv.writer(made, delimiter=";", lineterminator="\r\n").writerow(map(as_text, row))
        yield made.getvalue()


def as_text(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would run, also behind blanks."""
    return f"'{cell}" if cell.lstrip(" ")[:1] in _RUNS else cell


_RUNS = frozenset("=+-@\t\r\n")
