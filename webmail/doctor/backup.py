"""The last backup: whether there is one, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.utils.timesince import timesince
from django.utils.translation import gettext

from accounts.health.findings import Finding, ok, warn
from core import clock
from webmail import backups

# A day, and the time by which the nightly timer may be late.
_OLD: Final = timedelta(hours=26)


def findings() -> Iterator[Finding]:
    """Yield a finding about the last backup that `bin/manage backup` made."""
    last = backups.last_backup()
    advice = gettext("systemctl enable --now webmail-backup.timer (docs/install.md, “Backups”)")
    if last is None:
        yield warn(gettext("No backup was made of this installation."), advice)
        return
    words = {"age": timesince(last.made, clock.now()), "folder": last.folder}
    text = gettext("The last backup is %(age)s old: %(folder)s.") % words
    yield warn(text, advice) if clock.now() - last.made > _OLD else ok(text)
