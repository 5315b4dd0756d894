"""Converts a message that Outlook saved as a file (.msg, MS-OXMSG) to RFC 5322.

Such a file is a small file system (MS-CFB), which olefile reads. One storage holds the properties
of the message, and one more those of each recipient and attachment; an attached message is again a
storage. Call this only in a helper process: olefile stays within the file's size, and the helper's
budget stops a file that was made to be expensive.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum

import olefile
from olefile.olefile import OleDirectoryEntry, OleFileIO

from mail.mime import build, encoded_words, headers
from mail.mime import text as plain_text
from mail.mime.addresses import Address
from mail.mime.build import OutgoingFile
from mail.mime.outlook import mapi, rtf

DEEPEST = 8
"""The greatest number of nested messages; a file with more is refused."""
_MOST_FILES, _MOST_RECIPIENTS = 500, 2_000
_MOST_TEXT = 4 * 1024 * 1024
_MOST_HEADER = 256 * 1024
_LONGEST_LINE = 900

# Properties by number and type (MS-OXPROPS).
_CLASS, _SUBJECT, _HEADERS = "001A", "0037", "007D"
_SENDER = ("5D01", "0C1F", "0C1A")  # SMTP address, address, name
_AUTHOR = ("5D02", "0065", "0042")
_MESSAGE_ID, _REFERENCES, _IN_REPLY_TO = "1035", "1039", "1042"
_TEXT, _RTF, _HTML = "1000", "1009", "1013"
_SENT, _RECEIVED, _MADE = "00390040", "0E060040", "30070040"
_CODEPAGE, _INTERNET_CODEPAGE = "3FFD0003", "3FDE0003"
_IMPORTANCE, _FLAGS, _FLAGGED, _VERB = "00170003", "0E070003", "10900003", "10810003"
_NAME, _EMAIL, _SMTP, _RECIPIENT_TYPE = "3001", "3003", "39FE", "0C150003"
_METHOD, _FILE_NAME, _SHORT_NAME, _LINK = "37050003", "3707", "3704", "370D"
_MEDIA_TYPE, _CONTENT_ID = "370E", "3712"
_DATA, _EMBEDDED = "__substg1.0_37010102", "__substg1.0_3701000D"

_BY_VALUE, _MESSAGE, _OBJECT = 1, 5, 6
_ANSWERED, _FORWARDED = (102, 103), (104,)
# Classes of Outlook's items that are no mail.
_NO_MAIL = ("ipm.contact", "ipm.distlist", "ipm.appointment", "ipm.task", "ipm.activity",
            "ipm.stickynote")  # fmt: skip
# Header fields about the former body, which is written again.
_OF_BODY = re.compile(r"content-|mime-version\Z", re.IGNORECASE)
_CID = re.compile(r"[!-;=?-~]{1,200}")
_CONTROLS = re.compile("[\x00-\x1f\x7f]+")


class MsgFault(StrEnum):
    """The reason why a file cannot be converted."""

    DAMAGED = "damaged"
    NESTED = "nested"
    """Messages are nested too deep."""
    TOO_LARGE = "too_large"
    """The file holds more bytes than its size, or more than the limit."""
    NO_MAIL = "no_mail"
    """The file is a contact, an appointment or a task."""
    NO_MESSAGE = "no_message"
    """The file has this format but is no message, such as an old Word file."""


@dataclass(frozen=True)
class ConvertedMessage:
    """The result: the message as ``raw``, or the ``fault`` that prevented it. ``flags`` are IMAP
    flags; ``received`` is when the message arrived.
    """

    raw: bytes = b""
    flags: tuple[str, ...] = ()
    received: datetime | None = None
    fault: str = ""


def convert(content: bytes, most: int) -> ConvertedMessage:
    """Return the message of a file. The same file always gives the same bytes. Never raises. At
    most ``most`` bytes may be in its streams together.
    """
    # olefile takes shorter bytes for a path.
    if len(content) < olefile.MINIMAL_OLEFILE_SIZE:
        return ConvertedMessage(fault=MsgFault.DAMAGED)
    try:
        with OleFileIO(bytes(content), olefile.DEFECT_INCORRECT) as ole:
            return _Message(_Storage(ole, ole.root, (), _Budget(most))).converted()
    except _Refused as refused:
        return ConvertedMessage(fault=refused.fault)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  whatever the library raises, the file is damaged
        return ConvertedMessage(fault=MsgFault.DAMAGED)


class _Refused(Exception):
    def __init__(self, fault: MsgFault) -> None:
        super().__init__(fault)
        self.fault = fault


# --- the file system ---


@dataclass
class _Budget:
    """The number of bytes that may still be read. Streams of a hostile file may overlap."""

    left: int
    rtf: int = rtf.MOST_BYTES


class _Storage:
    """A folder in the file, with its properties. ``charset`` is that of 8-bit strings, unless the
    storage names its own.
    """

    def __init__(
        self,
        ole: OleFileIO,
        entry: OleDirectoryEntry,
        path: tuple[str, ...],
        budget: _Budget,
        head: int = 32,
        charset: str = "",
    ) -> None:
        self.budget = budget
        self._ole, self._entry, self._path = ole, entry, path
        self._fixed = self._read_fixed(head)
        own = self.number(_CODEPAGE) or self.number(_INTERNET_CODEPAGE)
        self.charset = mapi.charset(own) or charset or "cp1252"

    def has(self, name: str) -> bool:
        return name.lower() in self._entry.kids_dict

    def stream(self, name: str) -> bytes:
        """Return the bytes of a stream, empty if there is none."""
        entry = self._entry.kids_dict.get(name.lower())
        if entry is None or entry.entry_type != olefile.STGTY_STREAM:
            return b""
        self.budget.left -= entry.size
        if self.budget.left < 0:
            raise _Refused(MsgFault.TOO_LARGE)
        data: bytes = self._ole.openstream([*self._path, entry.name]).read()
        if len(data) != entry.size:
            raise _Refused(MsgFault.DAMAGED)
        return data

    def inner(self, name: str, head: int) -> _Storage | None:
        """Return a storage in this one; ``head`` bytes precede its properties of fixed length."""
        entry = self._entry.kids_dict.get(name.lower())
        if entry is None or entry.entry_type != olefile.STGTY_STORAGE:
            return None
        return _Storage(
            self._ole, entry, (*self._path, entry.name), self.budget, head, self.charset
        )

    def inners(self, prefix: str, most: int) -> Iterator[_Storage]:
        """Yield the storages whose names begin with ``prefix``, in the order of their numbers."""
        names = sorted(name for name in self._entry.kids_dict if name.startswith(prefix))
        if len(names) > most:
            raise _Refused(MsgFault.TOO_LARGE)
        for name in names:
            if inner := self.inner(name, 8):
                yield inner

    def largest(self) -> bytes:
        """Return the largest stream; in an object embedded in a text, it is the object itself."""
        streams = [
            kid for kid in self._entry.kids if kid.entry_type == olefile.STGTY_STREAM and kid.size
        ]
        return self.stream(max(streams, key=lambda kid: kid.size).name) if streams else b""

    def _read_fixed(self, head: int) -> dict[str, bytes]:
        data = self.stream("__properties_version1.0")
        return {
            f"{int.from_bytes(data[at : at + 4], 'little'):08X}": data[at + 8 : at + 16]
            for at in range(head, len(data) - 15, 16)
        }

    def number(self, tag: str) -> int:
        return int.from_bytes(self._fixed.get(tag, b"")[:4], "little")

    def moment(self, tag: str) -> datetime | None:
        return mapi.moment(int.from_bytes(self._fixed.get(tag, b""), "little"))

    def binary(self, name: str) -> bytes:
        return self.stream(f"__substg1.0_{name}0102")

    def string(self, name: str) -> str:
        """Return a string, in Unicode or in the file's charset."""
        data, charset = self.stream(f"__substg1.0_{name}001F"), "utf-16-le"
        if not data:
            data, charset = self.stream(f"__substg1.0_{name}001E"), self.charset
        return plain_text.decode(data[:_MOST_TEXT], "binary", charset).rstrip("\0")

    def line(self, name: str) -> str:
        """Return a string without line ends and other control characters."""
        return _CONTROLS.sub(" ", encoded_words.decode(self.string(name))).strip()


