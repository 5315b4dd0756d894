"""Sends one of several messages to each again to another address, after it did not reach its
recipient.

The new message replaces the one that failed or came back: it has the same text and documents, and a
Message-ID of its own.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

from django.db import transaction

from accounts import lending
from accounts.http import SignedInRequest
from accounts.sealed import files as sealed_files
from addressbook.contacts import custody
from core import clock
from mail.errors import AlreadyLeft, MessageUnkept, TooManyRecipients, Unreadable
from mail.mime import addresses, build
from mail.mime.addresses import Address
from webmail.models import OutboxMessage
from webmail.outbox import choices, counting, delivery, relay, retrying, values
from webmail.writing import recipients

_STATE, _STAGE = OutboxMessage.State, OutboxMessage.Stage


class NoAddress(ValueError):
    """The typed text is no address."""


class WithheldAddress(ValueError):
    """The typed address is that of a guardian who is not to be written to about a pupil; the text
    says so in words."""


def may_be_corrected(row: OutboxMessage) -> bool:
    """Return whether a message is one of several to each, did not reach its recipient, and still
    has its file.
    """
    if row.batch is None or row.is_copy or not row.spool:
        return False
    is_back = row.state == _STATE.SENT and row.bounced is not None
    return is_back or (row.state == _STATE.FAILED and row.stage == _STAGE.READY)


def send_again(request: SignedInRequest, pk: uuid.UUID, typed: str) -> OutboxMessage:
    """Send a message to another address. The same correction twice counts as one.

    Raises NotFound, AlreadyLeft when it cannot be corrected any more, NoAddress, WithheldAddress,
    TooManyRecipients, SignInNeeded and MessageUnkept.
    """
    row = choices.find(request.user, pk)
    address = typed.strip()
    if not addresses.is_valid(address):
        raise NoAddress(address)
    if not may_be_corrected(row):
        raise AlreadyLeft
    if notes := custody.withheld(request.user, [address]):
        (withheld,) = notes.values()
        raise WithheldAddress(" ".join(map(custody.words, withheld)))
    if words := recipients.limits_error(request.user, 1, recipients.EACH):
        raise TooManyRecipients(words)
    new = _made(row, address)
    try:
        with transaction.atomic():
            own = OutboxMessage.objects.filter(pk=row.pk, state=row.state, spool=row.spool)
            columns = {"state": _STATE.CANCELLED, "sealed": b"", "spool": "", "credential": None}
            if not own.update(**columns, changed=clock.now()):
                raise AlreadyLeft
            delivery.give_back(row.credential)
            if relay.server() is None:
                new.credential = lending.lend(request, until=new.due + retrying.longest())
            new.save(force_insert=True)
    except BaseException:
        values.release(row, new.spool)
        raise
    values.release(row, row.spool)
    counting.renew(request.user.pk)
    return new


def _made(row: OutboxMessage, address: str) -> OutboxMessage:
    """Return the new row, which is not in the database yet; its file is in the spool."""
    envelope = values.opened(row)
    name = envelope.people[0][0] if envelope.people else ""
    message_id = build.message_id(row.sender.rpartition("@")[2], uuid.uuid4().hex)
    is_made = envelope.each is not None
    key = bytes.fromhex(envelope.key) if is_made else sealed_files.new_key()
    new = OutboxMessage(
        user_id=row.user_id,
        key=uuid.uuid5(row.pk, address.casefold()),
        batch=row.batch,
        number=row.number,
        state=_STATE.HELD,
        due=clock.now(),
        accepted=clock.now(),
        message_id=message_id,
        sender=row.sender,
        size=row.size,
        recipients=1,
        spool=row.spool if is_made else sealed_files.new_name(),
        stored=row.stored,
    )
    new.sealed = values.seal(
        new,
        values.SealedEnvelope(
            recipients=(address,),
            people=((name, address),),
            subject=envelope.subject,
            key=key.hex(),
            wants_notice=envelope.wants_notice,
            documents=envelope.documents,
            each=replace(envelope.each, address=address) if envelope.each else None,
        ),
    )
    if is_made:
        return new
    changed = _addressed(values.message(row), Address(name, address), message_id)
    try:
        sealed_files.write(values.path(new.spool), key, [changed])
    except sealed_files.Unwritable as error:
        raise MessageUnkept from error
    return new


def _addressed(content: bytes, recipient: Address, message_id: str) -> bytes:
    """Return the message with another To and Message-ID."""
    head = values.head(content)
    fields = re.split(rb"\r\n(?![ \t])", head)
    others = {
        b"to:": build.folded("To", build.written([recipient])),
        b"message-id:": build.folded("Message-ID", [message_id]),
    }
    written = []
    for field in fields:
        name = field.partition(b":")[0].lower() + b":"
        written.append(others.pop(name, field) if name in others else field)
    if others:
        raise Unreadable
    return b"\r\n".join(written) + content[len(head) :]
