"""The text of one part for reading, with every encoding of mail undone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mail.mime import pgp, text
from mail.mime.damage import Damage
from mail.mime.structure import Part, Protection


@dataclass(frozen=True)
class Body:
    """A readable text, the protection found in the text itself, and its damage."""

    text: str
    protection: Protection = Protection.NONE
    damage: frozenset[Damage] = frozenset()


def read_body(part: Part, data: bytes, *, is_cut: bool = False) -> Body:
    """Return the text of a part that is not HTML, from its bytes as sent.

    Undoes the transfer encoding, the charset, format=flowed, text/enriched and an inline PGP
    signature. ``is_cut`` says that ``data`` is only the beginning of the part. Uuencoded files stay
    in the text; ``containers.unpack`` removes them. Never raises.
    """
    damage = {Damage.CUT} if is_cut else set()
    decoder = text.TransferDecoder(part.encoding)
    decoded = decoder.feed(data) + decoder.close()
    if decoder.is_damaged and not is_cut:
        damage.add(Damage.ENCODING)
    readable = text.decode(decoded, "binary", part.charset)
    if _has_lost_characters(decoded, readable, part.charset):
        damage.add(Damage.CHARSET)
    if part.media_type == "text/plain" and _says(part, "format", "flowed"):
        readable = text.unflow(readable, delsp=_says(part, "delsp", "yes"))
    elif part.media_type in ("text/enriched", "text/richtext"):
        readable = _plain(readable)
    armoured = pgp.read_armour(readable)
    return Body(armoured.text, armoured.protection, frozenset(damage))


def _says(part: Part, name: str, value: str) -> bool:
    return part.parameters.get(name, "").strip().lower() == value


_REPLACEMENT = "\ufffd".encode()


def _has_lost_characters(data: bytes, readable: str, charset: str) -> bool:
    if "\ufffd" in readable and _REPLACEMENT not in data:
        return True
    return not (data.isascii() or text.is_known(charset) or _is_utf8(data))


def _is_utf8(data: bytes) -> bool:
    """Return whether the bytes are UTF-8, judged by themselves: hardly any other text is valid
    UTF-8.
    """
    try:
        return bool(data.decode())
    except UnicodeDecodeError:
        return False


_ENRICHED_TAG = re.compile(
    r"<(?:param>.{0,1000}?</param>|/?[A-Za-z][A-Za-z0-9-]{0,40}>)", re.DOTALL
)


def _plain(enriched: str) -> str:
    """Return text/enriched without its commands (RFC 1896): ``<<`` is ``<``, a single line break is
    a space.
    """
    pieces = (_ENRICHED_TAG.sub("", piece) for piece in enriched.split("<<"))
    return re.sub(r"\n(\n*)", lambda ends: ends[1] or " ", "<".join(pieces))
