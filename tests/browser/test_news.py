"""New mail shows by itself, in however many tabs; where it can't be told, it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from demo.servers.dovecot import MailAccount
from tests.browser.waiting import wait_for
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.webmail.views import unwanted
from tests.webmail.views.mail import letter
from webmail.serving import push

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HEARD = """
window.heard = [];
document.addEventListener("mail:changed", (event) => window.heard.push(event.detail));
"""
SHOWN = """
window.shown = [];
window.Notification = class extends EventTarget {
  static permission = "granted";
  static requestPermission() { window.asked = true; return Promise.resolve("granted"); }
  constructor(title, options) { super(); window.shown.push([title, options.body]); }
  close() {}
};
document.hasFocus = () => false;
"""
TITLES = """
window.titles = [];
addEventListener("DOMContentLoaded", () => {
  const note = () => window.titles.push(document.title);
  new MutationObserver(note).observe(document.querySelector("title"), { childList: true });
});
"""


def streams() -> int:
    return sum(len(hub._streams) for hub in push._hubs.values())


@pytest.fixture
def page(
    open_page: Callable[..., Page], sign_in: Callable[[Page, MailAccount], None], mailbox: Mailbox
) -> Page:
    """Alice's inbox, with one unread message, which hears of news."""
    mailbox.append(letter("Déjà là"))
    page = open_page()
    page.add_init_script(HEARD)
    sign_in(page, mailbox.account)
    listening(page)
    return page


def until(page: Page, condition: str) -> None:
    """Playwright's own way to wait for it is refused by the page's policy."""
    wait_for(lambda: page.evaluate(condition), page)


def listening(page: Page) -> None:
    """Until the page was told how the inbox stands."""
    until(page, "window.heard.some((news) => news.folder === 'INBOX')")


def inbox(page: Page) -> Any:
    return page.locator('.folder[data-folder="INBOX"]')


def test_new_mail_shows_without_reloading(page: Page, mailbox: Mailbox, faults: list[str]) -> None:
    expect(page).to_have_title("(1) Boîte de réception – Messagerie")
    mailbox.receive(letter("Conseil de classe", sender="Chloé Péri <chloe@exemple.fr>"))
    expect(page).to_have_title("(2) Boîte de réception – Messagerie")
    expect(inbox(page).locator(".count")).to_contain_text("2")
    said = page.locator("#news")
    expect(said).to_contain_text("Chloé Péri")
    expect(said).to_contain_text("Conseil de classe")
    assert said.get_attribute("aria-live") == "polite"
    expect(page.locator("#rows .row").first).to_contain_text("Conseil de classe")
    assert faults == []


def test_what_an_undoing_brings_back_is_no_news(page: Page, mailbox: Mailbox) -> None:
    """One that is known from long ago, and one that has just been told."""
    old = datetime(2026, 5, 4, 12, tzinfo=UTC)
    mailbox.append(letter("Ancien"), "Archive", date=old)
    mailbox.receive(letter("Tout neuf"))
    said = page.locator("#news")
    expect(said).to_contain_text("Tout neuf")
    place = "document.getElementById('news')"
    page.evaluate(f"{place}.textContent = ''")
    new = mailbox.uids()[-1]
    for folder, uid, to in (
        ("Archive", mailbox.uids("Archive")[0], "INBOX"),
        ("INBOX", new, "Archive"),
        ("Archive", None, "INBOX"),
    ):
        mailbox.imap.select(folder)
        mailbox.imap.uid("MOVE", str(uid or mailbox.uids(folder)[0]), to)
    last = "window.heard.filter((news) => news.folder === 'INBOX').at(-1)"
    until(page, f"{last}.uidnext === {mailbox.uids()[-1] + 1}")
    expect(page).to_have_title("(3) Boîte de réception – Messagerie")
    mailbox.receive(letter("Encore un"))
    expect(said).to_contain_text("Encore un")
    told = page.evaluate("window.heard.flatMap((news) => news.new.map((one) => one.subject))")
    assert told == ["Tout neuf", "Encore un"]


