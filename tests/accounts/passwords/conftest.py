"""A person whose password may be changed: not Alice's, which every test knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from imaplib import IMAP4

import pytest
from django.test import Client

from accounts import session
from accounts.models import MailDomain
from demo.servers.dovecot import Dovecot, MailAccount
from tests.servers.mailboxes import Mailbox
from tests.waiting import wait_for

CAROLE = MailAccount(
    "carole", "Premier-Tableau7", ("carole@ac-exemple.fr", "carole.roux@ac-exemple.fr")
)


@pytest.fixture
def opens(dovecot: Dovecot) -> Callable[[str, str], bool]:
    """`opens("carole", password)`: whether the mail server takes it, asked directly."""

    def ask(login: str, password: str) -> bool:
        with suppress(IMAP4.error), closing(Mailbox(dovecot, MailAccount(login, password))) as box:
            return bool(box.imap)
        return False

    return ask


@pytest.fixture
def carole(
    dovecot: Dovecot, mail_domain: MailDomain, settings, opens: Callable[..., bool]
) -> Iterator[MailAccount]:
    """She may sign in, and her domain changes passwords in Dovecot's file."""
    settings.PASSWORD_DOVECOT_PATH = {"": str(dovecot.users)}
    mail_domain.password_driver = MailDomain.PasswordDriver.DOVECOT
    mail_domain.save()
    if not opens(CAROLE.login, CAROLE.password):
        dovecot.write_accounts([*dovecot.accounts, CAROLE])
        wait_for(lambda: opens(CAROLE.login, CAROLE.password))
    before = dovecot.users.read_bytes()
    yield CAROLE
    session.pool().close_all()
    if dovecot.users.read_bytes() != before:
        dovecot.write_accounts([*dovecot.accounts, CAROLE])


@pytest.fixture
def hers(signed_in: Callable[..., Client], carole: MailAccount) -> Client:
    """Her browser, signed in."""
    return signed_in(carole)
