"""A real installation on loopback: mail servers, database, Redis, web server, job workers."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from demo.servers import process
from demo.servers.broker import Broker
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.submission import SubmissionServer
from tests.servers.plugin import ALICE, BOB
from tests.servers.postgresql import PostgreSQL
from tools.bench.cost.watch import Watch, resident

ROOT = Path(__file__).resolve().parents[3]
WEB_PROCESSES = 2
DOMAIN = "ac-exemple.fr"
CLAIRE = MailAccount("claire", "Gomme-Verte 9!", ("claire@ac-exemple.fr",))
ADMINISTRATOR = ("admin", "Encre-Violette 9!")
# A process that keeps more than this much after an attack would hide what the next one takes.
KEPT = 60_000_000


class Installation:
    """`start` once, `renew` the web server and the workers between attacks; ``stack`` ends all."""

    def __init__(self, stack: ExitStack) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="webmail-cost-"))
        self.folder.chmod(0o755)
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        stack.callback(self._stop_programs)
        self._stack = stack
        self.port = process.free_port()
        self.base = f"http://localhost:{self.port}"
        people = [ALICE, BOB, CLAIRE]
        # With access lists, since the page that shares a folder is not there without them.
        self.dovecot = Dovecot(self.folder / "dovecot", people, quota_megabytes=4096, sharing=True)
        self._web: list[subprocess.Popen[bytes]] = []
        self._workers: list[subprocess.Popen[bytes]] = []
        self._rested = 0

    def start(self) -> None:
        """Raises ServerFailed."""
        database = PostgreSQL()
        program = shutil.which("redis-server")
        broker = Broker(self.folder / "redis", Path(program) if program else None, keep=False)
        # Bound to where mail is delivered before Dovecot has started: its port is known.
        submission = SubmissionServer(
            self.folder, [ALICE, BOB, CLAIRE], domain=DOMAIN, lmtp_port=self.dovecot.lmtp_port
        )
        for server in (database, broker, self.dovecot, submission):
            self._stack.callback(server.stop)
            server.start()
        os.environ.update(self._environment(database.url, broker.url, submission.url))
        login, password = ADMINISTRATOR
        set_up = [sys.executable, "-m", "demo.set_up", login]
        subprocess.run(set_up, input=password.encode(), check=True, cwd=ROOT)  # noqa: S603
        import django

        django.setup()
        self._start_programs()

    def _environment(self, database: str, broker: str, smtp: str) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "webmail.settings",
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": database,
            "REDIS_URL": broker,
            "WEBMAIL_BASE_URL": self.base,
            "WEBMAIL_SECRET_KEY": secrets.token_urlsafe(48),
            "WEBMAIL_STATIC_ROOT": str(self.folder / "static"),
            "WEBMAIL_SPOOL": str(self.folder / "spool"),
            "WEBMAIL_DOMAIN": DOMAIN,
            "WEBMAIL_LOGIN_FORM": "local",
            "WEBMAIL_NUMEN_KEYS": f"bench:{secrets.token_hex(32)}",
            "WEBMAIL_IMAP_URL": f"imap://{process.LOOPBACK}:{self.dovecot.imap_port}",
            "WEBMAIL_SMTP_URL": smtp,
            "WEBMAIL_SIEVE_URL": f"sieve://{process.LOOPBACK}:{self.dovecot.sieve_port}",
            "WEBMAIL_DEMO": "1",
            "WEBMAIL_TRANSFER_OPEN_NETWORKS": "127.0.0.0/8",
            "WEBMAIL_RECIPIENTS_PER_HOUR": "0",
        }

    def _start_programs(self) -> None:
        from django.conf import settings

        web = ["uvicorn", "webmail.asgi:application", "--host", process.LOOPBACK]
        web += ["--port", str(self.port), "--workers", str(WEB_PROCESSES), "--no-proxy-headers"]
        web += ["--no-access-log", "--timeout-graceful-shutdown", "3", "--log-level", "warning"]
        self._web = [self._run("web", web)]
        self._workers = [
            self._run(f"worker-{queue.name}", self._worker(queue.name, with_beat=not number))
            for number, queue in enumerate(settings.CELERY_TASK_QUEUES)
        ]
        log = self.folder / "web.log"
        process.wait_until(self._is_healthy, self._web[0], log, seconds=60)
        time.sleep(3)  # the second process, and the workers' children
        self._rested = self._largest()

    def _worker(self, queue: str, *, with_beat: bool) -> list[str]:
        command = ["celery", "--app", "webmail", "worker", "--queues", queue]
        command += ["--hostname", f"{queue}@%h", "--concurrency", "1", "--loglevel", "WARNING"]
        schedule = ["--beat", "--schedule", str(self.folder / "schedule")]
        return [*command, *(schedule if with_beat else ())]

    def _run(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        log = self.folder / f"{name}.log"
        return process.spawn([sys.executable, "-m", *command], log, cwd=ROOT)

    def _stop_programs(self) -> None:
        for child in (*self._web, *self._workers):
            process.stop(child, seconds=5)
        self._web, self._workers = [], []

    def renew(self) -> None:
        """Stop the web server and the workers, whatever they do, and start them again."""
        self._stop_programs()
        self._start_programs()

    def watch(self) -> Watch:
        return Watch([child.pid for child in self._web], [child.pid for child in self._workers])

    def is_swollen(self) -> bool:
        """Some process keeps much more than it had at its start."""
        return self._largest() > self._rested + KEPT

    def _largest(self) -> int:
        return self.watch().resident()

    def words(self) -> str:
        """The ends of the programs' logs."""
        logs = sorted(self.folder.glob("w*.log"))
        return "\n".join(f"== {log.name}\n{process.last_lines(log, 30)}" for log in logs)

    def _is_healthy(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.base}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


__all__ = ["ALICE", "BOB", "CLAIRE", "Installation", "resident"]
