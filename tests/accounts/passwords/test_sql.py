"""The driver of an SQL table, on SQLite and on the tests' own database server."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from django.conf import settings
from django.db import connection
from passlib.hash import sha512_crypt

from accounts.passwords.owner import PasswordOwner
from accounts.passwords.sql import PasswordTable
from mail.errors import ServerRefused, ServerUnavailable
from webmail.settings import database

CAROLE = PasswordOwner("carole@ac-exemple.fr", "carole.roux@ac-exemple.fr", "ac-exemple.fr")
STATEMENT = (
    "UPDATE mailbox SET secret = %(password)s WHERE local = %(local)s AND domain = %(domain)s"
)
NEW = "Second-Tableau8"
Rows = Callable[[], dict[str, str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mail.sqlite3"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE mailbox (local TEXT, domain TEXT, secret TEXT)")
        rows = [("carole", "ac-exemple.fr"), ("carole", "ac-autre.fr"), ("bob", "ac-exemple.fr")]
        made.executemany("INSERT INTO mailbox VALUES (?, ?, 'old')", rows)
    made.close()
    return path


def secrets(path: Path) -> dict[tuple[str, str], str]:
    with sqlite3.connect(path) as opened:
        rows = {(a, b): c for a, b, c in opened.execute("SELECT * FROM mailbox")}
    opened.close()
    return rows


def table(path: Path, statement: str = STATEMENT, scheme: str = "argon2id") -> PasswordTable:
    return PasswordTable(database(f"sqlite:///{path}"), statement, scheme)


@pytest.mark.django_db
def test_one_row_gets_the_new_hash(file: Path) -> None:
    table(file).change(CAROLE, "x", NEW)
    rows = secrets(file)
    secret = rows.pop(("carole", "ac-exemple.fr"))
    assert set(rows.values()) == {"old"}
    assert PasswordHasher().verify(secret.removeprefix("{ARGON2ID}"), NEW)


@pytest.mark.django_db
def test_the_other_scheme_is_a_setting(file: Path) -> None:
    table(file, scheme="sha512-crypt").change(CAROLE, "x", NEW)
    secret = secrets(file)["carole", "ac-exemple.fr"]
    assert sha512_crypt.verify(NEW, secret.removeprefix("{SHA512-CRYPT}"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mailbox SET secret = %(password)s WHERE local = %(local)s",  # two domains
        "UPDATE mailbox SET secret = %(password)s WHERE local = %(address)s",  # nobody
        "UPDATE mailbox SET secret = %(password)s WHERE local LIKE '%%' OR local = %(login)s",
    ],
)
def test_none_or_several_rows_change_nothing(file: Path, statement: str) -> None:
    with pytest.raises(ServerRefused):
        table(file, statement).change(CAROLE, "x", NEW)
    assert set(secrets(file).values()) == {"old"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "local", ["' OR 1=1 --", "carole'; DROP TABLE mailbox; --", "%(password)s"]
)
def test_a_login_is_a_value_and_no_sql(file: Path, local: str) -> None:
    with pytest.raises(ServerRefused):
        table(file).change(PasswordOwner(local, "", "ac-exemple.fr"), "x", NEW)
    assert set(secrets(file).values()) == {"old"}


@pytest.mark.django_db
@pytest.mark.parametrize("new", ["', secret='x", "%(login)s%s", "\\'; --"])
def test_a_password_is_a_value_and_no_sql(file: Path, new: str) -> None:
    table(file).change(CAROLE, "x", new)
    secret = secrets(file)["carole", "ac-exemple.fr"].removeprefix("{ARGON2ID}")
    assert PasswordHasher().verify(secret, new)


@pytest.mark.django_db
def test_a_broken_statement_or_table_is_said_without_values(file: Path) -> None:
    wrong = STATEMENT.replace("mailbox", "nowhere")
    with pytest.raises(ServerUnavailable) as caught:
        table(file, wrong).change(CAROLE, "x", NEW)
    assert caught.value.__cause__ is None
    assert caught.value.server_words == "OperationalError"


@pytest.mark.django_db
def test_a_server_that_is_down_is_said() -> None:
    down = PasswordTable(
        database("postgresql://nobody:x@127.0.0.1:1/none?connect_timeout=2"), STATEMENT, "argon2id"
    )
    with pytest.raises(ServerUnavailable):
        down.change(CAROLE, "x", NEW)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL")
def test_postgresql_takes_the_same_statement() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE mailbox (local TEXT, domain TEXT, secret TEXT)")
        try:
            cursor.execute("INSERT INTO mailbox VALUES ('carole', 'ac-exemple.fr', 'old')")
            entry = {**settings.DATABASES["default"], "NAME": connection.settings_dict["NAME"]}
            PasswordTable(entry, STATEMENT, "argon2id").change(CAROLE, "x", NEW)
            cursor.execute("SELECT secret FROM mailbox")
            assert cursor.fetchone()[0].startswith("{ARGON2ID}")
        finally:
            cursor.execute("DROP TABLE mailbox")


def test_the_connection_is_shown_by_nobody() -> None:
    made = PasswordTable(database("postgresql://mail:geheim@db/mail"), STATEMENT, "argon2id")
    assert "geheim" not in repr(made)
