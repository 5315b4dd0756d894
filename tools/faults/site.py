"""A whole installation on this machine: two web nodes and their workers behind nginx, on one
PostgreSQL, Redis, Dovecot and submission server, each of which can be broken and mended.

The processes see a hosts file of their own, in which the mail servers have names.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psycopg
import redis

from demo.servers import process
from demo.servers.broker import Broker
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.submission import SubmissionServer
from tests.servers.nginx import NAME, ROOT, Nginx
from tests.servers.postgresql import PostgreSQL
from tests.waiting import LONGEST_S
from tools.faults.door import Door
from tools.faults.ways import SubmissionWay, Way

DOMAIN = "ac-exemple.fr"
PASSWORD = "Craie-Bleue 7!"
_HOSTS = f"127.0.0.1 localhost {NAME}\n127.0.0.1 imap.faults.test smtp.faults.test\n"
# A mount namespace with its own /etc/hosts, where this account may make one.
_OWN_HOSTS = 'mount --bind "$0" /etc/hosts && exec "$@"'
START_SECONDS = 120
_SPOOL_MEGABYTES = 32
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class Part(process.Server):
    """A process of the project: a web server at `port`, or with none the workers of its queues."""

    def __init__(self, site: Site, name: str, words: list[str], port: int = 0) -> None:
        self.name = name
        self.port = port
        self.log = site.folder / f"{name}.log"
        self._site = site
        self._words = words
        self.has_own_ways = False

    def start(self, more: Mapping[str, str] | None = None) -> None:
        """Start, with ``more`` in its environment."""
        words = [sys.executable, *self._words]
        if self._site.has_own_hosts:
            words = ["unshare", "-m", "sh", "-c", _OWN_HOSTS, str(self._site.hosts), *words]
        environment = {**self._site.environment, **self._ways(), **(more or {})}
        self.child = process.spawn(words, self.log, env=environment, cwd=self._site.root)

    def _ways(self) -> dict[str, str]:
        return self._site.by_ways() if self.has_own_ways else {}

    def kill(self) -> None:
        """End it, and all that it started, as a machine ends that loses its power."""
        if self.child is not None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait(LONGEST_S)

    def children(self) -> list[int]:
        pid = self.child.pid if self.child else 0
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def wait_for_port(self) -> None:
        """Until the web server takes connections."""
        assert self.child is not None
        process.wait_for_port(self.port, self.child, self.log, seconds=START_SECONDS)


class Site:
    """`start()`, then `url`; `stop()` ends all and removes the folder. ``people`` can sign in as
    ``person01`` and so on. With ``has_ways`` the second machine has ways of its own to PostgreSQL
    and Redis, and all of them one to the submission server, which can be cut. ``root``: the tree
    whose code runs."""

    def __init__(
        self, people: int, *, processes: int = 1, has_ways: bool = False, root: Path = ROOT
    ) -> None:
        self.root = root
        self.folder = Path(tempfile.mkdtemp(prefix="wf-"))
        self.folder.chmod(0o755)
        self.accounts = [
            MailAccount(f"person{n:02}", PASSWORD, (f"person{n:02}@{DOMAIN}",))
            for n in range(1, people + 1)
        ]
        self.postgresql = PostgreSQL()
        broker = shutil.which("redis-server")
        self.redis = Broker(self.folder / "r", Path(broker) if broker else None, keep=True)
        self.dovecot = Dovecot(self.folder / "d", self.accounts)
        (self.folder / "smtp").mkdir()
        self.submission = SubmissionServer(
            self.folder / "smtp",
            self.accounts,
            domain=DOMAIN,
            lmtp_port=self.dovecot.lmtp_port,
        )
        self.door = Door(self.folder, "imap.faults.test", self.dovecot.imap_port)
        self.ways: dict[str, Way] = {}
        self.submission_way: SubmissionWay | None = None
        self.known_hosts = _HOSTS
        self.hosts = self.folder / "hosts"
        self.hosts.write_text(_HOSTS)
        self.has_own_hosts = _can_have_own_hosts(self.hosts)
        self.spool = self.folder / "spool"
        self.spool.mkdir()
        self.nodes = [self._node(n, process.free_port()) for n in (1, 2)]
        self.workers = [
            # beat runs beside `upkeep`, on one machine.
            Part(self, "worker1", ["manage.py", "run_workers", "sending", "upkeep"]),
            Part(self, "worker2", ["manage.py", "run_workers", "sending", "upkeep"]),
        ]
        self.nginx = Nginx(self.folder, [node.port for node in self.nodes])
        self._processes = processes
        self._has_ways = has_ways
        self.environment: dict[str, str] = {}
        self.settings: dict[str, str] = {}
        """Those that this site has besides."""
        self.has_small_spool = self.has_small_database = False
        """Whether spool and database are file systems of their own, which can be filled."""
        self.is_held = set[str]()
        """Parts that stay down until somebody starts them."""

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.nginx.port}"

    @property
    def imap_port(self) -> int:
        """Where the processes connect to."""
        return self.door.port if self.has_own_hosts else self.dovecot.imap_port

    @property
    def parts(self) -> list[Part]:
        return [*self.nodes, *self.workers]

    def start(self) -> None:
        self.has_small_spool = self._mount_spool()
        self.has_small_database = self._mount_database()
        self.postgresql.start()
        self.redis.start()
        self.dovecot.start()
        self.submission.start()
        if self._has_ways:
            self._make_ways()
        self.environment = self._environment()
        for words in (["migrate", "--verbosity", "0"], ["ensure_mail_domain"]):
            self.manage(*words)
        self._collect()
        for part in self.parts:
            part.start()
        for node in self.nodes:
            node.wait_for_port()
        self.nginx.start()

    def stop(self) -> None:
        for server in (self.nginx, *self.parts, self.submission, self.dovecot, self.redis):
            server.stop()
        self.postgresql.go_down()
        if self.has_small_database:
            quietly("umount", str(self.postgresql.folder))
        self.postgresql.stop()
        if self.has_small_spool:
            quietly("umount", str(self.spool))
        for way in (*self.ways.values(), self.submission_way):
            if way is not None:
                way.stop()
        self.door.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tend(self) -> None:
        """Start again what has ended, as systemd does."""
        for part in self.parts:
            if part.has_ended() and part.name not in self.is_held:
                part.start()

    def manage(self, *words: str) -> None:
        subprocess.run(  # noqa: S603  the command is ours
            [sys.executable, "manage.py", *words],
            env=self.environment,
            cwd=self.root,
            check=True,
            timeout=LONGEST_S,
        )

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query to the database."""
        with psycopg.connect(self.postgresql.url, autocommit=True) as connection:
            answer = connection.execute(sql)
            return answer.fetchall() if answer.description else []

    def redis_bytes(self) -> int:
        with redis.Redis.from_url(self.redis.url) as client:
            return int(client.info("memory")["used_memory"])

    def _node(self, number: int, port: int) -> Part:
        words = [str(Path(sys.executable).with_name("gunicorn")), "--bind", f"127.0.0.1:{port}"]
        words += ["--config", "python:webmail.serving.processes", "webmail.asgi:application"]
        return Part(self, f"node{number}", words, port)

    def _make_ways(self) -> None:
        self.ways = {
            "PostgreSQL": Way(("127.0.0.1", self.postgresql.port)),
            "Redis": Way(Path(self.redis.url.removeprefix("unix://"))),
        }
        self.submission_way = SubmissionWay(("127.0.0.1", self.submission.port))
        for part in (self.nodes[1], self.workers[1]):
            part.has_own_ways = True

    def by_ways(self) -> dict[str, str]:
        """The addresses of PostgreSQL and Redis for the second machine."""
        before, after = f":{self.postgresql.port}/", f":{self.ways['PostgreSQL'].port}/"
        return {
            "DATABASE_URL": self.postgresql.url.replace(before, after),
            "REDIS_URL": f"redis://127.0.0.1:{self.ways['Redis'].port}/0",
        }

    def _environment(self) -> dict[str, str]:
        port = (self.submission_way or self.submission).port
        smtp = "smtp.faults.test" if self.has_own_hosts else "127.0.0.1"
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "DATABASE_URL": self.postgresql.url,
            "REDIS_URL": self.redis.url,
            "WEB_CONCURRENCY": str(self._processes),
            "WEBMAIL_SECRET_KEY": "k" * 50,
            "WEBMAIL_BASE_URL": f"https://{NAME}",
            "WEBMAIL_ALLOWED_HOSTS": f"{NAME},127.0.0.1",
            "WEBMAIL_TRUSTED_PROXIES": "127.0.0.1",
            "WEBMAIL_SPOOL": str(self.spool),
            "WEBMAIL_STATIC_ROOT": str(_static_root()),
            "WEBMAIL_DOMAIN": DOMAIN,
            **self._imap(),
            "WEBMAIL_SMTP_URL": f"smtp://{smtp}:{port}?security=none",
            "WEBMAIL_LOGIN_FORM": "local",
            "WEBMAIL_LOGIN_EXEMPT_NETWORKS": "127.0.0.0/8",
            "MALLOC_ARENA_MAX": "2",
            **self.settings,
        }

    def _imap(self) -> dict[str, str]:
        """By TLS and the door, where the name of its certificate is known."""
        if not self.has_own_hosts:
            port = self.dovecot.imap_port
            return {"WEBMAIL_IMAP_URL": f"imap://127.0.0.1:{port}?security=none"}
        return {
            "WEBMAIL_IMAP_URL": f"imaps://imap.faults.test:{self.door.port}",
            "WEBMAIL_TLS_CA_FILE": str(self.door.trusted),
        }

    def _mount_database(self) -> bool:
        folder = self.postgresql.folder
        return quietly("mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(folder))

    def _mount_spool(self) -> bool:
        size = f"size={_SPOOL_MEGABYTES}m"
        return quietly("mount", "-t", "tmpfs", "-o", size, "tmpfs", str(self.spool))

    def _collect(self) -> None:
        if _is_stale(_static_root() / "staticfiles.json"):
            self.manage("collectstatic", "--no-input", "--verbosity", "0")


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(word) for word in (task / "children").read_text().split()]
    return found


def send_all(pid: int, number: signal.Signals) -> None:
    for one in tree(pid):
        with suppress(ProcessLookupError):
            os.kill(one, number)


def _static_root() -> Path:
    """Kept between runs of one checkout: compressing takes its time."""
    return ROOT / "var" / "faults-static"


def _is_stale(manifest: Path) -> bool:
    if not manifest.exists():
        return True
    files = (ROOT / "webmail" / "static").rglob("*")
    return manifest.stat().st_mtime < max(file.stat().st_mtime for file in files)


def _can_have_own_hosts(hosts: Path) -> bool:
    return quietly("unshare", "-m", "sh", "-c", _OWN_HOSTS, str(hosts), "true")


def quietly(*words: str) -> bool:
    """Whether the command did it."""
    done = subprocess.run(words, capture_output=True, check=False, timeout=LONGEST_S)  # noqa: S603
    return done.returncode == 0
