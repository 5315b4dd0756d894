"""Views are tried through the client, on real servers; no test may leave a secret in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from accounts import session
from accounts.models import MailDomain
from demo.servers.dovecot import MailAccount
from tests.servers.plugin import ALICE, BOB


@pytest.fixture(autouse=True)
def no_secret_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    for name in ("", "webmail", "accounts", "django"):
        caplog.set_level(logging.INFO, logger=name)
    yield
    for when in ("setup", "call"):
        for record in caplog.get_records(when):
            said = logging.Formatter().format(record) + repr(record.args)
            for account in (ALICE, BOB):
                assert account.password not in said


@pytest.fixture(autouse=True)
def no_connection_of_another_test() -> Iterator[None]:
    """On SQLite a person's key comes again in the next test, where other servers stand."""
    yield
    session.pool().close_all()


@pytest.fixture
def reader(signed_in: Callable[..., Client], alice: MailAccount) -> Client:
    """Alice's, signed in."""
    return signed_in(alice)


@pytest.fixture
def imap_moved(mail_domain: MailDomain) -> Callable[[int], None]:
    """`imap_moved(port)`: from now on the domain's IMAP server is the one at that port."""

    def move(port: int) -> None:
        mail_domain.imap_port = port
        mail_domain.save()
        session.pool().close_all()

    return move


@pytest.fixture
def smtp_moved(mail_domain: MailDomain) -> Callable[[int], None]:
    """`smtp_moved(port)`: the domain's submission server is the one at that port."""

    def move(port: int) -> None:
        mail_domain.smtp_port = port
        mail_domain.save()

    return move
