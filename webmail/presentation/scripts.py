"""Sieve scripts of other programs, in words."""

from __future__ import annotations

import re
from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext

_COPY = re.compile(r"webmail-backup-(\d{4}-\d\d-\d\d)-(\d{6})", re.ASCII)


def kept_on(name: str) -> str:
    """``Copy of 1 January 2026, 12:00``: when a copy of the script was made, as its name says in
    the time of its user; any other name as it is."""
    try:
        match = _COPY.fullmatch(name)
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}") if match else None
    except ValueError:
        moment = None
    if moment is None:
        return name
    when = {"day": formats.date_format(moment), "time": formats.time_format(moment)}
    return gettext("Copy of %(day)s, %(time)s") % when
