"""Delivery reports and receipts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import report, structure
from mail.mime.report import DeliveryOutcome
from tests.corpus import shared
from tests.examples import up_to
from tests.servers.mailboxes import DATA

BOUNCE = b"""\
Reporting-MTA: dns; smtp.academie.invalid
Arrival-Date: Thu, 6 Mar 2025 09:30:00 +0100

Original-Recipient: rfc822;paul@college.invalid
Final-Recipient: rfc822; p.durand@relais.invalid
Action: Failed
Status: 5.1.1 (no such user)
Diagnostic-Code: smtp; 550 5.1.1 <p.durand@relais.invalid>:
 Recipient address rejected

Final-Recipient: RFC822;lea@college.invalid
Action: delayed
Status: 4.4.1
"""


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_each_recipient_has_an_outcome(line_end: bytes) -> None:
    failed, delayed = report.read_report(BOUNCE.replace(b"\n", line_end))
    assert failed == DeliveryOutcome(
        recipient="paul@college.invalid",
        action="failed",
        status="5.1.1",
        reason="550 5.1.1 <p.durand@relais.invalid>: Recipient address rejected",
    )
    assert failed.is_permanent
    assert delayed == DeliveryOutcome("lea@college.invalid", "delayed", "4.4.1")
    assert not delayed.is_permanent


def test_a_receipt_says_what_was_done() -> None:
    receipt = (
        b"Final-Recipient: rfc822;claire@college.invalid\n"
        b"Disposition: manual-action/MDN-sent-manually; Displayed/error\n"
    )
    assert report.read_report(receipt) == (DeliveryOutcome("claire@college.invalid", "displayed"),)


def test_what_says_nothing_of_anybody_is_nothing() -> None:
    assert report.read_report(b"") == report.read_report(b"Action: failed\n\nbonjour") == ()


def test_a_report_on_fifty_thousand_recipients_is_cut() -> None:
    block = b"Final-Recipient: rfc822;a@b.fr\nAction: failed\n\n"
    for head in (b"", b"Reporting-MTA: dns;x\n\n"):
        assert len(report.read_report(head + block * 50_000)) == report.MOST_RECIPIENTS


REPORTS = [
    (DATA / "mime" / "bounce.eml", "p.durand@relais.invalid", "5.1.1"),
    *(
        (path, "non-existing@example.com", "5.1.10")
        for path in shared("jhillyerd__dsn_with_multipart_alternative.eml")
    ),
]


@pytest.mark.parametrize(
    ("path", "recipient", "status"), REPORTS, ids=lambda one: getattr(one, "name", "")
)
def test_the_report_in_a_message_is_read(path: Path, recipient: str, status: str) -> None:
    parsed = structure.parse(path.read_bytes())
    shown = structure.choose(parsed.root)
    (outcome,) = report.read_report(parsed.bodies[shown.reports[0].number])
    assert (outcome.recipient, outcome.status) == (recipient, status)


@up_to(200)
@given(
    st.lists(
        st.sampled_from(BOUNCE.splitlines(keepends=True)) | st.binary(max_size=8), max_size=20
    ).map(b"".join)
)
def test_reading_never_raises(data: bytes) -> None:
    report.read_report(data)
