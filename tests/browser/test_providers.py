"""Signing in by a provider, as a browser does it: our pages stand where the policy stops forms."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Page, expect

from accounts.models import MailDomain, SignInProvider, UserSession
from demo.servers.dovecot import Dovecot
from tests import parts
from tests.accounts.providers.conftest import issuer, token_dovecot  # noqa: F401  fixtures
from tests.servers.issuer import Issuer

WORDS = "Se connecter avec mon compte académique"


@pytest.fixture
def provider(
    site: str,
    mail_domain: MailDomain,
    settings: Any,
    issuer: Issuer,  # noqa: F811
    token_dovecot: Dovecot,  # noqa: F811
) -> SignInProvider:
    settings.BASE_URL = site
    settings.PROVIDER_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    mail_domain.imap_port = token_dovecot.imap_port
    mail_domain.save()
    made = SignInProvider(
        mail_domain=mail_domain,
        label=WORDS,
        issuer=issuer.url,
        client_id="webmail",
        scopes="openid profile email",
    )
    made.secret = "secret"
    made.save()
    cache.clear()
    return made


def there(page: Page, provider: SignInProvider, sub: str) -> None:
    """Sign in at the provider's own page, without the style sheet that it has from elsewhere."""
    page.context.route("https://**", lambda route: route.abort())
    page.wait_for_url(f"{provider.issuer}/**")
    field = page.locator("input[name=sub]")
    field.fill(sub)
    field.press("Enter")


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_to_the_provider_and_back(
    open_page: Callable[..., Page],
    provider: SignInProvider,
    faults: list[str],
    java_script_enabled: bool,
) -> None:
    page = open_page(java_script_enabled=java_script_enabled)
    page.goto("/accounts/login/")
    page.get_by_label("Poste partagé").check()
    page.get_by_role("button", name=WORDS).click()
    there(page, provider, "alice")
    page.wait_for_url("**/mail/INBOX/")
    assert UserSession.objects.get().is_shared
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Se déconnecter").last.click()
    page.wait_for_url(f"{provider.issuer}/**")
    assert not UserSession.objects.exists()
    assert [fault for fault in faults if not fault.startswith("left for")] == []


def test_a_session_that_ended_goes_on_where_it_was(
    open_page: Callable[..., Page], provider: SignInProvider
) -> None:
    """In another tab, and what was asked for is asked again here."""
    page = open_page()
    page.goto("/accounts/login/")
    page.get_by_role("button", name=WORDS).click()
    there(page, provider, "alice")
    page.wait_for_url("**/mail/INBOX/")
    page.context.clear_cookies()
    page.get_by_role("link", name="Brouillons").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Reconnectez-vous pour continuer")
    with page.context.expect_page() as opened:
        dialog.get_by_role("link", name="Se reconnecter dans un autre onglet").click()
    there(opened.value, provider, "alice")
    expect(opened.value.locator("h1")).to_have_text("Vous êtes connecté")
    opened.value.close()
    dialog.get_by_role("button", name="Continuer").click()
    expect(dialog).to_have_count(0)
    page.wait_for_url("**/mail/Drafts/")


@pytest.mark.parametrize("width", parts.first_of(375, 1440))
@pytest.mark.parametrize("has_password", [True, False])
def test_the_pages_are_accessible(
    open_page: Callable[..., Page],
    provider: SignInProvider,
    settings: Any,
    width: int,
    has_password: bool,
) -> None:
    settings.STAY_DAYS = 30
    MailDomain.objects.update(password_sign_in=has_password)
    cache.clear()
    page = open_page(width=width)
    page.goto("/accounts/login/")
    assert page.locator("[name=password]").count() == int(has_password)
    no_faults(page)
    page.goto(f"/accounts/provider/{provider.pk}/back/")
    expect(page.locator("h1")).to_have_text("Cette connexion a été commencée ailleurs")
    no_faults(page)


def no_faults(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide
