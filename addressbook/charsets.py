"""Bytes of old address books -> text, whatever charset they are in.

No declaration is believed before the bytes: UTF-8 first; else windows-1252 or MacRoman, whichever
gives more letters that French has. Never ISO-8859-1: files that say so hold ``€ œ ’``.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

_FRENCH = frozenset("éèêëàâäçùûüîïôöœæÉÈÊÀÇÎÔŒ«»’“”–—…€°")
_ASCII = bytes(range(128))
_BOMS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8-bom"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16le-bom"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16be-bom"),
)
_LATIN = {"iso-8859-1", "iso8859-1", "latin-1", "latin1", "iso-8859-15", "us-ascii", "ascii"}
_CHARSET_NAME = re.compile(r"[A-Za-z0-9_.:-]{2,32}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """``text`` is NFC, without NUL and BOM, its line ends LF; ``charset`` says what it was:
    ``utf-8 utf-8-bom utf-16le utf-16be windows-1252 iso-8859-1 mac-roman mixed``."""

    text: str
    charset: str


def decode(content: bytes) -> Decoded:
    """The text of a file. Never fails: what no charset explains becomes U+FFFD."""
    for bom, codec, name in _BOMS:
        if content.startswith(bom):
            rest = content[len(bom) :]
            if codec == "utf-8":
                inner = _without_bom(rest)
                return Decoded(inner.text, name if inner.charset == "utf-8" else inner.charset)
            return Decoded(clean(rest.decode(codec, "replace")), name)
    if codec := wide_codec(content):
        name = codec.replace("utf-16-", "utf-16")
        return Decoded(clean(content.decode(codec, "replace")), name)
    return _without_bom(content)


def wide_codec(content: bytes) -> str:
    """``utf-16-le`` or ``utf-16-be`` of text whose every second byte is NUL; else ""."""
    head = content[:4000]
    half = len(head) // 2
    if half < 2:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.6 and odd < half * 0.1:
        return "utf-16-be"
    return ""


def utf_8(content: bytes) -> str | None:
    """The text, where it is UTF-8; a file that was cut inside a character is UTF-8 all the same,
    where it has other such characters."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        whole = content[: error.start]
        if error.reason == "unexpected end of data" and not whole.isascii():
            return whole.decode("utf-8")
    return None


def _without_bom(content: bytes) -> Decoded:
    text = utf_8(content)
    return _by_lines(content) if text is None else Decoded(clean(text), "utf-8")


def _by_lines(content: bytes) -> Decoded:
    """Files pasted together mix charsets: each line is UTF-8 or not; the others share one."""
    lines = [(line, mostly_utf_8(line)) for line in content.splitlines(keepends=True)]
    others = b"".join(line for line, text in lines if text is None)
    codec = single_byte_codec(others)
    text = "".join(line.decode(codec, "replace") if text is None else text for line, text in lines)
    if not others:
        return Decoded(clean(text), "utf-8")
    mixed = any(text is not None and not text.isascii() for _line, text in lines)
    return Decoded(clean(text), "mixed" if mixed else _public_name(codec, content))


_HIGH_BYTES = bytes(range(0x80, 0x100))


def mostly_utf_8(content: bytes) -> str | None:
    """The text, where more characters of UTF-8 stand in it than bytes that are none: for those
    comes U+FFFD. Bytes of another charset hardly ever form such characters."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    bad = text.count("\N{REPLACEMENT CHARACTER}")
    good = len(text) - bad - len(content.translate(None, _HIGH_BYTES))
    return text if good > bad else None


def single_byte_codec(content: bytes) -> str:
    """``cp1252`` or ``mac_roman``: the one with more French letters, ``cp1252`` on a tie."""
    counts = Counter(content.translate(None, _ASCII))
    return max(("cp1252", "mac_roman"), key=lambda codec: _score(counts, codec))


def _score(counts: Counter[int], codec: str) -> int:
    return sum(
        number * (1 if bytes((byte,)).decode(codec, "replace") in _FRENCH else -2)
        for byte, number in counts.items()
    )


def _public_name(codec: str, content: bytes) -> str:
    if codec == "mac_roman":
        return "mac-roman"
    return "windows-1252" if re.search(rb"[\x80-\x9f]", content) else "iso-8859-1"


def guess(content: bytes, declared: str = "") -> str:
    """One value: UTF-8 where it is that, else as declared, else the likelier of two charsets."""
    if (text := utf_8(content)) is not None:
        return text
    name = declared.lower()
    if (not name or name in _LATIN) and (text := mostly_utf_8(content)) is not None:
        return text
    if name and name not in _LATIN and _CHARSET_NAME.fullmatch(name):
        with suppress(LookupError, ValueError):
            return content.decode(name, "replace")
    codec = "cp1252" if name in _LATIN else single_byte_codec(content)
    return content.decode(codec, "replace")


_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufeff]+")


def clean(text: str) -> str:
    """NFC, LF, no control characters beside blanks, no byte order mark."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)
