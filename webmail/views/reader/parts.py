"""The parts of a message: its HTML in a frame of its own, its images, its attachments, its source.

Nothing in a mail is served as something that a browser would run. Types come from a short list
whatever the mail claims; everything else is a download.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from accounts import session
from accounts.http import SignedInRequest, login_required
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import reading
from mail.mime import containers, envelope, headers
from mail.mime.structure import Part, choose
from mail.mime.text import decode_transfer
from webmail.presentation import files, links, reader, words
from webmail.presentation.nested import MOST_NESTED, printed_message
from webmail.reader import attachments, html, streaming
from webmail.transfer import names
from webmail.views.judgement import judgements
from webmail.views.page import memory
from webmail.views.policies import FRAMED, INERT, SANDBOX, policy
from webmail.views.reader import page as message_page
from webmail.views.reader.pictures import Response, from_elsewhere, kept_by_browser

BINARY = "application/octet-stream"
IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}


@require_GET
@login_required
@policy(FRAMED | {"sandbox": SANDBOX})
def message_frame(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Return the sanitised HTML as a document that can run nothing, for the reader's sandboxed
    frame.

    ``?zoom=150`` enlarges it.
    """
    message_ref = MessageRef(folder, *ref)
    rendered, _images = html.frame_html_of(request, message_ref)
    safe = judgements.safe(request, message_ref, rendered.html)
    context = {"safe": safe, "zoom": reader.zoom(request.GET.get("zoom", ""))}
    return render(request, "webmail/reader/message_frame.html", context)


