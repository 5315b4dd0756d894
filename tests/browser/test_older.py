"""A browser that is older than those of the promise gets the pages without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_browser_without_what_is_promised_gets_the_pages_without_scripts(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    page = open_page()
    page.add_init_script("CSS.supports = () => false")
    mailbox.append(letter("Sortie"))
    sign_in(page, alice)
    page.get_by_role("link", name="Sortie").first.click()
    expect(page.get_by_role("heading", name="Sortie")).to_be_visible()
    assert page.locator("body[hx-disable]").count() == 1
    expect(page.locator(".splitter").first).to_be_hidden()
    assert page.locator(".old-browser").is_hidden()  # its line goes by the same test in the sheet


def test_without_scripts_an_older_browser_shows_nothing_that_needs_them(
    older_browser: Browser, site: str, sign_in: Callable[..., None], mailbox: Mailbox
) -> None:
    """It does not know that a sheet can ask whether scripts run."""
    mailbox.append(letter("Sortie"))
    context = older_browser.new_context(
        base_url=site, viewport={"width": 1440, "height": 900}, java_script_enabled=False
    )
    page = context.new_page()
    sign_in(page, mailbox.account, opens=False)
    page.goto("/mail/INBOX/")
    shown = """(selector) =>
      [...document.querySelectorAll(selector)].filter((one) => one.offsetParent).length"""
    assert page.evaluate(shown, "#rows .row") == 1
    for needs in (".splitter", ".pick-all", ".with-finger", ".with-keys", ".to-folders"):
        assert page.evaluate(shown, needs) == 0, needs
    context.close()
