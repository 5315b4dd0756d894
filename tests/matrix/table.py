"""The table of features by server in docs/servers.md: read, and written from a run.

``bin/test -n0 tests/matrix --write-servers`` writes it. Cells of checks that failed or did not run,
such as with ``-k``, stay; a new one is "?", which `test_matrix.py` refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "servers.md"
YES = "yes"
_START, _END = "<!-- matrix -->\n", "<!-- /matrix -->\n"
Cells = dict[tuple[str, str], str]
TOLD = pytest.StashKey[Cells]()


def read() -> Cells:
    """By words of the row and name of the server, in the table's order."""
    text = DOCUMENT.read_text().partition(_START)[2].partition(_END)[0]
    lines = [_cells(line) for line in text.splitlines() if line.startswith("|")]
    if not lines:
        return {}
    (_, *names), _rule, *rows = lines
    return {
        (words, name): cell
        for words, *cells in rows
        for name, cell in zip(names, cells, strict=True)
    }


def write(told: Cells, rows: Iterable[str], names: Iterable[str]) -> None:
    text = DOCUMENT.read_text()
    before, start, rest = text.partition(_START)
    _old, end, after = rest.partition(_END)
    assert start and end, "docs/servers.md has no place for the table"
    written = _written(read() | told, list(rows), list(names))
    DOCUMENT.write_text(f"{before}{start}{written}{end}{after}")


def _written(cells: Cells, rows: Sequence[str], names: Sequence[str]) -> str:
    lines = [["", *names], ["---"] * (1 + len(names))]
    lines += [[words, *(cells.get((words, name), "?") for name in names)] for words in rows]
    return "".join(map(_line, lines))


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
