"""Conversations and the beginnings of messages in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser]


def append(mailbox: Mailbox, own: str, answers: str = "", folder: str = "INBOX") -> int:
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
    )


@pytest.fixture
def talk(mailbox: Mailbox) -> None:
    append(mailbox, "a")
    append(mailbox, "b", "a")
    append(mailbox, "seul")
    append(mailbox, "c", "a")
    append(mailbox, "d", "a")
    append(mailbox, "own", "a", "Sent")


def test_a_conversation_is_unfolded_by_keys_and_opened(watched_page: Page, talk: None) -> None:
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
    expect(page.locator(".talk-line")).to_have_count(4)
    expect(page.locator(".talk-body")).to_have_count(1)


def test_a_conversation_is_dragged_as_a_whole(
    watched_page: Page, talk: None, mailbox: Mailbox
) -> None:
    page = watched_page
    mailbox.create_folder("Zoo")
    page.goto("/mail/INBOX/?threads=1")
    row = page.locator("#rows .row").first
    row.locator(":scope > a").drag_to(page.locator(".folder[data-folder=Zoo]"))
    expect(page.locator("#rows .row")).to_have_count(1)
    assert len(mailbox.uids("Zoo")) == 4 and len(mailbox.uids()) == 1


def test_rows_show_how_their_messages_begin(watched_page: Page, talk: None) -> None:
    watched_page.goto("/mail/INBOX/?sort=arrival")
    expect(watched_page.locator("#rows .snippet")).to_have_count(5)
    expect(watched_page.locator("#rows .snippet").first).to_contain_text("Voici la lettre d")
