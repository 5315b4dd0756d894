"""Notifications as Chromium itself shows them. Its headless shell has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import CHROMIUM
from tests.browser.test_news import HEARD, listening, until
from tests.browser.windows import Windows
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import missing
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEPT = """
window.shown = [];
window.Notification = class extends window.Notification {
  constructor(title, options) {
    super(title, options);
    this.addEventListener("show", () => (this.isShown = true));
    window.shown.push(this);
  }
};
"""


@pytest.fixture(scope="module")
def browser(launch_browser: Callable[..., Browser]) -> Iterator[Browser]:
    """With windows and tabs, which nobody sees."""
    if CHROMIUM is None:
        pytest.skip(missing("Chromium") or "")
    browser = launch_browser(executable_path=CHROMIUM)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Iterator[Windows]:
    windows = Windows(browser)
    yield windows
    windows.close()


def test_the_browser_itself_shows_it_to_whoever_looks_at_something_else(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    mailbox: Mailbox,
    faults: list[str],
) -> None:
    """Chromium's own notification, by the real permission."""
    page = open_page()
    page.context.grant_permissions(["notifications"])
    page.add_init_script(HEARD + KEPT)
    sign_in(page, mailbox.account, opens=False)
    page.goto("/preferences/notifications/")
    page.locator("[name=notifications][value=on]").check()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator(".toast")).to_be_visible()
    page.goto("/mail/INBOX/")
    listening(page)
    # Playwright lets every page believe that it is looked at.
    debugger = page.context.new_cdp_session(page)
    debugger.send("Emulation.setFocusEmulationEnabled", {"enabled": False})
    page.context.new_page().bring_to_front()
    until(page, "!document.hasFocus()")
    mailbox.receive(letter("Conseil de classe", sender="Chloé Péri <chloe@exemple.fr>"))
    until(page, "window.shown.length > 0")
    until(page, "window.shown[0].isShown")
    assert page.evaluate("[window.shown[0].title, window.shown[0].body]") == [
        "Chloé Péri",
        "Conseil de classe",
    ]
    page.evaluate("window.shown[0].dispatchEvent(new Event('click'))")
    expect(page).to_have_title(re.compile("Conseil de classe"))
    assert faults == []
