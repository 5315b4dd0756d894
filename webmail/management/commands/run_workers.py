"""``bin/manage run_workers [QUEUE ...]``: run the worker for the named queues, or for all."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import queues
from webmail.jobs import running


class Command(BaseCommand):
    help = "Run background jobs of the named queues, or of all."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="*", metavar="QUEUE", choices=[[], *queues.WORKERS])
        parser.add_argument("--loglevel", default="INFO")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError("There is no queue without REDIS_URL.")
        if running.serve(options["queues"] or list(queues.WORKERS), options["loglevel"]):
            raise CommandError("The process that takes jobs ended.")
