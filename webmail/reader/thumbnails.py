"""Small images of attachments, kept for the session that saw them: sealed, and not too many.

Drawing one takes the whole attachment from the mail server; a message that is opened again, on the
same browser or one that keeps nothing, costs no command.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest

from accounts import session_cache
from webmail.previews.images import Picture

PLACES = 256
"""So many are kept for a session; where two fall on the same place, the last one stays."""
LARGEST = 64_000
"""Bytes of one that is kept; those of photographs have some 10,000."""


def drawn(request: HttpRequest, file: str, draw: Callable[[], Picture]) -> Picture:
    """The small image of the file that ``file`` names: the one that this session has, else the one
    that ``draw`` makes, which may raise."""
    place = _place(file)
    cached = session_cache.get(request, "thumbnail", place)
    if cached is not None and cached["file"] == file:
        return _unpacked(cached["picture"])
    picture = draw()
    if len(picture.content) <= LARGEST:
        session_cache.put(request, "thumbnail", place, {"file": file, "picture": _packed(picture)})
    return picture


def _packed(picture: Picture) -> dict[str, Any]:
    return asdict(picture) | {"content": base64.b64encode(picture.content).decode()}


def _unpacked(record: dict[str, Any]) -> Picture:
    return Picture(**record | {"content": base64.b64decode(record["content"])})


def _place(file: str) -> str:
    digest = hashlib.blake2b(file.encode(), digest_size=8).digest()
    return str(int.from_bytes(digest) % PLACES)
