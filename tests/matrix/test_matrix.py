"""Each check on each server, against the table that docs/servers.md shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.matrix.checks import CHECKS
from tests.matrix.places import Place, Server
from tests.table import MATRIX, YES

pytestmark = pytest.mark.django_db
SERVERS = {
    "Dovecot 2.4": "plain_dovecot",
    "Dovecot 2.3": "dovecot_23",
    "Cyrus 3.10": "cyrus",
    "Cyrus, `altnamespace`": "cyrus_alternative",
    "Courier 5.2": "courier",
    "RFC 3501 alone": "rfc3501",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A third of all, another of each server; all of them with ``--whole``."""
    if "words" not in metafunc.fixturenames:
        return
    step = 1 if metafunc.config.getoption("whole") else 3
    pairs = [
        (words, server)
        for number, words in enumerate(CHECKS)
        for shift, server in enumerate(SERVERS)
        if (number + shift) % step == 0
    ]
    metafunc.parametrize(("words", "name"), pairs)


def test_a_check_gives_what_the_table_tells(
    words: str, name: str, at: Callable[[Server], Place], request: pytest.FixtureRequest
) -> None:
    told = CHECKS[words](at(request.getfixturevalue(SERVERS[name]))) or YES
    MATRIX.hold(request.config, words, name, told)


def test_the_table_has_these_rows_and_columns() -> None:
    assert list(MATRIX.cells()) == [(words, name) for words in CHECKS for name in SERVERS]
