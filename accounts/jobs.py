"""Whether background jobs are done: a sign of life, and what waits in the queue."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from kombu import Connection
from kombu.exceptions import OperationalError

_KEY: Final = "jobs-sign-of-life"
_QUIET_SECONDS: Final = 3 * 60  # beat asks for a sign every minute


@dataclass(frozen=True, slots=True)
class Health:
    """``waiting``: jobs in the queue, None when the broker does not answer. ``seconds``: since the
    last sign of life, None when there was none today. ``is_eager``: jobs are done at once, there is
    no queue."""

    is_eager: bool
    waiting: int | None
    seconds: int | None

    @property
    def is_well(self) -> bool:
        if self.is_eager:
            return True
        alive = self.seconds is not None and self.seconds < _QUIET_SECONDS
        return self.waiting is not None and alive


def note_life() -> None:
    cache.set(_KEY, int(time.time()), 24 * 60 * 60)


def health() -> Health:
    """One question to the broker, a second at most."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return Health(is_eager=True, waiting=0, seconds=None)
    last = cache.get(_KEY)
    return Health(
        is_eager=False,
        waiting=_waiting(),
        seconds=max(0, int(time.time()) - last) if last else None,
    )


def _waiting() -> int | None:
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=1) as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
            channel: Any = broker.default_channel  # Redis's: it has a client
            return int(channel.client.llen("celery"))
    except (OperationalError, OSError):
        return None
