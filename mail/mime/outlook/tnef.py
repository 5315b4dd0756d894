"""winmail.dat, in which Exchange and Outlook wrap a whole message (MS-OXTNEF)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from mail.mime import encoded_words, headers
from mail.mime import text as plain_text
from mail.mime.outlook import mapi, rtf
from mail.mime.structure import Piece

DEEPEST = 5
MOST_FILES = 500
_MOST_ATTRIBUTES = 10_000
_MOST_PROPERTIES = 10_000
_MOST_TEXT = 4 * 1024 * 1024

_SIGNATURE = b"\x78\x9f\x3e\x22"

# Attributes (section 2.1.3), by the low half of their identifier.
_SUBJECT, _FROM, _BODY = 0x8004, 0x8000, 0x800C
_OEM_CODEPAGE, _MESSAGE_PROPERTIES = 0x9007, 0x9003
_RENDERING, _TITLE, _DATA, _ATTACHMENT_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_ATTACHMENT_LEVEL = 2

# Properties (MS-OXPROPS).
_PR_SUBJECT, _PR_SENDER_NAME, _PR_SENDER_ADDRESS = 0x0037, 0x0C1A, 0x0C1F
_PR_SENDER_SMTP, _PR_SUBMITTED = 0x5D01, 0x0039
_PR_BODY, _PR_RTF, _PR_HTML, _PR_CODEPAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_PR_MESSAGE_CODEPAGE = 0x3FFD
_PR_DISPLAY_NAME, _PR_ATTACHED, _PR_SHORT_NAME, _PR_LONG_NAME = 0x3001, 0x3701, 0x3704, 0x3707
_PR_MEDIA_TYPE, _PR_CONTENT_ID = 0x370E, 0x3712

# Property types (MS-OXCDATA section 2.11.1), and the sizes of those of fixed length in bytes,
# padded to four.
_STRING8, _UNICODE, _OBJECT, _BINARY, _TIME = 0x1E, 0x1F, 0x0D, 0x0102, 0x40
_VARIABLE = frozenset({_STRING8, _UNICODE, _OBJECT, _BINARY})
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x0A: 4, 0x0B: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x14: 8, _TIME: 8}
_FIXED |= {0x00: 0, 0x01: 0, 0x48: 16}
_MANY = 0x1000
_NAMED_FROM = 0x8000
# The beginning of an attached message: the identifier of the interface IMessage.
_MESSAGE_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")


@dataclass(frozen=True)
class Unwrapped:
    """A message from winmail.dat. ``html`` and ``text`` are ``""`` when it has none.

    ``files`` are its attachments; an attached message is one of type ``message/rfc822``.
    ``is_whole`` is False when some part could not be read.
    """

    subject: str = ""
    text: str = ""
    html: str = ""
    files: tuple[Piece, ...] = ()
    is_whole: bool = True
    sender: str = ""
    date: datetime | None = None


def read_tnef(data: bytes) -> Unwrapped | None:
    """Return the content of a winmail.dat, or None when it is none.

    Never raises, and always ends: every step advances, wrong lengths are cut to the available
    bytes, and the numbers of attributes, properties, attachments and levels are limited.
    """
    return _read(data, 0, _Budget())


@dataclass
class _Budget:
    """The number of RTF bytes that may still be decompressed for this message and those inside
    it.
    """

    rtf: int = rtf.MOST_BYTES


def _read(data: bytes, depth: int, budget: _Budget) -> Unwrapped | None:
    if not data.startswith(_SIGNATURE):
        return None
    reader = _Reader(depth, budget)
    for level, kind, value in _attributes(data, reader):
        if level == _ATTACHMENT_LEVEL:
            reader.of_attachment(kind, value)
        else:
            reader.of_message(kind, value)
    return reader.unwrapped()


@dataclass
class _Attachment:
    title: bytes = b""
    data: bytes = b""
    properties: dict[int, tuple[int, bytes]] = field(default_factory=dict)


class _Reader:
    def __init__(self, depth: int, budget: _Budget) -> None:
        self.is_whole = True
        self._depth = depth
        self._budget = budget
        self._attributes: dict[int, bytes] = {}
        self._properties: dict[int, tuple[int, bytes]] = {}
        self._attachments: list[_Attachment] = []

    def of_message(self, kind: int, value: bytes) -> None:
        if kind == _MESSAGE_PROPERTIES:
            self._properties = self._read_properties(value)
        else:
            self._attributes.setdefault(kind, value)

    def of_attachment(self, kind: int, value: bytes) -> None:
        if kind == _RENDERING or not self._attachments:
            if len(self._attachments) >= MOST_FILES:
                self.is_whole = False
                return
            self._attachments.append(_Attachment())
        current = self._attachments[-1]
        if kind == _TITLE:
            current.title = value
        elif kind == _DATA:
            current.data = value
        elif kind == _ATTACHMENT_PROPERTIES:
            current.properties = self._read_properties(value)

    def unwrapped(self) -> Unwrapped:
        plain, html = self._bodies()
        return Unwrapped(
            subject=encoded_words.decode(self._string(_PR_SUBJECT) or self._attribute(_SUBJECT)),
            text=plain,
            html=html,
            files=tuple(
                file for attachment in self._attachments if (file := self._file(attachment))
            ),
            is_whole=self.is_whole,
            sender=self._sender(),
            date=self._date(),
        )

    def _read_properties(self, data: bytes) -> dict[int, tuple[int, bytes]]:
        properties: dict[int, tuple[int, bytes]] = {}
        cursor = _Cursor(data)
        for _ in range(min(cursor.number(4), _MOST_PROPERTIES)):
            if cursor.is_at_end:
                break
            kind, name = cursor.number(2), cursor.number(2)
            if name >= _NAMED_FROM:
                cursor.skip_name()
            value = cursor.value(kind)
            if value is None:
                break
            properties.setdefault(name, (kind, value))
        else:
            return properties
        self.is_whole = False
        return properties

    @property
    def _charset(self) -> str:
        """Return the codepage of 8-bit strings."""
        _, codepage = self._properties.get(_PR_MESSAGE_CODEPAGE, (0, b""))
        codepage = codepage or self._attributes.get(_OEM_CODEPAGE, b"")
        return mapi.charset(int.from_bytes(codepage[:4], "little"))

    def _string(self, name: int, properties: dict[int, tuple[int, bytes]] | None = None) -> str:
        kind, value = (self._properties if properties is None else properties).get(name, (0, b""))
        if kind == _UNICODE:
            return _clean(plain_text.decode(value[:_MOST_TEXT], "binary", "utf-16-le"))
        if kind in (_STRING8, _BINARY):
            return _clean(plain_text.decode(value[:_MOST_TEXT], "binary", self._charset))
        return ""

    def _attribute(self, kind: int) -> str:
        value = self._attributes.get(kind, b"")[:_MOST_TEXT]
        return _clean(plain_text.decode(value, "binary", self._charset))

    def _bodies(self) -> tuple[str, str]:
        plain = self._string(_PR_BODY) or self._attribute(_BODY)
        html = self._html()
        _, compressed = self._properties.get(_PR_RTF, (0, b""))
        if compressed and not html:
            uncompressed = rtf.decompress(compressed, self._budget.rtf)
            self._budget.rtf -= len(uncompressed)
            rich = rtf.read_rtf(uncompressed)
            plain, html = plain or rich.text, rich.html
        return plain.strip(), html

    def _html(self) -> str:
        kind, value = self._properties.get(_PR_HTML, (0, b""))
        if kind == _UNICODE:
            return self._string(_PR_HTML)
        _, codepage = self._properties.get(_PR_CODEPAGE, (0, b""))
        charset = mapi.charset(int.from_bytes(codepage[:4], "little")) or self._charset
        return _clean(plain_text.decode(value[:_MOST_TEXT], "binary", charset))

    def _sender(self) -> str:
        address = self._string(_PR_SENDER_SMTP) or self._string(_PR_SENDER_ADDRESS)
        name = encoded_words.decode(self._string(_PR_SENDER_NAME))
        address = address if mapi.is_address(address) else ""
        quoted = name.replace("\\", "").replace('"', "")
        return f'"{quoted}" <{address}>' if address else f'"{quoted}"' * bool(quoted)

    def _date(self) -> datetime | None:
        kind, value = self._properties.get(_PR_SUBMITTED, (0, b""))
        return mapi.moment(int.from_bytes(value, "little")) if kind == _TIME else None

    def _file(self, attachment: _Attachment) -> Piece | None:
        properties = attachment.properties
        name = (
            self._string(_PR_LONG_NAME, properties)
            or self._string(_PR_SHORT_NAME, properties)
            or _clean(plain_text.decode(attachment.title, "binary", self._charset))
            or self._string(_PR_DISPLAY_NAME, properties)
        )
        name = headers.safe_name(name)
        kind, attached = properties.get(_PR_ATTACHED, (0, b""))
        content = attachment.data or attached
        if kind == _OBJECT:
            if attached.startswith(_MESSAGE_INTERFACE):
                return self._message(attached[16:], name)
            content = attachment.data or attached[16:]
        if not content and not name:
            return None
        name = name or "file"
        media_type = self._string(_PR_MEDIA_TYPE, properties).strip().lower()
        if not mapi.MEDIA_TYPE.fullmatch(media_type):
            media_type = "application/octet-stream"
        content_id = encoded_words.decode(self._string(_PR_CONTENT_ID, properties)).strip("<> ")
        return Piece(media_type, content, name, content_id)

    def _message(self, data: bytes, name: str) -> Piece | None:
        inner = _read(data, self._depth + 1, self._budget) if self._depth < DEEPEST else None
        if inner is None:
            self.is_whole = False
            return Piece("application/ms-tnef", data, name or "winmail.dat")
        self.is_whole = self.is_whole and inner.is_whole
        name = headers.safe_name(f"{inner.subject or name or 'message'}.eml")
        return Piece("message/rfc822", as_mail(inner), name)


def _clean(written: str) -> str:
    """Return a string without the zeros that end it."""
    return written.rstrip("\x00")


def _attributes(data: bytes, reader: _Reader) -> Iterator[tuple[int, int, bytes]]:
    """Yield level, identifier and value of each attribute, which has nine bytes before it and a
    checksum after it.
    """
    cursor = _Cursor(data, 6)
    for _ in range(_MOST_ATTRIBUTES):
        if cursor.is_at_end:
            return
        level, kind, length = cursor.number(1), cursor.number(4), cursor.number(4)
        if level not in (1, _ATTACHMENT_LEVEL):
            break
        value = cursor.take(length)
        yield level, kind & 0xFFFF, value
        if len(value) < length:
            break
        cursor.take(2)
    reader.is_whole = False


class _Cursor:
    """Reads forward; beyond the end it gives no bytes, and zero."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._data = data
        self._position = position

    @property
    def is_at_end(self) -> bool:
        return self._position >= len(self._data)

    def take(self, length: int) -> bytes:
        data = self._data[self._position : self._position + length]
        self._position += length
        return data

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def skip_name(self) -> None:
        """Skip the GUID of a named property, and its number or name."""
        self.take(16)
        is_text = self.number(4) == 1
        length = self.number(4)
        if is_text:
            self._position += length + -length % 4

    def value(self, kind: int) -> bytes | None:
        """Return a property's value, the first of several; None for an unknown type."""
        base = kind & ~_MANY
        is_variable = base in _VARIABLE
        if not is_variable and base not in _FIXED:
            return None
        count = self.number(4) if is_variable or kind & _MANY else 1
        first = b""
        for index in range(count):
            if self.is_at_end and base:
                break
            length = self.number(4) if is_variable else _FIXED[base]
            value = self.take(length)
            self._position += -length % 4
            if index == 0:
                first = value
            if not length and not is_variable:
                break
        return first


