"""What is on its way: marked, sketched, said to be slow, left and asked again."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Locator, Page, Route, expect

from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser]

MESSAGES = "**/mail/INBOX/*-*/"
SLOW = "Le serveur de messagerie met du temps à répondre."


class Held:
    """The requests of a page for some addresses, answered when the test says so."""

    def __init__(self, page: Page, pattern: str | re.Pattern[str]) -> None:
        self._page = page
        self._is_open = False
        self.routes: list[Route] = []
        page.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self.routes.append(route)

    def until(self, number: int) -> None:
        for _ in range(250):
            if len(self.routes) >= number:
                return
            self._page.wait_for_timeout(20)
        raise AssertionError(f"{len(self.routes)} requests, not {number}")

    def open(self) -> None:
        """From now on requests are answered, those that wait excepted."""
        self._is_open = True

    def let_go(self) -> None:
        self.open()
        while self.routes:
            self.routes.pop(0).continue_()


@pytest.fixture
def page(watched_page: Page, mailbox: Mailbox) -> Page:
    for subject in ("Premier", "Second"):
        mailbox.append(letter(subject))
    mailbox.create_folder("Zoo")
    watched_page.goto("/mail/INBOX/")
    # Nothing is asked for ahead: each opening is one request.
    watched_page.evaluate("document.getElementById('message-list').dataset.threads = ''")
    return watched_page


def row(page: Page, subject: str) -> Locator:
    return page.locator("#rows .row", has_text=subject)


def opens(page: Page, subject: str) -> None:
    row(page, subject).locator(":scope > a").click()


def retry(page: Page) -> Locator:
    return page.get_by_role("button", name="Réessayer")


def test_a_message_on_its_way_is_marked_at_once_and_sketched_after_a_moment(
    page: Page, faults: list[str]
) -> None:
    held = Held(page, MESSAGES)
    opens(page, "Premier")
    assert row(page, "Premier").get_attribute("aria-busy") == "true"
    expect(page.locator("#message > .awaited-sketch")).to_be_visible()
    expect(page.locator("#awaited [role=status]")).to_have_text("Ouverture du message…")
    assert Axe().run(page).response["violations"] == []
    held.let_go()
    expect(page.locator("#message .reader-title")).to_have_text("Premier")
    expect(page.locator(".awaited-sketch, [aria-busy]")).to_have_count(0)
    expect(page.locator("#awaited [role=status]")).to_have_text("")
    assert faults == []


def test_a_message_that_arrives_late_takes_the_focus_from_no_field(page: Page) -> None:
    held = Held(page, MESSAGES)
    opens(page, "Premier")
    held.until(1)
    page.keyboard.press("/")
    expect(page.locator("#search-text")).to_be_focused()
    held.let_go()
    expect(page.locator("#message .reader-title")).to_have_text("Premier")
    page.keyboard.type("abc")
    expect(page.locator("#search-text")).to_have_value("abc")


def test_a_quick_answer_is_not_announced(page: Page) -> None:
    """By the page's own clock: how soon a busy machine answers is chance."""
    page.evaluate(
        """() => {
          window.sketches = 0;
          const sketches = () => document.querySelectorAll(".awaited-sketch").length;
          new MutationObserver(() => (window.sketches += sketches()))
            .observe(document.body, { subtree: true, childList: true });
          window.later = [];
          const { setTimeout } = window;
          window.setTimeout = (act, ms, ...more) =>
            ms === 200 || ms === 5000 ? window.later.push(act) : setTimeout(act, ms, ...more);
        }"""
    )
    page.route(MESSAGES, lambda route: route.fulfill(body="<section id=message>Vite</section>"))
    opens(page, "Premier")
    expect(page.locator("#message")).to_have_text("Vite")
    assert page.evaluate("window.later.length") == 2
    assert page.evaluate("window.sketches") == 0
    expect(page.locator("#awaited [role=status]")).to_have_text("")


def test_escape_leaves_what_was_asked(page: Page, faults: list[str]) -> None:
    Held(page, MESSAGES)
    opens(page, "Premier")
    expect(page.locator("#message > .awaited-sketch")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".awaited-sketch, [aria-busy]")).to_have_count(0)
    expect(row(page, "Premier").locator(":scope > a")).to_be_focused()
    assert page.url.endswith("/mail/INBOX/")
    expect(page.locator("#notices")).to_be_empty()
    assert faults == []


