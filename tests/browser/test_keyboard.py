"""The keyboard: one stop a row, arrows in bars and menus, ways to skip, where the focus goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests import parts
from tests.servers import large
from tests.servers.mailboxes import Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOCUSED = "document.activeElement.id || document.activeElement.className"


@pytest.fixture
def page(watched_page: Page, mailbox: Mailbox) -> Page:
    large.fill(mailbox, "INBOX", 8)
    watched_page.goto("/mail/INBOX/")
    return watched_page


def test_a_row_is_one_stop(page: Page) -> None:
    rows = page.locator("#rows .row > a")
    rows.first.focus()
    for n in range(1, 4):
        page.keyboard.press("Tab")
        expect(rows.nth(n)).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("#rows .pick input").nth(3)).to_be_checked()


def test_arrows_go_along_the_tools_of_a_message_which_are_one_stop(page: Page) -> None:
    page.locator("#rows .row > a").first.click()
    tools = page.get_by_role("toolbar", name="Actions sur ce message")
    reply = tools.get_by_role("link", name="Répondre", exact=True)
    reply.focus()
    page.keyboard.press("ArrowRight")
    expect(tools.get_by_role("link", name="Répondre à tous")).to_be_focused()
    page.keyboard.press("End")
    expect(tools.locator("summary").last).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(reply).to_be_focused()
    page.keyboard.press("Tab")
    assert not tools.evaluate("bar => bar.contains(document.activeElement)")
    page.keyboard.press("Shift+Tab")
    expect(reply).to_be_focused()


def test_arrows_go_through_a_menu(page: Page) -> None:
    menu = page.locator(".list-tools .menu").first
    menu.locator("summary").focus()
    page.keyboard.press("ArrowDown")
    links = menu.get_by_role("link")
    expect(links.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(links.last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".list-tools summary").nth(1)).to_be_focused()


def test_two_links_skip_to_the_list_and_to_the_message(page: Page) -> None:
    page.locator("#rows .row > a").first.click()
    expect(page.locator("#message .reader-title")).to_be_visible()
    page.reload()
    skips = page.locator(".skip")
    expect(skips).to_have_text(["Aller à la liste", "Aller au message"])
    skips.first.press("Enter")
    assert page.evaluate(FOCUSED) == "rows"
    skips.nth(1).press("Enter")
    assert page.evaluate(FOCUSED) == "message-title"


def test_rows_are_shown_as_they_are_chosen_before_they_are_saved(page: Page) -> None:
    page.goto("/preferences/")
    row = page.locator(".sample-list .row").first
    for name, height in (("Compacte", 34), ("Aérée", 76), ("Normale", 56)):
        page.get_by_text(name, exact=True).first.click()
        box = row.bounding_box()
        assert box and box["height"] == height
    size = row.locator(".size")
    expect(size).to_be_hidden()
    page.get_by_text("Taille", exact=True).click()
    expect(size).to_be_visible()


def test_after_saving_the_announcement_has_the_focus(page: Page, faults: list[str]) -> None:
    page.goto("/preferences/")
    page.get_by_text("Violet", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-accent", "violet")
    accent = "getComputedStyle(document.documentElement).getPropertyValue('--accent')"
    assert page.evaluate(accent) == "#5e3693"
    page.get_by_text("Très grande", exact=True).click()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"
    assert not Axe().run(page).response["violations"]
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#toast [data-toast]")).to_be_focused()
    page.goto("/mail/INBOX/")
    assert page.evaluate(accent) == "#5e3693"
    assert not Axe().run(page).response["violations"]
    assert faults == []


@pytest.mark.parametrize("width", parts.first_of(1440, 1024, 375))
@pytest.mark.parametrize(
    "path",
    ["/preferences/", "/preferences/writing/", "/tags/", "/adverts/senders/", "/account/security/"],
)
def test_settings_fit_and_are_accessible(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path)
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()


@pytest.mark.parametrize("width", parts.first_of(375, 320))
def test_nothing_of_the_composer_is_cut_on_a_telephone(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    width: int,
) -> None:
    page = open_page(width=width, height=667, has_touch=True)
    sign_in(page, alice, opens=False)
    page.goto("/compose/")
    discard = page.get_by_role("button", name="Supprimer", exact=True)
    expect(discard).to_be_visible()
    box = discard.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
