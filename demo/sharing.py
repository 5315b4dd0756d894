"""Folders that people of the academy share, where the demo's server supports access lists."""

from __future__ import annotations

from datetime import UTC, datetime
from email.headerregistry import Address
from typing import Final, cast

from imap_tools import BaseMailBox, MailBoxUnencrypted

from demo import academy
from demo.mail import files, mailboxes, people
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.process import LOOPBACK
from mail.imap.connection import quoted_folder

# A mailbox of the school without a user of its own: the head reads it and answers for it.
OFFICE: Final = MailAccount(people.OFFICE.username, "Tampon;Encre4", (people.OFFICE.addr_spec,))
JOURNAL: Final = "Journal du collège"
_SORT: Final = "lrswite"
# The manager of a mailbox may also set its answers of absence.
_ALL: Final = "lrswitekxpa"


def fill(server: Dovecot, now: datetime | None = None) -> None:
    """Create what is missing: a colleague's folder for Françoise Durand, and the school's mailbox
    for its head. The folder exists already if the colleague's password has been changed."""
    moment = now or datetime.now(UTC)
    teacher, colleague, head = academy.PEOPLE
    if colleague.login not in server.changed_logins():
        with _signed_in(server, colleague.login, colleague.password) as mailbox:
            if not mailbox.folder.exists(JOURNAL):
                mailbox.folder.create(JOURNAL)
                mailbox.folder.subscribe(JOURNAL, True)
                _put(mailbox, JOURNAL, "journal", people.MORVAN, moment)
                _share(mailbox, JOURNAL, teacher.login)
    with _signed_in(server, OFFICE.login, OFFICE.password) as mailbox:
        if not mailbox.folder.status("INBOX", ["MESSAGES"])["MESSAGES"]:
            _put(mailbox, "INBOX", "secretariat", people.OFFICE, moment)
            _share(mailbox, "INBOX", head.login, _ALL)
            _share(mailbox, "Sent", head.login)


def _signed_in(server: Dovecot, login: str, password: str) -> BaseMailBox:
    return MailBoxUnencrypted(LOOPBACK, server.imap_port).login(login, password)


def _share(mailbox: BaseMailBox, name: str, login: str, rights: str = _SORT) -> None:
    mailbox.client.setacl(cast(str, quoted_folder(name)), login, rights)


def _put(mailbox: BaseMailBox, name: str, folder: str, owner: Address, now: datetime) -> None:
    """Put in the messages of one folder of demo/data/mail."""
    for stored in files.messages(folder, mailboxes.desk_of(owner, now)):
        mailbox.append(stored.content, name, stored.date, stored.flags)
