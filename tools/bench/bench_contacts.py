"""What the pages of a large address book cost on the server.

python -m tools.bench.bench_contacts [--contacts 10000]

A database of its own (SQLite in a temporary folder, unless DATABASE_URL names another that is
empty) is filled with one person's contacts; then each page is asked for in turn, as a browser asks,
and what an answer takes is printed: milliseconds, those of them that the processor works (on a busy
machine they say more), SQL queries.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.models import User

TURNS = 30
FIRST = ("Claire", "Luc", "Élodie", "Noé", "Amina", "Jean-Pierre", "Zoé", "Hugo", "Inès", "Marc")
LAST = ("Martin", "Lefèvre", "Œuvrard", "Haddad", "Diop", "Petit", "Wagner", "Roux", "Bouvier")
ENDINGS = ("", "-Moreau", "et", "in", "ard", " du Bois")
HTMX = {"HX-Request": "true", "HX-Target": "found"}
PAGES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("list, first page", "/contacts/", {}),
    ("list, rows that come next", "/contacts/?page=40", {**HTMX, "HX-Target": "more"}),
    ("search, two letters", "/contacts/?q=ma", HTMX),
    ("search, a name", "/contacts/?q=claire+martin", HTMX),
    ("search, part of a number", "/contacts/?q=0639+98", HTMX),
    ("search, a word of a note", "/contacts/?q=cantine+bureau", HTMX),
    ("search, nothing found", "/contacts/?q=xyzzy", HTMX),
)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--contacts", type=int, default=10_000)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DJANGO_SETTINGS_MODULE"] = "webmail.settings"
        os.environ["WEBMAIL_SECRET_KEY"] = secrets.token_urlsafe(48)
        os.environ["WEBMAIL_STATIC_ROOT"] = f"{folder}/static"
        os.environ["WEBMAIL_LOG_LEVEL"] = "ERROR"
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        measure(chosen.contacts)


def measure(contacts: int) -> None:
    """Print one table."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import setup_test_environment

    setup_test_environment()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    client = Client()
    began = time.perf_counter()
    client.force_login(fill(contacts), backend="accounts.backends.MailServerBackend")
    say(f"| {connection.vendor}, {contacts:,} contacts | median | processor | queries |")
    say("|---|---|---|---|")
    say(f"| made in | {time.perf_counter() - began:.0f} s | | |")
    for name, url, headers in PAGES:
        client.get(url, headers=headers)
        queries: list[str] = []

        def counted(execute: Any, sql: str, *more: Any, seen: list[str] = queries) -> Any:
            seen.append(sql)
            return execute(sql, *more)

        with connection.execute_wrapper(counted):
            client.get(url, headers=headers)
        times, spent = zip(*milliseconds(client, url, headers), strict=True)
        medians = f"{statistics.median(times):.0f} ms | {statistics.median(spent):.0f} ms"
        say(f"| {name} | {medians} | {len(queries)} |")


def milliseconds(client: Any, url: str, headers: dict[str, str]) -> Iterator[tuple[float, float]]:
    """Of each answer: until it was there, and of this process."""
    for _turn in range(TURNS):
        began, before = time.perf_counter(), time.process_time()
        answer = client.get(url, headers=headers)
        yield (time.perf_counter() - began) * 1000, (time.process_time() - before) * 1000
        assert answer.status_code == 200, answer.status_code


def fill(contacts: int) -> User:
    """Somebody with as many contacts."""
    from accounts.models import MailDomain, User
    from addressbook import contacts as book
    from addressbook.contact_data import ContactData, Email, Phone

    domain = MailDomain.objects.create(name="ac-exemple.fr", is_default=True)
    owner = User.objects.create(mail_domain=domain, login="claire", address="claire@ac-exemple.fr")
    draw = random.Random(5)  # noqa: S311
    datas = [
        ContactData(
            first_name=draw.choice(FIRST),
            last_name=draw.choice(LAST) + draw.choice(ENDINGS),
            emails=(Email(f"c{n}@courriel.example", "home"), Email(f"{n}@bureau.example", "work")),
            phones=(Phone(f"06 39 98 {n // 100 % 100:02} {n % 100:02}", "mobile"),),
            organization="Collège de Valmont",
            notes="Réunion des parents, cantine, bus. " * 3,
            categories=("4e B",),
        )
        for n in range(contacts)
    ]
    book.create_many(owner, datas)
    return owner


if __name__ == "__main__":
    main()
