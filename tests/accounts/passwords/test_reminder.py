"""The line after sign-in when the password is old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import MailDomain, StaffRecord, User
from accounts.passwords import reminder
from demo.servers.dovecot import MailAccount

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
TODAY = date(2026, 11, 25)
LINE = 'class="app-line"'


@pytest.fixture
def user(mail_domain: MailDomain) -> User:
    return User.objects.create(
        mail_domain=mail_domain, login="alice", address="alice@ac-exemple.fr"
    )


@pytest.fixture
def record(mail_domain: MailDomain) -> StaffRecord:
    return StaffRecord.objects.create(
        numen_digest=b"n" * 32,
        lookup_digest=b"l" * 32,
        key_id="x",
        last_name="Martin",
        mail_domain=mail_domain,
        login="alice",
        address="alice@ac-exemple.fr",
    )


def changed(record: StaffRecord, day: date) -> None:
    record.password_changed = day
    record.save()


def test_a_change_that_nobody_knows_of_is_not_complained_of(user: User, record) -> None:
    assert not reminder.is_due(user, TODAY)


@pytest.mark.parametrize(("days", "due"), [(10, False), (360, False), (370, True), (4000, True)])
def test_it_is_due_after_so_many_months(user: User, record, days: int, due: bool) -> None:
    changed(record, TODAY - timedelta(days=days))
    assert reminder.is_due(user, TODAY) is due


def test_the_months_are_a_setting_and_none_is_never(user: User, record, settings) -> None:
    changed(record, TODAY - timedelta(days=100))
    settings.PASSWORD_REMINDER_MONTHS = 3
    assert reminder.is_due(user, TODAY)
    settings.PASSWORD_REMINDER_MONTHS = 0
    assert not reminder.is_due(user, TODAY)


def test_a_change_made_here_counts_though_the_staff_file_is_older(user: User, record) -> None:
    changed(record, TODAY - timedelta(days=4000))
    user.mail_password_changed = timezone.make_aware(datetime(2026, 11, 1))
    assert not reminder.is_due(user, TODAY)
    assert reminder.last_change(user) == date(2026, 11, 1)


def test_put_off_it_comes_back_after_thirty_days(user: User, record) -> None:
    changed(record, TODAY - timedelta(days=4000))
    user.password_reminder_hidden = TODAY
    assert not reminder.is_due(user, TODAY + timedelta(days=29))
    assert reminder.is_due(user, TODAY + timedelta(days=30))


def test_the_line_stands_on_every_page_until_it_is_put_off(
    alice: MailAccount, record, signed_in: Callable[..., Client]
) -> None:
    changed(record, timezone.localdate() - timedelta(days=4000))
    client = signed_in(alice)
    assert LINE in client.get("/mail/INBOX/").content.decode()
    assert LINE in client.get("/preferences/").content.decode()
    answer = client.post("/account/password/later/", {"next": "/preferences/"})
    assert answer["Location"] == "/preferences/"
    assert LINE not in client.get("/mail/INBOX/").content.decode()
    assert LINE not in signed_in(alice).get("/mail/INBOX/").content.decode()


def test_putting_off_leads_nowhere_else(
    alice: MailAccount, signed_in: Callable[..., Client]
) -> None:
    client = signed_in(alice)
    for away in ("https://mal.example/", "//mal.example", ""):
        assert client.post("/account/password/later/", {"next": away})["Location"] == "/"
    for odd in ("@", "%s", "é", "home"):  # not an address, and no name of one either
        assert client.post("/account/password/later/", {"next": odd}).status_code == 302


def test_a_fresh_password_brings_no_line(
    alice: MailAccount, record, signed_in: Callable[..., Client]
) -> None:
    changed(record, timezone.localdate())
    assert LINE not in signed_in(alice).get("/mail/INBOX/").content.decode()
