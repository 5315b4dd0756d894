"""Versions in folders of their own: installed, switched to, and back (deploy/webmail-release)."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import LONGEST_S
from tests.webmail.upgrading.test_upgrade import (  # noqa: F401  fixtures
    ACTIVATED,
    FIRST,
    asked,
    environment,
    former,
    listener,
    next_told,
)

ROOT = Path(__file__).resolve().parents[2]
Release = Callable[..., subprocess.CompletedProcess[str]]
# Stands in for Python: makes an environment whose python does nothing.
_PYTHON = """#!/bin/sh
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "$@" >> "$(dirname "$0")/asked"\\n' > "$3/bin/python"
chmod +x "$3/bin/python"
"""
_MANAGE = """#!/bin/sh
[ ! -e "{folder}/broken" ] || exit 1
readlink "{folder}/webmail" >> "{folder}/upgraded"
"""


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """`release("switch", "2")`: the command, in a folder of the test's own."""
    for name, text in (("python", _PYTHON), ("manage", _MANAGE.format(folder=tmp_path))):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    source = tmp_path / "source"
    for folder in ("locale", ".git", "var"):
        (source / folder).mkdir(parents=True)
    for name in ("manage.py", "requirements.txt", ".git/config"):
        (source / name).write_text(name)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        own = {
            "WEBMAIL_LINK": str(tmp_path / "webmail"),
            "WEBMAIL_MANAGE": str(tmp_path / "manage"),
            "WEBMAIL_PYTHON": str(tmp_path / "python"),
        }
        command = str(ROOT / "deploy" / "webmail-release")
        return subprocess.run(  # noqa: S603
            [command, *words],
            env=os.environ | own,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        )

    return run


def test_a_version_is_installed_switched_to_and_left_again(
    release: Release, tmp_path: Path
) -> None:
    for name in ("1", "2"):
        assert release("install", name, str(tmp_path / "source")).returncode == 0
    made = tmp_path / "webmail-releases" / "2"
    assert (made / "manage.py").exists() and not (made / ".git").exists()
    asked_for = (made / ".venv" / "bin" / "asked").read_text()
    assert "--require-hashes" in asked_for and "compile" in asked_for

    link = tmp_path / "webmail"
    for words, runs in ((("switch", "1"), "1"), (("switch", "2"), "2"), (("back",), "1")):
        done = release(*words)
        assert done.returncode == 0, done.stderr
        assert link.resolve() == tmp_path / "webmail-releases" / runs
    assert release("back").returncode == 0 and link.resolve().name == "2"
    assert (tmp_path / "upgraded").read_text().split() == [
        f"webmail-releases/{name}" for name in "1212"
    ]
    assert release("list").stdout.splitlines() == ["  1", "* 2"]
    assert "runs" in release("remove", "2").stderr and made.exists()
    assert release("remove", "1").returncode == 0
    assert release("list").stdout.splitlines() == ["* 2"]


def test_a_version_that_cannot_begin_leaves_the_one_before(
    release: Release, tmp_path: Path
) -> None:
    for name in ("1", "2"):
        release("install", name, str(tmp_path / "source"))
    release("switch", "1")
    (tmp_path / "broken").touch()
    refused = release("switch", "2")
    assert refused.returncode == 1 and "1 runs on" in refused.stderr
    assert (tmp_path / "webmail").resolve().name == "1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("switch", "3"), "no version 3"),
        (("switch", "../source"), "not the name"),
        (("install", ".", "source"), "not the name"),
        (("install", "3", "/nowhere"), "no checkout"),
        (("back",), "no version before"),
        (("remove", "."), "not the name"),
    ],
)
def test_what_cannot_be_is_said(release: Release, words: tuple[str, ...], said: str) -> None:
    refused = release(*words)
    assert refused.returncode == 1 and said in refused.stderr


def test_a_folder_is_never_taken_for_the_link(release: Release, tmp_path: Path) -> None:
    release("install", "1", str(tmp_path / "source"))
    (tmp_path / "webmail").mkdir()
    assert "is a folder" in release("switch", "1").stderr
    assert not list((tmp_path / "webmail").iterdir())


@pytest.mark.whole
@pytest.mark.slow
def test_the_web_server_begins_the_version_that_the_link_leads_to(
    listener: socket.socket,  # noqa: F811
    environment: dict[str, str],  # noqa: F811
    tmp_path: Path,
) -> None:
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        for part in (
            "manage.py",
            "core",
            "mail",
            "accounts",
            "addressbook",
            "webmail",
            "templates",
            "locale",
        ):
            (tmp_path / name / part).symlink_to(ROOT / part)
        (tmp_path / name / ".venv").symlink_to(Path(sys.prefix))
    link = tmp_path / "link"
    link.symlink_to("1")
    unit = (ROOT / "deploy" / "systemd" / "webmail.service").read_text()
    (words,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    command = words.removeprefix("ExecStart=").replace("/srv/webmail", str(link)).split()
    assert "Environment=PWD=/srv/webmail\n" in unit and shutil.which(command[0])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        process = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", ACTIVATED, "sh", *command],
            env=environment | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "PWD": str(link)},
            cwd=link,
            pass_fds=[FIRST],
            preexec_fn=lambda: os.dup2(listener.fileno(), FIRST),
        )
        process.told = told  # type: ignore[attr-defined]
        successor = 0
        try:
            assert asked(listener) == 200
            assert Path(f"/proc/{process.pid}/cwd").readlink() == tmp_path / "1"
            (tmp_path / "new").symlink_to("2")
            (tmp_path / "new").rename(link)
            time.sleep(0.5)
            process.send_signal(signal.SIGUSR2)
            successor = int(next_told(process, "MAINPID=").removeprefix("MAINPID="))
            assert process.wait(60) in (0, -signal.SIGTERM)
            assert Path(f"/proc/{successor}/cwd").readlink() == tmp_path / "2"
            assert asked(listener) == 200
        finally:
            for pid in filter(None, (successor, process.pid if process.poll() is None else 0)):
                os.kill(pid, signal.SIGTERM)
