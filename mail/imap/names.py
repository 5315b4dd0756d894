"""Folder names on the wire: modified UTF-7 (RFC 3501 section 5.1.3)."""

from __future__ import annotations

from functools import lru_cache

from imap_tools.imap_utf7 import utf7_decode, utf7_encode


@lru_cache(maxsize=8192)
def decode(raw: bytes) -> tuple[str, bool]:
    """Decode a name from LIST or STATUS. Return it with whether it can be encoded again for the
    server.

    Old programs created names in plain UTF-8 or with a bare ``&``. These are shown as well as
    possible, but encoding them again would make another name.
    """
    try:
        name = utf7_decode(raw)
        if raw.isascii() and utf7_encode(name) == raw:
            return name, True
    except (ValueError, LookupError):
        pass
    return raw.decode("utf-8", "replace"), False
