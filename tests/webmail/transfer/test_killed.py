"""The worker of a transfer is killed at any moment: nothing is lost, and nothing comes twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from demo.servers.dovecot import Dovecot
from tests import killing
from tests.servers.plugin import ALICE, BOB


@pytest.mark.whole
@pytest.mark.slow
def test_a_worker_that_was_killed_loses_nothing_and_does_nothing_twice(
    dovecot: Dovecot, tmp_path: Path, migrated: Path, one_in: Callable[[int], int]
) -> None:
    found = killing.run(
        "tests.webmail.transfer.killed",
        *(str(dovecot.imap_port), ALICE.login, ALICE.password, BOB.login, BOB.password),
        str(one_in(17)),
        database=killing.sqlite(migrated, tmp_path),
        spool=tmp_path / "spool",
    )
    for kind, counts in found.items():
        assert counts["done"] >= 2, kind
