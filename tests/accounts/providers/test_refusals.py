"""Sign-ins by a provider that open nothing, and the page that each of them gets."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ValidationError
from django.test import Client

from accounts import session
from accounts.models import AuditEvent, MailDomain, TokenGrant, User
from accounts.models.providers import check_issuer, check_template
from accounts.providers.failures import ProviderFailure
from tests.accounts.providers.conftest import Academy, Forged

pytestmark = pytest.mark.django_db
NOW = int(time.time())


def refused(answer: Any, failure: ProviderFailure) -> None:
    assert answer.status_code == failure.status, answer.content.decode()
    assert str(failure.title) in answer.content.decode().replace("&#x27;", "'")
    assert not TokenGrant.objects.exists()


def test_the_honest_one_is_let_in(forged: Forged) -> None:
    assert forged.arrive().status_code == 302
    assert User.objects.get().login == "alice"
    assert "code_verifier=" in forged.forger.forms[0]


@pytest.mark.parametrize(
    ("claims", "failure"),
    [
        ({"iss": "https://autre.example"}, ProviderFailure.ANSWER),
        ({"aud": "another"}, ProviderFailure.AUDIENCE),
        ({"aud": ["webmail", "another"]}, ProviderFailure.AUDIENCE),
        ({"azp": "another"}, ProviderFailure.AUDIENCE),
        ({"nonce": "another"}, ProviderFailure.STATE),
        ({"nonce": None}, ProviderFailure.STATE),
        ({"sub": None}, ProviderFailure.ANSWER),
        ({"sub": "x" * 300}, ProviderFailure.ANSWER),
        ({"exp": NOW - 90}, ProviderFailure.CLOCK),
        ({"iat": NOW + 600}, ProviderFailure.CLOCK),
        ({"exp": None}, ProviderFailure.ANSWER),
        ({"preferred_username": "bob@autre.example"}, ProviderFailure.LOGIN),
        ({"preferred_username": "alice bob"}, ProviderFailure.LOGIN),
        ({"preferred_username": "a\0b"}, ProviderFailure.LOGIN),
        ({"preferred_username": ["alice"]}, ProviderFailure.LOGIN),
        ({"preferred_username": "alice*webmail"}, ProviderFailure.MAILBOX),
    ],
)
def test_a_token_that_is_not_for_us(
    forged: Forged, claims: dict[str, Any], failure: ProviderFailure
) -> None:
    forged.forger.claims = claims
    if failure is ProviderFailure.LOGIN and isinstance(claims["preferred_username"], list):
        me = json.dumps({"sub": "1", "preferred_username": ["alice"]}).encode()
        forged.forger.answers["/me"] = 200, me
    refused(forged.arrive(), failure)
    assert not User.objects.exists()


@pytest.mark.parametrize("skew", [-50, 50])
def test_clocks_may_differ_by_a_minute(forged: Forged, skew: int) -> None:
    now = int(time.time())
    forged.forger.claims = {"iat": now + max(skew, 0), "exp": now + min(skew, 0) + 2}
    assert forged.arrive().status_code == 302


def test_another_key_signs_nothing(forged: Forged) -> None:
    forged.forger.key = rsa.generate_private_key(65537, 2048)
    refused(forged.arrive(), ProviderFailure.ANSWER)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_no_signature_and_no_shared_secret_are_taken(forged: Forged, algorithm: str) -> None:
    forger = forged.forger

    def token() -> str:
        claims = {"iss": forger.url, "aud": "webmail", "sub": "1", "iat": NOW, "exp": NOW + 900}
        key: Any = None if algorithm == "none" else "k" * 32
        return jwt.encode(
            claims | {"nonce": forger.nonce}, key, algorithm=algorithm, headers={"kid": "one"}
        )

    forger.id_token = token  # type: ignore[method-assign]
    refused(forged.arrive(), ProviderFailure.ANSWER)


def test_the_state_of_another_browser(forged: Forged) -> None:
    refused(forged.arrive(state="another"), ProviderFailure.STATE)
    answer = Client().get(f"/accounts/provider/{forged.provider.pk}/back/", {"code": "c"})
    refused(answer, ProviderFailure.STATE)
    assert "/token" not in forged.forger.paths


def test_a_sign_in_is_made_once(forged: Forged) -> None:
    browser = Client()
    assert forged.arrive(browser).status_code == 302
    answer = browser.get(f"/accounts/provider/{forged.provider.pk}/back/", {"code": "c"})
    assert answer.status_code == ProviderFailure.STATE.status


def test_the_answer_of_another_issuer(forged: Forged) -> None:
    refused(forged.arrive(iss="https://autre.example"), ProviderFailure.STATE)


def test_somebody_cancels(forged: Forged) -> None:
    refused(forged.arrive(code="", error="access_denied"), ProviderFailure.CANCELLED)
    refused(forged.arrive(code="", error="server_error"), ProviderFailure.ANSWER)


def test_a_code_that_is_worth_nothing(forged: Forged) -> None:
    forged.forger.answers["/token"] = 400, b'{"error": "invalid_grant"}'
    refused(forged.arrive(), ProviderFailure.EXPIRED)


@pytest.mark.parametrize(
    ("path", "answer", "failure"),
    [
        ("/.well-known/openid-configuration", (500, b"oops"), ProviderFailure.DOWN),
        ("/.well-known/openid-configuration", (200, b"[]"), ProviderFailure.ANSWER),
        ("/.well-known/openid-configuration", (200, b"[" * 100_000), ProviderFailure.ANSWER),
        ("/.well-known/openid-configuration", (200, b" " * 300_000), ProviderFailure.ANSWER),
        ("/.well-known/openid-configuration", (302, b""), ProviderFailure.ANSWER),
        ("/token", (503, b"{}"), ProviderFailure.DOWN),
        (
            "/token",
            (200, b'{"access_token": "a b", "token_type": "Bearer"}'),
            ProviderFailure.ANSWER,
        ),
        ("/token", (200, b'{"access_token": 7}'), ProviderFailure.ANSWER),
        ("/token", (401, b'{"error": "invalid_client"}'), ProviderFailure.ANSWER),
        ("/keys", (200, b'{"keys": [7, {"kty": "RSA"}]}'), ProviderFailure.ANSWER),
        ("/keys", (200, b'{"keys": {}}'), ProviderFailure.ANSWER),
    ],
)
def test_a_provider_that_answers_badly(
    forged: Forged, path: str, answer: tuple[int, bytes], failure: ProviderFailure
) -> None:
    forged.forger.answers[path] = answer
    refused(forged.arrive(), failure)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "https://autre.example"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("token_endpoint", None),
        ("jwks_uri", 7),
    ],
)
def test_a_configuration_that_leads_elsewhere(forged: Forged, name: str, value: object) -> None:
    forged.forger.configuration = {name: value}
    refused(forged.arrive(), ProviderFailure.ANSWER)


def test_a_private_address_only_where_the_administrator_says_so(
    forged: Forged, settings: Any
) -> None:
    settings.PROVIDER_NETWORKS = []
    refused(forged.arrive(), ProviderFailure.ANSWER)
    assert forged.forger.paths == []


def test_a_provider_that_is_gone(forged: Forged) -> None:
    forged.forger.stop()
    forged.forger.stop = lambda: None  # type: ignore[method-assign]
    refused(forged.arrive(), ProviderFailure.DOWN)


def test_a_provider_that_is_down_is_not_asked_by_everybody(forged: Forged) -> None:
    forged.forger.answers["/.well-known/openid-configuration"] = 503, b""
    for _time in range(5):
        refused(forged.arrive(), ProviderFailure.DOWN)
    assert len(forged.forger.paths) == 1


def test_claims_of_another_person(forged: Forged) -> None:
    forged.forger.claims = {"preferred_username": None}
    forged.forger.answers["/me"] = 200, b'{"sub": "2", "preferred_username": "bob"}'
    refused(forged.arrive(), ProviderFailure.ANSWER)


def test_an_access_token_for_another_service(forged: Forged) -> None:
    forged.provider.audience = "imap"
    forged.provider.save()
    forged.forger.access = forged.forger.signed({"aud": ["account"]})
    refused(forged.arrive(), ProviderFailure.AUDIENCE)
    forged.forger.access = forged.forger.signed({"aud": ["account", "imap"]})
    assert forged.arrive().status_code == 302


def test_somebody_without_a_mailbox(academy: Academy) -> None:
    """The token is not of the login that the template makes: the mail server says no."""
    academy.issuer.knows("charlie", preferred_username="charlie", nickname="bob")
    academy.provider.login_template = "{nickname}"
    academy.provider.save()
    browser = Client()
    answer = academy.come_back(browser, academy.leave_for(browser), "charlie")
    refused(answer, ProviderFailure.MAILBOX)
    assert not User.objects.exists()
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.SIGN_IN_FAILED)
    assert event.detail == {"cause": "provider", "reason": "mailbox"}


def test_an_address_is_nobodys_proof(academy: Academy) -> None:
    """A provider that says Bob's address of Alice opens nothing of Bob's."""
    User.objects.create(mail_domain=academy.domain, login="robert", address="alice@ac-exemple.fr")
    academy.sign_in("alice")
    assert User.objects.filter(login="alice").count() == 1
    assert TokenGrant.objects.get().user.login == "alice"


def test_an_unverified_address_is_no_login(forged: Forged) -> None:
    forged.provider.login_template = "{email}"
    forged.provider.save()
    forged.forger.claims = {"email": "alice@ac-exemple.fr", "email_verified": False}
    refused(forged.arrive(), ProviderFailure.LOGIN)
    forged.forger.claims = {"email": "alice@ac-exemple.fr", "email_verified": True}
    assert forged.arrive().status_code == 302


def test_the_mailbox_of_another_mail_domain(forged: Forged) -> None:
    """The same mail server has two domains: the provider of one opens no user of the other."""
    other = MailDomain.objects.create(
        name="ac-autre.fr",
        login_form=MailDomain.LoginForm.LOCAL,
        imap_host=forged.domain.imap_host,
        imap_port=forged.domain.imap_port,
        imap_security=MailDomain.Security.NONE,
    )
    page = Client().post(
        "/accounts/login/", {"login": "alice@ac-autre.fr", "password": "Craie-Bleue 7!"}
    )
    assert page.status_code == 302
    assert User.objects.get().mail_domain == other
    refused(forged.arrive(), ProviderFailure.OTHER)


def test_somebody_who_was_shut_out(forged: Forged) -> None:
    User.objects.create(
        mail_domain=forged.domain, login="alice", is_active=False, blocked_reason="Enquête en cours"
    )
    answer = forged.arrive()
    refused(answer, ProviderFailure.BLOCKED)
    assert "Enquête en cours" in answer.content.decode()


def test_somebody_whom_no_staff_record_names(forged: Forged) -> None:
    forged.domain.staff_only = True
    forged.domain.save()
    refused(forged.arrive(), ProviderFailure.NOT_STAFF)


def test_another_person_in_the_same_session(forged: Forged) -> None:
    browser = Client()
    assert forged.arrive(browser).status_code == 302
    forged.forger.claims = {"preferred_username": "bob", "sub": "2"}
    answer = forged.arrive(browser)
    assert answer.status_code == ProviderFailure.PERSON.status
    assert TokenGrant.objects.get().user.login == "alice"


def test_a_provider_that_is_off_is_not_there(forged: Forged) -> None:
    browser = Client()
    forged.arrive(browser)
    forged.provider.is_on = False
    forged.provider.save()
    assert Client().get(f"/accounts/provider/{forged.provider.pk}/").status_code == 404
    session.pool().close_all()
    assert browser.get("/mail/INBOX/").status_code == 302


@pytest.mark.parametrize(
    "address",
    [
        "http://idp.example",
        "https://idp.example/?a",
        "ftp://idp.example",
        "https://",
        "idp",
        "https://a@b.example",
    ],
)
def test_what_is_no_issuer(address: str) -> None:
    with pytest.raises(ValidationError):
        check_issuer(address)
    check_issuer("https://sso.ac-exemple.fr/realms/agents")


@pytest.mark.parametrize("template", ["", "alice", "{}", "{a b}", "{a}{", "{a} {b}"])
def test_what_is_no_template(template: str) -> None:
    with pytest.raises(ValidationError):
        check_template(template)
    check_template("{uid}@ac-exemple.fr")