@pytest.mark.parametrize("later", ["row", "folder"])
def test_an_older_answer_never_takes_the_place_of_a_newer_one(page: Page, later: str) -> None:
    held = Held(page, MESSAGES)
    opens(page, "Premier")
    held.until(1)
    older = held.routes.pop()
    held.open()
    if later == "row":
        opens(page, "Second")
        shown = page.locator("#message .reader-title")
        expect(shown).to_have_text("Second")
    else:
        page.locator("a.folder[data-folder=Zoo]").click()
        shown = page.locator("#list-title")
        expect(shown).to_have_text("Zoo")
    with suppress(Error):  # nobody waits for it
        older.fulfill(body="<section class=read id=message>Trop tard</section>")
    page.wait_for_timeout(300)
    expect(page.get_by_text("Trop tard")).to_have_count(0)
    expect(shown).to_have_text("Second" if later == "row" else "Zoo")


@pytest.mark.parametrize("what", ["a[data-folder=Zoo]", "#rows .row:has-text('Premier') > a"])
def test_a_list_that_renews_itself_meanwhile_loses_nothing(page: Page, what: str) -> None:
    held = Held(page, re.compile(r"/mail/(Zoo|INBOX/[0-9]+-[0-9]+)/$"))
    page.locator(what).first.click()
    expect(page.locator(".awaited-sketch")).to_be_visible()
    page.evaluate(
        """() => {
          const button = document.querySelector("[data-refresh]");
          const how = { source: button, target: "#message-list", swap: "outerHTML" };
          return htmx.ajax("GET", button.href, how);
        }"""
    )
    page.wait_for_timeout(300)
    expect(page.locator(".awaited-sketch")).to_be_visible()
    expect(page.locator("#rows .row[aria-busy], .folder[aria-busy]")).to_have_count(1)
    held.let_go()
    shown = page.locator("#list-title") if "Zoo" in what else page.locator(".reader-title")
    expect(shown).to_have_text("Zoo" if "Zoo" in what else "Premier")
    expect(page.locator(".awaited-sketch, [aria-busy]")).to_have_count(0)


def test_of_two_folders_the_one_asked_last_is_shown(page: Page) -> None:
    held = Held(page, "**/mail/Zoo/")
    page.locator("a.folder[data-folder=Zoo]").click()
    expect(page.locator("#message-list > .awaited-sketch")).to_be_visible()
    held.until(1)
    page.locator("a.folder[data-folder=INBOX]").click()
    expect(page.locator("#message-list > .awaited-sketch")).to_have_count(0)
    with suppress(Error):  # nobody waits for it
        held.let_go()
    page.wait_for_timeout(500)
    expect(page.locator("#message-list")).to_have_attribute("data-folder", "INBOX")
    expect(page.locator(".folder[aria-current]")).to_have_attribute("data-folder", "INBOX")


def test_a_slow_server_is_said_and_asked_again(page: Page, faults: list[str]) -> None:
    held = Held(page, MESSAGES)
    opens(page, "Premier")
    expect(page.get_by_text(SLOW)).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    retry(page).focus()
    retry(page).press("Enter")
    expect(page.get_by_text(SLOW)).to_have_count(0)
    expect(row(page, "Premier").locator(":scope > a")).to_be_focused()
    held.until(2)
    held.routes.pop(0)  # given up by the page
    held.let_go()
    expect(page.locator("#message .reader-title")).to_have_text("Premier")
    expect(page.locator("#message .reader-title")).to_be_focused()
    assert faults == []


def test_the_words_go_when_the_answer_comes(page: Page) -> None:
    held = Held(page, "**/mail/Zoo/")
    page.locator("a.folder[data-folder=Zoo]").click()
    expect(page.get_by_text(SLOW)).to_be_visible()
    retry(page).focus()
    held.let_go()
    expect(page.locator("#list-title")).to_have_text("Zoo")
    expect(page.get_by_text(SLOW)).to_have_count(0)
    assert page.evaluate("document.activeElement !== document.body")


@pytest.mark.parametrize("status", [0, 502, 504])
def test_after_a_failure_one_may_try_again_in_place(page: Page, status: int) -> None:
    def fail(route: Route) -> None:
        body = "<html><head><title>Bad Gateway</title></head><body><h1>nginx</h1></body></html>"
        if status:
            route.fulfill(status=status, body=body, content_type="text/html")
        else:
            route.abort()

    page.route(MESSAGES, fail)
    opens(page, "Premier")
    expect(page.locator("#notices [data-notice]")).to_be_visible()
    expect(page.locator("#notices")).not_to_contain_text("nginx")
    expect(page.locator(".awaited-sketch, [aria-busy]")).to_have_count(0)
    assert Axe().run(page).response["violations"] == []
    page.unroute(MESSAGES)
    retry(page).click()
    expect(page.locator("#message .reader-title")).to_have_text("Premier")
    expect(page.locator("#notices")).to_be_empty()


def test_without_motion_the_sketch_stands_still(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    held = Held(page, MESSAGES)
    opens(page, "Premier")
    still = page.locator("#message > .awaited-sketch > div")
    expect(still).to_be_visible()
    expect(still).to_have_css("animation-name", re.compile("none"))
    held.let_go()
