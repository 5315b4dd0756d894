"""A worker is frozen at any moment and wakes when another has its job: nothing is copied twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.servers.dovecot import Dovecot
from tests import killing
from tests.servers.plugin import ALICE


@pytest.mark.whole
@pytest.mark.slow
def test_a_worker_that_was_frozen_does_nothing_twice(
    dovecot: Dovecot, tmp_path: Path, migrated: Path
) -> None:
    found = killing.run(
        "tests.webmail.jobs.frozen",
        *(str(dovecot.imap_port), ALICE.login, ALICE.password),
        database=killing.sqlite(migrated, tmp_path),
    )
    for kind, counts in found.items():
        assert counts["done"] >= 9, kind
