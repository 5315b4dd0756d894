"""A person whose password may be changed: not Alice's, which every test knows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from imaplib import IMAP4

import pytest
from django.test import Client

from accounts import session
from accounts.models import MailDomain
from demo.servers.dovecot import Dovecot, MailAccount
from tests.servers.mailboxes import Mailbox

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
    dovecot.write_accounts([*dovecot.accounts, CAROLE])
    deadline = time.monotonic() + 5
    while not opens(CAROLE.login, CAROLE.password) and time.monotonic() < deadline:
        time.sleep(0.1)
    yield CAROLE
    session.pool().close_all()
    dovecot.write_accounts(dovecot.accounts)


@pytest.fixture
def browser(signed_in: Callable[..., Client], carole: MailAccount) -> Client:
    """Hers, signed in."""
    return signed_in(carole)
