"""The account at the provider that opens a mailbox: by its subject, whatever it is called."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import AuditEvent, ProviderSubject, StaffRecord, TokenGrant, User, UserSession
from accounts.providers.failures import ProviderFailure
from tests.accounts.providers.conftest import Forged, onward

pytestmark = pytest.mark.django_db


def title(answer: Any) -> str:
    found = [each for each in ProviderFailure if str(each.title) in answer.content.decode()]
    assert len(found) == 1, answer.content.decode()
    return found[0].name


@pytest.fixture
def boss(forged: Forged, settings: Any) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    backend = "accounts.backends.LocalAdministratorBackend"
    client.force_login(User.objects.create_administrator("patronne", "Craie-Verte-2026"), backend)
    return client


@pytest.mark.parametrize("verified", [None, False, "false", "true", 0, 1, [], "", {"a": 1}])
def test_an_address_is_a_login_only_where_it_is_verified(forged: Forged, verified: object) -> None:
    forged.provider.login_template = "{email}"
    forged.provider.save()
    forged.forger.claims = {"email": "alice@ac-exemple.fr", "email_verified": verified}
    assert title(forged.arrive()) == "LOGIN"
    assert not User.objects.exists()


def test_an_address_is_verified_by_the_userinfo_endpoint(forged: Forged) -> None:
    forged.provider.login_template = "{email}"
    forged.provider.save()
    forged.forger.claims = {"email": "alice@ac-exemple.fr"}
    other = b'{"sub": "1", "email": "bob@ac-exemple.fr", "email_verified": true}'
    forged.forger.answers["/me"] = 200, other
    assert title(forged.arrive()) == "LOGIN"
    forged.forger.answers["/me"] = 200, other.replace(b"bob@", b"alice@")
    assert forged.arrive().status_code == 302


@pytest.mark.parametrize(
    "name",
    [
        "alice\u3000", "alice\n", "ALICE\u2003", "\u00a0alice", "alice ", "\talice", "al\u0131ce",
        "al\u00edce", "\uff41lice", "alice\u200b", "ali\u0441e", "alic\u0435", "alice\r\n", "",
        "alice\x00", "\u202ealice", "alice@ac-exemple.fr\n", "alice@ac-exemple\u3002fr",
    ],
)  # fmt: skip
def test_a_name_that_only_looks_like_a_login_opens_nothing(forged: Forged, name: str) -> None:
    forged.forger.claims = {"preferred_username": name, "sub": "thief"}
    forged.forger.answers["/me"] = 200, b'{"sub": "thief"}'
    assert title(forged.arrive()) == "LOGIN"
    assert not User.objects.exists() and not ProviderSubject.objects.exists()


def test_capitals_of_a_name_are_no_other_login(forged: Forged) -> None:
    forged.forger.claims = {"preferred_username": "ALICE@AC-EXEMPLE.FR"}
    assert forged.arrive().status_code == 302
    assert User.objects.get().login == "alice"


def test_the_first_subject_is_kept_and_goes_on(forged: Forged) -> None:
    for _time in range(2):
        assert forged.arrive().status_code == 302
    row = ProviderSubject.objects.get()
    assert (row.login, row.subject, row.issuer) == ("alice", "1", forged.forger.url)
    assert (row.user, row.proposed) == (User.objects.get(), "")


def test_somebody_who_took_the_name_is_refused(forged: Forged) -> None:
    assert forged.arrive().status_code == 302
    forged.forger.claims = {"sub": "thief"}
    answer = forged.arrive()
    assert answer.status_code == 403 and title(answer) == "SUBJECT"
    row = ProviderSubject.objects.get()
    assert (row.subject, row.proposed) == ("1", "thief")
    assert TokenGrant.objects.get().subject == "1"
    assert AuditEvent.objects.filter(detail__reason="subject").count() == 1


def test_an_account_that_changes_its_name_opens_no_other_mailbox(forged: Forged) -> None:
    """Bob has never come: the login would be free."""
    assert forged.arrive().status_code == 302
    forged.forger.claims = {"preferred_username": "bob"}
    assert title(forged.arrive()) == "SUBJECT"
    assert User.objects.count() == 1
    for name in ("carl", "dora", "bob"):
        forged.forger.claims = {"preferred_username": name}
        assert title(forged.arrive()) == "SUBJECT"
    rows = set(ProviderSubject.objects.values_list("login", "subject", "proposed"))
    assert rows == {("bob", "", "1"), ("alice", "1", "")}
    forged.forger.claims = {"preferred_username": "bob", "sub": "2"}
    assert forged.arrive().status_code == 302


def test_a_login_that_the_staff_records_renamed_goes_on(forged: Forged) -> None:
    assert forged.arrive().status_code == 302
    user = User.objects.get()
    StaffRecord.objects.create(
        mail_domain=forged.domain,
        login="bob",
        address="bob@ac-exemple.fr",
        numen_digest=b"1" * 32,
        lookup_digest=b"2" * 32,
    )
    forged.forger.claims = {"preferred_username": "bob"}
    assert forged.arrive().status_code == 302
    row = ProviderSubject.objects.get(subject="1")
    assert row.login == "bob" and user in User.objects.all()


def test_an_administrator_accepts_the_new_account(forged: Forged, boss: Client) -> None:
    old = Client()
    assert forged.arrive(old).status_code == 302
    forged.forger.claims = {"sub": "2"}
    assert title(forged.arrive()) == "SUBJECT"
    row = ProviderSubject.objects.get()
    page = boss.get("/admin/accounts/providersubject/")
    assert "alice" in page.content.decode()
    assert boss.get(f"/admin/accounts/providersubject/{row.pk}/change/").status_code == 200
    form = {"action": "accept", "_selected_action": [row.pk]}
    assert boss.post("/admin/accounts/providersubject/", form).status_code == 302
    assert forged.arrive().status_code == 302
    assert old.get("/mail/INBOX/").status_code == 302
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.ADMINISTERED)
    assert (event.target, event.detail["fields"]) == ("alice@ac-exemple.fr", "subject")
    forged.forger.claims = {}
    assert title(forged.arrive()) == "SUBJECT"


def test_an_account_that_was_renamed_is_accepted_at_its_new_login(
    forged: Forged, boss: Client
) -> None:
    assert forged.arrive().status_code == 302
    forged.forger.claims = {"preferred_username": "bob"}
    assert title(forged.arrive()) == "SUBJECT"
    row = ProviderSubject.objects.get(login="bob")
    form = {"action": "accept", "_selected_action": [row.pk]}
    assert boss.post("/admin/accounts/providersubject/", form).status_code == 302
    assert forged.arrive().status_code == 302
    row = ProviderSubject.objects.get()
    assert (row.login, row.subject, row.user) == ("bob", "1", User.objects.get(login="bob"))
    assert not UserSession.objects.filter(user__login="alice").exists()


def test_the_support_desk_accepts_nothing(forged: Forged, settings: Any) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    helper = User.objects.create(mail_domain=forged.domain, login="aide")
    helper.groups.set(Group.objects.filter(name="support"))
    desk = Client()
    desk.force_login(helper, "accounts.backends.MailServerBackend")
    assert desk.get("/admin/").status_code == 200
    row = ProviderSubject.objects.create(
        mail_domain=forged.domain, login="alice", issuer=forged.forger.url, proposed="2"
    )
    form = {"action": "accept", "_selected_action": [row.pk]}
    assert desk.post("/admin/accounts/providersubject/", form).status_code == 403
    row.refresh_from_db()
    assert row.subject == ""


def asked(forged: Forged, query: str = "") -> dict[str, list[str]]:
    page = Client().get(f"/accounts/provider/{forged.provider.pk}/{query}")
    return parse_qs(urlsplit(onward(page)).query)


def test_offline_access_is_asked_for_with_consent(forged: Forged) -> None:
    """OpenID Connect Core 1.0, 11: otherwise the provider may ignore it."""
    assert "prompt" not in asked(forged)
    forged.provider.scopes = "openid profile offline_access"
    forged.provider.save()
    assert asked(forged)["prompt"] == ["consent"]
    assert asked(forged, "?reauthenticate")["prompt"] == ["login consent"]
    forged.provider.asks_consent = False
    forged.provider.save()
    assert "prompt" not in asked(forged)


@pytest.mark.parametrize(
    ("age", "skew", "counts"),
    [
        (0, 0, True), (0, 50, True), (0, -50, True), (4, 0, False), (600, 0, False),
        (55, 50, False), (30, -50, False), (-30, 0, False), (True, 0, False), ("0", 0, False),
        (None, 0, False),
    ],
)  # fmt: skip
def test_only_a_proof_since_it_was_asked_for_counts(
    forged: Forged, age: Any, skew: int, counts: bool
) -> None:
    """The provider's clock may differ: what counts is how old the proof was to itself."""
    browser, now = Client(), int(time.time()) + skew
    page = browser.get(f"/accounts/provider/{forged.provider.pk}/?reauthenticate")
    query = parse_qs(urlsplit(onward(page)).query)
    forged.forger.nonce = query["nonce"][0]
    at = now - age if type(age) is int else age
    forged.forger.claims = {"iat": now, "exp": now + 300, "auth_time": at}
    said = {"state": query["state"][0], "code": "c"}
    answer = browser.get(f"/accounts/provider/{forged.provider.pk}/back/", said)
    assert answer.status_code == 302
    records = browser.session["account_authentication_methods"]
    assert [bool(record.get("reauthenticated")) for record in records] == [counts]


def test_nobody_is_led_to_a_provider_that_does_not_answer(forged: Forged, settings: Any) -> None:
    """Its configuration is known, and it has gone since: the browser would show its own error."""
    assert forged.arrive().status_code == 302
    forged.forger.answers["/.well-known/openid-configuration"] = 503, b""
    from django.core.cache import cache

    cache.delete_many(_answered(forged))
    answer = Client().get(f"/accounts/provider/{forged.provider.pk}/")
    assert answer.status_code == 503 and title(answer) == "DOWN"
    again = Client().post("/accounts/login/", {"provider": forged.provider.pk})
    assert again.status_code == 503 and title(again) == "DOWN"


def _answered(forged: Forged) -> list[str]:
    from accounts.providers import asking

    return [asking._key("answered", forged.forger.url)]
