"""What came back of a message to each: recognised in the inbox, said, and sent again."""

from __future__ import annotations

import uuid
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from demo.servers.submission import SubmissionServer
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.composer.test_begin import only, read, text
from tests.webmail.views.composer.test_documents import brought, enclosed, zipped
from tests.webmail.views.mail import page
from tests.webmail.views.test_rosters import leave
from tests.webmail.views.test_sending_choice import fields, kept, written
from webmail.models import OutboxMessage
from webmail.outbox import tidy, values

pytestmark = pytest.mark.django_db
State = OutboxMessage.State


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    return settings.SPOOL


@pytest.fixture
def outgoing(submission: SubmissionServer) -> SubmissionServer:
    for path in submission.outgoing.glob("*"):
        path.unlink()
    return submission


@pytest.fixture
def sent(reader: Client, outgoing: SubmissionServer, mailbox: Mailbox) -> list[OutboxMessage]:
    """Bulletins that have left for Léa's and Paul's families."""
    reader.get("/mail/INBOX/")
    number = str(uuid.uuid4())
    to = "Léa Dupont <lea@x.exempl>, Paul Petit <paul@x.example>"
    brought(reader, zipped({"Dupont Lea.pdf": b"%PDF 1", "Petit Paul.pdf": b"%PDF 2"}), number)
    asked = reader.post("/compose/", written(draft=number, to=to, body="Bonjour {prénom}."))
    assert reader.post("/compose/", fields(asked) | {"do": "send"}).status_code == 302
    leave()
    return list(OutboxMessage.objects.addressed().order_by("number"))


def report(
    message_id: str,
    *,
    to: str = "lea@x.exempl",
    action: str = "failed",
    enclosed: str = "text/rfc822-headers",
    kind: str = "multipart/report; report-type=delivery-status",
) -> bytes:
    """As Postfix writes it."""
    original = f"Content-Type: {enclosed}\n\nSubject: Sortie\nMessage-ID: {message_id}\n\n"
    return f"""From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: alice@ac-exemple.fr
Subject: Undelivered Mail Returned to Sender
Date: Tue, 03 Mar 2026 09:00:00 +0100
Message-ID: <{uuid.uuid4().hex}@mx.example>
MIME-Version: 1.0
Content-Type: {kind}; boundary="b"

--b
Content-Type: text/plain

I'm sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{to}>: User unknown

--b
{original if enclosed else ""}
--b--
""".encode()


def shown(reader: Client, row: OutboxMessage) -> str:
    return page(reader.get(f"/outbox/{row.pk}/"))


@pytest.mark.parametrize("enclosed", ["text/rfc822-headers", "message/rfc822"])
def test_what_came_back_is_said_when_the_inbox_is_looked_at(
    reader: Client, sent: list[OutboxMessage], mailbox: Mailbox, enclosed: str
) -> None:
    mailbox.append(report(sent[0].message_id, enclosed=enclosed))
    reader.get("/mail/INBOX/")
    sent[0].refresh_from_db()
    assert sent[0].bounced and sent[0].bounce_status == "5.1.1"
    assert values.opened(sent[0]).refused == (
        ("lea@x.exempl", "550 5.1.1 <lea@x.exempl>: User unknown"),
    )
    assert b"unknown" not in bytes(sent[0].sealed)
    assert "User unknown" not in sent[0].server_words
    sent[1].refresh_from_db()
    assert sent[1].bounced is None
    one = shown(reader, sent[0])
    assert "2 messages sur 2 sont partis. 1 est revenu." in " ".join(one.split())
    assert "Cette adresse n’existe pas" in one
    assert "1 est revenu" in page(reader.get("/outbox/"))


def test_it_is_sent_again_to_the_right_address_with_its_document(
    reader: Client, sent: list[OutboxMessage], mailbox: Mailbox, outgoing: SubmissionServer
) -> None:
    mailbox.append(report(sent[0].message_id))
    reader.get("/mail/INBOX/")
    for path in outgoing.outgoing.glob("*"):
        path.unlink()
    address = f"/outbox/{sent[0].pk}/correct/"
    assert reader.post(address, {"address": "lea@x.example"}).status_code == 302
    leave()
    message: EmailMessage = only(kept(outgoing))
    assert [one.addr_spec for one in message["To"].addresses] == ["lea@x.example"]
    assert enclosed(message) == {"Dupont Lea.pdf": b"%PDF 1"}
    assert text(message).strip() == "Bonjour Léa."
    assert message["Message-ID"] != sent[0].message_id
    new = OutboxMessage.objects.addressed().exclude(state=State.CANCELLED).order_by("number")
    assert [row.state for row in new] == [State.SENT, State.SENT]
    assert "2 messages sur 2 sont partis." in shown(reader, new[0])
    # A copy of its own lies in Sent, beside the one of all.
    copies = [read(raw) for raw in mailbox.messages("Sent")]
    assert [enclosed(one) for one in copies] == [{}, {"Dupont Lea.pdf": b"%PDF 1"}]
    # Twice is once, and nobody else's.
    assert reader.post(address, {"address": "lea@x.example"}).status_code == 404
    assert OutboxMessage.objects.addressed().count() == 3


