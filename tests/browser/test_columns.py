"""The columns of a list over the full width."""

from __future__ import annotations

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
    sign_in: Callable[..., None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> Page:
    for subject in ("Bac", "Arts", "Cantine"):
        mailbox.append(letter(subject))
    page = open_page()
    sign_in(page, alice, opens=False)
    user = get_user_model().objects.get()
    user.preferences = {"panes": "none", "columns": "date size tags"}
    user.save()
    page.goto("/mail/INBOX/")
    return page


def test_a_head_sorts_by_keyboard_and_keeps_the_focus(page: Page, faults: list[str]) -> None:
    head = page.get_by_role("columnheader", name="Objet")
    head.get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#rows .subject")).to_have_text(["Arts", "Bac", "Cantine"])
    expect(head.get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(page.locator("#rows .subject")).to_have_text(["Cantine", "Bac", "Arts"])
    assert not faults


def test_heads_stand_above_their_columns(page: Page) -> None:
    heads_stand_above_their_columns(page)


def heads_stand_above_their_columns(page: Page) -> None:
    def edges(selector: str) -> tuple[float, float]:
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        return box["x"], box["x"] + box["width"]

    for head, cell, edge in (
        (".head-from", "#rows .who", 0),
        (".head-subject", "#rows .subject", 0),
        (".head-size", "#rows .size", 1),
        (".head-arrival", "#rows .when", 1),
    ):
        assert abs(edges(head)[edge] - edges(cell)[edge]) <= 1, head


def test_what_was_found_has_the_same_heads(page: Page, faults: list[str]) -> None:
    page.goto("/search/?q=de:bob")
    subjects = page.locator("#rows .subject")
    expect(page.get_by_role("columnheader", name="Date")).to_have_attribute(
        "aria-sort", "descending"
    )
    head = page.get_by_role("columnheader", name="Objet")
    head.get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(subjects).to_have_text(["Arts", "Bac", "Cantine"])
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(head.get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(subjects).to_have_text(["Cantine", "Arts", "Bac"])
    heads_stand_above_their_columns(page)
    assert Axe().run(page).violations_count == 0
    assert not faults


@pytest.mark.parametrize("theme", parts.first_of("light", "dark"))
def test_heads_are_accessible_and_gone_on_a_phone(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    page.set_viewport_size({"width": 375, "height": 800})
    expect(page.locator(".column-heads")).to_be_hidden()
