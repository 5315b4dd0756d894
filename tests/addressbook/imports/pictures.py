"""Cards with pictures."""

from __future__ import annotations

import base64
import io

from PIL import Image


def png(colour: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (20, 20), colour).save(made, "PNG")
    return made.getvalue()


def noise(side: int) -> bytes:
    """A PNG that no compression makes small."""
    made = io.BytesIO()
    Image.effect_noise((side, side), 100).save(made, "PNG")
    return made.getvalue()


def card(name: str, address: str, picture: bytes) -> str:
    """A vCard 3.0."""
    photo = base64.b64encode(picture).decode("ascii")
    return (
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nEMAIL:{address}\r\n"
        f"PHOTO;ENCODING=b;TYPE=PNG:{photo}\r\nEND:VCARD\r\n"
    )
