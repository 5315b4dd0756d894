"""``bin/manage upgrade``: each step leaves the former version working."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import CommandError, call_command
from django.db import models
from django.db.migrations import Migration, operations
from django.utils import timezone

from tests.servers.certificates import certificate
from tests.waiting import LONGEST_S, join
from webmail import backups
from webmail.backups import contents
from webmail.upgrading import migrating, static_files, steps, units

ROOT = Path(__file__).parents[3]
# As systemd passes a socket on (sd_listen_fds(3)).
ACTIVATED = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'
FIRST = 3
# Not `python -m gunicorn`, which would begin anew with gunicorn's own folder as Python's path.
GUNICORN = (
    str(Path(sys.executable).with_name("gunicorn")),
    "--config",
    "python:webmail.serving.processes",
    "webmail.asgi",
)


# --- what the former version can bear ---


def migration(*all_operations: Any) -> Migration:
    made = type("Migration", (Migration,), {"operations": list(all_operations)})
    return made("0007_next", "webmail")


@pytest.mark.parametrize(
    "operation",
    [
        operations.AddField("draft", "mood", models.TextField(null=True)),
        operations.AddField("draft", "mood", models.TextField(db_default="")),
        operations.AddField("draft", "moods", models.ManyToManyField("webmail.Tag")),
        operations.AddIndex("draft", models.Index(fields=["id"], name="next")),
        operations.CreateModel("Mood", [("id", models.BigAutoField(primary_key=True))]),
        operations.SeparateDatabaseAndState(
            state_operations=[operations.RemoveField("draft", "text")]
        ),
    ],
)
def test_what_is_added_suits_the_former_version(operation: Any) -> None:
    assert not migrating.breaking(migration(operation))


@pytest.mark.parametrize(
    "operation",
    [
        operations.AddField("draft", "mood", models.TextField(default="")),
        operations.RemoveField("draft", "text"),
        operations.RenameField("draft", "text", "words"),
        operations.DeleteModel("Draft"),
        operations.SeparateDatabaseAndState([operations.DeleteModel("Draft")]),
    ],
)
def test_what_is_taken_away_or_asked_for_does_not(operation: Any) -> None:
    (line,) = migrating.breaking(migration(operation))
    assert "draft" in line.lower()


def test_a_table_that_the_migration_makes_may_be_changed_in_it() -> None:
    made = operations.CreateModel("Mood", [("id", models.BigAutoField(primary_key=True))])
    more = operations.AddField("mood", "name", models.TextField(default=""))
    assert not migrating.breaking(migration(made, more))


# --- static files ---


def test_files_of_the_former_version_stay_for_a_day(
    as_installed: Path, tmp_path: Path, settings: Any
) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    shutil.copytree(as_installed, settings.STATIC_ROOT)
    kept = static_files._superseded(settings.STATIC_ROOT)
    assert not kept, f"of this version: {sorted(kept)[:5]}"
    old = settings.STATIC_ROOT / "webmail" / "js" / "common.0123456789ab.js"
    for path in (old, old.with_name(f"{old.name}.gz"), old.with_name(f"{old.name}.br")):
        path.write_text("former")
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    assert static_files.prune(begun) == 0
    assert static_files.prune(begun + timedelta(hours=23)) == 0 and old.exists()
    assert static_files.prune(begun + timedelta(hours=25)) == 3 and not old.exists()
    now = settings.STATIC_ROOT / staticfiles_storage.stored_name("webmail/js/common.js")  # type: ignore[attr-defined]
    assert now.exists()


# --- the last backup ---


@pytest.fixture
def spool(settings: Any, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    return tmp_path / "spool"


def test_the_last_backup_is_named(spool: Path, tmp_path: Path) -> None:
    assert backups.last_backup() is None
    made = timezone.now() - timedelta(days=3)
    contents.note(tmp_path / "monday", made)
    assert backups.last_backup() == contents.LastBackup(str(tmp_path / "monday"), made)
    (spool / "last-backup.json").write_text("[")
    assert backups.last_backup() is None


# --- the command ---


@pytest.mark.django_db
def test_a_spool_that_nobody_can_write_to_stops_it(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEBMAIL_TESTS_NEED_ALL", raising=False)
    # Of a variable that tests with a browser need.
    settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, "async.E001"]
    settings.SPOOL = tmp_path / "file" / "spool"
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match=r"(?s)Nothing can be written.*Stopped at: Check\."):
        call_command("upgrade", stdout=StringIO())


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, int]], Path]:
    """`systemctl({"webmail.service": 12})`: a folder with a systemd's command that tells so."""

    def make(pids: dict[str, int]) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        said = "\n\n".join(f"Id={unit}\nMainPID={pid}" for unit, pid in pids.items())
        (folder / "systemctl").write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\n")
        (folder / "systemctl").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return folder

    return make


