"""Thumbnails of attachments, sealed and cached for a limited number in each session.

Drawing one fetches the whole attachment from the mail server. With the cache, opening a message
again takes no command, even in a browser that caches nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest

from accounts.sealed import cache as session_cache
from mail.previews.images import Picture

PLACES = 256
"""The number of places for thumbnails in a session; of two with the same place, the later one is
kept."""
LARGEST = 64_000
"""The largest cached thumbnail in bytes; those of photographs have some 10,000."""


def drawn(request: HttpRequest, file: str, draw: Callable[[], Picture]) -> Picture:
    """Return the thumbnail of the file that ``file`` identifies: the cached one of this session,
    else the result of ``draw``, which may raise."""
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
