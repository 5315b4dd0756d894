"""The TLS context of connections to servers of ours, which all of them share."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path


def context(ca_file: str = "") -> ssl.SSLContext:
    """Return a context that verifies certificates and host names, against ``ca_file`` alone when it
    is given. It is made anew when that file was changed: the system's authorities are half a
    megabyte, and take 5 ms. Raises OSError for a file that cannot be read."""
    return _made(ca_file, Path(ca_file).stat().st_mtime_ns if ca_file else 0)


@lru_cache(maxsize=4)
def _made(ca_file: str, _changed: int) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or None)
