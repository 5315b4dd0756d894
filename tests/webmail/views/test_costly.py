"""A message that takes too long to be laid out is shown, quoted and kept all the same."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils.html import escape
from django.utils.translation import override

from mail import sandbox
from mail.sandbox import Budget
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import page, path, words
from webmail.models import Draft, OutboxMessage
from webmail.serving import health
from webmail.writing import beginning, drafts

pytestmark = pytest.mark.django_db
HASTY = Budget(seconds=0.02, wait=5, memory=300_000_000)
LONG = "<p style='color:red'>Bonjour <b>à tous</b></p>" * 10_000
WRITTEN = {"to": "bob@ac-exemple.fr", "subject": "Réunion", "kind": "new", "format": "html"}


@pytest.fixture
def long_letter(mailbox: Mailbox) -> int:
    head = b"Subject: long\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    return mailbox.append(head + LONG.encode())


def test_what_takes_too_long_is_shown_as_text_and_counted(
    reader: Client, mailbox: Mailbox, long_letter: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "HTML", HASTY)
    before = health.ended_today()
    assert page(reader.get(path(mailbox, long_letter)))
    frame = reader.get(path(mailbox, long_letter, "frame/"))
    assert frame.status_code == 200 and "Bonjour à tous" in frame.content.decode()
    assert "<b>" not in frame.content.decode()
    assert health.ended_today() > before


@pytest.mark.parametrize("more", ["reply/", "forward/", "edit/"])
def test_of_what_takes_too_long_the_beginning_is_quoted(
    reader: Client,
    mailbox: Mailbox,
    long_letter: int,
    monkeypatch: pytest.MonkeyPatch,
    more: str,
) -> None:
    monkeypatch.setattr(sandbox, "HTML", HASTY)
    answer = reader.get(path(mailbox, long_letter, more))
    assert answer.status_code == 200
    shown = page(answer)
    assert shown.count("Bonjour à tous") > 400
    assert "color:red" not in shown
    assert "seul son début est cité" in words(answer)


def test_a_page_waits_for_helpers_so_long_in_all(
    reader: Client, mailbox: Mailbox, long_letter: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "PATIENCE", 0.02)
    answer = reader.get(path(mailbox, long_letter, "reply/"))
    assert answer.status_code == 200 and "Bonjour à tous" in page(answer)
    assert "color:red" not in page(answer)
    monkeypatch.undo()
    assert "color:red" in page(reader.get(path(mailbox, long_letter, "reply/")))


def test_where_quoting_alone_takes_too_long_all_words_are_quoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sandbox, "HTML", HASTY)
    body = beginning._quoted_body(LONG, {}, is_signed=False)
    assert body.html.count("Bonjour à tous") == body.text.count("Bonjour à tous") == 10_000
    assert "color:red" not in body.html
    with override("fr"):
        assert "sans sa mise en forme" in body.warnings[0]


def test_what_takes_too_long_is_not_sent_and_stays_where_it_was_written(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "HTML", HASTY)
    answer = reader.post("/compose/", WRITTEN | {"html": LONG, "do": "send"})
    assert answer.status_code == 422
    assert "prend trop de temps" in words(answer)
    assert escape(LONG[:40]) in page(answer)
    assert not OutboxMessage.objects.exists()
    (row,) = Draft.objects.all()
    assert drafts.content(row).html == LONG


def test_a_draft_that_takes_too_long_can_be_gone_on_with(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.post("/compose/", WRITTEN | {"html": LONG, "do": "save"})
    (row,) = Draft.objects.all()
    monkeypatch.setattr(sandbox, "HTML", HASTY)
    answer = reader.get(f"/drafts/{row.pk}/")
    assert answer.status_code == 200
    assert page(answer).count("Bonjour à tous") >= 10_000
    assert "sans sa mise en forme" in words(answer)
    assert drafts.content(row).html == LONG
