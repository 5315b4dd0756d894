"""Pictures of contacts, encoded anew: small, upright, and without metadata."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from dataclasses import dataclass

from django.utils.crypto import constant_time_compare, salted_hmac
from PIL import Image, ImageOps

from addressbook.contact_data import Photo

LONGEST_SIDE = 512
LARGEST_FILE = 5_000_000

_MOST_PIXELS = 64_000_000
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
# The errors that Pillow's readers raise for damaged files, besides its own.
_DAMAGE = (
    OSError, ValueError, SyntaxError, EOFError, struct.error, TypeError, LookupError,
    ArithmeticError, AttributeError, MemoryError, Image.DecompressionBombError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ContactPicture(Photo):
    """A photo that was encoded by this module. Encoding it again would only blur it."""


def picture(photo: Photo) -> ContactPicture | None:
    """Return the photo as it is stored; None if it is no picture. A picture that this installation
    exported is not encoded again."""
    if isinstance(photo, ContactPicture):
        return photo
    if photo.seal and constant_time_compare(photo.seal, _seal(photo.content)):
        return made(photo.content)
    content = encode(photo.content)
    return made(content) if content else None


def made(content: bytes) -> ContactPicture:
    """Return the picture for content that was encoded here before."""
    return ContactPicture("image/webp", content)


def sealed(content: bytes) -> Photo:
    """Return a picture that was encoded here as it is exported, with a seal."""
    return Photo("image/webp", content, _seal(content))


def _seal(content: bytes) -> str:
    return salted_hmac("addressbook.photos", content, algorithm="sha256").hexdigest()


def encode(content: bytes) -> bytes | None:
    """Return WebP of at most 512 pixels a side, upright and without metadata. Return None for a
    file that is no picture, is damaged, or declares more pixels than any photograph has."""
    if len(content) > LARGEST_FILE:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                return _webp(image)
    except _DAMAGE:
        return None


def _webp(image: Image.Image) -> bytes | None:
    if not 0 < image.width * image.height <= _MOST_PIXELS:
        return None
    mode = "RGBA" if image.has_transparency_data else "RGB"
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    small = ImageOps.exif_transpose(image)
    small = small.convert(mode)
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = Image.new(mode, small.size)
    bare.paste(small)
    file = io.BytesIO()
    bare.save(file, "WEBP", quality=85)
    return file.getvalue()


def digest(content: bytes) -> str:
    """Return the key that stands in the address of a picture."""
    return hashlib.sha256(content).hexdigest()[:32]
