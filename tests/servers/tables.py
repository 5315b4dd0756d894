"""The tests' database: made once for all processes, and emptied after a test that wrote for all
to see.

Django's ``flush`` truncates every table, for each of which PostgreSQL makes new files, and writes
content types, permissions and the roles' groups anew. Such a test fills a dozen tables with a few
rows: those rows are deleted here, and what a migration made stays.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
from django.db import connection, transaction
from django.test import TransactionTestCase

from tests.waiting import LONGEST_S

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("auth_group", "auth_permission", "django_content_type")
"""The tables of what a migration made. They refer to no others."""


# What deleted rows leave in the files of their tables is cleared by a flush so often.
FLUSHED_EVERY = 50


class Emptying:
    """Takes the place of Django's own way, ``flush``. That is used after the first test, since
    migrations may leave rows elsewhere, where a kept table has more rows or fewer, and now and
    then."""

    def __init__(self, flush: Callable[[TransactionTestCase], None]) -> None:
        self._flush = flush
        self._kept: dict[str, int] = {}
        self._count = 0

    def after(self, case: TransactionTestCase) -> None:
        self._count += 1
        if self._kept and self._count % FLUSHED_EVERY and self._kept == _counted():
            delete_rows()
            return
        self._flush(case)
        self._kept = _counted()


def _counted() -> dict[str, int]:
    """How many rows the kept tables have."""
    columns = ", ".join(f"(SELECT COUNT(*) FROM {table})" for table in KEPT)  # noqa: S608  our tables
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}")
        return dict(zip(KEPT, cursor.fetchone() or (), strict=True))


def delete_rows() -> None:
    """Empty all tables but the kept ones."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = sorted(set(names) - {*KEPT, "django_migrations"})
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # As TRUNCATE does, wait for requests of the test that go on in other threads: what they
            # write later would stay.
            cursor.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608  our tables
                for name in tables
            )
        )
        # In any order: foreign keys are looked at when the transaction ends.
        for (name,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608  our tables


def migrate_anew(server: str, name: str) -> None:
    """Make the database on the server with the URL, which has what a killed run left no more."""
    with psycopg.connect(server, autocommit=True) as connected:
        connected.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        connected.execute(f"CREATE DATABASE {name}".encode())
    own = {"DATABASE_URL": f"{server.rpartition('/')[0]}/{name}", "WEBMAIL_SECRET_KEY": "none"}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, env=os.environ | own, cwd=ROOT, check=True, timeout=2 * LONGEST_S)  # noqa: S603
