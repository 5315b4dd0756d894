"""A file that comes as the body of a request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from mail.errors import FileRefused

_PIECE = 64 * 1024


def announced_size(request: HttpRequest) -> int:
    """Return the length of the request's body in bytes, as its header announces it; else 0."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if re.fullmatch(r"[0-9]{1,15}", length) else 0


def body(request: HttpRequest) -> Iterator[bytes]:
    """Yield the request's body in pieces. Raise FileRefused where the browser breaks off."""
    try:
        while piece := request.read(_PIECE):
            yield piece
    except UnreadablePostError as error:
        raise FileRefused("cut") from error
