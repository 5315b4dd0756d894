"""Send a read receipt that a sender asks for, when the user agrees."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages as toasts
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required
from core import dates
from mail.errors import NotFound, SenderRefused, WebmailError
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.values import RECEIPT_ANSWERED, MessageRef
from mail.mailbox import actions
from mail.mime import headers, receipts
from mail.mime.addresses import Address
from mail.mime.envelope import Envelope
from mail.mime.headers import Headers
from mail.mime.receipts import Receipt
from webmail import outbox
from webmail.middleware import note
from webmail.outbox import Submission
from webmail.presentation import links
from webmail.views.outbox.page import start
from webmail.writing import beginning, identities, making
from webmail.writing.beginning import Writer


@require_POST
@login_required
def answer(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Send the receipt (``do=send``) or decline it; if the server can keep a flag for that, the
    page does not ask again. Two requests send one receipt."""
    named = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        fetched, raw = fetch.opened(imap, named)
        if request.POST.get("do") == "send":
            _send(request, named, fetched.envelope, headers.parse(raw))
            toasts.success(request, gettext("The read receipt is on its way."))
        _remember(imap, named)
    return redirect(links.message_url(named))


def _send(request: SignedInRequest, ref: MessageRef, envelope: Envelope, fields: Headers) -> None:
    to = receipts.asked_by(fields)
    if not to:
        raise NotFound("Nobody asked for a receipt.")
    writer = Writer.of(request.user, request.preferences)
    identity = beginning.identity_for(writer, envelope, fields)
    if identity is None:
        raise SenderRefused
    message_id = making.message_id(request.user, uuid.uuid4().hex)
    receipt = Receipt(
        sender=identities.sender(identity),
        to=tuple(Address(making.one_line(person.name), person.address) for person in to),
        subject=gettext("Read: %(subject)s") % {"subject": making.one_line(envelope.subject)},
        text=_words(envelope),
        original_id=fields.get("Message-ID"),
        date=timezone.localtime(),
        message_id=message_id,
        user_agent=settings.PRODUCT_NAME,
    )
    submission = Submission(
        message=receipts.message(receipt),
        recipients=tuple(person.address for person in to),
        message_id=message_id,
        sender=identity.address,
    )
    (row,) = outbox.accept(request, None, [submission], key=_key(request.user.pk, ref))
    start(row)


def _words(envelope: Envelope) -> str:
    return gettext(
        "The message “%(subject)s” of %(date)s was displayed. This does not say that it was"
        " understood."
    ) % {
        "subject": making.one_line(envelope.subject),
        "date": dates.when_long(envelope.date),
    }


def _key(user: int, ref: MessageRef) -> uuid.UUID:
    """Return the same key for the same message, so that two windows send one receipt."""
    name = f"receipt {user} {ref.uidvalidity} {ref.uid} {ref.folder}"
    return uuid.uuid5(uuid.NAMESPACE_OID, name)


def _remember(imap: Connection, ref: MessageRef) -> None:
    """Mark the message so that the page does not ask again. A folder that the user may not change
    is no failure: the page asks again."""
    if not imap.select(ref.folder).keeps(RECEIPT_ANSWERED):
        return
    try:
        actions.set_flag(imap, [ref], RECEIPT_ANSWERED, True)
    except WebmailError as error:
        note(error)
