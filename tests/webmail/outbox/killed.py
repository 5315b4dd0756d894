"""Kills whoever sends a message at every step, and looks at what is left.

python -m tests.webmail.outbox.killed FOLDER IMAP_PORT LOGIN PASSWORD STEP [KIND...]

In the environment: DATABASE_URL, a SQLite file. Between the webmail and its servers stand
two gates that count what passes. At the nth piece they kill the process that sends, before the
piece goes on or after its answer came; or they cut the line there; or they lock the database. Each
time another worker then takes up what is left, as beat would have it. The message must be exactly
once where it was sent to and once in Sent, or visibly unsent, or visibly in doubt.

Of each kind it tells how often a message was sent, unsent or in doubt, and what was wrong
(tests/killing.py).
"""

from __future__ import annotations

import imaplib
import os
import select
import shutil
import signal
import socket
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests import killing
from tests.waiting import LONGEST_S

MOST = 120
# Seconds for which somebody else writes; the database waits 0.2 for him, here.
SHORT, LONG = 0.6, 5.0
KEY = uuid.UUID(int=7)
CAROL = "carol@ac-exemple.fr"


class Sink:
    """A submission server that keeps what it takes."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.messages.append(envelope.content)
        return "250 2.0.0 Taken"


@dataclass
class Trap:
    """What happens at the nth piece. ``kind``: ``kill``, ``cut``, ``lock`` or ``lock long``."""

    gate: str = ""
    at: int = 0
    is_before: bool = True
    kind: str = "kill"
    pid: int = 0
    sprung: bool = False


class Gate:
    """In front of a server: counts what the client sends in one piece, a command as a rule."""

    def __init__(self, name: str, port: int, trap: Trap, lock: Callable[[float], None]) -> None:
        self._name, self._server, self._trap, self._lock = name, port, trap, lock
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.seen = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with (
            client,
            socket.create_connection(("127.0.0.1", self._server)) as server,
            suppress(OSError),
        ):
            while True:
                readable, _, _ = select.select([client, server], [], [], 30)
                if not readable:
                    return
                if server in readable and not self._move(server, client):
                    return
                if client in readable and not self._step(client, server):
                    return

    @staticmethod
    def _move(source: socket.socket, target: socket.socket) -> bool:
        piece = source.recv(65536)
        target.sendall(piece)
        return bool(piece)

    def _step(self, client: socket.socket, server: socket.socket) -> bool:
        piece = client.recv(65536)
        if not piece:
            return False
        self.seen += 1
        trap = self._trap
        if trap.gate != self._name or trap.at != self.seen:
            server.sendall(piece)
            return True
        if not trap.is_before:
            server.sendall(piece)
            select.select([server], [], [], 0.3)
        trap.sprung = True
        if trap.kind == "kill":
            os.kill(trap.pid, signal.SIGKILL)
            return False
        if trap.kind == "cut":
            return False
        self._lock(LONG if trap.kind == "lock long" else SHORT)
        if trap.is_before:
            server.sendall(piece)
        return True


def somebody(login: str, **servers: Any) -> Any:
    """A user of a mail domain with these servers (fields of MailDomain)."""
    from accounts.models import MailDomain, User

    domain = MailDomain.objects.create(
        name="ac-exemple.fr",
        is_default=True,
        login_form="local",
        imap_host="127.0.0.1",
        imap_security="none",
        **servers,
    )
    return User.objects.create(mail_domain=domain, login=login, address="alice@ac-exemple.fr")


def signed_in(user: Any, password: str) -> Any:
    """A request of his, with the password sealed."""
    from django.contrib.sessions.backends.signed_cookies import SessionStore
    from django.http import HttpRequest

    from accounts import credentials

    request: Any = HttpRequest()
    request.session, request.user = SessionStore(), user
    credentials.seal(request, user.pk, password)
    return request


class Bench:
    """The database, the servers, one person, one message."""

    def __init__(self, folder: Path, imap_port: int, login: str, password: str) -> None:
        from django.conf import settings
        from django.db import connection

        self.password = password
        self.login = login
        self._imap_port = imap_port
        self._connection = connection
        self._databases = killing.Databases()
        connection.settings_dict["OPTIONS"]["timeout"] = 0.2
        settings.SPOOL = folder
        settings.SMTP_TIMEOUT = settings.IMAP_TIMEOUT = settings.SMTP_VERDICT_SECONDS = 3
        self.sink = Sink()
        controller = Controller(
            self.sink,
            hostname="127.0.0.1",
            port=free_port(),
            authenticator=lambda *_: AuthResult(success=True),
            auth_require_tls=False,
        )
        controller.start()
        self.trap = Trap()
        self.smtp = Gate("smtp", controller.port, self.trap, self._lock)
        self.imap = Gate("imap", imap_port, self.trap, self._lock)

    def prepare(self) -> None:
        from django.conf import settings

        self._databases.prepare(self._fill)
        # What a child of a fork imports, the next one would import again.
        import webmail.views.outbox.outbox  # noqa: F401

        self.renew()
        self.fork(self.accept)
        self._databases.keep("accepted")
        shutil.copytree(settings.SPOOL / "outbox", f"{settings.SPOOL}-accepted")

    def _fill(self) -> None:
        from tests.webmail.outbox.letters import draft_of

        user = somebody(
            self.login,
            imap_port=self.imap.port,
            smtp_host="127.0.0.1",
            smtp_port=self.smtp.port,
            smtp_security="none",
        )
        draft_of(user)

    def renew(self, state: str = "base") -> None:
        """As at the beginning: a draft, and nothing sent; or "accepted", in the outbox."""
        from django.conf import settings

        self._databases.renew(state)
        shutil.rmtree(settings.SPOOL / "outbox", ignore_errors=True)
        if state == "accepted":
            shutil.copytree(f"{settings.SPOOL}-accepted", settings.SPOOL / "outbox")
        self.sink.messages.clear()
        with self._mailbox() as mailbox:
            with suppress(imaplib.IMAP4.error):  # there is none
                mailbox.store("1:*", "+FLAGS", "(\\Deleted)")
            mailbox.expunge()
        self.smtp.seen = self.imap.seen = 0
        self.trap.__dict__.update(Trap().__dict__)

    def fork(self, work: Callable[[], None]) -> bool:
        """Whether it came to its end, well or not: False for one that was killed."""
        return killing.ended(killing.forked(work, self.trap)) >= 0

    def filed(self) -> int:
        with self._mailbox() as mailbox:
            return len(mailbox.search(None, "ALL")[1][0].split())

    @contextmanager
    def _mailbox(self) -> Iterator[imaplib.IMAP4]:
        mailbox = imaplib.IMAP4("127.0.0.1", self._imap_port, timeout=LONGEST_S)
        mailbox.login(self.login, self.password)
        mailbox.select("Sent")
        yield mailbox
        mailbox.logout()

    def _lock(self, seconds: float) -> None:
        """Somebody else writes, for so long."""
        held = threading.Event()

        def hold() -> None:
            other = sqlite3.connect(self._databases.copy, isolation_level=None, timeout=5)
            other.execute("BEGIN IMMEDIATE")
            held.set()
            time.sleep(seconds)
            other.execute("ROLLBACK")
            other.close()

        threading.Thread(target=hold, daemon=True).start()
        held.wait(6)

    # --- what a process does ---

    def accept(self) -> None:
        """The web server's part: the same request, however often."""
        from accounts.models import User
        from tests.webmail.outbox.letters import letter
        from webmail import outbox
        from webmail.models import Draft
        from webmail.views.outbox.page import start

        request = signed_in(User.objects.get(), self.password)
        if os.environ.get("REDIS_URL"):
            (row,) = outbox.accept(request, Draft.objects.get(), [letter()], key=KEY)
            start(row)
        else:
            outbox.accept(request, Draft.objects.get(), [letter()], key=KEY)

    def work(self) -> None:
        """The worker's part: what beat finds due."""
        from tests.tended import due
        from webmail import outbox
        from webmail.models import OutboxMessage
        from webmail.outbox import delivery

        delivery._PAUSES = (0, 0.5, 1)
        for pk in due(OutboxMessage):
            outbox.deliver(pk)

    def recover(self) -> None:
        """Hours pass, and workers come again."""
        from datetime import timedelta

        from django.utils import timezone

        from webmail import outbox
        from webmail.models import OutboxMessage

        long_ago = timezone.now() - timedelta(hours=1)
        waiting = OutboxMessage.objects.filter(state="held")
        claimed = OutboxMessage.objects.filter(state="sending")
        for _ in range(4):
            if not waiting.update(due=long_ago, told=None) + claimed.update(changed=long_ago):
                break
            self.work()
        for file in outbox.values.spooled():
            os.utime(file, (0, 0))
        outbox.tidy()

    # --- what is left ---

    def outcome(self) -> str:
        """``sent``, ``doubt`` or ``unsent``; else what is wrong."""
        from django.conf import settings

        from accounts.models import LentCredential
        from webmail.models import Draft, OutboxMessage

        arrived, filed = len(self.sink.messages), self.filed()
        row = OutboxMessage.objects.first()
        draft = Draft.objects.first()
        left = list((settings.SPOOL / "outbox").glob("*"))
        self._connection.close()
        if row is None:
            whole = not arrived and not filed and draft is not None and draft.state == "writing"
            return "unsent" if whole else f"no row, {arrived} arrived, {filed} filed"
        if row.state == "sent":
            if (arrived, filed) == (1, 1) and not (
                draft or left or LentCredential.objects.exists()
            ):
                return "sent"
            return f"sent, {arrived} arrived, {filed} filed, draft {draft}, {left}"
        if row.state == "doubt":
            whole = arrived <= 1 and not filed and draft is not None and draft.state == "accepted"
            return "doubt" if whole else f"doubt, {arrived} arrived, {filed} filed"
        return f"{row}, {arrived} arrived, {filed} filed"


