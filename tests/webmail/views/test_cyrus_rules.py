"""Rules that file mail in folders with accents, on Cyrus, which reads names in scripts as modified
UTF-7 unless it is set otherwise, and does not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from django.test import Client

from accounts.models import MailDomain
from tests.servers.cyrus import Cyrus
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.webmail.views.mail import letter, page, words
from tests.webmail.views.rules.test_rules import a_rule, save

pytestmark = pytest.mark.django_db
FOLDER = "Élèves & parents"


@pytest.fixture(params=["cyrus", "cyrus_alternative"])
def server(request: pytest.FixtureRequest, mail_domain: MailDomain) -> Cyrus:
    made: Cyrus = request.getfixturevalue(request.param)
    return at(made, mail_domain)


def at(server: Cyrus, mail_domain: MailDomain) -> Cyrus:
    """Alice has INBOX alone there, and no rules."""
    server.make_anew(ALICE.login)
    mail_domain.imap_port = server.imap_port
    mail_domain.sieve_host, mail_domain.sieve_port = "127.0.0.1", server.sieve_port
    mail_domain.sieve_security = MailDomain.Security.NONE
    mail_domain.save()
    return server


@pytest.fixture
def folder(server: Cyrus) -> str:
    return FOLDER if server.separator == "/" else f"INBOX.{FOLDER}"


@pytest.fixture
def box(server: Cyrus, folder: str) -> Iterator[Mailbox]:
    with closing(server.mailbox(ALICE)) as mailbox:
        mailbox.create_folder(folder)
        yield mailbox


@pytest.fixture
def reader(box: Mailbox, signed_in: Callable[..., Client]) -> Client:
    return signed_in(ALICE)


def test_a_rule_files_mail_in_a_folder_with_accents(
    reader: Client, box: Mailbox, folder: str
) -> None:
    save(reader, **{"a0-folder": folder})
    box.receive(letter(sender="x@parents.fr"))
    assert len(box.messages(folder)) == 1 and box.uids() == []
    # Read again, it is the same rule; saved with another one, it still works.
    assert FOLDER in page(reader.get("/rules/")).replace("&amp;", "&")
    save(reader, **{"name": "Autre", "a0-folder": "INBOX", "g0-0-value": "@autres.fr"})
    box.receive(letter(sender="y@parents.fr", message_id="<2@parents.fr>"))
    assert len(box.messages(folder)) == 2


def test_a_rule_that_would_file_nothing_is_not_saved(
    narrow_cyrus: Cyrus, mail_domain: MailDomain, signed_in: Callable[..., Client]
) -> None:
    """This one's scripts know no identifiers of folders."""
    at(narrow_cyrus, mail_domain)
    with closing(narrow_cyrus.mailbox(ALICE)) as box:
        box.create_folder(f"INBOX.{FOLDER}")
    reader = signed_in(ALICE)
    answer = reader.post("/rules/new/", a_rule(reader, **{"a0-folder": f"INBOX.{FOLDER}"}))
    assert answer.status_code == 422 and "sieve_utf8fileinto" in words(answer)
