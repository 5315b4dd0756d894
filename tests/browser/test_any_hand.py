"""What hinders a finger, a voice, a switch, a zoom of 400 % and a theme of contrast (hand.js) is
found. Every page is held to it in test_every_page.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser import conformity
from tests.servers import large
from tests.servers.mailboxes import Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WRONG = {
    "2.5.8": '<p><button style="width: 12px; height: 12px; padding: 0">A</button>'
    '<button style="width: 12px; height: 12px; padding: 0">B</button></p>',
    "2.5.3": '<button aria-label="Poster">Envoyer</button>',
    "1.4.10": '<div style="overflow-x: auto"><p style="width: 900px">A</p></div>',
    "1.4.12": '<p style="width: 9em; overflow: hidden; white-space: nowrap">Mot par mot, lu</p>',
    "2.4.7": '<button class="btn" style="outline: 0; box-shadow: 0 0 0 2px blue">A</button>',
    "1.4.11": '<ul><li><button style="padding: 12px; background: blue" aria-pressed="true">A'
    '</button></li><li><button style="padding: 12px" aria-pressed="false">A</button></li></ul>',
    "2.3.3": '<p style="transition: transform 1s !important">A</p>',
}


@pytest.mark.parametrize("criterion", WRONG)
def test_what_hinders_is_found(open_page: Callable[..., Page], criterion: str) -> None:
    page = open_page()
    page.set_content(f"<!doctype html><html lang=fr><body><main>{WRONG[criterion]}</main>")
    assert {one.split(": ")[0] for one in conformity.by_hand(page)} == {criterion}


# A row of the list has a checkbox with its name, a link with its words, and the flag.
MOST_IN_A_ROW = 21
MOST_IN_ALL = 1800


def test_a_list_has_few_elements(watched_page: Page, mailbox: Mailbox) -> None:
    """What is rarely asked for, such as the menu of a row and the sheet of keys, is there once or
    is made when it is asked for: a telephone lays out every element."""
    large.fill(mailbox, "INBOX", 60)
    watched_page.goto("/mail/INBOX/")
    rows = watched_page.locator("#rows .row")
    assert rows.count() == 50
    of_rows = rows.evaluate_all("(all) => all.map((row) => row.querySelectorAll('*').length)")
    assert max(of_rows) <= MOST_IN_A_ROW
    assert watched_page.evaluate("document.querySelectorAll('*').length") <= MOST_IN_ALL
    assert watched_page.locator("#keys kbd").count() == 0
    watched_page.locator("#rows").focus()
    watched_page.keyboard.press("?")
    assert watched_page.locator("#keys kbd").count() > 20
