"""Writes what mail programs wrap messages in: TNEF, compressed RTF, BER. Small, and only for
tests."""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterable, Sequence

Property = tuple[int, int, bytes]

# --- TNEF (MS-OXTNEF) ---

UNICODE, STRING8, BINARY, OBJECT, LONG = 0x1F, 0x1E, 0x0102, 0x0D, 0x03
MESSAGE_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level: int, kind: int, value: bytes) -> bytes:
    head = struct.pack("<BII", level, kind, len(value))
    return head + value + struct.pack("<H", sum(value) & 0xFFFF)


def properties(values: Iterable[Property]) -> bytes:
    """Type, identifier and value of each; one from 0x8000 on gets a name."""
    written = []
    for kind, name, value in values:
        head = struct.pack("<HH", kind, name)
        if name >= 0x8000:
            text = "Nom".encode("utf-16-le") + b"\0\0"
            head += bytes(16) + struct.pack("<II", 1, len(text)) + text + bytes(-len(text) % 4)
        if kind in (UNICODE, STRING8, BINARY, OBJECT):
            value = struct.pack("<II", 1, len(value)) + value
        written.append(head + value + bytes(-len(value) % 4))
    return struct.pack("<I", len(written)) + b"".join(written)


def unicode(name: int, text: str) -> Property:
    return UNICODE, name, text.encode("utf-16-le") + b"\0\0"


def binary(name: int, value: bytes) -> Property:
    return BINARY, name, value


def attachment(title: bytes, content: bytes, *more: Property) -> bytes:
    return (
        attribute(2, 0x00069002, bytes(14))
        + attribute(2, 0x00018010, title + b"\0")
        + (attribute(2, 0x0006800F, content) if content else b"")
        + (attribute(2, 0x00069005, properties(more)) if more else b"")
    )


def tnef(message: Sequence[Property] = (), *attachments: bytes) -> bytes:
    """A winmail.dat: codepage 1252, the message's properties, its attachments."""
    head = b"\x78\x9f\x3e\x22\x01\x00"
    head += attribute(1, 0x00089006, b"\0\0\1\0")
    head += attribute(1, 0x00069007, struct.pack("<II", 1252, 0))
    return head + attribute(1, 0x00069003, properties(message)) + b"".join(attachments)


def nested(inner: bytes, title: bytes = b"message") -> bytes:
    """An attachment that is a message itself."""
    return attachment(title, b"", (OBJECT, 0x3701, MESSAGE_INTERFACE + inner))


# --- compressed RTF (MS-OXRTFCP) ---


def rtf_head(kind: bytes, length: int, claimed: int, crc: int = 0) -> bytes:
    return struct.pack("<II4sI", length + 12, claimed, kind, crc)


def rtf_literally(rtf: bytes) -> bytes:
    """Compressed RTF that refers to nothing before it, and its end mark."""
    runs = b"".join(b"\0" + rtf[at : at + 8] for at in range(0, len(rtf) - len(rtf) % 8, 8))
    rest = rtf[len(rtf) - len(rtf) % 8 :]
    end = (207 + len(rtf)) % 4096 << 4
    data = runs + bytes([1 << len(rest)]) + rest + end.to_bytes(2, "big")
    return rtf_head(b"LZFu", len(data), len(rtf), binascii.crc32(data)) + data


def rtf_bomb(size: int) -> bytes:
    """Compressed RTF of some ``size`` bytes whose text is eight times as long: each reference
    repeats the byte before it seventeen times."""
    begin = b"{\\rtf1 x"
    places = range(207 + len(begin), 207 + len(begin) + 8 * size, 17)
    tokens = [((place - 1) % 4096 << 4 | 15).to_bytes(2, "big") for place in places]
    runs = [b"\xff" + b"".join(tokens[at : at + 8]) for at in range(0, len(tokens), 8)]
    return rtf_head(b"LZFu", 17 * len(runs), 0xFFFFFFFF) + b"\0" + begin + b"".join(runs)


# --- BER ---


def ber(tag: int, *values: bytes, indefinite: bool = False) -> bytes:
    value = b"".join(values)
    if indefinite:
        return bytes([tag, 0x80]) + value + b"\0\0"
    if len(value) < 0x80:
        return bytes([tag, len(value)]) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


PKCS7 = bytes.fromhex("2a864886f70d0107")
COMPRESSED = bytes.fromhex("2a864886f70d0109100109")


def signed(entity: bytes, *, indefinite: bool = False) -> bytes:
    """SignedData around ``entity``, without any signer."""
    if indefinite:
        pieces = [ber(0x04, entity[at : at + 7]) for at in range(0, len(entity), 7)]
        octets = ber(0x24, *pieces, indefinite=True)
    else:
        octets = ber(0x04, entity)
    inner = ber(
        0x30, ber(0x06, PKCS7 + b"\1"), ber(0xA0, octets, indefinite=indefinite),
        indefinite=indefinite,
    )  # fmt: skip
    data = ber(0x30, ber(0x02, b"\1"), ber(0x31), inner, ber(0x31), indefinite=indefinite)
    return ber(
        0x30, ber(0x06, PKCS7 + b"\2"), ber(0xA0, data, indefinite=indefinite),
        indefinite=indefinite,
    )  # fmt: skip


def compressed(deflated: bytes) -> bytes:
    """CompressedData around what zlib made."""
    inner = ber(0x30, ber(0x06, PKCS7 + b"\1"), ber(0xA0, ber(0x04, deflated)))
    data = ber(0x30, ber(0x02, b"\0"), ber(0x30, ber(0x06, b"\x2a")), inner)
    return ber(0x30, ber(0x06, COMPRESSED), ber(0xA0, data))
