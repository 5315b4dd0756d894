"""The second factor: what stays shut before it, who must have one, and what is noted of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth import get_user
from django.contrib.auth.models import Group
from django.core import mail
from django.db import transaction
from django.http import HttpRequest
from django.test import Client, RequestFactory

from accounts import credentials, session
from accounts.models import AuditEvent, MailDomain, User, UserSession
from demo.servers.dovecot import MailAccount
from mail.errors import SignInNeeded
from tests.accounts.test_administrators import code_of
from tests.accounts.test_oidc import ServiceSignIn, trusted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache", "pool_closed")]
LOGIN, STEP = "/accounts/login/", "/accounts/2fa/authenticate/"
SECURITY, SET_UP = "/account/security/", "/accounts/2fa/totp/activate/"
AGAIN = "/accounts/reauthenticate/"
__all__ = ["trusted"]  # a fixture, by its name
SetUp = Callable[[Client, MailAccount], None]


@pytest.fixture
def user(mail_domain: MailDomain) -> User:
    return User.objects.create(
        mail_domain=mail_domain, login="alice", address="alice@ac-exemple.fr"
    )


@pytest.fixture
def secret(user: User) -> str:
    """Of Alice's app."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


@pytest.fixture
def pending(user: User, secret: str, alice: MailAccount) -> Client:
    """Alice gave her password, and not yet her code."""
    client = Client()
    answer = sign_in(client, alice)
    assert answer["Location"] == STEP
    return client


def sign_in(client: Client, account: MailAccount):
    return client.post(LOGIN, {"login": account.login, "password": account.password})


def request_of(client: Client) -> HttpRequest:
    """Return the request that a view would be given."""
    request = RequestFactory().get("/mail/INBOX/")
    request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
    request.session = client.session
    request.user = get_user(request)
    return request


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> SetUp:
    """By hand, from the page on which it is asked for."""
    # A test's transaction never commits, and what waits for that would come after the answer.
    monkeypatch.setattr(transaction, "on_commit", lambda act: act())

    def set_up(client: Client, account: MailAccount) -> None:
        client.post(f"{AGAIN}?next={SET_UP}", {"password": account.password})
        page = client.get(SET_UP)
        (secret,) = re.findall(r'id="totp-secret">(\w+)<', page.content.decode())
        answer = client.post(SET_UP, {"code": code_of(secret)})
        assert answer.status_code == 302, answer.content.decode()

    return set_up


def test_nothing_opens_the_sealed_password_before_the_second_factor(
    pending: Client, secret: str
) -> None:
    request = request_of(pending)
    assert credentials.SESSION_KEY in request.session
    assert credentials.cookie_name() in request.COOKIES
    assert credentials.open_sealed(request) is None
    assert credentials.session_secret(request) is None
    with pytest.raises(SignInNeeded), session.imap(request):
        pass
    with pytest.raises(SignInNeeded):
        session.smtp(request)
    with pytest.raises(SignInNeeded):
        session.lease(request)
    assert pending.get("/mail/INBOX/")["Location"].startswith(LOGIN)
    assert not UserSession.objects.exists()
    pending.post(STEP, {"code": code_of(secret)})
    request = request_of(pending)
    with session.imap(request):
        pass
    assert session.smtp(request).login == "alice"
    assert pending.get("/mail/INBOX/").status_code == 200


def test_cancelling_leaves_nothing_of_the_password(pending: Client) -> None:
    pending.post("/accounts/logout/")
    assert credentials.SESSION_KEY not in pending.session
    assert pending.cookies["mail_key"].value == ""


def test_a_code_may_be_typed_in_groups(pending: Client, secret: str) -> None:
    code = code_of(secret)
    answer = pending.post(STEP, {"code": f" {code[:3]} {code[3:]}"})
    assert answer.status_code == 302


