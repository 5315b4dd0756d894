"""Kills an import of staff records before each of its statements and commits.

python -m tests.accounts.killed STEP

In the environment: DATABASE_URL, a SQLite file or a PostgreSQL server that makes databases;
WEBMAIL_SPOOL. Of each kill it tells whether anything was half written, or could not be ended by
another attempt (tests/killing.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.killing import Databases, Spool, killed_at_each, set_up, tell
from tests.tended import due

Table = list[tuple[Any, ...]]


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


def old_file() -> bytes:
    from tests.accounts.staff_files import colleagues

    return colleagues(*range(1, 21))


def new_file() -> bytes:
    """Two exchange addresses, one is missing, one is new, one is refused."""
    from tests.accounts.staff_files import colleague, csv

    rows = [colleague(n, nom="Changé") for n in range(1, 20)]
    rows[0]["adresse"], rows[1]["adresse"] = rows[1]["adresse"], rows[0]["adresse"]
    return csv([*rows, colleague(21), colleague(22, uai="x")])


def killed(step: int) -> Iterator[str]:
    """Of one kill in so many: ``done``, or what was half written or could not be ended by
    another attempt."""
    from django.conf import settings
    from django.utils import timezone

    from accounts import numen, staff_import
    from accounts.models import MailDomain, StaffImport
    from tests.accounts.staff_files import bring_in

    settings.NUMEN_KEYS = numen.parse_keys(f"2026:{'a' * 64}")
    staff_import._BATCH = 7
    databases = Databases()

    def fill() -> None:
        MailDomain.objects.create(
            name="ac-exemple.fr", is_default=True, login_form="local", imap_host="imap.example"
        )
        bring_in(old_file())
        staff_import.begin("new.csv", [new_file()], staff_import.Options(deactivate_missing=True))

    databases.prepare(fill)
    spool = Spool("*.staff")

    def renew() -> None:
        databases.renew()
        spool.renew()

    def attempt() -> None:
        staff_import.run(StaffImport.objects.latest("pk").pk)

    renew()
    old = table()
    attempt()
    new = table()
    assert old != new, "the new file must change the table"
    for _n in killed_at_each(renew, attempt, step=step):
        is_whole = table() == (new if state() == "done" else old)
        StaffImport.objects.unfinished().update(changed=timezone.now() - timedelta(hours=1))
        for pk in due(StaffImport):
            staff_import.run(pk)
        staff_import.tidy()
        is_ended = (table(), state(), spool.files()) == (new, "done", [])
        yield "done" if is_whole and is_ended else f"whole: {is_whole}, ended: {is_ended}"
    databases.remove()


if __name__ == "__main__":
    set_up()
    tell([("import", killed(int(sys.argv[1])))], good=["done"])
