"""A proxy names who signs in."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from django.test import Client

from accounts import session
from accounts.models import User, UserSession
from accounts.providers import grants, proof, proxied
from accounts.providers.failures import ProviderFailure
from mail.errors import SignInNeeded
from tests.accounts.providers.conftest import MASTER, Academy, onward

pytestmark = pytest.mark.django_db
ADDRESS = "/accounts/proxy/"


@pytest.fixture(autouse=True)
def guarded(academy: Academy, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof._state, "passage", proof.Passage.DROPPED)
    settings.REMOTE_USER_HEADER = "X-Remote-User"
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    settings.MASTER_USER = {"": MASTER.login}
    settings.MASTER_PASSWORD = {"": MASTER.password}


def come(login: str, proxy: str = "10.0.0.1", browser: Client | None = None, **said: str) -> Any:
    browser = browser or Client()
    return browser.get(ADDRESS, said, headers={"X-Remote-User": login}, REMOTE_ADDR=proxy)


def test_the_proxys_word_opens_the_mailbox() -> None:
    browser = Client()
    page = browser.post("/accounts/login/", {"provider": "proxy", "shared_computer": "on"})
    assert onward(page) == f"{ADDRESS}?shared_computer=on"
    answer = come("Alice", browser=browser, shared_computer="on", next="/rules/")
    assert (answer.status_code, answer["Location"]) == (302, "/rules/")
    session.pool().close_all()
    assert browser.get("/mail/INBOX/").status_code == 200
    assert User.objects.get().login == "alice"
    assert UserSession.objects.get().is_shared


@pytest.mark.parametrize("proxy", ["192.0.2.1", "127.0.0.1", "", "10.0.0.1.example"])
def test_nobody_else_is_believed(proxy: str) -> None:
    assert come("alice", proxy).status_code == ProviderFailure.LOGIN.status
    forwarded = Client().get(
        ADDRESS,
        headers={"X-Remote-User": "alice", "X-Forwarded-For": "10.0.0.1"},
        REMOTE_ADDR=proxy,
    )
    assert forwarded.status_code == ProviderFailure.LOGIN.status
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "login", ["", "alice bob", "alice@autre.example", "alice*webmail", "a@b@ac-exemple.fr"]
)
def test_what_is_no_login(login: str) -> None:
    assert come(login).status_code in (ProviderFailure.LOGIN.status, ProviderFailure.MAILBOX.status)
    assert not User.objects.exists()


def test_it_is_off_by_default(settings: Any) -> None:
    browser = Client()
    assert come("alice", browser=browser).status_code == 302
    settings.REMOTE_USER_HEADER = ""
    session.pool().close_all()
    assert browser.get("/mail/INBOX/").status_code == 302
    assert come("alice").status_code == 404
    assert Client().post("/accounts/login/", {"provider": "proxy"}).status_code == 404
    assert 'value="proxy"' not in Client().get("/accounts/login/").content.decode()


def test_the_header_counts_nowhere_else() -> None:
    answer = Client().get(
        "/mail/INBOX/", headers={"X-Remote-User": "alice"}, REMOTE_ADDR="10.0.0.1"
    )
    assert answer["Location"].startswith("/accounts/login/")


def test_a_credential_is_one_users_and_cannot_be_made() -> None:
    come("alice")
    come("bob")
    alice, bob = User.objects.get(login="alice"), User.objects.get(login="bob")
    made = proxied.credential(alice)
    assert grants.way_in(alice, made)[0] == "alice*webmail"
    for credential in (made, "\0proxy\0", f"\0proxy\0{bob.pk}:x"):
        with pytest.raises(SignInNeeded):
            grants.way_in(bob, credential)


def test_signing_out_leads_to_where_the_service_is_left(settings: Any) -> None:
    settings.REMOTE_USER_LOGOUT = "https://sso.ac-exemple.fr/cas/logout"
    browser = Client()
    come("alice", browser=browser)
    answer = browser.post("/accounts/logout/")
    assert onward(answer) == "https://sso.ac-exemple.fr/cas/logout"
    assert not UserSession.objects.exists()


def test_another_person_is_refused_in_the_same_session() -> None:
    browser = Client()
    come("alice", browser=browser)
    assert come("bob", browser=browser).status_code == ProviderFailure.PERSON.status
