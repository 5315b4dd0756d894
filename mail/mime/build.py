"""A message to be sent: values -> the bytes of RFC 5322 and MIME."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from mail.mime import addresses, text
from mail.mime.addresses import Address
from mail.mime.headers import plain_ends


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file to send; ``content`` is not encoded. With a ``cid`` (without brackets), it is an image
    that the HTML refers to by ``cid:<cid>``.
    """

    name: str
    media_type: str
    content: bytes
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """All values of a message to be sent. ``date`` is aware; ids have their angle brackets.
    ``html``, if any, is the content of the body element, and ``text`` its alternative; ``inline``
    are its images. ``priority`` is ``high``, ``low`` or empty. ``receipt_to`` is the address that
    asks for a read receipt (RFC 8098).
    """

    sender: Address
    to: tuple[Address, ...]
    subject: str
    text: str
    date: datetime
    message_id: str
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[OutgoingFile, ...] = ()
    user_agent: str = ""
    html: str = ""
    inline: tuple[OutgoingFile, ...] = ()
    reply_to: tuple[Address, ...] = ()
    priority: str = ""
    receipt_to: Address | None = None


_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_ID = re.compile(r"<[!-;=?-~]{1,250}>")
# The greatest length of a quoted name, inside which no line is folded.
_LONGEST_PLAIN = 300
_CID = re.compile(r"[A-Za-z0-9._+-]{1,100}@[A-Za-z0-9.-]{1,150}")
_LINE = 76
# A thousand lines of base64, and the bytes encoded in them.
_LINES = struct.Struct(f"{_LINE}s" * 1000)
_BLOCK = 57 * 1000
# Outlook reads X-Priority, other programs Importance (RFC 2156); 3 is the normal priority.
_PRIORITIES = {"high": ("1 (Highest)", "high"), "low": ("5 (Lowest)", "low")}


def message_id(domain: str, unique: str) -> str:
    """Return ``<unique@domain>``. Raises ValueError when either part is invalid in a Message-ID."""
    if not re.fullmatch(r"[\w.!#$%&'*+/=?^`{|}~-]{1,200}", unique, re.ASCII):
        raise ValueError("not usable in a Message-ID")
    return f"<{unique}@{_ascii_domain(checked(domain))}>"


def message_ids(value: str) -> tuple[str, ...]:
    """Return the Message-IDs of a References header or the like that may be written again. Invalid
    ones, with accents or spaces, are left out.
    """
    return tuple(_ID.findall(value))


def message(outgoing: Outgoing, *, keep_bcc: bool = False) -> bytes:
    """Return the message with CRLF line ends, every line within 998 bytes. ``keep_bcc`` is only for
    the copy in Sent.

    Raises ValueError when a header value has a line break or another control character, so that
    typed text cannot become a header of its own.
    """
    if outgoing.date.tzinfo is None:
        raise ValueError("the date of a message must be aware")
    fields = [
        ("Date", [format_datetime(outgoing.date)]),
        ("From", written([outgoing.sender])),
        ("Reply-To", written(outgoing.reply_to)),
        ("To", written(outgoing.to)),
        ("Cc", written(outgoing.cc)),
        ("Bcc", written(outgoing.bcc if keep_bcc else ())),
        ("Subject", [encode(checked(outgoing.subject))]),
        ("Message-ID", [checked_id(outgoing.message_id)]),
        ("In-Reply-To", [checked_id(outgoing.in_reply_to)] if outgoing.in_reply_to else []),
        ("References", [" ".join(map(checked_id, outgoing.references))]),
        ("X-Priority", list(_PRIORITIES.get(outgoing.priority, ())[:1])),
        ("Importance", list(_PRIORITIES.get(outgoing.priority, ())[1:])),
        ("Disposition-Notification-To", written(filter(None, [outgoing.receipt_to]))),
        ("User-Agent", [encode(checked(outgoing.user_agent))]),
        ("MIME-Version", ["1.0"]),
    ]
    lines = [folded(name, values) for name, values in fields if any(values) or name == "Subject"]
    return b"\r\n".join([*lines, _body(outgoing)])


def checked(value: str) -> str:
    """Return a header's value. Raises ValueError when it has a character that could end the
    header.
    """
    if _CONTROLS.search(value):
        raise ValueError("control character in a header value")
    return value.replace("\t", " ")


