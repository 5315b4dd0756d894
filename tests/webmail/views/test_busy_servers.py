"""Mail servers that have as many connections as they allow from one address: they count those of
all users, who come from the webmail's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from django.test import Client
from django.urls import reverse

from accounts import session
from accounts.models import MailDomain, User
from tests.servers.courier import Courier
from tests.servers.cyrus import Cyrus
from tests.servers.plugin import ALICE, BOB
from tests.webmail.views.mail import words

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["narrow_courier", "narrow_cyrus"])
def narrow(request: pytest.FixtureRequest, mail_domain: MailDomain) -> Cyrus | Courier:
    server: Cyrus | Courier = request.getfixturevalue(request.param)
    mail_domain.imap_port = server.imap_port
    mail_domain.save()
    return server


@pytest.fixture
def others(narrow: Cyrus | Courier) -> Iterator[Callable[[], object]]:
    """Each call opens a connection of another program."""
    with ExitStack() as opened:

        def open_one() -> object:
            return opened.enter_context(closing(narrow.mailbox(ALICE))).imap

        yield open_one
    time.sleep(0.2)  # the server counts those that have just been closed


def test_a_connection_that_lies_idle_is_given_up_for_another_user(
    narrow: Cyrus | Courier, others: Callable[[], object], signed_in: Callable[..., Client]
) -> None:
    bob = signed_in(BOB)
    row = User.objects.get(login="bob")
    assert bob.get("/mail/INBOX/").status_code == 200
    others()
    others() if isinstance(narrow, Courier) else None
    alice = signed_in(ALICE)
    assert alice.get("/mail/INBOX/").status_code == 200
    left = [key for key in session.pool()._by_key if isinstance(key, tuple) and key[0] == row.pk]
    assert not left


def test_a_full_server_is_no_silent_one_and_no_wrong_password(
    narrow: Cyrus | Courier, others: Callable[[], object], client: Client, clean_cache: None
) -> None:
    others()
    others()
    others() if isinstance(narrow, Courier) else None
    answer = client.post(
        reverse("account_login"), {"login": ALICE.login, "password": ALICE.password}
    )
    said = words(answer)
    assert answer.status_code == 503
    assert "est occupé" in said and "ne répond pas" not in said