@require_GET
@login_required
@policy(FRAMED | {"sandbox": [*SANDBOX, "allow-modals"]})
def message_print(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Show the message on a page for paper, with its head, and below it the text of the messages
    inside it. The page is as confined as the frame. It has no script; the reader's script opens the
    print dialog."""
    message_ref = MessageRef(folder, *ref)
    sanitiser = html.ReaderSanitiser(request, message_ref)
    with session.imap(request) as imap:
        opened = reading.open_message(
            imap,
            message_ref,
            mark_seen=False,
            as_text=request.GET.get("view") == "text",
            sanitiser=sanitiser,
        )
        inside = reading.nested_texts(imap, message_ref, opened.shown.attachments, MOST_NESTED)
    shown = message_page.shown(request, opened, sanitiser)
    safe = html.frame_html_of(request, message_ref)[0].html if opened.rendered else None
    context = {
        "message": shown,
        "safe": safe and judgements.safe(request, message_ref, safe),
        "inside": [printed_message(message_ref, content) for content in inside],
    }
    return render(request, "webmail/reader/message_print.html", context)


@require_GET
@login_required
def message_headers(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Show every header field of the message, decoded."""
    message_ref = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        raw = fetch.headers(imap, message_ref)
    fields = headers.parse(raw)
    context = {
        "fields": fields.items(),
        "subject": words.subject_of(fields.get("Subject")),
        "message_url": links.message_url(message_ref),
        "source_url": links.message_url(message_ref, "source"),
        "truncated": len(raw) >= fetch.HEADER_LIMIT,
    }
    return render(request, "webmail/reader/message_headers.html", context)


@require_GET
@login_required
@policy(INERT)
def inline(request: SignedInRequest, folder: str, ref: tuple[int, int], n: int) -> HttpResponseBase:
    """Return the nth image that the message's HTML names, if it is a picture that a browser cannot
    run; else a download."""
    message_ref = MessageRef(folder, *ref)
    wanted = reading.image_part(html.loaded(request, message_ref).inline, n)
    if wanted.media_type not in IMAGES:
        judgements.require_open(request, message_ref)
        return _download(request, message_ref, wanted)
    response = _content(request, message_ref, wanted)
    response["Content-Type"] = wanted.media_type
    # A UID's content never changes (RFC 9051 section 2.3.1.1).
    return kept_by_browser(request, response)


@require_GET
@login_required
@policy(INERT)
def remote(request: SignedInRequest, folder: str, ref: tuple[int, int], n: int) -> HttpResponse:
    """Return the nth remote image, if the user shows such images. Its URL is read from the message:
    nothing of it comes from the browser."""
    return from_elsewhere(request, html.loaded(request, MessageRef(folder, *ref)), n)


@require_GET
@login_required
@policy(INERT)
def part(
    request: SignedInRequest, folder: str, ref: tuple[int, int], number: str
) -> HttpResponseBase:
    """Return an attachment as a download, streamed. Files of a fraud are refused until the user
    opens its links."""
    message_ref = MessageRef(folder, *ref)
    judgements.require_open(request, message_ref)
    with session.imap(request) as imap:
        if containers.is_held(number):
            wanted, content = reading.held(imap, message_ref, number)
            return _named(message_ref, wanted, _at_hand(content))
        wanted = reading.find_part(imap, message_ref, number)
        if wanted.size <= fetch.CHUNK:
            data, is_cut = fetch.part_bytes(imap, message_ref, number, fetch.CHUNK)
            if not is_cut:
                content = decode_transfer(data, wanted.encoding)
                return _named(message_ref, wanted, _at_hand(content))
        size = fetch.decoded_size(imap, message_ref, wanted)
    return _named(message_ref, wanted, _stream(request, message_ref, wanted, size))


@require_GET
@login_required
@policy(INERT)
def source(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponseBase:
    """Return the source of the message, named after its day and subject. No length is announced,
    since some servers round it."""
    message_ref = MessageRef(folder, *ref)
    head = b""

    def pieces(imap: Connection) -> Iterator[bytes]:
        nonlocal head
        chunks = fetch.chunks(imap, message_ref, "")
        head = next(chunks, b"")
        return chain([head], chunks)

    stream = streaming.begin(session.lease(request), pieces)
    response = StreamingHttpResponse(stream, content_type=BINARY)
    told = envelope.envelope_of(headers.parse(head[: fetch.HEADER_LIMIT]))
    when = told.date and timezone.localtime(told.date)
    name = names.of_message(when, told.subject, gettext("No subject"))
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _content(request: SignedInRequest, ref: MessageRef, wanted: Part) -> HttpResponseBase:
    """Return the bytes of a part: streamed, unless the part lies inside another."""
    if not containers.is_held(wanted.number):
        return _stream(request, ref, wanted, None)
    with session.imap(request) as imap:
        return _at_hand(reading.held(imap, ref, wanted.number)[1])


def _at_hand(content: bytes) -> HttpResponseBase:
    response = StreamingHttpResponse(iter((content,)), content_type=BINARY)
    response["Content-Length"] = str(len(content))
    return response


def _stream(
    request: SignedInRequest, ref: MessageRef, wanted: Part, size: int | None
) -> HttpResponseBase:
    """Return a stream of a part. ``size`` is in bytes, None if it is not known."""
    stream = streaming.begin(
        session.lease(request), lambda imap: streaming.decoded(imap, ref, wanted)
    )
    response = StreamingHttpResponse(stream, content_type=BINARY)
    if size is not None:
        response["Content-Length"] = str(size)
    return response


def _download(request: SignedInRequest, ref: MessageRef, wanted: Part) -> HttpResponseBase:
    return _named(ref, wanted, _content(request, ref, wanted))


def _named(ref: MessageRef, wanted: Part, response: Response) -> Response:
    name = files.attachment_card(ref, wanted).name
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


# --- what files are, against what they say ---

RISKS = "risks"  # in the session's memory


@require_GET
@login_required
def risks(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """Return warnings about the files of an open message, by their first bytes. The reader requests
    them once the message is shown; the server is asked once a session, with three commands."""
    message_ref = MessageRef(folder, *ref)
    name = f"{message_ref.uidvalidity} {message_ref.uid} {folder}"
    kept = memory(request).get(RISKS, name)
    if kept is None:
        with session.imap(request) as imap:
            parts = [
                part
                for part in choose(fetch.structure(imap, message_ref)).attachments
                if files.attachment_card(message_ref, part).slot
            ]
            detected = attachments.begun(imap, message_ref, parts)
        kept = [[number, kind.extension, kind.is_program] for number, kind in detected.items()]
        memory(request).put(RISKS, name, kept)
    warned = [
        (number.replace(".", "-"), files.misnamed(extension, is_program=is_program))
        for number, extension, is_program in kept
    ]
    return render(request, "webmail/reader/_risks.html", {"risks": warned})
