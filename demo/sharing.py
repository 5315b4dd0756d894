"""Folders that people of the academy share, where the demo's server has access lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from typing import Final, cast

from imap_tools import BaseMailBox, MailBoxUnencrypted

from demo import academy
from demo.mail import people
from demo.mail.writing import UNREAD, Letter, kept
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.process import LOOPBACK
from webmail.imap.connection import quoted_folder

# A mailbox of the school, which nobody signs in to: the head reads it and answers for it.
OFFICE: Final = MailAccount(people.OFFICE.username, "Tampon;Encre4", (people.OFFICE.addr_spec,))
JOURNAL: Final = "Journal du collège"
_SORT: Final = "lrswite"
# Who manages a mailbox sets its answers of absence, too.
_ALL: Final = "lrswitekxpa"


def fill(server: Dovecot, now: datetime | None = None) -> None:
    """Make what is not there yet: a colleague's folder for Françoise Durand, the school's mailbox
    for its head."""
    moment = now or datetime.now(UTC)
    teacher, colleague, head = academy.PEOPLE
    with _signed_in(server, colleague.login, colleague.password) as mailbox:
        if not mailbox.folder.exists(JOURNAL):
            mailbox.folder.create(JOURNAL)
            mailbox.folder.subscribe(JOURNAL, True)
            _put(mailbox, JOURNAL, _articles(moment))
            _share(mailbox, JOURNAL, teacher.login)
    with _signed_in(server, OFFICE.login, OFFICE.password) as mailbox:
        if not mailbox.folder.status("INBOX", ["MESSAGES"])["MESSAGES"]:
            _put(mailbox, "INBOX", _requests(moment))
            _share(mailbox, "INBOX", head.login, _ALL)
            _share(mailbox, "Sent", head.login)


def _signed_in(server: Dovecot, login: str, password: str) -> BaseMailBox:
    return MailBoxUnencrypted(LOOPBACK, server.imap_port).login(login, password)


def _share(mailbox: BaseMailBox, name: str, login: str, rights: str = _SORT) -> None:
    mailbox.client.setacl(cast(str, quoted_folder(name)), login, rights)


def _put(mailbox: BaseMailBox, folder: str, letters: tuple[Letter, ...]) -> None:
    for letter in letters:
        stored = kept(letter, flags=UNREAD)
        mailbox.append(stored.content, folder, stored.date, stored.flags)


def _letter(
    slug: str, sender: Address, to: Address, subject: str, at: datetime, text: str
) -> Letter:
    return Letter(slug=slug, sender=sender, to=(to,), subject=subject, date=at, text=text)


def _articles(now: datetime) -> tuple[Letter, ...]:
    return (
        _letter(
            "article-chorale",
            people.LEFORT,
            people.MORVAN,
            "Article : la chorale à la maison de retraite",
            now - timedelta(hours=27),
            """
            Bonjour Claire,

            Voici l’article des élèves de 5e C : une page, deux photos à venir.

            David
            """,
        ),
        _letter(
            "article-film",
            people.BENALI,
            people.MORVAN,
            "Article : le club film d’animation",
            now - timedelta(hours=5),
            """
            Salut,

            Le texte est prêt ; il manque la légende de l’image. Quelqu’un s’en charge ?

            Karim
            """,
        ),
    )


def _requests(now: datetime) -> tuple[Letter, ...]:
    return (
        _letter(
            "bon-de-commande",
            people.MUSEUM,
            people.OFFICE,
            "Bon de commande : visite du 14 décembre",
            now - timedelta(hours=22),
            """
            Bonjour,

            Pourriez-vous nous renvoyer le bon de commande signé ?

            Le service éducatif
            """,
        ),
        _letter(
            "certificats",
            people.STORES,
            people.OFFICE,
            "Certificats de scolarité demandés à la loge",
            now - timedelta(hours=3),
            """
            Bonjour,

            Trois familles attendent un certificat pour lundi.

            L’intendance
            """,
        ),
    )
