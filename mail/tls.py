"""The shared TLS context of connections to the authority's servers."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path


def context(ca_file: str = "") -> ssl.SSLContext:
    """Return a context that verifies certificates and host names, against ``ca_file`` alone if it
    is given. A new context is made only when that file has changed: the system's authorities are
    half a megabyte, and take 5 ms. Raises OSError for an unreadable file.
    """
    return _made(ca_file, Path(ca_file).stat().st_mtime_ns if ca_file else 0)


@lru_cache(maxsize=4)
def _made(ca_file: str, _changed: int) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or None)
