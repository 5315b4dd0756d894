"""Signing in to another service: what it is told, and all that is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from allauth.idp.oidc.models import Client as Service
from allauth.idp.oidc.models import Token
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import session
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from accounts.oidc import keys
from accounts.oidc.adapter import claims
from accounts.views.oidc import FAILURES_PER_MINUTE
from demo.servers.dovecot import MailAccount

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("oidc_key", "clean_cache")]

BACK = "https://voyages.exemple.fr/retour?portail=1"
BYE = "https://voyages.exemple.fr/adieu"
AUTHORIZE, TOKEN = "/identity/o/authorize", "/identity/o/api/token"


@dataclass
class ServiceSignIn:
    """One sign-in, as a service begins it; each value can be made wrong."""

    service: Service
    secret: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def address(self, **changed: str | None) -> str:
        """Return where the service sends the browser; None leaves a parameter out."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query: dict[str, str | None] = {
            "client_id": self.service.pk,
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": "openid profile email staff",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        query |= changed
        return f"{AUTHORIZE}?{urlencode({k: v for k, v in query.items() if v is not None})}"

    def exchange_code(self, code: str, **changed: str) -> Any:
        """The service's server asks for tokens."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "client_id": self.service.pk,
            "client_secret": self.secret,
            "code_verifier": self.verifier,
        }
        form |= changed
        return Client().post(TOKEN, {k: v for k, v in form.items() if v})


def told(response: Any) -> dict[str, str]:
    """Return what the redirect back tells the service."""
    assert response.status_code == 302, response.content.decode()
    assert response["Location"].startswith(BACK.partition("?")[0])
    return {
        name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()
    }


def make_service(name: str = "DT-Ulysse", **more: Any) -> tuple[Service, str]:
    service = Service(name=name, redirect_uris=BACK, **more)
    service.set_scopes(["openid", "profile", "email", "staff"])
    service.set_post_logout_redirect_uris([BYE])
    service.set_secret("Un-Secret-Long-Et-Sur")
    service.save()
    return service, "Un-Secret-Long-Et-Sur"


@pytest.fixture
def trusted() -> ServiceSignIn:
    """Of the authority's own: people are not asked."""
    return ServiceSignIn(*make_service(skip_consent=True))


@pytest.fixture
def stranger() -> ServiceSignIn:
    """Of somebody else: people are asked."""
    return ServiceSignIn(*make_service("Covoiturage"))


@pytest.fixture
def window(mail_domain: MailDomain) -> Client:
    """Alice's. Nothing here opens her mailbox."""
    user = User.objects.create(
        mail_domain=mail_domain, login="alice", address="alice@ac-exemple.fr"
    )
    client = Client()
    client.force_login(user, backend="accounts.backends.MailServerBackend")
    return client


@pytest.fixture
def issued(window: Client, trusted: ServiceSignIn) -> dict[str, Any]:
    """The answer of the token address, of a sign-in without a fault."""
    answer = trusted.exchange_code(told(window.get(trusted.address()))["code"])
    assert answer.status_code == 200, answer.content
    return {**answer.json(), "headers": answer.headers}


def ask(access_token: str) -> Any:
    return Client().get(
        "/identity/o/api/userinfo", headers={"Authorization": f"Bearer {access_token}"}
    )


def kinds() -> list[tuple[str, str]]:
    lines = AuditEvent.objects.filter(kind__startswith="service").order_by("pk")
    return [(line.kind, line.detail.get("reason", "")) for line in lines]


def test_a_service_learns_who_somebody_is(
    window: Client, trusted: ServiceSignIn, record: StaffRecord
) -> None:
    record.address = "alice@ac-exemple.fr"
    record.school_uai, record.school_name = "0800101A", "Collège Les Aubépines"
    record.function = "Professeure agrégée"
    record.save()
    back = told(window.get(trusted.address()))
    assert (back["state"], back["portail"]) == (trusted.state, "1")
    tokens = trusted.exchange_code(back["code"]).json()
    assert "refresh_token" not in tokens
    (key,) = Client().get("/.well-known/jwks.json").json()["keys"]
    told_in_token = jwt.decode(
        tokens["id_token"],
        jwt.PyJWK(key).key,
        algorithms=["RS256"],
        audience=trusted.service.pk,
        issuer="http://localhost:8000",
    )
    user = User.objects.get(login="alice")
    expected = {
        "sub": str(user.subject),
        "name": "alice@ac-exemple.fr",
        "given_name": "Alice",
        "family_name": "Martin",
        "email": "alice@ac-exemple.fr",
        "email_verified": True,
        "school": {"uai": "0800101A", "name": "Collège Les Aubépines"},
        "function": "Professeure agrégée",
    }
    assert expected.items() <= told_in_token.items()
    assert told_in_token["nonce"] == trusted.nonce
    assert ask(tokens["access_token"]).json() == expected


