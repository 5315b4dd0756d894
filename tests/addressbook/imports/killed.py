"""Kills imports, their undoing and their cancelling, and looks at what is left.

python -m tests.addressbook.imports.killed statements STEP | worker KILLS

In the environment: DATABASE_URL, a SQLite file or a PostgreSQL server that makes databases;
WEBMAIL_SPOOL; for the worker REDIS_URL. Of each kill it tells whether another attempt ended as if
nobody had been killed (tests/killing.py).
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from tests.killing import Databases, Spool, begin_step, killed_at_each, set_up, tell
from tests.waiting import LONGEST_S

State = dict[str, Any]
WORKER = (sys.executable, "-m", "celery", "-A", "webmail", "worker", "-P", "solo", "-l", "ERROR")
PICTURE = (  # a PNG of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


def old_book() -> str:
    """What is there already: a contact that gets more, one that stays, one that moves."""
    return (
        "Nom;Prénom;Mail;Téléphone;Groupe\n"
        "Durand;Anne;anne@exemple.invalid;;Chorale\n"
        "Petit;Jean;jean@exemple.invalid;0322000001;Chorale\n"
        "Morel;Zoé;zoe@exemple.invalid;;\n"
    )


def new_book(count: int) -> str:
    """One merged, one moved to another group, one unchanged, ``count`` new ones, a couple with one
    address, one twice, one refused."""
    cards = [
        ("Durand", "Anne", "anne@exemple.invalid", "0322000009", "Théâtre"),
        ("Petit", "Jean", "jean@exemple.invalid", "0322000001", "Chorale"),
        ("Lenoir", "Paul", "famille@exemple.invalid", "", "Parents"),
        ("Lenoir", "Rose", "famille@exemple.invalid", "", "Parents"),
        ("Lenoir", "Rose", "famille@exemple.invalid", "0322000002", "Parents"),
        *(
            (f"Nouveau{n}", "Ève", f"eve{n}@exemple.invalid", "", f"Classe {n % 3}")
            for n in range(count)
        ),
    ]
    written = [
        "BEGIN:VCARD\r\nVERSION:3.0\r\n"
        f"N:{last};{first};;;\r\nFN:{first} {last}\r\nEMAIL:{mail}\r\n"
        + (f"TEL:{phone}\r\n" if phone else "")
        + (f"PHOTO;ENCODING=b;TYPE=PNG:{PICTURE}\r\n" if last == "Durand" else "")
        + f"CATEGORIES:{group}\r\nEND:VCARD\r\n"
        for last, first, mail, phone, group in cards
    ]
    return "".join([*written, "BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE:nobody\r\nEND:VCARD\r\n"])


def fill(count: int) -> None:
    """An address book, and an import that waits to be checked."""
    from accounts.models import MailDomain, User

    domain = MailDomain.objects.create(name="ac-exemple.fr", imap_host="imap.example")
    claire = User.objects.create(mail_domain=domain, login="claire", address="c@ac-exemple.fr")
    finish(begin(claire, old_book()))
    begin(claire, new_book(count))


def begin(user: Any, text: str) -> int:
    from addressbook.imports import jobs

    file = ("carnet", [text.encode()])
    return jobs.accept_chunks(user, [file], "auto", uploaded_by=user, policy="merge").pk


def finish(pk: int) -> None:
    from addressbook import imports
    from addressbook.models import ImportJob

    imports.run(pk)
    imports.start(ImportJob.objects.get(pk=pk))
    imports.run(pk)


def last_job() -> Any:
    from addressbook.models import ImportJob

    return ImportJob.objects.latest("pk")


def found() -> State:
    """All that people see: contacts without their random UIDs, the bin, groups, the job's row."""
    from addressbook.models import Contact, Group

    job = last_job()
    plain = re.compile(r"^UID:.*\r?\n", re.MULTILINE)
    cards = {
        contact.pk: (plain.sub("", contact.vcard), contact.deleted is not None, contact.search)
        for contact in Contact.objects.all()
    }
    pictures = Contact.objects.exclude(photo=None).values_list("display_name", "photo__digest")
    groups = [
        [
            group.name,
            group.deleted is not None,
            sorted(cards[pk] for pk in group.contacts.values_list("pk", flat=True)),
        ]
        for group in Group.objects.order_by("folded", "pk")
    ]
    names = ("total", "checked", "written", "new", "merged", "unchanged", "refused", "kept")
    more = ("groups", "added", "moved", "to_check", "state", "reject_code", "failure", "runner")
    return {
        "cards": sorted(cards.values()),
        "addresses": sorted(
            Contact.objects.values_list("addresses__folded", "addresses__position", "display_name")
        ),
        "pictures": sorted(pictures),
        "groups": groups,
        "job": {name: getattr(job, name) for name in (*names, *more)},
        "refused": list(job.rows.values_list("line", "decision", "reason")),
    }


# --- what is killed: something to prepare, and the work that dies ---


def nothing() -> None:
    """The import waits to be checked."""


