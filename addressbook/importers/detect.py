"""Recognise the kind of a file by its content, never by its name."""

from __future__ import annotations

import re

_STARTS = (
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"%PDF", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"BM\x00", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"RIFF", "image"),
    (b"{\\rtf", "document"),
    (b"!BDN", "outlook_pst"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!", "archive"),
    (b"\xfd7zXZ", "archive"),
    (b"\x7fELF", "binary"),
    (b"MZ", "binary"),
)
_HTML = re.compile(
    rb"\s*+(?:<\?xml[^>]*+>\s*+)?(?>(?:<!--.*?-->\s*+)*)<(?:!doctype\s+html|html|head|body|script|meta)\b",
    re.IGNORECASE | re.DOTALL,
)
_TEXT_CONTROLS = b"\t\n\r\x0b\x0c\x1a\x1b\x08"


def is_zip(content: bytes) -> bool:
    return content.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def reject_code(content: bytes) -> str:
    """Return the code of `codes.REJECTS` for a file that cannot be an address book, else ""."""
    if not content.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        return "empty"
    for start, code in _STARTS:
        if content.startswith(start) and not (code == "binary" and _reads_as_text(content)):
            return code
    if content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").upper().startswith(b"BEGIN:VCALENDAR"):
        return "calendar"
    head = content[:4_000].removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")
    if _HTML.match(head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")):
        return "html"
    return "" if _reads_as_text(content) else "binary"


def _reads_as_text(content: bytes) -> bool:
    """Return whether there are few control characters. NULs come from UTF-16 or are strays, so they
    are counted apart."""
    head = content[:20_000]
    controls = bytes(set(range(32)) - set(_TEXT_CONTROLS) - {0})
    strange = len(head) - len(head.translate(None, controls))
    nuls = head.count(0)
    if nuls > len(head) * 0.05 and not _is_wide(head):
        return False
    return strange <= len(head) * 0.02 + 4


def _is_wide(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    half = max(len(head) // 2, 1)
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    return max(even, odd) > 0.6 and min(even, odd) < 0.1


def line_ending(content: bytes) -> str:
    """Return ``crlf lf cr mixed`` for the first 200,000 bytes, or "" without a line end."""
    head = content[:200_000].replace(b"\0", b"")
    first = re.search(rb"\r\n|\r|\n", head)
    if not first:
        return ""
    crlf = head.count(b"\r\n")
    lone_cr = head.count(b"\r") - crlf
    if first[0] == b"\r\n":
        # A file with CRLF may have LF inside its cells.
        return "mixed" if lone_cr else "crlf"
    kind, others = ("cr", head.count(b"\n")) if first[0] == b"\r" else ("lf", crlf + lone_cr)
    return "mixed" if others else kind