def test_tokens_are_stored_nowhere(issued: dict[str, Any]) -> None:
    assert issued["headers"]["Cache-Control"] == "no-store"
    assert Token.objects.get().type == Token.Type.ACCESS_TOKEN
    assert Token.objects.get().hash != issued["access_token"]
    everything = json.dumps(list(AuditEvent.objects.values_list("detail", flat=True)))
    assert issued["access_token"] not in everything


def test_the_subject_is_neither_address_nor_key(window: Client) -> None:
    user = User.objects.get(login="alice")
    (subject,) = claims(user, ["openid"]).values()
    assert uuid.UUID(subject).version == 4
    assert (
        User.objects.create(login="quelquun", mail_domain=user.mail_domain).subject != user.subject
    )


def test_a_service_learns_only_what_it_may(window: Client, trusted: ServiceSignIn) -> None:
    answer = trusted.exchange_code(told(window.get(trusted.address(scope="openid email")))["code"])
    got = ask(answer.json()["access_token"]).json()
    assert set(got) == {"sub", "email", "email_verified"}


def test_a_scope_that_is_not_the_services_is_refused(
    window: Client, trusted: ServiceSignIn
) -> None:
    trusted.service.set_scopes(["openid", "email"])
    trusted.service.save()
    assert told(window.get(trusted.address()))["error"] == "invalid_scope"


@pytest.mark.parametrize(
    "address",
    [
        "https://voyages.exemple.fr/retour",
        "https://voyages.exemple.fr/retour?portail=1&plus=2",
        "https://voyages.exemple.fr/retour?portail=1#x",
        "https://voyages.exemple.fr:8443/retour?portail=1",
        "http://voyages.exemple.fr/retour?portail=1",
        "https://voyages.exemple.fr.mechant.example/retour?portail=1",
        "https://moi@voyages.exemple.fr/retour?portail=1",
        "https://VOYAGES.exemple.fr/retour?portail=1",
        "javascript:alert(1)",
        "",
        None,
    ],
)
def test_an_altered_address_gets_a_page_of_ours(
    window: Client, trusted: ServiceSignIn, address: str | None
) -> None:
    answer = window.get(trusted.address(redirect_uri=address))
    assert answer.status_code == 400
    assert "Location" not in answer
    assert kinds() == [("service.refused", "address")]


def test_another_port_of_this_machine_is_another_address(
    window: Client, trusted: ServiceSignIn
) -> None:
    trusted.service.redirect_uris = "http://127.0.0.1:8001/retour"
    trusted.service.save()
    answer = window.get(trusted.address(redirect_uri="http://127.0.0.1:8002/retour"))
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "court"},
    ],
)
def test_without_pkce_there_is_no_code(
    window: Client, trusted: ServiceSignIn, changed: dict[str, str | None]
) -> None:
    back = told(window.get(trusted.address(**changed)))
    assert back["error"] == "invalid_request"
    assert "PKCE" in back["error_description"]
    assert "code" not in back
    assert back["state"] == trusted.state


def test_a_repeated_parameter_is_refused(window: Client, trusted: ServiceSignIn) -> None:
    address = f"{trusted.address(code_challenge_method='plain')}&code_challenge_method=S256"
    assert told(window.get(address))["error"] == "invalid_request"


def test_an_age_that_nobody_checks_is_refused(window: Client, trusted: ServiceSignIn) -> None:
    assert told(window.get(trusted.address(max_age="60")))["error"] == "invalid_request"
    assert told(window.get(trusted.address(request="x")))["error"] == "request_not_supported"
    assert told(window.get(trusted.address(resource="x")))["error"] == "invalid_target"


