"""Emptying the database after a test that wrote for all to see.

Django's ``flush`` truncates every table, for each of which PostgreSQL makes new files, and writes
content types, permissions and the roles' groups anew. Such a test fills a dozen tables with a few
rows: those rows are deleted here, and what a migration made stays.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = ("auth_group", "auth_permission", "django_content_type")
"""The tables of what a migration made. They refer to no others."""


class Emptying:
    """Takes the place of Django's own way, ``flush``. That is used after the first test, since
    migrations may leave rows elsewhere, and where a kept table has more rows or fewer."""

    def __init__(self, flush: Callable[[TransactionTestCase], None]) -> None:
        self._flush = flush
        self._kept: dict[str, int] = {}

    def after(self, case: TransactionTestCase) -> None:
        if self._kept and self._kept == _counted():
            _delete_rows()
            return
        self._flush(case)
        self._kept = _counted()


def _counted() -> dict[str, int]:
    """How many rows the kept tables have."""
    columns = ", ".join(f"(SELECT COUNT(*) FROM {table})" for table in KEPT)  # noqa: S608  our tables
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}")
        return dict(zip(KEPT, cursor.fetchone() or (), strict=True))


def _delete_rows() -> None:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608  our tables
                for name in sorted(set(names) - set(KEPT))
            )
        )
        # In any order: foreign keys are looked at when the transaction ends.
        for (name,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608  our tables
