"""S/MIME in one part (application/pkcs7-mime, RFC 8551): its kind, and the content of a signed
one.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from mail.mime.structure import Protection
from mail.mime.text import decode_transfer

MOST_BYTES = 32 * 1024 * 1024
_MOST_ELEMENTS = 200_000

_PKCS7 = bytes.fromhex("2a864886f70d0107")
_SMIME_CONTENT = bytes.fromhex("2a864886f70d0109100109")
_SIGNED = _PKCS7 + b"\x02"
_COMPRESSED = _SMIME_CONTENT
_ENCRYPTED = frozenset(
    {
        _PKCS7 + b"\x03",  # envelopedData
        _PKCS7 + b"\x06",  # encryptedData
        bytes.fromhex("2a864886f70d0109100117"),  # authEnvelopedData
    }
)
_INTEGER, _OCTETS, _OID, _SEQUENCE, _SET, _EXPLICIT = 0x02, 0x04, 0x06, 0x30, 0x31, 0xA0
_CONSTRUCTED = 0x20
_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]{1,40}-----([^-]{1,})")


@dataclass(frozen=True)
class SmimeContent:
    """``entity`` is the MIME entity inside, a header and a body; ``b""`` when it is encrypted."""

    protection: Protection
    entity: bytes = b""
    is_whole: bool = True


def read_smime(data: bytes, limit: int = MOST_BYTES) -> SmimeContent | None:
    """Return the content of a .p7m, or None when it is no .p7m or only has certificates.

    The signature is not checked. Reads definite and indefinite lengths of BER, which Outlook and
    OpenSSL write, and at most 200,000 elements. Compressed content is inflated to at most ``limit``
    bytes.
    """
    der = _der(data)
    try:
        walker = _Walker(der)
        walker.enter(_SEQUENCE)
        kind = walker.value(_OID)
        if kind in _ENCRYPTED:
            return SmimeContent(Protection.SMIME_ENCRYPTED)
        walker.enter(_EXPLICIT)
        walker.enter(_SEQUENCE)
        walker.skip(_INTEGER)
        if kind == _SIGNED:
            walker.skip(_SET)
            return _content(walker, Protection.SMIME_SIGNED)
        if kind == _COMPRESSED:
            walker.skip(_SEQUENCE)
            return _inflated(_content(walker, Protection.NONE), limit)
    except _NotBer:
        pass
    return None


def _der(data: bytes) -> bytes:
    """Return ``data`` without the armour or the base64 that some gateways leave."""
    if pem := _PEM.search(data[:200] if not data.startswith(b"-----") else data):
        return decode_transfer(pem[1], "base64")
    return decode_transfer(data, "base64") if data[:2] == b"MI" else data


def _content(walker: _Walker, protection: Protection) -> SmimeContent | None:
    """Return the content of an EncapsulatedContentInfo."""
    walker.enter(_SEQUENCE)
    walker.skip(_OID)
    if not walker.is_next(_EXPLICIT):
        return None
    walker.enter(_EXPLICIT)
    entity, is_whole = walker.octets()
    return SmimeContent(protection, entity, is_whole)


def _inflated(content: SmimeContent | None, limit: int) -> SmimeContent | None:
    if content is None:
        return None
    inflater = zlib.decompressobj()
    try:
        entity = inflater.decompress(content.entity, limit)
    except zlib.error:
        return None
    return SmimeContent(content.protection, entity, content.is_whole and inflater.eof)


class _NotBer(ValueError):
    """The bytes are not the expected BER."""


class _Walker:
    """Reads BER (X.690) forward, one element at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._elements = 0

    def is_next(self, tag: int) -> bool:
        return self._data[self._position : self._position + 1] == bytes([tag])

    def enter(self, tag: int) -> None:
        """Enter the next element, which must have this tag."""
        next_tag, start, _ = self._head()
        if next_tag != tag:
            raise _NotBer
        self._position = start

    def value(self, tag: int) -> bytes:
        next_tag, start, length = self._head()
        if next_tag != tag or length < 0:
            raise _NotBer
        self._position = start + length
        return self._data[start : start + length]

    def skip(self, tag: int) -> None:
        """Skip the next element, which must have this tag; one of indefinite length to its end."""
        if not self.is_next(tag):
            raise _NotBer
        open_ = 0
        while True:
            next_tag, start, length = self._head()
            if length < 0:
                open_ += 1
                self._position = start
            else:
                open_ -= next_tag == 0
                self._position = start + length
            if open_ <= 0:
                return

    def octets(self) -> tuple[bytes, bool]:
        """Return the next OCTET STRING, which may be in pieces, and whether it is complete."""
        pieces: list[bytes] = []
        ends: list[int] = []
        while True:
            try:
                next_tag, start, length = self._head()
            except _NotBer:
                return b"".join(pieces), False
            end = start + length if length >= 0 else -1
            if next_tag == _OCTETS:
                pieces.append(self._data[start:end])
                self._position = end
                if end > len(self._data):
                    return b"".join(pieces), False
            elif next_tag == _OCTETS | _CONSTRUCTED:
                ends.append(end)
                self._position = start
            elif next_tag == 0 and ends and ends[-1] < 0:
                ends.pop()
                self._position = start
            else:
                raise _NotBer
            while ends and 0 <= ends[-1] <= self._position:
                ends.pop()
            if not ends:
                return b"".join(pieces), True

    def _head(self) -> tuple[int, int, int]:
        """Return the tag, the start of the value, and its length in bytes, -1 if it is
        indefinite.
        """
        self._elements += 1
        data, at = self._data, self._position
        if at + 2 > len(data) or self._elements > _MOST_ELEMENTS:
            raise _NotBer
        tag, length = data[at], data[at + 1]
        # No expected element has a tag above 30 or a length of more than eight bytes.
        if tag & 0x1F == 0x1F or length > 0x88:
            raise _NotBer
        if length == 0x80:
            return tag, at + 2, -1
        if length < 0x80:
            return tag, at + 2, length
        width = length & 0x7F
        return tag, at + 2 + width, int.from_bytes(data[at + 2 : at + 2 + width], "big")
