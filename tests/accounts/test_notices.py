"""Letters of the product itself, by a real submission server into a real mailbox."""

from __future__ import annotations

import email
import email.policy

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from accounts import notices, tasks
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from demo.servers.submission import SubmissionServer
from tests.accounts.conftest import NUMEN
from tests.servers.mailboxes import Mailbox
from webmail.settings import submission_server

pytestmark = [
    pytest.mark.sqlite,
    pytest.mark.django_db,
    pytest.mark.usefixtures("clean_cache", "numen_key"),
]
TYPED = {"numen": NUMEN, "birth": "12/05/1980"}


@pytest.fixture
def can_notify(settings) -> None:
    """Letters are configured; what is sent waits in ``django.core.mail.outbox``."""
    settings.EMAIL_HOST = "127.0.0.1"
    settings.NOTICES_FROM = "Messagerie <alice@ac-exemple.fr>"


@pytest.fixture
def event(record: StaffRecord) -> AuditEvent:
    return AuditEvent.objects.create(
        kind=AuditEvent.Kind.LOOKUP_FOUND, target=record.address, network="192.0.2.7"
    )


def test_a_lookup_is_told_to_the_person(
    event: AuditEvent, can_notify: None, settings, submission: SubmissionServer, mailbox: Mailbox
) -> None:
    settings.EMAIL_BACKEND = "accounts.notices.Backend"
    settings.EMAIL_PORT = submission.port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "alice", "Craie-Bleue 7!"
    tasks.tell_of_lookup(event.pk)
    (message,) = mailbox.messages()
    letter = email.message_from_bytes(message, policy=email.policy.default)
    assert letter["To"] == "alice.martin@ac-exemple.fr"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "192.0.2.7" in letter.get_content()


def test_the_letter_holds_no_numen_no_date_of_birth_and_no_setting(
    event: AuditEvent, can_notify: None
) -> None:
    tasks.tell_of_lookup(event.pk)
    (letter,) = mail.outbox
    for secret in (NUMEN, "1980", "imap", "127.0.0.1"):
        assert secret not in str(letter.message())


def test_the_letter_is_in_french_and_says_whom_to_call(
    event: AuditEvent, can_notify: None, settings
) -> None:
    settings.SUPPORT_PHONE = "03 22 00 00 00"
    tasks.tell_of_lookup(event.pk)
    (letter,) = mail.outbox
    assert "Bonjour Alice Martin," in letter.body
    assert "paramètres de messagerie" in letter.subject
    assert "03 22 00 00 00" in letter.body


def test_the_letter_is_in_the_language_of_the_person(event: AuditEvent, can_notify: None) -> None:
    User.objects.create(
        mail_domain=MailDomain.objects.get(), login="alice", preferences={"language": "en"}
    )
    tasks.tell_of_lookup(event.pk)
    assert "Hello Alice Martin," in mail.outbox[0].body


def test_a_job_that_runs_twice_sends_one_letter(event: AuditEvent, can_notify: None) -> None:
    tasks.tell_of_lookup(event.pk)
    tasks.tell_of_lookup(event.pk)
    assert len(mail.outbox) == 1


def test_a_letter_that_the_server_did_not_take_may_be_sent_again(
    event: AuditEvent, can_notify: None, settings
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "accounts.notices.Backend", 1
    with pytest.raises(OSError):
        tasks.tell_of_lookup(event.pk)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    tasks.tell_of_lookup(event.pk)
    assert len(mail.outbox) == 1


def test_a_line_about_nobody_is_told_to_nobody(event: AuditEvent, can_notify: None) -> None:
    StaffRecord.objects.all().delete()
    tasks.tell_of_lookup(event.pk)
    tasks.tell_of_lookup(event.pk + 1)
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("typed", "sent"), [(TYPED, 1), ({**TYPED, "birth": "13/05/1980"}, 0)], ids=["found", "wrong"]
)
def test_only_who_is_found_is_written_to(
    record: StaffRecord, can_notify: None, celery_now: None, typed: dict[str, str], sent: int
) -> None:
    Client().post("/lookup/", typed)
    assert len(mail.outbox) == sent


def test_letters_can_be_switched_off(
    record: StaffRecord, can_notify: None, celery_now: None, settings
) -> None:
    settings.LOOKUP_NOTICES = False
    Client().post("/lookup/", TYPED)
    assert mail.outbox == []


def test_without_a_server_no_letter_is_tried(record: StaffRecord, celery_now: None) -> None:
    assert not notices.are_configured()
    Client().post("/lookup/", TYPED)
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("smtps://mail.example", ("mail.example", 465, "", "", "tls")),
        ("smtp://mail.example", ("mail.example", 587, "", "", "starttls")),
        ("smtp://127.0.0.1:25", ("127.0.0.1", 25, "", "", "none")),
        ("smtps://a%40b:p%23%2F@mail.example:1465", ("mail.example", 1465, "a@b", "p#/", "tls")),
    ],
)
def test_the_server_of_letters_is_read_from_its_url(url: str, read: tuple[object, ...]) -> None:
    assert submission_server(url) == read


@pytest.mark.parametrize("url", ["mail.example", "imap://mail.example", "smtp://", "smtp://:25"])
def test_what_is_no_server_of_letters_stops_the_start_and_shows_no_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="WEBMAIL_NOTICES_URL"):
        submission_server(url)
