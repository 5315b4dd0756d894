"""People and places that tests ask for by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from demo.servers.dovecot import Dovecot, MailAccount
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB


@pytest.fixture(scope="session")
def mailboxes(dovecot: Dovecot) -> Iterator[dict[str, Mailbox]]:
    """By login; their connections live as long as the session."""
    opened = {account.login: Mailbox(dovecot, account) for account in (ALICE, BOB)}
    yield opened
    for mailbox in opened.values():
        mailbox.close()


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
