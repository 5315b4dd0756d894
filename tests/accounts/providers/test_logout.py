"""The provider says that a session there is over."""

from __future__ import annotations

import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from accounts.models import TokenGrant, UserSession
from tests.accounts.providers.conftest import Forged

pytestmark = pytest.mark.django_db


def tell(forged: Forged, token: str) -> Any:
    return Client(enforce_csrf_checks=True).post(
        f"/accounts/provider/{forged.provider.pk}/over/", {"logout_token": token}
    )


def test_the_session_ends_by_its_number(forged: Forged) -> None:
    here, there = Client(), Client()
    forged.arrive(here)
    forged.forger.claims = {"sid": "s2"}
    forged.arrive(there)
    assert UserSession.objects.count() == 2
    answer = tell(forged, forged.forger.logout_token(sub=None))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert here.get("/mail/INBOX/").status_code == 302
    assert there.get("/mail/INBOX/").status_code == 200
    assert TokenGrant.objects.get().sid == "s2"


def test_all_sessions_end_by_the_subject(forged: Forged) -> None:
    browsers = [Client(), Client()]
    for number, browser in enumerate(browsers):
        forged.forger.claims = {"sid": f"s{number}"}
        forged.arrive(browser)
    assert tell(forged, forged.forger.logout_token(sid=None)).status_code == 200
    assert not UserSession.objects.exists()
    assert [browser.get("/mail/INBOX/").status_code for browser in browsers] == [302, 302]


def test_nobody_else_is_signed_out(forged: Forged) -> None:
    browser = Client()
    forged.arrive(browser)
    assert tell(forged, forged.forger.logout_token(sub="2", sid=None)).status_code == 200
    assert tell(forged, forged.forger.logout_token(sub="2", sid="s1")).status_code == 200
    assert browser.get("/mail/INBOX/").status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://autre.example"},
        {"aud": "another"},
        {"events": None},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"events": "http://schemas.openid.net/event/backchannel-logout"},
        {"nonce": "n"},
        {"sub": None, "sid": None},
        {"sub": 1},
        {"iat": None},
        {"iat": int(time.time()) - 3600},
        {"exp": int(time.time()) - 90},
        {"jti": None},
    ],
)
def test_a_logout_token_that_is_none(forged: Forged, claims: dict[str, Any]) -> None:
    browser = Client()
    forged.arrive(browser)
    assert tell(forged, forged.forger.logout_token(**claims)).status_code == 400
    assert browser.get("/mail/INBOX/").status_code == 200


def test_an_id_token_is_no_logout_token(forged: Forged) -> None:
    browser = Client()
    forged.arrive(browser)
    assert tell(forged, forged.forger.id_token()).status_code == 400
    assert tell(forged, "x").status_code == 400
    assert tell(forged, "").status_code == 400
    assert UserSession.objects.exists()


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "id_token+jwt", "logout", 7])
def test_a_token_of_another_type_ends_nothing(forged: Forged, kind: object) -> None:
    browser = Client()
    forged.arrive(browser)
    forged.forger.logout_type = kind
    assert tell(forged, forged.forger.logout_token()).status_code == 400
    assert browser.get("/mail/INBOX/").status_code == 200


@pytest.mark.parametrize("kind", [None, "JWT", "logout+jwt", "application/logout+JWT"])
def test_a_token_may_name_its_type(forged: Forged, kind: object) -> None:
    forged.arrive(Client())
    forged.forger.logout_type = kind
    assert tell(forged, forged.forger.logout_token()).status_code == 200
    assert not UserSession.objects.exists()


def test_a_logout_token_is_taken_once(forged: Forged) -> None:
    token = forged.forger.logout_token()
    assert tell(forged, token).status_code == 200
    assert tell(forged, token).status_code == 400


def test_another_key_ends_nothing(forged: Forged) -> None:
    browser = Client()
    forged.arrive(browser)
    forged.forger.key = rsa.generate_private_key(65537, 2048)
    assert tell(forged, forged.forger.logout_token()).status_code == 400
    assert browser.get("/mail/INBOX/").status_code == 200


def test_a_new_key_is_asked_for_once_in_a_while(forged: Forged) -> None:
    forged.arrive()
    before = forged.forger.paths.count("/keys")
    for number in range(5):
        token = forged.forger.signed({"iss": forged.forger.url}, headers={"kid": f"new{number}"})
        assert tell(forged, token).status_code == 400
    assert forged.forger.paths.count("/keys") == before + 1
