"""An import dies at any moment: another attempt ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.servers.broker import Broker
from tests.servers import postgresql


def killed(tmp_path: Path, *how: str, database: str, redis: str = "") -> dict[str, object]:
    spool = tmp_path / "spool"
    spool.mkdir(exist_ok=True)
    own = {
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "WEBMAIL_SECRET_KEY": "killed",
        "WEBMAIL_SPOOL": str(spool),
    }
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.addressbook.imports.killed", *how],
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A Redis for these workers alone: other tests' jobs are not for them."""
    program = shutil.which("redis-server")
    server = Broker(tmp_path / "redis", Path(program) if program else None, keep=False)
    server.start()
    yield server.url
    server.stop()


@pytest.mark.slow
def test_killed_before_any_statement_it_ends_the_same(
    tmp_path: Path, one_in: Callable[[int], int]
) -> None:
    database, step = f"sqlite:///{tmp_path}/killed.sqlite3", one_in(4)
    found = killed(tmp_path, "statements", str(step), database=database)
    assert found["wrong"] == []
    assert isinstance(found["kills"], int)
    assert found["kills"] > 200 / step


@pytest.mark.slow
def test_killed_before_any_statement_it_ends_the_same_on_postgresql(
    tmp_path: Path, one_in: Callable[[int], int]
) -> None:
    url = os.environ["DATABASE_URL"]
    server = None
    if not url.startswith("postgres"):
        if not postgresql.installed():
            pytest.skip("PostgreSQL is not installed")
        server = postgresql.PostgreSQL()
        server.start()
        url = server.url
    try:
        # Each copy of a database takes it a while.
        step = 6 * one_in(3)
        found = killed(tmp_path, "statements", str(step), database=url)
    finally:
        if server:
            server.stop()
    assert found["wrong"] == []
    assert isinstance(found["kills"], int)
    assert found["kills"] > 240 / step


@pytest.mark.slow
def test_workers_that_are_killed_end_it_together(tmp_path: Path, broker: str) -> None:
    database = f"sqlite:///{tmp_path}/killed.sqlite3"
    found = killed(tmp_path, "worker", database=database, redis=broker)
    assert found["wrong"] == []
    assert isinstance(found["kills"], int)
    assert found["kills"] >= 3
