"""Rows that no worker has, found by beat and handed to one.

A model says when a worker should have begun its rows (`ClaimedQuerySet.due`), and after which
silence a worker counts as dead (`ClaimedQuerySet.dead`). `job` makes the task that does a row.
Without a broker, the rows of some tasks are done by a process of their own (`accounts.apart`).
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery import Task, shared_task
from celery.result import EagerResult
from django.conf import settings
from kombu.exceptions import OperationalError

from accounts import apart
from accounts.claims import ClaimedRow
from core import queues

logger = logging.getLogger(__name__)

_LOOKS_SECONDS = 5
MOST_TRIES = 20
"""The times that a process without a broker begins a row that waits again."""


@dataclass(frozen=True)
class _Job:
    task: Task[[Any], None]
    revive: Callable[[Any], object]


_JOBS: dict[type[ClaimedRow], _Job] = {}


class _Within(Task[[Any], None]):
    """A task that is done within the request that starts it where there is no broker."""


class _Apart(Task[[Any], None]):
    """A task that no request ever does: without a broker, a process of its own does."""

    def apply_async(self, args: Any = None, *more: Any, **options: Any) -> Any:
        if not self.app.conf.task_always_eager:
            return super().apply_async(args, *more, **options)
        apart.begin(self.name, args[0])
        return EagerResult("", None, "PENDING")


def job(
    model: type[ClaimedRow],
    revive: Callable[[Any], object] = ClaimedRow.wait_again,
    *,
    is_apart: bool = False,
) -> Callable[[Callable[[Any], None]], Task[[Any], None]]:
    """Make a function the task that does the rows of a model, by their primary key. ``revive`` ends
    the claim of a row whose worker died: it waits for another worker, or has failed. ``is_apart``
    says that the task may wait for a server that a user or a message names, or takes long, so that
    it is never done within a request."""

    def register(function: Callable[[Any], None]) -> Task[[Any], None]:
        task: Task[[Any], None] = shared_task(base=_Apart if is_apart else _Within)(function)
        _JOBS[model] = _Job(task, revive)
        return task

    return register


def hand_over(task: Task[[Any], None], pk: object) -> None:
    """Tell a worker of a row. A broker that is down fails no request: beat finds the row later."""
    try:
        task.delay(pk)
    except OperationalError as error:
        logger.error("%s could not be handed over: %s", task.name, error)


def run_apart(name: str, pk: str) -> None:
    """Do a row, in a process of its own, and then the rows of its model that wait, as beat and a
    worker would. One process at a time does these; it ends when none waits but those that it has
    begun `MOST_TRIES` times, whatever became of them."""
    model, job = next((model, job) for model, job in _JOBS.items() if job.task.name == name)
    tries = Counter[Any]()
    _try(job, model._meta.pk.to_python(pk), tries)
    # A row that began to wait while the lock was being given back has another look.
    while _left(model, tries):
        with _alone(name) as is_alone:
            if not is_alone:
                return
            while left := _left(model, tries):
                time.sleep(_LOOKS_SECONDS)
                for key in left.intersection(due(model)):
                    _try(job, key, tries)


def _try(job: _Job, pk: Any, tries: Counter[Any]) -> None:
    tries[pk] += 1
    try:
        job.task(pk)
    except Exception:  # the task has written it to the row; others must not wait for ever
        logger.exception("%s failed", job.task.name)


def _left(model: type[ClaimedRow], tries: Counter[Any]) -> set[Any]:
    waiting = model.claimed_rows().waiting().values_list("pk", flat=True)
    return {pk for pk in waiting if tries[pk] < MOST_TRIES}


@contextmanager
def _alone(name: str) -> Iterator[bool]:
    """Yield whether no other process of this machine does the rows of this task that wait."""
    with (settings.SPOOL / f"{name}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def tend(queue: str) -> None:
    """Free the rows of dead workers, and start those that wait, of all jobs in a queue."""
    for model, job in _JOBS.items():
        if queues.ROUTES[job.task.name]["queue"] == queue:
            for pk in due(model):
                job.task.delay(pk)


def due(model: type[ClaimedRow]) -> list[Any]:
    """Free the rows of dead workers. Return the keys of those that the caller should start."""
    rows = model.claimed_rows()
    for row in rows.take_up():
        _JOBS[model].revive(row)
    return rows.due()
