"""Tars that nobody wrote in good faith, and kinds of members that are no messages."""

from __future__ import annotations

import gzip
import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.waiting import cheap
from webmail.transfer import reading, tarring

LIMITS = reading.Limits(10**6, 10**9)
BIG = 64 * 2**20


class Counted(io.BytesIO):
    """A file that notes the most bytes of which one read gave hold."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.most = max(self.most, len(data))
        return data


def tar(*members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def signed(block: bytearray) -> bytes:
    """The header with the sum that its bytes have."""
    block[148:156] = b" " * 8
    block[148:155] = b"%06o\0" % sum(block)
    return bytes(block)


def changed(at: int, data: bytes, kind: bytes = b"0", size: int = 3) -> bytes:
    block = bytearray(tarring._header(b"cur/1:2,S", size, 0, kind, 0o644))
    block[at : at + len(data)] = data
    return signed(block)


def read(data: bytes) -> list[tuple[str, bool, bytes]]:
    return [(m.name, m.is_other, body.read()) for m, body in tarring.members(io.BytesIO(data))]


@pytest.mark.parametrize("number", [b"-0000000001\0", b"-1\0", b"+7", b"0_7", b"0o7"])
@pytest.mark.parametrize("kind", [b"0", b"x", b"L", b"g", b"2", b"S"])
def test_a_size_that_is_no_number_reads_nothing_whole(number: bytes, kind: bytes) -> None:
    file = Counted(changed(124, number.ljust(12, b"\0"), kind) + bytes(BIG))
    with pytest.raises(tarring.BadTar):
        [body.read() for _one, body in tarring.members(file)]
    assert file.most <= tarring.BLOCK


@pytest.mark.parametrize("cut", [1, 100, 511])
def test_a_tar_that_is_cut_within_a_header_is_told(cut: int) -> None:
    one = tarring.head("cur/1:2,S", 512, 0) + b"a" * 512
    with pytest.raises(tarring.BadTar):
        read(one + tarring.head("cur/2:2,S", 3, 0)[:cut])


def test_a_tar_that_is_cut_between_two_members_is_told() -> None:
    """Tar ends with blocks of zeros; a file without them may have lost members."""
    whole = tar(("cur/1:2,S", b"abc"), ("cur/2:2,S", b"def"))
    found = []
    with pytest.raises(tarring.BadTar):
        for _one, body in tarring.members(io.BytesIO(whole[: 2 * tarring.BLOCK])):
            found.append(body.read())
    assert found == [b"abc"]
    assert len(read(whole[: 4 * tarring.BLOCK] + tarring.END)) == 2


def test_a_tar_that_is_cut_within_a_long_name_is_told() -> None:
    whole = tar(("cur/" + "é" * 300, b"abc"))
    with pytest.raises(tarring.BadTar):
        read(whole[: tarring.BLOCK + 20])


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"6"])
def test_a_link_with_the_size_of_its_target_takes_no_member_with_it(kind: bytes) -> None:
    link = changed(157, b"/etc/passwd", kind, size=2048)
    found = read(link + tar(("cur/2:2,S", b"abc")))
    assert found == [("cur/1:2,S", True, b""), ("cur/2:2,S", False, b"abc")]


def test_a_file_with_holes_is_no_message_and_takes_no_member_with_it() -> None:
    sparse = changed(482, b"\1", b"S", size=512)
    more = bytearray(tarring.BLOCK)
    more[504] = 1
    maps = bytes(more) + bytes(tarring.BLOCK)
    found = read(sparse + maps + b"d" * 512 + tar(("cur/2:2,S", b"abc")))
    assert [(name, other) for name, other, _content in found] == [
        ("cur/1:2,S", True),
        ("cur/2:2,S", False),
    ]


def test_maps_of_holes_without_an_end_are_not_gone_through() -> None:
    more = bytearray(tarring.BLOCK)
    more[504] = 1
    file = io.BytesIO(changed(482, b"\1", b"S") + bytes(more) * 50_000)
    with pytest.raises(tarring.BadTar):
        list(tarring.members(file))
    assert file.tell() < 2000 * tarring.BLOCK


def test_a_file_with_holes_of_posix_is_no_message() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("GNUSparseFile.0/1:2,S")
        info.size, info.pax_headers = 3, {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
        archive.addfile(info, io.BytesIO(b"1\n0"))
    assert [(name, other) for name, other, _ in read(made.getvalue())] == [
        ("GNUSparseFile.0/1:2,S", True)
    ]


def test_a_time_before_1970_loses_no_message() -> None:
    assert read(changed(136, b"\xff" * 12) + b"abc".ljust(512, b"\0") + tarring.END) == [
        ("cur/1:2,S", False, b"abc")
    ]


SAMPLE = tar(
    ("Boîte/cur/1.a:2,S", b"Subject: a\r\n\r\nun\r\n"),
    ("Boîte/" + "x" * 200 + "/new/2.b", b"Subject: b\r\n\r\n" + b"deux\r\n" * 200),
    ("../../etc/cur/3.c:2,", b"Subject: c\r\n\r\ntrois\r\n"),
)


@settings(max_examples=150, deadline=None)
@given(
    cut=st.integers(0, len(SAMPLE)),
    changes=st.lists(
        st.tuples(st.integers(0, len(SAMPLE) - 1), st.binary(max_size=12)), max_size=4
    ),
    is_packed=st.booleans(),
    end=st.binary(max_size=40),
)
def test_a_damaged_tar_gives_messages_or_reasons(
    cut: int, changes: list[tuple[int, bytes]], is_packed: bool, end: bytes
) -> None:
    data = bytearray(SAMPLE)
    for at, put in changes:
        data[at : at + len(put)] = put
    damaged = bytes(data[:cut])
    packed = gzip.compress(damaged, 1) + end if is_packed else damaged + end
    with cheap(1), suppress(reading.Unreadable):
        found = list(reading.read(io.BytesIO(packed), 0, "a.tgz", LIMITS))
        assert len(found) < 100


@settings(max_examples=150, deadline=None)
@given(
    field=st.sampled_from([(0, 100), (100, 8), (124, 12), (136, 12), (156, 1), (157, 100),
                           (257, 8), (345, 155), (482, 1)]),
    value=st.binary(max_size=155),
)  # fmt: skip
def test_no_field_of_a_header_breaks_the_reading(field: tuple[int, int], value: bytes) -> None:
    start, width = field
    data = changed(start, value[:width].ljust(width, b"\0")) + b"abc".ljust(512, b"\0")
    with cheap(1), suppress(tarring.BadTar):
        assert len(read(data + tar(("cur/2:2,S", b"abc")))) < 10
