"""A person's mailbox seen from outside: what tests put into it and find in it.

It speaks through imaplib alone, so that a fault in `mail.imap` can't hide itself.
"""

from __future__ import annotations

import imaplib
import re
import smtplib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from imap_tools.imap_utf7 import utf7_decode, utf7_encode

from demo.servers.dovecot import SPECIAL_USE, MailAccount
from demo.servers.process import LOOPBACK
from tests.waiting import LONGEST_S

_BARE_PARENT = re.compile(rb"\([^)]*\\(Noselect|NonExistent)\b", re.IGNORECASE)

DATA = Path(__file__).parent.parent / "data"


def message_bytes(message: str | bytes) -> bytes:
    """The bytes given, or those of a file in tests/data/, wherever below; lines end in CRLF."""
    if isinstance(message, str):
        found = sorted(DATA.rglob(message))
        if not found:
            raise FileNotFoundError(f"tests/data has no {message}")
        message = found[0].read_bytes()
    return re.sub(rb"\r?\n", b"\r\n", message)


class MailServer(Protocol):
    """A server with mailboxes, and its ports."""

    @property
    def imap_port(self) -> int: ...

    @property
    def lmtp_port(self) -> int: ...


class Mailbox:
    """All of one person's mail. Folder names are plain text; flags are as IMAP writes them."""

    def __init__(self, server: MailServer, account: MailAccount) -> None:
        self.account = account
        self._server = server
        self._imap: imaplib.IMAP4 | None = None

    def empty(self) -> None:
        """No message, no folder but the special-use ones, and no subscription of another."""
        imap = self.imap
        counts = _counts(imap)
        for folder in sorted(counts, reverse=True):
            if folder != "INBOX" and folder not in SPECIAL_USE:
                self.delete_folder(folder)
            elif counts[folder]:
                self._expunge_all(folder)
        if not counts.keys() >= set(SPECIAL_USE):
            # Those that a test removed. One may still be a bare parent, until its folders are gone.
            for folder in set(SPECIAL_USE) - set(self.folders()):
                self.create_folder(folder)
        _, lines = imap.lsub()
        left = {_folder_name(line) for line in lines if isinstance(line, bytes)}
        for folder in left - {"INBOX", *SPECIAL_USE}:
            imap.unsubscribe(quoted(folder))

    def folders(self) -> list[str]:
        """Those that hold mail; a bare parent (\\Noselect) goes with its last child."""
        _, lines = self.imap.list()
        found = [line for line in lines if isinstance(line, bytes)]
        return [_folder_name(line) for line in found if not _BARE_PARENT.match(line)]

    def create_folder(self, folder: str) -> None:
        _expect(self.imap.create(quoted(folder)))
        self.imap.subscribe(quoted(folder))

    def delete_folder(self, folder: str) -> None:
        with suppress(imaplib.IMAP4.error):
            self.imap.unselect()
        _expect(self.imap.delete(quoted(folder)))

    def append(
        self,
        message: str | bytes,
        folder: str = "INBOX",
        flags: Sequence[str] = (),
        date: datetime | None = None,
    ) -> int:
        """Put one message (bytes, or a file's name in tests/data/); its UID."""
        when = imaplib.Time2Internaldate(date) if date else ""
        written = f"({' '.join(flags)})"
        answer = self.imap.append(quoted(folder), written, when, message_bytes(message))
        found = re.search(rb"APPENDUID \d+ (\d+)", _expect(answer))
        if found is None:
            raise AssertionError(f"no APPENDUID: {answer}")
        return int(found[1])

    def uids(self, folder: str = "INBOX") -> list[int]:
        self._select(folder)
        _, (found, *_) = self.imap.uid("SEARCH", "ALL")
        return [int(uid) for uid in found.split()]

    def uidvalidity(self, folder: str = "INBOX") -> int:
        _, (answer, *_) = self.imap.status(quoted(folder), "(UIDVALIDITY)")
        return int(answer.rsplit(b" ", 1)[1].rstrip(b")"))

    def flags(self, uid: int, folder: str = "INBOX") -> frozenset[str]:
        """Without \\Recent, which depends on who looked first."""
        self._select(folder)
        _, (answer, *_) = self.imap.uid("FETCH", str(uid), "(FLAGS)")
        return frozenset(flag.decode() for flag in imaplib.ParseFlags(answer)) - {"\\Recent"}

    def set_flags(self, uid: int, flags: Sequence[str], folder: str = "INBOX") -> None:
        """Replace the flags."""
        self._select(folder)
        _expect(self.imap.uid("STORE", str(uid), "FLAGS.SILENT", f"({' '.join(flags)})"))

    def message(self, uid: int, folder: str = "INBOX") -> bytes:
        self._select(folder)
        _, (answer, *_) = self.imap.uid("FETCH", str(uid), "(BODY.PEEK[])")
        body: bytes = answer[1]
        return body

    def messages(self, folder: str = "INBOX") -> list[bytes]:
        """All of a folder, oldest first."""
        return [self.message(uid, folder) for uid in self.uids(folder)]

    def receive(self, message: str | bytes, sender: str = "parent@exemple.fr") -> None:
        """By LMTP, as new mail comes: Sieve scripts run, Return-Path and Received are added."""
        with smtplib.LMTP(LOOPBACK, self._server.lmtp_port, timeout=LONGEST_S) as lmtp:
            lmtp.sendmail(sender, [self.account.login], message_bytes(message))

    def close(self) -> None:
        if self._imap is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                self._imap.logout()
            self._imap = None

    @property
    def imap(self) -> imaplib.IMAP4:
        """An open connection, for what the other methods don't know."""
        if self._imap is not None:
            try:
                self._imap.noop()
            except (imaplib.IMAP4.error, OSError):
                # Dovecot hangs up on who has a folder open that another renames.
                self._imap.shutdown()
                self._imap = None
        if self._imap is None:
            self._imap = self._connect()
        return self._imap

    def _connect(self) -> imaplib.IMAP4:
        imap = imaplib.IMAP4(LOOPBACK, self._server.imap_port, timeout=LONGEST_S)
        secret = f"\0{self.account.login}\0{self.account.password}".encode()
        try:
            imap.authenticate("PLAIN", lambda _: secret)
        except imaplib.IMAP4.error:
            imap.shutdown()
            raise
        return imap

    def _select(self, folder: str) -> None:
        _expect(self.imap.select(quoted(folder)))

    def _expunge_all(self, folder: str) -> None:
        _, (count, *_) = self.imap.select(quoted(folder))
        if count != b"0":
            self.imap.store("1:*", "+FLAGS.SILENT", "(\\Deleted)")
            self.imap.expunge()


