"""The messages that are made of one draft, and their weight."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from accounts import session
from accounts.http import SignedInRequest
from webmail.mime import addresses, build
from webmail.models import Draft, Identity
from webmail.outbox import Submission
from webmail.writing import documents, fields, identities, making, recipients
from webmail.writing.content import Content
from webmail.writing.documents import Held


@dataclass(frozen=True)
class Mailing:
    """The messages to send of a draft. ``written`` is the draft's content; ``messages`` are made of
    it, one for all or one for each recipient. ``due`` is None if they leave at once. ``held`` are
    the documents of which each recipient gets some. ``known`` are the keys of the fields that a
    text may have."""

    draft: Draft
    written: Content
    messages: Sequence[Content]
    identity: Identity
    due: datetime | None
    held: Held | None
    known: frozenset[str] = fields.OF_CONTACTS


@dataclass(frozen=True)
class Collected:
    """The common parts of the messages of a mailing: files, references to the answered message, and
    the text with its images."""

    enclosed: making.Enclosed
    references: tuple[str, ...]
    laid_out: making.Laid

    @property
    def weight(self) -> int:
        """The size of its files in bytes, as one message carries them."""
        laid = self.laid_out
        return sum(
            build.encoded_size(len(file.content)) for file in (*laid.inline, *laid.attachments)
        )


def collect(request: SignedInRequest, mailing: Mailing) -> Collected:
    """Collect the files of a message, and what it answers. A message that needs nothing from the
    mail server leaves while that is not available; the outbox files its copy later."""
    draft, written = mailing.draft, mailing.written
    references: tuple[str, ...] = ()
    if making.needs_server(draft, written):
        with session.imap(request) as imap:
            enclosed = making.collect(imap, draft, written)
            references = making.references(imap, written)
    else:
        enclosed = making.collect(None, draft, written)
    return Collected(enclosed, references, making.lay_out(written, enclosed, draft.message_id))


def weights(mailing: Mailing, collected: Collected) -> tuple[int, int]:
    """Return the size in bytes of the heaviest message, and of all messages together."""
    own = documents.weights(mailing.held, (content.documents for content in mailing.messages))
    weight = collected.weight
    return weight + max(own, default=0), weight * len(mailing.messages) + sum(own)


def submissions(
    request: SignedInRequest, mailing: Mailing, collected: Collected
) -> Iterator[Submission]:
    """Yield the messages, and the one copy of them all. Each is made when the one before is in
    the spool, so that no two are in memory. The first has the Message-ID of the draft, by which
    its copies are found."""
    draft, written, messages = mailing.draft, mailing.written, mailing.messages
    layouts = making.lay_out_each(
        written, messages, collected.enclosed, draft.message_id, laid=collected.laid_out
    )
    for number, (content, laid) in enumerate(zip(messages, layouts, strict=True)):
        own = documents.attachments(draft, content.documents) if content.documents else ()
        made = making.outgoing(
            request.user,
            content,
            collected.enclosed,
            message_id=_another_id(draft.message_id) if number else draft.message_id,
            date=timezone.localtime(mailing.due),
            references=collected.references,
            identity=mailing.identity,
            laid=replace(laid, attachments=(*laid.attachments, *own)) if own else laid,
            known=mailing.known,
        )
        yield Submission(
            message=build.message(made, keep_bcc=True),
            recipients=recipients.envelope(content),
            message_id=made.message_id,
            sender=made.sender.address,
            number=number,
            documents=tuple(attachment.name for attachment in own),
        )
    if len(messages) > 1 and request.preferences.each_copy == "one":
        sender = addresses.format(identities.sender(mailing.identity))
        made = making.outgoing(
            request.user,
            replace(written, to=sender, cc="", bcc=""),
            collected.enclosed,
            message_id=_another_id(draft.message_id),
            date=timezone.localtime(mailing.due),
            references=collected.references,
            identity=mailing.identity,
            laid=collected.laid_out,
            known=(),
        )
        yield _copy_of_all(made, len(messages))


def _copy_of_all(made: build.Outgoing, number: int) -> Submission:
    """Return the one copy in Sent of a message to each: the text as it was written, with its
    fields. The recipients are put into it once they have the message
    (`webmail.outbox.batch_copy`)."""
    message = build.message(made, keep_bcc=True)
    return Submission(message, (), made.message_id, made.sender.address, number)


def _another_id(message_id: str) -> str:
    """Return another Message-ID in the same domain."""
    return build.message_id(message_id.strip("<>").rpartition("@")[2], uuid.uuid4().hex)
