"""``bin/manage run_workers [QUEUE ...]``: the workers that do background jobs.

One queue is worked on by this process. For several, or for all, it imports the project once and
forks a worker for each, which share that memory.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import sys
from importlib import import_module
from typing import Any

import billiard
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webmail.celery import app
from webmail.jobs import queues

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# What Celery imports when a worker starts.
_SHARED = (
    "celery.apps.worker",
    "celery.beat",
    "celery.concurrency.prefork",
    "celery.concurrency.thread",
    "celery.worker.consumer",
    "kombu.transport.redis",
)


class Command(BaseCommand):
    help = "Do background jobs: of the queues that are named, or of all."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="*", metavar="QUEUE", choices=[[], *queues.WORKERS])
        parser.add_argument("--loglevel", default="INFO")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError("There is no queue without REDIS_URL.")
        names = options["queues"] or list(queues.WORKERS)
        settings.SPOOL.mkdir(mode=0o700, parents=True, exist_ok=True)
        if len(names) == 1:
            work(names[0], options["loglevel"])
        ended = Workers(names, options["loglevel"]).wait()
        if ended:
            raise CommandError(f"The worker of the queue {ended} ended; all others were stopped.")


def work(queue: str, loglevel: str) -> None:
    """Be the worker of this queue, until a signal: raises SystemExit then."""
    about, can_fork = queues.WORKERS[queue], _can_make_semaphores()
    if about.seconds and not can_fork:
        logger.warning(
            "No semaphore can be made (see /dev/shm): jobs of the queue %s run without limits of"
            " time and memory.",
            queue,
        )
    worker = app.Worker(**about.options(can_fork=can_fork), loglevel=loglevel, quiet=True)
    worker.start()
    sys.exit(worker.exitcode)


def _can_make_semaphores() -> bool:
    """Celery's processes need them; a chroot without /dev/shm has none."""
    try:
        billiard.Semaphore()
    except OSError:
        return False
    return True


class Workers:
    """A child for each queue. When one of them ends, all do."""

    def __init__(self, names: list[str], loglevel: str) -> None:
        self._is_stopping = False
        app.loader.import_default_modules()
        for module in _SHARED:
            import_module(module)
        gc.collect()
        gc.freeze()  # the collector would write into the memory that the children share
        self._names = {_fork(name, loglevel): name for name in names}
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)

    def wait(self) -> str:
        """Until all have ended; the queue whose worker ended by itself, or an empty string."""
        ended = ""
        while self._names:
            name = self._names.pop(os.wait()[0], "")
            if name and not self._is_stopping:
                ended = name
                self._stop()
        return ended

    def _stop(self, *_signal: object) -> None:
        self._is_stopping = True
        for pid in self._names:
            os.kill(pid, signal.SIGTERM)


def _fork(name: str, loglevel: str) -> int:
    parent = os.getpid()
    if pid := os.fork():
        return pid
    _end_with(parent)
    work(name, loglevel)
    raise AssertionError("work() raises SystemExit")


def _end_with(parent: int) -> None:
    """However the parent ends, this process gets a SIGTERM."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the line above
        sys.exit(1)
