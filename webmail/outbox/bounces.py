"""Delivery reports about sent messages (RFC 3464): the recipients that did not get one.

They are recognised among the new mail that is read when the inbox is shown. A report is believed
only if it names a Message-ID of the user's own, which only the recipients and their servers know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from accounts.models import User
from core import clock
from mail.errors import ContentTooCostly, Unreadable
from mail.mailbox import parsing
from mail.mime import build, headers, report, structure, text
from mail.mime.report import DeliveryOutcome
from mail.mime.structure import ParsedMessage
from webmail.models import OutboxMessage
from webmail.outbox import values

_STAGE = OutboxMessage.Stage
_ENCLOSED = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
)
_MOST_IDS = 5
_MOST_WORDS = 500
_LONGEST_HEAD = 65_536


def note_reports(user: User, reports: Iterable[bytes]) -> None:
    """Record the recipients who did not get a message, by delivery reports that may be cut off.
    Sends two queries for each report.
    """
    for raw in reports:
        try:
            parsed = parsing.message(raw)
        except ContentTooCostly:
            continue
        failed = [outcome for outcome in _outcomes(parsed) if outcome.action == "failed"]
        if failed:
            _note(user, failed, list(dict.fromkeys(_message_ids(parsed)))[:_MOST_IDS])


def _outcomes(parsed: ParsedMessage) -> Iterator[DeliveryOutcome]:
    for part in structure.choose(parsed.root).reports:
        raw = parsed.bodies.get(part.number, b"")
        yield from report.read_report(text.decode_transfer(raw, part.encoding))


def _message_ids(parsed: ParsedMessage) -> Iterator[str]:
    """Yield the Message-IDs of the message that the report encloses, answers, or names (RFC 6522,
    RFC 5337).
    """
    for part in parsed.root.walk():
        if part.media_type in _ENCLOSED and part.number in parsed.bodies:
            raw = text.decode_transfer(parsed.bodies[part.number][:_LONGEST_HEAD], part.encoding)
            yield from build.message_ids(headers.parse(_head(raw)).get("Message-ID"))
    for part in structure.choose(parsed.root).reports:
        raw = text.decode_transfer(parsed.bodies.get(part.number, b""), part.encoding)
        named = headers.parse(_head(raw))
        for field in ("Original-Message-ID", "X-Original-Message-ID"):
            yield from build.message_ids(named.get(field))
    for field in ("X-Original-Message-ID", "In-Reply-To", "References"):
        yield from build.message_ids(parsed.headers.get(field))


def _head(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")[0]


def _note(user: User, failed: Sequence[DeliveryOutcome], message_ids: Sequence[str]) -> None:
    rows = (
        OutboxMessage.objects.of(user)
        .addressed()
        .filter(message_id__in=message_ids, stage__in=(_STAGE.HANDED, _STAGE.FILED))
    )
    for row in rows.exclude(state=OutboxMessage.State.CANCELLED):
        try:
            envelope = values.opened(row)
        except Unreadable:
            continue
        addresses = {address.casefold(): address for address in envelope.recipients}
        back = {
            addresses[outcome.recipient.casefold()]: outcome
            for outcome in failed
            if outcome.recipient.casefold() in addresses
        }
        if not back and len(addresses) == 1:
            # The report has the address that a server forwarded the message to: it is the single
            # recipient's.
            back = dict.fromkeys(envelope.recipients, failed[0])
        if back:
            _write(row, back)


def _write(row: OutboxMessage, back: dict[str, DeliveryOutcome]) -> None:
    words = {address: outcome.reason[:_MOST_WORDS] for address, outcome in back.items()}
    refused = dict(values.opened(row).refused) | words
    status = next(iter(back.values())).status[:_LONGEST_STATUS]
    OutboxMessage.objects.filter(pk=row.pk).update(
        sealed=values.refused_by(row, refused), bounced=clock.now(), bounce_status=status
    )


_LONGEST_STATUS = 12