class BatchBench(Bench):
    """One message to each of two, with the one copy of both."""

    def accept(self) -> None:
        from accounts.models import User
        from tests.webmail.outbox.letters import ALICE, letter
        from webmail import outbox
        from webmail.models import Draft

        letters = [
            letter(number=0),
            letter(CAROL, number=1),
            replace(letter(ALICE, number=2), recipients=()),
        ]
        request = signed_in(User.objects.get(), self.password)
        outbox.accept(request, Draft.objects.get(), letters, key=KEY)

    def outcome(self) -> str:
        """As of one message: both left and one copy lists both; else the one in doubt is not in
        it."""
        from webmail.models import OutboxMessage

        arrived = sorted(b"To: carol@" in one for one in self.sink.messages)
        with self._mailbox() as mailbox:
            numbers = mailbox.search(None, "ALL")[1][0].split()
            copies = [str(mailbox.fetch(one.decode(), "(RFC822)")[1]) for one in numbers]
        rows = list(OutboxMessage.objects.order_by("number"))
        self._connection.close()
        states = [row.state for row in rows]
        listed = [name in copy for copy in copies[:1] for name in ("bob@", "carol@")]
        if states == ["sent"] * 3:
            whole = arrived == [False, True] and listed == [True, True] and len(copies) == 1
            return "sent" if whole else f"sent, {arrived} arrived, {len(copies)} copies, {listed}"
        if sorted(states) == ["doubt", "sent", "sent"]:
            in_doubt = states.index("doubt")
            whole = len(copies) == 1 and listed == [in_doubt == 1, in_doubt == 0]
            return "doubt" if whole else f"doubt, {len(copies)} copies, {listed}, {states}"
        return f"{states}, {arrived} arrived, {len(copies)} copies"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def killed_by_statements(bench: Bench, kind: str, step: int = 1) -> Iterator[str]:
    """The web server (``web``) or the worker (``worker``) dies between any two statements."""
    for n in range(1, MOST, step):
        bench.renew("accepted" if kind == "worker" else "base")

        def dying(n: int = n) -> None:
            killing.at_statement(n, killing.KILL, after=True)
            bench.accept() if kind == "web" else bench.work()

        if bench.fork(dying):
            return
        if kind == "web" and n % 2:
            bench.fork(bench.accept)  # the browser asks again
        bench.fork(bench.recover)
        yield bench.outcome()


