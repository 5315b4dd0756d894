"""The people of the demo academy, and how their mailboxes are filled."""

import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from typing import Literal
from urllib.parse import urlsplit

from imap_tools import BaseMailBox, MailBoxUnencrypted

from demo.mail import mailboxes, people
from demo.mail.writing import ARCHIVE, DRAFTS, JUNK, SENT, TRASH, Folder, Stored
from demo.servers.dovecot import MailAccount

DOMAIN = people.DOMAIN


@dataclass(frozen=True)
class Person:
    """A person of the academy. `aliases` are other spellings of the login that open the same
    mailbox."""

    login: str
    address: str
    aliases: tuple[str, ...]
    name: str
    password: str
    role: Literal["teacher", "head"]


def _person(
    login: str, address: Address, password: str, role: Literal["teacher", "head"]
) -> Person:
    aliases = (address.addr_spec, f"{login}@{DOMAIN}", address.username)
    return Person(login, address.addr_spec, aliases, address.display_name, password, role)


PEOPLE: tuple[Person, ...] = (
    _person("fdurand", people.DURAND, "Craie&Tableau7", "teacher"),
    _person("cmorvan", people.MORVAN, "Loupe+Riviere3", "teacher"),
    _person("nguerin", people.GUERIN, "Cloche!Cour9", "head"),
)
# No person: this account sends the notices of the webmail.
NOTICES = MailAccount("messagerie", "Facteur#Velo5", (f"messagerie@{DOMAIN}",))

_ADDRESSES = {
    address.addr_spec: address for address in (people.DURAND, people.MORVAN, people.GUERIN)
}

# RFC 6154. The names in `demo.mail` are used when the server has no folder for a special use.
_SPECIAL_USES = {
    SENT: "\\Sent",
    DRAFTS: "\\Drafts",
    TRASH: "\\Trash",
    JUNK: "\\Junk",
    ARCHIVE: "\\Archive",
}

# This folder is made last. A mailbox that has it was filled, whatever became of its mail since.
_MARKER: Folder = ("Circulaires", "Années précédentes")


def mail_of(person: Person, now: datetime) -> tuple[Stored, ...]:
    """Return the mail of one person as it would be at `now` (aware), oldest first."""
    return mailboxes.of(_ADDRESSES[person.address], now)


def fill(imap_url: str, now: datetime | None = None, *, people: Sequence[Person] = PEOPLE) -> int:
    """Fill the mailboxes on a server of our own ("imap://127.0.0.1:10143"); see `fill_with`."""
    address = urlsplit(imap_url)

    def connect(person: Person) -> BaseMailBox:
        mailbox = MailBoxUnencrypted(address.hostname or "", address.port or 143)
        # imaplib sends a literal and its line ending separately; without this, each message takes
        # 40 ms.
        mailbox.client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return mailbox.login(person.login, person.password)

    return fill_with(connect, now or datetime.now(UTC), people)


def fill_with(
    connect: Callable[[Person], BaseMailBox], now: datetime, people: Sequence[Person] = PEOPLE
) -> int:
    """Fill the mailbox of each person that was never filled. Return the number of messages added.

    `connect` opens a signed-in mailbox, which is signed out here. Existing mail stays.
    """

    def fill_one(person: Person) -> int:
        with connect(person) as mailbox:
            return 0 if _was_filled(mailbox) else _fill_one(mailbox, person, now)

    # The pure-Python server takes 44 ms for each APPEND, so the mailboxes are filled in parallel.
    with ThreadPoolExecutor(len(PEOPLE)) as threads:
        return sum(threads.map(fill_one, people))


def _was_filled(mailbox: BaseMailBox) -> bool:
    delimiter = _delimiter(mailbox)
    if mailbox.folder.exists(delimiter.join(_MARKER)):
        return True
    return bool(mailbox.folder.status("INBOX", ["MESSAGES"])["MESSAGES"])


def _delimiter(mailbox: BaseMailBox) -> str:
    return next(iter(mailbox.folder.list())).delim or "/"


def _fill_one(mailbox: BaseMailBox, person: Person, now: datetime) -> int:
    messages = mail_of(person, now)
    empty = mailboxes.EMPTY_FOLDERS if person.role == "teacher" else ()
    names = _make_folders(mailbox, [*(message.folder for message in messages), *empty])
    for message in messages:
        mailbox.append(message.content, names[message.folder], message.date, message.flags)
    _make_folders(mailbox, [_MARKER])
    return len(messages)


def _make_folders(mailbox: BaseMailBox, folders: Iterable[Folder]) -> dict[Folder, str]:
    """Return the server's name of each folder. Missing folders are created, parents first, and
    subscribed."""
    server_folders = mailbox.folder.list()
    delimiter = _delimiter(mailbox)
    existing = {folder.name for folder in server_folders}
    special = {flag: folder.name for folder in server_folders for flag in folder.flags}
    names: dict[Folder, str] = {}
    for path in sorted(set(folders)):
        uses = _SPECIAL_USES.get(path, "")
        names[path] = special.get(uses) or delimiter.join(path)
        for depth in range(1, len(path) + 1):
            name = names[path] if depth == len(path) else delimiter.join(path[:depth])
            if name not in existing and name != "INBOX":
                mailbox.folder.create(name)
                mailbox.folder.subscribe(name, True)
                existing.add(name)
    return names
