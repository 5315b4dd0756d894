"""Messages inside messages, in Chromium."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.conformity import axe
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.test_nested import carrying, forwarded, newsletter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def opened(
    page: Page, sign_in: Callable[[Page, MailAccount], None], alice: MailAccount, subject: str
) -> None:
    sign_in(page, alice)
    page.get_by_role("link", name=subject).first.click()
    expect(page.locator("#message-title")).to_have_text(subject)


@pytest.mark.parametrize(("width", "scheme"), parts.first_of((1440, "light"), (375, "dark")))
def test_a_forwarded_message_is_read_in_its_place(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    faults: list[str],
    width: int,
    scheme: str,
) -> None:
    files = (("liste.txt", "text/plain", "Maëlle".encode()),)
    mailbox.append(forwarded(files=files))
    page = open_page(width=width, color_scheme=scheme)
    opened(page, sign_in, alice, "Tr")
    message = page.url
    nested = page.locator("details.nested")
    expect(nested.get_by_text("Rendez-vous à 8 h.")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    nested.locator(".file-text a").click()
    expect(page.locator("dialog[open] #viewer-title")).to_have_text("liste.txt")
    expect(page.locator("dialog[open] pre")).to_have_text("Maëlle")
    page.keyboard.press("Escape")
    expect(page).to_have_url(message)
    expect(nested.locator(".file-text a")).to_be_focused()
    assert not faults


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_closed_ones_are_fetched_when_they_are_opened(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    faults: list[str],
    width: int,
) -> None:
    mailbox.append("digest.eml")
    page = open_page(width=width)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, sign_in, alice, "Liste des professeurs, du 6 mars")
    page.wait_for_timeout(300)
    assert not [url for url in asked if "/message/" in url]
    page.locator("details.nested summary").nth(1).press("Enter")
    expect(page.get_by_text("Le gymnase est libre.")).to_be_visible()
    assert len([url for url in asked if "/message/" in url]) == 1
    assert not faults


def test_html_inside_grows_to_its_height_and_loads_nothing_from_elsewhere(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    faults: list[str],
) -> None:
    tall = newsletter().replace(b"<p>Bonjour</p>", b"<p>Bonjour</p>" + b"<p>encore</p>\n" * 60)
    mailbox.append(carrying(tall))
    page = open_page()
    opened(page, sign_in, alice, "Tr")
    page.locator("details.nested summary").click()
    frame = page.locator("details.nested iframe")
    expect(frame).to_be_visible()
    expect(page.frame_locator("details.nested iframe").get_by_text("Bonjour")).to_be_visible()
    page.wait_for_timeout(500)
    inner = page.frame_locator("details.nested iframe").locator("body")
    box = frame.bounding_box()
    assert box and box["height"] >= inner.evaluate("body => body.scrollHeight")
    assert axe(page) == []
    assert not faults


def test_without_javascript_a_link_leads_to_it(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    mailbox.append(forwarded())
    page = open_page(java_script_enabled=False)
    opened(page, sign_in, alice, "Tr")
    page.locator("details.nested a").click()
    expect(page.locator("main #viewer").get_by_text("Rendez-vous à 8 h.")).to_be_visible()


@pytest.mark.slow
def test_nothing_hostile_runs_or_leaves_from_inside_another_message(
    watched_page: Page,
    mailbox: Mailbox,
    corpus: Path,
    faults: list[str],
    one_in: Callable[[int], int],
) -> None:
    """Each of a corpus, in a message and unfolded there; as a file, in the viewer."""
    page = watched_page
    hostile = corpus / "xss"
    wrong = {}
    names = [entry["file"] for entry in json.loads((hostile / "manifest.json").read_text())]
    for number, name in enumerate(names[one_in(2) - 1 :: one_in(4)]):
        faults.clear()
        as_file = ("mal.eml", "application/octet-stream") if number % 4 == 0 else ()
        uid = mailbox.append(carrying((hostile / name).read_bytes(), *as_file))
        address = f"/mail/INBOX/{mailbox.uidvalidity()}-{uid}/{'view/2/' if as_file else ''}"
        page.goto(address, wait_until="load")
        if not as_file:
            page.locator("details.nested > summary").click()
            page.locator("details.nested dl").wait_for()
        for frame in page.frames[1:]:
            frame.wait_for_load_state("load")
        page.wait_for_timeout(60)
        if not page.url.endswith(address):
            faults.append(f"went to {page.url}")
        if faults:
            wrong[name] = list(faults)
    assert not wrong
    assert len(names) > 50
