"""How long a message to each of many families takes, and how much memory: 400 recipients with a PDF
of 300 kB each, accepted and handed to a submission server; and how long lists of classes take.

python -m tools.bench.bench_merge [RECIPIENTS [KILOBYTES]]

A private Dovecot, SQLite, a submission server that takes everything. What a web process does
(``accept``) and what a worker does (``send``) have processes of their own, whose largest resident
size is printed beside that of a process that did nothing. The pace of 30 messages a minute is
printed and not waited for.
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECIPIENTS, KILOBYTES = 400, 300
KINDS = ("nothing", "accept", "send", "teacher", "secretary")
HEAD = (
    "Nom élève;Prénom élève;Né(e) le;Classe;Nom responsable 1;Email responsable 1;"
    "Nom responsable 2;Email responsable 2;Année scolaire\n"
)


def measure(kind: str, imap_port: int, smtp_port: int, recipients: int, kilobytes: int) -> None:
    """In a process of its own; all of them share a database."""
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.CELERY_TASK_ALWAYS_EAGER = False  # nothing is sent within the request
    begun = time.monotonic()
    match kind:
        case "nothing":
            words = _begin(imap_port, smtp_port)
        case "accept":
            words = _accept(recipients, kilobytes)
        case "send":
            words = _send()
        case "teacher":
            words = _import(_teacher())
        case _:
            words = _import(_secretary())
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(  # noqa: T201
        f"  {kind:<9} {words}; {time.monotonic() - begun:6.1f} s, of which processor"
        f" {used.ru_utime + used.ru_stime:5.1f} s; {used.ru_maxrss // 1024} MB"
    )


def _begin(imap_port: int, smtp_port: int) -> str:
    from django.core.management import call_command

    from tests.servers.plugin import ALICE
    from tests.webmail.outbox.killed import somebody

    call_command("migrate", verbosity=0)
    somebody(
        ALICE.login,
        imap_port=imap_port,
        smtp_host="127.0.0.1",
        smtp_port=smtp_port,
        smtp_security="none",
    )
    return "database"


def _accept(recipients: int, kilobytes: int) -> str:
    """The documents are uploaded in zips, and the message is sent."""
    from django.conf import settings
    from django.test import Client

    from tests.servers.plugin import ALICE
    from tests.webmail.views.composer.test_documents import brought
    from tests.webmail.views.test_sending_choice import fields, written
    from webmail.models import OutboxMessage

    settings.RECIPIENTS_PER_HOUR = max(settings.RECIPIENTS_PER_HOUR, recipients)
    client = Client()
    signed_in = client.post("/accounts/login/", {"login": ALICE.login, "password": ALICE.password})
    assert signed_in.status_code == 302, signed_in.content
    number = str(uuid.uuid4())
    begun = time.monotonic()
    for first in range(0, recipients, 200):
        several = range(first, min(recipients, first + 200))
        assert brought(client, _zip(several, kilobytes), number).status_code == 200
    uploaded = time.monotonic() - begun
    to = ", ".join(f"Zoé{n} Martin{n} <p{n}@x.example>" for n in range(recipients))
    form = fields(client.post("/compose/", written(draft=number, to=to, body="Bonjour {prénom}.")))
    begun, worked = time.monotonic(), time.process_time()
    answer = client.post("/compose/", form | {"do": "send"})
    seconds, processor = time.monotonic() - begun, time.process_time() - worked
    assert answer.status_code == 302, answer.content[:2000]
    rows = OutboxMessage.objects.addressed().order_by("number")
    assert len(rows) == recipients
    span = (rows[recipients - 1].due - rows[0].due).total_seconds()
    pace = (recipients - 1) / span * 60
    return (
        f"{recipients} of {kilobytes} kB: uploaded in {uploaded:.1f} s, accepted in {seconds:.1f} s"
        f" ({processor:.1f} s of processor), {pace:.0f} a minute"
    )


def _send() -> str:
    """All of them, as a worker takes one after the other."""
    from django.utils import timezone

    from webmail import outbox
    from webmail.models import OutboxMessage

    OutboxMessage.objects.update(due=timezone.now())
    rows = list(OutboxMessage.objects.order_by("number").values_list("pk", flat=True))
    for pk in rows:
        outbox.deliver(pk)
    sent = OutboxMessage.objects.filter(state=OutboxMessage.State.SENT).count()
    assert sent == len(rows), (sent, len(rows))
    return f"{sent} handed over"


def _zip(numbers: range, kilobytes: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for n in numbers:
            archive.writestr(f"MARTIN{n}_Zoe{n}.pdf", b"%PDF" + os.urandom(kilobytes * 1000))
    return made.getvalue()


def _teacher() -> Iterator[str]:
    """200 pupils with two guardians each, in 12 classes."""
    yield HEAD
    for n in range(200):
        yield (
            f"NOM{n};Zoé{n};0{n % 9 + 1}/02/2014;{n % 12 + 1}e A;Père{n} Nom{n};p{n}@x.example;"
            f"Mère{n} Autre{n};m{n}@x.example;2026-2027\n"
        )


def _secretary() -> Iterator[str]:
    """2,000 pupils with two guardians each, in 80 classes."""
    yield HEAD
    for n in range(2000):
        yield (
            f"ECOLE{n};Max{n};0{n % 9 + 1}/03/2013;classe {n % 80 + 1};Père{n} Ecole{n};"
            f"pe{n}@y.example;Mère{n} Ecole{n};me{n}@y.example;2026-2027\n"
        )


def _import(lines: Iterator[str]) -> str:
    from accounts.models import User
    from addressbook import imports
    from addressbook.imports import jobs
    from addressbook.models import Guardianship, ImportJob

    user, content = User.objects.get(), "".join(lines).encode()
    times: list[str] = []
    job: Any = None
    for name in ("first", "again"):
        begun = time.monotonic()
        files = [("classes.csv", [content])]
        job = jobs.accept_chunks(user, files, "school", uploaded_by=user, policy="merge")
        imports.run(job.pk)
        job.refresh_from_db()
        assert imports.start(job), (job.state, job.reject_code, job.failure)
        imports.run(job.pk)
        job.refresh_from_db()
        assert job.state == ImportJob.State.DONE, (job.state, job.failure)
        times.append(f"{name} {time.monotonic() - begun:.1f} s ({job.new} new)")
    begun = time.monotonic()
    found = imports.class_changes(job)
    return f"{', '.join(times)}; {Guardianship.objects.count()} ties, {len(found)} classes"


def main(recipients: int, kilobytes: int) -> None:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

    from demo.servers.dovecot import Dovecot
    from tests.servers.plugin import ALICE, BOB
    from tests.webmail.outbox.killed import free_port

    class Sink:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
            return "250 2.0.0 Taken"

    def admit(*_facts: object) -> AuthResult:
        return AuthResult(success=True)

    sink = Controller(
        Sink(),
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=admit,
        auth_require_tls=False,
        data_size_limit=64 * 2**20,
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        dovecot = Dovecot(folder / "dovecot", [ALICE, BOB], quota_megabytes=4096)
        dovecot.start()
        sink.start()
        try:
            ports = str(dovecot.imap_port), str(sink.port)
            own = {
                "DJANGO_SETTINGS_MODULE": "webmail.settings",
                "DATABASE_URL": f"sqlite:///{folder / 'merge'}.sqlite3",
                "WEBMAIL_SECRET_KEY": "bench",
                "WEBMAIL_SPOOL": str(folder / "spool"),
                "REDIS_URL": "",
                "WEBMAIL_DEBUG": "1",  # no static files have to be collected
            }
            for kind in KINDS:
                arguments = [kind, *ports, str(recipients), str(kilobytes)]
                subprocess.run(  # noqa: S603
                    [sys.executable, "-W", "ignore", "-m", __spec__.name, *arguments],
                    env=os.environ | own,
                    check=True,
                )
        finally:
            sink.stop()
            dovecot.stop()


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in KINDS:
        measure(sys.argv[1], *map(int, sys.argv[2:6]))
    else:
        given = [int(word) for word in sys.argv[1:3]]
        main(*(given + [RECIPIENTS, KILOBYTES][len(given) :]))
