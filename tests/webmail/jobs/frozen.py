"""Freezes the worker of a job at every step, and looks at what is left when it wakes.

python -m tests.webmail.jobs.frozen IMAP_PORT LOGIN PASSWORD

In the environment: DATABASE_URL, a SQLite file. A worker copies sixty messages, twenty at a
time. It is stopped (SIGSTOP) after its nth statement, or amid its nth IMAP command, which the
server still does; another takes the job up as if there had been no sign of life. The first wakes
when the other is done, or in the middle of it, with its line to the mail server or without. Every
message must have one copy, and the job be done.

Of each kind it tells how often all was well, and what was wrong (tests/killing.py).
"""

from __future__ import annotations

import imaplib
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

from tests import killing
from tests.waiting import LONGEST_S
from tests.webmail.outbox.killed import Gate, Trap, signed_in, somebody

MOST = 120
MESSAGES = 60
# Seconds after which a worker is not sure of what it was told, here.
SOON = 0.1
# Statements after which the other one stops, until the first has woken.
IN_THE_MIDDLE = 4


class Freezer(Gate):
    """Stops the worker when its nth piece has left it; the server still gets it."""

    def __init__(self, port: int) -> None:
        self.clients: list[socket.socket] = []
        self.trap = Trap()
        super().__init__("imap", port, self.trap, lambda _seconds: None)

    def _pass(self, client: socket.socket) -> None:
        self.clients.append(client)
        super()._pass(client)

    def _step(self, client: socket.socket, server: socket.socket) -> bool:
        piece = client.recv(65536)
        server.sendall(piece)
        self.seen += 1
        if self.seen == self.trap.at:
            os.kill(self.trap.pid, signal.SIGSTOP)
        return bool(piece)

    def hang_up(self) -> None:
        for client in self.clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


class Bench:
    def __init__(self, imap_port: int, login: str, password: str) -> None:
        self.login, self.password, self._imap_port = login, password, imap_port
        self.gate = Freezer(imap_port)

    def prepare(self) -> None:
        from mail.mailbox import bulk
        from webmail.jobs import mail_jobs

        killing.migrate()
        self.user = somebody(self.login, imap_port=self.gate.port)
        mail_jobs._SURE = SOON
        bulk.FIRST = bulk._MOST = bulk._FEWEST = MESSAGES // 3
        with self.mailbox() as mailbox:
            empty(mailbox, "INBOX")
            for number in range(MESSAGES):
                text = f"Subject: {number}\r\nMessage-ID: <{number}@x>\r\n\r\nBonjour\r\n"
                mailbox.append("INBOX", "", "", text.encode())
            mailbox.select("INBOX")
            self.uids = tuple(map(int, mailbox.uid("SEARCH", "ALL")[1][0].split()))
            self.uidvalidity = int(mailbox.response("UIDVALIDITY")[1][0])

    def mailbox(self) -> imaplib.IMAP4:
        mailbox = imaplib.IMAP4("127.0.0.1", self._imap_port, timeout=LONGEST_S)
        mailbox.login(self.login, self.password)
        return mailbox

    def renew(self) -> int:
        """A job that waits, and nothing copied; its key."""
        from django.db import connection

        from accounts import lending
        from accounts.models import LentCredential
        from mail.mailbox.actions import MailStep
        from mail.mailbox.bulk import BulkWork
        from webmail.jobs import mail_jobs
        from webmail.models import MailJob

        MailJob.objects.all().delete()
        LentCredential.objects.all().delete()
        with self.mailbox() as mailbox:
            empty(mailbox, "Archive")
        work = BulkWork((MailStep("copy", "INBOX", self.uidvalidity, self.uids, "Archive"),))
        job = mail_jobs._note(
            self.user,
            mail_jobs.RequestedAction("copy", "INBOX", "Archive"),
            work,
            MailJob.State.WAITING,
        )
        job.credential = lending.lend(signed_in(self.user, self.password))
        job.save()
        connection.close()
        return job.pk

    def outcome(self) -> str:
        from django.db import connection

        from accounts.models import LentCredential
        from webmail.jobs import mail_jobs
        from webmail.models import MailJob

        job = MailJob.objects.get()
        lent = LentCredential.objects.count()
        connection.close()
        with self.mailbox() as mailbox:
            copies = int(mailbox.select("Archive")[1][0] or b"0")
        undone = sum(len(step.uids) for step in mail_jobs.way_back(job))
        if (copies, job.state, undone, lent) == (MESSAGES, "done", MESSAGES, 0):
            return "done"
        return f"{copies} copies, {job}, {lent} passwords lent"


def empty(mailbox: imaplib.IMAP4, folder: str) -> None:
    if int(mailbox.select(folder)[1][0] or b"0"):
        mailbox.store("1:*", "+FLAGS", "(\\Deleted)")
        mailbox.expunge()


def stopped(pid: int) -> bool:
    """Whether it stopped, and is not at its end."""
    return os.WIFSTOPPED(killing.status(pid, os.WUNTRACED))


def stop_after(n: int) -> None:
    """This process is frozen when its nth statement is written, before it hears of it."""
    killing.at_statement(n, killing.FREEZE, before=False, after=True)


def give_up(pk: int) -> None:
    """As beat does when there was no sign of life for long: another may have the job."""
    from django.utils import timezone

    from tests.tended import due
    from webmail.models import MailJob

    MailJob.objects.filter(pk=pk).update(changed=timezone.now() - 2 * MailJob.PATIENCE)
    due(MailJob)


def frozen(bench: Bench, by: str, wakes: str) -> Iterator[str]:
    """``by`` is ``statement`` or ``command``; the first ``wakes`` ``after`` the other is done,
    ``amid`` its work, or ``cut`` off amid it."""
    from webmail.jobs import mail_jobs

    for n in range(1, MOST):
        pk = bench.renew()

        def first(pk: int = pk, n: int = n) -> None:
            if by == "statement":
                stop_after(n)
            mail_jobs.run(pk)

        def second(pk: int = pk) -> None:
            give_up(pk)
            if wakes != "after":
                stop_after(IN_THE_MIDDLE)
            mail_jobs.run(pk)

        bench.gate.seen, bench.gate.trap.at = 0, n if by == "command" else 0
        one = killing.forked(first, bench.gate.trap)
        if not stopped(one):
            return
        bench.gate.trap.at = 0
        if wakes == "cut":
            bench.gate.hang_up()
        time.sleep(2 * SOON)
        other = killing.forked(second)
        is_waiting = stopped(other)
        wake(one)
        if is_waiting:
            wake(other)
        yield bench.outcome()


def wake(pid: int) -> None:
    os.kill(pid, signal.SIGCONT)
    killing.ended(pid)


if __name__ == "__main__":
    killing.set_up()
    prepared = Bench(int(sys.argv[1]), *sys.argv[2:4])
    prepared.prepare()
    killing.tell(
        (
            (f"{by} {wakes}", frozen(prepared, by, wakes))
            for by in ("statement", "command")
            for wakes in ("after", "amid", "cut")
        ),
        good=["done"],
    )
