"""Read receipts: asked for in the reader, sent on consent alone, and once."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from demo.servers.submission import SubmissionServer
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, page, path
from webmail import tasks
from webmail.models import OutboxMessage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path


@pytest.fixture
def asking(mailbox: Mailbox) -> int:
    """The UID of a message whose author wants a receipt."""
    return mailbox.append(letter(disposition_notification_to="Bob <bob@ac-exemple.fr>"))


def asks(reader: Client, url: str) -> bool:
    return f'action="{url}receipt/"' in page(reader.get(url))


def leave() -> None:
    for row in OutboxMessage.objects.all():
        tasks.deliver_message(str(row.pk))


def test_the_reader_is_asked_and_nothing_leaves_before(
    reader: Client, mailbox: Mailbox, asking: int
) -> None:
    url = path(mailbox, asking)
    assert asks(reader, url) and asks(reader, url)
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"disposition_notification_to": "bob@ac-exemple.fr", "list_id": "<l.x.fr>"},
        {"disposition_notification_to": "bob@ac-exemple.fr", "sender": "alice@ac-exemple.fr"},
    ],
)
def test_nobody_is_asked_where_no_receipt_is_due(
    reader: Client, mailbox: Mailbox, headers: dict[str, Any]
) -> None:
    uid = mailbox.append(letter(**headers))
    assert not asks(reader, path(mailbox, uid))


def test_who_never_sends_any_is_not_asked(reader: Client, mailbox: Mailbox, asking: int) -> None:
    User.objects.update(preferences={"receipts": "never"})
    assert not asks(reader, path(mailbox, asking))


def test_a_receipt_is_sent_once_and_remembered(
    reader: Client,
    submission: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    asking: int,
) -> None:
    url = path(mailbox, asking)
    for _ in range(2):
        answer = reader.post(f"{url}receipt/", {"do": "send"})
        assert (answer.status_code, answer["Location"]) == (302, url)
    leave()
    (raw,) = bobs_mailbox.messages()
    message = message_from_bytes(raw, policy=policy.default)
    assert message.get_content_type() == "multipart/report"
    assert message["In-Reply-To"] == "<origine@ac-exemple.fr>"
    assert b"Final-Recipient: rfc822;alice@ac-exemple.fr" in raw
    assert "$MDNSent" in mailbox.flags(asking)
    assert not asks(reader, url)


def test_a_refusal_is_remembered_and_nothing_leaves(
    reader: Client, mailbox: Mailbox, asking: int
) -> None:
    url = path(mailbox, asking)
    assert reader.post(f"{url}receipt/", {"do": "refuse"}).status_code == 302
    assert not OutboxMessage.objects.exists()
    assert not asks(reader, url)


def test_a_receipt_that_nobody_asked_for_is_none(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter())
    assert reader.post(path(mailbox, uid, "receipt/"), {"do": "send"}).status_code == 404
    assert not OutboxMessage.objects.exists()


def test_a_message_that_is_gone_sends_none(reader: Client, mailbox: Mailbox) -> None:
    assert reader.post(path(mailbox, 999, "receipt/"), {"do": "send"}).status_code == 404


def test_a_subject_with_line_breaks_becomes_no_header(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    evil = b"Subject: =?utf-8?q?a=0D=0ABcc:_x@y.fr?=\r\n"
    raw = letter("x", disposition_notification_to="bob@ac-exemple.fr").replace(
        b"Subject: x\n", evil.replace(b"\r\n", b"\n")
    )
    uid = mailbox.append(raw)
    reader.post(path(mailbox, uid, "receipt/"), {"do": "send"})
    leave()
    (sent,) = bobs_mailbox.messages()
    assert b"\nBcc:" not in sent
