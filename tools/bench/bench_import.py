"""How long an import of old contacts takes, and how much memory: into an empty address book, the
same file again, each contact with more to add, and all undone. On SQLite and, where it is
installed, on PostgreSQL.

python -m tools.bench.bench_import [CONTACTS]

Each database has a process of its own, whose largest resident size is printed at its end.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tools.bench.databases import measure_on_each

CONTACTS = 10_000
_LAST_NAMES = ["Martin", "Durand", "Lefèvre", "Moreau", "Garçon", "Guérin", "Benoît", "Roussel"]
_FIRST_NAMES = ["Françoise", "Élodie", "Noël", "Hélène", "Zoé", "Maëlle", "Thomas", "Karim"]


def lines(count: int, notes: str) -> Iterator[str]:
    """A HORDE table that is the same each time, but for the notes. Every tenth contact stands in it
    twice, and some 300 are in each group."""
    yield "name,firstname,lastname,email,cellPhone,workStreet,company,notes,category"
    for n in range(count):
        n -= n % 10 == 9
        first, last = _FIRST_NAMES[n % 8], _LAST_NAMES[n // 8 % 8]
        yield (
            f'"{first} {last} {n}","{first}","{last} {n}","{last.lower()}{n}@exemple.invalid",'
            f'"06 {n // 10000:02} {n // 100 % 100:02} {n % 100:02} 11","{n} rue des Écoles",'
            f'"Collège numéro {n % 90}","{notes}","Classe {n % 33}"'
        )


def measure(count: int) -> None:
    """In a process whose DATABASE_URL is a database of its own."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from accounts.models import MailDomain, User
    from addressbook import imports
    from addressbook.imports import jobs
    from addressbook.models import Contact, ImportJob

    call_command("migrate", verbosity=0)
    domain = MailDomain.objects.create(name="ac-exemple.fr", imap_host="imap.example")
    user = User.objects.create(mail_domain=domain, login="bench", address="bench@ac-exemple.fr")
    with tempfile.TemporaryDirectory() as folder:
        settings.SPOOL = Path(folder)
        done: list[ImportJob] = []
        for name, notes in (("new", "HORDE"), ("the same", "HORDE"), ("more", "et de SUN")):
            content = "\n".join(lines(count, notes)).encode()
            job = jobs.accept_chunks(
                user, [("horde.csv", [content])], "auto", uploaded_by=user, policy="merge"
            )
            checked = _seconds(partial(imports.run, job.pk))
            job.refresh_from_db()
            assert imports.start(job), (job.state, job.reject_code, job.failure)
            written = _seconds(partial(imports.run, job.pk))
            job.refresh_from_db()
            assert job.state == "done", (job.state, job.failure)
            done.append(job)
            print(  # noqa: T201
                f"  {name:<9} {checked[0] + written[0]:6.1f} s, of which processor"
                f" {checked[1]:5.1f} s to check and {written[1]:5.1f} s to write:"
                f" {job.new} new, {job.merged} merged, {job.unchanged} unchanged"
            )
        for name, job in (("undo more", done[2]), ("undo new", done[0])):
            assert imports.undo(job)
            seconds, worked = _seconds(partial(imports.run, job.pk))
            job.refresh_from_db()
            assert (job.state, job.kept) == ("undone", 0), (job.state, job.kept)
            print(f"  {name:<9} {seconds:6.1f} s, of which processor {worked:5.1f} s")  # noqa: T201
        assert not Contact.objects.of(user).exists()
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  largest resident size {size:.0f} MB")  # noqa: T201


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of this process alone on the processor."""
    start, worked = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - worked


if __name__ == "__main__":
    if "--here" in sys.argv:
        measure(int(sys.argv[-1]))
    else:
        contacts = int(sys.argv[1]) if len(sys.argv) > 1 else CONTACTS
        measure_on_each("bench_import", contacts, label=f"{contacts} contacts, ")