def test_what_is_read_elsewhere_is_read_here(page: Page, mailbox: Mailbox) -> None:
    (uid,) = mailbox.uids()
    mailbox.set_flags(uid, ["\\Seen"])
    expect(page).to_have_title("Boîte de réception – Messagerie")
    expect(inbox(page)).not_to_have_class(re.compile(r"\bhas-new\b"))
    expect(inbox(page).locator(".count")).to_be_hidden()
    expect(page.locator("#rows .row")).not_to_have_class(re.compile(r"\bis-new\b"))
    # Nothing is new: nothing is said.
    expect(page.locator("#news")).to_be_empty()


def test_what_is_removed_elsewhere_goes_here(page: Page, mailbox: Mailbox) -> None:
    (uid,) = mailbox.uids()
    mailbox.append(letter("Reste"), flags=["\\Seen"])
    rows = page.locator("#rows .row")
    expect(rows).to_have_count(2)
    mailbox.set_flags(uid, ["\\Deleted"])
    mailbox.imap.uid("EXPUNGE", str(uid))
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Reste")


def test_two_tabs_share_one_stream_and_the_second_goes_on_alone(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    second = page.context.new_page()
    second.add_init_script(HEARD)
    second.goto("/mail/INBOX/")
    expect(inbox(second)).to_be_visible()
    mailbox.receive(letter("pour les deux"))
    for tab in (page, second):
        expect(inbox(tab).locator(".count")).to_contain_text("2")
    assert streams() == 1
    # One of them is heard by screen readers, not both.
    expect(page.locator("#news")).not_to_be_empty()
    expect(second.locator("#news")).to_be_empty()
    page.close()
    mailbox.receive(letter("pour le second"))
    expect(inbox(second).locator(".count")).to_contain_text("3")
    assert faults == []


def test_other_folders_count_too(page: Page, mailbox: Mailbox) -> None:
    mailbox.append(letter(), "Archive")
    counter = page.locator('.folder[data-folder="Archive"] .count')
    expect(counter).to_contain_text("1")
    expect(page).to_have_title("(1) Boîte de réception – Messagerie")


def test_a_count_that_news_change_is_written_as_the_server_writes_it(
    page: Page, mailbox: Mailbox
) -> None:
    counter = page.locator('.folder[data-folder="Archive"] .count')
    mailbox.append(letter(), "Archive")
    expect(counter).to_contain_text("1")
    told = counter.evaluate("counter => counter.outerHTML")
    page.reload()
    assert counter.evaluate("counter => counter.outerHTML") == told


def test_a_folder_that_the_server_counts_nothing_for_is_not_counted_by_news(
    page: Page, mailbox: Mailbox
) -> None:
    folder = page.locator('.folder[data-folder="Archive"]')
    folder.evaluate("folder => folder.querySelector('.count')?.remove()")
    mailbox.append(letter(), "Archive")
    until(page, "window.heard.some((news) => news.folder === 'Archive' && news.unseen === 1)")
    expect(folder.locator(".count")).to_have_count(0)
    expect(folder).not_to_have_class(re.compile(r"\bhas-new\b"))


@pytest.fixture
def late(page: Page, mailbox: Mailbox) -> Callable[..., None]:
    """`late("Archive", change)`: the folder's page, whose stream begins after the change."""

    def begin(folder: str, change: Callable[[], object]) -> None:
        held: list[Route] = []
        page.route("**/events**", lambda route: held.append(route), times=1)
        page.goto(f"/mail/{folder if '?' in folder else f'{folder}/'}")
        wait_for(lambda: held, page)
        change()
        held[0].continue_()

    return begin


def test_what_happens_to_the_open_folder_before_the_stream_begins_shows(
    page: Page, mailbox: Mailbox, late: Callable[..., None], faults: list[str]
) -> None:
    first, second = (mailbox.append(letter(name), "Archive") for name in ("Un", "Deux"))
    rows = page.locator("#rows .row")

    def change() -> None:
        expect(rows).to_have_count(2)
        mailbox.append(letter("Trois"), "Archive")
        mailbox.imap.select("Archive")
        mailbox.imap.uid("STORE", str(first), "+FLAGS", "(\\Deleted)")
        mailbox.imap.uid("EXPUNGE", str(first))
        mailbox.imap.uid("STORE", str(second), "+FLAGS", "(\\Flagged)")

    late("Archive", change)
    expect(rows.first).to_contain_text("Trois")
    expect(rows).to_have_count(2)
    expect(rows.last.locator(".flag")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#news")).to_be_empty()
    assert faults == []


def test_what_is_read_before_the_stream_begins_is_read_here(
    page: Page, mailbox: Mailbox, late: Callable[..., None]
) -> None:
    (uid,) = mailbox.uids()
    row = page.locator("#rows .row")

    def change() -> None:
        expect(row).to_have_class(re.compile(r"\bis-new\b"))
        mailbox.set_flags(uid, ["\\Seen"])

    late("INBOX", change)
    expect(row).not_to_have_class(re.compile(r"\bis-new\b"))


def test_what_is_moved_here_with_an_older_date_comes_to_its_place(
    page: Page, mailbox: Mailbox, late: Callable[..., None], faults: list[str]
) -> None:
    days = {name: datetime(2026, 5, day, 12, tzinfo=UTC) for name, day in (("Un", 4), ("Trois", 6))}
    for name, day in days.items():
        mailbox.append(letter(name), "Archive", date=day)
    rows = page.locator("#rows .row .subject")

    def change() -> None:
        expect(rows).to_have_count(2)
        mailbox.append(letter("Deux"), "Archive", date=datetime(2026, 5, 5, 12, tzinfo=UTC))

    late("Archive/?sort=arrival", change)
    expect(rows).to_have_text(["Trois", "Deux", "Un"])
    assert faults == []


@pytest.mark.parametrize("query", ["sort=subject", "sort=arrival&up=1", "only=unread", "threads=1"])
def test_what_is_marked_before_the_stream_begins_shows_in_every_list(
    page: Page, mailbox: Mailbox, late: Callable[..., None], query: str, faults: list[str]
) -> None:
    read, flagged = (
        mailbox.append(letter(name, message_id=f"<{name}@exemple.fr>"), "Archive")
        for name in ("Lue", "Suivie")
    )
    rows = page.locator("#rows .row")

    def change() -> None:
        expect(rows).to_have_count(2)
        mailbox.imap.select("Archive")
        mailbox.imap.uid("STORE", str(read), "+FLAGS", "(\\Seen)")
        mailbox.imap.uid("STORE", str(flagged), "+FLAGS", "(\\Flagged)")

    late(f"Archive/?{query}", change)
    expect(rows.filter(has_text="Lue")).not_to_have_class(re.compile(r"\bis-new\b"))
    flag = rows.filter(has_text="Suivie").locator(".flag")
    expect(flag).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-news]")).to_be_hidden()
    assert faults == []


def test_what_is_read_of_a_conversation_before_the_stream_begins_shows(
    page: Page, mailbox: Mailbox, late: Callable[..., None]
) -> None:
    mailbox.append(letter("Sortie", message_id="<un@exemple.fr>"), "Archive")
    last = mailbox.append(
        letter("Re: Sortie", message_id="<deux@exemple.fr>", references="<un@exemple.fr>"),
        "Archive",
    )
    row = page.locator("#rows .row")

    def change() -> None:
        expect(row).to_have_count(1)
        mailbox.imap.select("Archive")
        mailbox.imap.uid("STORE", str(last), "+FLAGS", "(\\Seen)")

    late("Archive/?threads=1", change)
    expect(row.locator("li.is-new")).to_have_count(1)
    expect(row).to_have_class(re.compile(r"\bis-new\b"))


def test_what_goes_before_the_stream_begins_is_told_where_rows_do_not_tell(
    page: Page, mailbox: Mailbox, late: Callable[..., None]
) -> None:
    first, _second = (mailbox.append(letter(name), "Archive") for name in ("Un", "Deux"))

    def change() -> None:
        expect(page.locator("#rows .row")).to_have_count(2)
        mailbox.imap.select("Archive")
        mailbox.imap.uid("STORE", str(first), "+FLAGS", "(\\Deleted)")
        mailbox.imap.uid("EXPUNGE", str(first))

    late("Archive/?sort=subject", change)
    offered = page.locator("[data-news]")
    expect(offered).to_be_visible()
    assert offered.text_content() == offered.get_attribute("data-changed")
    offered.click()
    expect(page.locator("#rows .row")).to_have_count(1)


def test_what_a_filter_lets_through_by_now_is_told(
    page: Page, mailbox: Mailbox, late: Callable[..., None]
) -> None:
    mailbox.append(letter("Nouveau"), "Archive")
    other = mailbox.append(letter("Relue"), "Archive", flags=["\\Seen"])

    def change() -> None:
        expect(page.locator("#rows .row")).to_have_count(1)
        mailbox.imap.select("Archive")
        mailbox.imap.uid("STORE", str(other), "-FLAGS", "(\\Seen)")

    late("Archive/?only=unread", change)
    expect(page.locator("[data-news]")).to_be_visible()


def test_what_happens_while_a_folder_is_being_opened_shows(page: Page, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter("Un"), "Archive")

    def slow(route: Route) -> None:
        answer = route.fetch()
        mailbox.imap.select("Archive")
        mailbox.imap.uid("STORE", str(uid), "+FLAGS", "(\\Seen)")
        until(page, "window.heard.some((news) => news.folder === 'Archive' && !news.unseen)")
        route.fulfill(response=answer)

    expect(page.locator('.folder[data-folder="Archive"] .count')).to_be_visible()
    page.route("**/mail/Archive/", slow, times=1)
    page.locator('.folder[data-folder="Archive"]').click()
    row = page.locator("#message-list[data-folder=Archive] .row")
    expect(row).to_be_visible()
    expect(row).not_to_have_class(re.compile(r"\bis-new\b"))


def test_a_second_tab_catches_up_too(page: Page, mailbox: Mailbox) -> None:
    mailbox.append(letter("Un"), "Archive")
    until(page, "window.heard.some((news) => news.folder === 'Archive')")
    second = page.context.new_page()

    def late(route: Route) -> None:
        """The scripts come once the first tab has told it."""
        mailbox.append(letter("Deux"), "Archive")
        until(page, "window.heard.some((news) => news.folder === 'Archive' && news.exists === 2)")
        route.continue_()

    second.route("**/js/common.js*", late)
    second.goto("/mail/Archive/")
    expect(second.locator("#rows .row").first).to_contain_text("Deux")


def test_a_page_that_shows_the_folder_as_it_stands_asks_for_no_rows(
    page: Page, mailbox: Mailbox, late: Callable[..., None]
) -> None:
    mailbox.append(letter("Un"), "Archive")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.headers.get("hx-target", "")))
    late("Archive", lambda: None)
    listening(page)
    page.wait_for_timeout(500)
    assert "more" not in asked


