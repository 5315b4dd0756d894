"""The time at which a message that a server could not accept is tried again."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

_FIRST = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
_THEN = timedelta(hours=3)


def delay(attempts: int) -> timedelta | None:
    """Return the wait after this many failed attempts; None when the message is given up, after
    `RETRY_HOURS` in all.
    """
    waits = [*_FIRST[:attempts], *[_THEN] * (attempts - len(_FIRST))]
    if sum(waits, timedelta()) > timedelta(hours=settings.RETRY_HOURS):
        return None
    return waits[-1] if waits else _FIRST[0]


def longest() -> timedelta:
    """Return how long a password is lent after a message was due: longer than it is tried."""
    return timedelta(hours=settings.RETRY_HOURS + 24)
