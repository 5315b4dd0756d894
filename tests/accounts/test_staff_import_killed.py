"""An import dies at any moment: the records are as before, or all are written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import postgresql


def killed(tmp_path: Path, database: str) -> dict[str, object]:
    spool = tmp_path / "spool"
    spool.mkdir()
    own = {"DATABASE_URL": database, "WEBMAIL_SECRET_KEY": "killed", "REDIS_URL": ""}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.accounts.killed_import", str(spool)],
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_is_half_written_on_sqlite(tmp_path: Path) -> None:
    found = killed(tmp_path, f"sqlite:///{tmp_path}/killed.sqlite3")
    assert found["wrong"] == []
    assert isinstance(found["kills"], int)
    assert found["kills"] > 40


@pytest.mark.slow
def test_nothing_is_half_written_on_postgresql(tmp_path: Path) -> None:
    url = os.environ["DATABASE_URL"]
    server = None
    if not url.startswith("postgres"):
        if not postgresql.installed():
            pytest.skip("PostgreSQL is not installed")
        server = postgresql.PostgreSQL()
        server.start()
        url = server.url
    try:
        found = killed(tmp_path, url)
    finally:
        if server:
            server.stop()
    assert found["wrong"] == []
    assert isinstance(found["kills"], int)
    assert found["kills"] > 40
