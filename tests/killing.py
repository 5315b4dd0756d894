"""Processes that die or freeze at any moment, and what they leave.

A module of scenarios (`killed.py`, `frozen.py`) runs in a process of its own, for it forks: `run`
starts it and returns what it tells. It prepares `Databases`, forks a worker that is killed or
frozen at its nth statement, has another worker go on, and looks at what is left.
"""

from __future__ import annotations

import faulthandler
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Never, Protocol

import django

from tests.waiting import LONGEST_S

MOST = 800
KILL, FREEZE = signal.SIGKILL, signal.SIGSTOP


# --- the test's process ---


def run(
    module: str, *arguments: str, database: str, redis: str = "", spool: Path | None = None
) -> dict[str, dict[str, int]]:
    """What the module's process told."""
    own = {"DATABASE_URL": database, "WEBMAIL_SECRET_KEY": "killed", "REDIS_URL": redis}
    if spool:
        spool.mkdir(exist_ok=True)
        own["WEBMAIL_SPOOL"] = str(spool)
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    # Files: a pipe would be read until the last of its processes has ended as well.
    with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as faults:
        # Without a limit: each of its steps has one, and `--whole` has thousands.
        with subprocess.Popen(command, env=os.environ | own, stdout=told, stderr=faults) as process:  # noqa: S603
            pass
        told.seek(0)
        faults.seek(0)
        said = faults.read()
        assert process.returncode == 0, said
        found = json.load(told)
    wrong = {kind: one["wrong"] for kind, one in found.items() if one["wrong"]}
    assert not wrong, f"{wrong}\n{said}"
    return {kind: one["counts"] for kind, one in found.items()}


def sqlite(migrated: Path, folder: Path) -> str:
    """The URL of a database of its own, with empty tables."""
    return f"sqlite:///{shutil.copy(migrated, folder / 'killed.sqlite3')}"


