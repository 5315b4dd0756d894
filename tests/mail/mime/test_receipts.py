"""Read receipts: who asks, and what is answered."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mail.mime import headers, receipts, report
from mail.mime.addresses import Address

RECEIPT = receipts.Receipt(
    sender=Address("Alice", "alice@x.fr"),
    to=(Address("Bob", "bob@y.fr"),),
    subject="Lu : Réunion",
    text="Le message a été affiché.",
    original_id="<origine@y.fr>",
    date=datetime(2026, 5, 12, 8, 30, tzinfo=UTC),
    message_id="<1@x.fr>",
    user_agent="Webmail",
)


def fields(*lines: str) -> headers.Headers:
    return headers.parse("\r\n".join(lines).encode() + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Disposition-Notification-To: Bob <bob@y.fr>"], ("bob@y.fr",)),
        (["Subject: x"], ()),
        (["Disposition-Notification-To: nobody"], ()),
        (["Disposition-Notification-To: bob@y.fr", "List-Id: <l.y.fr>"], ()),
        (["Disposition-Notification-To: bob@y.fr", "Precedence: bulk"], ()),
        (["Disposition-Notification-To: bob@y.fr", "Auto-Submitted: auto-generated"], ()),
        (["Disposition-Notification-To: bob@y.fr", "Auto-Submitted: no"], ("bob@y.fr",)),
        (["Disposition-Notification-To: " + ", ".join(f"p{n}@y.fr" for n in range(6))], ()),
    ],
)
def test_who_asks_for_a_receipt(lines: list[str], expected: tuple[str, ...]) -> None:
    assert tuple(address.address for address in receipts.asked_by(fields(*lines))) == expected


def test_a_receipt_says_that_its_reader_sent_it_himself() -> None:
    raw = receipts.message(RECEIPT)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert not message.defects
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "disposition-notification"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["In-Reply-To"] == "<origine@y.fr>"
    _text, told = message.iter_parts()
    assert told.get_content_type() == "message/disposition-notification"
    (outcome,) = report.read_report(raw.partition(b"message/disposition-notification\r\n\r\n")[2])
    assert (outcome.recipient, outcome.action) == ("alice@x.fr", "displayed")
    assert b"manual-action/MDN-sent-manually; displayed" in raw


@pytest.mark.parametrize("bad", ["x\r\nBcc: y@z.fr", "x\x00"])
def test_nothing_of_the_other_side_becomes_a_header(bad: str) -> None:
    assert b"Bcc" not in receipts.message(replace(RECEIPT, original_id=bad))
    for receipt in (
        replace(RECEIPT, subject=bad),
        replace(RECEIPT, to=(Address(bad, "b@y.fr"),)),
        replace(RECEIPT, user_agent=bad),
    ):
        with pytest.raises(ValueError, match="header"):
            receipts.message(receipt)