def test_thousands_are_counted_as_a_reader_expects_it(page: Page, mailbox: Mailbox) -> None:
    large.fill(mailbox, "Archive", 3300)
    page.goto("/mail/Archive/")
    counter = page.locator('.folder[data-folder="Archive"] .count')
    # Spaces that do not break, as wide as Python's data and the browser's have them.
    for digits in ("1099", "1100"):
        expect(counter).to_contain_text(re.compile(rf"\b1\s{digits[1:]}$"))
        expect(page).to_have_title(f"({digits}) Archives – Messagerie")
        if digits == "1099":
            mailbox.append(letter(), "Archive")


def test_a_page_without_a_list_says_how_many_are_unread(page: Page, mailbox: Mailbox) -> None:
    page.goto("/compose/")
    listening(page)
    assert page.title().startswith("(1) ")
    mailbox.receive(letter())
    until(page, "document.title.startsWith('(2) ')")


def test_the_title_keeps_its_number_when_the_message_is_left(page: Page) -> None:
    page.get_by_role("link", name="Déjà là").click()
    expect(page).to_have_title("Déjà là – Messagerie")
    page.go_back()
    expect(page).to_have_title("Boîte de réception – Messagerie")


@pytest.fixture
def asking(page: Page, settings) -> Iterator[Page]:
    """The page asks, since nothing is told."""
    settings.PUSH = False
    page.clock.install()
    page.goto("/mail/INBOX/")
    yield page


