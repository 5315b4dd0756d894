"""``bin/manage run_workers [QUEUE ...]``: the worker that does background jobs.

It imports the project once and forks the process that takes jobs, of the queues that are named or
of all, and one for each job that must be ended when it takes too long. They share that memory.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import Any, NoReturn

from celery.beat import EmbeddedService
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from webmail.celery import app
from webmail.jobs import forking, queues

# What Celery imports when a worker starts.
_SHARED = (
    "celery.apps.worker",
    "celery.worker.consumer",
    "kombu.transport.redis",
    "webmail.jobs.threads",
)
_BEAT_SECONDS = 5


class Command(BaseCommand):
    help = "Do background jobs: of the queues that are named, or of all."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="*", metavar="QUEUE", choices=[[], *queues.WORKERS])
        parser.add_argument("--loglevel", default="INFO")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError("There is no queue without REDIS_URL.")
        names, loglevel = options["queues"] or list(queues.WORKERS), options["loglevel"]
        settings.SPOOL.mkdir(mode=0o700, parents=True, exist_ok=True)
        _import_all()
        if forking.serve(lambda: work(names, loglevel), loglevel):
            raise CommandError("The process that takes jobs ended.")


def _import_all() -> None:
    app.loader.import_default_modules()
    for module in _SHARED:
        import_module(module)
    app.finalize()
    connections.close_all()
    gc.collect()
    gc.freeze()  # the collector would write into the memory that the processes share


def work(names: list[str], loglevel: str) -> NoReturn:
    """Take jobs from these queues, until a signal."""
    worker = app.Worker(**queues.options(names), loglevel=loglevel, quiet=True)
    if any(queues.WORKERS[name].has_beat for name in names):
        beat: Any = EmbeddedService(app, thread=True)
        beat.start()
        worker.start()
        # Not for ever, which it takes while Redis is down.
        beat.service.stop()
        beat.join(_BEAT_SECONDS)
    else:
        worker.start()
    sys.exit(worker.exitcode)
