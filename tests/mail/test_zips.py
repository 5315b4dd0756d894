"""Zip files from strangers: the readers of attachments and address books within their memory."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import zips
from mail.zips import BadZip, ZipFault
from tests.examples import up_to
from tests.mail import zip_bombs
from tests.mail.zip_bombs import Entry, made, whole
from tests.measured import costs

MEGABYTES = 100
SECONDS = 2  # of the processor: no bomb takes more than a part of one
LIMIT = 50_000_000


def fault(content: bytes, *, limit: int = LIMIT) -> ZipFault:
    with pytest.raises(BadZip) as refused:
        for member in zips.members(content):
            zips.read_member(content, member, limit=limit)
    return refused.value.fault


def contents(content: bytes) -> dict[str, bytes]:
    return {m.name: zips.read_member(content, m, limit=LIMIT) for m in zips.members(content)}


# What is read


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 300_000])
def test_what_zipfile_writes_is_read(method: int, size: int) -> None:
    for one in (os.urandom(size), bytes(size), b"%08d" * (size // 4)):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as written:
            written.writestr("Élèves/a.txt", one)
            written.writestr("b", b"fin")
        assert contents(out.getvalue()) == {"Élèves/a.txt": one, "b": b"fin"}


def test_a_zip_is_written_anew_with_other_members() -> None:
    files = {"mimetype": b"a", "Élèves/é.txt": b"%08d" * 9_000, "b": os.urandom(70_000), "c": b""}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for name, one in files.items():
            written.writestr(name, one)
    content = b"before the zip" + out.getvalue()
    found = zips.members(content)
    anew = io.BytesIO()
    zips.write(anew, content, found, {b"b": b"other"})
    assert contents(anew.getvalue()) == {**files, "b": b"other"}
    with zipfile.ZipFile(anew) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == list(files)
        assert opened.read("b") == b"other"


def test_what_is_not_read_is_not_written_anew() -> None:
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as written:
            written.writestr("a", b"a")
        found = zips.members(out.getvalue())
        with pytest.raises(BadZip):
            zips.write(io.BytesIO(), out.getvalue(), found, {})


def test_a_zip_that_was_written_without_going_back_is_read() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, piece: object) -> int:
            self.written += bytes(piece)  # type: ignore[call-overload]
            return len(bytes(piece))  # type: ignore[call-overload]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as written:
        with written.open("a", "w", force_zip64=True) as file:
            file.write(b"un")
        written.writestr("b", "deux")
    assert contents(bytes(pipe.written)) == {"a": b"un", "b": b"deux"}


def test_a_zip_behind_a_program_and_before_a_comment_is_read() -> None:
    content = b"MZ" + bytes(5_000) + made([whole(b"a", b"un")], comment=b"c" * 300)
    assert contents(content) == {"a": b"un"}


def test_a_zip_of_zip64_is_read() -> None:
    content = made([whole(b"a", b"un")])
    end = content.index(b"PK\x05\x06")
    *_disks, size, offset, _comment = struct.unpack_from("<4H2LH", content, end + 4)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    short = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, *[0xFFFFFFFF] * 2, 0)
    assert contents(content[:end] + record + locator + short) == {"a": b"un"}
    lying = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, size - 5, offset, 0)
    assert fault(content[:end] + record + locator + lying) is ZipFault.DAMAGED


def test_the_beginning_of_a_member_is_read_without_the_rest() -> None:
    content = made([whole(b"a", b"PK" + bytes(3_000_000))])
    (member,) = zips.members(content)
    assert zips.beginning(content, member, 4) == b"PK\0\0"


# What is refused


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (zip_bombs.bzip2(b"a", 1_000_000), ZipFault.METHOD),
        (zip_bombs.lzma_alone(b"a", 1_000_000), ZipFault.METHOD),
        (replace(whole(b"a", b"un"), method=9), ZipFault.METHOD),
        (replace(whole(b"a", b"un"), local_method=0), ZipFault.BOMB),
        (replace(whole(b"a", b"un"), flags=1), ZipFault.ENCRYPTED),
        (replace(whole(b"a", b"un"), checksum=1), ZipFault.DAMAGED),
        (replace(whole(b"a", bytes(9_000)), size=8_999), ZipFault.BOMB),
        (replace(whole(b"a", bytes(9_000)), size=9_001), ZipFault.DAMAGED),
        (Entry(b"a", b"abc", 2, method=0, checksum=zlib.crc32(b"ab")), ZipFault.BOMB),
        (Entry(b"a", b"\xff\xff", 2), ZipFault.DAMAGED),
        (whole(b"a", bytes(LIMIT + 1)), ZipFault.TOO_LARGE),
        (whole(b"a" * 5_000, b"un"), ZipFault.TOO_LARGE),
        (replace(whole(b"a", b"un"), start=900), ZipFault.DAMAGED),
    ],
)
def test_a_member_that_lies_or_is_packed_otherwise_is_refused(
    entry: Entry, expected: ZipFault
) -> None:
    content = made([entry])
    assert fault(content) is expected
    with pytest.raises(BadZip):
        zips.check(content, zips.members(content), limit=LIMIT, most_bytes=LIMIT)


def test_members_are_bounded_together_before_a_program_may_read_them() -> None:
    content = made([whole(b"%d" % n, bytes(1_000)) for n in range(3)])
    found = zips.members(content)
    zips.check(content, found, limit=1_000, most_bytes=3_000)
    with pytest.raises(BadZip):
        zips.check(content, found, limit=999, most_bytes=3_000)
    with pytest.raises(BadZip):
        zips.check(content, found, limit=1_000, most_bytes=2_999)


def test_more_members_than_wanted_are_refused() -> None:
    content = made([whole(b"%d" % n, b"") for n in range(11)])
    assert len(zips.members(content, most=11)) == 11
    with pytest.raises(BadZip) as refused:
        zips.members(content, most=10)
    assert refused.value.fault is ZipFault.TOO_MANY


@pytest.mark.parametrize(
    "content", [b"", b"PK\x05\x06", b"PK\x03\x04" * 90, made([whole(b"a", b"un" * 90)])[:-30]]
)
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    assert fault(content) is ZipFault.DAMAGED


# What it costs

READERS = {
    b"document.xml": (
        "mail.previews.archives:listing",
        "mail.previews.archives:extract:[0]",
        "mail.previews.archives:extract:[0, 0, 0]",
        "addressbook.importers:read_address_book",
    ),
    b"META-INF/manifest.xml": ('mail.previews.office:refuse:"odt"',),
}
BOMBS = tuple(zip_bombs.bombs(b""))


@pytest.mark.parametrize("kind", BOMBS)
def test_no_bomb_takes_memory_or_time(kind: str) -> None:
    for name, calls in READERS.items():
        for call, cost in costs(zip_bombs.bombs(name)[kind](), *calls).items():
            assert cost.megabytes < MEGABYTES, (call, cost)
            assert cost.seconds < SECONDS, (call, cost)


# Damage

SMALL = made([whole(b"a.txt", b"a" * 200), whole(b"b/c", b"c"), Entry(b"d", b"d", 1, method=0)])


@up_to(400)
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.binary(min_size=1, max_size=5))))
def test_damage_anywhere_gives_members_or_a_refusal(damage: list[tuple[int, bytes]]) -> None:
    damaged = bytearray(SMALL)
    for where, what in damage[:6]:
        damaged[where : where + len(what)] = what
    content = bytes(damaged)
    try:
        for member in zips.members(content):
            assert len(zips.read_member(content, member, limit=1_000)) == member.size
    except BadZip:
        return