@pytest.mark.parametrize("kind", ["token", "id_token", "code id_token", "none"])
def test_only_codes_are_given(window: Client, trusted: ServiceSignIn, kind: str) -> None:
    back = told(window.get(trusted.address(response_type=kind)))
    assert back["error"] == "unsupported_response_type"


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"code_verifier": "x" * 64}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_request"),
        ({"client_secret": "faux"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"redirect_uri": "https://voyages.exemple.fr/retour"}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
        ({"resource": "nulle part"}, 400, "invalid_target"),
        ({"client_id": "in\x00connu"}, 400, "invalid_request"),
        ({"client_id": "inconnu"}, 401, "invalid_client"),
        ({"code_verifier": "é"}, 400, "invalid_request"),
    ],
)
def test_a_wrong_purchase_is_refused(
    window: Client, trusted: ServiceSignIn, changed: dict[str, str], status: int, error: str
) -> None:
    code = told(window.get(trusted.address()))["code"]
    answer = trusted.exchange_code(code, **changed)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert not Token.objects.exists()


def test_a_code_of_one_service_is_worth_nothing_to_another(
    window: Client, trusted: ServiceSignIn, stranger: ServiceSignIn
) -> None:
    code = told(window.get(trusted.address()))["code"]
    answer = trusted.exchange_code(code, client_id=stranger.service.pk)
    assert answer.json()["error"] == "invalid_grant"


def test_who_comes_with_a_code_again_loses_what_it_bought(
    window: Client, trusted: ServiceSignIn
) -> None:
    code = told(window.get(trusted.address()))["code"]
    access_token = trusted.exchange_code(code).json()["access_token"]
    assert ask(access_token).status_code == 200
    answer = trusted.exchange_code(code)
    assert answer.json()["error"] == "invalid_grant"
    assert ask(access_token).status_code == 401
    assert kinds()[-1] == ("service.refused", "replayed code")


def test_a_code_taken_twice_at_once_buys_nothing(window: Client, trusted: ServiceSignIn) -> None:
    code = told(window.get(trusted.address()))["code"]
    key = f"allauth.idp.oidc.authorization_code[{trusted.service.pk}:{code}]"
    held = cache.get(key)
    first = trusted.exchange_code(code).json()["access_token"]
    cache.set(key, held)  # as the second one saw it
    assert trusted.exchange_code(code).json()["error"] == "invalid_grant"
    assert not Token.objects.exists()
    assert ask(first).status_code == 401


def test_an_expired_code_is_refused(window: Client, trusted: ServiceSignIn, settings: Any) -> None:
    settings.IDP_OIDC_AUTHORIZATION_CODE_EXPIRES_IN = 0
    code = told(window.get(trusted.address()))["code"]
    assert trusted.exchange_code(code).json()["error"] == "invalid_grant"


def test_an_expired_token_tells_nothing(issued: dict[str, Any]) -> None:
    Token.objects.update(expires_at="2020-01-01T00:00Z")
    assert ask(issued["access_token"]).status_code == 401


