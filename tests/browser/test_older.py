"""A browser that is older than those of the promise gets the pages without scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.browser.conformity import violations
from tests.browser.test_walks import leave
from tests.browser.waiting import wait_for
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


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (375, "dark")])
def test_an_older_browser_is_told_what_to_do_and_loses_no_place(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    mailbox: Mailbox,
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    """The question of the sheet is answered as in a browser without what it asks for."""

    def answer(route: Route) -> None:
        sheet = route.fetch()
        text = sheet.text().replace("not (accent-color: auto)", "(display: block)")
        route.fulfill(
            response=sheet, body=text.replace("not (accent-color:auto)", "(display:block)")
        )

    page = open_page(width=width)
    page.emulate_media(color_scheme=scheme)
    page.add_init_script("CSS.supports = () => false")
    page.route("**/css/base*.css", answer)
    mailbox.append(letter("Sortie"))
    page.goto("/")
    line = page.locator(".old-browser")
    expect(line).to_contain_text("Mettez-le à jour, ou prenez-en un plus récent")
    sign_in(page, alice, opens=False)
    page.goto("/mail/INBOX/")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("on peut lire, écrire et chercher")
    box, row = line.bounding_box(), page.locator("#rows .row").first.bounding_box()
    assert box and row
    assert box["width"] == width
    assert box["y"] + box["height"] <= row["y"] < 400
    assert violations(page) == []


def test_an_older_browser_writes_and_searches(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.SPOOL = tmp_path / "spool"
    page = open_page()
    page.add_init_script("CSS.supports = () => false")
    mailbox.append(letter("Sortie"))
    mailbox.append(letter("Conseil"))
    sign_in(page, alice, opens=False)
    page.goto("/mail/INBOX/")
    page.locator("#search-text").fill("Sortie")
    page.locator("#search-text").press("Enter")
    page.wait_for_url("**/search/?*")
    expect(page.locator("#rows .row")).to_have_count(1)
    page.goto("/compose/")
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.locator("[name=subject]").fill("Réunion")
    page.locator("textarea[name=body]").fill("À mardi.")
    page.get_by_role("button", name="Envoyer", exact=True).click()
    page.wait_for_url("**/mail/**")
    leave()
    wait_for(lambda: bobs_mailbox.uids("INBOX"), page)


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
