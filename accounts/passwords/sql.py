"""The driver of a table in an SQL database, as Dovecot and Postfix read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from accounts.passwords import hashing
from accounts.passwords.owner import Owner
from webmail.errors import ServerRefused, ServerUnavailable

PARAMETERS = frozenset({"password", "login", "local", "address", "domain"})


@dataclass(frozen=True, slots=True)
class Table:
    """``database`` is an entry as Django's DATABASES has them; ``statement`` an UPDATE whose values
    are named as in ``%(login)s``; a percent sign of its own is doubled."""

    database: dict[str, Any] = field(repr=False)
    statement: str
    scheme: str

    def change(self, owner: Owner, old: str, new: str) -> None:
        """Run the statement; exactly one row must be changed, else none is. Raises ServerRefused,
        ServerUnavailable."""
        values = {**owner.values, "password": hashing.hashed(new, self.scheme)}
        try:
            with _connection(self.database) as connection:
                rows = _update(connection, self.statement, values)
        except DatabaseError as error:
            # Not its words: PostgreSQL shows the row with a value that breaks a constraint.
            raise ServerUnavailable(
                "The statement failed.", server_words=type(error).__name__
            ) from None
        if rows != 1:
            raise ServerRefused(f"The statement would change {rows} rows instead of one.")


@contextmanager
def _connection(database: dict[str, Any]) -> Iterator[BaseDatabaseWrapper]:
    """One of its own for each change: passwords change rarely, and Django's own connections would
    be asked for migrations and tests."""
    entry = {**database, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    connection = ConnectionHandler({"default": entry})["default"]
    try:
        yield connection
    finally:
        connection.close()


def _update(connection: BaseDatabaseWrapper, statement: str, values: dict[str, str]) -> int:
    """Run the statement and return how many rows it changes; they stay changed only if it is
    one."""
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
