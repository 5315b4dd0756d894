"""Messages inside a message."""

from __future__ import annotations

from dataclasses import dataclass

from core.dates import when_long
from mail.imap.values import MessageRef
from mail.mailbox.contents import MessageContent
from mail.mime.addresses import Address
from mail.mime.envelope import Envelope
from mail.mime.structure import MESSAGE_TYPES, Part, ShownParts
from webmail.presentation.contents import (
    ImagesBar,
    OutcomeLine,
    damage_words,
    outcome_line,
    protection_words,
    text_html,
)
from webmail.presentation.files import AttachmentCard, attachment_cards, file_name
from webmail.presentation.links import message_url
from webmail.presentation.words import names_of, size, subject_of


@dataclass(frozen=True)
class NestedLine:
    """A message inside another, before it is fetched: its head below the text. ``content_url``
    leads to the rest; ``open``: it is loaded as soon as it is visible."""

    number: str
    subject: str
    sender: str
    when: str
    size: str
    view_url: str
    content_url: str
    open: bool


MOST_NESTED = 100
"""The most messages inside a message that are shown below its text; a digest has some dozens."""


def nested_lines(ref: MessageRef, shown: ShownParts) -> tuple[NestedLine, ...]:
    """Return the messages inside a message, folded. A single one is open, unless its author called
    it an attachment or a report is about it."""
    nested = [part for part in shown.attachments if part.media_type in MESSAGE_TYPES][:MOST_NESTED]
    opens = len(nested) == 1 and bool(shown.messages) and not shown.reports
    return tuple(
        nested_line(
            part,
            view_url=message_url(ref, "view", part.number),
            content_url=message_url(ref, "view_message", part.number),
            opens=opens,
        )
        for part in nested
    )


def nested_line(part: Part, *, view_url: str, content_url: str, opens: bool = False) -> NestedLine:
    envelope = part.envelope or Envelope()
    has_envelope = bool(envelope.from_ or envelope.subject or envelope.date)
    return NestedLine(
        number=part.number,
        subject=subject_of(envelope.subject) if has_envelope else file_name(part),
        sender=names_of(envelope.from_),
        when=when_long(envelope.date) if envelope.date else "",
        size=size(part.size),
        view_url=view_url,
        content_url=content_url,
        open=opens,
    )


@dataclass(frozen=True)
class NestedMessage:
    """A message inside another, as it is shown within it. Its content is ``text_html``, or the HTML
    at ``frame_url``; ``files`` are those listed of ``file_count`` files, ``nested`` the messages
    inside it."""

    subject: str
    sender: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    date_long: str
    files: tuple[AttachmentCard, ...]
    nested: tuple[NestedLine, ...]
    images: ImagesBar | None
    outcomes: tuple[OutcomeLine, ...]
    protection: str
    signatures: tuple[AttachmentCard, ...]
    encrypted: bool
    text_html: str
    frame_url: str
    designed: bool
    truncated: bool
    simplified: bool
    damage: tuple[str, ...]
    download_url: str
    file_count: int

    @property
    def unlisted(self) -> int:
        """The number of files without a card."""
        return self.file_count - len(self.files)


def nested_message(
    message: MessageContent,
    *,
    files: tuple[AttachmentCard, ...],
    signatures: tuple[AttachmentCard, ...],
    nested: tuple[NestedLine, ...],
    images: ImagesBar | None,
    frame_url: str,
    download_url: str,
    compose_prefix: str,
) -> NestedMessage:
    envelope, rendered = message.envelope, message.rendered
    return NestedMessage(
        subject=subject_of(envelope.subject),
        sender=envelope.from_,
        to=envelope.to,
        cc=envelope.cc,
        date_long=when_long(envelope.date) if envelope.date else "",
        files=files,
        nested=nested,
        images=images,
        outcomes=tuple(outcome_line(outcome) for outcome in message.outcomes),
        protection=protection_words(message.protection),
        signatures=signatures,
        encrypted=message.protection.is_encrypted,
        text_html="" if rendered else text_html(message.text, compose_prefix),
        frame_url=frame_url if rendered else "",
        designed=bool(rendered and rendered.html.designed),
        truncated=message.truncated,
        simplified=bool(rendered and rendered.simplified),
        damage=tuple(damage_words(message.damage)),
        download_url=download_url,
        file_count=len(message.shown.attachments),
    )


def printed_message(ref: MessageRef, message: MessageContent) -> NestedMessage:
    """Return a message inside another as text for paper, without links."""
    return nested_message(
        message,
        files=attachment_cards(ref, message.shown.attachments),
        signatures=(),
        nested=(),
        images=None,
        frame_url="",
        download_url="",
        compose_prefix="",
    )
