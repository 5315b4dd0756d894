"""Test every part of an installation, and report what is wrong and what to do about it.

`bin/manage doctor` and the page "Self-check" of the administration show the same findings. Each
part is tested by itself, so that a failing test hides none of the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError, connections
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.health.findings import Finding, bad
from webmail.doctor import address, backup, database, keys, mail, own, queues

logger = logging.getLogger(__name__)
Check = Callable[[], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class InstallationPart:
    """A part of the installation. ``name`` is its key in the output of ``doctor --json``."""

    name: str
    title: Promise
    check: Check


@dataclass(frozen=True, slots=True)
class ExaminedPart:
    part: InstallationPart
    findings: list[Finding]


PARTS: Final = (
    InstallationPart("settings", _("Settings"), own.settings_findings),
    InstallationPart("files", _("Files on this machine"), own.file_findings),
    InstallationPart("database", _("Database"), database.findings),
    InstallationPart("keys", _("Secret keys"), keys.findings),
    InstallationPart("redis", _("Redis"), queues.redis_findings),
    InstallationPart("jobs", _("Background jobs"), queues.job_findings),
    InstallationPart("address", _("The address that users type"), address.findings),
    InstallationPart("mail", _("Mail servers"), mail.findings),
    InstallationPart("others", _("Other servers"), mail.other_findings),
    InstallationPart("backup", _("Backups"), backup.findings),
    InstallationPart("office", _("Office files"), own.office_findings),
)


def examine() -> list[ExaminedPart]:
    """Test all parts at the same time, so that the test takes as long as the slowest part: about
    twenty seconds when a server does not answer."""
    language = translation.get_language()

    def examine_part(part: InstallationPart) -> ExaminedPart:
        with translation.override(language):
            return ExaminedPart(part, _findings(part))

    with ThreadPoolExecutor(len(PARTS)) as threads:
        return list(threads.map(examine_part, PARTS))


def _findings(part: InstallationPart) -> list[Finding]:
    try:
        return list(part.check())
    except DatabaseError:
        advice = gettext("The database must answer first, with all its tables.")
        return [bad(gettext("This could not be tried."), advice)]
    except Exception as error:
        logger.exception("doctor: %s", part.name)
        words = {"error": f"{type(error).__name__}: {error}"}
        return [
            bad(
                gettext("This could not be tried: %(error)s") % words,
                gettext("The log of this process has more."),
            )
        ]
    finally:
        connections.close_all()


def is_well(examined: Iterable[ExaminedPart]) -> bool:
    """Return whether nothing is wrong. Warnings do not count."""
    return not any(finding.level == "bad" for part in examined for finding in part.findings)
