"""Messages that make the answers to a list long, deep or none at all."""

from __future__ import annotations

COMMAS = 99_000


def many_commas(number: int = 0, count: int = COMMAS) -> bytes:
    """Each comma is an address without name and domain in an ENVELOPE, which has three of From."""
    commas = b"," * count
    return (
        b"Subject: virgules %d\r\nFrom: x@exemple.fr%b\r\nTo: %b\r\nCc: %b\r\n"
        b"Message-ID: <virgules-%d@exemple.fr>\r\n"
        b"Date: Thu, 06 Mar 2025 09:30:00 +0100\r\n\r\nBonjour.\r\n"
        % (number, commas, commas, commas, number)
    )


def many_recipients(count: int = COMMAS) -> bytes:
    """A letter to a whole ministry, folded as programs fold it."""
    people = b",\r\n ".join(b"p%d@ac-exemple.fr" % n for n in range(count))
    return (
        b"To: %b\r\nFrom: Recteur <recteur@ac-exemple.fr>\r\nSubject: A tous\r\n"
        b"Message-ID: <tous@ac-exemple.fr>\r\nDate: Thu, 06 Mar 2025 09:30:00 +0100\r\n"
        b"\r\nBonjour a tous.\r\n" % people
    )


def enclosed_commas(number: int = 0) -> bytes:
    """As `many_commas`, inside another message: the envelope stands in the BODYSTRUCTURE."""
    return (
        b"Subject: transmis %d\r\nFrom: y@exemple.fr\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nVoir.\r\n"
        b"--q\r\nContent-Type: message/rfc822\r\n\r\n%b\r\n--q--\r\n"
        % (number, many_commas(number))
    )


def many_parts(count: int = 10_000) -> bytes:
    parts = b"--q\r\nContent-Type: text/plain; name=a\r\n\r\nx\r\n" * count
    return (
        b"Subject: morceaux\r\nFrom: z@exemple.fr\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=q\r\n\r\n%b--q--\r\n" % parts
    )


def deep_parts(depth: int = 10_000) -> bytes:
    heads = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(depth)
    )
    return b"Subject: profond\r\nFrom: w@exemple.fr\r\nMIME-Version: 1.0\r\n%b\r\nfin\r\n" % heads
