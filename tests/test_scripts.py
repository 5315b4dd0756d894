"""The chapter of the scripts in docs/architecture.md has the modules, imports and events of the
sources."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.cases import each

ROOT: Final = Path(__file__).parent.parent
SOURCES: Final = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "webmail/static/webmail/js").glob("*.js"))
}
TYPES: Final = (ROOT / "tests/scripts/types.d.ts").read_text(encoding="utf-8")
OWN_EVENT: Final = re.compile(
    r'"((?:composer|documents|draft|mail|recipient|recipients|server|session):\w+)"'
)
SENDS: Final = re.compile(r"new (?:Custom)?Event\(|htmx\.trigger\(|this\.tell\(")


def chapter() -> str:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    return text.partition("\n## Scripts\n")[2].partition("\n## ")[0]


def rows() -> Iterator[list[str]]:
    """The cells of each row of the two tables, without their heads."""
    for line in chapter().splitlines():
        if line.startswith("| ") and not line.startswith(("| subject", "| event")):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def named(cell: str) -> list[str]:
    return re.findall(r"`(\w+)\.js`", cell)


def floors() -> list[list[str]]:
    """The modules of each line of the first table, the start first."""
    return [named(cells[1]) for cells in rows() if len(cells) == 2]


def imported(source: str) -> set[str]:
    return set(re.findall(r'(?:\bfrom |\bimport\()"\./(\w+)\.js"', source))


def events() -> dict[str, tuple[set[str], set[str]]]:
    """For each event of our own the modules that send it, and those that hear it."""
    known: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for module, source in SOURCES.items():
        for line in source.splitlines():
            if line.lstrip().startswith("//"):
                continue
            for name in OWN_EVENT.findall(line):
                known[name][0 if SENDS.search(line) else 1].add(module)
    return known


def test_each_script_stands_once_in_the_chapter() -> None:
    assert sorted(module for floor in floors() for module in floor) == sorted(SOURCES)


@each("module", SOURCES)
def test_a_script_imports_only_from_its_own_line_and_from_those_below(module: str) -> None:
    at = next(index for index, floor in enumerate(floors()) if module in floor)
    allowed = {name for floor in floors()[at:] for name in floor}
    assert not imported(SOURCES[module]) - allowed


def test_the_chapter_tells_who_sends_and_who_hears_each_event() -> None:
    told = {
        cells[0].strip("`"): (set(named(cells[1])), set(named(cells[2])))
        for cells in rows()
        if len(cells) == 3
    }
    assert told == events()


def test_each_event_has_a_type() -> None:
    table = TYPES.partition("interface OwnEvents {")[2].partition("\n}")[0]
    assert set(re.findall(r'^  "([\w:]+)":', table, re.MULTILINE)) == set(events())
