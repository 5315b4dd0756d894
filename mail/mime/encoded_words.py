"""Text of header fields: encoded words (RFC 2047) and raw bytes of any charset, decoded
leniently.
"""

from __future__ import annotations

import binascii
import re

from mail.mime import text

# RFC 2047 section 2, read leniently: spaces and single question marks inside, other text directly
# around, any length. At most eight single question marks are allowed, so that a header full of them
# takes linear time.
_WORD = re.compile(
    r"=\?(?P<charset>[^?*\s]{1,40})(?:\*[^?\s]{0,40})?\?(?P<encoding>[bBqQ])\?"
    r"(?P<content>[^?]*(?:\?(?!=)[^?]*){0,8})\?="
)
FOLD = re.compile(r"\r?\n(?=[ \t])")
_BLANK_CONTROLS = re.compile("[\t\r\n\x0b\x0c\x85\u2028\u2029]+")
# C0, DEL, C1, and the marks that change the reading direction: a name or subject with U+202E reads
# as another one.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
# No server accepts a header of this size, but a file may contain one.
_LONGEST = 200_000


def decode(value: bytes | str) -> str:
    """Return the readable text of an unstructured header value or of a phrase.

    Decoding is lenient: raw 8-bit bytes are taken as UTF-8, else as windows-1252. Encoded words may
    be joined to other text, quoted, or cut in the middle of a character. Undecodable text stays as
    it is; text beyond 200,000 characters is cut. The result has no control character, no line break
    and no mark that changes the reading direction.
    """
    unicode = as_text(value[:_LONGEST])
    if "=?" in unicode:
        unicode = _decode_words(FOLD.sub("", unicode))
    if unicode.isascii() and unicode.isprintable():
        return unicode.strip()
    unicode = _BLANK_CONTROLS.sub(" ", FOLD.sub("", unicode))
    return text.without_surrogates(_CONTROLS.sub("", unicode)).strip()


def as_text(value: bytes | str) -> str:
    """Return a header value of unknown charset as text, with encoded words unchanged."""
    if isinstance(value, str):
        if value.isascii():
            return value
        try:
            value.encode()
        except UnicodeEncodeError:
            # The standard library represents raw 8-bit bytes as lone surrogates.
            value = value.encode("utf-8", "surrogateescape" if is_escaped(value) else "replace")
        else:
            return value
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    return text.decode_charset(value, "")


def is_escaped(value: str) -> bool:
    """Return whether all lone surrogates are raw bytes in the standard library's representation."""
    return not any("\ud800" <= c <= "\udc7f" or "\udd00" <= c <= "\udfff" for c in value)


def _decode_words(value: str) -> str:
    """Return ``value`` with its encoded words decoded. Spaces between two of them are dropped (RFC
    2047, 6.2).
    """
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
    """Return the text of neighbouring words of one charset. Their bytes are joined before decoding,
    because programs split characters.
    """
    if not run:
        return ""
    pieces: list[bytes] = []
    base64 = ""
    for word in run:
        if word["encoding"] in "bB":
            base64 += word["content"]
            # Some programs also split a group of base64, which then continues in the next word.
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
