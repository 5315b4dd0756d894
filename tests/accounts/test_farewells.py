"""Applications hear that a session here is over."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from django.test import Client

from accounts import session
from accounts.models import ServiceVisit, User, UserSession
from accounts.oidc import farewells
from demo.servers.dovecot import MailAccount
from tests.accounts.test_oidc import ServiceSignIn, make_service, told
from tests.servers.forger import LOGOUT, Forger

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("oidc_key", "clean_cache", "celery_now"),
]


@pytest.fixture
def application(settings: Any, oidc_pem: str) -> Iterator[Forger]:
    """It takes what it is told."""
    settings.PROVIDER_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    server = Forger(oidc_pem)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def told_of_the_end(application: Forger) -> ServiceSignIn:
    service, secret = make_service(skip_consent=True)
    farewells.set_address(service, f"{application.url}/over")
    service.save()
    return ServiceSignIn(service, secret)


@pytest.fixture
def browser(signed_in: Any, alice: MailAccount) -> Iterator[Client]:
    yield signed_in(alice)
    session.pool().close_all()


def visit(browser: Client, sign_in: ServiceSignIn) -> dict[str, Any]:
    """The ID token that the application gets."""
    code = told(browser.get(sign_in.address()))["code"]
    answer = sign_in.exchange_code(code)
    assert answer.status_code == 200, answer.content
    claims: dict[str, Any] = jwt.decode(
        answer.json()["id_token"], options={"verify_signature": False}
    )
    return claims


def heard(application: Forger) -> list[dict[str, Any]]:
    """The claims of the logout tokens, checked by the published keys."""
    keys = jwt.PyJWKSet.from_dict(Client().get("/.well-known/jwks.json").json())
    claims = []
    for form in application.forms:
        token = parse_qs(form)["logout_token"][0]
        head = jwt.get_unverified_header(token)
        assert head["typ"] == "logout+jwt"
        key = keys[head["kid"]]
        claims.append(jwt.decode(token, key, algorithms=["RS256"], options={"verify_aud": False}))
    return claims


def test_an_application_hears_of_the_sign_out(
    browser: Client, told_of_the_end: ServiceSignIn, application: Forger
) -> None:
    known = visit(browser, told_of_the_end)
    again = visit(browser, told_of_the_end)
    assert known["sid"] == again["sid"]
    browser.post("/accounts/logout/")
    (claims,) = heard(application)
    assert claims["aud"] == told_of_the_end.service.pk
    assert claims["iss"] == known["iss"]
    assert (claims["sub"], claims["sid"]) == (known["sub"], known["sid"])
    assert claims["events"] == {LOGOUT: {}}
    assert "nonce" not in claims
    assert claims["exp"] > time.time()
    assert not ServiceVisit.objects.exists()


def test_it_hears_of_a_session_that_was_ended_from_elsewhere(
    browser: Client,
    signed_in: Any,
    alice: MailAccount,
    told_of_the_end: ServiceSignIn,
    application: Forger,
) -> None:
    visit(browser, told_of_the_end)
    other = signed_in(alice)
    other.post("/account/sessions/others/end/")
    assert len(heard(application)) == 1
    assert UserSession.objects.count() == 1


def test_an_application_without_the_address_hears_nothing(
    browser: Client, application: Forger
) -> None:
    sign_in = ServiceSignIn(*make_service(skip_consent=True))
    assert "sid" not in visit(browser, sign_in)
    browser.post("/accounts/logout/")
    assert application.forms == []


def test_an_application_that_is_gone_keeps_nobody(
    browser: Client, told_of_the_end: ServiceSignIn, application: Forger
) -> None:
    visit(browser, told_of_the_end)
    farewells.set_address(told_of_the_end.service, "http://127.0.0.1:9/over")
    told_of_the_end.service.save()
    assert browser.post("/accounts/logout/").status_code == 302
    assert not ServiceVisit.objects.exists()


def test_visits_of_sessions_that_are_over_go(
    browser: Client, told_of_the_end: ServiceSignIn
) -> None:
    visit(browser, told_of_the_end)
    assert farewells.forget_old() == 0
    ServiceVisit.objects.update(session=0, opened="2020-01-01T00:00Z")
    assert farewells.forget_old() == 1
    assert User.objects.exists()
