"""Addresses that pictures of a message show as codes to be scanned (QR).

A fraud shows its address to the camera of a telephone, where no filter of mail looks. Pictures are
hostile: `scan` is for a helper process.
"""

from __future__ import annotations

from io import BytesIO

import zxingcpp
from PIL import Image, UnidentifiedImageError

from mail.judgement import message
from mail.mime import structure
from mail.mime.text import decode_transfer

MOST_PICTURES = 3
LARGEST = 200_000
"""Bytes of a picture that is looked at."""
MOST_PIXELS = 2_000_000
_LONGEST = 2_000
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_TYPES = frozenset({"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"})


def pictures(raw: bytes) -> tuple[bytes, ...]:
    """The first pictures of a message, those that are cut off or too large left out. Never
    raises."""
    parsed = structure.parse(raw[: message.LARGEST].lstrip(b"\r\n"))
    chosen: list[bytes] = []
    for part in parsed.root.walk():
        data = parsed.bodies.get(part.number, b"")
        if part.media_type in _TYPES and 0 < len(data) <= LARGEST * 7 // 5:
            chosen.append(decode_transfer(data, part.encoding))
        if len(chosen) == MOST_PICTURES:
            break
    return tuple(chosen)


def scan(pictures: tuple[bytes, ...]) -> tuple[str, ...]:
    """The web addresses that the pictures show. A picture that can't be read shows none."""
    addresses: dict[str, None] = {}
    for picture in pictures:
        try:
            with Image.open(BytesIO(picture)) as image:
                if image.width * image.height > MOST_PIXELS:
                    continue
                shades = image.convert("L")
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
            continue
        for code in zxingcpp.read_barcodes(shades, formats=_QR):
            if code.text.lower().startswith(("http://", "https://")):
                addresses[code.text[:_LONGEST]] = None
    return tuple(addresses)