def test_without_push_the_page_asks_once_a_minute(asking: Page, mailbox: Mailbox) -> None:
    asked: list[str] = []
    asking.on("request", lambda request: asked.append(request.url))
    with asking.expect_response("**/poll/**"):
        asking.clock.run_for(61_000)
    mailbox.receive(letter("demandé"))
    with asking.expect_response("**/poll/**"):
        asking.clock.run_for(61_000)
    expect(inbox(asking).locator(".count")).to_contain_text("2")
    asking.clock.run_for(500)
    expect(asking.locator("#news")).not_to_be_empty()
    assert not [url for url in asked if "/events" in url]


def test_without_push_what_an_undoing_brings_back_is_no_news(
    asking: Page, mailbox: Mailbox
) -> None:
    said = asking.locator("#news")

    def asked() -> list[str]:
        """The subjects that the next answer names; it is heard by then."""
        with asking.expect_response("**/poll/**") as response:
            asking.clock.run_for(61_000)
        told = response.value.json()["folders"][0]
        until(asking, f"window.heard.at(-1)?.uidnext === {told['uidnext']}")
        asking.clock.run_for(500)
        return [message["subject"] for message in told["new"]]

    def move(uid: int, folder: str, to: str) -> None:
        mailbox.imap.select(folder)
        mailbox.imap.uid("MOVE", str(uid), to)

    old = datetime(2026, 5, 4, 12, tzinfo=UTC)
    mailbox.append(letter("Ancien"), "Archive", date=old)
    assert asked() == []
    move(mailbox.uids("Archive")[0], "Archive", "INBOX")
    assert asked() == []
    expect(inbox(asking).locator(".count")).to_contain_text("2")
    expect(said).to_be_empty()
    mailbox.receive(letter("Tout neuf"))
    assert asked() == ["Tout neuf"]
    expect(said).to_contain_text("Tout neuf")
    asking.evaluate("document.getElementById('news').textContent = ''")
    move(mailbox.uids()[-1], "INBOX", "Archive")
    assert asked() == []
    move(mailbox.uids("Archive")[0], "Archive", "INBOX")
    assert asked() == []
    expect(inbox(asking).locator(".count")).to_contain_text("3")
    expect(said).to_be_empty()


