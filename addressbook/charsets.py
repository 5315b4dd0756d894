"""Decode the bytes of old address books, in any charset.

The bytes count before any declaration: UTF-8 first, otherwise windows-1252 or MacRoman, whichever
gives more French letters. ISO-8859-1 is never used, since files that declare it contain ``€ œ ’``.
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
    """Decoded text. ``text`` is NFC, without NUL and BOM, with LF as line end. ``charset`` is the
    charset found: ``utf-8 utf-8-bom utf-16le utf-16be windows-1252 iso-8859-1 mac-roman mixed``."""

    text: str
    charset: str


def decode(content: bytes) -> Decoded:
    """Return the text of a file. It never fails: bytes that fit no charset become U+FFFD."""
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
    """Return ``utf-16-le`` or ``utf-16-be`` for text whose every second byte is NUL, else ""."""
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
    """Return the text if it is UTF-8, else None. A file that was cut inside a character still
    counts as UTF-8 if it has other characters outside ASCII."""
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
    """Decode lines one by one, since files that were pasted together mix charsets. A line is UTF-8
    or in the one charset that all other lines share."""
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
    """Return the text if it has more UTF-8 characters than invalid bytes, which become U+FFFD; else
    None. Bytes of another charset hardly ever form such characters."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    bad = text.count("\N{REPLACEMENT CHARACTER}")
    good = len(text) - bad - len(content.translate(None, _HIGH_BYTES))
    return text if good > bad else None


def single_byte_codec(content: bytes) -> str:
    """Return ``cp1252`` or ``mac_roman``, whichever gives more French letters; ``cp1252`` on a
    tie."""
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
    """Decode one value: as UTF-8 if it is valid, else in the declared charset, else in the likelier
    of two."""
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
    """Return the text in NFC with LF as line end, without control characters and byte order
    mark."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)
