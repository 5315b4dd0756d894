"""Files in the spool: nobody reads them on the disk, and a damaged one is no file."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.sealed import files as sealed_files

CONTENT = os.urandom(700_000)


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Path, bytes]:
    path, key = tmp_path / "spool" / sealed_files.new_name(), sealed_files.new_key()
    sealed_files.write(path, key, [CONTENT[:10], CONTENT[10:600_000], CONTENT[600_000:]])
    return path, key


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1])
def test_what_was_written_is_read(tmp_path: Path, size: int) -> None:
    path, key = tmp_path / "x", sealed_files.new_key()
    sealed_files.write(path, key, [CONTENT[:size]])
    with sealed_files.read_sealed(path, key) as file:
        assert file.read() == CONTENT[:size]


def test_it_is_read_piece_by_piece(sealed: tuple[Path, bytes]) -> None:
    with sealed_files.read_sealed(*sealed) as file:
        assert b"".join(iter(lambda: file.read(1000), b"")) == CONTENT


def test_the_disk_holds_nothing_that_can_be_read(sealed: tuple[Path, bytes]) -> None:
    path, _key = sealed
    assert CONTENT[:32] not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("cut", [-1, -(256 * 1024), 256 * 1024 + 16, 0])
def test_a_file_that_was_cut_off_is_damaged(sealed: tuple[Path, bytes], cut: int) -> None:
    path, key = sealed
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(sealed_files.DamagedFile), sealed_files.read_sealed(path, key) as file:
        file.read()


def test_another_key_opens_nothing(sealed: tuple[Path, bytes]) -> None:
    path, _key = sealed
    with (
        pytest.raises(sealed_files.DamagedFile),
        sealed_files.read_sealed(path, sealed_files.new_key()) as file,
    ):
        file.read()


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield CONTENT
        raise ConnectionResetError

    path = tmp_path / "x"
    with pytest.raises(ConnectionResetError):
        sealed_files.write(path, sealed_files.new_key(), broken())
    assert not path.exists()


def test_only_old_files_are_removed(tmp_path: Path) -> None:
    for name in ("old.staff", "new.staff", "old.other"):
        (tmp_path / name).touch()
    long_ago = time.time() - 1000
    for name in ("old.staff", "old.other"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    sealed_files.remove_older(tmp_path, "*.staff", 500)
    assert {path.name for path in tmp_path.iterdir()} == {"new.staff", "old.other"}
