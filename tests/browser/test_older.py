"""A browser that is older than those of the promise gets the pages without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

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
    assert page.locator(".old-browser").is_hidden()  # its line goes by the same test in the sheet