def test_a_code_of_the_app_opens_once(pending: Client, secret: str, alice: MailAccount) -> None:
    """Within its thirty seconds too, for whoever has read it over a shoulder."""
    code = code_of(secret)
    assert pending.post(STEP, {"code": code}).status_code == 302
    again = Client()
    sign_in(again, alice)
    assert again.post(STEP, {"code": code}).status_code == 200
    assert "_auth_user_id" not in again.session


def test_a_recovery_code_opens_once(pending: Client, user: User, alice: MailAccount) -> None:
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    assert pending.post(STEP, {"code": code}).status_code == 302
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.SIGNED_IN)
    assert event.detail["second_factor"] == "recovery_codes"
    again = Client()
    sign_in(again, alice)
    assert again.post(STEP, {"code": code}).status_code == 200


def test_wrong_codes_are_noted_without_the_code(pending: Client) -> None:
    for _time in range(6):
        pending.post(STEP, {"code": "123 45"})
    *failed, limited = AuditEvent.objects.order_by("pk")
    assert {event.kind for event in failed} == {AuditEvent.Kind.SIGN_IN_FAILED}
    assert limited.kind == AuditEvent.Kind.SIGN_IN_LIMITED
    assert {event.target for event in failed} == {"alice@ac-exemple.fr"}
    assert failed[0].detail["cause"] == "second factor"
    assert "12345" not in str(list(AuditEvent.objects.values()))


def test_a_storm_of_refused_codes_is_one_line(pending: Client) -> None:
    for _try in range(9):
        pending.post("/accounts/2fa/authenticate/", {"code": "000000"})
    kinds = list(AuditEvent.objects.values_list("kind", flat=True))
    assert kinds.count(AuditEvent.Kind.SIGN_IN_FAILED) == 5
    assert kinds.count(AuditEvent.Kind.SIGN_IN_LIMITED) == 1


@pytest.mark.parametrize("asked", ["everybody", "ac-exemple.fr", "support"])
def test_who_must_have_one_sets_it_up_before_the_mail_opens(
    signed_in: Callable[..., Client], alice: MailAccount, set_up: SetUp, settings, asked: str
) -> None:
    settings.SECOND_FACTOR_ROLES = {asked}
    client = signed_in(alice)
    if asked == "support":
        assert client.get("/mail/INBOX/").status_code == 200
        User.objects.get().groups.add(Group.objects.get(name="support"))
    answer = client.get("/mail/INBOX/")
    assert answer["Location"].partition("?")[0] == SECURITY
    assert client.get("/compose/").status_code == 302
    assert client.post("/mail/INBOX/act/", {"verb": "trash", "refs": "1-1"}).status_code == 401
    with pytest.raises(SignInNeeded), session.imap(request_of(client)):
        pass
    assert 'id="factor-needed"' in client.get(SECURITY).content.decode()
    set_up(client, alice)
    # It was just proved: it is not asked for again, here; elsewhere it is.
    assert client.get("/mail/INBOX/").status_code == 200
    assert sign_in(Client(), alice)["Location"] == STEP


def test_a_session_from_before_the_second_factor_is_asked_for_it(
    signed_in: Callable[..., Client], alice: MailAccount, settings
) -> None:
    settings.SECOND_FACTOR_ROLES = {"everybody"}
    client = signed_in(alice)
    secret = generate_totp_secret()
    TOTP.activate(User.objects.get(), secret)
    answer = client.get("/mail/INBOX/")
    assert answer["Location"].partition("?")[0] == "/accounts/2fa/reauthenticate/"
    answer = client.post(answer["Location"], {"code": code_of(secret)})
    assert answer["Location"] == "/mail/INBOX/"
    assert client.get("/mail/INBOX/").status_code == 200


def test_others_are_not_asked(
    signed_in: Callable[..., Client], alice: MailAccount, settings
) -> None:
    settings.SECOND_FACTOR_ROLES = {"administrator", "autre.example"}
    assert signed_in(alice).get("/mail/INBOX/").status_code == 200


