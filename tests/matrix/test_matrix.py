"""Each check on each server, against the table that docs/servers.md shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.matrix.checks import CHECKS
from tests.matrix.places import SERVERS, Place, Server
from tests.table import MATRIX, YES

pytestmark = pytest.mark.django_db
PART = 3


def _pairs() -> list[Any]:
    """A third runs each time, another of each server; the rest is marked ``whole``, and so has its
    day (tests/parts.py)."""
    return [
        pytest.param(words, server, marks=[pytest.mark.whole] if (number + shift) % PART else [])
        for number, words in enumerate(CHECKS)
        for shift, server in enumerate(SERVERS)
    ]


@pytest.mark.parametrize(("words", "name"), _pairs())
def test_a_check_gives_what_the_table_tells(
    words: str, name: str, at: Callable[[Server], Place], request: pytest.FixtureRequest
) -> None:
    told = CHECKS[words](at(request.getfixturevalue(SERVERS[name]))) or YES
    MATRIX.hold(request.config, words, name, told)


def test_the_table_has_these_rows_and_columns() -> None:
    assert list(MATRIX.cells()) == [(words, name) for words in CHECKS for name in SERVERS]


def test_each_check_runs_on_each_server_each_time_or_on_some_day() -> None:
    pairs = [pair.values for pair in _pairs()]
    assert pairs == [(words, name) for words in CHECKS for name in SERVERS]
    always = [pair.values for pair in _pairs() if not pair.marks]
    assert {words for words, _ in always} == set(CHECKS)
    assert {name for _, name in always} == set(SERVERS)
