"""Messages that attacks are made of."""

from __future__ import annotations

import base64
from collections.abc import Sequence

BOUNDARY = "=_limite"


def letter(
    body: str | bytes,
    media_type: str = "text/plain; charset=utf-8",
    *,
    fields: Sequence[str] = (),
    subject: str = "Attaque",
) -> bytes:
    """A message with one part; ``fields`` are lines of the header."""
    head = [
        "From: Quelqu'un <quelquun@exemple.fr>",
        "To: alice@ac-exemple.fr",
        f"Subject: {subject}",
        "Date: Sat, 28 Nov 2026 10:00:00 +0100",
        "Message-ID: <attaque@exemple.fr>",
        *fields,
    ]
    content = body.encode() if isinstance(body, str) else body
    return whole(head, [f"Content-Type: {media_type}"], content)


def whole(head: Sequence[str], described: Sequence[str], content: bytes) -> bytes:
    lines = [*head, "MIME-Version: 1.0", *described, "", ""]
    return "\r\n".join(lines).encode() + content


def part(content: str | bytes, media_type: str, *described: str) -> bytes:
    """A part of a multipart, its head included."""
    body = content.encode() if isinstance(content, str) else content
    return "\r\n".join([f"Content-Type: {media_type}", *described, "", ""]).encode() + body


def multipart(parts: Sequence[bytes], kind: str = "mixed") -> bytes:
    return letter(joined(parts), f'multipart/{kind}; boundary="{BOUNDARY}"')


def joined(parts: Sequence[bytes], boundary: str = BOUNDARY) -> bytes:
    line = f"--{boundary}".encode()
    return b"".join(line + b"\r\n" + one + b"\r\n" for one in parts) + line + b"--\r\n"


def with_file(
    content: bytes, name: str, media_type: str = "application/octet-stream", text: str = "Voici."
) -> bytes:
    """A message with a text and an attached file."""
    file = part(
        base64.encodebytes(content),
        f'{media_type}; name="{name}"',
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment; filename="{name}"',
    )
    return multipart([part(text, "text/plain; charset=utf-8"), file])


def html(body: str, style: str = "") -> bytes:
    """A message in HTML alone."""
    sheet = f"<style>{style}</style>" if style else ""
    page = f"<html><head>{sheet}</head><body>{body}</body></html>"
    return letter(page, "text/html; charset=utf-8")
