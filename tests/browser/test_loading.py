"""What a page brings: the scripts that its marks ask for, and no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser]

SCRIPTS = """() => performance.getEntriesByType("resource")
    .map((entry) => entry.name.split("/").pop())
    .filter((name) => /\\.m?js$/.test(name))
    .map((name) => name.split(".")[0])"""
WRITING = {"compose", "keeping", "uploads", "recipients", "chips", "editor", "pasting", "signing"}
ELSEWHERE = {"bring", "canned", "choice", "contacts", "countdown", "passkey", "password", "rules"}


def brought(page: Page) -> set[str]:
    return set(page.evaluate(SCRIPTS))


def test_the_list_brings_no_script_of_other_pages(watched_page: Page, faults: list[str]) -> None:
    watched_page.goto("/mail/INBOX/")
    watched_page.wait_for_load_state("networkidle")
    names = brought(watched_page)
    assert names >= {"main", "common"}  # as an installation joins them
    assert not names & (
        WRITING | ELSEWHERE | {"frame", "print", "signin", "settings", "dompurify-3"}
    )
    assert faults == []


def test_a_message_that_is_swapped_in_brings_its_scripts(
    watched_page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    mailbox.append(letter("haute", html="<p>Bonjour</p>" * 100))
    watched_page.goto("/mail/INBOX/")
    watched_page.locator("#rows .row > a").first.click()
    frame = watched_page.locator("iframe[data-frame]")
    expect(frame).to_be_visible()
    # As high as what is in it.
    watched_page.wait_for_function(
        "() => document.querySelector('iframe[data-frame]').offsetHeight > 2000"
    )
    assert {"frame", "print"} <= brought(watched_page)
    assert faults == []


def test_the_composer_has_what_it_needs(watched_page: Page, faults: list[str]) -> None:
    watched_page.goto("/compose/")
    expect(watched_page.locator("form[data-compose].is-scripted")).to_be_visible()
    watched_page.wait_for_load_state("networkidle")
    assert brought(watched_page) >= WRITING - {"signing"}  # for who has several addresses
    assert faults == []


def test_the_password_is_shown_on_the_page_of_sign_in(
    open_page: Callable[..., Page], alice: MailAccount, faults: list[str]
) -> None:
    page = open_page()
    page.goto("/")
    page.locator("[data-reveal]").click()
    expect(page.locator("[name=password]")).to_have_attribute("type", "text")
    assert "signin" in brought(page)
    assert faults == []


def test_a_style_that_was_set_on_an_element_is_not_written_again(
    watched_page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    """As a frame's height by our script, or a field's look by a browser's extension: htmx would
    write it on the element that takes the place, against the policy."""
    mailbox.append(letter())
    watched_page.goto("/mail/INBOX/")
    year = watched_page.locator("#go-year")
    year.evaluate("(field) => { field.style.color = 'red'; field.dataset.old = ''; }")
    watched_page.locator("[data-refresh]").click()
    expect(year).not_to_have_attribute("data-old", "")
    watched_page.wait_for_timeout(100)
    assert year.get_attribute("style") is None
    assert faults == []
