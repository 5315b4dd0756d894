"""A private PostgreSQL cluster: a folder and a loopback port of its own, gone after the session."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from demo.servers import process
from tests.waiting import LONGEST_S

USER = "webmail"


def installed() -> bool:
    return _program("initdb") is not None


class PostgreSQL:
    """One cluster: `start()`, then `url`; `stop()` ends it and removes its folder.

    It refuses to run as root: root starts it as `postgres`, or `nobody` without that account.
    With `durable` it writes as a real one does, for measures.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self.port = process.free_port()
        self._password = secrets.token_urlsafe(16)
        self.folder = Path(tempfile.mkdtemp(prefix="webmail-postgresql-"))
        self._owner = _owner() if os.getuid() == 0 else None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{self._password}@{process.LOOPBACK}:{self.port}/postgres"

    def start(self) -> None:
        """Make the cluster and start it; raises ServerFailed."""
        if self._owner is not None:
            os.chown(self.folder, self._owner.pw_uid, self._owner.pw_gid)
        self._make_cluster()
        self.go_up()

    def go_up(self) -> None:
        """Start the server of a cluster that is there."""
        log = self.folder / "log"
        # What it holds lives for one session: nothing needs to survive a power cut.
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1"]
        # Of each process of the tests a dozen threads keep one.
        settings += ["max_connections=300"]
        if not self._durable:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
            # It would tell the planner that tables are empty, as they are between two tests: the
            # joins of a test that fills them would then take minutes.
            settings += ["autovacuum=off"]
            # A test that waits for a lock that nobody gives back fails.
            settings += [f"lock_timeout={LONGEST_S}s", f"statement_timeout={2 * LONGEST_S}s"]
        options = [word for setting in settings for word in ("-c", setting)]
        self._child = process.spawn(
            [_program("postgres") or "", "-D", self._data, "-k", self.folder, *options],
            log,
            cwd=self.folder,
            user=self._owner,
            stop_signal=signal.SIGINT,
        )
        process.wait_until(self._answers, self._child, log)

    def go_down(self) -> None:
        """Stop the server and keep the cluster."""
        # SIGINT is its fast shutdown; at SIGTERM it would wait for its clients to leave.
        process.stop(self._child, stop_signal=signal.SIGINT)

    def stop(self) -> None:
        self.go_down()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        """Its port is open before it takes connections."""
        # `demo.environment` imports this module before anything is installed.
        import psycopg

        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _make_cluster(self) -> None:
        password_file = self.folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        if self._owner is not None:
            os.chown(password_file, self._owner.pw_uid, self._owner.pw_gid)
        command = [
            _program("initdb") or "",
            "-D",
            str(self._data),
            "-U",
            USER,
            "-A",
            "scram-sha-256",
        ]
        command += [f"--pwfile={password_file}", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        log = self.folder / "log"
        child = process.spawn(command, log, cwd=self.folder, user=self._owner)
        if child.wait(LONGEST_S) != 0:
            raise process.ServerFailed(f"initdb failed.\n{process.last_lines(log)}")


def _owner() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _program(name: str) -> str | None:
    """The newest version's; Debian keeps each version's programs in a folder outside PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    path = os.pathsep.join([*map(str, places), os.environ.get("PATH", "")])
    return shutil.which(name, path=path)


def _version(folder: Path) -> int:
    found = re.match(r"\d+", folder.parent.name)
    return int(found[0]) if found else 0
