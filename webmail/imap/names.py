"""Folder names on the wire: modified UTF-7 (RFC 3501 section 5.1.3)."""

from __future__ import annotations

from functools import lru_cache

from imap_tools.imap_utf7 import utf7_decode, utf7_encode


@lru_cache(maxsize=8192)
def decode(raw: bytes) -> tuple[str, bool]:
    """A name from LIST or STATUS as people read it, and whether it can be said back to the server.

    Old programs made names in plain UTF-8 or with a bare ``&``. Those are shown as well as can be,
    but what we would send for them is another name.
    """
    try:
        name = utf7_decode(raw)
        if raw.isascii() and utf7_encode(name) == raw:
            return name, True
    except (ValueError, LookupError):
        pass
    return raw.decode("utf-8", "replace"), False
