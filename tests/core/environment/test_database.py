"""DATABASE_URL, as Django's settings have it."""

from __future__ import annotations

import socket
import time
from typing import cast

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from webmail.settings import database


def options_of(entry: dict[str, object]) -> dict[str, str]:
    return cast(dict[str, str], entry["OPTIONS"])


def test_a_postgresql_keeps_its_connections_for_a_minute_and_has_cursors() -> None:
    entry = database("postgresql://webmail:p%40ss@db.example:5433/mail?sslmode=verify-full")
    assert (entry["HOST"], entry["PORT"], entry["NAME"]) == ("db.example", "5433", "mail")
    assert (entry["USER"], entry["PASSWORD"]) == ("webmail", "p@ss")
    assert options_of(entry)["sslmode"] == "verify-full"
    assert not entry["DISABLE_SERVER_SIDE_CURSORS"]


def test_behind_pgbouncer_no_cursor_outlives_its_transaction() -> None:
    entry = database("postgresql:///webmail?host=/run/pgbouncer&pooled=1")
    assert entry["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert entry["HOST"] == "/run/pgbouncer"
    assert not {"pooled", "host"} & options_of(entry).keys()


@pytest.mark.django_db
def test_a_database_that_says_nothing_is_waited_for_some_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        connections = ConnectionHandler({"default": database(f"postgresql://a@127.0.0.1:{port}/b")})
        began = time.monotonic()
        with pytest.raises(OperationalError):
            connections["default"].ensure_connection()
    assert time.monotonic() - began < 30


def test_what_the_address_says_comes_first() -> None:
    entry = database("postgresql://db/mail?connect_timeout=2")
    options = options_of(entry)
    assert options["connect_timeout"] == "2"
    assert options["tcp_user_timeout"]
