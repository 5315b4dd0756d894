"""Report a fraud to the authority: the original message, attached to a message from the user."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext

from accounts import session, wire_log
from accounts.http import SignedInRequest
from accounts.models import User
from mail import smtp
from mail.errors import TooLarge
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import arrivals
from mail.mime import build, headers
from mail.mime.addresses import Address
from mail.mime.build import Outgoing, OutgoingFile
from mail.mime.envelope import moment
from webmail.adverts import campaigns
from webmail.adverts.digests import digest_of
from webmail.models import FraudReport, Judgement

MOST_DAYS = timedelta(days=30)
"""The oldest date of a message that is believed."""
_LONGEST = 120
"""Seconds after which a report is not on its way any more, because its process has died."""


def report(
    request: SignedInRequest, imap: Connection, ref: MessageRef, judged: Judgement | None
) -> None:
    """Send the message to the configured address, as message/rfc822 (RFC 2046 section 5.2.1), and
    record for administrators who reported it and when, its envelope and the hosts of its links, but
    not its text. A message that was reported already, or is on its way from another window, is not
    sent again. Raises the errors of sending, and TooLarge for a message that cannot be attached;
    then nothing is recorded."""
    raw, is_cut = fetch.part_bytes(imap, ref, "", settings.MESSAGE_LIMIT)
    if is_cut:
        raise TooLarge(limit=settings.MESSAGE_LIMIT)
    sample = raw[: arrivals.SAMPLE]
    digest = digest_of(headers.parse(sample))
    key = f"reporting:{request.user.pk}:{digest}"
    if is_reported(request.user, digest) or not cache.add(key, 1, _LONGEST):
        return
    try:
        _send(request, raw)
        _note(request.user, sample, digest, judged)
    finally:
        cache.delete(key)


def _send(request: SignedInRequest, raw: bytes) -> None:
    outgoing = _report(request, raw)
    with wire_log.kept(request.user):
        smtp.submit(
            session.smtp(request),
            outgoing.sender.address,
            [settings.REPORT_ADDRESS],
            build.message(outgoing),
        )


def is_reported(user: User, digest: str) -> bool:
    """Return whether this user has reported the message already."""
    return FraudReport.objects.filter(user=user, digest=digest).exists()


def _note(user: User, raw: bytes, digest: str, judged: Judgement | None) -> None:
    fields = headers.parse(raw)
    ids, sent = build.message_ids(fields.get("Message-ID")), moment(fields.get("Date"))
    FraudReport.objects.create(
        user=user,
        digest=digest,
        message_id=ids[0][:255] if ids else "",
        sender=campaigns.sender_of(fields),
        domain=_domain(raw),
        subject=_printable(fields.get("Subject")),
        folded=campaigns.subject_of(fields),
        hosts=list(campaigns.hosts_of(raw)),
        received=_day(sent),
        reasons=list(judged.fraud or judged.reasons) if judged else [],
    )


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:200]


def _day(sent: datetime | None) -> date:
    """Return the day on which the message was sent; today where its date is not plausible."""
    today = timezone.localdate()
    day = timezone.localdate(sent) if sent and sent.tzinfo else today
    return day if today - MOST_DAYS <= day <= today else today


def _report(request: SignedInRequest, raw: bytes) -> Outgoing:
    address = request.user.address
    return Outgoing(
        sender=Address("", address),
        to=(Address("", settings.REPORT_ADDRESS),),
        subject=gettext("Report of a suspicious message"),
        text=gettext("The message that I report is attached as it came."),
        date=timezone.localtime(),
        message_id=build.message_id(address.rpartition("@")[2], uuid.uuid4().hex),
        attachments=(OutgoingFile("message.eml", "message/rfc822", raw),),
        user_agent=settings.PRODUCT_NAME,
    )


def _domain(raw: bytes) -> str:
    authors = headers.parse(raw).addresses("From", 1)
    return authors[0].address.rpartition("@")[2].lower()[:253] if authors else ""
