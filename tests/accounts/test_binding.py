"""An administrator's session is bound to more than its cookie, and no session lives for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import binding
from accounts.models import User, UserSession
from core import clock
from demo.servers.dovecot import MailAccount

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache", "pool_closed")]
PASSWORD = "Une-Craie-Verte-2026"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = FIREFOX + " Edg/140.0"
ADMIN = "/admin/"


@pytest.fixture
def boss(settings, db: None) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    User.objects.create_administrator("patronne", PASSWORD)
    client = Client(headers={"user-agent": FIREFOX}, REMOTE_ADDR="192.0.2.7")
    answer = client.post("/accounts/login/", {"login": "patronne", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get(ADMIN).status_code == 200
    return client


def thief_of(client: Client, *left_out: str, agent: str = FIREFOX, address: str = "192.0.2.7"):
    """Another browser, which holds the cookies of the first."""
    other = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    for name, morsel in client.cookies.items():
        if name not in left_out:
            other.cookies[name] = morsel.value
    return other


def test_all_cookies_in_the_same_place_open_the_admin(boss: Client) -> None:
    assert thief_of(boss).get(ADMIN).status_code == 200
    assert thief_of(boss, address="192.0.77.1").get(ADMIN).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        lambda boss: thief_of(boss, "device"),
        lambda boss: thief_of(boss, agent=EDGE),
        lambda boss: thief_of(boss, address="198.51.100.7"),
        lambda boss: thief_of(boss, address="2001:db8::7"),
    ],
    ids=["without the device", "another browser", "another network", "another protocol"],
)
def test_a_stolen_cookie_does_not_open_the_admin(
    boss: Client, elsewhere: Callable[[Client], Client]
) -> None:
    thief = elsewhere(boss)
    for path in (ADMIN, "/admin/accounts/user/", "/admin/support/why/?q=alice"):
        answer = thief.get(path)
        assert answer.status_code == 302 and "/admin/login/" in answer["Location"], path
    step = thief.get("/admin/login/?next=/admin/")
    assert step["Location"].startswith("/accounts/reenter/")
    assert boss.get(ADMIN).status_code == 200


def test_a_session_without_a_place_is_bound_by_its_first_page_of_the_admin(boss: Client) -> None:
    kept = boss.session
    del kept[binding.BOUND]
    kept.save()
    assert boss.get(ADMIN).status_code == 200
    assert thief_of(boss, address="198.51.100.7").get(ADMIN).status_code == 302


def test_the_password_given_anew_binds_the_session_to_the_new_place(boss: Client) -> None:
    moved = thief_of(boss, address="198.51.100.7")
    assert moved.get(ADMIN).status_code == 302
    form = {"password": PASSWORD, "next": ADMIN}
    assert moved.post("/accounts/reenter/", form).status_code == 302
    assert moved.get(ADMIN).status_code == 200


def test_an_old_proof_is_asked_for_again(boss: Client, settings) -> None:
    kept = boss.session
    kept["bound_to"] = [kept["bound_to"][0] - 12 * 3600, kept["bound_to"][1]]
    kept.save()
    assert boss.get(ADMIN).status_code == 302
    settings.ADMIN_PROOF_HOURS = 13
    assert boss.get(ADMIN).status_code == 200


def test_a_teacher_may_change_the_network(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    moved = thief_of(signed_in(alice), address="198.51.100.7", agent=EDGE)
    assert moved.get("/mail/INBOX/").status_code == 200


def aged(client: Client, **age: float) -> None:
    """Let the session have begun long ago, and be in use."""
    kept = client.session
    kept["session_began"] -= int(timedelta(**age).total_seconds())
    kept["last_active"] = clock.timestamp()
    kept.save()
    UserSession.objects.update(
        began=timezone.now() - timedelta(**age), last_used=timezone.now(), stays=False
    )


def test_a_session_in_use_ends_all_the_same_after_a_week(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    browser = signed_in(alice)
    aged(browser, days=6, hours=23)
    assert browser.get("/mail/INBOX/").status_code == 200
    left = browser.get("/account/session/", headers={"X-Background": "1"}).json()["seconds"]
    assert 3500 < left <= 3600
    aged(browser, hours=1.01)
    assert browser.get("/mail/INBOX/").status_code == 302
    assert UserSession.objects.count() == 0


def test_the_days_are_a_setting(
    signed_in: Callable[..., Client], alice: MailAccount, settings
) -> None:
    browser = signed_in(alice)
    settings.SESSION_DAYS = 1
    aged(browser, hours=24.1)
    (row,) = UserSession.objects.all()
    assert row.is_over(timezone.now())
    assert not UserSession.objects.going_on(timezone.now()).exists()
    assert browser.get("/mail/INBOX/").status_code == 302


def test_the_password_given_again_begins_a_new_week(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    browser = signed_in(alice)
    aged(browser, days=6)
    assert browser.post("/accounts/reenter/", {"password": alice.password}).status_code == 302
    aged(browser, days=6)
    assert browser.get("/mail/INBOX/").status_code == 200


@pytest.mark.parametrize("shared", [{}, {"shared_computer": "on"}], ids=["own", "shared"])
def test_no_page_of_a_user_is_stored_by_the_browser(
    signed_in: Callable[..., Client], alice: MailAccount, shared: dict[str, str]
) -> None:
    browser = signed_in(alice, **shared)
    for path in ("/mail/INBOX/", "/contacts/", "/compose/", "/preferences/", "/account/sessions/"):
        answer = browser.get(path, follow=True)
        assert "no-store" in answer["Cache-Control"], path
