"""A PostgreSQL that can be read and takes nothing: a standby, or one whose disk is full."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from accounts.middleware import LAST_ACTIVE
from accounts.sessions import WRITTEN
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, page, path

pytestmark = pytest.mark.django_db(transaction=True)
READ = [
    "/mail/INBOX/",
    "/mail/INBOX/?q=conseil",
    "/contacts/",
    "/outbox/",
    "/preferences/",
    "/help/",
]


@pytest.fixture
def read_only(reader: Client, mailbox: Mailbox) -> Iterator[str]:
    """The address of a message, once nothing can be written any more."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such state")
    url = path(mailbox, mailbox.append(letter("conseil de classe")))
    reader.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        yield url
        cursor.execute("SET default_transaction_read_only = off")


def idled(reader: Client) -> None:
    """Minutes pass, after which a page notes in session and row that it was asked for."""
    session = reader.session
    for name in (LAST_ACTIVE, WRITTEN):
        session[name] = int(time.time()) - 10 * 60
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        session.save()
        cursor.execute("SET default_transaction_read_only = on")


@pytest.mark.parametrize("url", [*READ, "a message"])
def test_pages_can_be_read(reader: Client, read_only: str, url: str) -> None:
    for _ in range(2):
        answer = reader.get(read_only if url == "a message" else url)
        assert answer.status_code == 200, page(answer)
        idled(reader)


def test_a_form_says_that_nothing_can_be_changed(reader: Client, read_only: str) -> None:
    for url, fields in {
        "/contacts/groups/new/": {"name": "Conseil"},
        "/compose/": {"to": "bob@ac-exemple.fr", "subject": "Rappel", "body": "Demain."},
    }.items():
        answer = reader.post(url, fields)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "10"), url
        assert "Rien ne peut être modifié" in page(answer)
    assert reader.get("/mail/INBOX/").status_code == 200


def test_nobody_can_sign_in(client: Client, read_only: str, alice: object) -> None:
    client.raise_request_exception = False
    answer = client.post("/accounts/login/", {"login": "alice", "password": "Craie"})
    assert answer.status_code in {200, 503}
