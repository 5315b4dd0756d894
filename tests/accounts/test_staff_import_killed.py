"""An import dies at any moment: the records are as before, or all are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import killing


def kill(tmp_path: Path, database: str, step: int = 1) -> None:
    module, spool = "tests.accounts.killed", tmp_path / "spool"
    found = killing.run(module, str(step), database=database, spool=spool)
    assert found["import"]["done"] > 40 // step


def test_nothing_is_half_written_on_sqlite(
    tmp_path: Path, migrated: Path, one_in: Callable[[int], int]
) -> None:
    kill(tmp_path, killing.sqlite(migrated, tmp_path), step=one_in(3))


@pytest.mark.whole
@pytest.mark.slow
def test_nothing_is_half_written_on_postgresql(
    tmp_path: Path, postgresql_url: str, one_in: Callable[[int], int]
) -> None:
    kill(tmp_path, postgresql_url, step=one_in(8))  # each copy of a database takes it a while
