"""The parts that every answer with a file has: a known type, a name, a lifetime in the browser's
cache, and the requested range."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from accounts import session
from accounts.http import SignedInRequest
from mail.errors import PartNotFound
from mail.previews import images
from mail.previews.detect import BINARY, Kind
from mail.previews.failures import NoPreview
from webmail.reader import attachments
from webmail.reader.attachments import FoundAttachment
from webmail.views.viewer.places import Place


def whole(request: SignedInRequest, place: Place, *kinds: Kind, limit: int = 0) -> FoundAttachment:
    """Return a file with all its bytes. Raises PartNotFound if it is none of ``kinds``, if any are
    named, or cannot be read."""
    limit = limit or settings.PREVIEW_LIMIT
    with unshown(), session.imap(request) as imap:
        attachment = attachments.whole(imap, place.ref, place.number, place.member, limit)
    if kinds and attachment.detected.kind not in kinds:
        raise PartNotFound("The file is of another kind.")
    return attachment


@contextmanager
def unshown() -> Iterator[None]:
    """Turn `NoPreview` into a 404: the page explains it in words, a picture of the page cannot."""
    try:
        yield
    except NoPreview as refusal:
        raise PartNotFound(str(refusal)) from refusal


def picture(picture: images.Picture) -> HttpResponseBase:
    response = StreamingHttpResponse(iter((picture.content,)), content_type=picture.media_type)
    response["Content-Length"] = len(picture.content)
    return kept(response)


def kept(response: HttpResponseBase) -> HttpResponseBase:
    """Let the browser keep the answer, since a UID's content never changes (RFC 9051 section
    2.3.1.1). On a shared computer the session's middleware has the last word: nothing is kept."""
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def download(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Type"] = BINARY
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def spanned(
    response: HttpResponseBase, span: Span, size: int | None, media_type: str
) -> HttpResponseBase:
    response["Content-Type"] = media_type
    if size is not None:
        response["Accept-Ranges"] = "bytes"
        response["Content-Length"] = span.end - span.start
    if span.is_part:
        response.status_code = 206
        response["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
    return response


def unsatisfiable(size: int | None) -> HttpResponseBase:
    response = HttpResponse(status=416)
    response["Content-Range"] = f"bytes */{size}"
    return response


@dataclass(frozen=True)
class Span:
    """Bytes ``start`` to ``end``, which is not included, of a file (RFC 9110 section 14)."""

    start: int
    end: int
    is_part: bool = False

    @classmethod
    def asked(cls, header: str, size: int | None) -> Span | None:
        """The span that a Range header requests; the whole file where the header is not supported
        or the size is unknown; None when the file has no such bytes."""
        if size is None:
            return cls(0, 0)
        match = re.fullmatch(r"bytes=([0-9]{0,15})-([0-9]{0,15})", header.strip())
        if not match or not (match[1] or match[2]):
            return cls(0, size)
        if not match[1]:
            start, end = max(size - int(match[2]), 0), size
        else:
            start, end = int(match[1]), min(int(match[2]) + 1 if match[2] else size, size)
        return cls(start, end, is_part=True) if start < end else None
