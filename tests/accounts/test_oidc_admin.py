"""Applications in the admin: their addresses, a secret shown once; the keys that sign."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.idp.oidc.models import Token
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import tasks
from accounts.models import Application, AuditEvent, MailDomain, User
from accounts.oidc import keys, rules

LIST = "/admin/accounts/application/"
NEW = {
    "name": "DT-Ulysse",
    "type": "confidential",
    "skip_consent": "on",
    "redirect_uris": "https://voyages.exemple.fr/retour\r\n http://localhost:8001/retour \r\n",
    "post_logout_addresses": "https://voyages.exemple.fr/",
    "handed_over": ["email", "staff"],
}


@pytest.fixture
def desk(db: None, settings: Any) -> Client:
    """A local administrator in the admin."""
    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    client.force_login(
        User.objects.create_administrator("patronne", "Une-Craie-Verte-2026"),
        backend="accounts.backends.LocalAdministratorBackend",
    )
    return client


def shown(answer: Any) -> dict[str, Any]:
    """Return what the page's template was given."""
    data: dict[str, Any] = answer.context_data
    return data


def made(desk: Client, **more: Any) -> tuple[Application, str]:
    answer = desk.post(f"{LIST}add/", NEW | more)
    assert answer.status_code == 200
    assert "secret" in shown(answer), shown(answer)["adminform"].form.errors
    return Application.objects.get(), shown(answer)["secret"]


def test_the_secret_is_shown_once(desk: Client, oidc_key: str) -> None:
    application, secret = made(desk)
    assert application.check_secret(secret)
    page = desk.get(f"{LIST}{application.pk}/change/").content.decode()
    assert application.pk in page
    assert secret not in page
    assert application.secret not in page
    for name in ("", f"{application.pk}/history/", f"{application.pk}/secret/"):
        words = desk.get(LIST + name).content.decode()
        assert secret not in words
        assert application.secret not in words


def test_what_was_chosen_is_kept_and_the_rest_is_strict(desk: Client, oidc_key: str) -> None:
    application, _secret = made(desk)
    assert application.get_redirect_uris() == [
        "https://voyages.exemple.fr/retour",
        "http://localhost:8001/retour",
    ]
    assert application.get_post_logout_redirect_uris() == ["https://voyages.exemple.fr/"]
    assert application.get_scopes() == ["openid", "email", "staff"]
    assert application.skip_consent
    assert application.get_grant_types() == ["authorization_code"]
    assert application.get_response_types() == ["code"]
    assert not application.allow_uri_wildcards
    assert application.get_cors_origins() == []
    form = shown(desk.get(f"{LIST}{application.pk}/change/"))["adminform"].form
    assert set(form.initial["handed_over"]) >= {"email", "staff"}
    assert form.initial["post_logout_addresses"] == "https://voyages.exemple.fr/"


def test_a_change_keeps_the_secret(desk: Client, oidc_key: str) -> None:
    application, secret = made(desk)
    desk.post(f"{LIST}{application.pk}/change/", NEW | {"name": "Voyages", "handed_over": []})
    application.refresh_from_db()
    assert (application.name, application.get_scopes()) == ("Voyages", ["openid"])
    assert application.check_secret(secret)


def test_a_new_secret_ends_the_old_one(desk: Client, oidc_key: str) -> None:
    application, old = made(desk)
    page = f"{LIST}{application.pk}/secret/"
    assert shown(desk.get(page))["secret"] == ""
    answer = desk.post(page)
    new = shown(answer)["secret"]
    assert new in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    application.refresh_from_db()
    assert application.check_secret(new)
    assert not application.check_secret(old)
    last, first = AuditEvent.objects.filter(kind="administered")
    assert (first.detail["action"], last.detail["fields"]) == ("added", "secret")
    assert new not in str(list(AuditEvent.objects.values_list("detail", flat=True)))


