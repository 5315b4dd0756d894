"""Messages that the classifier was not made from: the texts of tests/data/adverts, each sent in
several ways."""

from __future__ import annotations

import base64
import html
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import Header
from pathlib import Path

from mail.judgement.words import Kind

DATA = Path(__file__).parents[2] / "data" / "adverts"
TO = "helene.kervran@ac-exemple.test"
FILES: dict[Kind, str] = {"wanted": "wanted.txt", "advert": "adverts.txt", "junk": "junk.txt"}
STYLES = ("plain", "quoted-printable", "latin-1", "alternative", "html", "bare")

_AT = "Tue, 14 Oct 2025 09:12:44 +0200"
_ARRIVED = (
    "Return-Path: <{envelope}>\n"
    "Delivered-To: " + TO + "\n"
    "Received: from mx.ac-exemple.test ([192.0.2.25])\n"
    "\tby boites.ac-exemple.test with LMTP id x1; " + _AT + "\n"
    "Authentication-Results: mx.ac-exemple.test; {results}\n"
    "Received: from out.{host} (out.{host} [203.0.113.7])\n"
    "\tby mx.ac-exemple.test (Postfix) with ESMTPS id 4a; " + _AT + "\n"
)
_PASS = "spf=pass smtp.mailfrom={host}; dkim=pass header.d={host}; dmarc=pass header.from={host}"
_NONE = "spf=none; dkim=none; dmarc=none header.from={host}"
_FAIL = "spf=softfail; dkim=none; dmarc=fail header.from={host}"
# By how the text says it was sent: what the server found, and the fields of the program.
_WAYS = {
    "plain": (_PASS, "User-Agent: Mozilla Thunderbird\n"),
    "own": (_PASS, "Precedence: bulk\n"),
    "auto": (_PASS, "Auto-Submitted: auto-generated\nPrecedence: bulk\n"),
    "order": (_PASS, "X-Mailer: Mailer 2\n"),
    "list": (
        _PASS,
        "Precedence: list\nX-Loop: {address}\nList-Id: <{local}.{host}>\n"
        "List-Post: <mailto:{address}>\nList-Unsubscribe: <mailto:sympa@{host}>\n",
    ),
    "news": (
        _PASS,
        "List-Unsubscribe: <https://{host}/u/8f2>, <mailto:u@{host}>\nPrecedence: bulk\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\nFeedback-ID: 12:mailer\n",
    ),
    "bulk": (
        _PASS,
        "List-Unsubscribe: <https://{host}/u/8f2>, <mailto:u@{host}>\nFeedback-ID: 9:mailer\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\nX-Mailer: Brevo\n",
    ),
    "cold": (_PASS, "X-Mailer: Microsoft Outlook 16.0\n"),
    "php": (_NONE, "X-Mailer: PHPMailer 6.8\n"),
    "spam": (_NONE, "X-Mailer: Leaf PHPMailer 2.7\n"),
    "forged": (_FAIL, "X-Priority: 1\n"),
    "hijacked": (_PASS, "Reply-To: odile.tante@boitemail.example\n"),
}


@dataclass(frozen=True)
class Sample:
    """``label``: what the message is; ``name``: its text and the way it is written."""

    label: Kind
    name: str
    raw: bytes


def all_samples() -> Iterator[Sample]:
    for label, file in FILES.items():
        source = (DATA / file).read_text("utf-8")
        source = re.sub(r"(?m)^#.*\n", "", source)
        for text in re.split(r"(?m)^---$", source):
            head, subject, body = text.strip().split("\n", 2)
            way, address, sender = head.split(" ", 2)
            for style in STYLES:
                raw = message(way, address, sender, subject, body, style)
                yield Sample(label, f"{subject[:40]} ({style})", raw)


def message(way: str, address: str, name: str, subject: str, body: str, style: str) -> bytes:
    """One message as a server would deliver it; ``bare``: as a file without a trace of its way."""
    local, _, host = address.partition("@")
    results, fields = _WAYS[way]
    values = {"address": address, "local": local, "host": host, "envelope": address}
    values["results"] = results.format(**values)
    head = "" if style == "bare" else _ARRIVED.format(**values)
    head += fields.format(**values)
    to = "undisclosed-recipients:;" if way == "hijacked" else TO
    head += (
        f"Date: {_AT}\nFrom: {Header(name, 'utf-8').encode()} <{address}>\nTo: {to}\n"
        f"Subject: {Header(subject, 'utf-8').encode()}\nMessage-ID: <1.{local}@{host}>\n"
    )
    if subject.startswith("Re: ") and way in ("plain", "list"):
        head += "In-Reply-To: <77.kervran@ac-exemple.test>\n"
    return (head + "MIME-Version: 1.0\n").encode() + _body(body, style, host)


def _body(body: str, style: str, host: str) -> bytes:
    if style in ("plain", "bare"):
        return _part("text/plain; charset=utf-8", "8bit", body.encode())
    if style == "quoted-printable":
        return _part("text/plain; charset=utf-8", "quoted-printable", _quoted(body.encode()))
    if style == "latin-1":
        encoded = body.encode("cp1252", "replace")
        return _part("text/plain; charset=windows-1252", "quoted-printable", _quoted(encoded))
    page = _page(body, host).encode()
    coded = _part("text/html; charset=utf-8", "base64", base64.encodebytes(page))
    if style == "html":
        return coded
    plain = _part("text/plain; charset=utf-8", "quoted-printable", _quoted(body.encode()))
    return b"\n".join(
        (
            b'Content-Type: multipart/alternative; boundary="b1"\n',
            b"--b1",
            plain,
            b"--b1",
            coded,
            b"--b1--\n",
        )
    )


def _part(kind: str, encoding: str, data: bytes) -> bytes:
    return f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n".encode() + data


def _quoted(data: bytes) -> bytes:
    return quopri.encodestring(data)


def _page(body: str, host: str) -> str:
    lines = "".join(f"<p>{html.escape(line)}</p>\n" for line in body.splitlines())
    return (
        "<html><head><style>p { margin: 0 }</style></head><body><table><tr><td>"
        f'<img src="https://www.{host}/logo.png" width="120" height="40" alt="">{lines}'
        f'<p><a href="https://www.{host}/">{host}</a></p></td></tr></table></body></html>'
    )
