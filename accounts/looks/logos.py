"""Uploaded logos, decoded in a helper process and encoded anew: small, and without metadata."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from mail import sandbox
from mail.previews import images
from mail.previews.failures import NoPreview

LARGEST_FILE: Final = 1_000_000
LONGEST_SIDE: Final = 360
_WIDEST: Final = 6


class RefusedLogo(ValueError):
    """The file is no image, is damaged or a decompression bomb, or is too long for a page
    header."""


@dataclass(frozen=True, slots=True)
class Logo:
    """An image encoded here as WebP. ``digest`` is a part of its address."""

    content: bytes
    width: int
    height: int
    digest: str


def encoded(content: bytes) -> Logo:
    """Return the logo of an uploaded file, without animation and metadata. SVG is refused, because
    it is a document that can contain scripts. Raises RefusedLogo."""
    if len(content) > LARGEST_FILE:
        raise RefusedLogo("too large")
    try:
        picture = sandbox.call(images.thumbnail, sandbox.FILE, content, longest=LONGEST_SIDE)
    except (NoPreview, sandbox.Exhausted) as error:
        raise RefusedLogo(str(error)) from error
    if picture.width > _WIDEST * picture.height or picture.height > _WIDEST * picture.width:
        raise RefusedLogo("too long")
    digest = hashlib.sha256(picture.content).hexdigest()[:32]
    return Logo(picture.content, picture.width, picture.height, digest)