def checked_id(value: str) -> str:
    """Return a Message-ID with its brackets. Raises ValueError for an invalid one."""
    if not _ID.fullmatch(value):
        raise ValueError("not a Message-ID")
    return value


def _ascii_domain(domain: str) -> str:
    """Return ``domain`` encoded by IDNA (Bücher.example); unchanged if that fails."""
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def written(recipients: Iterable[Address]) -> list[str]:
    """Return each address for a header, all but the last with a comma after it."""
    out = []
    for recipient in recipients:
        local, at, domain = checked(recipient.address).rpartition("@")
        address = f"{local}{at}{_ascii_domain(domain)}"
        name = checked(recipient.name)
        if re.search(r"[<>,;\s\"()]", address) or not address:
            raise ValueError("not an address")
        if name and (not name.isascii() or "=?" in name or len(name) > _LONGEST_PLAIN):
            out.append(f"{encode(name)} <{address}>")
        else:
            out.append(addresses.format(Address(name, address)))
    return [f"{text}," for text in out[:-1]] + out[-1:]


def encode(value: str) -> str:
    """Return ``value`` as RFC 2047 words if it is not ASCII, each of at most 75 characters and of
    whole characters.
    """
    if value.isascii() and "=?" not in value and _is_short(value):
        return value
    words, piece = [], b""
    for character in value.encode("utf-8", "replace").decode("utf-8"):
        data = character.encode()
        if len(piece) + len(data) > 39:
            words.append(piece)
            piece = b""
        piece += data
    return " ".join(
        f"=?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in (*words, piece)
    )


def _is_short(words: str) -> bool:
    """Return whether all of a header's words fit into its lines."""
    return all(len(word) < 900 for word in words.split(" "))


def folded(name: str, values: list[str]) -> bytes:
    """Return a header field, folded at spaces (RFC 5322 section 2.2.3)."""
    first, *words = " ".join(values).split(" ")
    lines = [f"{name}: {first}"]
    for word in words:
        # A line of spaces alone would end the header for some programs, so it is not folded there.
        if word and lines[-1].strip() and len(f"{lines[-1]} {word}".encode()) > _LINE:
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}"
    return "\r\n".join([*lines[:-1], lines[-1].rstrip(" ")]).encode()


def crlf(message: bytes) -> bytes:
    """Return the bytes with CRLF for every line end: LF after any number of CR, or a CR alone. Most
    messages have only CRLF, which is checked first: rewriting some 100,000 line ends takes longer
    than sending them.
    """
    ends = message.count(b"\r\n")
    if ends == message.count(b"\n") == message.count(b"\r"):
        return message
    plain = plain_ends(message).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return plain.replace(b"\n", b"\r\n")


def _body(outgoing: Outgoing) -> bytes:
    seed = outgoing.message_id
    body = text_part(outgoing.text)
    if outgoing.html:
        shown = _html_part(outgoing.html)
        if outgoing.inline:
            related = [shown, *map(_inline_part, outgoing.inline)]
            shown = multipart('related; type="text/html"', related, seed)
        body = multipart("alternative", [body, shown], seed)
    if not outgoing.attachments:
        return body
    return multipart("mixed", [body, *map(_attachment_part, outgoing.attachments)], seed)


def multipart(kind: str, parts: list[bytes], seed: str) -> bytes:
    """Return a multipart with its header; ``kind`` includes its parameters. The same ``seed`` gives
    the same boundary.
    """
    boundary = _boundary(seed, parts)
    head = f'Content-Type: multipart/{kind};\r\n boundary="'.encode() + boundary + b'"\r\n'
    if not all(part.isascii() for part in parts):
        # A multipart declares the encoding of all its parts (RFC 2045 section 6.4).
        head += b"Content-Transfer-Encoding: 8bit\r\n"
    # Join once: each copy of a large file costs as much as sending it.
    pieces = [piece for part in parts for piece in (b"\r\n--", boundary, b"\r\n", part)]
    return b"".join([head, *pieces, b"\r\n--", boundary, b"--\r\n"])


def _boundary(seed: str, parts: list[bytes]) -> bytes:
    """Return a boundary that occurs in no part. The same message gives the same boundary, so that
    both copies are equal.
    """
    for attempt in range(100):
        digest = hashlib.sha256(f"{seed} {attempt}".encode()).hexdigest()[:32]
        boundary = f"=_{digest}".encode()
        if not any(b"--" + boundary in part for part in parts):
            break
    return boundary