def test_a_service_is_told_by_its_signal(systemctl: Callable[[dict[str, int]], Path]) -> None:
    worker = subprocess.Popen(["/bin/sleep", "60"])
    systemctl({"webmail.service": 0, "webmail-worker@sending.service": worker.pid})
    (service,) = units.running()
    assert service.command == "sudo systemctl restart webmail-worker@sending.service"
    assert service.renew() and worker.wait(10) == -signal.SIGTERM
    assert not service.renew(), "it has ended"


@pytest.fixture
def installed(tmp_path: Path, collected: Path) -> dict[str, str]:
    """The environment of an installation with an empty database, and nothing of the tests."""
    shutil.copytree(collected, tmp_path / "static")
    return os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/webmail.sqlite3",
        "REDIS_URL": "",
        "WEBMAIL_SECRET_KEY": "k" * 50,
        "WEBMAIL_SPOOL": str(tmp_path / "spool"),
        "WEBMAIL_STATIC_ROOT": str(tmp_path / "static"),
    }


@pytest.mark.whole
@pytest.mark.slow
def test_every_variable_that_the_documents_name_lets_an_upgrade_pass(
    installed: dict[str, str], tmp_path: Path
) -> None:
    pem = certificate(tmp_path, "ac-exemple.fr")
    for name in ("WEBMAIL_TLS_CA", "WEBMAIL_PROFILE_CERTIFICATE", "WEBMAIL_PROFILE_KEY"):
        installed[f"{name}_FILE"] = str(pem)
    secret = tmp_path / "secret"
    secret.write_text("x" * 50)
    for name in ("SECRET_KEY", "LENDING_KEY", "METRICS_TOKEN", "MASTER_PASSWORD"):
        installed[f"WEBMAIL_{name}_FILE"] = str(secret)
    installed["WEBMAIL_MASTER_PASSWORD__AC_EXEMPLE_FR_FILE"] = str(secret)
    installed["WEBMAIL_IMAGE"] = "registry.exemple.fr/webmail:1.0"  # compose.yaml reads it
    assert "settings, Redis and spool are well" in manage(installed, "upgrade", "--dry-run")


@pytest.mark.slow
def test_a_variable_that_nothing_reads_stops_an_upgrade(installed: dict[str, str]) -> None:
    for name in ("WEBMAIL_TLS_CA_FIL", "WEBMAIL_IMAP_TIMEOUT__AC_EXEMPLE_FR"):
        done = ran(installed | {name: "1"}, "upgrade", "--dry-run")
        assert done.returncode == 1 and f"No setting is called {name}" in done.stderr


# --- the whole, beside a web server under requests ---


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as opened:
        yield opened


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without the newest tables, those of services that sign in with the webmail's
    accounts, which the page of the sign-in does not ask."""
    file = tmp_path_factory.mktemp("former") / "webmail.sqlite3"
    own = os.environ | {"DATABASE_URL": f"sqlite:///{file}", "WEBMAIL_SECRET_KEY": "k" * 50}
    manage(own, "migrate", "--verbosity", "0")
    manage(own, "migrate", "accounts", "0002")
    return file


@pytest.fixture
def environment(tmp_path: Path, collected: Path, former: Path) -> dict[str, str]:
    """Of an installation whose database is the former version's."""
    static = tmp_path / "static"
    shutil.copytree(collected, static)
    shutil.copy(former, tmp_path / "webmail.sqlite3")
    (tmp_path / "environment").write_text("")
    return os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/webmail.sqlite3",
        "REDIS_URL": "",
        "WEB_CONCURRENCY": "2",
        "WEBMAIL_SECRET_KEY": "k" * 50,
        "WEBMAIL_SPOOL": str(tmp_path / "spool"),
        "WEBMAIL_STATIC_ROOT": str(static),
        "WEBMAIL_ENVIRONMENT": str(tmp_path / "environment"),
    }


# What the tests set for themselves, and the deployment check finds no good.
OF_TESTS = ("WEBMAIL_TESTS_NEED_ALL", "DJANGO_ALLOW_ASYNC_UNSAFE")


def manage(environment: dict[str, str], *words: str) -> str:
    done = ran(environment, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ran(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "manage.py", *words],
        env={name: value for name, value in environment.items() if name not in OF_TESTS},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )


