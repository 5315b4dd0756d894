"""Texts of old databases, whose charsets were mistaken for one another."""

from __future__ import annotations

from contextlib import suppress

from addressbook import charsets
from webmail import php

# What MySQL calls latin1: windows-1252, with the five bytes that mean nothing in it as they are.
_BYTES = {chr(byte): byte for byte in range(256)} | {
    bytes((byte,)).decode("cp1252"): byte
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def lenient(raw: bytes) -> str:
    """UTF-8, else windows-1252."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def of(value: object) -> str:
    """The text of a column, be it of characters or bytes; "" for NULL. Without NUL, which
    PostgreSQL does not take."""
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        return lenient(bytes(value)).replace("\x00", "")
    return str(value).replace("\x00", "")


def mended(value: object) -> str:
    """The text of a column. UTF-8 that was written into the database as latin1, ``Ã©`` for ``é``,
    is read as it was meant: hardly any other text forms such characters. Without control
    characters."""
    text = of(value)
    if not text.isascii() and (raw := _latin(text)) is not None:
        with suppress(UnicodeDecodeError):
            text = raw.decode("utf-8")
    return charsets.clean(text)


def word(text: object) -> str:
    """A name as a report may show it: to a terminal, no other text can do anything."""
    return "".join(
        character if character.isalnum() or character in "_.-" else "?"
        for character in str(text)[:60]
    )


def serialised(value: object) -> php.Array:
    """The array that a column holds. The lengths of its strings count the bytes that PHP wrote:
    where those of UTF-8 do not fit, the column was written as latin1. Raises php.Broken."""
    if isinstance(value, bytes | bytearray | memoryview):
        return php.array(bytes(value))
    text = of(value)
    if len(text) > php.LARGEST:
        raise php.BrokenValue("too large")
    try:
        return php.array(text.encode("utf-8", "replace"))
    except php.BrokenValue:
        if text.isascii() or (raw := _latin(text)) is None:
            raise
        return php.array(raw)


def _latin(text: str) -> bytes | None:
    """The bytes that a latin1 connection made this text of; None where it cannot have."""
    try:
        return bytes([_BYTES[character] for character in text])
    except KeyError:
        return None