def test_a_change_of_the_second_factor_is_noted_and_told(
    signed_in: Callable[..., Client],
    alice: MailAccount,
    set_up: SetUp,
    settings,
    celery_now: None,
) -> None:
    client = signed_in(alice)
    settings.EMAIL_HOST, settings.NOTICES_FROM = "127.0.0.1", "messagerie@ac-exemple.fr"
    set_up(client, alice)
    client.post("/accounts/2fa/totp/deactivate/")
    events = AuditEvent.objects.filter(kind=AuditEvent.Kind.SECOND_FACTOR).order_by("pk")
    changes = [event.detail["change"] for event in events]
    assert changes[0] == "totp_activated" and changes[-1] == "totp_deactivated"
    assert {letter.to[0] for letter in mail.outbox} == {"alice@ac-exemple.fr"}
    assert len(mail.outbox) == len(changes)


def test_what_is_removed_is_gone(
    signed_in: Callable[..., Client], alice: MailAccount, set_up: SetUp
) -> None:
    client = signed_in(alice)
    set_up(client, alice)
    assert Authenticator.objects.count() == 2
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize(
    "credential", ["", "x", "[]", "1", "null", '{"id": 1}', '{"response": []}', '{"a": "' * 50]
)
def test_what_no_security_key_says_is_refused(
    pending: Client,
    signed_in: Callable[..., Client],
    bob: MailAccount,
    credential: str,
) -> None:
    assert pending.post(STEP, {"credential": credential}).status_code == 200
    client = signed_in(bob)
    add = "/accounts/2fa/webauthn/add/"
    client.post(f"{AGAIN}?next={add}", {"password": bob.password})
    assert client.get(add).status_code == 200
    assert client.post(add, {"name": "x", "credential": credential}).status_code == 200
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_another_persons_key_is_not_there(
    signed_in: Callable[..., Client], alice: MailAccount, bob: MailAccount
) -> None:
    hers, his = signed_in(alice), signed_in(bob)
    key = Authenticator.objects.create(
        user=User.objects.get(login="alice"), type="webauthn", data={"name": "Clef d’Alice"}
    )
    assert "Clef d’Alice" in hers.get(SECURITY).content.decode()
    assert "Clef d’Alice" not in his.get(SECURITY).content.decode()
    his.post(AGAIN, {"password": bob.password})
    for verb in ("edit", "remove"):
        assert his.post(f"/accounts/2fa/webauthn/keys/{key.pk}/{verb}/").status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_passkeys_are_not_offered_where_browsers_have_none(
    signed_in: Callable[..., Client], alice: MailAccount, settings
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client = signed_in(alice)
    add = "/accounts/2fa/webauthn/add/"
    assert add not in client.get(SECURITY, headers={"host": "intranet.example"}).content.decode()
    assert add in client.get(SECURITY, headers={"host": "localhost:8000"}).content.decode()


@pytest.mark.usefixtures("oidc_key")
def test_other_services_open_after_it_too(
    trusted: ServiceSignIn, signed_in: Callable[..., Client], alice: MailAccount, settings
) -> None:
    client = signed_in(alice)
    assert "code=" in client.get(trusted.address())["Location"]
    settings.SECOND_FACTOR_ROLES = {"everybody"}
    assert client.get(trusted.address())["Location"].partition("?")[0] == SECURITY
    told = client.get(trusted.address(prompt="none"))["Location"]
    assert "error=login_required" in told and "code=" not in told
    assert "code=" not in client.post(trusted.address(), {"action": "grant"})["Location"]


def test_the_first_one_is_set_up_without_the_password_again_right_after_the_sign_in(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    client = signed_in(alice)
    assert client.get(SET_UP).status_code == 200
    kept = client.session
    kept["account_authentication_methods"][0]["at"] -= 301
    kept.save()
    assert client.get(SET_UP)["Location"].startswith(AGAIN)


def test_with_one_a_fresh_sign_in_is_no_proof(pending: Client, secret: str) -> None:
    pending.post(STEP, {"code": code_of(secret)})
    answer = pending.get("/accounts/2fa/webauthn/add/")
    assert answer["Location"].startswith((AGAIN, "/accounts/2fa/reauthenticate/"))
