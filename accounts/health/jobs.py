"""Whether background jobs are done: signs of life of beat and of the workers, and waiting jobs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from kombu import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from core import clock
from core.queues import UPKEEP, WORKERS

_KEY: Final = "jobs-sign-of-life"
_WORKER_KEY: Final = "jobs-worker-"
_QUIET_SECONDS: Final = 3 * 60  # beat starts a job for a sign every minute
SHOWN_EVERY: Final = 10.0
"""Seconds between two signs of life of a worker."""
_TOLD_EVERY: Final = 20.0
_told = -_TOLD_EVERY


@dataclass(frozen=True, slots=True)
class QueueState:
    """The state of a queue. ``waiting`` counts the jobs that no worker has begun. ``has_worker``
    says that a worker has given a sign of life within the last three minutes."""

    name: str
    waiting: int
    has_worker: bool

    @property
    def is_well(self) -> bool:
        is_needed = self.waiting or not WORKERS[self.name].is_optional
        return self.has_worker or not is_needed


@dataclass(frozen=True, slots=True)
class JobsHealth:
    """The state of the background jobs. ``seconds`` is the time since a job of beat was done, None
    when there was none today. ``is_eager`` says that jobs run at once, without a queue. ``queues``
    is empty then, and when the broker does not answer."""

    is_eager: bool
    seconds: int | None = None
    queues: tuple[QueueState, ...] = ()

    @property
    def waiting(self) -> int | None:
        """Return the number of jobs in all queues, None when the broker does not answer."""
        return sum(queue.waiting for queue in self.queues) if self.queues else None

    @property
    def without_worker(self) -> list[str]:
        """Return the queues whose worker is needed and does not run."""
        return [queue.name for queue in self.queues if not queue.is_well]

    @property
    def has_beat(self) -> bool:
        return self.seconds is not None and self.seconds < _QUIET_SECONDS

    @property
    def is_well(self) -> bool:
        if self.is_eager:
            return True
        return self.waiting is not None and self.has_beat and not self.without_worker


def note_life() -> None:
    """Note that a job of beat was done."""
    cache.set(_KEY, clock.timestamp(), 24 * 60 * 60)


def note_worker() -> None:
    """Note that this worker process is alive, at most every twenty seconds."""
    global _told
    now = time.monotonic()
    if now - _told >= _TOLD_EVERY:
        _told = now
        names = WORKERS.keys() & current_app.amqp.queues.consume_from
        cache.set_many({_WORKER_KEY + name: 1 for name in names}, _QUIET_SECONDS)


def note_start() -> None:
    """Note that this worker has just started. Beat starts the first job of the upkeep a minute
    later."""
    note_worker()
    if UPKEEP.queue in current_app.amqp.queues.consume_from:
        note_life()


def health() -> JobsHealth:
    """Return the state of the jobs. This asks the broker once, for a second at most."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return JobsHealth(is_eager=True)
    waiting = _waiting()
    if not waiting:
        return JobsHealth(is_eager=False)
    last, alive = cache.get(_KEY), _alive()
    return JobsHealth(
        is_eager=False,
        seconds=max(0, clock.timestamp() - last) if last else None,
        queues=tuple(QueueState(name, number, name in alive) for name, number in waiting.items()),
    )


def are_done() -> bool:
    """Return whether each queue that is always in use has a worker. This asks only the cache."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return True
    try:
        alive = _alive()
    except (RedisError, OSError):
        return False
    return all(name in alive or worker.is_optional for name, worker in WORKERS.items())


def _alive() -> set[str]:
    beats = cache.get_many([_WORKER_KEY + name for name in WORKERS])
    return {key.removeprefix(_WORKER_KEY) for key in beats}


def _waiting() -> dict[str, int]:
    """Return the number of waiting jobs in each queue; {} when the broker does not answer."""
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=1) as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
            channel: Any = broker.default_channel  # the channel of Redis, which has a client
            return {
                name: sum(int(channel.client.llen(queue)) for queue in worker.queues)
                for name, worker in WORKERS.items()
            }
    except (OperationalError, OSError):
        return {}
