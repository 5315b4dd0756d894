"""Counters and timings of this process, for ``/metrics``.

gunicorn's processes share the numbers through files of their master (`webmail.serving.processes`);
elsewhere each process has its own. No label names a user, a mail domain or a folder.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram

REGISTRY: Final = CollectorRegistry()

# Buckets in seconds.
_OF_REQUESTS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_OF_COMMANDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10)
# The commands with a series of their own; others share one.
_COMMANDS: Final = frozenset(
    (
        "CLOSE", "COPY", "CREATE", "DELETE", "DELETEACL", "EXAMINE", "EXPUNGE", "FETCH", "GETACL",
        "GETQUOTAROOT", "LIST", "LSUB", "MOVE", "MYRIGHTS", "NOOP", "RENAME", "SEARCH", "SELECT",
        "SETACL", "SORT", "STATUS", "STORE", "SUBSCRIBE", "THREAD", "UNSUBSCRIBE",
    )
)  # fmt: skip

_requests = Histogram(
    "webmail_request_seconds",
    "Time until the head of an answer.",
    ("method", "route", "status"),
    buckets=_OF_REQUESTS,
    registry=REGISTRY,
)
_commands = Histogram(
    "webmail_imap_seconds",
    "Time of a command of IMAP.",
    ("command",),
    buckets=_OF_COMMANDS,
    registry=REGISTRY,
)
imap_connections: Final = Gauge(
    "webmail_imap_connections",
    "Open IMAP connections of the pages.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
event_streams: Final = Gauge(
    "webmail_event_streams",
    "Browsers that are told of new mail.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)


def request(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answer. ``route`` is the pattern of the URL configuration."""
    label = method if method in {"GET", "HEAD", "POST"} else "other"
    _requests.labels(label, route, f"{status // 100}xx").observe(seconds)


@contextmanager
def imap_command(name: str) -> Iterator[None]:
    """Time the command inside the block, even if it fails; ``UID FETCH`` counts as ``FETCH``.
    APPEND is not timed, since its time depends on the size of the message.
    """
    began = time.perf_counter()
    try:
        yield
    finally:
        label = name if name in _COMMANDS else "other"
        _commands.labels(label).observe(time.perf_counter() - began)