# --- a message in winmail.dat as mail ---


def as_mail(message: Unwrapped) -> bytes:
    """Return the message in RFC 5322 format, so that a nested one opens like any other."""
    head = ["MIME-Version: 1.0"]
    head += [f"Subject: {message.subject}"] * bool(message.subject)
    head += [f"From: {message.sender}"] * bool(message.sender)
    head += [f"Date: {format_datetime(message.date)}"] if message.date else []
    texts = [Piece("text/plain", message.text.encode("utf-8", "replace"))]
    if message.html:
        texts.append(Piece("text/html", message.html.encode("utf-8", "replace")))
    entities = [_multipart("alternative", [_entity(piece) for piece in texts])]
    entities += [_entity(file) for file in message.files]
    return "\r\n".join([*head, ""]).encode() + _multipart("mixed", entities)


def _multipart(kind: str, entities: list[bytes]) -> bytes:
    # No content can contain its own digest, so no search is needed.
    digest = hashlib.sha256(b"".join(entities)).hexdigest()[:32]
    boundary = f"=_{kind}_{digest}"
    line = f"--{boundary}".encode()
    opened = b"".join(line + b"\r\n" + entity + b"\r\n" for entity in entities)
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    return head + opened + line + b"--\r\n"


def _entity(piece: Piece) -> bytes:
    head = [f"Content-Type: {piece.media_type}" + "; charset=utf-8" * (not piece.name)]
    if piece.name:
        head.append(f'Content-Disposition: attachment; filename="{piece.name}"')
    head += [f"Content-ID: <{piece.content_id}>"] * bool(piece.content_id)
    if piece.media_type == "message/rfc822":
        # No encoding is allowed here (RFC 2046 section 5.2.1).
        return "\r\n".join([*head, "", ""]).encode() + piece.content
    head.append("Content-Transfer-Encoding: base64")
    return "\r\n".join([*head, "", ""]).encode() + base64.encodebytes(piece.content)