def text_part(words: str) -> bytes:
    """Return plain text as a part, its long lines wrapped by format=flowed (RFC 3676)."""
    words = words.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return encoded('text/plain; charset="utf-8"; format=flowed', text.flow(words))


def _html_part(body: str) -> bytes:
    whole = (
        '<!DOCTYPE html>\n<html><head><meta http-equiv="Content-Type" content="text/html;'
        f' charset=utf-8"></head>\n<body>{body.replace(chr(0), "")}</body></html>'
    )
    return encoded('text/html; charset="utf-8"', whole.replace("\r\n", "\n").replace("\r", "\n"))


def encoded(content_type: str, words: str) -> bytes:
    """Return a text part: unencoded if its lines are short, else quoted-printable."""
    data = words.encode("utf-8", "replace").replace(b"\n", b"\r\n")
    if data and not data.endswith(b"\r\n"):
        data += b"\r\n"
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: ".encode()
    if data.isascii() and all(len(line) <= 78 for line in data.split(b"\r\n")):
        return head + b"7bit\r\n\r\n" + data
    return head + b"quoted-printable\r\n\r\n" + binascii.b2a_qp(data, istext=True)


def _inline_part(image: OutgoingFile) -> bytes:
    if not _CID.fullmatch(image.cid):
        raise ValueError("not usable as a Content-ID")
    return file_part(image, "inline", f"Content-ID: <{image.cid}>\r\n")


def _attachment_part(attachment: OutgoingFile) -> bytes:
    return file_part(attachment, "attachment")


def file_part(attachment: OutgoingFile, disposition: str, more: str = "") -> bytes:
    """Return a file with its header; ``more`` are further header lines. Raises ValueError for a
    name with a control character.
    """
    media_type = attachment.media_type.lower()
    if not re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}", media_type):
        media_type = "application/octet-stream"
    if media_type.startswith("multipart/"):
        media_type = "application/octet-stream"
    name = checked(attachment.name).encode("utf-8", "replace").decode()
    encoding, content = "base64", base64_lines(attachment.content)
    if media_type.startswith("message/"):
        # A message must not be encoded again (RFC 2046 section 5.2.1).
        encoding, content = _message_content(attachment.content)
        if encoding == "base64":
            media_type = "application/octet-stream"
    head = (
        f"Content-Type: {media_type}{_parameter('name', name)}\r\n"
        f"Content-Disposition: {disposition}{_parameter('filename', name)}\r\n"
        f"{more}Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode("ascii") + content


def _message_content(content: bytes) -> tuple[str, bytes]:
    message = crlf(content)
    if b"\x00" in content or any(len(line) > 998 for line in message.split(b"\r\n")):
        return "base64", base64_lines(content)
    return "7bit" if content.isascii() else "8bit", message


def encoded_size(octets: int) -> int:
    """Return the number of bytes that a file of ``octets`` takes in a message: 57 bytes become a
    line of 76 and CRLF.
    """
    return -(-octets // 57) * 78


def decoded_size(encoded: int) -> int:
    """Return the size of a file that takes ``encoded`` bytes in a message."""
    return encoded * 57 // 78


def base64_lines(content: bytes) -> bytes:
    """Encode as `base64.encodebytes` does line by line; a thousand lines at once take a quarter of
    its time.
    """
    full = len(content) - len(content) % _BLOCK
    blocks = [
        b"\r\n".join(_LINES.unpack(binascii.b2a_base64(content[at : at + _BLOCK], newline=False)))
        for at in range(0, full, _BLOCK)
    ]
    last = base64.encodebytes(content[full:]).replace(b"\n", b"\r\n")
    return b"\r\n".join([*blocks, last])


def _parameter(name: str, value: str) -> str:
    """Return ``; name="value"``, by RFC 2231 if it is not plain ASCII, in pieces if it is long."""
    if not value:
        return ""
    if value.isascii() and len(value) <= 60:
        escaped = re.sub(r'(["\\])', r"\\\1", value)
        return f';\r\n {name}="{escaped}"'
    encoded = "utf-8''" + quote(value, safe="")
    pieces = re.findall(r"(?:%..|.){1,18}", encoded)
    if len(encoded) <= 60:
        return f";\r\n {name}*={encoded}"
    return "".join(f";\r\n {name}*{index}*={piece}" for index, piece in enumerate(pieces))
