"""Text of header fields: encoded words (RFC 2047) and raw bytes of any charset, read leniently."""

from __future__ import annotations

import binascii
import re

from webmail.mime import text

# RFC 2047 section 2, read leniently: blanks and lone question marks inside, glued to other text,
# any length. At most eight stray question marks, so that a header made of them costs no more than
# its length.
_WORD = re.compile(
    r"=\?(?P<charset>[^?*\s]{1,40})(?:\*[^?\s]{0,40})?\?(?P<encoding>[bBqQ])\?"
    r"(?P<content>[^?]*(?:\?(?!=)[^?]*){0,8})\?="
)
FOLD = re.compile(r"\r?\n(?=[ \t])")
_BLANK_CONTROLS = re.compile("[\t\r\n\x0b\x0c\x85\u2028\u2029]+")
# C0, DEL and C1, and the marks that turn the reading direction of what follows: a name or subject
# with U+202E reads as another one.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
# No server takes a header of this size, but a file may hold one.
_LONGEST = 200_000


def decode(value: bytes | str) -> str:
    """The readable text of an unstructured header value or of a phrase.

    Lenient: raw 8-bit bytes are taken as UTF-8, else as windows-1252; encoded words may be glued to
    other text, quoted, or cut in the middle of a character. What cannot be decoded stays as it is.
    Beyond 200,000 characters it is cut.
    The result has no control character, no line break and no mark that changes the reading
    direction.
    """
    unicode = as_text(value[:_LONGEST])
    if "=?" in unicode:
        unicode = _decode_words(FOLD.sub("", unicode))
    if unicode.isascii() and unicode.isprintable():
        return unicode.strip()
    unicode = _BLANK_CONTROLS.sub(" ", FOLD.sub("", unicode))
    return text.without_surrogates(_CONTROLS.sub("", unicode)).strip()


def as_text(value: bytes | str) -> str:
    """A header value of unknown charset, encoded words left alone."""
    if isinstance(value, str):
        if value.isascii():
            return value
        try:
            value.encode()
        except UnicodeEncodeError:
            # The standard library carries raw 8-bit bytes as lone surrogates.
            value = value.encode("utf-8", "surrogateescape" if is_escaped(value) else "replace")
        else:
            return value
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    return text.decode_charset(value, "")


def is_escaped(value: str) -> bool:
    """Whether its lone surrogates, if any, are raw bytes as the standard library carries them."""
    return not any("\ud800" <= c <= "\udc7f" or "\udd00" <= c <= "\udfff" for c in value)


def _decode_words(value: str) -> str:
    """``value`` with its encoded words decoded; blanks between two of them belong to neither (RFC
    2047, 6.2)."""
    pieces: list[str] = []
    run: list[re.Match[str]] = []
    end = 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        if between.strip(" \t\r\n") or not run:
            pieces += [_decode_run(run), between]
            run = []
        elif run[-1]["charset"].lower() != word["charset"].lower():
            pieces.append(_decode_run(run))
            run = []
        run.append(word)
        end = word.end()
    return "".join([*pieces, _decode_run(run), value[end:]])


def _decode_run(run: list[re.Match[str]]) -> str:
    """The text of neighbouring words of one charset, joined as bytes: programs cut inside
    characters."""
    if not run:
        return ""
    pieces: list[bytes] = []
    base64 = ""
    for word in run:
        if word["encoding"] in "bB":
            base64 += word["content"]
            # Some programs also cut inside a base64 quantum: then the next word continues it.
            if len(base64) % 4 and not base64.endswith("="):
                continue
            pieces.append(_from_base64(base64))
        else:
            pieces += [_from_base64(base64), _from_q(word["content"])]
        base64 = ""
    return text.decode_charset(b"".join([*pieces, _from_base64(base64)]), run[0]["charset"])


def _from_base64(content: str) -> bytes:
    return text.decode_transfer(content.encode("utf-8", "replace"), "base64") if content else b""


def _from_q(content: str) -> bytes:
    return binascii.a2b_qp(content.encode("utf-8", "replace").replace(b"\n", b" "), header=True)
