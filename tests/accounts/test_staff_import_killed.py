"""An import dies at any moment: the records are as before, or all are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import killing


def kill(tmp_path: Path, database: str) -> None:
    found = killing.run("tests.accounts.killed", database=database, spool=tmp_path / "spool")
    assert found["import"]["done"] > 40


def test_nothing_is_half_written_on_sqlite(tmp_path: Path) -> None:
    kill(tmp_path, f"sqlite:///{tmp_path}/killed.sqlite3")


@pytest.mark.slow
def test_nothing_is_half_written_on_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    kill(tmp_path, postgresql_url)
