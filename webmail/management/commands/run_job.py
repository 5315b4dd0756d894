"""``bin/manage run_job TASK KEY``: do the job of a row, and those that wait behind it.

The web server starts it where there is no broker (`accounts.apart`).
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import tending
from webmail import tasks


class Command(BaseCommand):
    help = "Do a job in this process, where there is no broker."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        apart = [
            task.name
            for task in (tasks.do_transfer, tasks.unsubscribe, tasks.export_data, tasks.run_pull)
        ]
        parser.add_argument("task", choices=apart)
        parser.add_argument("key")

    def handle(self, *_args: Any, **options: Any) -> None:
        tending.run_apart(options["task"], options["key"])
