"""Rewrites a message for a server that takes only ASCII (RFC 6152 section 3).

What is signed stays as it is: most servers pass its bytes on all the same, and a rewritten one is
worth nothing. So do the fields of headers, which no transfer encoding reaches.
"""

from __future__ import annotations

import binascii
import re

from mail.mime import build, headers
from mail.mime.structure import (
    DEEPEST,
    MOST_PARTS,
    Part,
    boundary_pieces,
    described,
    header_span,
)

_ENCODING = re.compile(rb"(?im)^Content-Transfer-Encoding[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*")
_UNENCODED = ("", "7bit", "8bit", "binary")
_KEPT = ("multipart/signed", "multipart/encrypted")
# The one type of messages whose content is itself a message with parts.
_MESSAGE = "message/rfc822"


def in_seven_bits(message: bytes) -> bytes:
    """Return the message with each 8-bit part encoded anew; one in ASCII comes back as it is."""
    writer = _Writer(message)
    writer.part(0, len(message), 0, is_message=True)
    return b"".join(writer.written)


class _Writer:
    """Writes one message again. It works on offsets, as the parser of messages does."""

    def __init__(self, raw: bytes) -> None:
        self.written: list[bytes] = []
        self._raw = raw
        self._left = MOST_PARTS

    def part(self, start: int, end: int, depth: int, *, is_message: bool = False) -> None:
        """Write the part in ``raw[start:end]``, a whole message where ``is_message`` says so."""
        self._left -= 1
        whole = self._raw[start:end]
        if whole.isascii() or depth >= DEEPEST or self._left < 0:
            self.written.append(whole)
            return
        stop, body = header_span(self._raw, start, end)
        fields = headers.parse(self._raw[start:stop])
        told = described(fields)
        head = self._raw[start:stop] + (b"\r\n" if stop > start else b"")
        if is_message and not fields.get("MIME-Version"):
            head += b"MIME-Version: 1.0\r\n"
        if told.is_multipart or told.media_type == _MESSAGE:
            self._container(told, head, body, end, depth)
        elif told.encoding in _UNENCODED and not told.media_type.startswith("message/"):
            self._leaf(told, head, self._raw[body:end])
        else:
            self.written.append(whole)

    def _container(self, told: Part, head: bytes, body: int, end: int, depth: int) -> None:
        """Write a part of parts, whose own encoding is that of what it holds."""
        place = len(self.written)
        if told.media_type in _KEPT:
            self.written.append(self._raw[body:end])
        elif told.media_type == _MESSAGE:
            self.part(body, end, depth + 1, is_message=True)
        else:
            self._children(told, body, end, depth)
        is_ascii = all(piece.isascii() for piece in self.written[place:])
        self.written.insert(place, _renamed(head, b"7bit" if is_ascii else b"8bit"))

    def _children(self, told: Part, body: int, end: int, depth: int) -> None:
        position = body
        for start, stop in boundary_pieces(self._raw, body, end, told.parameters)[0]:
            self.written.append(self._raw[position:start])
            self.part(start, stop, depth + 1)
            position = stop
        self.written.append(self._raw[position:end])

    def _leaf(self, told: Part, head: bytes, content: bytes) -> None:
        if content.isascii():  # its header is not
            self.written += [head, b"\r\n", content]
        elif told.media_type.startswith("text/"):
            plain = binascii.b2a_qp(build.crlf(content), istext=True)
            self.written += [_renamed(head, b"quoted-printable"), plain]
        else:
            self.written += [_renamed(head, b"base64"), build.base64_lines(content)]


def _renamed(head: bytes, encoding: bytes) -> bytes:
    """Return a header that names this encoding, with the empty line."""
    return _ENCODING.sub(b"", head) + b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n"
