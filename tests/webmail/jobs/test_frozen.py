"""A worker is frozen at any moment and wakes when another has his job: nothing is copied twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.servers.dovecot import Dovecot
from tests.servers.plugin import ALICE


@pytest.mark.slow
def test_a_worker_that_was_frozen_does_nothing_twice(dovecot: Dovecot, tmp_path: Path) -> None:
    own = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/frozen.sqlite3",
        "WEBMAIL_SECRET_KEY": "frozen",
        "REDIS_URL": "",
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.webmail.jobs.frozen"]
    who = [str(dovecot.imap_port), ALICE.login, ALICE.password]
    done = subprocess.run(  # noqa: S603
        [*command, *who], env=os.environ | own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {kind: one["wrong"] for kind, one in found.items() if one["wrong"]} == {}, done.stderr
    for kind, one in found.items():
        assert one["counts"]["done"] >= 9, kind
