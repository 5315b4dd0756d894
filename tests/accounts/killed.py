"""Kills an import before each of its statements and commits, and looks at what is left.

python -m tests.accounts.killed_import FOLDER

In the environment: DATABASE_URL, an empty SQLite file or a PostgreSQL server that makes databases.
Prints how often it killed, and on which kills anything was half written, or could not be ended by
another attempt: `{"kills": 70, "wrong": []}`. A process of its own, for it forks.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

Table = list[tuple[Any, ...]]
MOST = 500


class Databases:
    """Copies of the database that was prepared; one at a time is the one Django uses."""

    def __init__(self) -> None:
        from django.db import connection

        self._connection = connection
        self._is_postgresql = connection.vendor == "postgresql"
        self._first = str(connection.settings_dict["NAME"])
        self._base = "killed_base" if self._is_postgresql else f"{self._first}-base"
        self._copy = "killed_copy" if self._is_postgresql else f"{self._first}-copy"

    def prepare(self, fill: Callable[[], None]) -> None:
        if self._is_postgresql:
            self._ask(f"CREATE DATABASE {self._base}")
        self._use(self._base)
        fill()
        self._connection.close()

    def renew(self) -> None:
        """Use a fresh copy; the connection is closed, so that a fork may open its own."""
        self._connection.close()
        if self._is_postgresql:
            self._ask(f"DROP DATABASE IF EXISTS {self._copy} WITH (FORCE)")
            self._ask(f"CREATE DATABASE {self._copy} TEMPLATE {self._base}")
        else:
            for end in ("", "-wal", "-shm"):
                Path(self._copy + end).unlink(missing_ok=True)
            shutil.copy(self._base, self._copy)
        self._use(self._copy)

    def remove(self) -> None:
        if self._is_postgresql:
            for name in (self._copy, self._base):
                self._ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _use(self, name: str) -> None:
        self._connection.close()
        self._connection.settings_dict["NAME"] = name

    def _ask(self, sql: str) -> None:
        self._use(self._first)
        with self._connection.cursor() as cursor:
            cursor.execute(sql)


def kill_before(n: int) -> None:
    """This process ends before its nth statement or commit, as by a power cut."""
    from django.db import connection

    seen = 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == n:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        count()
        return execute(sql, params, many, context)

    commit = connection.commit

    def counted_commit() -> None:
        count()
        commit()

    connection.execute_wrappers.append(statement)
    connection.commit = counted_commit  # type: ignore[method-assign]


def table() -> Table:
    """The records, without what an attempt more or less may change."""
    from accounts.models import StaffRecord

    rows = StaffRecord.objects.order_by("login").values_list(
        "login", "address", "last_name", "school_uai", "is_active", "numen_digest", "lookup_digest"
    )
    return [(*row[:-2], *map(bytes, row[-2:])) for row in rows]


def state() -> str:
    from accounts.models import StaffImport

    return str(StaffImport.objects.latest("pk").state)


def in_fork(work: Callable[[], None]) -> bool:
    """Whether it came to its end."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            work()
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    _pid, status = os.waitpid(pid, 0)
    return status == 0


def old_file() -> bytes:
    from tests.accounts.staff import colleagues

    return colleagues(*range(1, 21))


def new_file() -> bytes:
    """Two exchange addresses, one is missing, one is new, one is refused."""
    from tests.accounts.staff import colleague, csv

    rows = [colleague(n, nom="Changé") for n in range(1, 20)]
    rows[0]["adresse"], rows[1]["adresse"] = rows[1]["adresse"], rows[0]["adresse"]
    return csv([*rows, colleague(21), colleague(22, uai="x")])


def main(folder: Path) -> dict[str, Any]:
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from accounts import numen, staff_import
    from accounts.models import MailDomain, StaffImport
    from tests.accounts.staff import bring_in

    settings.NUMEN_KEYS = numen.parse_keys(f"2026:{'a' * 64}")
    settings.SPOOL = folder
    staff_import._BATCH = 7
    databases = Databases()

    def fill() -> None:
        call_command("migrate", verbosity=0)
        MailDomain.objects.create(
            name="ac-exemple.fr", is_default=True, login_form="local", imap_host="imap.example"
        )
        bring_in(old_file())
        staff_import.begin("new.csv", [new_file()], staff_import.Options(deactivate_missing=True))

    databases.prepare(fill)
    (spooled,) = folder.glob("*.staff")
    sealed = spooled.read_bytes()

    def attempt() -> None:
        staff_import.run(StaffImport.objects.latest("pk").pk)

    databases.renew()
    old = table()
    attempt()
    new = table()
    assert old != new, "the new file must change the table"
    kills, wrong = 0, []
    for n in range(1, MOST):
        databases.renew()
        spooled.write_bytes(sealed)

        def killed(n: int = n) -> None:
            kill_before(n)
            attempt()

        if in_fork(killed):
            break
        kills += 1
        found, ended = table(), state() == "done"
        if found != (new if ended else old):
            wrong.append(f"{n}: half written")
        StaffImport.objects.unfinished().update(changed=timezone.now() - timedelta(hours=1))
        for pk in staff_import.tend():
            staff_import.run(pk)
        staff_import.tend()
        if (table(), state()) != (new, "done") or spooled.exists():
            wrong.append(f"{n}: not ended by another attempt")
    databases.remove()
    return {"kills": kills, "wrong": wrong}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
    django.setup()
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
