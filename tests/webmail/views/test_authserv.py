"""The name under which the mail server signs its results is found by comparing mailboxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import MailDomain, User
from demo.servers.dovecot import Dovecot, MailAccount
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB
from tests.webmail.doctor.test_doctor import of
from tests.webmail.views.mail import letter
from webmail.adverts import authserv
from webmail.doctor import mail
from webmail.models import AuthservWitness

pytestmark = pytest.mark.django_db

OWN = "filtre-entrant.invalid"
SIGNED = f"Authentication-Results: {OWN}; dmarc=pass; spf=pass\r\n"
FORGED = "Authentication-Results: evil.example; dmarc=pass; dkim=pass\r\n"
BORDER = (
    "Received: from out.example (out.example [203.0.113.7])"
    " by mx.ac-exemple.fr with ESMTPS; Tue, 03 Mar 2026 09:00:00 +0100\r\n"
)
SUBMITTED = BORDER.replace("ESMTPS", "ESMTPSA")


@pytest.fixture(autouse=True)
def no_name_is_set(settings: Settings) -> None:
    settings.AUTHSERV_ID = ""


@pytest.fixture
def bobs(dovecot: Dovecot, bob: MailAccount) -> Iterator[Mailbox]:
    with closing(Mailbox(dovecot, bob)) as box:
        box.empty()
        yield box


def arrived(number: int, above: str = SIGNED, below: str = "", border: str = BORDER) -> bytes:
    """A message as the server stored it, each of another sender's domain."""
    sender = f"Parent <p{number}@famille{number}.example>"
    return (above + border + below).encode() + letter(f"Lettre {number}", sender=sender)


def see(client: Client, box: Mailbox, messages: list[bytes]) -> None:
    client.get("/mail/INBOX/")
    for message in messages:
        box.append(message)
    client.get("/mail/INBOX/")


def third(mail_domain: MailDomain, messages: list[bytes], login: str = "carole") -> User:
    """Another user of the domain, whose inbox has seen these."""
    user = User.objects.create(login=login, mail_domain=mail_domain)
    authserv.note(user, messages, ("ac-exemple.fr",))
    return user


def found(login: str = "alice") -> str:
    cache.clear()
    return authserv.name(User.objects.get(login=login))


def test_a_name_that_mailboxes_agree_on_is_found_and_told(
    signed_in: Callable[..., Client],
    mailbox: Mailbox,
    bobs: Mailbox,
    mail_domain: MailDomain,
    settings: Settings,
) -> None:
    messages = [arrived(number) for number in range(12)]
    see(signed_in(ALICE), mailbox, messages)
    assert found() == ""
    see(signed_in(BOB), bobs, messages)
    assert found() == ""
    third(mail_domain, messages)
    assert found() == OWN
    assert f"WEBMAIL_AUTHSERV_ID={OWN}" in of(mail.findings, "warn")
    settings.AUTHSERV_ID = "mx.ac-exemple.fr"
    assert found() == "mx.ac-exemple.fr"
    assert OWN not in of(mail.findings, "warn")


def test_what_comes_with_a_message_is_no_name(
    signed_in: Callable[..., Client], mailbox: Mailbox
) -> None:
    """The server signs nothing: what stands below its Received was written outside."""
    forged = [arrived(number, above="", below=FORGED) for number in range(12)]
    see(signed_in(ALICE), mailbox, forged)
    witness = AuthservWitness.objects.get()
    assert (witness.name, witness.messages) == ("", 10)


@pytest.mark.parametrize(
    ("messages", "seen"),
    [
        ([arrived(1, below=SIGNED)], None),
        ([arrived(1, border=SUBMITTED)], None),
        ([arrived(1, border="")], None),
        ([arrived(1, above=FORGED)], ("evil.example", 1)),
        (
            [*(arrived(number) for number in range(8)), arrived(9, above=FORGED)],
            ("evil.example", 1),
        ),
        ([*(arrived(number) for number in range(8)), arrived(9, above="")], ("", 1)),
        ([arrived(1) for _ in range(30)], (OWN, 10)),
    ],
)
def test_one_message_testifies_only_to_what_the_server_wrote(
    mail_domain: MailDomain, messages: list[bytes], seen: tuple[str, int] | None
) -> None:
    third(mail_domain, messages)
    witness = AuthservWitness.objects.first()
    assert (witness and (witness.name, witness.messages)) == seen


def test_many_messages_of_one_sender_are_no_testimony(mail_domain: MailDomain) -> None:
    for login in ("a", "b", "c"):
        third(mail_domain, [arrived(1, above=FORGED)] * 30, login)
    assert found("a") == ""


def test_a_few_who_agree_do_not_win_against_the_others(mail_domain: MailDomain) -> None:
    forged = [arrived(number, above=FORGED) for number in range(12)]
    signed = [arrived(number) for number in range(12)]
    for number in range(3):
        third(mail_domain, forged, f"few{number}")
    assert found("few0") == "evil.example"
    third(mail_domain, signed, "other0")
    assert found("few0") == ""
    for number in range(1, 27):
        third(mail_domain, signed, f"other{number}")
    assert found("few0") == OWN


def test_mailboxes_without_any_results_count_against_a_name(mail_domain: MailDomain) -> None:
    for number in range(3):
        third(mail_domain, [arrived(sender) for sender in range(12)], f"signed{number}")
        third(mail_domain, [arrived(sender, above="") for sender in range(12)], f"none{number}")
    assert found("signed0") == ""


def test_another_mail_domain_has_its_own_name(mail_domain: MailDomain) -> None:
    messages = [arrived(number) for number in range(12)]
    for login in ("a", "b", "c"):
        third(mail_domain, messages, login)
    elsewhere = MailDomain.objects.create(
        name="ac-autre.example", imap_host="127.0.0.1", imap_port=1
    )
    stranger = User.objects.create(login="a", mail_domain=elsewhere)
    assert found("b") == OWN
    assert authserv.name(stranger) == ""


def test_a_mailbox_that_has_seen_enough_costs_one_query(mail_domain: MailDomain) -> None:
    messages = [arrived(number) for number in range(12)]
    user = third(mail_domain, messages)
    with CaptureQueriesContext(connection) as queries:
        authserv.note(user, messages, ("ac-exemple.fr",))
    assert len(queries) == 1