# --- the message ---


class _Message:
    def __init__(self, storage: _Storage, depth: int = 1) -> None:
        self._storage, self._depth = storage, depth
        if not storage.has("__properties_version1.0"):
            raise _Refused(MsgFault.NO_MESSAGE)
        self._class = storage.line(_CLASS).lower()
        if self._class.startswith(_NO_MAIL) and depth == 1:
            raise _Refused(MsgFault.NO_MAIL)
        self.subject = storage.line(_SUBJECT)

    def converted(self) -> ConvertedMessage:
        received = self._storage.moment(_RECEIVED)
        return ConvertedMessage(self.raw(), self._flags(), received)

    def raw(self) -> bytes:
        """Return header and body."""
        header = headers.parse(self._storage.string(_HEADERS)[:_MOST_HEADER].encode())
        fields = [
            (name, _CONTROLS.sub(" ", value.decode()).strip())
            for name, value in header.fields[:1_000]
            if not _OF_BODY.match(name)
        ]
        names = {name.lower() for name, _value in fields}
        fields += [field for field in self._fields() if field[1] and field[0].lower() not in names]
        lines = [build.folded(name, [value]) for name, value in fields if value]
        whole = [line for line in lines if max(map(len, line.split(b"\r\n"))) < _LONGEST_LINE]
        return b"\r\n".join([*whole, b"MIME-Version: 1.0", self._body()])

    def _fields(self) -> Iterator[tuple[str, str]]:
        """Yield header fields made of the properties, for a message without a header of its own."""
        storage = self._storage
        author, sender = self._person(_AUTHOR), self._person(_SENDER)
        yield "From", _written([author or sender or Address("", "unknown@outlook.invalid")])
        if author and sender and author.address.lower() != sender.address.lower():
            yield "Sender", _written([sender])
        recipients = self._recipients()
        for field, kind in (("To", 1), ("Cc", 2), ("Bcc", 3)):
            yield field, _written(recipients.get(kind, ()))
        yield "Subject", build.encode(self.subject)
        when = storage.moment(_SENT) or storage.moment(_RECEIVED) or storage.moment(_MADE)
        yield "Date", format_datetime(when or datetime(1970, 1, 1, tzinfo=UTC))
        for field, name in (("Message-ID", _MESSAGE_ID), ("In-Reply-To", _IN_REPLY_TO)):
            yield field, " ".join(build.message_ids(storage.line(name))[:1])
        yield "References", " ".join(build.message_ids(storage.line(_REFERENCES)))
        # 1 is the normal importance; a file without the property reads as 0.
        yield "Importance", "high" if storage.number(_IMPORTANCE) == 2 else ""

    def _person(self, names: tuple[str, str, str]) -> Address | None:
        smtp, address, name = (self._storage.line(stored_name) for stored_name in names)
        return _address(name, smtp, address)

    def _recipients(self) -> dict[int, list[Address]]:
        by_type: dict[int, list[Address]] = {}
        for storage in self._storage.inners("__recip_version1.0_", _MOST_RECIPIENTS):
            address = _address(storage.line(_NAME), storage.line(_SMTP), storage.line(_EMAIL))
            if address:
                # Higher bits say whether an older program was told of the message.
                by_type.setdefault(storage.number(_RECIPIENT_TYPE) & 0xF, []).append(address)
        return by_type

    def _flags(self) -> tuple[str, ...]:
        state, verb = self._storage.number(_FLAGS), self._storage.number(_VERB)
        states = (
            ("\\Seen", state & 1),
            ("\\Draft", state & 8),
            ("\\Flagged", self._storage.number(_FLAGGED) == 2),
            ("\\Answered", verb in _ANSWERED),
            ("$Forwarded", verb in _FORWARDED),
        )
        return tuple(flag for flag, is_set in states if is_set)

    # --- its body ---

    def _body(self) -> bytes:
        files = list(self._files())
        if self._class.startswith("ipm.note.smime") and len(files) == 1:
            return _protected(files[0])
        words, html = self._texts()
        inline = [file for file in files if file.cid and f"cid:{file.cid}" in html]
        attached = [file for file in files if file not in inline]
        # A nested multipart must have another boundary than the one around it.
        seed = f"{self._depth} {self.subject}"
        parts = [build.encoded('text/plain; charset="utf-8"', words)] if words or not html else []
        if html:
            shown = build.encoded('text/html; charset="utf-8"', html)
            if inline:
                shown = build.multipart(
                    'related; type="text/html"', [shown, *map(_inline, inline)], f"r {seed}"
                )
            parts.append(shown)
        body = parts[0] if len(parts) == 1 else build.multipart("alternative", parts, f"a {seed}")
        if not attached:
            return body
        written = [build.file_part(file, "attachment") for file in attached]
        return build.multipart("mixed", [body, *written], f"m {seed}")

    def _texts(self) -> tuple[str, str]:
        """Return text and HTML. Outlook stores the HTML by itself, or in compressed RTF; RTF
        without HTML is converted to text.
        """
        words, html = self._storage.string(_TEXT), self._html()
        compressed = b"" if html else self._storage.binary(_RTF)
        if compressed:
            budget = self._storage.budget
            uncompressed = rtf.decompress(compressed, budget.rtf)
            budget.rtf -= len(uncompressed)
            rich = rtf.read_rtf(uncompressed)
            words, html = words or rich.text, rich.html
        return _lines(words), _lines(html)

    def _html(self) -> str:
        data = self._storage.binary(_HTML)
        if not data:
            return self._storage.string(_HTML)
        charset = mapi.charset(self._storage.number(_INTERNET_CODEPAGE)) or self._storage.charset
        return plain_text.decode(data[:_MOST_TEXT], "binary", charset).rstrip("\0")

    def _files(self) -> Iterator[OutgoingFile]:
        for storage in self._storage.inners("__attach_version1.0_", _MOST_FILES):
            if file := self._file(storage):
                yield file

    def _file(self, storage: _Storage) -> OutgoingFile | None:
        name = headers.safe_name(
            storage.line(_FILE_NAME) or storage.line(_SHORT_NAME) or storage.line(_NAME) or "file"
        )
        method = storage.number(_METHOD)
        if method == _MESSAGE:
            return self._inner(storage, name)
        if method == _OBJECT:
            embedded = storage.inner(_EMBEDDED, 8)
            content = embedded.largest() if embedded else b""
        else:
            content = storage.stream(_DATA)
        link = storage.line(_LINK)
        if not content and link and method != _BY_VALUE:
            # The file is stored elsewhere, and only its address is available.
            return OutgoingFile(f"{name}.txt", "text/plain", f"{link}\r\n".encode())
        media_type = storage.line(_MEDIA_TYPE).lower()
        if not mapi.MEDIA_TYPE.fullmatch(media_type) or media_type.startswith("message/"):
            media_type = "application/octet-stream"
        cid = storage.line(_CONTENT_ID).strip("<>")
        return OutgoingFile(name, media_type, content, cid if _CID.fullmatch(cid) else "")

    def _inner(self, storage: _Storage, name: str) -> OutgoingFile | None:
        embedded = storage.inner(_EMBEDDED, 24)
        if embedded is None:
            return None
        if self._depth >= DEEPEST:
            raise _Refused(MsgFault.NESTED)
        inner = _Message(embedded, self._depth + 1)
        name = headers.safe_name(f"{inner.subject or name}.eml")
        return OutgoingFile(name, "message/rfc822", inner.raw())


