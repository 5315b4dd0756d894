"""How many users a second `migrate_roundcube` brings, and in how much memory: for the first time,
and again when nothing is new. On SQLite and, where it is installed, on PostgreSQL.

python -m tools.bench.bench_migration [USERS]

Each user has an identity, ten preferences, 40 contacts on average, up to two groups and 40
collected recipients, in a generated database of Roundcube on SQLite. Each measure has a process of
its own, whose largest resident size is printed at its end.
"""

from __future__ import annotations

import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.webmail.migrating.installations import DATA, serialised
from tools.bench.databases import measure_on_each

USERS = 25_000
DOMAIN = "ac-exemple.fr"
_LAST_NAMES = ["Martin", "Durand", "Lefèvre", "Moreau", "Garçon", "Guérin", "Benoît", "Roussel"]
_FIRST_NAMES = ["Françoise", "Élodie", "Noël", "Hélène", "Zoé", "Maëlle", "Thomas", "Karim"]
_PREFERENCES = serialised(
    {
        "mail_pagesize": 100,
        "layout": "desktop",
        "htmleditor": 1,
        "reply_mode": 1,
        "sig_below": False,
        "timezone": "Europe/Paris",
        "prettydate": True,
        "message_threading": {"INBOX": True, "Envoy&AOk-s": True},
        "skin": "elastic",
    }
).decode()
_ROWS = {
    "users": 5,
    "identities": 11,
    "contacts": 8,
    "contactgroups": 4,
    "contactgroupmembers": 2,
    "collected_addresses": 6,
}


def fill(path: Path, users: int) -> None:
    """The same database each time."""
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA synchronous=OFF")
        database.executescript((DATA / "roundcube.sql").read_text(encoding="utf-8"))
        for first in range(1, users + 1, 1000):
            rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in _ROWS}
            for user in range(first, min(first + 1000, users + 1)):
                for table, row in _rows_of(user):
                    rows[table].append(row)
            for table, columns in _ROWS.items():
                marks = ", ".join("?" * columns)
                statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608  our names
                database.executemany(statement, rows[table])


def _rows_of(user: int) -> Iterator[tuple[str, tuple[object, ...]]]:
    chance = random.Random(user)  # noqa: S311  no secret
    login = f"agent{user:06}"
    address = f"{login}@{DOMAIN}"
    signature = f"<p>Agent <b>{user}</b><br>Collège Jules-Verne</p>"
    yield "users", (user, login, f"imap.{DOMAIN}", "fr_FR", _PREFERENCES)
    yield "identities", (user, user, 0, 1, login, "", address, "", "", signature, 1)
    keys = [user * 10_000 + number for number in range(int(chance.expovariate(1 / 40)) + 1)]
    for key in keys:
        yield "contacts", _contact(user, key, chance)
    for number in range(chance.randint(0, 2)):
        group = user * 10 + number
        yield "contactgroups", (group, user, 0, f"Classe {number}")
        for key in chance.sample(keys, min(len(keys), 10)):
            yield "contactgroupmembers", (group, key)
    for number in range(chance.randint(0, 40)):
        parent = f"parent{number}@exemple.net"
        row = (user * 100 + number, user, "2024-03-01 10:00:00", "Un parent", parent, 1)
        yield "collected_addresses", row


def _contact(user: int, key: int, chance: random.Random) -> tuple[object, ...]:
    first, last = chance.choice(_FIRST_NAMES), chance.choice(_LAST_NAMES)
    address = f"contact{key}@exemple.org"
    card = (
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nN:{last};{first};;;\r\nFN:{first} {last}\r\n"
        f"EMAIL;TYPE=INTERNET,HOME:{address}\r\nTEL;TYPE=CELL:06 39 98 {key % 90 + 10} 27\r\n"
        "ORG:Lycée\r\nEND:VCARD"
    )
    return (key, user, 0, f"{first} {last}", address, first, last, card)


def measure(path: str, users: int) -> None:
    """In a process whose DATABASE_URL is a database of its own."""
    import django

    django.setup()
    from io import StringIO

    from django.core.management import call_command

    from accounts.models import MailDomain, MovedUser

    call_command("migrate", verbosity=0)
    MailDomain.objects.create(
        name=DOMAIN, is_default=True, login_form=MailDomain.LoginForm.LOCAL, imap_host="i.example"
    )
    for name in ("first", "again"):
        start, worked = time.perf_counter(), time.process_time()
        out = StringIO()
        call_command("migrate_roundcube", database=f"sqlite:///{path}", stdout=out)
        seconds, worked = time.perf_counter() - start, time.process_time() - worked
        assert MovedUser.objects.count() == users
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rate = users / seconds
        print(  # noqa: T201
            f"  {name}: {seconds:6.1f} s, {rate:.0f} users a second; processor {worked:5.1f} s,"
            f" {1000 * worked / users:.1f} ms a user; largest resident size {size:.0f} MB",
            flush=True,
        )
        print("  " + out.getvalue().splitlines()[1])  # noqa: T201


def main(users: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "roundcube.sqlite3"
        fill(source, users)
        measure_on_each("bench_migration", source, users, label=f"{users} users, ")


if __name__ == "__main__":
    if "--here" in sys.argv:
        measure(sys.argv[-2], int(sys.argv[-1]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else USERS)
