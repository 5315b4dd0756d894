"""RTF: uncompressed within bounds, read as text or as the HTML that it wraps."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.outlook import rtf
from tests.examples import up_to
from tests.mail.mime import wrap
from tests.waiting import cheap

# The example of MS-OXRTFCP section 3.1.1.
SPECIFIED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232"
    "0af32068656c090020627705b06c647d0a800fa0"
)


def test_the_example_of_the_specification_is_uncompressed() -> None:
    expected = b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf.decompress(SPECIFIED) == expected


def test_a_run_that_overlaps_itself_is_repeated() -> None:
    """The second example, section 3.1.2: a reference into what it is just writing."""
    data = bytes.fromhex(
        "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0"
    )  # fmt: skip
    assert rtf.decompress(data) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_stored_text_is_taken_as_it_is() -> None:
    assert rtf.decompress(wrap.rtf_head(b"MELA", 8, 8) + b"{\\rtf1 }") == b"{\\rtf1 }"


def test_a_bomb_is_cut_at_the_limit() -> None:
    bomb = wrap.rtf_bomb(1_000_000)
    with cheap(5):
        assert len(rtf.decompress(bomb)) == rtf.MOST_BYTES
        assert len(rtf.decompress(bomb, 1000)) == 1000


def test_a_bomb_takes_no_more_memory_than_its_limit() -> None:
    bomb = wrap.rtf_bomb(1_000_000)
    tracemalloc.start()
    rtf.decompress(bomb, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


def test_a_reference_before_the_beginning_ends_the_text() -> None:
    begin = b"\x80" + b"{\\rtf1 " + (1000 << 4).to_bytes(2, "big") + b"\0never seen"
    assert rtf.decompress(wrap.rtf_head(b"LZFu", 0, 99) + begin) == b"{\\rtf1 "


@up_to(300)
@given(st.binary(max_size=200))
def test_uncompressing_never_raises(data: bytes) -> None:
    assert len(rtf.decompress(wrap.rtf_head(b"LZFu", 0, 9) + data, 500)) <= 500


@up_to(100)
@given(st.binary(max_size=5000))
def test_what_was_compressed_comes_back(data: bytes) -> None:
    assert rtf.decompress(wrap.rtf_literally(data)) == data


TEXTS = {
    "letters": (rb"{\rtf1\ansi Bonjour\par Claire}", "Bonjour\nClaire"),
    "accents": (rb"{\rtf1\ansi\ansicpg1252 \'e9t\'e9 \'80}", "été €"),
    "another codepage": (rb"{\rtf1\ansi\ansicpg1251 \'ef\'f0\'e8\'e2\'e5\'f2}", "привет"),
    "two bytes": (rb"{\rtf1\ansi\ansicpg932 \'89\'ef\'8bc}", "会議"),
    "unicode": (rb"{\rtf1\uc1 l\u8217?\'e9cole \u-10179?\u-8704?}", "l’école 😀"),
    "no stand-in": (rb"{\rtf1\uc0 \u233 t\u233 }", "été"),
    "quotes": (rb"{\rtf1 \ldblquote a\rdblquote\~: b\emdash c}", "“a”\u00a0: b—c"),
    "fonts": (rb"{\rtf1{\fonttbl{\f0 Arial;}}{\colortbl;\red0;}{\*\generator x;}a}", "a"),
    "picture": (rb"{\rtf1 a{\pict\bin5 }{\}{b}c}", "ac"),
    "escaped": (rb"{\rtf1 \{a\}\\}", "{a}\\"),
    "table": (rb"{\rtf1 a\cell b\row c}", "a\tb\nc"),
    "never closed": (rb"{\rtf1 a{\b b", "ab"),
    "closed too often": (rb"{\rtf1 a}}}b", "a"),
    "no RTF": (b"bonjour", ""),
}


@pytest.mark.parametrize(("source", "expected"), TEXTS.values(), ids=TEXTS)
def test_the_text_is_read(source: bytes, expected: str) -> None:
    assert rtf.read_rtf(source).text == expected


def test_the_html_that_it_wraps_is_given_back() -> None:
    source = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag18 <html>}"
        rb"{\*\htmltag64 <p class=\'22a\'22>}"
        rb"\htmlrtf \par\b \htmlrtf0 Le conseil < est avanc\'e9"
        rb"{\*\htmltag84 &nbsp;}\htmlrtf \'a0\htmlrtf0 .\par {\*\htmltag72 </p>}}"
    )
    assert rtf.read_rtf(source).html == (
        '<html><p class="a">Le conseil &lt; est avancé&nbsp;.\n</p>'
    )  # fmt: skip


def test_ten_thousand_groups_end_somewhere() -> None:
    assert rtf.read_rtf(rb"{\rtf1 a" + b"{" * 10_000 + b"b").text == "a"


TOKENS = st.sampled_from(
    [b"{", b"}", b"\\", b"\\*", b"\\htmltag", b"\\htmlrtf", b"\\htmlrtf0 ", b"\\u", b"\\u55357 ",
     b"\\bin9999999 ", b"\\uc9 ", b"\\'e9", b"\\'", b"\\pict", b"\\fromhtml1", b"\\ansicpg0 ",
     b"\\ansicpg65001 ", b"\\par", b"\xff", b"<", b"\r\n"]
)  # fmt: skip


@up_to(300)
@given(st.lists(TOKENS | st.binary(max_size=4), max_size=40).map(b"".join))
def test_reading_never_raises(source: bytes) -> None:
    document = rtf.read_rtf(b"{\\rtf1" + source)
    document.text.encode()
    document.html.encode()
