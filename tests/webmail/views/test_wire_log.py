"""A user's connections, logged for an hour: what an administrator reads, and what nobody does."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import retention, session, wire_log
from accounts.models import AuditEvent, MailDomain, User, WireLog, WireLogPiece
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.accounts.admin.conftest import browser
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.webmail.outbox.letters import draft_of
from tests.webmail.outbox.letters import letter as outgoing
from tests.webmail.views.mail import letter
from webmail import outbox

pytestmark = pytest.mark.django_db

SUBJECT, TEXT = "Conseil de discipline", "Le mot que personne ne lit"
SEARCHED, FOLDER = "chrysalide", "Divorce"


@pytest.fixture(autouse=True)
def alone(settings, clean_cache: None) -> Iterator[None]:
    settings.ADMIN_NEEDS_TOTP = False
    yield
    session.pool().close_all()


@pytest.fixture
def reader(
    signed_in: Callable[..., Client], alice: MailAccount, submission: SubmissionServer
) -> Client:
    return signed_in(alice)


@pytest.fixture
def administrator(mail_domain: MailDomain) -> Client:
    user = User.objects.create(mail_domain=mail_domain, login="patronne", address="p@ac-exemple.fr")
    user.groups.set(Group.objects.filter(name="administrator"))
    return browser(user)


def page_of(user: User) -> str:
    return f"/admin/accounts/user/{user.pk}/wire-log/"


def begin(administrator: Client) -> User:
    user = User.objects.get(login="alice")
    answer = administrator.post(page_of(user), {"verb": "begin", "reason": "Liste vide, ticket 12"})
    assert answer.status_code == 302
    return user


def lines(administrator: Client, user: User) -> str:
    log = WireLog.objects.filter(user=user).latest("begun")
    answer = administrator.post(page_of(user), {"verb": "read", "log": str(log.pk)})
    assert "no-store" in answer["Cache-Control"]
    (text,) = re.findall(r"<pre[^>]*>(.*?)</pre>", answer.content.decode(), re.DOTALL)
    return html.unescape(text)


def test_a_log_tells_the_protocol_and_nothing_of_the_mail(
    reader: Client, administrator: Client, mailbox: Mailbox
) -> None:
    mailbox.receive(letter(SUBJECT, TEXT))
    mailbox.create_folder(FOLDER)
    user = begin(administrator)
    reader.get("/mail/INBOX/")
    (uid,) = mailbox.uids()
    reader.get(f"/mail/INBOX/{mailbox.uidvalidity()}-{uid}/")
    reader.get("/mail/INBOX/", {"q": SEARCHED})
    text = lines(administrator, user)
    assert re.search(r"IMAP 1 C: [A-P]{4}\d+ LOGIN …\d+\n", text)
    assert re.search(r"S: \* LIST \(.*\) \"/\" \"?INBOX", text)
    assert "UID FETCH" in text and "SEARCH" in text and "BODYSTRUCTURE" in text
    for secret in (ALICE.password, ALICE.login, "@", SUBJECT, TEXT, SEARCHED, FOLDER, "Bob"):
        assert secret not in text
    assert all(word not in text for word in SUBJECT.split() + TEXT.split() if len(word) > 4)


def test_a_sent_message_is_logged_without_its_recipients(
    reader: Client, administrator: Client, bob: MailAccount, settings, tmp_path
) -> None:
    settings.SPOOL = tmp_path / "spool"
    user = begin(administrator)
    request = reader.get("/preferences/").wsgi_request
    (row,) = outbox.accept(request, draft_of(user), [outgoing()], key=uuid.uuid4())  # type: ignore[arg-type]
    outbox.deliver(row.pk)
    text = lines(administrator, user)
    assert re.search(r"SMTP \d+ C: MAIL FROM:<…\d+> SIZE=\d+", text)
    assert re.search(r"SMTP \d+ C: RCPT TO:<…\d+>", text)
    assert re.search(r"SMTP \d+ C: DATA\n.*354.*\n.*C: …\d{3,}\n", text)
    assert "APPEND" in text  # the job's own connection
    assert "@" not in text and ALICE.password not in text


def test_without_a_reason_nothing_begins(administrator: Client, reader: Client) -> None:
    user = User.objects.get(login="alice")
    answer = administrator.post(page_of(user), {"verb": "begin", "reason": "  "})
    assert answer.status_code == 422 and not WireLog.objects.exists()


def test_the_audit_log_says_who_why_and_who_read(reader: Client, administrator: Client) -> None:
    user = begin(administrator)
    reader.get("/mail/INBOX/")
    lines(administrator, user)
    administrator.post(page_of(user), {"verb": "end"})
    events = AuditEvent.objects.filter(kind=AuditEvent.Kind.WIRE_LOGGED).order_by("pk")
    assert [event.detail["change"] for event in events] == ["log begun", "log read", "log ended"]
    assert events[0].detail["why"] == "Liste vide, ticket 12"
    assert events[0].actor is not None and events[0].actor.login == "patronne"
    assert events[0].target == str(user)


def test_a_log_ends_by_itself_and_what_is_stored_is_deleted_a_day_later(
    reader: Client, administrator: Client
) -> None:
    user = begin(administrator)
    reader.get("/mail/INBOX/")
    stored = WireLogPiece.objects.count()
    assert stored
    past = timezone.now() - timedelta(minutes=1)
    User.objects.update(logged_until=past)
    WireLog.objects.update(until=past)
    reader.get("/mail/INBOX/")
    assert WireLogPiece.objects.count() == stored
    user.refresh_from_db()
    assert wire_log.lasts_until(user) is None
    WireLog.objects.update(until=timezone.now() - timedelta(days=1, minutes=1))
    assert retention.forget()["wire_logs"] == 1
    assert not WireLogPiece.objects.exists()


def test_what_is_stored_is_sealed_and_bounded(
    reader: Client, administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(administrator)
    monkeypatch.setattr(WireLog, "MOST_LINES", 30)
    for _turn in range(4):
        reader.get("/mail/INBOX/")
    log = WireLog.objects.get()
    assert 0 < log.lines <= 31
    assert all(b"LOGIN" not in bytes(piece.sealed) for piece in WireLogPiece.objects.all())


def test_users_see_that_they_are_logged(reader: Client, administrator: Client) -> None:
    assert b'id="logged"' not in reader.get("/account/sessions/").content
    begin(administrator)
    page = html.unescape(reader.get("/account/sessions/").content.decode())
    assert 'id="logged"' in page
    assert page.count("pendant une heure") or page.count("for an hour")
    assert b'id="logged"' in reader.get("/account/security/").content


@pytest.mark.parametrize("role", ["support", "auditor"])
def test_only_administrators_log_and_read(
    reader: Client, mail_domain: MailDomain, role: str
) -> None:
    other = User.objects.create(mail_domain=mail_domain, login="aide", address="a@ac-exemple.fr")
    other.groups.set(Group.objects.filter(name=role))
    user = User.objects.get(login="alice")
    assert browser(other).get(page_of(user)).status_code == 403
    begun = browser(other).post(page_of(user), {"verb": "begin", "reason": "x"})
    assert begun.status_code == 403 and not WireLog.objects.exists()


def test_an_installation_may_do_without(reader: Client, administrator: Client, settings) -> None:
    user = begin(administrator)
    settings.WIRE_LOG = False
    reader.get("/mail/INBOX/")
    assert not WireLogPiece.objects.exists()
    assert administrator.get(page_of(user)).status_code == 404


def test_another_users_log_is_not_found(reader: Client, administrator: Client) -> None:
    user = begin(administrator)
    other = User.objects.get(login="patronne")
    log = WireLog.objects.get(user=user)
    answer = administrator.post(page_of(other), {"verb": "read", "log": str(log.pk)})
    assert answer.status_code == 404


def test_a_wrong_password_is_logged_without_it(
    reader: Client, administrator: Client, client: Client
) -> None:
    user = begin(administrator)
    client.post(reverse("account_login"), {"login": "alice", "password": "Chrysalide-7"})
    text = lines(administrator, user)
    assert "[AUTHENTICATIONFAILED]" in text and "Chrysalide" not in text
