"""A table in a document of docs/ that a run of tests writes, and that other runs are held against.

It stands between two comments. ``bin/test tests/matrix --whole --write-tables`` writes that of
docs/servers.md, and ``bin/test tests/browser/engines --whole --write-tables`` those of
docs/browsers.md, where all that ran has passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

YES = "yes"
Cells = dict[tuple[str, str], str]


class Table:
    """``told``: what a run has found, by words of the row and name of the column."""

    def __init__(self, name: str, document: str) -> None:
        self._start, self._end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
        self._document = Path(__file__).resolve().parent.parent / "docs" / document
        self._told: Cells = {}

    def cells(self) -> Cells:
        """Return those of the document, in its order."""
        text = self._document.read_text().partition(self._start)[2].partition(self._end)[0]
        lines = [_cells(line) for line in text.splitlines() if line.startswith("|")]
        if not lines:
            return {}
        (_, *names), _rule, *rows = lines
        return {
            (words, name): cell
            for words, *cells in rows
            for name, cell in zip(names, cells, strict=True)
        }

    def hold(self, config: pytest.Config, words: str, name: str, told: str) -> None:
        """Compare a cell with what has been found, or keep that to be written."""
        if config.getoption("write_tables"):
            self._told[words, name] = told
        else:
            assert told == self.cells()[words, name]

    def write(self) -> None:
        """Put what was kept into the document, beside what it has; nothing where nothing was."""
        if not self._told:
            return
        cells = {**self.cells(), **self._told}
        text = self._document.read_text()
        before, start, rest = text.partition(self._start)
        _old, end, after = rest.partition(self._end)
        assert start and end, f"{self._document.name} has no place for the table"
        self._document.write_text(f"{before}{start}{_written(cells)}{end}{after}")


MATRIX: Final = Table("matrix", "servers.md")
ENGINES: Final = Table("engines", "browsers.md")
LAYOUT: Final = Table("layout", "browsers.md")


def _written(told: Cells) -> str:
    names = list(dict.fromkeys(name for _, name in told))
    rows = list(dict.fromkeys(words for words, _ in told))
    lines = [["", *names], ["---"] * (1 + len(names))]
    lines += [[words, *(told.get((words, name), "") for name in names)] for words in rows]
    return "".join(_line(line) for line in lines)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