def test_a_public_application_has_no_secret(desk: Client, oidc_key: str) -> None:
    answer = desk.post(f"{LIST}add/", NEW | {"type": "public"})
    assert 'id="secret"' not in answer.content.decode()
    assert desk.get(f"{LIST}{Application.objects.get().pk}/secret/").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "http://voyages.exemple.fr/retour",
        "https://*.exemple.fr/retour",
        "https://voyages.exemple.fr/retour#x",
        "https://moi:secret@voyages.exemple.fr/",
        "javascript:alert(1)",
        "//voyages.exemple.fr/",
        "https:///retour",
        "https://voyages.exemple.fr:port/",
        "https://voyages.exemple.fr/;form-action",
        "https://été.exemple.fr/",
        "fr.exemple.voyages://retour",
        "localhost:8001/retour",
    ],
)
def test_an_address_that_is_not_safe_is_not_registered(desk: Client, address: str) -> None:
    assert rules.address_fault(address)
    for name in ("redirect_uris", "post_logout_addresses"):
        answer = desk.post(f"{LIST}add/", NEW | {name: address})
        assert list(shown(answer)["adminform"].form.errors) == [name]
    assert not Application.objects.exists()


def test_the_admin_says_that_a_key_is_missing(desk: Client, settings: Any) -> None:
    settings.OIDC_KEYS = ()
    assert "create_oidc_key" in desk.get(LIST).content.decode()
    settings.OIDC_KEYS = ("a key",)
    assert "create_oidc_key" not in desk.get(LIST).content.decode()


def test_tokens_have_no_page(desk: Client) -> None:
    for model in ("token", "client"):
        assert desk.get(f"/admin/allauth_idp_oidc/{model}/").status_code == 404


def test_only_administrators_see_applications(desk: Client, oidc_key: str) -> None:
    application, _secret = made(desk)
    domain = MailDomain.objects.create(name="ac-exemple.fr", imap_host="x", smtp_host="x")
    for role in ("support", "auditor"):
        user = User.objects.create(login=f"personne-{role}", mail_domain=domain)
        user.groups.add(Group.objects.get(name=role))
        other = Client()
        other.force_login(user, backend="accounts.backends.MailServerBackend")
        for page in ("", "add/", f"{application.pk}/change/", f"{application.pk}/secret/"):
            assert other.get(LIST + page).status_code == 403, (role, page)
        assert other.post(f"{LIST}{application.pk}/secret/").status_code == 403


def test_expired_tokens_leave_the_table(db: None) -> None:
    ends = timezone.now()
    Token.objects.create(type="at", hash="a", expires_at=ends)
    Token.objects.create(type="at", hash="b", expires_at=ends + timedelta(minutes=5))
    tasks.clear_expired_service_tokens()
    assert [token.hash for token in Token.objects.all()] == ["b"]


def test_the_command_prints_a_key_that_the_settings_take() -> None:
    out, err = StringIO(), StringIO()
    call_command("create_oidc_key", stdout=out, stderr=err)
    assert keys.parse(out.getvalue(), "") == (out.getvalue().strip(),)
    assert "WEBMAIL_OIDC_OLD_KEYS" in err.getvalue()


def test_the_signing_key_comes_first_and_old_ones_after(oidc_pem: str) -> None:
    old, older = keys.create(2048), keys.create(2048)
    parsed = keys.parse(oidc_pem, f"{old}\n{older}{oidc_pem}")
    assert parsed == (oidc_pem.strip(), old.strip(), older.strip())
    assert keys.parse(" ", "") == ()


def test_keys_that_would_not_sign_stop_the_start(oidc_pem: str) -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for current, old in (
        ("rien", ""),
        ("", oidc_pem),
        (oidc_pem, "rien"),
        (oidc_pem + oidc_pem, ""),
        (curve.decode(), ""),
        (oidc_pem.replace("M", "N"), ""),
        (keys.create(1024), ""),
    ):
        with pytest.raises(ValueError, match="key"):
            keys.parse(current, old)
