"""Messages whose envelopes are longer than any answer may be cost no page, and no other message its
place on it."""

from __future__ import annotations

import re
import time
import tracemalloc

import pytest
from django.test import Client

from tests.mail.imap.lists_hostile import enclosed_commas, many_commas, many_recipients
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import commands_sent, letter, page, path, ref, words

pytestmark = pytest.mark.django_db
ACT = "/mail/INBOX/act/"
HOSTILE, ORDINARY = 8, 42
# Seconds of processor time, on a machine that does other things: a bound on what is wrong by
# orders of magnitude.
LONG = 10.0
MEGABYTE = 1024 * 1024


@pytest.fixture
def heap(mailbox: Mailbox) -> list[int]:
    """Eight letters with 99,000 commas in each of three fields, among ordinary ones; the UIDs of
    the eight."""
    uids: list[int] = []
    for number in range(ORDINARY):
        mailbox.append(letter(f"Sortie {number}", message_id=f"<{number}@ac-exemple.fr>"))
        if number % 5 == 0 and len(uids) < HOSTILE:
            uids.append(mailbox.append(many_commas(number)))
    return uids


def counted(shown: str) -> tuple[int, int]:
    """How many rows of either kind a page has."""
    return (
        len(set(re.findall(r"virgules \d+", shown))),
        len(set(re.findall(r"Sortie \d+", shown))),
    )


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/mail/INBOX/",
        "/mail/INBOX/?sort=date",
        "/mail/INBOX/?sort=from&up=1",
        "/mail/INBOX/?sort=subject&up=1",
        "/mail/INBOX/?sort=size",
        "/mail/INBOX/?only=unread&sort=arrival",
        "/mail/INBOX/?threads=1",
    ],
)
def test_every_list_has_all_its_rows(reader: Client, heap: list[int], url: str) -> None:
    answer = reader.get(url, follow=True)
    assert answer.status_code == 200
    assert counted(page(answer)) == (HOSTILE, ORDINARY)


def test_a_list_asks_for_them_once(reader: Client, heap: list[int]) -> None:
    before = commands_sent()
    tracemalloc.start()
    started = time.process_time()
    try:
        reader.get("/mail/INBOX/")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < LONG
    assert peak < 60 * MEGABYTE
    assert commands_sent() - before <= 4 + 2 + 2  # whether the dates rise: SORT, FETCH
    before = commands_sent()
    assert counted(page(reader.get("/mail/INBOX/"))) == (HOSTILE, ORDINARY)
    assert commands_sent() - before == 3


def test_a_page_of_nothing_else_comes(reader: Client, mailbox: Mailbox) -> None:
    for number in range(25):
        mailbox.append(many_commas(number))
        mailbox.append(enclosed_commas(number))
    started = time.process_time()
    answer = reader.get("/mail/INBOX/")
    assert time.process_time() - started < LONG
    shown = page(answer)
    assert len(set(re.findall(r"virgules \d+", shown))) == 25
    assert len(set(re.findall(r"transmis \d+", shown))) == 25


def test_they_are_found_and_weighed(reader: Client, heap: list[int]) -> None:
    found = reader.get("/search/?q=virgules")
    assert found.status_code == 200
    assert counted(words(found))[0] >= HOSTILE
    weighed = reader.get("/folders/space/")
    assert weighed.status_code == 200
    assert counted(page(weighed))[0] == HOSTILE


def test_they_are_marked_moved_and_deleted(
    reader: Client, heap: list[int], mailbox: Mailbox
) -> None:
    named = [ref(mailbox, uid) for uid in heap]
    reader.post(ACT, {"verb": "flag", "refs": named[:1]})
    assert "\\Flagged" in mailbox.flags(heap[0])
    reader.post(ACT, {"verb": "move", "refs": named[:4], "to": "Archive"})
    assert len(mailbox.uids("Archive")) == 4
    reader.post(ACT, {"verb": "trash", "refs": named[4:]})
    assert len(mailbox.uids("Trash")) == 4
    assert counted(page(reader.get("/mail/Archive/"))) == (4, 0)
    assert counted(page(reader.get("/mail/INBOX/"))) == (0, ORDINARY)


@pytest.mark.parametrize(
    "more", ["", "?view=text", "headers/", "print/", "source/", "reply/", "forward/"]
)
def test_they_are_opened(reader: Client, heap: list[int], mailbox: Mailbox, more: str) -> None:
    started = time.process_time()
    answer = reader.get(path(mailbox, heap[0], more))
    assert answer.status_code == 200
    assert time.process_time() - started < LONG
    if more in ("", "?view=text", "print/"):
        assert "virgules 0" in page(answer)
        assert "Bonjour." in page(answer)


@pytest.mark.parametrize("more", ["", "print/"])
def test_a_letter_to_everybody_names_the_first_and_counts_the_rest(
    reader: Client, mailbox: Mailbox, more: str
) -> None:
    uid = mailbox.append(many_recipients())
    shown = page(reader.get(path(mailbox, uid, more)))
    assert "A tous" in shown
    assert "recteur@ac-exemple.fr" in shown
    assert "p0@ac-exemple.fr" in shown
    assert len(set(re.findall(r"p\d+@ac-exemple\.fr", shown))) <= 200
    assert re.search(r"et environ 98\s\d{3} autres", shown)


def test_an_answer_to_everybody_says_that_not_all_are_named(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(many_recipients())
    shown = page(reader.get(path(mailbox, uid, "reply/?all=1"), follow=True))
    assert "seules les premières le sont" in shown
    assert "copie cachée" not in shown
    assert len(set(re.findall(r"p\d+@ac-exemple\.fr", shown))) <= 1000
