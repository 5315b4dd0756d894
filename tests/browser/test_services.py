"""Signing in to another service in Chromium, and back out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.idp.oidc.models import Client as Application
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from accounts.models import AuditEvent, User
from demo.servers.dovecot import MailAccount
from tests.servers.relying_party import RelyingParty
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def service(site: str, oidc_key: str, settings: Any) -> Iterator[tuple[RelyingParty, Application]]:
    """Of somebody else: people are asked what is handed over."""
    settings.BASE_URL = site
    party = RelyingParty()
    application = Application(name="Frais de déplacement", redirect_uris=party.redirect_uri)
    application.set_scopes(["openid", "profile", "email", "staff"])
    application.set_post_logout_redirect_uris([party.goodbye])
    application.set_secret("un-secret-de-test")
    application.save()
    party.start(site, application.pk, "un-secret-de-test")
    yield party, application
    party.stop()


@pytest.fixture
def open_anywhere(browser: Browser, faults: list[str]) -> Iterator[Callable[..., Page]]:
    """A window that may leave the webmail."""
    contexts = []

    def opened(**options: Any) -> Page:
        context = browser.new_context(locale="fr-FR", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE_S)
        page.on(
            "console",
            lambda message: (
                faults.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        return page

    yield opened
    for context in contexts:
        context.close()


def sign_in_there(page: Page, party: RelyingParty, account: MailAccount) -> None:
    page.goto(party.url)
    page.get_by_role("link", name="Se connecter avec la messagerie").click()
    page.locator("#id_login").fill(account.login)
    page.locator("#id_password").fill(account.password)
    page.locator("form.sign-in > button[type=submit]").click()


def test_a_person_signs_in_agrees_and_leaves(
    open_anywhere: Callable[..., Page],
    service: tuple[RelyingParty, Application],
    site: str,
    alice: MailAccount,
    faults: list[str],
) -> None:
    page, party = open_anywhere(), service[0]
    sign_in_there(page, party, alice)
    page.wait_for_url("**/identity/o/authorize*")
    expect(page.locator("h1")).to_contain_text("Frais de déplacement")
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    page.locator("button[value=grant]").click()
    page.wait_for_url(f"{party.url}/")
    user = User.objects.get(login="alice")
    expect(page.locator("#uid")).to_have_text(str(user.subject))
    expect(page.locator("#email")).to_have_text("alice@ac-exemple.fr")
    page.get_by_role("link", name="Se déconnecter").click()
    page.wait_for_url("**/identity/o/logout*")
    page.locator("button[value=logout]").click()
    page.wait_for_url(f"{party.url}/?state=parti")
    page.goto(f"{site}/services/")
    page.wait_for_url("**/accounts/login/*")
    assert faults == []
    assert AuditEvent.objects.filter(kind="service.opened").count() == 1


def test_a_trusted_service_opens_at_once_without_scripts(
    open_anywhere: Callable[..., Page],
    service: tuple[RelyingParty, Application],
    alice: MailAccount,
    faults: list[str],
) -> None:
    party, application = service
    application.skip_consent = True
    application.save()
    page = open_anywhere(java_script_enabled=False)
    sign_in_there(page, party, alice)
    page.wait_for_url(f"{party.url}/")
    expect(page.locator("#email")).to_have_text("alice@ac-exemple.fr")
    assert faults == []


def test_who_does_not_agree_comes_back_unknown(
    open_anywhere: Callable[..., Page],
    service: tuple[RelyingParty, Application],
    alice: MailAccount,
    faults: list[str],
) -> None:
    page, party = open_anywhere(), service[0]
    sign_in_there(page, party, alice)
    page.locator("button[name=action][value=cancel]").click()
    page.wait_for_url(f"{party.url}/accounts/**")
    page.goto(party.url)
    expect(page.get_by_role("link", name="Se connecter avec la messagerie")).to_be_visible()
    assert faults == []