@pytest.mark.parametrize("days", [1, -1])
def test_what_a_machine_hands_out_whose_clock_is_wrong_is_good_on_the_others(
    window: Client, trusted: ServiceSignIn, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own")
    with monkeypatch.context() as patch:
        now, seconds, off = timezone.now, time.time, timedelta(days=days)
        patch.setattr(timezone, "now", lambda: now() + off)
        patch.setattr(time, "time", lambda: seconds() + off.total_seconds())
        answer = trusted.exchange_code(told(window.get(trusted.address()))["code"]).json()
    told_in_token = jwt.decode(answer["id_token"], options={"verify_signature": False})
    assert abs(told_in_token["iat"] - time.time()) < 60
    assert told_in_token["exp"] > time.time()
    (token,) = Token.objects.all()
    assert token.expires_at and timezone.now() < token.expires_at
    assert token.expires_at < timezone.now() + timedelta(minutes=11)
    assert ask(answer["access_token"]).status_code == 200


def test_a_token_in_the_address_is_refused(issued: dict[str, Any]) -> None:
    answer = Client().get("/identity/o/api/userinfo", {"access_token": issued["access_token"]})
    assert answer.status_code == 401


def test_who_is_shut_out_is_shut_out_of_services(
    window: Client, trusted: ServiceSignIn, issued: dict[str, Any]
) -> None:
    code = told(window.get(trusted.address()))["code"]
    User.objects.filter(login="alice").update(is_active=False)
    assert ask(issued["access_token"]).status_code == 401
    assert trusted.exchange_code(code).json()["error"] == "invalid_grant"
    assert window.get(trusted.address())["Location"].startswith("/accounts/login/")


def test_failures_at_the_token_address_are_limited(trusted: ServiceSignIn) -> None:
    for _time in range(FAILURES_PER_MINUTE):
        assert trusted.exchange_code("rien", client_secret="faux").status_code == 401
    answer = trusted.exchange_code("rien")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60


def test_a_stranger_signs_in_first(trusted: ServiceSignIn) -> None:
    answer = Client().get(trusted.address())
    step = urlsplit(answer["Location"])
    assert step.path == "/accounts/login/"
    following = parse_qs(step.query)["next"][0]
    assert following.startswith("/identity/o/continue?")
    assert not AuditEvent.objects.exists()


def test_after_the_sign_in_a_page_of_ours_leads_on(
    mail_domain: MailDomain, alice: MailAccount, trusted: ServiceSignIn
) -> None:
    browser = Client()
    step = browser.get(trusted.address())["Location"]
    following = parse_qs(urlsplit(step).query)["next"][0]
    answer = browser.post(
        "/accounts/login/",
        {"login": alice.login, "password": alice.password, "next": following},
        follow=True,
    )
    assert answer.redirect_chain == [(following, 302)]
    onward = answer.context["onward"]
    assert f'content="0; url={onward}"'.replace("&", "&amp;") in answer.content.decode()
    assert "code" in told(browser.get(onward))
    session.pool().close_all()


def test_a_session_that_lacks_its_code_is_none(
    mail_domain: MailDomain, alice: MailAccount, trusted: ServiceSignIn
) -> None:
    user = User.objects.create(mail_domain=mail_domain, login=alice.login)
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    browser = Client()
    following = f"/identity/o/continue?{trusted.address().partition('?')[2]}"
    typed = {"login": alice.login, "password": alice.password, "next": following}
    answer = browser.post("/accounts/login/", typed)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert browser.get(trusted.address())["Location"].startswith("/accounts/login/")
    assert told(browser.get(trusted.address(prompt="none")))["error"] == "login_required"
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    answer = browser.post(answer["Location"], {"code": code})
    assert answer["Location"] == following
    assert "code" in told(browser.get(trusted.address()))
    session.pool().close_all()


def test_a_local_administrator_has_no_services(trusted: ServiceSignIn) -> None:
    browser = Client()
    browser.force_login(
        User.objects.create_administrator("patronne", "Une-Craie-Verte-2026"),
        backend="accounts.backends.LocalAdministratorBackend",
    )
    assert browser.get(trusted.address()).status_code == 403
    assert browser.post(AUTHORIZE, {"request": "x"}).status_code == 403
    assert kinds() == [("service.refused", "no mailbox")]


def test_a_person_is_asked_what_is_handed_over(
    window: Client, stranger: ServiceSignIn, record: StaffRecord
) -> None:
    page = window.get(stranger.address())
    assert page.status_code == 200
    words = page.content.decode()
    assert "Covoiturage" in words
    assert "alice@ac-exemple.fr" in words
    assert "form-action 'self' https://voyages.exemple.fr;" in f"{page['Content-Security-Policy']};"
    other = window.get("/services/")
    assert "exemple" not in other["Content-Security-Policy"]
    assert not Token.objects.exists()


def consent(page: Any) -> dict[str, Any]:
    signed = page.context["form"].initial["request"]
    return {"request": signed, "scopes": [scope for scope, *_ in page.context["handed_over"]]}


def test_who_agrees_goes_on(window: Client, stranger: ServiceSignIn) -> None:
    form = consent(window.get(stranger.address()))
    back = told(window.post(AUTHORIZE, {**form, "action": "grant"}))
    assert stranger.exchange_code(back["code"]).status_code == 200
    (line,) = AuditEvent.objects.filter(kind="service.opened")
    assert line.detail == {"client": stranger.service.pk, "name": "Covoiturage"}
    assert line.target == "alice@ac-exemple.fr"


def test_who_does_not_agree_goes_back_without(window: Client, stranger: ServiceSignIn) -> None:
    form = consent(window.get(stranger.address()))
    back = told(window.post(AUTHORIZE, {**form, "action": "cancel"}))
    assert back["error"] == "access_denied"
    assert kinds() == [("service.refused", "access_denied")]


def test_nobody_agrees_in_anothers_name(window: Client, stranger: ServiceSignIn) -> None:
    form = consent(window.get(stranger.address()))
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = window.cookies
    answer = forged.post(AUTHORIZE, {**form, "action": "grant"})
    assert answer.status_code == 403
    assert kinds() == []


def test_a_local_administrator_agrees_to_nothing(window: Client, stranger: ServiceSignIn) -> None:
    form = consent(window.get(stranger.address()))
    browser = Client()
    browser.force_login(
        User.objects.create_administrator("patronne", "Une-Craie-Verte-2026"),
        backend="accounts.backends.LocalAdministratorBackend",
    )
    assert browser.post(AUTHORIZE, {**form, "action": "grant"}).status_code == 403
    assert kinds() == []


def test_who_still_owes_a_second_factor_agrees_to_nothing(
    window: Client, stranger: ServiceSignIn, settings: Any
) -> None:
    form = consent(window.get(stranger.address()))
    settings.SECOND_FACTOR_ROLES = frozenset({"everybody"})
    answer = window.post(AUTHORIZE, {**form, "action": "grant"})
    assert answer["Location"].startswith("/account/security/")
    assert kinds() == []


def test_consent_to_one_service_is_none_to_another(
    window: Client, issued: dict[str, Any], stranger: ServiceSignIn
) -> None:
    back = told(window.get(stranger.address(prompt="none")))
    assert back["error"] == "consent_required"


def test_nobody_is_asked_where_nobody_is_to_be_asked(
    window: Client, trusted: ServiceSignIn
) -> None:
    step = window.get(trusted.address(prompt="none"))
    assert step["Location"].startswith(f"{AUTHORIZE}?")
    assert "code" in told(window.get(step["Location"]))
    assert told(Client().get(trusted.address(prompt="none")))["error"] == "login_required"


def test_a_service_may_ask_for_the_password_again(
    signed_in: Callable[..., Client], alice: MailAccount, trusted: ServiceSignIn
) -> None:
    browser = signed_in(alice)
    step = urlsplit(browser.get(trusted.address(prompt="login"))["Location"])
    assert step.path == "/accounts/reauthenticate/"
    following = parse_qs(step.query)["next"][0]
    assert following.startswith("/identity/o/continue?")
    assert "prompt" not in following
    answer = browser.post(f"{step.path}?{step.query}", {"password": "faux"})
    assert answer.status_code == 200
    answer = browser.post(
        f"{step.path}?{step.query}", {"password": alice.password, "next": following}
    )
    assert answer["Location"] == following
    session.pool().close_all()


def leaving(tokens: dict[str, Any], address: str = BYE) -> dict[str, str]:
    return {
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": address,
        "state": "là",
    }


LOGOUT = "/identity/o/logout"


def test_who_leaves_a_service_is_asked_about_the_mail(
    window: Client, issued: dict[str, Any]
) -> None:
    page = window.get(LOGOUT, leaving(issued))
    assert page.status_code == 200
    assert "DT-Ulysse" in page.content.decode()
    assert "form-action 'self' https://voyages.exemple.fr;" in f"{page['Content-Security-Policy']};"
    data = {**leaving(issued), "csrfmiddlewaretoken": str(page.context["csrf_token"])}
    answer = window.post(LOGOUT, {**data, "action": "logout"})
    assert answer["Location"] == f"{BYE}?state=l%C3%A0"
    assert window.get("/services/").status_code == 302
    assert ask(issued["access_token"]).status_code == 401


def test_who_signs_out_of_the_mail_is_no_longer_told_about(
    window: Client, issued: dict[str, Any]
) -> None:
    window.post("/accounts/logout/")
    assert ask(issued["access_token"]).status_code == 401


def test_who_stays_stays(window: Client, issued: dict[str, Any]) -> None:
    page = window.get(LOGOUT, leaving(issued))
    data = {**leaving(issued), "csrfmiddlewaretoken": str(page.context["csrf_token"])}
    answer = window.post(LOGOUT, {**data, "action": "stay"})
    assert answer["Location"].startswith(BYE)
    assert window.get("/services/").status_code == 200


@pytest.mark.parametrize(
    "address", [f"{BYE}/ailleurs", f"{BYE}?plus=1", "https://mechant.example/", "javascript:x"]
)
def test_who_leaves_is_led_nowhere_else(
    window: Client, issued: dict[str, Any], address: str
) -> None:
    answer = window.get(LOGOUT, leaving(issued, address))
    assert answer.status_code == 400
    assert window.get("/services/").status_code == 200


def test_another_site_signs_nobody_out(window: Client, issued: dict[str, Any]) -> None:
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = window.cookies
    forged.post(LOGOUT, {**leaving(issued), "action": "logout"})
    forged.post(LOGOUT, {**leaving(issued), "action": "logout", "csrfmiddlewaretoken": "x" * 32})
    assert window.get("/services/").status_code == 200


def test_the_issuer_is_the_configured_address_whatever_the_host(settings: Any) -> None:
    settings.BASE_URL = "https://webmail.exemple.fr/"
    settings.ALLOWED_HOSTS = ["testserver", "autre.exemple"]
    told_there = Client().get(
        "/.well-known/openid-configuration", headers={"host": "autre.exemple"}
    )
    document = told_there.json()
    assert document["issuer"] == "https://webmail.exemple.fr"
    addresses = [value for value in document.values() if str(value).startswith("http")]
    assert all(value.startswith("https://webmail.exemple.fr") for value in addresses)
    refused = Client().get("/.well-known/openid-configuration", headers={"host": "inconnu.exemple"})
    assert refused.status_code == 400


def test_any_site_may_read_where_things_are_and_nothing_else(issued: dict[str, Any]) -> None:
    elsewhere = {"Origin": "https://mechant.example"}
    for address in ("openid-configuration", "jwks.json"):
        answer = Client().get(f"/.well-known/{address}", headers=elsewhere)
        assert answer["Access-Control-Allow-Origin"] == "*"
    for address in ("authorize", "api/token", "api/userinfo", "api/revoke", "logout"):
        answer = Client().get(f"/identity/o/{address}", headers=elsewhere)
        assert "Access-Control-Allow-Origin" not in answer


def test_nothing_is_there_without_a_key(settings: Any, trusted: ServiceSignIn) -> None:
    settings.OIDC_KEYS = ()
    addresses = [AUTHORIZE, LOGOUT, "/identity/o/continue", "/identity/o/api/userinfo"]
    addresses += ["/.well-known/jwks.json", "/.well-known/openid-configuration"]
    assert {Client().get(address).status_code for address in addresses} == {404}
    assert {
        Client().post(f"/identity/o/api/{name}").status_code for name in ("token", "revoke")
    } == {404}


def test_a_former_key_stays_published_and_signs_no_more(
    window: Client, trusted: ServiceSignIn, settings: Any, oidc_key: str
) -> None:
    before = trusted.exchange_code(told(window.get(trusted.address()))["code"]).json()["id_token"]
    settings.OIDC_KEYS = (keys.create(2048), oidc_key)
    after = trusted.exchange_code(told(window.get(trusted.address()))["code"]).json()["id_token"]
    published = Client().get("/.well-known/jwks.json").json()["keys"]
    first, second = (key["kid"] for key in published)
    assert jwt.get_unverified_header(after)["kid"] == first
    assert jwt.get_unverified_header(before)["kid"] == second
    assert all(set(key) == {"kty", "key_ops", "n", "e", "kid"} for key in published)


def test_a_public_service_comes_without_a_secret_and_with_pkce(window: Client) -> None:
    public = ServiceSignIn(*make_service("Téléphone", type=Service.Type.PUBLIC, skip_consent=True))
    code = told(window.get(public.address()))["code"]
    assert public.exchange_code(code, client_secret="", code_verifier="y" * 64).status_code == 400
    assert public.exchange_code(code, client_secret="").status_code == 200
    assert told(window.get(public.address(code_challenge=None)))["error"] == "invalid_request"


def test_a_service_gives_a_token_back(issued: dict[str, Any], trusted: ServiceSignIn) -> None:
    data = {"token": issued["access_token"], "client_id": trusted.service.pk}
    refused = Client().post("/identity/o/api/revoke", {**data, "client_secret": "faux"})
    assert refused.status_code == 401
    Client().post("/identity/o/api/revoke", {**data, "client_secret": trusted.secret})
    assert ask(issued["access_token"]).status_code == 401


def test_odd_requests_get_an_answer(window: Client, trusted: ServiceSignIn) -> None:
    odd = ["\x00", "é" * 5000, "a\r\nX: y", "'\"<>"]
    for text in odd:
        assert window.get(trusted.address(client_id=text)).status_code == 400
        assert window.get(trusted.address(scope=text)).status_code in {302, 400}
        assert window.get(trusted.address(state=text)).status_code in {302, 400}
        assert trusted.exchange_code(text).status_code in {400, 401}
        assert window.post(AUTHORIZE, {"request": text}).status_code == 403
    assert re.match(r"/identity/o/authorize\?", window.post(AUTHORIZE)["Location"])