@pytest.fixture
def server(
    listener: socket.socket, environment: dict[str, str], tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The former version: gunicorn, on a socket of systemd's, with its notifications."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        process = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", ACTIVATED, "sh", *GUNICORN],
            env=environment | {"NOTIFY_SOCKET": str(tmp_path / "notify")},
            cwd=ROOT,
            pass_fds=[FIRST],
            preexec_fn=lambda: os.dup2(listener.fileno(), FIRST),
        )
        process.told = told  # type: ignore[attr-defined]
        yield process
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def asked(listener: socket.socket, path: str = "/accounts/login/") -> int:
    host, port = listener.getsockname()
    client = http.client.HTTPConnection(host, port, timeout=120)
    try:
        client.request("GET", path)
        response = client.getresponse()
        response.read()
        return response.status
    finally:
        client.close()


def next_told(server: subprocess.Popen[bytes], word: str) -> str:
    """What is told to systemd, of this word."""
    told: socket.socket = server.told  # type: ignore[attr-defined]
    told.settimeout(120)
    while not (line := told.recv(4096).decode()).startswith(word):
        pass
    return line


@pytest.mark.slow
def test_an_empty_database_has_no_former_version(tmp_path: Path) -> None:
    own = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/webmail.sqlite3",
        "REDIS_URL": "",
        "WEBMAIL_SECRET_KEY": "k" * 50,
        "WEBMAIL_SPOOL": str(tmp_path / "spool"),
    }
    assert "accounts.0001_initial" in manage(own, "upgrade", "--dry-run")


@pytest.mark.parametrize(
    ("has_systemd", "last"),
    [
        (True, "sudo systemctl restart 'webmail-worker@*'"),
        (False, "podman compose up --detach --force-recreate"),
    ],
)
def test_the_last_line_is_the_command_of_the_place(
    has_systemd: bool,
    last: str,
    systemctl: Callable[[dict[str, int]], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    systemctl({})
    if not has_systemd:
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    lines = list(
        steps.STEPS[-1].run(steps.UpgradeOptions(dry_run=False, offline=False, reload=True))
    )
    assert lines == ["Start the services anew:", *lines[1:]] and lines[-1] == last


@pytest.mark.whole
@pytest.mark.slow
def test_an_upgrade_under_requests_fails_none(
    listener: socket.socket,
    environment: dict[str, str],
    server: subprocess.Popen[bytes],
    systemctl: Callable[[dict[str, int]], Path],
) -> None:
    assert asked(listener) == 200
    answers: list[object] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            try:
                answers.append(asked(listener))
            except (OSError, http.client.HTTPException) as error:
                answers.append(repr(error))
            time.sleep(0.1)

    # Daemons: where an assertion fails they end with the tests.
    browsers = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for browser in browsers:
        browser.start()
    systemctl({"webmail.service": server.pid})
    own = environment | {"PATH": os.environ["PATH"]}
    successor = 0
    try:
        dry = manage(own, "upgrade", "--dry-run")
        assert "Would run" in dry and "accounts.0003" in dry and "sudo systemctl reload" in dry
        assert asked(listener, "/readyz") == 503, "the dry run changed nothing"
        said = manage(own, "upgrade")
        assert "No backup was made" in said and "Ran " in said and "accounts.0003" in said
        successor = int(next_told(server, "MAINPID=").removeprefix("MAINPID="))
        # Each new process ends it: the second signal may come when it has no handler any more.
        assert server.wait(60) in (0, -signal.SIGTERM) and successor != server.pid
        assert asked(listener, "/readyz") == 200
        time.sleep(0.5)
        is_over.set()
        join(*browsers)
        assert len(answers) > 20 and set(answers) == {200}
    finally:
        is_over.set()
        if successor:
            os.kill(successor, signal.SIGTERM)


def children(server: subprocess.Popen[bytes]) -> set[str]:
    return set(Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())


@pytest.mark.whole
@pytest.mark.slow
def test_a_successor_that_cannot_start_leaves_the_former_serving(
    listener: socket.socket, environment: dict[str, str], server: subprocess.Popen[bytes]
) -> None:
    assert asked(listener) == 200
    Path(environment["WEBMAIL_ENVIRONMENT"]).write_text('WEBMAIL_IMAP_TIMEOUT="soon"\n')
    server.send_signal(signal.SIGUSR2)
    tried = children(server)
    deadline = time.monotonic() + 60
    while children(server) >= tried:
        assert time.monotonic() < deadline
        tried |= children(server)
        time.sleep(0.05)
    assert asked(listener) == 200 and server.poll() is None
