"""Limit the requests that wait for one mail server, so that threads are left for all others.

A process answers sixteen requests at a time (`webmail.asgi`). A server that hangs holds each
request to it until the timeout; with many users, all threads would wait for it, and pages of other
mail domains would wait too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from mail.errors import ServerUnavailable

MOST: Final = 10
PATIENCE: Final = 5.0
"""Seconds after which a request counts as waiting for its server."""

_began: dict[str, list[float]] = {}
_lock = Lock()


@contextmanager
def bounded(server: str) -> Iterator[None]:
    """Measure the time that a request spends with its mail server. Raises ServerUnavailable at once
    when `MOST` other requests have been waiting for that server for longer than `PATIENCE`."""
    began = time.monotonic()
    with _lock:
        waiting = _began.setdefault(server, [])
        if sum(began - earlier > PATIENCE for earlier in waiting) >= MOST:
            raise ServerUnavailable(f"{server} keeps {MOST} other requests waiting")
        waiting.append(began)
    try:
        yield
    finally:
        with _lock:
            waiting.remove(began)