def before_an_update(other: Callable[[], Any]) -> AbstractContextManager[None]:
    """Another worker comes when a row is read and not written yet: before the first UPDATE."""
    from django.db import connection

    others = [other]

    def statement(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and others:
            others.pop()()
        return execute(sql, *rest)

    return connection.execute_wrapper(statement)


# --- the process of the scenarios ---


def set_up() -> None:
    faulthandler.enable()
    begin_step()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
    django.setup()


def begin_step() -> None:
    """What follows, until this is called again, has a limit: beyond it the process ends, and writes
    where it was."""
    faulthandler.dump_traceback_later(2 * LONGEST_S, exit=True)


def migrate() -> None:
    """Make the tables, where they were not copied."""
    from django.core.management import call_command
    from django.db import connection

    if not connection.introspection.table_names():
        call_command("migrate", verbosity=0)


def tell(outcomes: Iterable[tuple[str, Iterable[str]]], good: Iterable[str]) -> Never:
    """Print how often each kind of kill had each ``good`` outcome, and what else it had after which
    kill; end without waiting for threads."""
    found = {}
    for kind, seen in outcomes:
        numbered = list(enumerate(seen, 1))
        found[kind] = {
            "counts": Counter(one for _n, one in numbered if one in good),
            "wrong": [f"{n}: {one}" for n, one in numbered if one not in good],
        }
    sys.stdout.write(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)


class Databases:
    """Copies of the database that was prepared; one at a time is the one Django uses."""

    def __init__(self) -> None:
        from django.db import connection

        self._connection = connection
        self._is_postgresql = connection.vendor == "postgresql"
        self._first = str(connection.settings_dict["NAME"])
        self._kept: set[str] = set()
        self.copy = self._name("copy")

    def prepare(self, fill: Callable[[], None]) -> None:
        """Fill a database that has its tables; `renew` copies it."""
        if self._is_postgresql:
            self._ask(f"CREATE DATABASE {self._name('base')}")
        else:
            self._duplicate(self._first, self._name("base"))
        self._use(self._name("base"))
        migrate()
        fill()
        self._connection.close()
        self._kept.add("base")

    def keep(self, state: str) -> None:
        """Keep the copy in use under a name of its own."""
        self._duplicate(self.copy, self._name(state))
        self._kept.add(state)
        self._use(self.copy)

    def renew(self, state: str = "base") -> None:
        """Use a fresh copy; the connection is closed, so that a fork may open its own."""
        self._duplicate(self._name(state), self.copy)
        self._use(self.copy)

    def remove(self) -> None:
        if self._is_postgresql:
            for name in (self.copy, *map(self._name, self._kept)):
                self._ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _name(self, state: str) -> str:
        return f"killed_{state}" if self._is_postgresql else f"{self._first}-{state}"

    def _duplicate(self, name: str, copy: str) -> None:
        self._connection.close()
        if self._is_postgresql:
            self._ask(f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)")
            self._ask(f"CREATE DATABASE {copy} TEMPLATE {name}")
            self._connection.close()
            return
        for end in ("", "-wal", "-shm"):
            Path(copy + end).unlink(missing_ok=True)
        with sqlite3.connect(name) as there, sqlite3.connect(copy) as to:
            there.backup(to)
        there.close()
        to.close()

    def _use(self, name: str) -> None:
        self._connection.close()
        self._connection.settings_dict["NAME"] = name

    def _ask(self, sql: str) -> None:
        self._use(self._first)
        with self._connection.cursor() as cursor:
            cursor.execute(sql)


class Spool:
    """The files in the spool as they were when this was made."""

    def __init__(self, pattern: str) -> None:
        from django.conf import settings

        self._folder, self._pattern = settings.SPOOL, pattern
        self._kept = {path: path.read_bytes() for path in self.files()}

    def files(self) -> list[Path]:
        return sorted(self._folder.glob(self._pattern))

    def renew(self) -> None:
        for path in self.files():
            path.unlink()
        for path, content in self._kept.items():
            path.write_bytes(content)


class Trap(Protocol):
    """What kills a process at some moment."""

    pid: int


def forked(work: Callable[[], None], trap: Trap | None = None) -> int:
    """The process that does it; it begins when the ``trap`` knows its number."""
    begin_step()
    go, wait = os.pipe()
    pid = os.fork()
    if pid:
        if trap:
            trap.pid = pid
        os.close(wait)
        os.close(go)
        return pid
    code = 1
    try:
        os.close(wait)
        os.read(go, 1)
        os.close(go)
        work()
        code = 0
    except BaseException:  # noqa: BLE001  a worker's end, told to who looks for it
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    """How a process ended: well (0), by an exception (1), or killed (less than 0)."""
    return os.waitstatus_to_exitcode(status(pid))


def status(pid: int, options: int = 0) -> int:
    """The status of a process, once it ends, or with WUNTRACED stops. One that does neither is
    killed, and writes where it was."""
    end = time.monotonic() + LONGEST_S
    while not (found := os.waitpid(pid, options | os.WNOHANG))[0]:
        if time.monotonic() > end:
            for number in (signal.SIGABRT, signal.SIGCONT):
                os.kill(pid, number)
            time.sleep(1)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise TimeoutError("a process did not end")
        time.sleep(0.002)
    return found[1]


def at_statement(n: int, number: int, *, before: bool = True, after: bool = False) -> None:
    """This process gets a signal at its nth statement or commit: it dies as by a power cut, or
    freezes. ``before`` it is sent; ``after``: when it is written, and this is not known here."""
    from django.db import connection

    seen = 0

    def count(is_moment: bool) -> None:
        nonlocal seen
        seen += is_moment
        if is_moment and seen == n:
            os.kill(os.getpid(), number)

    def statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        count(before)
        done = execute(sql, params, many, context)
        # Where it was written at once: nobody else can write before the end of a transaction.
        count(after and not connection.in_atomic_block and not sql.startswith("BEGIN"))
        return done

    commit = connection.commit

    def counted_commit() -> None:
        count(before)
        commit()
        count(after)

    connection.execute_wrappers.append(statement)
    connection.commit = counted_commit  # type: ignore[method-assign]


def killed_at_each(
    renew: Callable[[], None], work: Callable[[], None], *, step: int = 1
) -> Iterator[int]:
    """Kill the work before each statement and commit, or before each of some; the caller looks at
    what is left. It ends with the first that is not killed."""
    from django.db import connection

    for n in range(1, MOST, step):
        renew()
        connection.close()

        def dying(n: int = n) -> None:
            at_statement(n, KILL)
            work()

        code = ended(forked(dying))
        if code >= 0:
            assert code == 0, "the work failed"
            return
        yield n
