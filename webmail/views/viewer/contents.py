"""The contents of a file in a form that a browser shows: a picture, a sound, a document that runs
nothing, or bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render as render_template
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from accounts import session
from accounts.http import SignedInRequest, login_required
from core import dates
from mail.errors import PartNotFound, ServerRefused, ServerUnavailable
from mail.imap import fetch
from mail.imap.values import MessageRef
from mail.mime import text as mime_text
from mail.mime.hypertext import html as html_mail
from mail.mime.hypertext.html import SafeHtml
from mail.mime.structure import Part
from mail.previews import images, scans, tables
from mail.previews import office as office_files
from mail.previews.detect import BINARY, Kind
from mail.previews.failures import NoPreview, Reason
from mail.previews.making import make
from mail.previews.pages import PreviewPage
from webmail.presentation import files
from webmail.reader import attachments, html, streaming, thumbnails
from webmail.reader.attachments import FoundAttachment
from webmail.views.judgement import judgements
from webmail.views.policies import FRAMED, INERT, SANDBOX, policy
from webmail.views.viewer import nested_page
from webmail.views.viewer.answers import (
    Span,
    download,
    kept,
    picture,
    spanned,
    unsatisfiable,
    unshown,
    whole,
)
from webmail.views.viewer.places import Place, at_place, name_of, opened_message


@require_GET
@login_required
@policy(INERT)
@at_place
def image(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """Return an image, encoded anew."""
    attachment = whole(request, place, Kind.IMAGE)
    with unshown():
        return picture(make(images.picture, attachment.content))


@require_GET
@login_required
@policy(INERT)
@at_place
def thumb(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """Return a small image, for the card of its file."""

    def draw() -> images.Picture:
        attachment = whole(request, place, Kind.IMAGE, limit=files.THUMBNAIL_LIMIT)
        return make(images.thumbnail, attachment.content)

    with unshown():
        return picture(thumbnails.drawn(request, place.name, draw))


@require_GET
@login_required
@policy(INERT)
@at_place
def scan(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """Return the pages of a scan as a PDF, for the webmail's own reader."""
    attachment = whole(request, place, Kind.IMAGE)
    with unshown():
        made = make(scans.pdf, attachment.content)
    response = StreamingHttpResponse(iter((made.content,)))
    response["Content-Length"] = len(made.content)
    return kept(download(response, name_of(attachment)))


