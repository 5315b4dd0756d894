"""Conversations and the beginnings of messages in a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests import parts
from tests.browser.conformity import axe
from tests.browser.test_density import prefer
from tests.browser.test_outbox import look
from tests.browser.test_splits import box
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def append(
    mailbox: Mailbox,
    own: str,
    answers: str = "",
    folder: str = "INBOX",
    date: datetime | None = None,
) -> int:
    return mailbox.append(
        letter(
            "Re: Sortie au musée" if answers else f"Sortie {own}",
            f"Voici la lettre {own}, qui en dit un peu plus que son objet.\n",
            message_id=f"<{own}@x.fr>",
            references=f"<{answers}@x.fr>" if answers else "",
            sender="Alice Martin <alice@ac-exemple.fr>" if folder == "Sent" else "Zoé <z@x.fr>",
        ),
        folder,
        flags=["\\Seen"] if own != "c" else [],
        date=date,
    )


@pytest.fixture
def conversation(mailbox: Mailbox) -> None:
    """All of one second: the message that comes back is its last one, which is open."""
    now = datetime.now(UTC)
    append(mailbox, "a", date=now)
    append(mailbox, "b", "a", date=now)
    append(mailbox, "seul", date=now)
    append(mailbox, "c", "a", date=now)
    append(mailbox, "d", "a", date=now)
    append(mailbox, "own", "a", "Sent", date=now)


def test_a_conversation_is_unfolded_by_keys_and_opened(
    watched_page: Page, conversation: None
) -> None:
    page = watched_page
    page.goto("/mail/INBOX/?threads=1")
    expect(page.locator("#rows .row")).to_have_count(2)
    members = page.locator(".row .members a").first
    expect(members).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    expect(members).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(members).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator(".conversation-line")).to_have_count(4)
    expect(page.locator(".conversation-body")).to_have_count(1)
    expect(page.locator(".conversation-head")).to_contain_text("4 messages · 1 réponse envoyée")
    folded = page.locator(".conversation-card", has_text="Voici la lettre a")
    folded.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(folded.locator(".conversation-body")).to_contain_text("qui en dit un peu plus")
    expect(folded.locator(".conversation-snippet")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(folded.locator(".conversation-body")).to_be_hidden()


@pytest.mark.parametrize("panes", ["right", "below", "none"])
def test_messages_of_a_conversation_stand_one_below_the_other(
    watched_page: Page, conversation: None, panes: str
) -> None:
    page = watched_page
    prefer(panes=panes)
    page.goto("/mail/INBOX/?threads=1")
    page.locator("#rows .row > a").first.click()
    expect(page.locator(".conversation-card").first).to_be_visible()
    cards = (
        page.locator("#message").locator(".conversation-card, .conversation-head, .message").all()
    )
    boxes = [box(card) for card in cards]
    assert len({(at["x"], at["width"]) for at in boxes}) == 1
    assert box(page.locator(".reader-title"))["x"] == boxes[0]["x"]


def test_a_long_conversation_below_the_list_moves_nothing_but_itself(
    watched_page: Page, mailbox: Mailbox
) -> None:
    """The first unread message comes into sight, and the head of the list stays."""
    page = watched_page
    prefer(panes="below")
    for number in range(20):
        append(mailbox, f"m{number}", "m0" if number else "")
    append(mailbox, "c", "m0")
    append(mailbox, "last", "m0")
    page.goto("/mail/INBOX/?threads=1")
    before = box(page.locator("#list-title"))
    page.locator("#rows .row > a").first.click()
    expect(page.locator(".conversation > li[data-begins]")).to_be_in_viewport()
    moved = """() => [...document.querySelectorAll("body, body *")].filter((one) =>
        one.scrollTop > 0 && /hidden|clip/.test(getComputedStyle(one).overflowY))
      .map((one) => one.id)"""
    assert page.evaluate(moved) == []
    assert box(page.locator("#list-title")) == before


@pytest.mark.parametrize("width", parts.first_of(375, 1440))
def test_a_long_conversation_begins_at_its_first_unread_message(
    watched_page: Page, mailbox: Mailbox, width: int
) -> None:
    page = watched_page
    for number in range(20):
        append(mailbox, f"m{number}", "m0" if number else "")
    append(mailbox, "c", "m0")
    append(mailbox, "last", "m0")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/mail/INBOX/?threads=1")
    page.locator("#rows .row > a").first.click()
    first = page.locator(".conversation > li[data-begins]")
    expect(first).to_contain_text("Voici la lettre c")
    expect(first).to_be_in_viewport(ratio=0.5)
    expect(page.locator(".message")).to_contain_text("Voici la lettre last")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, f"conversation-{width}")
    assert axe(page) == []


def test_the_folded_messages_of_a_long_conversation_are_shown_by_one_key(
    watched_page: Page, mailbox: Mailbox
) -> None:
    page = watched_page
    for number in range(20):
        date = datetime.now(UTC) - timedelta(minutes=20 - number)
        append(mailbox, f"m{number}", "m0" if number else "", date=date)
    page.goto("/mail/INBOX/?threads=1")
    page.locator("#rows .row > a").first.click()
    expect(page.locator(".message")).to_contain_text("Voici la lettre m19")
    cards = page.locator(".conversation-card")
    expect(cards.filter(visible=True)).to_have_count(1)
    run = page.locator(".conversation-run > summary")
    expect(run).to_have_text("18 messages")
    look(page, "conversation-folded")
    assert axe(page) == []
    run.press("Enter")
    expect(cards.filter(visible=True)).to_have_count(19)
    expect(run).to_be_focused()
    card = page.locator(".conversation > li", has_text="Voici la lettre m7")
    card.locator("summary").click()
    card.get_by_role("button", name="Supprimer").click()
    expect(card).to_have_count(0)
    expect(run).to_have_text("17 messages")
    page.locator("#toast").get_by_role("button", name="Annuler").click()
    expect(run).to_have_text("18 messages")
    expect(card).to_be_visible()


def test_one_message_of_a_conversation_is_deleted_in_its_card(
    watched_page: Page, conversation: None, mailbox: Mailbox
) -> None:
    page = watched_page
    page.goto("/mail/INBOX/?threads=1")
    page.locator("#rows .row > a").first.click()
    card = page.locator(".conversation > li", has_text="Voici la lettre c")
    card.get_by_role("button", name="Supprimer").click()
    expect(card).to_have_count(0)
    expect(page.locator(".conversation-line")).to_have_count(3)
    expect(page.locator("#rows .row .how-many").first).to_contain_text("3")
    expect(page.locator(".conversation-head")).to_contain_text("Conversation de 3 messages")
    assert len(mailbox.uids("Trash")) == 1
    page.locator("#toast").get_by_role("button", name="Annuler").click()
    expect(page.locator(".conversation-head")).to_contain_text("Conversation de 4 messages")
    order = "els => els.map(el => el.id || 'open')"
    shown = page.locator(".conversation > li, article.message").evaluate_all(order)
    page.reload()
    assert page.locator(".conversation > li, article.message").evaluate_all(order) == shown
    expect(page.locator("#rows .row .how-many").first).to_contain_text("4")
    card.get_by_role("button", name="Supprimer").click()
    expect(card).to_have_count(0)
    expect(page.locator(".conversation-head")).to_contain_text("Conversation de 3 messages")
    page.get_by_text("Toute la conversation").click()
    page.locator(".conversation-head").get_by_role("button", name="Supprimer").click()
    expect(page.locator("#rows .row")).to_have_count(1)
    assert len(mailbox.uids("Trash")) == 4 and len(mailbox.uids()) == 1


def test_the_row_of_a_conversation_lives_on_without_the_message_that_was_open(
    watched_page: Page, conversation: None, mailbox: Mailbox, faults: list[str]
) -> None:
    page = watched_page
    page.goto("/mail/INBOX/?threads=1")
    row = page.locator("#rows .row").first
    row.locator(":scope > a").click()
    expect(page.locator(".conversation-card")).to_have_count(4)
    opened = page.locator("#message").get_attribute("data-open")
    tools = page.get_by_role("toolbar", name="Actions sur ce message")
    tools.get_by_role("button", name="Supprimer").click()
    expect(page.locator("#toast")).to_contain_text("corbeille")
    expect(page.locator(f"#message[data-open='{opened}']")).to_have_count(0)
    expect(row.locator(".how-many")).to_contain_text("3")
    row.locator(":scope > a").click()
    expect(page.locator(".conversation-head")).to_contain_text("Conversation de 3 messages")
    expect(page.locator("#notices")).to_be_empty()
    assert faults == []


@pytest.mark.parametrize(
    ("wish", "following"), [("next", ["d", "b", "a"]), ("previous", ["b", "a", "d"])]
)
def test_the_message_that_was_open_is_followed_by_another_of_its_conversation(
    watched_page: Page, conversation: None, faults: list[str], wish: str, following: list[str]
) -> None:
    page = watched_page
    prefer(after_filing=wish)
    page.goto("/mail/INBOX/?threads=1")
    page.locator("#rows .row .members summary").first.click()
    page.locator("#rows .members a", has_text="Zoé").nth(2).click()
    expect(page.locator("article.message")).to_contain_text("Voici la lettre c")
    tools = page.get_by_role("toolbar", name="Actions sur ce message")
    for own in following:
        tools.get_by_role("button", name="Supprimer").click()
        expect(page.locator("article.message")).to_contain_text(f"Voici la lettre {own}")
        opened = page.locator("#message").get_attribute("data-open")
        expect(page).to_have_url(re.compile(rf"/INBOX/{opened}/\?threads=1$"))
        expect(page.locator("#rows a[aria-current]")).to_have_count(1)
    expect(page.locator("#rows .row")).to_have_count(2)
    tools.get_by_role("button", name="Supprimer").click()
    expect(page.locator("article.message")).to_contain_text("Voici la lettre seul")
    expect(page.locator("#rows .row")).to_have_count(1)
    assert faults == []


def test_a_message_is_deleted_in_a_card_that_was_unfolded(
    watched_page: Page, conversation: None, mailbox: Mailbox
) -> None:
    page = watched_page
    page.goto("/mail/INBOX/?threads=1")
    page.locator("#rows .row > a").first.click()
    card = page.locator(".conversation > li", has_text="Voici la lettre a")
    card.locator("summary").click()
    card.get_by_role("button", name="Supprimer").click()
    expect(card).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text("corbeille")


def test_a_conversation_is_dragged_as_a_whole(
    watched_page: Page, conversation: None, mailbox: Mailbox
) -> None:
    page = watched_page
    mailbox.create_folder("Zoo")
    page.goto("/mail/INBOX/?threads=1")
    row = page.locator("#rows .row").first
    row.locator(":scope > a").drag_to(page.locator(".folder[data-folder=Zoo]"))
    expect(page.locator("#rows .row")).to_have_count(1)
    assert len(mailbox.uids("Zoo")) == 4 and len(mailbox.uids()) == 1


def test_rows_show_how_their_messages_begin(watched_page: Page, conversation: None) -> None:
    watched_page.goto("/mail/INBOX/?sort=arrival")
    expect(watched_page.locator("#rows .snippet")).to_have_count(5)
    expect(watched_page.locator("#rows .snippet").first).to_contain_text("Voici la lettre d")
