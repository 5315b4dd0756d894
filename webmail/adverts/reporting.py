"""A fraud reported to the authority: the message as it came, inside a message of the reader's."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from accounts import session
from accounts.http import SignedInRequest
from webmail import smtp
from webmail.errors import TooLarge
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.mime import build, headers
from webmail.mime.addresses import Address
from webmail.mime.build import Attachment, Outgoing
from webmail.models import FraudReport, Judgement


def report(
    request: SignedInRequest, imap: Connection, ref: MessageRef, judged: Judgement | None
) -> None:
    """Send it to the configured address, as message/rfc822 (RFC 2046 section 5.2.1), and note for
    administrators who reported what kind of message when: none of its words. Raises what sending
    raises, and TooLarge for a message that no message can hold; then nothing is noted."""
    raw, is_cut = fetch.part_bytes(imap, ref, "", settings.MESSAGE_LIMIT)
    if is_cut:
        raise TooLarge(limit=settings.MESSAGE_LIMIT)
    outgoing = _report(request, raw)
    smtp.submit(
        session.smtp(request),
        outgoing.sender.address,
        [settings.REPORT_ADDRESS],
        build.message(outgoing),
    )
    FraudReport.objects.create(
        user=request.user,
        domain=_domain(raw),
        reasons=list(judged.fraud or judged.reasons) if judged else [],
    )


def _report(request: SignedInRequest, raw: bytes) -> Outgoing:
    address = request.user.address
    return Outgoing(
        sender=Address("", address),
        to=(Address("", settings.REPORT_ADDRESS),),
        subject=gettext("Report of a suspicious message"),
        text=gettext("The message that I report is attached as it came."),
        date=timezone.localtime(),
        message_id=build.message_id(address.rpartition("@")[2], uuid.uuid4().hex),
        attachments=(Attachment("message.eml", "message/rfc822", raw),),
        user_agent=settings.PRODUCT_NAME,
    )


def _domain(raw: bytes) -> str:
    authors = headers.parse(raw).addresses("From", 1)
    return authors[0].address.rpartition("@")[2].lower()[:253] if authors else ""
