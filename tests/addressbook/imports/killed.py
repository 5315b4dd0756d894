"""Kills imports, their undoing and their cancelling, and looks at what is left.

python -m tests.addressbook.imports.killed statements [STEP] | worker

In the environment: DATABASE_URL, an empty SQLite file or a PostgreSQL server that makes databases;
WEBMAIL_SPOOL; for the worker REDIS_URL. Prints how often it killed, and after which kills another
attempt did not end as if nobody had been killed: `{"kills": 70, "wrong": []}`. A process of its
own, for it forks.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

from tests.accounts.killed_import import Databases, in_fork, kill_before

State = dict[str, Any]
MOST = 800
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
    from django.core.management import call_command

    from accounts.models import MailDomain, User

    call_command("migrate", verbosity=0)
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
    from django.utils import timezone

    from addressbook import imports
    from addressbook.models import ImportJob

    ImportJob.objects.moving().update(changed=timezone.now() - timedelta(hours=1))
    for pk in imports.tend():
        imports.run(pk)


def statements(step: int = 1) -> tuple[int, list[str]]:
    """Kill before every statement and commit of each phase, or before each of some."""
    from addressbook.imports import checking, undoing, writing

    checking._BATCH = writing.BATCH = undoing.BATCH = 4
    databases = Databases()
    databases.prepare(lambda: fill(9))
    spooled = {path: path.read_bytes() for path in _spooled()}
    kills, wrong = 0, []
    for name, prepare in PHASES.items():

        def renew(prepare: Callable[[], None] = prepare) -> None:
            databases.renew()
            for path, content in spooled.items():
                path.write_bytes(content)
            prepare()

        def work() -> None:
            from addressbook import imports

            imports.run(last_job().pk)

        renew()
        work()
        expected = found()
        for n in range(1, MOST, step):
            renew()
            from django.db import connection

            connection.close()

            def killed(n: int = n) -> None:
                kill_before(n)
                work()

            if in_fork(killed):
                break
            kills += 1
            revive()
            if found() != expected or bool(_spooled()) != (name == "check"):
                wrong.append(f"{name} {n}")
    databases.remove()
    return kills, wrong


def _spooled() -> list[Any]:
    from django.conf import settings

    return sorted(settings.SPOOL.glob("*.contacts"))


# --- a real worker ---


def worker() -> tuple[int, list[str]]:
    """A Celery worker is killed at random points of each phase, several times; others go on."""
    databases = Databases()
    count = 2_500
    databases.prepare(lambda: fill(count))
    spooled = {path: path.read_bytes() for path in _spooled()}
    kills, wrong = 0, []
    dice = random.Random()  # noqa: S311  no secret
    for name, prepare in PHASES.items():
        if name == "cancel":
            continue
        states = []
        for is_killed in (False, True):
            databases.renew()
            for path, content in spooled.items():
                path.write_bytes(content)
            prepare()
            kills += _done_by_workers(databases, dice, count if is_killed else 0)
            states.append(found())
        wrong += [f"{name}: {key}" for key in states[0] if states[0][key] != states[1][key]]
    databases.remove()
    return kills, wrong


def _done_by_workers(databases: Databases, dice: random.Random, count: int) -> int:
    """Until nothing moves; how many workers were killed. ``count`` 0: none is."""
    from django.db import connection

    from addressbook import imports
    from addressbook.tasks import run_import, tend_imports

    run_import.delay(last_job().pk)
    kills = 0
    while last_job().is_moving:
        at = dice.randrange(count) if count and kills < 3 else None
        process = subprocess.Popen(  # noqa: S603
            WORKER,
            env=os.environ | {"DATABASE_URL": _url(str(connection.settings_dict["NAME"]))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            while (job := last_job()).is_moving:
                done = max(job.checked if job.state == "checking" else 0, job.undone)
                done = max(done, job.written if job.state == "writing" else 0)
                if at is not None and (done > at or (done and dice.random() < 0.02)):
                    break
                time.sleep(0.02)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if last_job().is_moving:
            kills += 1
            _age()
            tend_imports.delay()
    imports.tend()  # the last worker may have died when all was written, but not cleared away
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
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
    django.setup()
    if sys.argv[1] == "worker":
        many, bad = worker()
    else:
        many, bad = statements(int((sys.argv[2:] or ["1"])[0]))
    sys.stdout.write(json.dumps({"kills": many, "wrong": bad}))
