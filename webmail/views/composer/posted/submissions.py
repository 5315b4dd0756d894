"""The messages that are made of one draft, and their weight."""

from __future__ import annotations

import html
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from accounts import session
from accounts.http import SignedInRequest
from mail.mime import addresses, build
from webmail.models import Draft, Identity
from webmail.outbox import Submission
from webmail.outbox.batch_template import BatchTemplate
from webmail.writing import documents, fields, identities, making, recipients
from webmail.writing.content import Content
from webmail.writing.documents import Held
from webmail.writing.recipients import EachMessage, Filling


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

    def text_weight(self, footer: str) -> int:
        """The size of its text in bytes, without the values of placeholders, as one message carries
        it: as plain text, and as HTML besides."""
        laid = self.laid_out
        both = 1 + bool(laid.html)
        return _encoded(len(laid.text.encode()) + len(laid.html.encode()) + both * len(footer))


def _encoded(length: int) -> int:
    """Return about how many bytes a text of so many takes in a message. Text with many accents is
    encoded as base64, other text grows less."""
    return build.encoded_size(length) if length else 0


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


@dataclass(frozen=True, slots=True)
class Weights:
    """The sizes in bytes of the heaviest message and of all together: ``files`` without text, and
    ``messages`` with it. ``of_each`` are those of all messages with it, in their order."""

    heaviest_files: int
    all_files: int
    of_each: Sequence[int]

    @property
    def heaviest(self) -> int:
        return max(self.of_each, default=0)

    @property
    def all(self) -> int:
        return sum(self.of_each)


def weights(mailing: Mailing, collected: Collected) -> Weights:
    """Return the sizes of the messages. None is made for it: the values of its placeholders are
    counted as often as they stand in the text."""
    messages = mailing.messages
    fillings = messages.fillings if isinstance(messages, EachMessage) else ()
    own = documents.weights(mailing.held, (filling.documents for filling in fillings))
    own = own or [0] * len(messages)
    text = collected.text_weight(mailing.identity.footer)
    grown = _growths(collected.laid_out, fillings) if fillings else [0] * len(messages)
    files = collected.weight
    return Weights(
        files + max(own),
        files * len(messages) + sum(own),
        [files + text + documents + more for documents, more in zip(own, grown, strict=True)],
    )


def _growths(laid: making.Laid, fillings: Sequence[Filling]) -> list[int]:
    """Return how many bytes the values of each message add to the text."""
    times = fields.counts(laid.text) + fields.counts(laid.html)
    return [
        _encoded(
            sum(times[key] * len(html.escape(value).encode()) for key, value in filling.values)
        )
        for filling in fillings
    ]


def template(
    request: SignedInRequest, mailing: Mailing, collected: Collected
) -> BatchTemplate | None:
    """Return what several messages to each have in common, None for a single message. Raises
    FieldsLeft."""
    if not isinstance(mailing.messages, EachMessage) or len(mailing.messages) < 2:
        return None
    _check_first(request, mailing, collected)
    return BatchTemplate(
        written=mailing.written,
        laid_out=collected.laid_out,
        enclosed=collected.enclosed,
        message_id=mailing.draft.message_id,
        references=collected.references,
        date=timezone.localtime(mailing.due),
        identity=mailing.identity,
        stored=documents.stored(mailing.draft) if mailing.held else {},
        known=mailing.known,
    )


def _check_first(request: SignedInRequest, mailing: Mailing, collected: Collected) -> None:
    """Raise FieldsLeft for a placeholder that no value replaces, while the draft can be kept. Each
    message is checked again when it is made."""
    first = mailing.messages[0]
    (laid,) = making.lay_out_each(
        mailing.written,
        [first],
        collected.enclosed,
        mailing.draft.message_id,
        laid=collected.laid_out,
    )
    _made(request, mailing, collected, first, mailing.draft.message_id, laid, mailing.known)


def submissions(
    request: SignedInRequest, mailing: Mailing, collected: Collected, sizes: Sequence[int]
) -> Iterator[Submission]:
    """Yield the messages, and the one copy of them all. Several to each are made when they are
    sent. The first has the Message-ID of the draft, by which its copies are found."""
    messages = mailing.messages
    if not isinstance(messages, EachMessage) or len(messages) < 2:
        for content in messages:
            yield _single(request, mailing, collected, content)
        return
    yield from _of_each(mailing, messages.fillings, sizes)
    if request.preferences.each_copy == "one":
        yield _copy_of_all(request, mailing, collected)


def _single(
    request: SignedInRequest, mailing: Mailing, collected: Collected, content: Content
) -> Submission:
    draft = mailing.draft
    (laid,) = making.lay_out_each(
        mailing.written, [content], collected.enclosed, draft.message_id, laid=collected.laid_out
    )
    own = documents.attachments(draft, content.documents) if content.documents else ()
    made = _made(
        request,
        mailing,
        collected,
        content,
        draft.message_id,
        replace(laid, attachments=(*laid.attachments, *own)) if own else laid,
        mailing.known,
    )
    return Submission(
        message=build.message(made, keep_bcc=True),
        recipients=recipients.envelope(content),
        message_id=made.message_id,
        sender=made.sender.address,
        documents=tuple(attachment.name for attachment in own),
    )


def _of_each(
    mailing: Mailing, fillings: Sequence[Filling], sizes: Sequence[int]
) -> Iterator[Submission]:
    first, sender = mailing.draft.message_id, identities.sender(mailing.identity).address
    names = mailing.held.names if mailing.held else {}
    for number, (filling, size) in enumerate(zip(fillings, sizes, strict=True)):
        yield Submission(
            message=b"",
            recipients=(filling.address,),
            message_id=_another_id(first) if number else first,
            sender=sender,
            number=number,
            documents=tuple(names[document] for document in filling.documents),
            each=filling,
            size=size,
        )


def _made(
    request: SignedInRequest,
    mailing: Mailing,
    collected: Collected,
    content: Content,
    message_id: str,
    laid: making.Laid,
    known: Collection[str],
) -> build.Outgoing:
    return making.outgoing(
        request.user,
        content,
        collected.enclosed,
        message_id=message_id,
        date=timezone.localtime(mailing.due),
        references=collected.references,
        identity=mailing.identity,
        laid=laid,
        known=known,
    )


def _copy_of_all(request: SignedInRequest, mailing: Mailing, collected: Collected) -> Submission:
    """Return the one copy in Sent of a message to each: the text as it was written, with its
    fields. The recipients are put into it once they have the message
    (`webmail.outbox.batch_copy`)."""
    sender = addresses.format(identities.sender(mailing.identity))
    content = replace(mailing.written, to=sender, cc="", bcc="")
    message_id = _another_id(mailing.draft.message_id)
    made = _made(request, mailing, collected, content, message_id, collected.laid_out, ())
    message, number = build.message(made, keep_bcc=True), len(mailing.messages)
    return Submission(message, (), made.message_id, made.sender.address, number)


def _another_id(message_id: str) -> str:
    """Return another Message-ID in the same domain."""
    return build.message_id(message_id.strip("<>").rpartition("@")[2], uuid.uuid4().hex)
