"""The worker of some queues: a parent process that has imported the project, the process that it
forks to take jobs, and one process for each job that may have to be killed. They share the parent's
memory.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from celery.beat import EmbeddedService
from django.conf import settings
from django.db import connections

from core import queues
from webmail.celery import app
from webmail.jobs import forking

_BEAT_SECONDS = 5


def serve(
    names: Sequence[str], loglevel: str, show_life: Callable[[], object] = lambda: None
) -> int:
    """Do the jobs of these queues until a signal. Return the exit code of the process that took
    them. ``show_life`` is called every few seconds.
    """
    settings.SPOOL.mkdir(mode=0o700, parents=True, exist_ok=True)
    prepare()
    connections.close_all()
    gc.collect()
    gc.freeze()  # the garbage collector would write into memory that the processes share
    return forking.serve(lambda: _take_jobs(names, loglevel), loglevel, show_life)


def prepare() -> None:
    """Import the modules that jobs need, for this process and those forked from it."""
    app.loader.import_default_modules()
    app.finalize()


def _take_jobs(names: Sequence[str], loglevel: str) -> NoReturn:
    worker = app.Worker(**queues.options(names), loglevel=loglevel, quiet=True)
    if any(queues.WORKERS[name].has_beat for name in names):
        beat: Any = EmbeddedService(app, scheduler_cls=settings.CELERY_BEAT_SCHEDULER, thread=True)
        beat.start()
        worker.start()
        # Stopping takes for ever while Redis is down.
        beat.service.stop()
        beat.join(_BEAT_SECONDS)
    else:
        worker.start()
    sys.exit(worker.exitcode)
