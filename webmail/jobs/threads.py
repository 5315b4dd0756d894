"""The threads of one process that does the jobs of several queues: no queue waits for another.

Celery's own pool has the same threads for all, so that four messages which a mail server keeps
waiting would keep everything waiting. Here each queue has its own, and while they are all busy no
job is taken from it: it is there for another machine's worker.
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

from webmail.jobs import forking, queues

Traced = tuple[int, str | None, float]


class FreeQueues(round_robin_cycle):
    """Kombu's order of the queues, in which one whose threads are busy is left out
    (``queue_order_strategy``)."""

    is_free: ClassVar[Callable[[str], bool]] = lambda _queue: True

    def consume(self, n: int) -> Any:
        return [queue for queue in super().consume(n) if FreeQueues.is_free(queue)]


class Threads(BasePool):
    """A pool of Celery's. Jobs that have a limit of time are done by processes of their own, for
    which a thread waits."""

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
        """Called by the thread that takes jobs from the broker."""
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
    """Do a job as Celery's ``trace_task_ret`` does, elsewhere. What goes wrong is logged there."""
    begun = time.monotonic()
    limits = queues.WORKERS[queues.ROUTES[task]["queue"]]
    forking.run([task, identifier, request, *body], limits.seconds, limits.hard_seconds)
    return 0, None, time.monotonic() - begun
