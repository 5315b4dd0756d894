"""Dump the database to one file and load it: by PostgreSQL's own programs, or SQLite's backup
API."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from webmail.backups.contents import BackupRefused

# The environment variables of libpq for the options of a connection.
_VARIABLES: Final = {
    "NAME": "PGDATABASE",
    "HOST": "PGHOST",
    "PORT": "PGPORT",
    "USER": "PGUSER",
    "PASSWORD": "PGPASSWORD",
}
_OPTIONS: Final = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
}


def migrations() -> list[str]:
    """Return the migrations applied to the database, as ``app.name``."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def known_migrations() -> set[str]:
    """Return the migrations of this version, and those that they replace, as ``app.name``."""
    known = MigrationLoader(None).disk_migrations
    names = {*known, *(old for new in known.values() for old in new.replaces)}
    return {f"{app}.{name}" for app, name in names}


def is_empty() -> bool:
    return not connection.introspection.table_names()


def dump(target: IO[bytes]) -> None:
    """Write a consistent copy of the whole database while it is in use."""
    if connection.vendor == "postgresql":
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", stdout=target)
        return
    connection.ensure_connection()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "copy"
        with closing(sqlite3.connect(path)) as copy:
            connection.connection.backup(copy)
        with path.open("rb") as file:
            shutil.copyfileobj(file, target)


def load(source: IO[bytes]) -> None:
    """Fill the empty database, completely or not at all."""
    if connection.vendor == "postgresql":
        connection.close()
        arguments = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
        _run("pg_restore", *arguments, "--dbname", _name(), stdin=source)
        return
    connection.ensure_connection()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "copy"
        with path.open("wb") as file:
            shutil.copyfileobj(source, file)
        with closing(sqlite3.connect(path)) as copy:
            copy.backup(connection.connection)
    connection.close()


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _run(
    program: str,
    *arguments: str,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
) -> None:
    """Run one of PostgreSQL's programs. The password is passed in the environment, which other
    accounts cannot read."""
    path = shutil.which(program)
    if path is None:
        raise BackupRefused(f"{program} is not installed (Debian: postgresql-client).")
    done = subprocess.run(  # noqa: S603  no word of it is a user's
        [path, *arguments],
        env=_environment(),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupRefused(f"{program}: {_last_words(done.stderr.splitlines())}")


def _environment() -> dict[str, str]:
    values = {
        name: str(connection.settings_dict.get(key) or "") for key, name in _VARIABLES.items()
    }
    options = connection.settings_dict.get("OPTIONS", {})
    values |= {name: str(options[key]) for key, name in _OPTIONS.items() if key in options}
    return os.environ | {name: value for name, value in values.items() if value}


def _last_words(lines: Sequence[str]) -> str:
    return " / ".join(lines[-3:]) or "it failed without a word"