def test_a_refused_stream_is_replaced_by_asking(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    mailbox: Mailbox,
    faults: list[str],
) -> None:
    page = open_page()
    page.route("**/events**", lambda route: route.fulfill(status=502))
    page.clock.install()
    with page.expect_response("**/events**"):
        sign_in(page, mailbox.account)
    page.wait_for_timeout(300)
    with page.expect_response("**/poll/**"):
        page.clock.run_for(61_000)
    assert faults == []


def refuse(route: Route, fault: str) -> None:
    if fault == "network":
        route.abort()
    else:
        route.fulfill(status=502, body="<h1>Bad gateway</h1>")


def settled(page: Page) -> None:
    """What the page asks for when it has come is answered."""
    with page.expect_response("**/folders/quota/**"):
        page.goto("/mail/INBOX/")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("fault", ["network", "proxy"])
def test_a_notice_that_offers_to_try_again_says_when_the_server_answers(
    asking: Page, fault: str
) -> None:
    settled(asking)
    asking.route("**/*-*/**", lambda route: refuse(route, fault))
    asking.locator("#rows .row > a").click()
    notice = asking.locator("#notices [data-notice]")
    expect(notice).to_contain_text("injoignable" if fault == "network" else "n’a pas répondu")
    retry = notice.get_by_role("button", name="Réessayer")
    retry.focus()
    answer(asking, 503, [])
    with asking.expect_response("**/poll/**"):
        asking.clock.run_for(61_000)
    asking.clock.run_for(500)
    expect(notice).not_to_contain_text("de nouveau")
    asking.unroute("**/poll/**")
    with asking.expect_response("**/poll/**"):
        asking.clock.run_for(125_000)
    expect(notice).to_have_text(re.compile("La messagerie répond de nouveau"))
    expect(retry).to_be_focused()
    asking.unroute("**/*-*/**")
    retry.press("Enter")
    expect(asking.locator("#message .reader-title")).to_be_visible()
    expect(notice).to_have_count(0)


