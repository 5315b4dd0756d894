"""Staying signed in on a device, where the administrator allows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import session
from accounts.middleware import LAST_ACTIVE
from accounts.models import User, UserSession
from demo.servers.dovecot import MailAccount

pytestmark = pytest.mark.django_db
DAY = 24 * 60 * 60


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> Iterator[None]:
    settings.STAY_DAYS = 30
    yield
    session.pool().close_all()


def idle(browser: Client, days: int) -> None:
    """So long nobody is there."""
    kept = browser.session
    kept[LAST_ACTIVE] -= days * DAY
    kept.save()
    UserSession.objects.update(last_used=timezone.now() - timedelta(days=days))


def test_a_session_stays_for_days(signed_in: Any, alice: MailAccount) -> None:
    browser = signed_in(alice, stay_signed_in="on")
    assert UserSession.objects.get().stays
    assert browser.cookies["session"]["max-age"] == 30 * DAY
    assert browser.cookies["mail_key"]["max-age"] == 30 * DAY
    idle(browser, 29)
    assert browser.get("/mail/INBOX/").status_code == 200
    idle(browser, 31)
    assert browser.get("/mail/INBOX/").status_code == 302
    assert not UserSession.objects.exists()


def test_others_end_as_ever(signed_in: Any, alice: MailAccount) -> None:
    browser = signed_in(alice)
    assert not UserSession.objects.get().stays
    idle(browser, 1)
    assert browser.get("/mail/INBOX/").status_code == 302


def test_nobody_stays_on_a_shared_computer(signed_in: Any, alice: MailAccount) -> None:
    browser = signed_in(alice, stay_signed_in="on", shared_computer="on")
    assert not UserSession.objects.get().stays
    assert browser.cookies["session"]["max-age"] == ""
    idle(browser, 1)
    assert browser.get("/mail/INBOX/").status_code == 302


def test_nobody_stays_where_it_is_not_allowed(
    signed_in: Any, alice: MailAccount, settings: Any
) -> None:
    page = Client().get("/accounts/login/").content.decode()
    assert 'name="stay_signed_in"' in page
    settings.STAY_DAYS = 0
    page = Client().get("/accounts/login/").content.decode()
    assert 'name="stay_signed_in"' not in page
    browser = signed_in(alice, stay_signed_in="on")
    assert not UserSession.objects.get().stays
    idle(browser, 1)
    assert browser.get("/mail/INBOX/").status_code == 302


def test_it_ends_when_it_is_no_longer_allowed(
    signed_in: Any, alice: MailAccount, settings: Any
) -> None:
    browser = signed_in(alice, stay_signed_in="on")
    settings.STAY_DAYS = 0
    idle(browser, 1)
    assert browser.get("/mail/INBOX/").status_code == 302


def test_it_is_listed_and_ended_from_elsewhere(signed_in: Any, alice: MailAccount) -> None:
    telephone = signed_in(alice, stay_signed_in="on")
    idle(telephone, 20)
    browser = signed_in(alice)
    page = browser.get("/account/sessions/").content.decode()
    assert "Reste connecté" in page
    row = UserSession.objects.get(stays=True)
    browser.post(f"/account/sessions/{row.pk}/end/")
    assert telephone.get("/mail/INBOX/").status_code == 302
    assert UserSession.objects.get().user == User.objects.get()
