"""The threads of a process that does the jobs of several queues, so that no queue waits for
another.

Celery's own pool shares its threads, so that four messages that wait for a slow mail server would
block all queues. Here each queue has its own threads. While they are all busy, no job is taken from
the queue, so that a worker on another machine can take it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, ClassVar

from celery.concurrency.base import BasePool, apply_target
from kombu.utils.scheduling import round_robin_cycle

from core import queues
from webmail.jobs import forking

Traced = tuple[int, str | None, float]


class FreeQueues(round_robin_cycle):
    """Kombu's order of the queues (``queue_order_strategy``), without those whose threads are all
    busy.
    """

    is_free: ClassVar[Callable[[str], bool]] = lambda _queue: True

    def consume(self, n: int) -> Any:
        return [queue for queue in super().consume(n) if FreeQueues.is_free(queue)]


class QueueThreads(BasePool):
    """A pool of Celery's. A thread runs each job; if the job has a time limit, the thread waits for
    a process that runs it.
    """

    body_can_be_buffer = True
    signal_safe = False

    def on_start(self) -> None:
        self._lock = Lock()
        self._busy: Counter[str] = Counter()
        self._executors = {
            name: ThreadPoolExecutor(worker.concurrency, thread_name_prefix=name)
            for name, worker in queues.WORKERS.items()
        }
        FreeQueues.is_free = self._is_free

    def on_stop(self) -> None:
        for executor in self._executors.values():
            executor.shutdown(wait=False, cancel_futures=True)
        for executor in self._executors.values():
            executor.shutdown()

    def on_apply(
        self,
        target: Callable[..., Traced],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        callback: Callable[..., object] | None = None,
        accept_callback: Callable[..., object] | None = None,
        **_more: Any,
    ) -> None:
        """Start a job. The thread that takes jobs from the broker calls this."""
        worker = queues.WORKERS[queues.ROUTES[args[0]]["queue"]]
        if worker.seconds:
            target = _in_process
        with self._lock:
            self._busy[worker.queue] += 1

        def apply() -> None:
            try:
                apply_target(target, args, kwargs, callback, accept_callback)
            finally:
                with self._lock:
                    self._busy[worker.queue] -= 1

        self._executors[worker.queue].submit(apply)

    def _is_free(self, queue: str) -> bool:
        worker = queues.worker_of(queue)
        return self._busy[worker.queue] < worker.concurrency


def _in_process(task: str, identifier: str, request: dict[str, Any], *body: Any) -> Traced:
    """Do a job as Celery's ``trace_task_ret`` does, in another process, which logs errors."""
    begun = time.monotonic()
    limits = queues.WORKERS[queues.ROUTES[task]["queue"]]
    forking.run([task, identifier, request, *body], limits.seconds, limits.hard_seconds)
    return 0, None, time.monotonic() - begun
