import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.servers import process
from tests.waiting import next_line

FOREVER = [sys.executable, "-c", "import time; time.sleep(600)"]


def is_gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":  # ended; its new parent has not asked how
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own way is Linux's")
def test_a_child_ends_when_its_starter_is_killed(tmp_path: Path):
    starter = f"""
import time
from pathlib import Path
from demo.servers import process
print(process.spawn({FOREVER!r}, Path({str(tmp_path / "log")!r})).pid, flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", starter]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:  # noqa: S603
        child = int(next_line(parent.stdout))
        os.kill(child, 0)
        parent.kill()

    assert is_gone(child)


def test_a_child_that_ignores_the_end_is_killed(tmp_path: Path):
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1);"
    log = tmp_path / "log"
    child = process.spawn([sys.executable, "-uc", f"{stubborn} time.sleep(600)"], log)
    process.wait_until(lambda: bool(process.last_lines(log)), child, log)

    process.stop(child, seconds=0.1)

    assert child.returncode == -signal.SIGKILL


def test_a_server_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path):
    log = tmp_path / "log"
    child = process.spawn([sys.executable, "-c", "raise SystemExit('port taken')"], log)

    with pytest.raises(process.ServerFailed, match="port taken"):
        process.wait_for_port(process.free_port(), child, log)


def test_a_server_that_never_answers_is_told(tmp_path: Path):
    log = tmp_path / "log"
    child = process.spawn(FOREVER, log)
    try:
        with pytest.raises(process.ServerFailed, match=r"not ready in 0\.1 s"):
            process.wait_for_port(process.free_port(), child, log, seconds=0.1)
    finally:
        process.stop(child)


def test_a_long_path_gets_a_short_folder_for_sockets(tmp_path: Path):
    short = process.socket_folder(tmp_path / ("long" * 20))
    try:
        assert len(bytes(short)) <= process.LONGEST_SOCKET_FOLDER
    finally:
        short.rmdir()
