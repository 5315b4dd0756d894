"""A message inside another, as the viewer shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from django.conf import settings

from accounts import session
from accounts.http import SignedInRequest
from mail.errors import PartNotFound
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox.contents import FrameHtml, Sanitiser
from mail.mime.structure import MESSAGE_TYPES, Part
from webmail.presentation import contents, files, words
from webmail.presentation.files import AttachmentCard
from webmail.presentation.nested import MOST_NESTED, NestedMessage, nested_line, nested_message
from webmail.reader import attachments, html
from webmail.reader.attachments import InnerMessage
from webmail.views.viewer.places import Place, download_url

# Levels of nested messages on one page; deeper ones open in the viewer alone.
DEEPEST_SHOWN = 5


def read(request: SignedInRequest, place: Place) -> NestedMessage:
    """Read a nested message for its page. Raises PartNotFound, NoPreview."""
    sanitiser = html.ReaderSanitiser(request, place.ref, place.inside)
    with session.imap(request) as imap:
        sanitiser.meet(imap)
        nested = _nested(imap, place, sanitiser)
    content, bar = nested.message, None
    if content.rendered:
        sanitiser.keep(content.rendered)
        bar = contents.images_bar(place.ref, content.rendered.html, **asdict(sanitiser.images))

    def cards_of(parts: Sequence[Part]) -> tuple[AttachmentCard, ...]:
        return tuple(_card_of(place, nested, part) for part in parts[: files.MOST_CARDS])

    inside = [(part, _place_of(place, nested, part)) for part in content.shown.attachments]
    return nested_message(
        content,
        files=cards_of(content.shown.attachments),
        signatures=cards_of(content.shown.signatures),
        nested=tuple(
            nested_line(part, view_url=there.url(), content_url=there.url("view_message"))
            for part, there in inside
            if there and part.media_type in MESSAGE_TYPES and there.depth <= DEEPEST_SHOWN
        )[:MOST_NESTED],
        images=bar,
        frame_url=place.url("view_frame"),
        download_url=download_url(place),
        compose_prefix=html.compose_prefix(),
    )


def card(name: str, octets: int, place: Place | None, *, locked: bool = False) -> AttachmentCard:
    """Return the card of a file inside another. ``place`` is None if no URL leads so deep."""
    kind, kind_class = files.kind_of(name)
    opens = place is not None and not locked
    return AttachmentCard(
        number="",
        name=name,
        kind=kind,
        kind_class=kind_class,
        size=words.size(octets),
        url=download_url(place) if place and opens else "",
        view_url=place.url() if place and opens else "",
        locked=locked,
        warning=files.danger(name),
    )


def _card_of(place: Place, nested: InnerMessage, part: Part) -> AttachmentCard:
    if nested.steps is None:
        return files.attachment_card(place.ref, part)
    octets = attachments.of_part(part).size
    return card(files.file_name(part), octets, _place_of(place, nested, part))


def _nested(imap: Connection, place: Place, sanitiser: Sanitiser) -> InnerMessage:
    return attachments.nested(
        imap, place.ref, place.number, place.member, settings.PREVIEW_LIMIT, sanitiser
    )


def _place_of(place: Place, nested: InnerMessage, part: Part) -> Place | None:
    """Return the place of a part of a nested message; None if no URL leads so deep."""
    if nested.steps is None:
        return Place(place.ref, part.number)
    return place.step(nested.steps[part.number])


def html_of(place: Place) -> html.HtmlReader:
    """Return the function that reads the HTML of a nested message."""

    def read(imap: Connection, ref: MessageRef, *, sanitiser: Sanitiser) -> FrameHtml:
        rendered = _nested(imap, place, sanitiser).message.rendered
        if rendered is None:
            raise PartNotFound("The message has no HTML.")
        return rendered

    return read
