"""Read the database of another webmail, by statements that each return a limited number of values
of limited size."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from webmail.migrating.texts import lenient

Row = tuple[Any, ...]

_NO_DRIVER = (
    "MySQL and MariaDB need a driver: pip install --require-hashes -r requirements-mysql.txt"
)


class Unreadable(Exception):
    """The database cannot be reached, or does not belong to the expected program. The text is for
    administrators."""


class Source:
    """An open database, and the prefix of its table names."""

    def __init__(self, connection: BaseDatabaseWrapper, prefix: str = "") -> None:
        self._connection, self._prefix = connection, prefix
        self._columns: dict[str, list[str]] = {}
        with connection.cursor() as cursor:
            self._tables = set(connection.introspection.table_names(cursor, include_views=True))

    def has(self, table: str) -> bool:
        return self._prefix + table in self._tables

    def need(self, *tables: str) -> None:
        """Raises Unreadable where a table is missing."""
        if missing := [self._prefix + name for name in tables if not self.has(name)]:
            raise Unreadable(f"There is no table {', '.join(missing)} (--prefix names a prefix).")

    def table(self, name: str) -> str:
        """Return the quoted name of a table."""
        return self._connection.ops.quote_name(self._prefix + name)

    def column(self, name: str) -> str:
        return self._connection.ops.quote_name(name)

    def columns(self, table: str) -> list[str]:
        """Return the names of a table's columns, in order."""
        if table not in self._columns:
            introspection = self._connection.introspection
            with self._connection.cursor() as cursor:
                described = introspection.get_table_description(cursor, self._prefix + table)
            self._columns[table] = [column.name for column in described]
        return self._columns[table]

    def cut(self, name: str, most: int) -> str:
        """Return an SQL expression for the first ``most`` characters or bytes of a column and one
        more, which shows that the value is longer. Larger values never leave the database."""
        return f"SUBSTR({self.column(name)}, 1, {most + 1})"

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()


@contextmanager
def opened(url: str, prefix: str = "") -> Iterator[Source]:
    """Open the database at ``postgresql://user:password@host/name``, ``mysql://…`` or
    ``sqlite:////path``. Raises Unreadable."""
    handler = ConnectionHandler({"default": _entry(url)})
    try:
        connection = handler["default"]
    except ImproperlyConfigured as error:
        raise Unreadable(_NO_DRIVER if "MySQLdb" in str(error) else str(error)) from error
    # Our simple statements also run on servers that Django itself no longer supports.
    connection.check_database_version_supported = lambda: None  # type: ignore[method-assign]
    try:
        connection.ensure_connection()
        _read_any_text(connection)
        source = Source(connection, prefix)
    except DatabaseError as error:
        connection.close()
        # Only the first line of the server's message, which never contains the password.
        words = str(error).strip().partition("\n")[0]
        raise Unreadable(f"The database is not reached: {words}") from error
    try:
        yield source
    finally:
        connection.close()


def _entry(url: str) -> dict[str, Any]:
    """Return an entry for Django's DATABASES."""
    parts = urlsplit(url)
    entry = {"CONN_MAX_AGE": None, "TIME_ZONE": None}
    match parts.scheme:
        case "sqlite" | "sqlite3":
            path = quote(unquote(parts.path)[1:])
            return entry | {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": f"file:{path}?mode=ro",
                "OPTIONS": {"uri": True, "timeout": 20},
            }
        case "postgres" | "postgresql":
            options = {name: words[-1] for name, words in parse_qs(parts.query).items()}
            return entry | {
                "ENGINE": "django.db.backends.postgresql",
                **_server(url),
                "OPTIONS": options | {"options": "-c default_transaction_read_only=on"},
            }
        case "mysql" | "mariadb":
            _take_driver()
            return entry | {
                "ENGINE": "django.db.backends.mysql",
                **_server(url),
                "OPTIONS": {
                    "charset": "utf8mb4",
                    "init_command": "SET SESSION TRANSACTION READ ONLY",
                    "connect_timeout": 20,
                },
            }
    raise Unreadable("--database is postgresql://…, mysql://… or sqlite:////path.")


def _server(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise Unreadable("--database: the port is no number.") from error
    return {
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
    }


def _take_driver() -> None:
    """Use PyMySQL where mysqlclient is not installed."""
    try:
        importlib.import_module("MySQLdb")
    except ImportError:
        try:
            importlib.import_module("pymysql").install_as_MySQLdb()
        except ImportError as error:
            raise Unreadable(_NO_DRIVER) from error


def _read_any_text(connection: BaseDatabaseWrapper) -> None:
    """Read text that is not UTF-8 as windows-1252, where the database guarantees no charset."""
    if connection.vendor == "sqlite":
        connection.connection.text_factory = lenient
    elif connection.vendor == "postgresql":
        from psycopg.adapt import Loader

        class AnyText(Loader):
            def load(self, data: Any) -> str:
                return lenient(bytes(data))

        for kind in ("text", "varchar", "bpchar", "name", '"char"'):
            connection.connection.adapters.register_loader(kind, AnyText)
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_encoding")
            if cursor.fetchone() == ("SQL_ASCII",):
                # Otherwise the server refuses to return text that is not UTF-8.
                cursor.execute("SET client_encoding TO 'SQL_ASCII'")
