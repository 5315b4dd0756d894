"""The heads of the columns of a list over the full width."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import User
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import Answer, letter, page, subjects

pytestmark = pytest.mark.django_db
HEAD = re.compile(
    r'role="columnheader"\s+aria-sort="(\w+)">\s*<a id="sort-by-(\w+)" href="([^"]*)"'
)


@pytest.fixture
def letters(mailbox: Mailbox) -> Mailbox:
    for subject in ("Bac", "Arts", "Cantine"):
        mailbox.append(letter(subject))
    return mailbox


def prefer(panes: str) -> None:
    User.objects.update(preferences={"panes": panes})


def heads(answer: Answer) -> dict[str, tuple[str, str]]:
    """Order and address, by the name of the column."""
    found = HEAD.findall(page(answer))
    return {name: (order, url.replace("&amp;", "&")) for order, name, url in found}


def test_only_a_list_over_the_full_width_has_heads(reader: Client, letters: Mailbox) -> None:
    assert heads(reader.get("/mail/INBOX/")) == {}
    for panes in ("below", "none"):
        prefer(panes)
        assert list(heads(reader.get("/mail/INBOX/"))) == ["from", "subject", "size", "arrival"]


def test_a_head_sorts_and_then_turns_the_order_round(reader: Client, letters: Mailbox) -> None:
    prefer("none")
    shown = heads(reader.get("/mail/INBOX/"))
    assert {name: order for name, (order, _url) in shown.items()} == {
        "from": "none",
        "subject": "none",
        "size": "none",
        "arrival": "descending",
    }
    by_subject = reader.get(shown["subject"][1])
    assert subjects(by_subject) == ["Arts", "Bac", "Cantine"]
    order, other_way = heads(by_subject)["subject"]
    assert order == "ascending"
    turned = reader.get(other_way)
    assert subjects(turned) == ["Cantine", "Bac", "Arts"]
    assert heads(turned)["subject"][0] == "descending"
    oldest = reader.get(shown["arrival"][1])
    assert subjects(oldest) == ["Bac", "Arts", "Cantine"]
    assert heads(oldest)["arrival"][0] == "ascending"


def test_a_filter_stays_and_conversations_turn_round(reader: Client, letters: Mailbox) -> None:
    prefer("none")
    assert "only=unread" in heads(reader.get("/mail/INBOX/?only=unread"))["size"][1]
    threads = heads(reader.get("/mail/INBOX/?threads=1"))
    assert "threads=1" in threads["arrival"][1] and "up=1" in threads["arrival"][1]
    assert "threads" not in threads["subject"][1]


def test_mail_of_ones_own_is_sorted_by_its_recipients(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("Bac"), folder="Sent")
    prefer("below")
    assert next(iter(heads(reader.get("/mail/Sent/")))) == "to"
