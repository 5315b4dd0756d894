"""Files uuencoded in a text."""

from __future__ import annotations

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import uuencode
from tests.examples import up_to
from tests.waiting import cheap


def encoded(content: bytes, *, backtick: bool = True) -> bytes:
    lines = [
        binascii.b2a_uu(content[at : at + 45], backtick=backtick)
        for at in range(0, len(content), 45)
    ]
    return b"".join(lines)


def block(name: bytes, content: bytes, *, backtick: bool = True) -> bytes:
    return b"begin 644 %s\n%s`\nend\n" % (name, encoded(content, backtick=backtick))


NOTES = b"nom;note\r\nAmira;15\r\n" * 9


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_file_is_taken_out_of_the_text(line_end: bytes) -> None:
    source = b"Voici les notes.\n\n" + block(b"notes.csv", NOTES) + b"\nClaire\n"
    taken_out = uuencode.take_out(source.replace(b"\n", line_end))
    assert taken_out.text.replace(b"\r\n", b"\n") == b"Voici les notes.\n\n\nClaire\n"
    assert [(file.name, file.content) for file in taken_out.files] == [("notes.csv", NOTES)]
    assert taken_out.is_whole


def test_several_files_and_names_with_accents() -> None:
    source = block("relevé 1.txt".encode("cp1252"), b"un") + b"et\n" + block(b"2.txt", b"deux")
    taken_out = uuencode.take_out(source)
    assert [file.name for file in taken_out.files] == ["relevé 1.txt", "2.txt"]
    assert taken_out.text == b"et\n"


def test_the_base64_of_posix_is_known_too() -> None:
    taken_out = uuencode.take_out(b"begin-base64 644 a.txt\nZmlu\nZQ==\n====\nfin\n")
    assert (taken_out.files[0].content, taken_out.text, taken_out.is_whole) == (
        b"fine",
        b"fin\n",
        True,
    )


def test_blanks_cut_off_at_line_ends_are_zeros() -> None:
    content = b"abc" + bytes(200) + b"def"
    source = block(b"zeros.bin", content, backtick=False)
    cut = b"\n".join(line.rstrip(b" ") for line in source.split(b"\n"))
    assert uuencode.take_out(cut).files[0].content == content


def test_what_fills_the_last_group_may_be_anything() -> None:
    """``!`` says one byte, which two characters hold: the other two, and a checksum, are not it."""
    for line in (b"!80``", b"!80", b"!80XY", b"!80``Z"):
        taken_out = uuencode.take_out(b"begin 644 a\n" + line + b"\n`\nend\n")
        assert taken_out.files[0].content == b"a"


def test_one_without_its_end_goes_as_far_as_it_does() -> None:
    taken_out = uuencode.take_out(
        b"begin 644 a.txt\n" + encoded(NOTES) + b"Bonjour, c'est coup\xe9.\n"
    )
    assert taken_out.files[0].content == NOTES
    assert taken_out.text == b"Bonjour, c'est coup\xe9.\n"
    assert not taken_out.is_whole


def test_an_empty_file_is_a_file() -> None:
    assert uuencode.take_out(block(b"vide.txt", b"")).files[0].content == b""


PROSE = {
    "a sentence": b"begin 644 lines below\nand read on\n",
    "no mode": b"begin  the day\nwith a line\n",
    "not at a line's start": b"> begin 644 a.txt\n#0V%T\n`\nend\n",
    "nothing after": b"begin 644 a.txt\n",
    "a word in capitals": b"begin 644 lines\nBONJOUR\nA TOUS\n",
    "an end far below": b"begin 644 a.txt\n\nBonjour\nend\n",
}


@pytest.mark.parametrize("source", PROSE.values(), ids=PROSE)
def test_what_people_write_stays_text(source: bytes) -> None:
    assert not uuencode.is_in(source)
    assert uuencode.take_out(source).text == source


def test_names_are_safe() -> None:
    taken_out = uuencode.take_out(block(b"../../etc/pass\xe2\x80\xaewd", b"x"))
    assert taken_out.files[0].name == "etc_passwd"


def test_ten_thousand_files_are_not_all_taken_out() -> None:
    with cheap(5):
        taken_out = uuencode.take_out(block(b"a.txt", b"x") * 10_000)
        assert len(taken_out.files) == uuencode.MOST_FILES
        assert uuencode.take_out(b"begin 644 a\n" * 100_000).files == ()


@up_to(300)
@given(st.binary(min_size=1, max_size=300), st.booleans())
def test_what_was_encoded_comes_back(content: bytes, backtick: bool) -> None:
    taken_out = uuencode.take_out(b"avant\n" + block(b"a.bin", content, backtick=backtick) + b"fin")
    assert taken_out.files[0].content == content
    assert taken_out.text == b"avant\nfin"


PIECES = st.sampled_from(
    [b"begin 644 a\n", b"begin-base64 644 a\n", b"#0V%T\n", b"`\n", b"end\n", b"====\n", b"M", b" ",
     b"\r\n", b"\n", b"Zmlu\n"]
)  # fmt: skip


@up_to(300)
@given(st.lists(PIECES | st.binary(max_size=6), max_size=30).map(b"".join))
def test_taking_out_never_raises(source: bytes) -> None:
    taken_out = uuencode.take_out(source)
    assert len(taken_out.text) <= len(source)
    assert bool(taken_out.files) == uuencode.is_in(source)