@pytest.mark.parametrize(
    "typed", ["", "lea", "lea@x.example, paul@x.example", "lea@x\r\nBcc: a@b.fr"]
)
def test_what_is_no_address_sends_nothing(
    reader: Client, sent: list[OutboxMessage], mailbox: Mailbox, typed: str
) -> None:
    mailbox.append(report(sent[0].message_id))
    reader.get("/mail/INBOX/")
    reader.post(f"/outbox/{sent[0].pk}/correct/", {"address": typed})
    assert OutboxMessage.objects.addressed().filter(state=State.SENT).count() == 2
    assert "pas une adresse" in shown(reader, sent[0])


def test_what_was_refused_at_once_is_corrected_too(
    reader: Client, sent: list[OutboxMessage], outgoing: SubmissionServer
) -> None:
    late = reader.post("/compose/", written(to="bob@ac-exemple.fr, x@x.example", delivery="each"))
    assert reader.post("/compose/", fields(late) | {"do": "send"}).status_code == 302
    first = OutboxMessage.objects.addressed().filter(state=State.HELD).order_by("number")[0]
    OutboxMessage.objects.filter(pk=first.pk).update(
        state=State.FAILED, failure="RecipientsRefused"
    )
    reader.post(f"/outbox/{first.pk}/correct/", {"address": "claire@x.example"})
    leave()
    got = {one["To"].addresses[0].addr_spec for one in map(read, kept(outgoing))}
    assert {"claire@x.example", "x@x.example"} <= got


def test_what_did_arrive_is_not_corrected(reader: Client, sent: list[OutboxMessage]) -> None:
    answer = reader.post(f"/outbox/{sent[1].pk}/correct/", {"address": "x@x.example"})
    assert answer.status_code == 409
    assert "outbox-correct" not in shown(reader, sent[1])


@pytest.mark.parametrize(
    "raw",
    [
        lambda one: report(one.message_id, action="delayed"),
        lambda one: report(f"<{uuid.uuid4().hex}@ac-exemple.fr>"),
        lambda one: report(one.message_id, kind="multipart/mixed"),
        lambda one: report(one.message_id)[:400],
        lambda one: report(one.message_id, enclosed=""),
        lambda one: b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n" * 3_000,
    ],
    ids=["delayed", "another", "no report", "cut", "nameless", "hostile"],
)
def test_what_is_no_report_about_a_message_changes_nothing(
    reader: Client, sent: list[OutboxMessage], mailbox: Mailbox, raw: Any
) -> None:
    mailbox.append(raw(sent[0]))
    assert reader.get("/mail/INBOX/").status_code == 200
    assert not OutboxMessage.objects.filter(bounced__isnull=False).exists()


def test_another_users_message_never_comes_back(
    reader: Client, sent: list[OutboxMessage], bobs_mailbox: Mailbox, signed_in: Any, bob: Any
) -> None:
    theirs = signed_in(bob)
    theirs.get("/mail/INBOX/")
    bobs_mailbox.append(report(sent[0].message_id))
    theirs.get("/mail/INBOX/")
    assert not OutboxMessage.objects.filter(bounced__isnull=False).exists()
    assert theirs.post(f"/outbox/{sent[0].pk}/correct/", {"address": "x@y.fr"}).status_code == 404


def test_after_three_days_nothing_of_a_message_is_left_to_send_again(
    reader: Client, sent: list[OutboxMessage], mailbox: Mailbox, spool: Path
) -> None:
    assert len(list(spool.glob("outbox/*"))) == 2
    OutboxMessage.objects.update(sent=timezone.now() - OutboxMessage.CORRECTED_FOR)
    tidy()
    assert not list(spool.glob("outbox/*"))
    mailbox.append(report(sent[0].message_id))
    reader.get("/mail/INBOX/")
    assert "outbox-correct" not in shown(reader, sent[0])
    assert "lea@x.exempl" in shown(reader, sent[0]) or "Léa Dupont" in shown(reader, sent[0])
