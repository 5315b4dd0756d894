"""Messages that the weights are learnt from and measured with: a plain way to write them down.

A file of ``data/messages/`` holds messages. A line ``=== KIND`` begins each; fields follow, a line
``---``, and the text. ``family`` is the theme and the kind of sender: a family is learnt from or
measured with as a whole, never both, since its messages have more in common than the next fraud
will have with any of them. ``bounce`` and ``id`` are the Return-Path and the Message-ID of senders
who mail through somebody else's machine; each ``header`` is a line as it is; ``look: newsletter``
is a page as services for mailings make it, with pictures. `read_corpus` makes each a message as a
server would deliver it.
"""

from __future__ import annotations

import base64
import html
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import Header
from importlib import resources
from io import BytesIO

from mail.judgement.words import VERDICT_KINDS, VerdictKind

UNTAUGHT = "untaught"
"""The folder of messages that nothing is learnt from or chosen on."""
READER = "helene.kervran@ac-exemple.test"
_AT = "Tue, 14 Oct 2025 09:12:44 +0200"
_FOUND = {
    "pass": "spf=pass smtp.mailfrom={host}; dkim=pass header.d={host}; dmarc=pass"
    " header.from={host}",
    "none": "spf=none; dkim=none; dmarc=none header.from={host}",
    "softfail": "spf=softfail; dkim=none; dmarc=none header.from={host}",
    "fail": "spf=fail; dkim=none; dmarc=fail header.from={host}",
}
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\((\S{1,600})\)")
_BARE = re.compile(r"(?<![\"'>=])(https?://[^\s<>\"')]{1,500})")


# A logo, pictures, words for the preview that the page hides, and a picture that counts readers.
_NEWSLETTER = """<div style="display:none;max-height:0">{host}</div>
<table width="100%"><tr><td><table width="600"><tr><td>
<img src="https://img.{host}/logo.png" alt="" width="180" height="60"></td></tr>
<tr><td><img src="https://img.{host}/1.jpg" alt="" width="600" height="240"></td></tr>
<tr><td style="font-size:16px">{body}</td></tr>
<tr><td><img src="https://img.{host}/2.jpg" alt="" width="600" height="80"></td></tr></table>
</td></tr></table><img src="https://img.{host}/o.gif" alt="" width="1" height="1">"""


@dataclass(frozen=True)
class Written:
    """One message: what it is, its family, the hand that wrote it, and its bytes."""

    kind: VerdictKind
    family: str
    style: str
    subject: str
    raw: bytes


def messages(folder_name: str = "messages") -> Iterator[Written]:
    """All messages of a folder of ``data/``, in the order of the files' names."""
    folder = resources.files("mail.judgement.data").joinpath(folder_name)
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".txt"):
            yield from read_corpus(file.read_text("utf-8"))


def read_corpus(source: str) -> Iterator[Written]:
    """Read a file's text. Raises ValueError for one that is not written as above."""
    for entry in re.split(r"(?m)^=== ?", source)[1:]:
        kind, _, rest = entry.partition("\n")
        head, separator, text = rest.partition("\n---\n")
        if not separator:
            raise ValueError(f"no line --- in: {entry[:80]}")
        fields = _Fields(head)
        yield Written(
            _kind(kind.strip()),
            fields.one("family"),
            fields.one("style"),
            fields.one("subject"),
            _Delivered(fields, text.strip("\n")).raw(),
        )


def _kind(name: str) -> VerdictKind:
    for kind in VERDICT_KINDS:
        if name == kind:
            return kind
    raise ValueError(f"no kind of message: {name}")


class _Fields:
    def __init__(self, head: str) -> None:
        pairs = (line.partition(":") for line in head.splitlines() if ":" in line)
        self._pairs = [(name.strip().lower(), value.strip()) for name, _, value in pairs]

    def all(self, wanted: str) -> list[str]:
        return [value for name, value in self._pairs if name == wanted]

    def one(self, wanted: str, default: str = "") -> str:
        return next(iter(self.all(wanted)), default)


