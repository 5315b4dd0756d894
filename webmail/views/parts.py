"""What a message carries: its HTML in a frame of its own, its images, its attachments, its source.

Nothing that mail carries is served from here as something a browser would run: types come from a
short list whatever the mail claims, everything else is a download.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from accounts import session
from accounts.http import SignedInRequest, login_required
from webmail import presentation, streaming
from webmail.imap import fetch
from webmail.imap.values import MessageRef
from webmail.mailbox import reading
from webmail.mime.structure import Part

SANDBOX = ["allow-same-origin", "allow-popups", "allow-popups-to-escape-sandbox"]
INERT = {"default-src": [NONE], "sandbox": True}

P = ParamSpec("P")
Answer = TypeVar("Answer", bound=HttpResponseBase)


def policy(
    directives: dict[str, Any],
) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """A Content-Security-Policy of the view's own; django-csp's decorator, typed for any view."""
    return cast(Any, csp(directives))


IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}


@require_GET
@login_required
@xframe_options_sameorigin
@policy(
    {
        "default-src": [NONE],
        "img-src": [SELF],
        "style-src": [UNSAFE_INLINE],
        "frame-ancestors": [SELF],
        "sandbox": SANDBOX,
    }
)
def message_frame(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """The sanitised HTML as a document that can run nothing, for the reader's sandboxed frame."""
    with session.imap(request) as imap:
        rendered = reading.html(imap, MessageRef(folder, *ref))
    return render(
        request,
        "webmail/message_frame.html",
        {"safe": rendered.html, "truncated": rendered.truncated or rendered.simplified},
    )


@require_GET
@login_required
@policy(INERT)
def inline(request: SignedInRequest, folder: str, ref: tuple[int, int], n: int) -> HttpResponseBase:
    """The nth image that the message's HTML names; only pictures a browser cannot run."""
    message_ref = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        wanted = reading.inline_part(imap, message_ref, n)
    if wanted.media_type not in IMAGES:
        return _download(request, message_ref, wanted)
    response = _stream(request, message_ref, wanted)
    response["Content-Type"] = wanted.media_type
    # A UID's content never changes (RFC 9051 section 2.3.1.1).
    if not request.session.get("shared_computer"):
        response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


@require_GET
@login_required
@policy(INERT)
def part(
    request: SignedInRequest, folder: str, ref: tuple[int, int], number: str
) -> HttpResponseBase:
    """An attachment as a download, streamed."""
    message_ref = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        wanted = reading.find_part(imap, message_ref, number)
    return _download(request, message_ref, wanted)


@require_GET
@login_required
@policy(INERT)
def source(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponseBase:
    """The message itself, as ``message-42.eml``. Its length is not told: some servers round it."""
    message_ref = MessageRef(folder, *ref)
    stream = streaming.begin(
        session.lease(request), lambda imap: fetch.chunks(imap, message_ref, "")
    )
    response = StreamingHttpResponse(stream, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="message-{ref[1]}.eml"'
    return response


def _stream(request: SignedInRequest, ref: MessageRef, wanted: Part) -> StreamingHttpResponse:
    stream = streaming.begin(
        session.lease(request), lambda imap: streaming.decoded(imap, ref, wanted)
    )
    return StreamingHttpResponse(stream, content_type="application/octet-stream")


def _download(request: SignedInRequest, ref: MessageRef, wanted: Part) -> StreamingHttpResponse:
    name = presentation.attachment_card(ref, wanted).name
    response = _stream(request, ref, wanted)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
