"""The provider of a mail domain, in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import MailDomain, SignInProvider
from accounts.sealed import rows as sealed_rows

pytestmark = pytest.mark.django_db
ISSUER = "https://sso.ac-exemple.fr/realms/agents"


def form(domain: MailDomain, **changed: Any) -> dict[str, Any]:
    """What the page of the mail domain sends, with one provider."""
    servers = {
        f"{kind}_{name}": getattr(domain, f"{kind}_{name}")
        for kind in ("imap", "smtp", "pop", "sieve")
        for name in ("host", "port", "security")
    }
    existing = SignInProvider.objects.filter(mail_domain=domain).first()
    return (
        servers
        | {
            "name": domain.name,
            "is_default": "on",
            "login_form": domain.login_form,
            "program_login": domain.program_login,
            "password_driver": domain.password_driver,
            "password_sign_in": "on",
            "provider-TOTAL_FORMS": 1,
            "provider-INITIAL_FORMS": int(existing is not None),
            "provider-0-id": existing.pk if existing else "",
            "provider-0-mail_domain": domain.pk,
            "provider-0-is_on": "on",
            "provider-0-label": "Mon compte académique",
            "provider-0-issuer": ISSUER,
            "provider-0-client_id": "webmail",
            "provider-0-secret": "",
            "provider-0-scopes": "openid email",
            "provider-0-login_template": "{email}",
            "provider-0-way": "token",
        }
        | changed
    )


def send(browser: Client, domain: MailDomain, **changed: Any) -> Any:
    return browser.post(
        f"/admin/accounts/maildomain/{domain.pk}/change/", form(domain, **changed), follow=True
    )


def test_a_provider_is_made_and_its_secret_never_shown(
    administrator: Client, domain: MailDomain, settings: Any
) -> None:
    page = send(administrator, domain, **{"provider-0-secret": "Très-Secret"})
    assert page.redirect_chain, page.content.decode()
    provider = SignInProvider.objects.get()
    assert provider.secret == "Très-Secret"
    assert "Très-Secret".encode() not in bytes(provider.sealed_secret)
    page = administrator.get(f"/admin/accounts/maildomain/{domain.pk}/change/").content.decode()
    assert "Très-Secret" not in page
    assert f"/accounts/provider/{provider.pk}/back/" in page
    assert f"/accounts/provider/{provider.pk}/over/" in page
    send(administrator, domain, **{"provider-0-label": "Autrement"})
    provider.refresh_from_db()
    assert (provider.label, provider.secret) == ("Autrement", "Très-Secret")
    settings.LENDING_KEY = b"another key, of 32 bytes or so.."
    with pytest.raises(sealed_rows.BrokenSeal):
        _secret = provider.secret


def test_the_sign_in_page_shows_it_at_once(administrator: Client, domain: MailDomain) -> None:
    assert "Mon compte académique" not in Client().get("/accounts/login/").content.decode()
    send(administrator, domain)
    assert "Mon compte académique" in Client().get("/accounts/login/").content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "http://sso.ac-exemple.fr"),
        ("login_template", "alice"),
        ("scopes", "email"),
        ("way", "master"),
    ],
)
def test_what_cannot_work_is_not_saved(
    administrator: Client, domain: MailDomain, field: str, value: str
) -> None:
    page = send(administrator, domain, **{f"provider-0-{field}": value})
    assert "errorlist" in page.content.decode()
    assert not SignInProvider.objects.exists()


def test_a_domain_keeps_one_way_in(administrator: Client, domain: MailDomain) -> None:
    send(administrator, domain, password_sign_in="")
    domain.refresh_from_db()
    assert not domain.password_sign_in
    page = send(administrator, domain, **{"password_sign_in": "", "provider-0-is_on": ""})
    assert "elle est réactivée" in page.content.decode()
    domain.refresh_from_db()
    assert domain.password_sign_in
    cache.clear()
