"""The log of a user's connections to the mail servers: begun by an administrator with a reason,
ended by itself after an hour.

While it lasts, connections that are opened for the user write masked lines (`mail.wirelog`), which
are stored sealed. Whether it lasts is known from the user, whom every request has loaded.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from django.http import HttpRequest

from accounts import audit
from accounts.models import AuditEvent, User, WireLog, WireLogPiece
from accounts.sealed import rows
from core import clock
from mail import wirelog

LONGEST_REASON: Final = 200
_PURPOSE: Final = b"wire log"
_FULL: Final = "…"

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_journals: dict[tuple[int, datetime], wirelog.Journal] = {}


def is_offered() -> bool:
    """Return whether the installation allows such logs."""
    return bool(settings.WIRE_LOG)


def lasts_until(user: User) -> datetime | None:
    """Return when the log of a user ends, or None when none is being written."""
    until = user.logged_until
    return until if until is not None and is_offered() and clock.now() < until else None


def begin(request: HttpRequest, user: User, reason: str) -> None:
    """Log the user's connections for an hour from now, and write who asked and why to the audit
    log. A log that lasts already is ended."""
    now = clock.now()
    with transaction.atomic():
        _set_end(user, now)
        WireLog.objects.create(user=user, begun=now, until=now + WireLog.LASTS)
        _set_end(user, now + WireLog.LASTS)
        _record(request, user, "log begun", why=reason[:LONGEST_REASON])


def end(request: HttpRequest, user: User) -> None:
    """End the log that lasts, before its hour is over."""
    if lasts_until(user) is not None:
        with transaction.atomic():
            _set_end(user, clock.now())
            _record(request, user, "log ended")


def read_lines(request: HttpRequest, log: WireLog) -> list[str]:
    """Return all lines of a log, and write to the audit log that they were read."""
    _record(request, log.user, "log read")
    return [
        line
        for piece in log.pieces.all()
        for line in rows.opened(_PURPOSE, log.number, log.user_id, piece.sealed)
        .decode()
        .splitlines()
    ]


def kept_logs(user: User) -> list[WireLog]:
    """Return the logs of a user that are still kept, newest first."""
    kept = WireLog.objects.filter(user=user, until__gte=clock.now() - WireLog.KEPT)
    return list(kept.select_related("user"))


@contextmanager
def kept(user: User) -> Iterator[None]:
    """Write what the connections that are opened or used in this block say to the user's log,
    where one lasts."""
    try:
        with logged(user):
            yield
    finally:
        write(user)


@contextmanager
def logged(user: User) -> Iterator[None]:
    """Do as `kept` without storing anything: for an event loop, which calls `write` in a thread."""
    if (journal := _journal_of(user)) is None:
        yield
        return
    with wirelog.logged(journal):
        yield


def write(user: User) -> None:
    """Store the lines that wait. A database that takes none loses them, and stops nothing else."""
    journal = _known(user)
    lines = journal.taken() if journal is not None else []
    if not lines:
        return
    try:
        with transaction.atomic():
            _store(user, lines)
    except DatabaseError as error:
        logger.warning("lines of a log of connections are lost: %s", type(error).__name__)


def _store(user: User, lines: list[str]) -> None:
    log = WireLog.objects.filter(user=user, until=user.logged_until).first()  # type: ignore[misc]
    if log is None or log.lines >= WireLog.MOST_LINES or log.size >= WireLog.MOST_BYTES:
        return
    text = _bounded(lines, WireLog.MOST_LINES - log.lines, WireLog.MOST_BYTES - log.size)
    sealed = rows.seal(_PURPOSE, log.number, log.user_id, text.encode())
    WireLogPiece.objects.create(log=log, sealed=sealed)
    WireLog.objects.filter(pk=log.pk).update(
        lines=F("lines") + text.count("\n"), size=F("size") + len(text.encode())
    )


def _bounded(lines: list[str], most_lines: int, most_bytes: int) -> str:
    """Return the lines as text, with … in the place of those that are too many."""
    text, size = [], 0
    for line in lines[:most_lines]:
        size += len(line.encode()) + 1
        if size > most_bytes:
            break
        text.append(line)
    if len(text) < len(lines):
        text.append(_FULL)
    return "".join(f"{line}\n" for line in text)


def _journal_of(user: User) -> wirelog.Journal | None:
    """Return where this process writes a user's lines, or None when no log lasts."""
    until = lasts_until(user)
    if until is None:
        return None
    with _lock:
        for key in [key for key, journal in _journals.items() if journal.is_over]:
            del _journals[key]
        ends = time.monotonic() + (until - clock.now()).total_seconds()
        return _journals.setdefault((user.pk, until), wirelog.Journal(ends, _stamp))


def _known(user: User) -> wirelog.Journal | None:
    return _journals.get((user.pk, user.logged_until)) if user.logged_until else None


def _stamp() -> str:
    return clock.now().strftime("%H:%M:%S.%f")[:-3]


def _set_end(user: User, until: datetime) -> None:
    if user.logged_until is not None:
        WireLog.objects.filter(user=user, until=user.logged_until, until__gt=until).update(
            until=until
        )
    user.logged_until = until
    user.save(update_fields=["logged_until"])


def _record(request: HttpRequest, user: User, change: str, why: str = "") -> None:
    detail = {"why": why} if why else {}
    audit.record(
        AuditEvent.Kind.WIRE_LOGGED,
        request,
        target=str(user),
        change=change,
        **detail,  # type: ignore[arg-type]  # no detail is named as a parameter
    )
