"""Kills the worker of a transfer at every moment, and looks at what is left.

python -m tests.webmail.transfer.killed IMAP_PORT LOGIN PASSWORD OTHER_LOGIN OTHER_PASSWORD STEP

In the environment: DATABASE_URL, a SQLite file, and WEBMAIL_SPOOL. A worker exports, imports or
fetches two dozen messages. It is killed before its nth statement, or when its nth piece has left
for the mail server and the server has answered; another takes the job up as beat would have it. The
file must be whole, every message must be in its folder once, all of them must be the job's to take
back, and no password may be left.

Of each kind it tells how often all was well, and what was wrong (tests/killing.py).
"""

from __future__ import annotations

import imaplib
import io
import signal
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from tests import killing
from tests.servers import large
from tests.waiting import LONGEST_S
from tests.webmail.outbox.killed import Gate, Trap, signed_in, somebody

MESSAGES = 24
KINDS = ("export", "import", "account")


class Bench:
    def __init__(self, port: int, own: list[str], other: list[str], step: int) -> None:
        self.login, self.password = own
        self.other, self.step, self._port = other, step, port
        self.trap = Trap(gate="imap", is_before=False)
        self.gate = Gate("imap", port, self.trap, lambda _seconds: None)

    def prepare(self) -> None:
        import ipaddress

        from django.conf import settings

        from webmail.transfer import depositing, exporting, store

        killing.migrate()
        settings.TRANSFER_OPEN_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
        self.user = somebody(self.login, imap_port=self.gate.port)
        # Small steps: more moments between two of them.
        store.SEGMENT, exporting._TOGETHER, depositing._WRITE_EVERY = 6_000, 4_000, 10
        for who in (self.other, [self.login, self.password]):
            self._fill(who)

    def _fill(self, who: list[str]) -> None:
        with self.mailbox(who) as mailbox:
            for folder in ("Sent", "Drafts", "Archive", "INBOX"):
                empty(mailbox, folder)
            for number in range(1, MESSAGES + 1):
                mailbox.append("INBOX", "", "", large.message(number))
            mailbox.select("INBOX")
            fetched: list[Any] = [
                mailbox.fetch(str(number), "(BODY.PEEK[])")[1][0]
                for number in range(1, MESSAGES + 1)
            ]
            self.messages = [bytes(one[1]) for one in fetched]

    def mailbox(self, who: list[str] | None = None) -> imaplib.IMAP4:
        mailbox = imaplib.IMAP4("127.0.0.1", self._port, timeout=LONGEST_S)
        mailbox.login(*(who or [self.login, self.password]))
        return mailbox

    def renew(self, kind: str) -> Any:
        """A job that waits; its key."""
        from django.db import connection

        from accounts.models import LentCredential
        from webmail.models import Transfer
        from webmail.transfer import jobs, store
        from webmail.transfer.exporting import ExportPlace

        for job in Transfer.objects.all():
            store.remove([*job.work.get("segments", []), *job.work.get("records", [])])
        Transfer.objects.all().delete()
        LentCredential.objects.all().delete()
        for folder in ("Retour/INBOX", "Retour"):
            with self.mailbox() as mailbox, suppress(imaplib.IMAP4.error):
                mailbox.delete(folder)
        request = signed_in(self.user, self.password)
        if kind == "export":
            job = jobs.export(
                request,
                [ExportPlace("INBOX")],
                "eml",
                name="a",
                folder="",
                total=MESSAGES,
                fallback="-",
            )
        elif kind == "import":
            pieces = [b"From a@b Tue Mar  3 09:00:00 2026\n" + raw + b"\n" for raw in self.messages]
            job = jobs.bring(request, "Retour", "a.mbox", pieces)
        else:
            job = jobs.collect(request, "Retour", "127.0.0.1", self._port, *self.other)
        connection.close()
        return job.pk

    def outcome(self, kind: str) -> str:
        from django.db import connection

        from accounts.models import LentCredential
        from webmail.models import Transfer
        from webmail.transfer import jobs

        job = Transfer.objects.get()
        lent = LentCredential.objects.count()
        wrong = []
        if job.state != "done" or job.done != MESSAGES or job.known:
            wrong.append(f"{job} {job.known} known, {job.failure}")
        if lent or job.sealed:
            wrong.append("a password is left")
        if kind == "export":
            with zipfile.ZipFile(io.BytesIO(b"".join(jobs.content(job)))) as read:
                files = [name for name in read.namelist() if name.endswith(".eml")]
                if [read.read(name) for name in files] != self.messages:
                    wrong.append("another file")
        else:
            folder = "Retour" if kind == "import" else "Retour/INBOX"
            with self.mailbox() as mailbox:
                count = int(mailbox.select(folder)[1][0] or b"0")
            undone = sum(len(step.uids) for step in jobs.way_back(job))
            if (count, undone) != (MESSAGES, MESSAGES):
                wrong.append(f"{count} messages, {undone} to take back")
        connection.close()
        return ", ".join(wrong) or "done"


def empty(mailbox: imaplib.IMAP4, folder: str) -> None:
    status, (count, *_) = mailbox.select(folder)
    if status == "OK" and count != b"0":
        mailbox.store("1:*", "+FLAGS", "(\\Deleted)")
        mailbox.expunge()


def take_up(pk: Any) -> None:
    """As beat does, when there was no sign of life for long; it also tidies, each minute."""
    from django.db import connection
    from django.utils import timezone

    from tests.tended import due
    from webmail.models import Transfer
    from webmail.transfer import jobs

    late = timezone.now() - 2 * Transfer.PATIENCE
    Transfer.objects.filter(pk=pk, state="running").update(changed=late)
    due(Transfer)
    connection.close()
    jobs.run(pk)
    jobs.tidy()


def killed(bench: Bench, by: str, kind: str) -> Iterator[str]:
    from webmail.transfer import jobs

    for n in range(1, killing.MOST, bench.step):
        pk = bench.renew(kind)

        def work(pk: Any = pk, n: int = n) -> None:
            if by == "statement":
                killing.at_statement(n, signal.SIGKILL)
            jobs.run(pk)

        bench.gate.seen, bench.trap.at = 0, n if by == "command" else 0
        status = killing.ended(killing.forked(work, bench.trap))
        bench.trap.at = 0
        if status >= 0:
            yield bench.outcome(kind)
            return
        take_up(pk)
        yield bench.outcome(kind)


if __name__ == "__main__":
    killing.set_up()
    prepared = Bench(int(sys.argv[1]), sys.argv[2:4], sys.argv[4:6], int(sys.argv[6]))
    prepared.prepare()
    threading.excepthook = lambda _args: None  # a gate's thread whose client was killed
    killing.tell(
        (
            (f"{by} {kind}", killed(prepared, by, kind))
            for kind in KINDS
            for by in ("statement", "command")
        ),
        good=["done"],
    )
