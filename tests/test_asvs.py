"""The table of the OWASP ASVS (docs/asvs.md): each number once, nothing named that is not there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.test_docs import ROOT, defined

PAGE = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
NUMBERS = ROOT / "tests" / "data" / "asvs-5.0.txt"
"""The numbers of levels 1 and 2 in version 5.0.0, each with its level."""
VERDICTS = ("met", "partly", "not met", "not applicable")
OPEN = ("not met", "partly")
FOLDERS = "core|mail|accounts|addressbook|webmail|deploy|bin|tests|templates|docs"
LONGEST = 180
"""Characters of a cell: two lines of a wide page."""

Row = tuple[str, ...]


def lines_of(columns: int) -> list[Row]:
    """The rows of all tables that have so many columns and begin with a number."""
    found = re.findall(r"(?m)^\| (\d+\.\d+\.\d+.*) \|$", PAGE)
    rows = [tuple(cell.strip() for cell in row.split(" |")) for row in found]
    return [tuple(cell.removeprefix("| ") for cell in row) for row in rows if len(row) == columns]


def rows() -> list[Row]:
    """Number, what is asked, verdict, how, test."""
    return lines_of(5)


def levels() -> dict[str, int]:
    lines = NUMBERS.read_text(encoding="utf-8").splitlines()
    return {number: int(level) for number, _blank, level in (line.partition(" ") for line in lines)}


def numbers(row: Row) -> list[str]:
    return row[0].split(", ")


def test_every_number_of_both_levels_stands_there_once_and_in_its_order() -> None:
    told = [number for row in rows() for number in numbers(row)]
    assert told == list(levels())
    assert Counter(levels().values()) == {1: 70, 2: 183}


def test_each_row_stands_under_its_chapter() -> None:
    chapter = 0
    for heading, number in re.findall(r"(?m)^(?:## V(\d+) |\| (\d+)\.\d+\.\d+[ ,])", PAGE):
        if heading:
            assert int(heading) == chapter + 1
            chapter = int(heading)
        assert not number or not chapter or int(number) == chapter
    assert chapter == 17


def test_a_row_says_what_is_asked_its_verdict_and_how() -> None:
    wrong = [row for row in rows() if not row[1] or row[2] not in VERDICTS or len(row[3]) < 5]
    assert not wrong
    assert not [cell for row in rows() for cell in row[1:] if len(cell) > LONGEST]


def test_the_counts_at_the_head_are_those_of_the_rows() -> None:
    by_number = levels()
    counted = Counter((row[2], by_number[number]) for row in rows() for number in numbers(row))
    for verdict in VERDICTS:
        both = [counted[verdict, level] for level in (1, 2)]
        assert f"| {verdict} | {both[0]} | {both[1]} | {sum(both)} |" in PAGE


def test_what_is_not_met_or_in_part_is_at_the_head_with_what_is_needed() -> None:
    wanted = [row[:3] for verdict in OPEN for row in rows() if row[2] == verdict]
    assert [row[:3] for row in lines_of(4)] == wanted
    assert all(len(row[3]) > 10 or row[3].startswith("as ") for row in lines_of(4))


def test_what_is_met_names_a_test_as_a_rule() -> None:
    met = [row for row in rows() if row[2] == "met"]
    assert len([row for row in met if row[4]]) > len(met) * 0.85


def test_every_test_that_is_named_exists() -> None:
    named = [row[4] for row in rows() if row[4]]
    assert all(re.fullmatch(r"`tests/[\w/]+\.py(::test_\w+)?`", cell) for cell in named)
    assert [cell for cell in named if not is_test(cell.strip("`"))] == []


def is_test(node: str) -> bool:
    file, _colons, name = node.partition("::")
    path = ROOT / file
    if not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    return bool(re.search(rf"(?m)^(?:async )?def {name or 'test_'}", text))


def test_every_path_that_is_named_exists() -> None:
    named = re.findall(rf"`((?:{FOLDERS})/[\w./@-]*(?::\w+)?)`", PAGE)
    assert len(named) > 100
    assert [name for name in named if not defined(name)] == []


def test_the_security_page_leads_to_it() -> None:
    assert "(asvs.md)" in (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert Path(ROOT / "docs" / "asvs.md").is_file()
