"""The servers of the matrix, and what a check may ask of one: pages by a browser that is signed in
there, and the mailbox itself by a plain connection."""

from __future__ import annotations

import imaplib
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from django.test import Client
from django.urls import reverse

from accounts.models import MailDomain
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.submission import SubmissionServer
from tests.servers.dovecot23 import Dovecot23
from tests.servers.mailboxes import Mailbox, quoted
from tests.servers.plugin import ALICE, BOB, BusyDovecot
from tests.servers.reduced import Oddity, Reduced
from tests.waiting import LONGEST_S
from tests.webmail.views.mail import fields, page

HTMX = {"HX-Request": "true"}
SERVERS = {
    "Dovecot 2.4": "plain_dovecot",
    "Dovecot 2.3": "dovecot_23",
    "Cyrus 3.10": "cyrus",
    "Cyrus, `altnamespace`": "cyrus_alternative",
    "Courier 5.2": "courier",
    "RFC 3501 alone": "rfc3501",
    "RFC 3501, oddly": "odd_server",
}
"""The columns of the table: the fixture of each server."""
ODDITIES = frozenset(Oddity) - {
    Oddity.NIL_SEPARATORS,
    Oddity.WRONG_COUNTS,
    Oddity.KEYWORDS_DROPPED,
    Oddity.NOTHING_PERMANENT,
    Oddity.DATES_OF_1970,
    Oddity.NO_STRUCTURE,
    Oddity.SILENT_UIDPLUS,
    Oddity.SILENT_MOVE,
    Oddity.NO_STATUS,
    Oddity.BARE_STATUS,
    Oddity.LOW_UIDNEXT,
}
"""Those that one server can have together and still do what is asked; `test_oddities.py` has each
by itself."""


class Server(Protocol):
    @property
    def imap_port(self) -> int: ...

    @property
    def lmtp_port(self) -> int: ...

    def make_anew(self, login: str) -> None: ...

    def mailbox(self, account: MailAccount) -> Mailbox: ...


class _InboxAlone(Dovecot):
    """One whose users have INBOX alone until somebody makes folders."""

    def _configuration(self) -> str:
        return super()._configuration().replace("auto = subscribe", "auto = no")

    def make_anew(self, login: str) -> None:
        account = next(one for one in self.accounts if one.login == login)
        box = self.mailbox(account)
        for folder in sorted(box.folders(), reverse=True):
            if folder.startswith("shared/"):
                continue
            if folder != "INBOX":
                box.delete_folder(folder)
                box.imap.unsubscribe(quoted(folder))
        box._expunge_all("INBOX")
        box.close()
        home = self.folder / "mail" / login
        shutil.rmtree(home / "sieve", ignore_errors=True)
        (home / ".dovecot.sieve").unlink(missing_ok=True)

    def mailbox(self, account: MailAccount) -> Mailbox:
        return Mailbox(self, account)


class PlainDovecot(_InboxAlone, BusyDovecot):
    """The version that is installed."""


class PlainDovecot23(_InboxAlone, Dovecot23):
    """The version before."""


class Beyond(Reduced):
    """A reduced server, with the mailboxes of the one behind it."""

    def __init__(self, server: Server, oddities: Iterable[Oddity] = ()) -> None:
        super().__init__(server, oddities)
        self.make_anew = server.make_anew
        self.mailbox = server.mailbox


@dataclass
class Place:
    """One server, with Alice signed in: her mailbox has INBOX alone at first."""

    server: Server
    domain: MailDomain
    sign_in: Callable[..., Client]
    submission: SubmissionServer
    settings: Any

    @cached_property
    def reader(self) -> Client:
        return self.sign_in(ALICE)

    @cached_property
    def colleague(self) -> Client:
        return self.sign_in(BOB)

    @cached_property
    def box(self) -> Mailbox:
        return self.server.mailbox(ALICE)

    @cached_property
    def other(self) -> Mailbox:
        return self.server.mailbox(BOB)

    def close(self) -> None:
        for box in (self.box, self.other):
            box.close()

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """What the webmail is told."""
        imap = imaplib.IMAP4("127.0.0.1", self.server.imap_port, timeout=LONGEST_S)
        imap.login(ALICE.login, ALICE.password)
        told = imap.capability()[1][0]
        imap.logout()
        return frozenset(told.decode().upper().split())

    @property
    def knows_ascii_alone(self) -> bool:
        """In SEARCH."""
        server = self.server
        return isinstance(server, Beyond) and Oddity.ASCII_SEARCH in server.oddities

    @property
    def keeps_keywords(self) -> bool:
        server = self.server
        return not (isinstance(server, Beyond) and Oddity.KEYWORDS_REFUSED in server.oddities)

    @property
    def sieve_port(self) -> int | None:
        return getattr(self.server, "sieve_port", None)

    @cached_property
    def prefix(self) -> str:
        """With which the names of her folders begin."""
        return "INBOX." if b'(("INBOX."' in (self.box.imap.namespace()[1][0] or b"") else ""

    @cached_property
    def separator(self) -> str:
        return "." if self.prefix else "/"

    def folder(self, *levels: str) -> str:
        """The name at the server."""
        return self.prefix + self.separator.join(levels)

    def make(self, *levels: str) -> str:
        name = self.folder(*levels)
        self.box.create_folder(name)
        return name

    def alive(self, folder: str = "INBOX") -> list[int]:
        """The UIDs of what is not marked as deleted: without UIDPLUS that is as good as gone."""
        box = self.box
        return [uid for uid in box.uids(folder) if "\\Deleted" not in box.flags(uid, folder)]

    def url(self, folder: str = "INBOX", more: str = "", query: str = "") -> str:
        return reverse("mail:folder", args=[folder]) + more + query

    def list(self, query: str = "", folder: str = "INBOX") -> Any:
        answer = self.reader.get(self.url(folder, query=query))
        assert answer.status_code == 200, page(answer)[:2000]
        return answer

    def ref(self, uid: int, folder: str = "INBOX") -> str:
        shift = getattr(self.server, "shift", 0)
        return f"{self.box.uidvalidity(folder) + shift}-{uid}"

    def open(self, uid: int, more: str = "", folder: str = "INBOX") -> Any:
        answer = self.reader.get(self.url(folder, f"{self.ref(uid, folder)}/{more}"), headers=HTMX)
        assert answer.status_code == 200, page(answer)[:2000]
        return answer

    def act(self, verb: str, *uids: int, folder: str = "INBOX", **more: str) -> str:
        """Do it to messages; the page that tells."""
        data = {"verb": verb, "refs": [self.ref(uid, folder) for uid in uids], **more}
        answer = self.reader.post(self.url(folder, "act/"), data, headers=HTMX)
        assert answer.status_code == 200, page(answer)[:2000]
        return page(answer)

    def undo(self, told: str) -> int:
        """Press the toast's button; the answer's status."""
        toast = told.split('id="toast"')[1]
        url = re.search(r'<form[^>]* action="([^"]*)"', toast)
        assert url, toast[:2000]
        answer = self.reader.post(url[1], dict(fields(toast)), headers=HTMX, follow=True)
        status: int = answer.status_code
        return status

    def change(self, verb: str, folder: str = "", **more: str) -> Any:
        data = {"verb": verb, "folder": folder, **more}
        return self.reader.post("/folders/change/", data, follow=True)
