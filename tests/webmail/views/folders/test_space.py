"""What takes up room, and cleaning it up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts import session
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import commands_sent, letter, page
from webmail.models import MailJob
from webmail.views.folders import space as view

pytestmark = pytest.mark.django_db
PDF = ("plan du collège.pdf", "application/pdf", b"%PDF-" + b"x" * 50_000)


@pytest.fixture
def heap(mailbox: Mailbox) -> Mailbox:
    """Three of Claire's in two folders, one of them large and of another year; one of Bob's."""
    mailbox.create_folder("Conseil")
    old, new = datetime(2019, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    claire = "Claire Morvan <Claire@ac-exemple.fr>"
    mailbox.append(letter("Plan", files=(PDF,), sender=claire), "Conseil", date=old)
    mailbox.append(letter("Un", sender=claire), date=new)
    mailbox.append(letter("Deux", sender=claire), date=new)
    mailbox.append(letter("Trois"), date=new)
    return mailbox


def clean(reader: Client, kind: str, value: str, **more: str):
    return reader.post("/folders/space/clean/", {"kind": kind, "value": value, **more})


def values(shown: str, kind: str) -> list[str]:
    return re.findall(
        rf'name="kind" value="{kind}"><input type="hidden" name="value" value="([^"]*)"', shown
    )


def test_senders_years_and_the_largest_are_shown(reader: Client, heap: Mailbox) -> None:
    shown = page(reader.get("/folders/space/"))
    assert values(shown, "sender") == ["claire@ac-exemple.fr", "bob@ac-exemple.fr"]
    assert values(shown, "year") == ["2026", "2019"]
    assert len(values(shown, "message")) == 4
    assert values(shown, "message")[0].startswith("Conseil/")
    assert "plan du collège.pdf" in shown


def test_what_was_weighed_is_not_asked_for_again(reader: Client, heap: Mailbox) -> None:
    reader.get("/folders/space/")
    before = commands_sent()
    reader.get("/folders/space/")
    # LIST with counts, the quota; for each of two folders SELECT, SEARCH, then SELECT and FETCH of
    # the largest.
    assert commands_sent() - before <= 2 + 2 * 4
    heap.append(letter("Quatre"))
    assert len(values(page(reader.get("/folders/space/")), "message")) == 5
    heap.delete_folder("Conseil")
    assert values(page(reader.get("/folders/space/")), "year") == ["2026"]


def test_a_senders_messages_go_to_the_trash_after_a_question_and_come_back(
    reader: Client, heap: Mailbox
) -> None:
    asked = clean(reader, "sender", "claire@ac-exemple.fr")
    assert asked.status_code == 200
    assert 'name="confirmed" value="1"' in page(asked)
    assert len(heap.uids()) == 3
    answer = clean(reader, "sender", "claire@ac-exemple.fr", confirmed="1")
    assert answer["Location"] == "/folders/space/"
    assert (len(heap.uids()), len(heap.uids("Conseil")), len(heap.uids("Trash"))) == (1, 0, 3)
    shown = page(reader.get("/folders/space/"))
    assert values(shown, "sender") == ["bob@ac-exemple.fr"]
    undo = re.search(
        r'(?s)<div class="toast" data-toast>.*?<form method="post" action="([^"]*)"', shown
    )
    assert undo
    reader.post(undo[1])
    assert (len(heap.uids()), len(heap.uids("Conseil")), len(heap.uids("Trash"))) == (3, 1, 0)
    assert MailJob.objects.count() == 1


def test_a_year_and_one_message_are_cleaned_up(reader: Client, heap: Mailbox) -> None:
    clean(reader, "year", "2019", confirmed="1")
    assert not heap.uids("Conseil")
    (first, *_rest) = heap.uids()
    clean(reader, "message", f"INBOX/{heap.uidvalidity()}-{first}")
    assert first not in heap.uids()
    assert len(heap.uids("Trash")) == 2


def test_a_message_of_a_folder_made_anew_stays(reader: Client, heap: Mailbox) -> None:
    reader.get("/folders/space/")
    before = heap.uidvalidity("Conseil")
    heap.delete_folder("Conseil")
    heap.create_folder("Conseil")
    heap.append(letter("Autre"), "Conseil")
    answer = clean(reader, "message", f"Conseil/{before}-1")
    assert answer.status_code == 409
    assert len(heap.uids("Conseil")) == 1


def test_what_came_into_a_folder_made_anew_is_not_taken_for_what_was_weighed(
    reader: Client, heap: Mailbox
) -> None:
    reader.get("/folders/space/")
    heap.delete_folder("Conseil")
    heap.create_folder("Conseil")
    heap.append(letter("Autre"), "Conseil")
    clean(reader, "sender", "claire@ac-exemple.fr", confirmed="1")
    assert len(heap.uids("Conseil")) == 1
    assert len(heap.uids("Trash")) == 2


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("year", "x"),
        ("year", "1\r\n2"),
        ("message", "INBOX"),
        ("message", "INBOX/0-0"),
        ("message", "a%0Ab/1-1"),
        ("folder", "INBOX"),
    ],
)
def test_nonsense_is_no_page(reader: Client, heap: Mailbox, kind: str, value: str) -> None:
    assert clean(reader, kind, value).status_code == 404


def test_a_sender_of_whom_there_is_nothing(reader: Client, heap: Mailbox) -> None:
    assert clean(reader, "sender", "nobody@ac-exemple.fr", confirmed="1").status_code == 302
    assert not heap.uids("Trash")


def test_what_could_not_be_weighed_in_time_is_told_and_goes_on(
    reader: Client, heap: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "SECONDS", -1.0)
    shown = page(reader.get("/folders/space/"))
    assert 'class="banner warn"' in shown
    assert not values(shown, "sender")
    monkeypatch.undo()
    assert 'class="banner warn"' not in page(reader.get("/folders/space/"))


def test_another_persons_mail_is_not_weighed(
    reader: Client, heap: Mailbox, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    reader.get("/folders/space/")
    assert not values(page(signed_in(bob).get("/folders/space/")), "sender")
    session.pool().close_all()