def test_the_server_is_asked_again_as_long_as_it_is_said_that_it_was_not_reached(
    page: Page,
) -> None:
    settled(page)
    page.route("**/*-*/**", lambda route: refuse(route, "network"))
    page.locator("#rows .row > a").click()
    notice = page.locator("#notices [data-notice]")
    expect(notice).to_contain_text("injoignable")
    expect(notice).to_contain_text("La messagerie répond de nouveau")


def test_a_notice_that_offers_nothing_goes_when_the_server_answers(asking: Page) -> None:
    settled(asking)
    asking.route("**/act/**", lambda route: refuse(route, "network"))
    asking.locator("#rows .row .flag").first.click()
    notice = asking.locator("#notices [data-notice]")
    expect(notice).to_contain_text("injoignable")
    with asking.expect_response("**/poll/**"):
        asking.clock.run_for(61_000)
    expect(notice).to_have_count(0)


def test_what_is_said_about_something_else_stays(asking: Page) -> None:
    asking.evaluate(
        "document.getElementById('notices').innerHTML = '<div data-notice>Autre chose</div>'"
    )
    with asking.expect_response("**/poll/**"):
        asking.clock.run_for(61_000)
    asking.clock.run_for(500)
    expect(asking.locator("#notices")).to_contain_text("Autre chose")


def test_a_hidden_page_does_not_ask(asking: Page) -> None:
    asked: list[str] = []
    asking.on("request", lambda request: asked.append(request.url))
    asking.evaluate(
        "Object.defineProperty(document, 'hidden', { get: () => window.isHidden ?? true })"
    )
    asking.clock.run_for(300_000)
    assert not [url for url in asked if "/poll/" in url]
    with asking.expect_response("**/poll/**"):
        asking.evaluate(
            "window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))"
        )


def answer(page: Page, status: int, asked: list[str]) -> None:
    """Every question for news is noted, and answered with this status."""

    def fulfil(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=status)

    page.route("**/poll/**", fulfil)


def test_failures_are_asked_about_less_and_less_often(asking: Page) -> None:
    asked: list[str] = []
    answer(asking, 503, asked)
    for minutes, count in ((1, 1), (2, 2), (4, 3)):
        asking.clock.run_for(minutes * 60_000 + 1_000)
        asking.wait_for_timeout(200)
        assert len(asked) == count


def test_an_ended_session_is_not_asked_about(asking: Page) -> None:
    asked: list[str] = []
    answer(asking, 401, asked)
    asking.clock.run_for(61_000)
    asking.wait_for_timeout(200)
    asking.clock.run_for(600_000)
    asking.wait_for_timeout(300)
    assert len(asked) == 1


