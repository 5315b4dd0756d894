"""The table of the Application Security Verification Standard: whole, and its tests are there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r"\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]*) ?\|")
TEST = re.compile(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`")
# What the standard 5.0.0 has at levels 1 and 2.
LEVELS = {"1": 70, "2": 183}
VERDICTS = {"met", "**partly**", "**not met**", "not applicable"}


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows(page: str) -> list[tuple[str, ...]]:
    return [match.groups() for line in page.splitlines() if (match := ROW.fullmatch(line))]


def test_every_requirement_is_listed_once(rows: list[tuple[str, ...]]) -> None:
    assert Counter(level for _number, level, *_rest in rows) == LEVELS
    numbers = [number for number, *_rest in rows]
    assert len(set(numbers)) == len(numbers) == sum(LEVELS.values())


def test_the_counts_at_the_head_are_those_of_the_table(
    page: str, rows: list[tuple[str, ...]]
) -> None:
    counted = Counter(row[3] for row in rows)
    assert set(counted) <= VERDICTS
    met, partly, missed, other = (
        counted[verdict] for verdict in ("met", "**partly**", "**not met**", "not applicable")
    )
    assert f"| {met} | {partly} | {missed} | {other} |" in page


def test_the_tests_that_are_named_exist(page: str) -> None:
    missing = []
    for path, name in TEST.findall(page):
        source = ROOT / path
        if not source.is_file() or (name and f"def {name}(" not in source.read_text("utf-8")):
            missing.append((path, name))
    assert not missing


def test_what_is_met_names_its_test(rows: list[tuple[str, ...]]) -> None:
    assert not [row[0] for row in rows if row[3] == "met" and not TEST.search(row[5])]
