"""OpenPGP armour in plain text: it is recognised, and removed from signed text (RFC 9580, 6.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mail.mime.structure import Protection

_ENCRYPTED = re.compile(r"^-----BEGIN PGP MESSAGE(?:, PART \d{1,4}(?:/\d{1,4})?)?-----\s*$", re.M)
_SIGNED = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n", re.M)
_HEADERS = re.compile(r"(?:[A-Za-z][A-Za-z-]{0,30}:[^\n]*\n)*[ \t]*\n?")
_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----[ \t]*$", re.M)
_SIGNATURE_END = re.compile(r"^-----END PGP SIGNATURE-----[ \t]*(?:\n|\Z)", re.M)


@dataclass(frozen=True)
class Armoured:
    """A readable text: the armour is removed if it is only a signature."""

    text: str
    protection: Protection


def read_armour(text: str) -> Armoured:
    r"""Recognise OpenPGP encryption or signature inside a text (``\n`` line ends).

    The armour of a signed text is removed: the head with its ``Hash:`` lines, escaping dashes, and
    the signature. Only the first armour counts, and text outside it stays: the result is for
    reading, and does not promise that any of it was signed.
    """
    if "-----BEGIN PGP " not in text:
        return Armoured(text, Protection.NONE)
    if _ENCRYPTED.search(text):
        return Armoured(text, Protection.PGP_ENCRYPTED)
    begin = _SIGNED.search(text)
    signature = _SIGNATURE.search(text, begin.end()) if begin else None
    if begin is None or signature is None:
        return Armoured(text, Protection.NONE)
    head = _HEADERS.match(text, begin.end())
    inside = text[head.end() if head else begin.end() : signature.start()]
    end = _SIGNATURE_END.search(text, signature.end())
    after = text[end.end() :] if end else ""
    inside = re.sub(r"^- ", "", inside, flags=re.M)
    return Armoured(text[: begin.start()] + inside + after, Protection.PGP_SIGNED)
