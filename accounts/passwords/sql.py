"""The driver for a table in an SQL database that Dovecot and Postfix read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from accounts.passwords import hashing
from accounts.passwords.owner import PasswordOwner
from mail.errors import ServerRefused, ServerUnavailable

PARAMETERS = frozenset({"password", "login", "local", "address", "domain"})


@dataclass(frozen=True, slots=True)
class PasswordTable:
    """A table. ``database`` is an entry for Django's DATABASES. ``statement`` is an UPDATE with
    parameters such as ``%(login)s``; a literal percent sign is doubled."""

    database: dict[str, Any] = field(repr=False)
    statement: str
    scheme: str

    def change(self, owner: PasswordOwner, old: str, new: str) -> None:
        """Run the statement. It must change exactly one row; otherwise it is rolled back. Raises
        ServerRefused, ServerUnavailable."""
        values = {**owner.values, "password": hashing.hashed(new, self.scheme)}
        try:
            with _connection(self.database) as connection:
                rows = _update(connection, self.statement, values)
        except DatabaseError as error:
            # The error's text is left out: PostgreSQL quotes the row whose value breaks a
            # constraint.
            raise ServerUnavailable(
                "The statement failed.", server_words=type(error).__name__
            ) from None
        if rows != 1:
            raise ServerRefused(f"The statement would change {rows} rows instead of one.")


@contextmanager
def _connection(database: dict[str, Any]) -> Iterator[BaseDatabaseWrapper]:
    """Yield a new connection for each change. Passwords change rarely, and an entry in Django's own
    connections would take part in migrations and tests."""
    entry = {**database, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    connection = ConnectionHandler({"default": entry})["default"]
    try:
        yield connection
    finally:
        connection.close()


def _update(connection: BaseDatabaseWrapper, statement: str, values: dict[str, str]) -> int:
    """Run the statement and return the number of rows changed. The change is committed only if it
    is one."""
    connection.set_autocommit(False)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows = int(cursor.rowcount)
        if rows == 1:
            connection.commit()
        return rows
    finally:
        connection.rollback()
