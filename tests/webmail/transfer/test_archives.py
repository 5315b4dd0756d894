"""Zip and tar files that are written by one process after the other, and read by others."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import tarfile
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.waiting import LONGEST_S, cheap
from webmail.transfer import reading, tarring, zipping

WHEN = datetime(2026, 11, 25, 9, 30, 10, tzinfo=UTC)


def test_a_zip_goes_on_in_another_process_within_a_member(tmp_path: Path) -> None:
    data, records = bytearray(), []
    archive = zipping.Zip()
    data += archive.open("Boîte/été.mbox", WHEN)
    for number in range(5):
        data += archive.write(b"ligne %d\n" % number * 1000)
        data += archive.pause()
        records.append(archive.take_records())
        archive = zipping.Zip(json.loads(json.dumps(archive.state())))
    data += archive.close()
    data += archive.open("vide.eml", None)
    data += archive.close()
    records.append(archive.take_records())
    data += b"".join(archive.finish(records))

    with zipfile.ZipFile(io.BytesIO(data)) as read:
        assert read.testzip() is None
        assert read.namelist() == ["Boîte/été.mbox", "vide.eml"]
        wanted = b"".join(b"ligne %d\n" % number * 1000 for number in range(5))
        assert read.read("Boîte/été.mbox") == wanted
        assert read.getinfo("Boîte/été.mbox").date_time == (2026, 11, 25, 9, 30, 10)
        assert read.read("vide.eml") == b""
    assert len(data) < 2000
    assert [name for one in records for name, _comment in zipping.entries(one)] == read.namelist()


def test_a_tar_is_read_by_others() -> None:
    long = "Boîte/" + "é" * 200 + "/cur/1.2.webmail:2,S"
    files = {"a": b"x" * 512, long: b"y" * 100, "z": b""}
    data = tarring.head("Boîte/cur", 0, 5, is_folder=True)
    for name, content in files.items():
        data += tarring.head(name, len(content), 1764061200) + content
        data += tarring.padding(len(content))
    data += tarring.END
    with tarfile.open(fileobj=io.BytesIO(data)) as read:
        names = [member.name for member in read.getmembers()]
        assert names == ["Boîte/cur", *files]
        for name, content in files.items():
            assert read.extractfile(name).read() == content  # type: ignore[union-attr]
            assert read.getmember(name).mtime == 1764061200
    ours = [
        (member.name, member.is_folder, body.read())
        for member, body in tarring.members(io.BytesIO(data))
    ]
    assert ours == [("Boîte/cur/", True, b""), *((n, False, c) for n, c in files.items())]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_tars_of_others_are_read(form: int) -> None:
    file = io.BytesIO()
    name = "d/" * 60 + "été"
    with tarfile.open(fileobj=file, mode="w", format=form) as made:
        info = tarfile.TarInfo(name)
        info.size, info.mtime = 3, 1764061200
        made.addfile(info, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    file.seek(0)
    found = [(one, body.read()) for one, body in tarring.members(file)]
    assert [(one.name, one.is_other, content) for one, content in found] == [
        (name, False, b"abc"),
        ("link", True, b""),
    ]


def test_a_long_name_takes_no_memory_and_a_cut_file_is_told() -> None:
    block = tarring._header(b"x", 2**31, 0, b"L", 0)
    with pytest.raises(tarring.BadTar):
        list(tarring.members(io.BytesIO(block + b"x" * 5000)))
    whole = tarring.head("a", 1000, 0) + b"x" * 500
    with pytest.raises(tarring.BadTar):
        [body.read() for _one, body in tarring.members(io.BytesIO(whole))]
    with pytest.raises(tarring.BadTar):
        list(tarring.members(io.BytesIO(b"x" * 512)))


@pytest.mark.parametrize("digits", [b"9" * 5003, b"9" * 20, "\u0663".encode() * 3, b"-1", b""])
def test_an_odd_size_is_no_fault_of_ours(digits: bytes) -> None:
    data = tarring._extended(b"size", digits) + tarring.head("a", 3, 0) + b"abc".ljust(512, b"\0")
    with suppress(tarring.BadTar):
        [body.read() for _one, body in tarring.members(io.BytesIO(data))]


@pytest.mark.parametrize("kind", [b"x", b"L", b"g", b"K"])
def test_headers_without_a_member_end_the_tar(kind: bytes) -> None:
    data = tarring._header(b"x", 0, 0, kind, 0) * 100_000
    file = io.BytesIO(data)
    with pytest.raises(tarring.BadTar):
        list(tarring.members(file))
    assert file.tell() < 100 * tarring.BLOCK


def test_a_gigabyte_of_folders_is_not_gone_through() -> None:
    folder = tarring.head("d", 0, 0, is_folder=True)
    file = io.BytesIO(gzip.compress(folder * 200_000, 1))
    with cheap(1):
        found = list(reading.read(file, 0, "d.tgz", reading.Limits(10**6, 10**9)))
    assert [one.reason for one in found if isinstance(one, reading.RefusedItem)] == ["too_many"]


def test_info_zip_takes_the_zip(tmp_path: Path) -> None:
    archive = zipping.Zip()
    data = archive.open("a.eml", WHEN) + archive.write(b"abc" * 100) + archive.close()
    data += b"".join(archive.finish([archive.take_records()]))
    (tmp_path / "a.zip").write_bytes(data)
    program = shutil.which("unzip")
    if program is None:
        pytest.skip("unzip is not installed")
    command = [program, "-t", str(tmp_path / "a.zip")]
    done = subprocess.run(command, capture_output=True, check=False, timeout=LONGEST_S)  # noqa: S603
    assert done.returncode == 0, done.stdout
