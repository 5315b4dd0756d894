"""DATABASE_URL, as Django's settings have it."""

from __future__ import annotations

from webmail.settings import database


def test_a_postgresql_keeps_its_connections_for_a_minute_and_has_cursors() -> None:
    entry = database("postgresql://webmail:p%40ss@db.example:5433/mail?sslmode=verify-full")
    assert (entry["HOST"], entry["PORT"], entry["NAME"]) == ("db.example", "5433", "mail")
    assert (entry["USER"], entry["PASSWORD"]) == ("webmail", "p@ss")
    assert entry["OPTIONS"] == {"sslmode": "verify-full"}
    assert not entry["DISABLE_SERVER_SIDE_CURSORS"]


def test_behind_pgbouncer_no_cursor_outlives_its_transaction() -> None:
    entry = database("postgresql:///webmail?host=/run/pgbouncer&pooled=1")
    assert entry["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert (entry["HOST"], entry["OPTIONS"]) == ("/run/pgbouncer", {})
