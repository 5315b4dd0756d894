"""The help, the keys by "?" on every page, the first steps, the accessibility statement."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.models import User
from tests import parts
from tests.servers import large
from tests.servers.mailboxes import Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(watched_page: Page, mailbox: Mailbox) -> Page:
    large.fill(mailbox, "INBOX", 3)
    watched_page.goto("/mail/INBOX/")
    return watched_page


def chosen(**preferences: str) -> None:
    for user in User.objects.all():
        user.preferences = {**user.preferences, **preferences}
        user.save()


def assert_accessible(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()


def test_articles_are_found_while_one_types(page: Page, faults: list[str]) -> None:
    page.goto("/help/")
    page.get_by_label("Que cherchez-vous").press_sequentially("signatures")
    expect(page.locator("#help-count")).to_have_text(re.compile(r"^\s*[1-4] articles?\s*$"))
    page.get_by_role("link", name="Préparer sa signature").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Préparer sa signature")
    assert faults == []


@pytest.mark.parametrize("width", parts.first_of(1440, 375, 320))
@pytest.mark.parametrize(
    "path", ["/help/", "/help/rules/", "/help/keys/", "/help/news/", "/accessibilite/"]
)
def test_pages_of_the_help_fit_and_are_accessible(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path)
    assert_accessible(page)


def test_the_menu_leads_to_the_article_about_the_page(page: Page) -> None:
    page.goto("/rules/")
    page.locator("summary", has_text="Aide").click()
    page.get_by_role("link", name="Aide sur cette page").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trier avec des règles")


def test_one_walks_from_a_page_to_its_question_to_the_page_it_is_about_and_back(
    page: Page, faults: list[str]
) -> None:
    page.goto("/contacts/")
    page.locator("summary", has_text="Aide").click()
    page.get_by_role("link", name="Toute l’aide").first.click()
    first = page.locator(".help-asked a").first
    expect(first).to_have_text("Gérer ses contacts")
    page.get_by_role("link", name="Comment prévenir de mon absence").click()
    page.get_by_role("link", name="Ouvrir la page concernée").click()
    expect(page.get_by_role("heading", name="Absence").first).to_be_visible()
    page.goto("/help/")
    page.get_by_role("link", name="Revenir à ma messagerie").click()
    expect(page.locator("#rows")).to_be_visible()
    assert faults == []


def test_the_keys_are_shown_on_any_page_outside_of_fields(page: Page) -> None:
    page.goto("/contacts/")
    page.locator("#content").focus()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("searchbox").first.focus()
    page.keyboard.press("?")
    expect(page.locator("#keys")).not_to_be_visible()


def test_the_key_can_be_left_to_the_list(page: Page) -> None:
    """WCAG 2.1.4."""
    chosen(key_sheet="list")
    page.goto("/contacts/")
    page.locator("#content").focus()
    page.keyboard.press("?")
    expect(page.locator("#keys")).not_to_be_visible()
    page.goto("/mail/INBOX/")
    page.locator("#rows .row > a").first.focus()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_the_first_steps_fit_are_accessible_and_go(
    page: Page, width: int, faults: list[str]
) -> None:
    chosen(first_steps="on")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/mail/INBOX/")
    expect(page.get_by_role("heading", name="Premiers pas")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Ne plus afficher").click()
    expect(page.locator("#first-steps")).to_have_count(0)
    page.reload()
    expect(page.locator("#rows")).to_be_visible()
    expect(page.locator("#first-steps")).to_have_count(0)
    assert faults == []
