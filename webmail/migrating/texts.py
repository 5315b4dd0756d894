"""Decode texts of old databases that were stored with the wrong charset."""

from __future__ import annotations

from contextlib import suppress

from addressbook import charsets
from addressbook.importers import php

# MySQL's latin1: windows-1252, in which the five undefined bytes stand for themselves.
_BYTES = {chr(byte): byte for byte in range(256)} | {
    bytes((byte,)).decode("cp1252"): byte
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def lenient(raw: bytes) -> str:
    """Decode UTF-8, or else windows-1252."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def text_of(value: object) -> str:
    """Return the value of a text or binary column as text; "" for NULL. NUL characters are removed,
    since PostgreSQL does not accept them."""
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        return lenient(bytes(value)).replace("\x00", "")
    return str(value).replace("\x00", "")


def mended(value: object) -> str:
    """Return the text of a column without control characters. UTF-8 that was stored as latin1,
    ``Ã©`` for ``é``, is repaired: hardly any other text contains such sequences."""
    text = text_of(value)
    if not text.isascii() and (raw := _latin(text)) is not None:
        with suppress(UnicodeDecodeError):
            text = raw.decode("utf-8")
    return charsets.clean(text)


def word(text: object) -> str:
    """Return a name that is safe to print to a terminal in a report."""
    return "".join(
        character if character.isalnum() or character in "_.-" else "?"
        for character in str(text)[:60]
    )


def serialised(value: object) -> php.Array:
    """Return the PHP array of a column. The lengths of its strings count the bytes that PHP wrote:
    where the lengths do not match UTF-8, the column was written as latin1. Raises php.Broken."""
    if isinstance(value, bytes | bytearray | memoryview):
        return php.array(bytes(value))
    text = text_of(value)
    if len(text) > php.LARGEST:
        raise php.BrokenValue("too large")
    try:
        return php.array(text.encode("utf-8", "replace"))
    except php.BrokenValue:
        if text.isascii() or (raw := _latin(text)) is None:
            raise
        return php.array(raw)


def _latin(text: str) -> bytes | None:
    """Return the bytes of which a latin1 connection would make this text; None where there are
    none."""
    try:
        return bytes([_BYTES[character] for character in text])
    except KeyError:
        return None