class _Delivered:
    """A message as a server puts it into the mailbox."""

    def __init__(self, fields: _Fields, text: str) -> None:
        self._fields = fields
        name, _, address = fields.one("from").rpartition("<")
        self._name = name.strip().strip('"')
        self._address = address.strip("<> ")
        self._host = self._address.rpartition("@")[2]
        self._text = text

    def raw(self) -> bytes:
        files = [
            _file(number, written) for number, written in enumerate(self._fields.all("attach"))
        ]
        pictures = [_picture(address) for address in self._fields.all("qr")]
        body = self._body(len(pictures))
        if files or pictures:
            body = _multipart("mixed", "m1", [body, *pictures, *files])
        return self._head().encode("utf-8", "replace") + body

    def _head(self) -> str:
        results = _FOUND[self._fields.one("auth", "pass")].format(host=self._host)
        to = self._fields.one("to", READER)
        lines = [
            f"Return-Path: <{self._fields.one('bounce', self._address)}>",
            f"Delivered-To: {READER}",
            f"Received: from mx.ac-exemple.test ([192.0.2.25])\n"
            f"\tby boites.ac-exemple.test with LMTP id x1; {_AT}",
            f"Authentication-Results: mx.ac-exemple.test; {results}",
            f"Received: from out.{self._host} (out.{self._host} [203.0.113.7])\n"
            f"\tby mx.ac-exemple.test (Postfix) with ESMTPS id 4a; {_AT}",
            f"Date: {_AT}",
            f"From: {_named(self._name)} <{self._address}>",
            f"To: {'undisclosed-recipients:;' if to == 'hidden' else to}",
            f"Subject: {Header(self._fields.one('subject'), 'utf-8').encode()}",
            f"Message-ID: <{self._fields.one('id', '8f2.1@' + self._host)}>",
        ]
        lines += [f"Cc: {value}" for value in self._fields.all("cc")]
        lines += [f"Reply-To: {value}" for value in self._fields.all("reply-to")]
        lines += self._fields.all("header")
        if self._fields.one("answers") == "yes":
            lines.append("In-Reply-To: <77.kervran@ac-exemple.test>")
        return "\n".join((*lines, "MIME-Version: 1.0", ""))

    def _body(self, pictures: int) -> bytes:
        plain = _LINK.sub(r"\1 <\2>", self._text).replace("*** BUTTON ", "")
        text = _part("text/plain; charset=utf-8", plain.encode())
        page = _part("text/html; charset=utf-8", self._page(pictures).encode())
        match self._fields.one("format", "both"):
            case "text":
                return text
            case "html":
                return page
        return _multipart("alternative", "a1", [text, page])

    def _page(self, pictures: int) -> str:
        paragraphs = re.split(r"\n{2,}", self._text.replace("*** BUTTON ", ""))
        body = "\n".join(f"<p>{_line(text)}</p>" for text in paragraphs)
        images = '<img src="cid:qr" alt="" width="200" height="200">' * pictures
        if self._fields.one("look") == "newsletter":
            body = _NEWSLETTER.format(body=body, host=self._host)
        return f"<html><body>{body}{images}</body></html>"


def _named(name: str) -> str:
    return Header(name, "utf-8").encode() if not name.isascii() else f'"{name}"'


def _line(text: str) -> str:
    parts, end = [], 0
    for link in _LINK.finditer(text):
        parts.append(_bare(text[end : link.start()]))
        parts.append(f'<a href="{html.escape(link[2])}">{html.escape(link[1])}</a>')
        end = link.end()
    parts.append(_bare(text[end:]))
    return "".join(parts).replace("\n", "<br>\n")


def _bare(text: str) -> str:
    return _BARE.sub(r'<a href="\1">\1</a>', html.escape(text, quote=False))


def _part(kind: str, data: bytes, *fields: str) -> bytes:
    head = (f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", *fields)
    return "\n".join((*head, "", "")).encode() + base64.encodebytes(data)


def _multipart(subtype: str, boundary: str, parts: list[bytes]) -> bytes:
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\n\n'.encode()
    pieces = [b"--" + boundary.encode() + b"\n" + part + b"\n" for part in parts]
    return head + b"".join(pieces) + b"--" + boundary.encode() + b"--\n"


_TYPES = {
    "pdf": "application/pdf",
    "zip": "application/zip",
    "html": "text/html; charset=utf-8",
    "htm": "text/html; charset=utf-8",
    "jpg": "image/jpeg",
    "png": "image/png",
    "ics": "text/calendar; charset=utf-8",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
}


def _file(number: int, written: str) -> bytes:
    name, _, content = (piece.strip() for piece in written.partition(" = "))
    ending = name.rpartition(".")[2].lower()
    if ending == "zip":
        data = _zip(content or "document.pdf")
    else:
        data = content.encode() or b"file %d" % number
    shown = name.encode("ascii", "replace").decode().replace("?", "_")
    kind = _TYPES.get(ending, "application/octet-stream")
    return _part(kind, data, f'Content-Disposition: attachment; filename="{shown}"')


def _zip(member: str) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(member), b"content")
    return file.getvalue()


def _picture(address: str) -> bytes:
    import qrcode

    file = BytesIO()
    qrcode.make(address, box_size=4, border=2).save(file)
    fields = ("Content-ID: <qr>", 'Content-Disposition: inline; filename="code.png"')
    return _part("image/png", file.getvalue(), *fields)
