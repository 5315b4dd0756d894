"""A program that is shut in tries to get out; the same program outside succeeds."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mail import sandbox
from mail.mime.hypertext import html
from mail.sandbox import walls
from mail.sandbox.walls import ProcessLimits
from tests.mail.sandbox.test_calls import family
from tests.servers.plugin import missing
from tests.waiting import LONGEST_S, wait_for

LIMITS = ProcessLimits(memory=300_000_000, seconds=10, file=1_000_000)
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


@pytest.fixture
def bubblewrap() -> None:
    if not walls.is_whole():
        pytest.skip(missing("bubblewrap, or the right to use it,"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the program's work."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "given").write_text("given")
    return tmp_path / "work"


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def local_socket(tmp_path: Path) -> Iterator[Path]:
    """As PostgreSQL and Redis have one."""
    path = Path(os.path.relpath(tmp_path / "s"))
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen()
        yield path.absolute()


def run(code: str, folder: Path, *, is_shut_in: bool = True) -> subprocess.CompletedProcess[str]:
    """A program of Python's."""
    program: tuple[str, ...] = (sys.executable, "-I", "-c", code)
    if is_shut_in:
        program = walls.command(program, LIMITS, folder, walls.python())
    return subprocess.run(  # noqa: S603  # our own words
        program,
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def reaches(code: str, folder: Path) -> bool:
    """Whether the program does it; it does outside, or the test would prove nothing."""
    outside = run(code, folder, is_shut_in=False)
    assert outside.returncode == 0, outside.stderr
    inside = run(code, folder)
    assert inside.returncode == 0 or "Error" in inside.stderr, inside.stderr
    return inside.returncode == 0


def test_it_reads_no_file_outside(bubblewrap: None, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "environment").write_text("WEBMAIL_SECRET_KEY=x")
    for path in (tmp_path / "environment", Path("/etc/passwd"), Path(walls.__file__)):
        assert not reaches(f"open({str(path)!r}).read(1)", folder), path


def test_it_sees_no_other_process(bubblewrap: None, folder: Path) -> None:
    assert not reaches(f"open('/proc/{os.getpid()}/environ', 'rb').read()", folder)
    seen = run("import os; print(sum(name.isdigit() for name in os.listdir('/proc')))", folder)
    assert int(seen.stdout) <= 3
    assert not reaches(f"import os; os.kill({os.getpid()}, 0)", folder)


def test_it_reaches_no_network_and_no_socket(
    bubblewrap: None, folder: Path, port: int, local_socket: Path
) -> None:
    assert not reaches(
        f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=3)", folder
    )
    path = os.path.relpath(local_socket, folder)
    assert not reaches(f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})", folder)


def test_it_writes_into_its_work_alone(bubblewrap: None, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "written"
    assert not reaches(f"open({str(outside)!r}, 'w').write('x')", folder)
    done = run("print(open('given').read()); open('made', 'w').write('x')", folder)
    assert done.stdout == "given\n"
    assert (folder / "made").read_text() == "x"
    assert run("open('/usr/x', 'w')", folder).returncode


def test_it_becomes_nobody_else(bubblewrap: None, folder: Path) -> None:
    """In a namespace of its own a program has rights that open more of the kernel."""
    unshare = "import subprocess; subprocess.run(['unshare', '-U', 'true'], check=True)"
    assert not reaches(unshare, folder)
    told = run("print(open('/proc/self/status').read())", folder).stdout
    assert "CapEff:\t0000000000000000" in told
    assert "NoNewPrivs:\t1" in told


def test_it_has_limits(bubblewrap: None, folder: Path) -> None:
    assert not run("bytes(100_000_000)", folder).returncode
    assert "MemoryError" in run("bytes(300_000_000)", folder).stderr
    assert run("open('made', 'wb').write(bytes(2_000_000))", folder).returncode
    assert (folder / "made").stat().st_size <= LIMITS.file


def test_it_ends_with_who_started_it(bubblewrap: None, folder: Path) -> None:
    program = walls.command(("/usr/bin/sleep", "97531"), LIMITS, folder)
    child = subprocess.Popen(program, start_new_session=True)  # noqa: S603
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(1)
    finally:
        child.kill()
        child.wait(LONGEST_S)

    def is_over() -> bool:
        listed = subprocess.run(
            ["/usr/bin/ps", "-eo", "args"], capture_output=True, check=True, timeout=LONGEST_S
        )
        return b"97531" not in listed.stdout

    wait_for(is_over)


def test_where_bubblewrap_does_not_work_the_network_is_taken_away(
    folder: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not walls._unshare():
        pytest.skip("the kernel lets nobody have a network of his own")
    monkeypatch.setattr(walls, "_bubblewrap", lambda: ())
    assert walls.is_offline() and not walls.is_whole()
    assert walls.work(folder) == folder
    assert not reaches(
        f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=3)", folder
    )


def test_a_bubblewrap_that_the_kernel_refuses_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert walls._bubblewrap.__wrapped__() == ()


@pytest.mark.usefixtures("bubblewrap")
def test_helpers_stand_behind_the_same_walls(port: int) -> None:
    """The root of a helper has neither these tests nor anybody's home, and its network no
    server."""
    sandbox.call(html.to_text, sandbox.TEXT, "<p>x")
    for pid in family(os.getpid()):
        root = Path(f"/proc/{pid}/root")
        assert not (root / "etc/passwd").exists() and not (root / "home").exists()
        assert not (root / Path(__file__).parent.relative_to("/")).exists()
        listening = Path(f"/proc/{pid}/net/tcp").read_text()
        assert f":{port:04X} " not in listening
