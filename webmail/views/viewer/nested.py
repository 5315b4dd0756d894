"""Messages inside messages: their pages, and the images of their HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from django.conf import settings
from django.http import HttpResponseBase
from django.views.decorators.http import require_GET

from accounts import session
from accounts.http import SignedInRequest, login_required
from webmail.errors import PartNotFound
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.mailbox import reading
from webmail.mailbox.contents import FrameHtml, Sanitiser
from webmail.mime.structure import MESSAGE_TYPES, Part
from webmail.presentation import contents, files, words
from webmail.presentation.files import AttachmentCard
from webmail.presentation.nested import MOST_NESTED, NestedMessage, nested_line, nested_message
from webmail.previews import images
from webmail.previews.making import make
from webmail.reader import attachments, html
from webmail.reader.attachments import InnerMessage
from webmail.views.parts import from_elsewhere
from webmail.views.policies import INERT, policy
from webmail.views.viewer.answers import picture, unshown
from webmail.views.viewer.places import Place, at_place, download_url

# Shown within one another, on one page; those deeper in open in the viewer alone.
DEEPEST_SHOWN = 5


def read(request: SignedInRequest, place: Place) -> NestedMessage:
    """Raises PartNotFound, NoPreview."""
    renderer = html.ReaderSanitiser(request, place.ref, place.inside)
    with session.imap(request) as imap:
        renderer.meet(imap)
        nested = _nested(imap, place, renderer)
    content, bar = nested.message, None
    if content.rendered:
        renderer.keep(content.rendered)
        bar = contents.images_bar(place.ref, content.rendered.html, **asdict(renderer.images))

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
    """A file inside another. ``place`` is None where no address leads so deep."""
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
    """The address of a part of a nested message."""
    if nested.steps is None:
        return Place(place.ref, part.number)
    return place.step(nested.steps[part.number])


def html_of(place: Place) -> html.HtmlReader:
    """The reader of the HTML of a nested message."""

    def read(imap: Connection, ref: MessageRef, *, sanitiser: Sanitiser) -> FrameHtml:
        rendered = _nested(imap, place, sanitiser).message.rendered
        if rendered is None:
            raise PartNotFound("The message has no HTML.")
        return rendered

    return read


@require_GET
@login_required
@policy(INERT)
@at_place
def inline(request: SignedInRequest, place: Place, n: int) -> HttpResponseBase:
    """The nth image that the HTML of a nested message names."""
    with unshown():
        loaded = html.loaded(request, place.ref, place.inside, html_of(place))
        part = reading.image_part(loaded.inline, n)
        with session.imap(request) as imap:
            content = attachments.part_of_nested(
                imap, place.ref, place.number, place.member, part, settings.PREVIEW_LIMIT
            )
        return picture(make(images.picture, content))


@require_GET
@login_required
@policy(INERT)
@at_place
def remote(request: SignedInRequest, place: Place, n: int) -> HttpResponseBase:
    """The nth image from elsewhere of a nested message, where its message shows them."""
    with unshown():
        loaded = html.loaded(request, place.ref, place.inside, html_of(place))
    return from_elsewhere(request, loaded, n)