def checked() -> None:
    from addressbook import imports

    imports.run(last_job().pk)
    assert imports.start(last_job())


def undone() -> None:
    from addressbook import imports

    finish(last_job().pk)
    assert imports.undo(last_job())


def cancelled_half_way() -> None:
    from addressbook import imports
    from addressbook.imports import writing
    from addressbook.models import ImportJob

    checked()
    job = ImportJob.objects.claim(last_job().pk)
    assert job is not None
    assert writing._write_batch(job)
    assert writing._write_batch(job)
    assert imports.cancel(job)


PHASES: dict[str, Callable[[], None]] = {
    "check": nothing,
    "write": checked,
    "undo": undone,
    "cancel": cancelled_half_way,
}


def revive() -> None:
    """What beat does every minute, once the dead worker was silent for long enough."""
    from addressbook import imports
    from addressbook.models import ImportJob
    from tests.tended import due

    _age()
    due(ImportJob)
    _age()
    for pk in due(ImportJob):
        imports.run(pk)
    imports.tidy()


class Bench:
    """An address book and an import that has come to a phase, as often as they are needed."""

    def __init__(self, count: int) -> None:
        self._databases = Databases()
        self._databases.prepare(lambda: fill(count))
        self._first = self.spool = Spool("*.contacts")
        self.remove = self._databases.remove

    def prepare(self, phase: str) -> None:
        """Bring the import to the phase; `renew` comes back to it."""
        self._databases.renew()
        self._first.renew()
        PHASES[phase]()
        self._databases.keep(phase)
        self.spool = Spool("*.contacts")

    def renew(self, phase: str) -> None:
        self._databases.renew(phase)
        self.spool.renew()


def work() -> None:
    from addressbook import imports

    imports.run(last_job().pk)


def statements(step: int) -> Iterator[tuple[str, Iterator[str]]]:
    """Kill before every statement and commit of each phase, or before each of some."""
    from addressbook.imports import checking, undoing, writing

    checking._BATCH = writing.BATCH = undoing.BATCH = 4
    bench = Bench(9)
    for name in PHASES:
        yield name, phase(bench, name, step)
    bench.remove()


def phase(bench: Bench, name: str, step: int) -> Iterator[str]:
    bench.prepare(name)
    work()
    expected = found()
    for _n in killed_at_each(lambda: bench.renew(name), work, step=step):
        revive()
        is_same = found() == expected and bool(bench.spool.files()) == (name == "check")
        yield "same" if is_same else "other"


# --- a real worker ---


def worker(most: int) -> Iterator[str]:
    """A Celery worker is killed at random points of each phase, so often; others go on."""
    count = 2_500
    bench = Bench(count)
    dice = random.Random()  # noqa: S311  no secret
    for name in PHASES:
        if name == "cancel":
            continue
        bench.prepare(name)
        _done_by_workers(dice, 0, 0)
        expected = found()
        bench.renew(name)
        yield from ["killed"] * _done_by_workers(dice, count // 2, most)
        yield from (f"{name}: {key}" for key, value in found().items() if value != expected[key])
    bench.remove()


def _done_by_workers(dice: random.Random, latest: int, most: int) -> int:
    """Until nothing moves; how many workers were killed."""
    from django.db import connection

    from addressbook import imports
    from addressbook.models import ImportJob
    from addressbook.tasks import run_import
    from tests.tended import due

    run_import.delay(last_job().pk)
    kills = 0
    while last_job().is_moving:
        at = dice.randrange(latest) if kills < most else None
        process = subprocess.Popen(  # noqa: S603
            WORKER,
            env=os.environ | {"DATABASE_URL": _url(str(connection.settings_dict["NAME"]))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        begin_step()
        end = time.monotonic() + LONGEST_S
        try:
            while (job := last_job()).is_moving:
                assert time.monotonic() < end, f"no worker gets on with {job}"
                done = max(job.checked if job.state == "checking" else 0, job.undone)
                done = max(done, job.written if job.state == "writing" else 0)
                if at is not None and (done > at or (done and dice.random() < 0.02)):
                    break
                time.sleep(0.02)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(LONGEST_S)
        if last_job().is_moving:
            kills += 1
            _age()
            due(ImportJob)
            run_import.delay(last_job().pk)
    imports.tidy()  # the last worker may have died when all was written, but not cleared away
    return kills


def _age() -> None:
    from django.utils import timezone

    from addressbook.models import ImportJob

    ImportJob.objects.moving().update(changed=timezone.now() - timedelta(hours=1))


def _url(name: str) -> str:
    """The environment's database, but the copy in use."""
    url = os.environ["DATABASE_URL"]
    return (
        f"sqlite:///{name}"
        if url.startswith("sqlite")
        else re.sub(r"/[^/?]*(\?|$)", f"/{name}\\1", url)
    )


if __name__ == "__main__":
    set_up()
    if sys.argv[1] == "worker":
        tell([("worker", worker(int(sys.argv[2])))], good=["killed"])
    tell(statements(int(sys.argv[2])), good=["same"])