def _counts(imap: imaplib.IMAP4) -> dict[str, int]:
    """How many messages each folder has, in one command (RFC 5819)."""
    imap.xatom("LIST", '""', '"*"', "RETURN", "(STATUS (MESSAGES))")
    _, listed = imap.response("LIST")
    _, told = imap.response("STATUS")
    lines = [line for line in listed if isinstance(line, bytes)]
    counts = {_folder_name(line): 0 for line in lines if not _BARE_PARENT.match(line)}
    for line in told:
        found = re.fullmatch(rb"(.*) \(MESSAGES (\d+)\)", line or b"")
        if found is None:
            raise AssertionError(f"not a line of STATUS: {line!r}")
        counts[_plain_name(found[1])] = int(found[2])
    return counts


def _expect(answer: tuple[str, Sequence[bytes | None]]) -> bytes:
    status, data = answer
    if status != "OK":
        raise AssertionError(f"the server said {status}: {data!r}")
    return data[0] or b""


def quoted(folder: str) -> str:
    """As imaplib must be given it: modified UTF-7 in quotes."""
    text = utf7_encode(folder).decode("ascii")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _folder_name(line: bytes) -> str:
    """From a line of LIST: `(\\HasNoChildren) "/" "Été"`."""
    found = re.match(rb'\([^)]*\) (?:"[^"]*"|NIL) (.*)', line)
    if found is None:
        raise AssertionError(f"not a line of LIST: {line!r}")
    return _plain_name(found[1])


def _plain_name(name: bytes) -> str:
    if name.startswith(b'"'):
        name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
    return utf7_decode(name)
