"""The table of features by server in docs/servers.md: read, and written from a run.

``bin/test tests/matrix --whole --write-servers`` writes it, where every check ran.
"""

from __future__ import annotations

from collections.abc import Iterable
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


def write(told: Cells) -> None:
    text = DOCUMENT.read_text()
    before, start, rest = text.partition(_START)
    _old, end, after = rest.partition(_END)
    assert start and end, "docs/servers.md has no place for the table"
    DOCUMENT.write_text(f"{before}{start}{_written(told)}{end}{after}")


def _written(told: Cells) -> str:
    names = list(dict.fromkeys(name for _, name in told))
    rows = list(dict.fromkeys(words for words, _ in told))
    lines = [["", *names], ["---"] * (1 + len(names))]
    lines += [[words, *(told[words, name] for name in names)] for words in rows]
    return "".join(_line(line) for line in lines)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
