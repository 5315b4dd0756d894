"""``bin/manage upgrade``: upgrade to a new version while the former one serves."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webmail import upgrading


class Command(BaseCommand):
    help = (
        "Run this after new code was installed. Its steps: check, name the last backup, compile"
        " translations, collect static files, migrate, restart the services. It stops at the first"
        " step that fails; the steps before it do not affect processes of the former version."
    )
    # The first step runs the checks.
    requires_system_checks: list[str] = []  # noqa: RUF012  as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done.")
        parser.add_argument(
            "--offline",
            action="store_true",
            help="The services are stopped: run migrations that do not suit the former version.",
        )
        parser.add_argument(
            "--no-reload",
            action="store_false",
            dest="reload",
            help="Leave the services alone, as on the first of several machines.",
        )

        parser.add_argument(
            "--wait",
            type=int,
            default=0,
            metavar="SECONDS",
            help="Wait so long for a database and a Redis that are just starting.",
        )

    def handle(
        self, *args: Any, dry_run: bool, offline: bool, reload: bool, wait: int, **options: Any
    ) -> None:
        upgrading.wait_for_services(wait)
        chosen = upgrading.UpgradeOptions(dry_run=dry_run, offline=offline, reload=reload)
        for step in upgrading.STEPS:
            self.stdout.write(self.style.MIGRATE_HEADING(step.title))
            try:
                for line in step.run(chosen):
                    self.stdout.write(f"  {line}")
            except upgrading.UpgradeStopped as stopped:
                raise CommandError(f"{stopped}\nStopped at: {step.title}.") from stopped
