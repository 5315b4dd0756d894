"""The list in a browser: its place, and what happens to its folder elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests import parts
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, ref

pytestmark = [pytest.mark.browser]

HEAR = "news => document.dispatchEvent(new CustomEvent('mail:changed', { detail: news }))"


@pytest.fixture
def page(watched_page: Page, mailbox: Mailbox) -> Page:
    """The inbox of 160 messages."""
    large.fill(mailbox, "INBOX", 160)
    watched_page.goto("/mail/INBOX/")
    return watched_page


def news(mailbox: Mailbox, **more: Any) -> dict[str, Any]:
    uids = mailbox.uids()
    told: dict[str, Any] = {
        "folder": "INBOX",
        "uidvalidity": mailbox.uidvalidity(),
        "uidnext": uids[-1] + 1,
        "exists": len(uids),
        "unseen": 1,
        "modseq": 1,
        "changed": [],
        "gone": [],
        "new": [],
    }
    return told | more


def top_row(page: Page) -> str:
    """The reference of the row that is at the top of what is seen."""
    found = page.evaluate(
        """() => {
            const rows = document.querySelector("#rows");
            const edge = rows.getBoundingClientRect().top + rows.querySelector(".day").offsetHeight;
            return [...document.querySelectorAll("#rows .row")]
                .find((row) => row.getBoundingClientRect().bottom > edge + 8).dataset.ref;
        }"""
    )
    return str(found)


def scroll_down(page: Page, count: int) -> None:
    """Until so many rows are there."""
    for _step in range(20):
        if page.locator("#rows .row").count() >= count:
            break
        page.locator("#rows").evaluate("rows => rows.scrollTo(0, rows.scrollHeight)")
        page.wait_for_timeout(150)
    page.locator("#rows").evaluate("rows => rows.scrollTo(0, rows.scrollHeight / 2)")
    page.wait_for_timeout(500)


def test_back_from_a_message_shows_the_row_that_was_at_the_top(
    page: Page, mailbox: Mailbox
) -> None:
    scroll_down(page, 150)
    before = top_row(page)
    page.locator(f"#row-{before} + .row + .row > a").click()
    expect(page.locator("#message[data-open]")).to_be_visible()
    page.go_back()
    expect(page.locator("#message[data-open]")).to_have_count(0)
    expect(page).to_have_url(re.compile(rf"row={before}"))
    assert top_row(page) == before
    page.reload()
    assert top_row(page) == before


def test_the_rows_above_come_without_moving_what_one_looks_at(page: Page, mailbox: Mailbox) -> None:
    uids = mailbox.uids()
    page.goto(f"/mail/INBOX/?row={ref(mailbox, uids[20])}")
    page.locator("#rows").evaluate("rows => rows.scrollTo(0, 0)")
    before = page.locator("#rows .row").first.get_attribute("id")
    page.locator("#previous").click()
    expect(page.locator("#rows .row").first).not_to_have_id(before or "")
    box = page.locator(f"#{before}").bounding_box()
    rows = page.locator("#rows").bounding_box()
    assert box and rows and abs(box["y"] - rows["y"]) < 120
    days = page.locator("#rows > .day").all_inner_texts()
    assert len(days) == len(set(days))


def test_mail_that_arrives_is_put_on_top(page: Page, mailbox: Mailbox, faults: list[str]) -> None:
    uid = mailbox.append(letter("Toute neuve"))
    page.evaluate(HEAR, news(mailbox))
    expect(page.locator("#rows .row").first).to_have_id(f"row-{ref(mailbox, uid)}")
    expect(page.locator("[data-news]")).to_be_hidden()
    # It is a row like the others: it opens in place.
    page.locator("#rows .row > a").first.click()
    expect(page.locator("#message .reader-title")).to_have_text("Toute neuve")
    assert not faults


def test_further_down_mail_that_arrives_is_only_offered(page: Page, mailbox: Mailbox) -> None:
    scroll_down(page, 100)
    before = top_row(page)
    uids = [mailbox.append(letter(f"neuf {number}")) for number in range(3)]
    page.evaluate(HEAR, news(mailbox))
    offer = page.locator("[data-news]")
    expect(offer).to_be_visible()
    assert "3" in offer.inner_text()
    assert top_row(page) == before
    offer.click()
    expect(page.locator("#rows .row").first).to_have_id(f"row-{ref(mailbox, uids[-1])}")
    expect(page.locator("#rows .row > a").first).to_be_focused()


def test_what_changed_or_went_elsewhere_changes_and_goes(page: Page, mailbox: Mailbox) -> None:
    # The server's own news would tell other numbers in between.
    page.route(re.compile("/events|/poll/"), lambda route: route.abort())
    page.reload()
    uids = mailbox.uids()
    first, second, third = (f"row-{ref(mailbox, uid)}" for uid in uids[:-4:-1])
    changed = [
        {"ref": ref(mailbox, uids[-2]), "flags": ["\\Flagged"]},
        {"ref": ref(mailbox, uids[-3]), "flags": ["\\Seen"]},
    ]
    page.locator(f"#{first} > a").focus()
    page.evaluate(HEAR, news(mailbox, changed=changed, gone=[uids[-1]], exists=1234, unseen=56))
    counts = page.locator("#list-counts").inner_text()
    assert [int(re.sub(r"\D", "", part)) for part in re.findall(r"\d[\d\s]*", counts)] == [56, 1234]
    expect(page.locator(f"#{first}")).to_have_count(0)
    expect(page.locator(f"#{second}")).to_have_class(re.compile("is-new"))
    expect(page.locator(f"#{second} .flag")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"#{third}")).not_to_have_class(re.compile("is-new"))
    expect(page.locator(f"#{second} > a")).to_be_focused()


def test_what_a_server_does_not_name_is_asked_for(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    """Of other folders than the inbox NOTIFY tells the counts alone."""
    large.fill(mailbox, "Archive", 60)
    uids = mailbox.uids("Archive")
    page.route(re.compile("/events|/poll/"), lambda route: route.abort())
    page.goto("/mail/Archive/")
    first, second, third = (f"#row-{ref(mailbox, uid, 'Archive')}" for uid in uids[:-4:-1])
    page.locator(f"{third} > a").focus()
    mailbox.set_flags(uids[-2], ["\\Flagged"], "Archive")
    mailbox.imap.select("Archive")
    mailbox.imap.uid("STORE", str(uids[-1]), "+FLAGS", "(\\Deleted)")
    mailbox.imap.expunge()
    state = {"folder": "Archive", "uidvalidity": mailbox.uidvalidity("Archive")}
    page.evaluate(HEAR, news(mailbox, **state, uidnext=uids[-1] + 1, exists=59, more=True))
    expect(page.locator(first)).to_have_count(0)
    expect(page.locator(second)).to_have_class(re.compile("is-new"))
    expect(page.locator(f"{second} .flag")).to_have_attribute("aria-pressed", "true")
    assert page.locator("#rows .row").count() == 49
    expect(page.locator(f"{third} > a")).to_be_focused()
    assert faults == []


def test_a_notice_stays_while_the_page_asks_by_itself(page: Page, mailbox: Mailbox) -> None:
    last = mailbox.uids()[-1]
    page.route(re.compile("/events|/poll/"), lambda route: route.abort())
    page.reload()
    mailbox.imap.select("INBOX")
    mailbox.imap.uid("STORE", str(last), "+FLAGS", "(\\Deleted)")
    mailbox.imap.expunge()
    page.locator("#rows .row > a").first.click()
    notice = page.locator("#notices [data-notice]")
    expect(notice).to_be_visible()
    page.evaluate("htmx.ajax('GET', '/jobs/progress/', { target: '#running', swap: 'outerHTML' })")
    page.wait_for_timeout(500)
    expect(notice).to_be_visible()
    page.locator("#rows .row > a").nth(1).click()
    expect(notice).to_have_count(0)


def test_another_folders_news_is_not_this_lists(page: Page, mailbox: Mailbox) -> None:
    uids = mailbox.uids()
    page.evaluate(HEAR, news(mailbox, folder="Sent", gone=[uids[-1]]))
    expect(page.locator(f"#row-{ref(mailbox, uids[-1])}")).to_have_count(1)


def test_a_sorted_list_offers_to_be_shown_anew(page: Page, mailbox: Mailbox) -> None:
    page.goto("/mail/INBOX/?sort=subject&up=1")
    page.evaluate(HEAR, news(mailbox))
    expect(page.locator("[data-news]")).to_be_hidden()
    mailbox.append(letter("AAA tout en haut"))
    page.evaluate(HEAR, news(mailbox))
    page.locator("[data-news]").click()
    expect(page.locator("#rows .row .subject").first).to_contain_text("AAA tout en haut")


def test_orders_filters_and_months_by_keyboard(page: Page, mailbox: Mailbox) -> None:
    summaries = page.locator(".list-tools summary")
    summaries.nth(1).focus()
    page.keyboard.press("Enter")
    page.locator(".list-tools .menu[open] a").nth(4).press("Enter")
    expect(page).to_have_url(re.compile(r"sort=subject&up=1"))
    subjects = page.locator("#rows .subject").all_inner_texts()
    assert subjects == sorted(subjects, key=str.casefold)
    page.goto("/mail/INBOX/?sort=arrival")
    summaries.nth(2).click()
    page.locator("#go-year").fill("2015")
    page.locator("#go-year").press("Enter")
    expect(page).to_have_url(re.compile(r"year=2015"))


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_orders_and_filters_without_a_script(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    width: int,
) -> None:
    large.fill(mailbox, "INBOX", 12)
    bare = open_page(width=width, java_script_enabled=False)
    sign_in(bare, alice)
    bare.locator(".list-tools summary").first.click()
    bare.locator(".list-tools .menu").first.locator("a").nth(1).click()
    expect(bare).to_have_url(re.compile("only=unread"))
    expect(bare.locator("#rows .row")).to_have_count(4)
    expect(bare.locator("#rows .row.is-new")).to_have_count(4)
