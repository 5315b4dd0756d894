"""An import dies at any moment: another attempt ends as if nothing had happened."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.servers.broker import Broker
from tests import killing


def kills(tmp_path: Path, *how: str, database: str, redis: str = "") -> int:
    """How often something was killed; fails where another attempt ended otherwise."""
    spool, module = tmp_path / "spool", "tests.addressbook.imports.killed"
    found = killing.run(module, *how, database=database, redis=redis, spool=spool)
    return sum(sum(counts.values()) for counts in found.values())


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
    tmp_path: Path, migrated: Path, one_in: Callable[[int], int]
) -> None:
    database, step = killing.sqlite(migrated, tmp_path), one_in(8)
    assert kills(tmp_path, "statements", str(step), database=database) > 200 / step


@pytest.mark.whole
@pytest.mark.slow
def test_killed_before_any_statement_it_ends_the_same_on_postgresql(
    tmp_path: Path, one_in: Callable[[int], int], postgresql_url: str
) -> None:
    step = 6 * one_in(6)  # each copy of a database takes it a while
    assert kills(tmp_path, "statements", str(step), database=postgresql_url) > 240 / step


@pytest.mark.whole
@pytest.mark.slow
def test_workers_that_are_killed_end_it_together(
    tmp_path: Path, migrated: Path, broker: str, one_in: Callable[[int], int]
) -> None:
    database, most = killing.sqlite(migrated, tmp_path), 4 - one_in(2)
    assert kills(tmp_path, "worker", str(most), database=database, redis=broker) >= 3
