"""A message that is asked for before it is opened: quicker, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, path

pytestmark = [pytest.mark.browser]

RESTED_MS = 400
PASS = """texts => {
    const rows = [...document.querySelectorAll("#rows .row > a")];
    const over = (one) => one.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    for (const text of texts) over(rows.find((row) => row.textContent.includes(text)));
    over(document.getElementById("list-title"));
}"""


class Asked:
    """Requests for messages and frames, and that they were seen: ``GET 2/ ahead``, by UID."""

    def __init__(self, page: Page) -> None:
        self.all: list[str] = []
        self._page, self._answered = page, 0
        page.on("request", lambda request: self.all.extend(self._names(request)))
        for end in ("requestfinished", "requestfailed"):
            page.on(end, self._count)

    def _names(self, request: Request) -> list[str]:
        found = re.search(r"/mail/INBOX/\d+-(\d+/(?:frame/|seen/)?)(?:\?|$)", request.url)
        ahead = " ahead" if "x-ahead" in request.headers else ""
        return [f"{request.method} {found[1]}{ahead}"] if found else []

    def _count(self, request: Request) -> None:
        self._answered += len(self._names(request))

    def until(self, *names: str) -> None:
        """Just these were made, and answered."""
        for _wait in range(100):
            if len(self.all) >= len(names) and self._answered >= len(names):
                break
            self._page.wait_for_timeout(50)
        assert self.all == list(names)


@pytest.fixture
def uids(mailbox: Mailbox) -> list[int]:
    """Of an HTML letter and two others, all unread; the last is at the top."""
    html = mailbox.append(letter("mise en page", html="<p>Bonjour en HTML</p>"))
    return [html, *(mailbox.append(letter(f"n° {n}", f"Lettre {n}\n")) for n in (2, 3))]


@pytest.fixture
def page(watched_page: Page, uids: list[int]) -> Page:
    # Nobody tells the page what happens elsewhere: it takes rows away.
    watched_page.route("**/events*", lambda route: route.abort())
    watched_page.goto("/mail/INBOX/")
    return watched_page


@pytest.fixture
def asked(page: Page) -> Asked:
    return Asked(page)


def row(page: Page, subject: str) -> Locator:
    return page.locator("#rows .row > a").filter(has_text=subject)


def opened(page: Page, subject: str) -> None:
    expect(page.locator("#message .reader-title")).to_have_text(subject)


def test_a_message_pointed_at_is_unread_until_it_is_opened(
    page: Page, asked: Asked, mailbox: Mailbox, uids: list[int], faults: list[str]
) -> None:
    inbox = page.locator("a.folder[data-folder=INBOX]")
    expect(inbox.locator(".count")).to_contain_text("3")
    row(page, "n° 2").hover()
    asked.until(f"GET {uids[1]}/ ahead")
    assert mailbox.flags(uids[1]) == set()
    expect(page.locator("#message[data-open]")).to_have_count(0)
    row(page, "n° 2").click()
    opened(page, "n° 2")
    expect(page.locator("#message .text")).to_contain_text("Lettre 2")
    expect(page).to_have_url(re.compile(path(mailbox, uids[1]) + "$"))
    expect(page).to_have_title(re.compile("n° 2"))
    expect(inbox.locator(".count")).to_contain_text("2")
    expect(page.locator("#list-counts")).to_contain_text("2 messages non lus sur 3")
    expect(row(page, "n° 2")).to_have_attribute("aria-current", "true")
    assert mailbox.flags(uids[1]) == {"\\Seen"}
    asked.until(f"GET {uids[1]}/ ahead", f"POST {uids[1]}/seen/")
    assert faults == []


def test_what_one_passes_is_not_asked_for_and_what_one_leaves_stays_unread(
    page: Page, asked: Asked, mailbox: Mailbox, uids: list[int]
) -> None:
    page.evaluate(PASS, ["n° 3", "n° 2"])
    page.wait_for_timeout(RESTED_MS)
    asked.until()
    row(page, "n° 2").hover()
    asked.until(f"GET {uids[1]}/ ahead")
    page.locator("#list-title").hover()
    page.wait_for_timeout(RESTED_MS)
    asked.until(f"GET {uids[1]}/ ahead")
    assert [mailbox.flags(uid) for uid in uids] == [set()] * 3
    expect(page.locator("#rows .row.is-new")).to_have_count(3)


def test_the_frame_of_a_message_is_loaded_when_it_is_shown(
    page: Page, asked: Asked, mailbox: Mailbox, uids: list[int], faults: list[str]
) -> None:
    row(page, "mise en page").hover()
    asked.until(f"GET {uids[0]}/ ahead")
    row(page, "mise en page").click()
    text = page.frame_locator("iframe[data-frame]").locator("body")
    expect(text).to_contain_text("Bonjour en HTML")
    expect(page.locator("a.folder[data-folder=INBOX] .count")).to_contain_text("2")
    assert mailbox.flags(uids[0]) == {"\\Seen"}
    assert sorted(asked.all[1:]) == [f"GET {uids[0]}/frame/", f"POST {uids[0]}/seen/"]
    assert faults == []


def test_one_goes_from_message_to_message(page: Page, asked: Asked, uids: list[int]) -> None:
    said: list[str] = []
    # The last of them is read by then: nothing is left to say of it.
    for subject, uid, is_new in (("n° 3", uids[2], 1), ("n° 2", uids[1], 1), ("n° 3", uids[2], 0)):
        row(page, subject).hover()
        said.append(f"GET {uid}/ ahead")
        asked.until(*said)
        row(page, subject).click()
        opened(page, subject)
        said += [f"POST {uid}/seen/"] * is_new
        asked.until(*said)
    page.go_back()
    opened(page, "n° 2")


def test_a_row_that_has_the_focus_is_asked_for_too(
    page: Page, asked: Asked, mailbox: Mailbox, uids: list[int]
) -> None:
    page.locator("#rows").press("j")
    asked.until(f"GET {uids[2]}/ ahead")
    page.keyboard.press("Enter")
    opened(page, "n° 3")
    expect(page.locator("a.folder[data-folder=INBOX] .count")).to_contain_text("2")
    assert mailbox.flags(uids[2]) == {"\\Seen"}
    asked.until(f"GET {uids[2]}/ ahead", f"POST {uids[2]}/seen/")


def test_what_is_done_meanwhile_is_seen(
    page: Page, asked: Asked, mailbox: Mailbox, uids: list[int]
) -> None:
    row(page, "n° 2").hover()
    asked.until(f"GET {uids[1]}/ ahead")
    flag = page.locator(f"#flag-{mailbox.uidvalidity()}-{uids[1]}")
    flag.click()
    expect(flag).to_have_attribute("aria-pressed", "true")
    row(page, "n° 2").click()
    opened(page, "n° 2")
    assert page.locator("#open-form [name=verb][value=unflag]").count() == 1
    expect(page.locator("a.folder[data-folder=INBOX] .count")).to_contain_text("2")
    assert mailbox.flags(uids[1]) == {"\\Seen", "\\Flagged"}


def test_a_message_deleted_elsewhere_is_missed_when_it_is_opened_and_not_before(
    page: Page, asked: Asked, mailbox: Mailbox, uids: list[int]
) -> None:
    mailbox.set_flags(uids[1], ["\\Deleted"])
    mailbox.imap.expunge()
    row(page, "n° 2").hover()
    asked.until(f"GET {uids[1]}/ ahead")
    page.wait_for_timeout(RESTED_MS)
    expect(page.locator("#notices")).to_be_empty()
    row(page, "n° 2").click()
    expect(page.locator("#notices [data-notice]")).to_be_visible()
    expect(row(page, "n° 2")).to_have_count(0)


def test_a_message_deleted_after_it_was_asked_for_is_shown_once(
    page: Page, asked: Asked, mailbox: Mailbox, uids: list[int], faults: list[str]
) -> None:
    row(page, "n° 2").hover()
    asked.until(f"GET {uids[1]}/ ahead")
    mailbox.set_flags(uids[1], ["\\Deleted"])
    mailbox.imap.expunge()
    row(page, "n° 2").click()
    expect(page.locator("a.folder[data-folder=INBOX] .count")).to_contain_text("2")
    expect(page.locator("#notices")).to_be_empty()
    assert faults == []


def test_an_answer_on_its_way_is_waited_for(
    page: Page, asked: Asked, mailbox: Mailbox, uids: list[int]
) -> None:
    held: list[Route] = []
    page.route("**/mail/INBOX/*-*/", lambda route: held.append(route))
    row(page, "n° 2").click()
    page.wait_for_timeout(RESTED_MS)
    # What is held here is told twice.
    assert set(asked.all) == {f"GET {uids[1]}/ ahead"}
    asked.all.clear()
    page.unroute("**/mail/INBOX/*-*/")
    for route in held:
        route.continue_()
    opened(page, "n° 2")
    expect(page.locator("a.folder[data-folder=INBOX] .count")).to_contain_text("2")
    assert asked.all == [f"POST {uids[1]}/seen/"]


def test_nothing_is_asked_for_where_data_are_to_be_saved(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    uids: list[int],
) -> None:
    page = open_page()
    page.add_init_script(
        "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })"
    )
    sign_in(page, alice)
    asked = Asked(page)
    row(page, "n° 2").hover()
    page.wait_for_timeout(RESTED_MS)
    row(page, "n° 2").click()
    opened(page, "n° 2")
    asked.until(f"GET {uids[1]}/")


def test_a_finger_opens_as_before(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    uids: list[int],
) -> None:
    page = open_page(width=375, has_touch=True, is_mobile=True)
    sign_in(page, alice)
    row(page, "n° 2").tap()
    opened(page, "n° 2")
    expect(page.locator("#message .text")).to_contain_text("Lettre 2")
    page.wait_for_load_state("networkidle")
    assert mailbox.flags(uids[1]) == {"\\Seen"}
