"""People, their mailboxes, and a connection to one: what tests of mail ask for by name.

Loaded by `-p tests.servers.people` in pyproject.toml. Nothing here needs Django.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.submission import SubmissionServer
from mail.imap import connection
from mail.imap.connection import Connection
from mail.imap.values import ImapServer, MessageRef
from tests import once
from tests.corpus import KINDS, SHARED, write
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB


@pytest.fixture(scope="session")
def mailboxes(dovecot: Dovecot) -> Iterator[dict[str, Mailbox]]:
    """By login; their connections live as long as the session."""
    opened = {account.login: Mailbox(dovecot, account) for account in (ALICE, BOB)}
    yield opened
    for mailbox in opened.values():
        mailbox.close()


@pytest.fixture(scope="session")
def submission_server(
    dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SubmissionServer]:
    """The academy's SMTP server before the private Dovecot."""
    server = SubmissionServer(
        tmp_path_factory.mktemp("submission"),
        [ALICE, BOB],
        domain="ac-exemple.fr",
        lmtp_port=dovecot.lmtp_port,
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def alice(mailboxes: dict[str, Mailbox]) -> MailAccount:
    """She may sign in; her mailbox is empty."""
    mailboxes["alice"].empty()
    return ALICE


@pytest.fixture
def bob(mailboxes: dict[str, Mailbox]) -> MailAccount:
    """Somebody else; his mailbox is empty."""
    mailboxes["bob"].empty()
    return BOB


@pytest.fixture
def mailbox(alice: MailAccount, mailboxes: dict[str, Mailbox]) -> Mailbox:
    """Alice's."""
    return mailboxes["alice"]


@pytest.fixture
def bobs_mailbox(bob: MailAccount, mailboxes: dict[str, Mailbox]) -> Mailbox:
    return mailboxes["bob"]


@pytest.fixture
def deliver(mailbox: Mailbox) -> Callable[..., int]:
    """`deliver("newsletter.eml", folder="INBOX", flags=(), date=None)` -> UID, for Alice."""
    return mailbox.append


@pytest.fixture
def imap_server(dovecot: Dovecot) -> ImapServer:
    return ImapServer("127.0.0.1", dovecot.imap_port, "none", timeout=10)


@pytest.fixture
def imap(imap_server: ImapServer, alice: MailAccount) -> Iterator[Connection]:
    """Alice's connection, signed in; her mailbox is empty."""
    opened = connection.open(imap_server, alice.login, alice.password)
    yield opened
    opened.close()


@pytest.fixture
def ref(imap: Connection):
    """`ref(uid, folder="INBOX")`: the name of a message of Alice's."""

    def named(uid: int, folder: str = "INBOX") -> MessageRef:
        return MessageRef(folder, imap.select(folder).uidvalidity, uid)

    return named


@pytest.fixture(scope="session", params=KINDS)
def corpus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of odd and hostile messages, once for each corpus that is there."""
    if request.param == "shared":
        return SHARED
    return once.made(tmp_path_factory, "corpus", write)