def killed_by_servers(bench: Bench, gate: str, kind: str, step: int) -> Iterator[str]:
    """At each piece that passes one of the gates, or at one in ``step``, before it goes on and
    after its answer came."""
    for n in range(1, MOST, step):
        for is_before in (True, False):
            bench.renew("accepted")
            trap = Trap(gate, n, is_before, kind)
            bench.trap.__dict__.update(trap.__dict__)
            bench.fork(bench.work)
            if not bench.trap.sprung:
                return
            bench.trap.gate = ""
            if kind.startswith("lock"):
                time.sleep(LONG if kind == "lock long" else SHORT)
            bench.fork(bench.recover)
            yield bench.outcome()


def without_a_broker(bench: Bench) -> Iterator[str]:
    """Nobody can be told of the message, and the cache is down as well; then it is back."""
    from django.test import override_settings

    local = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    bench.renew()
    bench.fork(bench.accept)
    bench.fork(bench.work)
    with override_settings(CACHES=local):
        bench.fork(bench.recover)
        yield bench.outcome()


def outcomes(bench: Bench, kind: str, step: int) -> Iterator[str]:
    match kind.split():
        case ["broker"]:
            return without_a_broker(bench)
        case ["batch", "worker"]:
            return killed_by_statements(bench, "worker", step)
        case ["batch", gate, *how]:
            return killed_by_servers(bench, gate, " ".join(how), step)
        case ["web" | "worker"]:
            return killed_by_statements(bench, kind, step)
        case [gate, *how]:
            return killed_by_servers(bench, gate, " ".join(how), step)
    raise ValueError(kind)


if __name__ == "__main__":
    killing.set_up()
    of_kind = BatchBench if sys.argv[6].startswith("batch") else Bench
    prepared = of_kind(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5])
    prepared.prepare()
    killing.tell(
        ((kind, outcomes(prepared, kind, int(sys.argv[5]))) for kind in sys.argv[6:]),
        good=["sent", "doubt", "unsent"],
    )