def _protected(file: OutgoingFile) -> bytes:
    """Return the body of a signed or encrypted message, which is its only attachment."""
    if re.match(rb"content-type:[^\r\n]{0,200}multipart/", file.content[:300], re.IGNORECASE):
        return build.crlf(file.content)
    return build.file_part(
        OutgoingFile("smime.p7m", "application/pkcs7-mime", file.content), "attachment"
    )


def _inline(image: OutgoingFile) -> bytes:
    return build.file_part(image, "inline", f"Content-ID: <{image.cid}>\r\n")


def _address(name: str, *candidates: str) -> Address | None:
    """Return the address of a sender or recipient. A person who only has a name within an Exchange
    server gets an address that leads nowhere (RFC 2606), since a header requires one.
    """
    address = next((candidate for candidate in candidates if mapi.is_address(candidate)), "")
    if not address and not name:
        return None
    if not address:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        letters = re.sub(r"[^a-z0-9]+", ".", plain)[:60].strip(".")
        address = f"{letters or 'unknown'}@outlook.invalid"
    return Address("" if name == address else name, address)


def _written(people: Iterable[Address]) -> str:
    """Return addresses for a header, without those that no header can hold."""
    written = []
    for person in people:
        try:
            written += build.written([person])
        except ValueError:
            continue
    return ", ".join(written)


def _lines(written: str) -> str:
    return written.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