def test_the_desktop_shows_it_to_who_wants_it(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    mailbox: Mailbox,
    faults: list[str],
) -> None:
    page = open_page()
    page.add_init_script(HEARD + SHOWN)
    sign_in(page, mailbox.account)
    listening(page)
    mailbox.receive(letter("non voulu"))
    until(page, "window.heard.length > 1")
    assert page.evaluate("window.shown") == []
    User.objects.update(preferences={"notifications": "on"})
    page.goto("/mail/INBOX/")
    listening(page)
    mailbox.receive(letter("voulu", sender="Chloé Péri <chloe@exemple.fr>"))
    until(page, "window.shown.length > 0")
    assert page.evaluate("window.shown") == [["Chloé Péri", "voulu"]]
    assert page.evaluate("window.asked") is None
    assert faults == []


def test_what_is_set_aside_rings_for_nobody(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    mailbox: Mailbox,
    faults: list[str],
) -> None:
    """On a page without the list, too, which judges nothing by itself; in both tabs."""
    page = open_page()
    page.add_init_script(HEARD + SHOWN + TITLES)
    sign_in(page, mailbox.account, opens=False)
    User.objects.update(preferences={"notifications": "on"})
    page.goto("/preferences/")
    listening(page)
    second = page.context.new_page()
    second.add_init_script(HEARD + SHOWN + TITLES)
    second.goto("/mail/INBOX/")
    until(second, "window.titles !== undefined")
    mailbox.append(unwanted.junk())
    for tab in (page, second):
        until(tab, "window.heard.some((news) => news.uidnext > 1)")
    mailbox.append(letter("voulu", sender="Chloé Péri <chloe@exemple.fr>"))
    for tab in (page, second):
        until(tab, "document.title.startsWith('(1) ')")
        assert not [title for title in tab.evaluate("window.titles") if title.startswith("(2) ")]
    until(page, "window.shown.length > 0")
    assert page.evaluate("window.shown") == [["Chloé Péri", "voulu"]]
    assert second.evaluate("window.shown") == []
    assert len(mailbox.uids("Junk")) == 1
    assert faults == []


def test_new_mail_is_told_though_it_is_not_judged_in_time(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    page.route("**/poll/**", lambda route: None)  # never answered
    mailbox.receive(letter("Conseil de classe"))
    expect(page.locator("#news")).to_contain_text("Conseil de classe")
    page.unroute("**/poll/**")
    page.route("**/poll/**", lambda route: route.fulfill(status=503))
    mailbox.receive(letter("Sortie"))
    expect(page.locator("#news")).to_contain_text("Sortie")
    assert faults == []


def test_without_push_what_is_set_aside_is_not_told(asking: Page, mailbox: Mailbox) -> None:
    with asking.expect_response("**/poll/**"):
        asking.clock.run_for(61_000)
    mailbox.append(unwanted.junk())
    with asking.expect_response("**/poll/**"):
        asking.clock.run_for(61_000)
    asking.clock.run_for(500)
    expect(asking.locator("#news")).to_be_empty()
    assert asking.title().startswith("(1) ")
    mailbox.append(letter("demandé"))
    with asking.expect_response("**/poll/**"):
        asking.clock.run_for(61_000)
    asking.clock.run_for(500)
    expect(asking.locator("#news")).not_to_be_empty()


def test_the_browser_is_asked_for_notifications_by_a_click_alone(
    open_page: Callable[..., Page], sign_in: Callable[..., None], alice: MailAccount
) -> None:
    page = open_page()
    page.add_init_script(SHOWN.replace('"granted";', '"default";', 1))
    sign_in(page, alice, opens=False)
    page.goto("/preferences/notifications/")
    button = page.locator("[data-notify-ask]")
    expect(button).to_be_visible()
    assert page.evaluate("window.asked") is None
    button.click()
    assert page.evaluate("window.asked") is True


def test_the_pages_have_no_faults_that_axe_knows(page: Page) -> None:
    page.goto("/preferences/notifications/")
    expect(page.locator("[data-notify-state]")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
