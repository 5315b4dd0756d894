"""Logos that administrators upload, decoded in a helper process and encoded anew: small, bare."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from webmail import sandbox
from webmail.previews import images
from webmail.previews.failures import NoPreview

LARGEST_FILE: Final = 1_000_000
LONGEST_SIDE: Final = 360
_WIDEST: Final = 6


class RefusedLogo(ValueError):
    """The file is no image, damaged, a bomb, or of a shape that no header has room for."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A WebP that was made here. ``digest`` tells it from every other one in its address."""

    content: bytes
    width: int
    height: int
    digest: str


def encoded(content: bytes) -> Logo:
    """The logo of an uploaded file, still and without metadata. SVG is none: it is a document that
    can run. Raises RefusedLogo."""
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
