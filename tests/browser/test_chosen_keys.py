"""Keys and tools that a user chose."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests import parts
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> Page:
    for n in range(1, 4):
        mailbox.append(letter(f"Lettre {n}"))
    page = open_page()
    sign_in(page, alice)
    return page


def prefer(page: Page, **chosen: str) -> None:
    user = get_user_model().objects.get()
    user.preferences = {**user.preferences, **chosen}
    user.save()
    page.goto("/mail/INBOX/")
    expect(page.locator("#rows .row")).to_have_count(3)


def test_keys_of_roundcube_act_in_the_list_and_in_the_message(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    prefer(page, keys="roundcube")
    page.locator("#rows").focus()
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    title = page.locator("#message .reader-title")
    expect(title).to_have_text("Lettre 2")
    page.keyboard.press("j")
    expect(title).to_have_text("Lettre 3")
    page.keyboard.press("#")  # Gmail's: it does nothing here
    page.keyboard.press("d")
    expect(page.locator("#rows .row")).to_have_count(2)
    page.keyboard.press("s")
    expect(page.locator("#search-text")).to_be_focused()
    assert len(mailbox.uids()) == 2 and not faults


def test_without_keys_of_one_letter_no_character_does_anything(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    prefer(page, keys="none")
    page.locator("#rows .row > a").first.focus()
    for character in map(chr, range(ord("!"), ord("\x7f"))):
        page.keyboard.press(character)
    expect(page.locator("dialog[open], #composers .pane, .toast, #rows :checked")).to_have_count(0)
    expect(page.locator("#rows .row > a").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#rows .row > a").nth(1)).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.locator("#rows .row")).to_have_count(2)
    assert len(mailbox.uids()) == 2 and not faults


def test_own_keys_pick_move_and_search(page: Page) -> None:
    prefer(page, keys="own", own_keys="next=N previous=B select=V search=Q write=W")
    page.locator("#rows").focus()
    for key in ("j", "x", "/"):  # as they usually are
        page.keyboard.press(key)
    expect(page.locator("#rows .pick :checked")).to_have_count(0)
    page.keyboard.press("n")
    page.keyboard.press("v")
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.keyboard.press("b")
    page.keyboard.press("Shift+V")
    expect(page.locator("#rows .pick :checked")).to_have_count(2)
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    expect(page.locator("#composers .pane")).to_have_count(1)


def test_tools_are_put_in_order_by_keyboard_and_said(page: Page, faults: list[str]) -> None:
    page.goto("/preferences/tools/")
    page.get_by_role("button", name="Monter « Archiver »").focus()
    for _time in range(3):
        page.keyboard.press("Enter")
    expect(page.locator("[data-order-said]")).to_have_text(
        re.compile(r"«\sArchiver\s»\s: place n[o°] 1")
    )
    expect(page.locator(":focus")).to_have_attribute("value", "archive")
    page.get_by_role("checkbox", name="Transférer").uncheck()
    page.get_by_role("checkbox", name="Imprimer").check()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#toast")).to_contain_text("Préférences enregistrées")
    page.goto("/mail/INBOX/")
    page.locator("#rows .row > a").first.click()
    expect(page.locator("#message .reader-title")).to_be_visible()
    titles = page.locator("#open-form .reader-tools > [title]").evaluate_all(
        "(tools) => tools.map((tool) => tool.title)"
    )
    assert titles == [
        "Archiver (e)",
        "Répondre (r)",
        "Répondre à tous (a)",
        "Déplacer (m)",
        "Signaler comme indésirable (!)",
        "Supprimer (#)",
        "Imprimer (p)",
    ]
    assert not faults


def test_a_tool_is_dragged_to_its_place(page: Page) -> None:
    page.goto("/preferences/tools/")
    lines = page.locator("[data-tool-order] li")
    lines.nth(3).drag_to(lines.nth(0), target_position={"x": 60, "y": 4})
    expect(lines.nth(0)).to_contain_text("Archiver")


def test_a_key_is_typed_into_its_field_and_a_conflict_has_the_focus(page: Page) -> None:
    page.goto("/preferences/tools/")
    page.get_by_role("radio", name="Les miens").check()
    field = page.get_by_label("archiver", exact=True)
    field.focus()
    page.keyboard.press("Shift+Y")
    expect(field).to_have_value("Maj+y")
    page.keyboard.press("r")
    expect(field).to_have_value("r")
    page.get_by_role("button", name="Enregistrer").click()
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("sert déjà à «\\s*répondre"))
    field.fill("y")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#toast")).to_contain_text("Préférences enregistrées")
    expect(field).to_have_value("y")


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
@pytest.mark.parametrize("theme", parts.first_of("light", "dark"))
def test_every_tool_in_the_bar_is_accessible_and_fits(
    page: Page, width: int, theme: str, faults: list[str]
) -> None:
    every = "flag source print rule tags unseen trash junk choose archive forward reply_all reply"
    prefer(page, toolbar=every, keys="own", theme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    for address in ("/preferences/tools/", "/mail/INBOX/"):
        page.goto(address)
        if address == "/mail/INBOX/":
            page.locator("#rows .row > a").first.click()
            expect(page.locator("#message .reader-title")).to_be_visible()
        result = Axe().run(page)
        assert result.violations_count == 0, result.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not faults
