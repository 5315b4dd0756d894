"""The looks of a mail domain, as they follow the address that is typed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Page, Request, expect

from accounts.models import DomainTheme, MailDomain, SupportContact
from tests import parts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lycees(mail_domain: MailDomain) -> MailDomain:
    made = MailDomain.objects.create(name="lycees.example", imap_host="127.0.0.1", imap_port=1)
    DomainTheme.objects.create(mail_domain=made, name="Courriel", accent="#04602f")
    SupportContact.objects.create(name="Lycées", mail_domain=made, link="https://aide.example/")
    cache.clear()
    return made


@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
def test_the_sign_in_page_follows_the_domain_that_is_typed(
    lycees: MailDomain, open_page: Callable[..., Page], scheme: str
) -> None:
    page = open_page(color_scheme=scheme)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto("/accounts/login/")
    brand = page.locator("#sign-in-brand b")
    expect(brand).not_to_have_text("Courriel")
    page.get_by_label("Mot de passe", exact=True).fill("secret-de-craie")
    page.get_by_label("Adresse ou identifiant").fill("lucie.petit@lycees.example")
    page.get_by_label("Mot de passe", exact=True).focus()
    expect(brand).to_have_text("Courriel")
    expect(page.get_by_role("link", name="Page de l’assistance")).to_be_visible()
    expect(page).to_have_title("Se connecter – Courriel")
    colour = "rgb(4, 96, 47)"
    button = page.get_by_role("button", name="Se connecter", exact=True)
    if scheme == "light":
        expect(button).to_have_css("background-color", colour)
    else:
        expect(button).not_to_have_css("background-color", "rgb(70, 99, 201)")
    # Who types sends nothing but the domain, and keeps what stands in the fields.
    urls = " ".join(request.url + (request.post_data or "") for request in asked)
    assert "domain=lycees.example" in urls
    assert "lucie" not in urls
    assert "craie" not in urls
    expect(page.get_by_label("Mot de passe", exact=True)).to_have_value("secret-de-craie")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    # Another domain looks as before.
    page.get_by_label("Adresse ou identifiant").fill("alice@ac-exemple.fr")
    page.get_by_label("Mot de passe", exact=True).focus()
    expect(brand).not_to_have_text("Courriel")
