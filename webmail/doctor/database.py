"""The database: whether it answers, has the tables of this version, and allows enough
connections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.health import installation
from accounts.health.findings import Finding, bad, ok, warn

_OLDEST_POSTGRESQL: Final = 140000
_THREADS: Final = 16  # in each web process, each with its own connection (webmail/asgi.py)
_FOR_JOBS: Final = 16
_SKEW_SECONDS: Final = 2.0


def findings() -> Iterator[Finding]:
    """Yield the findings about the database of DATABASE_URL."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        yield bad(
            gettext("The database does not answer: %(error)s") % {"error": first_line(error)},
            gettext("Is DATABASE_URL right, does the server run, and does it let this account in?"),
        )
        return
    yield from _migrations()
    if connection.vendor == "postgresql":
        yield from _postgresql()
    else:
        yield warn(
            gettext("The database is an SQLite file."),
            gettext("That is for a trial; with several processes use PostgreSQL (DATABASE_URL)."),
        )


def first_line(error: Exception) -> str:
    """Return the first line of an error. Servers add nothing useful below it."""
    return str(error).strip().partition("\n")[0]


def _migrations() -> Iterator[Finding]:
    missing = installation.missing_migrations()
    if missing:
        yield bad(
            ngettext(
                "The database lacks %(count)s change of this version.",
                "The database lacks %(count)s changes of this version.",
                missing,
            )
            % {"count": missing},
            "bin/manage upgrade",
        )
    else:
        yield ok(gettext("The database answers, and has all tables of this version."))


def _postgresql() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0])
        cursor.execute("SHOW server_encoding")
        encoding = str(cursor.fetchone()[0])
        cursor.execute("SHOW max_connections")
        most = int(cursor.fetchone()[0])
        cursor.execute("SELECT now()")
        now: datetime = cursor.fetchone()[0]
    if version < _OLDEST_POSTGRESQL:
        yield bad(
            gettext("PostgreSQL is older than version 14."), gettext("Upgrade it: it is not tried.")
        )
    if encoding != "UTF8":
        yield bad(
            gettext("The database is encoded in %(encoding)s.") % {"encoding": encoding},
            gettext("Make it anew with --encoding UTF8: names and texts need it."),
        )
    yield from clock_findings(abs((timezone.now() - now).total_seconds()))
    needed = settings.PROCESSES * _THREADS + _FOR_JOBS
    words = {"most": most, "needed": needed}
    if most < needed:
        yield warn(
            gettext(
                "PostgreSQL lets in %(most)s connections, and this machine may open %(needed)s."
            )
            % words,
            gettext(
                "Raise max_connections to the sum of all machines and some more, or put PgBouncer"
                " between."
            ),
        )
    else:
        yield ok(
            gettext("PostgreSQL lets in %(most)s connections; %(needed)s may be open.") % words
        )


def clock_findings(skew: float) -> Iterator[Finding]:
    """Yield a finding if the clocks of this machine and of the database differ by too many
    seconds."""
    if skew > _SKEW_SECONDS:
        yield bad(
            gettext("The clocks of this machine and of the database differ by %(seconds)s seconds.")
            % {"seconds": round(skew)},
            gettext(
                "Let both follow a time server (systemd-timesyncd or chrony): messages and sessions"
                " go by the database's clock, second factors and certificates by this machine's."
            ),
        )
