"""Rows that no worker has, found by beat and handed to one.

A model says when a worker should have begun its rows (`ClaimedQuerySet.due`), and after which
silence a worker counts as dead (`ClaimedQuerySet.dead`). `job` makes the task that does a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from celery import Task, shared_task

from accounts.claims import ClaimedRow
from core import queues


@dataclass(frozen=True)
class _Job:
    task: Task[[Any], None]
    revive: Callable[[Any], object]


_JOBS: dict[type[ClaimedRow], _Job] = {}


def job(
    model: type[ClaimedRow], revive: Callable[[Any], object] = ClaimedRow.wait_again
) -> Callable[[Callable[[Any], None]], Task[[Any], None]]:
    """Make a function the task that does the rows of a model, by their primary key. ``revive`` ends
    the claim of a row whose worker died: it waits for another worker, or has failed."""

    def register(function: Callable[[Any], None]) -> Task[[Any], None]:
        task = shared_task(function)
        _JOBS[model] = _Job(task, revive)
        return task

    return register


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
