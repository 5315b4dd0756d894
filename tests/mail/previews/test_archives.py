"""Zip files: their listing, one file out of them, and the bombs."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import zips
from mail.previews import archives
from mail.previews.failures import NoPreview, Reason
from tests.examples import up_to
from tests.mail import zip_bombs
from tests.mail.previews import samples
from tests.waiting import cheap


def refusal(content: bytes, *path: int, limit: int = archives.LARGEST_MEMBER) -> Reason:
    with pytest.raises(NoPreview) as refused:
        if path:
            archives.extract(content, path, limit=limit)
        else:
            archives.listing(content)
    return refused.value.reason


def raw_zip(entries: list[tuple[bytes, bytes, int]], flags: int = 0) -> bytes:
    """A zip of (name, packed bytes, declared size), written by hand, so that it may lie."""
    body, directory = b"", b""
    for name, packed, size in entries:
        checksum = zlib.crc32(zlib.decompress(packed, -15)) if packed else 0
        fields = struct.pack(
            "<HHHHHIIIHH", 20, flags, 8, 0, 0x21, checksum, len(packed), size, len(name), 0
        )
        directory += (
            b"PK\x01\x02\x14\x00" + fields + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name
        )
        body += b"PK\x03\x04" + fields + name + packed
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def test_a_listing_names_each_file_with_its_sizes() -> None:
    content = samples.archive({"devoirs/": "", "devoirs/Zoé.txt": "a" * 1000, "plan.md": "# P"})
    listing = archives.listing(content)
    assert [(m.index, m.path, m.name, m.size) for m in listing.members] == [
        (1, "devoirs/Zoé.txt", "Zoé.txt", 1000),
        (2, "plan.md", "plan.md", 3),
    ]
    assert listing.members[0].packed_size < 100
    assert (listing.size, listing.is_truncated) == (1003, False)
    assert not listing.members[0].is_encrypted


def test_one_file_is_taken_out_by_its_index() -> None:
    content = samples.archive({"a/": "", "a.txt": "un", "b.txt": "deux"})
    assert archives.extract(content, [2]) == b"deux"


def test_a_file_of_an_archive_in_an_archive_is_taken_out() -> None:
    inner = samples.archive({"x.txt": "x", "y.txt": "fin"})
    content = samples.archive({"readme": "", "inner.zip": inner})
    assert archives.extract(content, [1, 1]) == b"fin"


def test_archives_are_opened_to_a_depth() -> None:
    content: bytes = b"the end"
    for _ in range(4):
        content = samples.archive({"in.zip": content})
    archives.extract(content, [0, 0, 0])
    assert refusal(content, 0, 0, 0, 0) is Reason.BOMB


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("..\\..\\windows\\win.ini", "windows/win.ini"),
        ("C:\\Users\\a.txt", "C_/Users/a.txt"),
        ("a/./b//c.txt", "a/b/c.txt"),
        ("facture\u202efdp.exe", "facturefdp.exe"),
        ("a\r\nb.txt", "a b.txt"),
    ],
)
def test_names_lead_nowhere_and_hide_nothing(written: str, shown: str) -> None:
    content = samples.archive({written: "a"})
    member = archives.listing(content).members[0]
    assert member.path.replace("__", "_") == shown
    assert member.name == member.path.rpartition("/")[2]
    assert archives.extract(content, [0]) == b"a"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("Éléphant À côté.txt".encode("cp850"), id="cp850"),
        pytest.param("Éléphant À côté.txt".encode(), id="utf-8 without its flag"),
    ],
)
def test_names_are_read_as_windows_and_macos_write_them(raw: bytes) -> None:
    content = raw_zip([(raw, deflated(b"a"), 1)])
    assert archives.listing(content).members[0].path == "Éléphant À côté.txt"


def test_names_of_old_dos_programs_are_read() -> None:
    content = raw_zip([("été.txt".encode("cp437"), deflated(b"a"), 1)])
    assert archives.listing(content).members[0].path == "été.txt"


def test_a_zip64_archive_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written, written.open("a.txt", "w", force_zip64=True) as file:
        file.write(b"long")
    assert archives.extract(out.getvalue(), [0]) == b"long"


def test_a_file_under_a_password_is_said_to_be() -> None:
    content = raw_zip([(b"a.txt", deflated(b"a"), 1)], flags=1)
    assert archives.listing(content).members[0].is_encrypted
    assert refusal(content, 0) is Reason.ENCRYPTED


def test_a_file_larger_than_the_limit_is_refused() -> None:
    content = samples.archive({"a": b"ab" * 600})
    assert refusal(content, 0, limit=1199) is Reason.TOO_LARGE
    assert len(archives.extract(content, [0], limit=1200)) == 1200


@pytest.mark.parametrize("path", [(1,), (-1,), (0, 0)])
def test_what_is_not_there_is_refused(path: tuple[int, ...]) -> None:
    assert refusal(samples.archive({"a": "a"}), *path) is Reason.DAMAGED


def test_no_path_is_refused() -> None:
    with pytest.raises(NoPreview):
        archives.extract(samples.archive({"a": "a"}), [])


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_whose_memory_the_file_chooses_is_refused(method: int) -> None:
    content = samples.archive({"a": b"a" * 100}, method)
    assert archives.listing(content).members[0].name == "a"
    assert refusal(content, 0) is Reason.UNSUPPORTED


# Bombs


def test_a_file_packed_too_well_is_refused() -> None:
    assert refusal(samples.archive({"zeros": bytes(20_000_000)})) is Reason.BOMB
    assert refusal(samples.archive({"zeros": bytes(20_000_000)}), 0) is Reason.BOMB


def test_many_files_packed_too_well_together_are_refused() -> None:
    content = samples.archive({f"{n}": bytes(4_000_000) for n in range(3)})
    assert refusal(content) is Reason.BOMB


def test_a_log_that_packs_well_is_not_refused() -> None:
    log = b"".join(b"2026-11-25 08:%02d:00 GET /accueil 200\n" % (n % 60) for n in range(100_000))
    assert archives.listing(samples.archive({"a.log": log})).size == len(log)


def test_files_that_share_their_bytes_are_refused() -> None:
    packed = deflated(b"a" * 100_000)
    content = raw_zip([(b"a", packed, 100_000), (b"b", packed, 100_000)])
    # The second one's head is made to point into the first.
    second = content.rindex(b"PK\x01\x02")
    forged = content[: second + 42] + struct.pack("<I", 0) + content[second + 46 :]
    assert refusal(forged) is Reason.BOMB
    first = content.index(b"PK\x01\x02")
    forged = content[: first + 20] + struct.pack("<I", len(packed) + 40) + content[first + 24 :]
    assert refusal(forged) is Reason.BOMB


def test_a_false_size_brings_out_no_more_than_it_says() -> None:
    content = raw_zip([(b"a", deflated(bytes(50_000_000)), 1000)])
    with cheap(2):
        assert refusal(content, 0) is Reason.BOMB


def test_a_bomb_among_honest_files_is_refused() -> None:
    content = samples.archive({"photo.raw": os.urandom(300_000), "zeros": bytes(20_000_000)})
    assert refusal(content) is Reason.BOMB


def test_a_declared_size_beyond_all_measure_is_refused() -> None:
    packed = deflated(os.urandom(4_000_000))
    many = raw_zip([(b"%d" % n, packed, 700_000_000) for n in range(3)])
    assert refusal(many) is Reason.BOMB


def test_too_many_members_are_refused() -> None:
    assert refusal(zip_bombs.many(b"a", zips.MOST_MEMBERS + 1)) is Reason.TOO_LARGE


def test_a_listing_ends_at_its_limit() -> None:
    content = samples.archive({f"{n}.txt": "" for n in range(archives.MOST_MEMBERS + 5)})
    listing = archives.listing(content)
    assert len(listing.members) == archives.MOST_MEMBERS
    assert listing.is_truncated
    assert refusal(content, archives.MOST_MEMBERS) is Reason.DAMAGED


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", samples.archive({"a": "a" * 500})[:-30], samples.PDF],
    ids=["empty", "beginning", "cut", "pdf"],
)
def test_what_is_no_whole_zip_is_refused(content: bytes) -> None:
    assert refusal(content) is Reason.DAMAGED


SMALL = samples.archive({"a.txt": "a" * 200, "dossier/b.txt": "b", "c.zip": samples.archive({})})


@up_to(400)
@given(
    st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.binary(min_size=1, max_size=5))),
    st.integers(0, 3),
)
def test_damage_anywhere_gives_files_or_a_refusal(
    damage: list[tuple[int, bytes]], index: int
) -> None:
    damaged = bytearray(SMALL)
    for where, replacement in damage[:6]:
        damaged[where : where + len(replacement)] = replacement
    for read in (archives.listing, lambda content: archives.extract(content, [index])):
        try:
            read(bytes(damaged))
        except NoPreview:
            continue
