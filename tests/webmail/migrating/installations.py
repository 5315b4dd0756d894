"""Databases of other webmails, as their programs fill them."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.db import connection

DATA = Path(__file__).resolve().parents[2] / "data" / "migrating"


def serialised(value: object, charset: str = "utf-8") -> bytes:
    """As PHP's ``serialize()`` does: lengths count bytes."""
    match value:
        case None:
            return b"N;"
        case bool():
            return b"b:%d;" % value
        case int():
            return b"i:%d;" % value
        case float():
            return f"d:{value!r};".encode()
        case str():
            raw = value.encode(charset)
            return b's:%d:"%s";' % (len(raw), raw)
        case list():
            return serialised(dict(enumerate(value)), charset)
        case dict():
            inner = b"".join(
                serialised(key, charset) + serialised(one, charset) for key, one in value.items()
            )
            return b"a:%d:{%s}" % (len(value), inner)
    raise TypeError(value)


class Installation:
    """A database with its tables, on SQLite or PostgreSQL."""

    def __init__(self, kind: str, url: str, opened: Any) -> None:
        self.kind, self.url, self._opened = kind, url, opened
        self._number = 0

    def run(self, statement: str, values: tuple[object, ...] = ()) -> None:
        cursor = self._opened.cursor()
        cursor.execute(statement if self.kind != "sqlite" else statement.replace("%s", "?"), values)
        self._opened.commit()

    def add(self, table: str, **columns: object) -> int:
        """A row; its number, which is also its key where the table has one of this name."""
        self._number += 1
        if key := KEYS.get(table):
            columns.setdefault(key, self._number)
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join(["%s"] * len(columns))
        self.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(columns.values()))  # noqa: S608
        return self._number


KEYS = {
    "users": "user_id",
    "identities": "identity_id",
    "contacts": "contact_id",
    "contactgroups": "contactgroup_id",
    "searches": "search_id",
    "collected_addresses": "address_id",
    "responses": "response_id",
    "turba_sharesng": "share_id",
    "imp_sentmail": "sentmail_id",
}


@contextmanager
def installed(kind: str, program: str, folder: Path) -> Iterator[Installation]:
    schema = (DATA / f"{program}.sql").read_text(encoding="utf-8")
    if kind == "sqlite":
        path = folder / f"{program}.sqlite3"
        file = sqlite3.connect(path)
        file.executescript(schema.replace("{blob}", "blob"))
        yield Installation(kind, f"sqlite:///{path}", file)
        file.close()
        return
    with _postgresql_database() as url, psycopg.connect(url) as opened:
        opened.execute(schema.replace("{blob}", "bytea"))
        opened.commit()
        yield Installation(kind, url, opened)


@contextmanager
def _postgresql_database(how: str = "") -> Iterator[str]:
    """The URL of a new database beside that of the tests."""
    if connection.vendor != "postgresql":
        pytest.skip("the tests run without PostgreSQL")
    known = connection.settings_dict
    password = quote(known["PASSWORD"], safe="")
    server = f"postgresql://{known['USER']}:{password}@{known['HOST']}:{known['PORT']}"
    name = f"other_{secrets.token_hex(6)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 {how}")
        try:
            yield f"{server}/{name}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def postgresql_without_charset() -> Any:
    """A database that takes any bytes for text, as old servers had."""
    return _postgresql_database("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