@require_GET
@login_required
@policy(INERT)
@at_place
def media(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """Return a sound or a film, whole or the range that the browser requests."""
    return _bytes(request, place, frozenset({Kind.AUDIO, Kind.VIDEO}), "")


@require_GET
@login_required
@policy(INERT)
@at_place
def pdf(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """Return a PDF as bytes for the webmail's own reader: no browser's reader opens this type."""
    return _bytes(request, place, frozenset({Kind.PDF}), BINARY)


@require_GET
@login_required
@policy(INERT)
@at_place
def file(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """Return a file inside an attachment as a download."""
    attachment = whole(request, place)
    response = StreamingHttpResponse(iter((attachment.content,)))
    response["Content-Length"] = len(attachment.content)
    return download(response, name_of(attachment))


@require_GET
@login_required
@policy(INERT)
def everything(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponseBase:
    """Return all attachments of a message as one zip, made while it is sent."""
    message_ref = MessageRef(folder, *ref)
    judgements.require_open(request, message_ref)
    with session.imap(request) as imap:
        opened = opened_message(request, imap, message_ref)
    parts = opened.shown.attachments
    if not parts:
        raise PartNotFound("The message has no attachment.")
    names = _distinct([files.file_name(part) for part in parts])
    envelope = opened.fetched.envelope
    when = dates.local(opened.fetched.received or envelope.date)
    stream = streaming.begin(
        session.lease(request),
        lambda imap: streaming.zipped(
            imap, message_ref, list(zip(names, parts, strict=True)), when
        ),
    )
    name = files.zip_name(envelope.subject, envelope.date or opened.fetched.received)
    return download(StreamingHttpResponse(stream), name)


def _distinct(names: Sequence[str]) -> list[str]:
    """Make the names distinct, also without regard to case: ``plan.pdf``, ``plan (2).pdf``."""
    taken: set[str] = set()
    distinct = []
    for name in names:
        stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
        candidate, count = name, 1
        while candidate.casefold() in taken:
            count += 1
            candidate = f"{stem} ({count}){dot}{ending}"
        taken.add(candidate.casefold())
        distinct.append(candidate)
    return distinct


@require_GET
@login_required
@policy(FRAMED | {"sandbox": SANDBOX})
@at_place
def frame(request: SignedInRequest, place: Place) -> HttpResponse:
    """Return the sanitised HTML of a file, as a document that can run nothing."""
    with unshown():
        safe = html.kept(request, place.ref, place.inside) or _sanitised(request, place)
    return render_template(request, "webmail/reader/message_frame.html", {"safe": safe})


def _sanitised(request: SignedInRequest, place: Place) -> SafeHtml:
    """Sanitise the HTML of a file. Raises PartNotFound, NoPreview."""
    with session.imap(request) as imap:
        attachment = attachments.look(
            imap, place.ref, place.number, place.member, settings.PREVIEW_LIMIT
        )
    if attachment.detected.kind is Kind.MESSAGE:
        return html.frame_html_of(request, place.ref, place.inside, nested_page.html_of(place))[
            0
        ].html
    if attachment.refusal is not None or attachment.detected.kind not in SANITISED:
        raise PartNotFound("The file is of another kind.")
    try:
        return SANITISED[attachment.detected.kind](attachment)
    except (NoPreview, html_mail.TooComplex):
        return SafeHtml(mime_text.to_html(gettext("This file cannot be shown here.")))


def _markdown(attachment: FoundAttachment) -> SafeHtml:
    return _of_page(make(tables.markdown, attachment.content, attachment.file.charset))


def _light(attachment: FoundAttachment) -> SafeHtml:
    light = office_files.light(attachment.content, attachment.detected.extension)
    if not isinstance(light, PreviewPage):
        raise NoPreview(Reason.UNSUPPORTED)
    return _of_page(light)


def _of_page(page: PreviewPage) -> SafeHtml:
    return SafeHtml(page.body, page.style)


SANITISED: dict[Kind, Callable[[FoundAttachment], SafeHtml]] = {
    Kind.MARKDOWN: _markdown,
    Kind.OFFICE: _light,
}


def _bytes(
    request: SignedInRequest, place: Place, kinds: frozenset[Kind], media_type: str
) -> HttpResponseBase:
    """Return a file of one of ``kinds`` as it is, or the range that the browser requests, if the
    server can cut it. ``media_type`` is "" for the file's own type, of the fixed list."""
    with session.imap(request) as imap:
        attachment = attachments.look(
            imap, place.ref, place.number, place.member, settings.PREVIEW_LIMIT
        )
        if attachment.refusal is not None or attachment.detected.kind not in kinds:
            raise PartNotFound("The file is of another kind.")
        if attachment.is_whole:
            size: int | None = len(attachment.content)
        else:
            size = fetch.decoded_size(imap, place.ref, _part_of(attachment))
    span = Span.asked(request.headers.get("Range", ""), size)
    if span is None:
        return unsatisfiable(size)
    if attachment.is_whole:
        pieces: Iterator[bytes] | streaming.LeasedStream = iter(
            (attachment.content[span.start : span.end],)
        )
    else:
        pieces, span, size = _streamed(request, place.ref, attachment, span, size)
    response = StreamingHttpResponse(pieces)
    download(response, name_of(attachment))
    return kept(spanned(response, span, size, media_type or attachment.detected.served))


def _part_of(attachment: FoundAttachment) -> Part:
    part = attachment.file.part
    assert part is not None  # noqa: S101  a file inside another is always whole
    return part


def _streamed(
    request: SignedInRequest,
    ref: MessageRef,
    attachment: FoundAttachment,
    span: Span,
    size: int | None,
) -> tuple[streaming.LeasedStream, Span, int | None]:
    """Return a range of a part as the server cuts it; the whole part if the server cannot decode
    it."""
    part = _part_of(attachment)
    if size is not None:
        # Dovecot tells the size of base64 that is cut off, then hangs up over it.
        with suppress(ServerUnavailable, ServerRefused):
            stream = streaming.begin(
                session.lease(request),
                lambda imap: fetch.binary_chunks(imap, ref, part.number, span.start, span.end),
            )
            return stream, span, size
    stream = streaming.begin(
        session.lease(request), lambda imap: streaming.decoded(imap, ref, part)
    )
    return stream, Span(0, 0), None
