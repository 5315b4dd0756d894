"""The steps of an upgrade. After each, both versions work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel.messages import mofile, pofile
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import translation
from django.utils.timesince import timesince

from accounts.health import installation
from core import clock, version
from webmail import backups
from webmail.doctor import own, queues
from webmail.doctor.database import first_line
from webmail.upgrading import migrating, static_files, units

_UNITS: Final = (
    "sudo systemctl reload webmail",
    "sudo systemctl restart 'webmail-worker@*'",
)
_STOP: Final = "sudo systemctl stop webmail.socket webmail 'webmail-worker@*'"
_CONTAINERS: Final = ("podman compose up --detach --force-recreate",)
_STOP_CONTAINERS: Final = "podman compose stop"
_COMPILE: Final = "sudo .venv/bin/pybabel compile --domain django --directory locale"


class UpgradeStopped(Exception):
    """A step failed; the text says what to do. The results of the steps before stay, and do not
    affect processes of the former version."""


@dataclass(frozen=True, slots=True)
class UpgradeOptions:
    """The options. ``dry_run`` only describes the steps. ``offline`` means that the services are
    stopped, so that migrations need not suit the former version. ``reload`` restarts the
    services."""

    dry_run: bool = False
    offline: bool = False
    reload: bool = True


@dataclass(frozen=True, slots=True)
class UpgradeStep:
    """A step. ``run`` yields sentences about what it did, and raises UpgradeStopped."""

    title: str
    run: Callable[[UpgradeOptions], Iterator[str]]


def wait_for_services(seconds: int) -> None:
    """Return when the database and Redis answer, or after this many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            connection.ensure_connection()
        except DatabaseError:
            time.sleep(1)
            continue
        if not any(finding.level == "bad" for finding in queues.redis_findings()):
            return
        time.sleep(1)


def _check(_options: UpgradeOptions) -> Iterator[str]:
    with translation.override("en"):
        findings = [*own.settings_findings(), *queues.redis_findings()]
    wrong = [finding for finding in findings if finding.level == "bad"]
    if wrong:
        raise UpgradeStopped(
            "\n".join(f"{finding.text} {finding.advice}".strip() for finding in wrong)
        )
    try:
        installation.write_to_spool()
    except OSError as error:
        raise UpgradeStopped(
            f"Nothing can be written to the spool {settings.SPOOL}: {error.strerror or error}"
        ) from error
    yield f"Version {version.VERSION}: settings, Redis and spool are well."
    yield from (
        f"{finding.text} {finding.advice}" for finding in findings if finding.level == "warn"
    )


def _backup(_options: UpgradeOptions) -> Iterator[str]:
    last = backups.last_backup()
    if last is None:
        yield "No backup was made of this spool. To make one: bin/manage backup FOLDER"
        return
    with translation.override("en"):
        age = timesince(last.made)
    yield f"The last backup was made {age} ago, in {last.folder}."
    if clock.now() - last.made > static_files.KEPT:
        yield "To make a new one: bin/manage backup FOLDER"


def _compile(options: UpgradeOptions) -> Iterator[str]:
    stale = [po for po in settings.BASE_DIR.glob("locale/*/LC_MESSAGES/*.po") if _is_stale(po)]
    for po in stale:
        if not options.dry_run:
            try:
                _compile_one(po)
            except OSError as error:
                raise UpgradeStopped(
                    f"The translations cannot be written ({error.strerror}). As root:"
                    f" cd {settings.BASE_DIR} && {_COMPILE}"
                ) from error
        yield f"Compiled {po.relative_to(settings.BASE_DIR)}."
    if not stale:
        yield "The translations are those of this version."


def _is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime


def _compile_one(po: Path) -> None:
    new = po.with_suffix(".mo.new")
    with po.open("rb") as source, new.open("wb") as target:
        mofile.write_mo(target, pofile.read_po(source))
    new.replace(po.with_suffix(".mo"))


def _collect(options: UpgradeOptions) -> Iterator[str]:
    if options.dry_run:
        yield f"Would write static files to {settings.STATIC_ROOT}."
        return
    try:
        call_command("collectstatic", interactive=False, verbosity=0)
        removed = static_files.prune()
    except (OSError, ValueError, CommandError) as error:
        raise UpgradeStopped(
            f"The static files could not be written to {settings.STATIC_ROOT}: {error}"
        ) from error
    yield (
        "The static files are there, beside those of the former version;"
        f" {removed} of older versions were removed."
    )


def _migrate(options: UpgradeOptions) -> Iterator[str]:
    try:
        missing, is_empty = migrating.plan(), migrating.is_empty()
    except DatabaseError as error:
        raise UpgradeStopped(f"The database does not answer: {first_line(error)}") from error
    if not missing:
        yield "The database has all that this version needs."
        return
    breaking = {
        str(migration): lines for migration in missing if (lines := migrating.breaking(migration))
    }
    if breaking and not (options.offline or is_empty):
        named = "; ".join(f"{name}: {', '.join(lines)}" for name, lines in breaking.items())
        raise UpgradeStopped(
            f"The former version cannot work beside these migrations: {named}. Stop the services"
            f" ({_STOP if units.has_systemd() else _STOP_CONTAINERS}), run this command"
            " with --offline, and start them again."
        )
    if not options.dry_run:
        try:
            migrating.limit_locks()
            call_command("migrate", interactive=False, verbosity=0)
        except DatabaseError as error:
            raise UpgradeStopped(
                f"A migration failed and was undone: {first_line(error)}. The former version goes"
                " on; run the command again when the cause is gone."
            ) from error
    verb = "Would run" if options.dry_run else "Ran"
    yield f"{verb} {len(missing)} migrations: {', '.join(map(str, missing))}."


def _renew(options: UpgradeOptions) -> Iterator[str]:
    there = units.running()
    if options.offline or not options.reload or not there:
        yield "Start the services anew:"
        yield from _UNITS if units.has_systemd() else _CONTAINERS
        return
    if options.dry_run:
        yield from (f"Would do: {service.command}" for service in there)
        return
    refused = [service for service in there if not service.renew()]
    yield from (f"{service.unit} starts anew." for service in there if service not in refused)
    if refused:
        yield "This account may not signal these services:"
        yield from (service.command for service in refused)


STEPS: Final = (
    UpgradeStep("Check", _check),
    UpgradeStep("Backup", _backup),
    UpgradeStep("Translations", _compile),
    UpgradeStep("Static files", _collect),
    UpgradeStep("Database", _migrate),
    UpgradeStep("Services", _renew),
)
