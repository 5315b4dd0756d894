"""Mailboxes of many messages, made fast: one MULTIAPPEND (RFC 3502) with literals that wait for
nothing (RFC 7888), then COPY.

The same numbers give the same messages, three an hour, one after the other; from the thousandth on
they come again. Their dates then begin again, too, unless all arrived at one moment.
"""

from __future__ import annotations

import imaplib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.servers.mailboxes import Mailbox, quoted

FIRST_ONES = 1000
FIRST = datetime(2015, 9, 1, 8, 0, tzinfo=UTC)
APART = timedelta(minutes=20)
PEOPLE = (
    "Bob Petit", "Claire Morvan", "Élodie Hénaff", "Françoise Durand", "Gaël Le Bihan",
    "Hawa Diallo", "Inès Roussel", "Jean-Noël Caron", "Karim Benali", "Lucie Évrard",
)  # fmt: skip
SUBJECTS = (
    "Sortie au musée", "Conseil de classe de la 4e B", "Réunion de parents", "Emploi du temps",
    "Stage en entreprise", "Relevé de notes", "Absence de Léo", "Cantine", "Voyage à Berlin",
)  # fmt: skip
_ATTACHED = (
    'Content-Type: multipart/mixed; boundary="=-b"\r\n\r\n--=-b\r\n'
    "Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--=-b\r\n"
    'Content-Type: application/pdf; name="plan.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
    'Content-Disposition: attachment; filename="plan.pdf"\r\n\r\nJVBERi0=\r\n--=-b--\r\n'
)
_PLAIN = "Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"


def received(number: int) -> datetime:
    """When message ``number`` (from 1) arrived."""
    return FIRST + number * APART


def message(number: int) -> bytes:
    """Message ``number``; all are about as long, whatever the number."""
    chosen = random.Random(number)  # noqa: S311  a mailbox is no secret
    name = chosen.choice(PEOPLE)
    local = name.lower().encode("ascii", "ignore").decode().replace(" ", ".")
    head = (
        f"From: {name} <{local}@ac-exemple.fr>\r\nTo: Alice Martin <alice@ac-exemple.fr>\r\n"
        f"Subject: {chosen.choice(SUBJECTS)} {number:06d}\r\n"
        f"Date: {format_datetime(received(number))}\r\n"
        f"Message-ID: <{number:06d}@ac-exemple.fr>\r\nMIME-Version: 1.0\r\n"
    )
    body = _ATTACHED if number % 5 == 0 else _PLAIN
    return (head + body.format(text=f"Bonjour, ceci est la lettre {number:06d}.")).encode()


def fill(mailbox: Mailbox, folder: str, count: int, moment: datetime | None = None) -> None:
    """Put ``count`` messages into a folder that is empty: the first thousand, then copies of them,
    which take a twentieth of the time. Every third is unread, every tenth flagged. All arrived at
    the ``moment``, where there is one."""
    imap = mailbox.imap
    first = range(1, min(count, FIRST_ONES) + 1)
    command = b"m APPEND %s" % quoted(folder).encode()
    imap.send(b"".join((command, *_pieces(first, moment), b"\r\n")))
    _wait_for(imap, b"m")
    imap.select(quoted(folder))
    for start in range(FIRST_ONES, count, FIRST_ONES):
        last = min(FIRST_ONES, count - start)
        imap.send(b"c COPY 1:%d %s\r\n" % (last, quoted(folder).encode()))
        _wait_for(imap, b"c")


def _pieces(numbers: range, at_once: datetime | None) -> Iterator[bytes]:
    for number in numbers:
        flags = ([] if number % 3 == 0 else [r"\Seen"]) + [r"\Flagged"] * (number % 10 == 0)
        content = message(number)
        moment = (at_once or received(number)).strftime("%d-%b-%Y %H:%M:%S +0000")
        yield b' (%s) "%s" {%d+}\r\n' % (" ".join(flags).encode(), moment.encode(), len(content))
        yield content


def _wait_for(imap: imaplib.IMAP4, tag: bytes) -> None:
    while not (line := imap.readline()).startswith(tag):
        if not line:
            raise AssertionError("the server hung up")
    if not line.startswith(tag + b" OK"):
        raise AssertionError(f"the server said {line!r}")
