"""A person's own sessions: seen, ended from elsewhere, and what the audit log says of sign-ins."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts import tasks
from accounts.models import AuditEvent, KnownDevice, MailDomain, User, UserSession
from accounts.session_stores import shared
from core import clock
from demo.servers.dovecot import MailAccount

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache", "pool_closed")]
SESSIONS = "/account/sessions/"
LOGIN = "/accounts/login/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
Kind = AuditEvent.Kind


@pytest.fixture
def home(signed_in: Callable[..., Client], alice: MailAccount) -> Client:
    return signed_in(alice)


@pytest.fixture
def school(home: Client, alice: MailAccount) -> Client:
    """Alice at another computer."""
    client = Client(headers={"user-agent": FIREFOX}, REMOTE_ADDR="198.51.100.7")
    assert sign_in(client, alice).status_code == 302
    return client


@pytest.fixture
def notices(settings, celery_now: None) -> None:
    """Letters are configured; jobs run at once, and what is sent waits in the outbox."""
    settings.EMAIL_HOST, settings.NOTICES_FROM = "127.0.0.1", "messagerie@ac-exemple.fr"


def sign_in(client: Client, account: MailAccount, **more: str):
    return client.post(LOGIN, {"login": account.login, "password": account.password, **more})


def home_of(client: Client) -> Client:
    """The same browser, signed out."""
    other = Client()
    other.cookies["device"] = client.cookies["device"].value
    return other


def row_of(client: Client) -> UserSession:
    key = str(client.session.session_key)
    return UserSession.objects.get(session_key=shared.digest_of(key))


def is_signed_in(client: Client) -> bool:
    return client.get("/mail/INBOX/").status_code == 200


def kinds() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("kind", flat=True))


def test_each_session_is_listed_with_device_and_network(home: Client, school: Client) -> None:
    page = home.get(SESSIONS).content.decode()
    assert page.count('class="card session"') == 2
    assert "Firefox" in page and "Windows" in page and "198.51.100.7" in page
    assert page.count("data-current") == 1
    own, other = row_of(home), row_of(school)
    assert f"{SESSIONS}{other.pk}/end/" in page
    assert f"{SESSIONS}{own.pk}/end/" not in page


def test_another_session_is_really_ended(home: Client, school: Client) -> None:
    assert is_signed_in(school)
    row = row_of(school)
    key, stolen = str(school.session.session_key), school.cookies["mail_key"].value
    assert home.post(f"{SESSIONS}{row.pk}/end/").status_code == 302
    store = importlib.import_module(django_settings.SESSION_ENGINE).SessionStore
    assert not store().exists(key)
    assert not UserSession.objects.filter(pk=row.pk).exists()
    assert not is_signed_in(school)
    # Its key opens nothing, in no browser.
    thief = Client()
    thief.cookies["session"], thief.cookies["mail_key"] = key, stolen
    assert not is_signed_in(thief)
    assert is_signed_in(home)
    assert 'id="sessions-ended"' in home.get(SESSIONS).content.decode()
    (event,) = AuditEvent.objects.filter(kind=Kind.SESSION_ENDED)
    assert (event.target, event.detail) == ("alice@ac-exemple.fr", {"sessions": 1})


def test_all_others_end_at_once_and_the_own_goes_on(
    home: Client, school: Client, signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    third = signed_in(alice)
    assert home.post(f"{SESSIONS}others/end/").status_code == 302
    assert not is_signed_in(school) and not is_signed_in(third)
    assert is_signed_in(home)
    assert UserSession.objects.count() == 1


def test_a_session_that_survived_in_a_cache_ends_all_the_same(home: Client) -> None:
    UserSession.objects.all().delete()
    kept = home.session
    kept["own_session_written"] -= 6 * 60
    kept.save()
    assert not is_signed_in(home)


def test_another_persons_session_is_not_there(
    home: Client, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    his = signed_in(bob)
    assert home.post(f"{SESSIONS}{row_of(his).pk}/end/").status_code == 404
    assert is_signed_in(his)
    assert "bob" not in home.get(SESSIONS).content.decode()
    home.post(f"{SESSIONS}others/end/")
    assert is_signed_in(his)


def test_a_link_ends_no_session(home: Client, school: Client) -> None:
    assert home.get(f"{SESSIONS}{row_of(school).pk}/end/").status_code == 405
    assert is_signed_in(school)


def test_the_last_use_is_written_every_five_minutes_at_most(home: Client) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    UserSession.objects.update(last_used=long_ago)
    home.get("/mail/INBOX/")
    assert UserSession.objects.get().last_used == long_ago
    kept = home.session
    kept["own_session_written"] -= 5 * 60
    kept.save()
    home.get("/mail/INBOX/", headers={"X-Background": "1"})
    assert UserSession.objects.get().last_used == long_ago
    home.get("/mail/INBOX/")
    assert UserSession.objects.get().last_used > long_ago


def test_what_idled_too_long_is_not_listed_and_old_rows_can_be_removed(
    home: Client, school: Client
) -> None:
    UserSession.objects.filter(pk=row_of(school).pk).update(
        last_used=timezone.now() - timedelta(days=31)
    )
    assert home.get(SESSIONS).content.decode().count('class="card session"') == 1
    assert UserSession.objects.all().unused_for(30).delete()[0] == 1
    assert UserSession.objects.count() == 1


def test_signing_out_takes_the_row_away(home: Client) -> None:
    home.post("/accounts/logout/")
    assert not UserSession.objects.exists()
    assert kinds() == [Kind.SIGNED_IN, Kind.SIGNED_OUT]


def test_a_reentry_in_place_goes_on_with_the_same_row(home: Client, alice: MailAccount) -> None:
    row = UserSession.objects.get()
    del home.cookies["mail_key"]
    answer = home.post("/accounts/reenter/", {"password": alice.password, "login": "alice"})
    assert answer.status_code == 302
    assert UserSession.objects.get().pk == row.pk
    assert row_of(home).pk == row.pk


def test_without_script_and_without_mailbox_an_administrator_has_the_page_too() -> None:
    User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    client = Client()
    client.post(LOGIN, {"login": "patronne", "password": "Une-Craie-Verte-2026"})
    assert 'class="card session"' in client.get(SESSIONS).content.decode()


def test_a_session_is_ended_after_an_administrators_password_was_changed_in_it(settings) -> None:
    """Django gives the session another key then."""
    settings.ADMIN_NEEDS_TOTP = False
    old, new = "Une-Craie-Verte-2026", "Un-Tableau-Bleu-2027"
    User.objects.create_administrator("patronne", old)
    office, other = Client(), Client()
    sign_in(office, MailAccount("patronne", old))
    typed = {"old_password": old, "new_password1": new, "new_password2": new}
    assert office.post("/admin/password_change/", typed).status_code == 302
    assert office.get(SESSIONS).status_code == 200
    sign_in(other, MailAccount("patronne", new))
    other.post(f"{SESSIONS}others/end/")
    assert office.get(SESSIONS).status_code == 302


def test_sign_ins_are_noted_with_cause_and_never_the_password(
    mail_domain: MailDomain, alice: MailAccount
) -> None:
    client = Client(headers={"user-agent": FIREFOX}, REMOTE_ADDR="198.51.100.7")
    sign_in(client, alice)
    client = Client(REMOTE_ADDR="198.51.100.7")
    client.post(LOGIN, {"login": "alice", "password": "Pas-Le-Bon-1"})
    client.post(LOGIN, {"login": "alice@ailleurs.example", "password": "Pas-Le-Bon-2"})
    MailDomain.objects.update(imap_port=1)
    client.post(LOGIN, {"login": "alice", "password": "Pas-Le-Bon-3"})
    done, *failed = AuditEvent.objects.order_by("pk")
    assert (done.kind, done.target, done.network) == (
        Kind.SIGNED_IN,
        "alice@ac-exemple.fr",
        "198.51.100.7",
    )
    assert (done.detail["browser"], done.detail["system"]) == ("Firefox", "Windows")
    assert [(event.kind, event.target, event.detail["cause"]) for event in failed] == [
        (Kind.SIGN_IN_FAILED, "alice@ac-exemple.fr", "password"),
        (Kind.SIGN_IN_FAILED, "", "domain"),
        (Kind.SIGN_IN_FAILED, "alice@ac-exemple.fr", "server"),
    ]
    assert "Pas-Le-Bon" not in str(list(AuditEvent.objects.values()))
    assert "ailleurs" not in str(list(AuditEvent.objects.values()))


def test_a_password_in_the_field_of_the_login_is_not_kept(mail_domain: MailDomain) -> None:
    for typed in ("Craie-Bleue 7!", "craie@bleue"):
        Client().post(LOGIN, {"login": typed, "password": "x"})
    assert AuditEvent.objects.count() == 2
    assert "craie" not in str(list(AuditEvent.objects.values())).lower()


def test_a_storm_of_refused_sign_ins_is_one_line(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 1
    for _time in range(4):
        Client().post(LOGIN, {"login": "alice", "password": "faux"})
        Client().post(LOGIN, {"login": "x@ailleurs.example", "password": "faux"})
    assert sorted(kinds()) == [Kind.SIGN_IN_FAILED, Kind.SIGN_IN_FAILED, Kind.SIGN_IN_LIMITED]


def test_a_new_device_is_told_once(
    notices: None, mail_domain: MailDomain, alice: MailAccount
) -> None:
    client = Client(headers={"user-agent": FIREFOX}, REMOTE_ADDR="198.51.100.7")
    sign_in(client, alice)
    (letter,) = mail.outbox
    assert letter.to == ["alice@ac-exemple.fr"]
    assert "Firefox" in letter.body and "Windows" in letter.body
    assert "198.51.100.7" in letter.body and SESSIONS in letter.body
    assert alice.password not in letter.body
    cookie = client.cookies["device"]
    assert cookie["httponly"] and int(cookie["max-age"]) > 300 * 24 * 3600
    assert cookie.value not in str(list(KnownDevice.objects.values()))
    client.post("/accounts/logout/")
    sign_in(client, alice)
    assert len(mail.outbox) == 1


def later(**passed: int) -> None:
    """Move the events and the last notice of everybody back, and run the periodic job."""
    back = timedelta(**passed) + timedelta(minutes=1)
    AuditEvent.objects.update(when=F("when") - back)
    User.objects.update(devices_told=F("devices_told") - back)
    tasks.tell_of_devices()


def a_day_later() -> None:
    later(days=1)


def test_several_new_devices_in_a_row_come_in_one_notice(
    notices: None, mail_domain: MailDomain, alice: MailAccount
) -> None:
    """A telephone, a computer and a tablet on the first day: the first is told at once."""
    for address in ("198.51.100.1", "198.51.100.2", "198.51.100.3"):
        sign_in(Client(REMOTE_ADDR=address), alice)
    tasks.tell_of_devices()
    assert len(mail.outbox) == 1 and "198.51.100.1" in mail.outbox[0].body
    later(minutes=15)
    assert len(mail.outbox) == 2
    assert "198.51.100.1" not in mail.outbox[1].body
    assert "198.51.100.2" in mail.outbox[1].body and "198.51.100.3" in mail.outbox[1].body
    sign_in(Client(REMOTE_ADDR="198.51.100.4"), alice)
    later(minutes=15)
    assert len(mail.outbox) == 3


def test_a_shared_computer_does_not_delay_the_notice_of_an_intruder(
    notices: None, mail_domain: MailDomain, alice: MailAccount
) -> None:
    for _time in range(2):
        sign_in(Client(REMOTE_ADDR=f"198.51.100.{_time}"), alice, shared_computer="on")
    assert len(mail.outbox) == 1
    later(minutes=15)
    assert len(mail.outbox) == 1
    sign_in(Client(REMOTE_ADDR="203.0.113.9"), alice)
    assert len(mail.outbox) == 2
    assert "198.51.100.1" in mail.outbox[1].body and "203.0.113.9" in mail.outbox[1].body


def test_the_shared_computers_of_a_day_come_in_one_notice(
    notices: None, mail_domain: MailDomain, alice: MailAccount, bob: MailAccount
) -> None:
    for address in ("198.51.100.1", "198.51.100.2", "198.51.100.3"):
        client = Client(headers={"user-agent": FIREFOX}, REMOTE_ADDR=address)
        sign_in(client, alice, shared_computer="on")
    sign_in(Client(), bob)
    tasks.tell_of_devices()
    assert [letter.to[0][:5] for letter in mail.outbox] == ["alice", "bob@a"]
    a_day_later()
    digest = mail.outbox[2]
    assert digest.to == ["alice@ac-exemple.fr"] and "nouveaux appareils" in digest.subject
    assert "198.51.100.1" not in digest.body
    assert "198.51.100.2" in digest.body and "198.51.100.3" in digest.body
    a_day_later()
    assert len(mail.outbox) == 3


def test_a_notice_of_new_devices_that_no_server_took_comes_later(
    notices: None, mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    works, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "accounts.notices.Backend"
    settings.EMAIL_PORT = 1
    user = User.objects.create(mail_domain=mail_domain, login="alice", address="a@ac-exemple.fr")
    event = AuditEvent.objects.create(
        kind=Kind.SIGNED_IN, actor=user, detail={"new_device": True, "browser": "Firefox"}
    )
    with pytest.raises(OSError):
        tasks.tell_of_device(event.pk)
    settings.EMAIL_BACKEND = works
    tasks.tell_of_devices()
    tasks.tell_of_devices()
    assert len(mail.outbox) == 1


def test_a_network_is_kept_by_a_keyed_digest(mail_domain: MailDomain, alice: MailAccount) -> None:
    sign_in(Client(REMOTE_ADDR="198.51.100.7"), alice, shared_computer="on")
    user, (device,) = User.objects.get(), KnownDevice.objects.all()
    plain = f"network:{user.pk}:198.51.100.7"
    assert device.digest != hashlib.sha256(plain.encode()).hexdigest()
    assert len(device.digest) == 64


def test_a_known_browser_is_new_for_somebody_else(
    notices: None, mail_domain: MailDomain, alice: MailAccount, bob: MailAccount
) -> None:
    client = Client()
    for account in (alice, bob, alice, bob):
        sign_in(client, account)
        client.post("/accounts/logout/")
    assert [letter.to for letter in mail.outbox] == [
        ["alice@ac-exemple.fr"],
        ["bob@ac-exemple.fr"],
    ]


def test_strangers_who_guess_lock_nobody_out_at_a_known_browser(
    home: Client, school: Client, alice: MailAccount, bob: MailAccount, settings
) -> None:
    """`home` keeps the cookie of a browser that Alice has signed in with."""
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    home.post("/accounts/logout/")
    guessing = Client(REMOTE_ADDR="203.0.113.9")
    for n in range(3):
        sign_in(guessing, MailAccount("alice", f"faux-{n}"))
    assert sign_in(guessing, alice).status_code == 429
    assert sign_in(Client(), alice).status_code == 429  # a browser that nobody knows
    assert sign_in(home, alice).status_code == 302
    # It is no key to other people's mailboxes, nor without end to her own.
    for n in range(2):
        assert sign_in(home_of(home), MailAccount("alice", f"faux-{n}")).status_code == 422
    assert sign_in(home_of(home), alice).status_code == 429
    for n in range(2):
        sign_in(guessing, MailAccount("bob", f"faux-{n}"))
    assert sign_in(home_of(home), bob).status_code == 429


@pytest.mark.parametrize("planted", ["", "x", "é" * 43, "a" * 4000, "../../etc/passwd"])
def test_a_cookie_that_is_not_ours_is_replaced(
    mail_domain: MailDomain, alice: MailAccount, planted: str
) -> None:
    client = Client()
    client.cookies["device"] = planted
    sign_in(client, alice)
    assert len(client.cookies["device"].value) == 43


def test_a_shared_computer_is_told_once_for_each_network_and_keeps_no_cookie(
    notices: None, mail_domain: MailDomain, alice: MailAccount
) -> None:
    for address in ("198.51.100.7", "198.51.100.7", "198.51.100.8"):
        client = Client(REMOTE_ADDR=address)
        sign_in(client, alice, shared_computer="on")
        assert "device" not in client.cookies
    assert len(mail.outbox) == 1
    assert AuditEvent.objects.filter(detail__new_device=True).count() == 2
    a_day_later()
    assert "198.51.100.8" in mail.outbox[1].body


def test_the_staff_room_is_no_news_each_working_day(
    notices: None, mail_domain: MailDomain, alice: MailAccount
) -> None:
    told = []
    for days_ago in (0, 1, 29, 31):
        KnownDevice.objects.update(last_used=clock.now() - timedelta(days=days_ago))
        sign_in(Client(REMOTE_ADDR="198.51.100.7"), alice, shared_computer="on")
        told.append(len(mail.outbox))
        a_day_later()
    assert told == [1, 1, 1, 2]
    # A browser of one's own in the same network is another device.
    sign_in(Client(REMOTE_ADDR="198.51.100.7"), alice)
    later(minutes=15)
    assert len(mail.outbox) == 3


def test_letters_can_be_turned_off(
    notices: None, mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.DEVICE_NOTICES = False
    sign_in(Client(), alice)
    assert mail.outbox == []
