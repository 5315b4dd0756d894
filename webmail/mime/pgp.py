"""OpenPGP armour in plain text: recognised, and taken off what is only signed (RFC 9580, 6.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from webmail.mime.structure import Protection

_ENCRYPTED = re.compile(r"^-----BEGIN PGP MESSAGE(?:, PART \d{1,4}(?:/\d{1,4})?)?-----\s*$", re.M)
_SIGNED = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n", re.M)
_HEADERS = re.compile(r"(?:[A-Za-z][A-Za-z-]{0,30}:[^\n]*\n)*[ \t]*\n?")
_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----[ \t]*$", re.M)
_SIGNATURE_END = re.compile(r"^-----END PGP SIGNATURE-----[ \t]*(?:\n|\Z)", re.M)


@dataclass(frozen=True)
class Armoured:
    """A text as it is read: without the armour where that is only a signature."""

    text: str
    protection: Protection


def read(text: str) -> Armoured:
    """Whether a text (``\\n`` line ends) is encrypted or signed by OpenPGP within itself.

    Of a signed one the frame is taken off: the head with its ``Hash:`` lines, the dashes that it
    escapes, and the signature. Only the first frame counts, and what stands outside of it stays:
    the result is what a person reads, and no promise that any of it was signed.
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
