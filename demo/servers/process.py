"""Child processes that end with their starter, and small functions for loopback servers."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LOOPBACK = "127.0.0.1"

# sockaddr_un holds 108 bytes on Linux; servers add names of up to 40 characters to their folder.
LONGEST_SOCKET_FOLDER = 60

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ServerFailed(Exception):
    """A server of the demo did not start. The text names it and quotes its log."""


class Server:
    """A server that is a child process: `start()` returns when it answers, `stop()` ends it.

    `name` is shown to users. `start()` raises ServerFailed.
    """

    name: str
    log: Path
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        stop(self.child)
        self.child = None

    def has_ended(self) -> bool:
        """Return whether the server has ended by itself after `start()`."""
        return self.child is not None and self.child.poll() is not None


def free_port() -> int:
    """Return a TCP port of the loopback interface on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    user: pwd.struct_passwd | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command`, with its output appended to `log`. The kernel ends it when its starter dies.

    Call this from the main thread: Linux sends the signal when the starting *thread* ends. The
    child has its own session, so that Ctrl-C in a terminal reaches the launcher alone, which can
    then stop its servers in order. `stdin` is what the child may read, a few kilobytes at most.
    Root may start the child as `user`. The kernel sends `stop_signal`.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - the command is ours
            [str(word) for word in command],
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            start_new_session=True,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            preexec_fn=_end_with(os.getpid(), stop_signal),
        )
    if child.stdin is not None:
        child.stdin.write(stdin or b"")
        child.stdin.close()
    return child


def _end_with(parent: int, stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Return a function that ties a child process to `parent`; None if the kernel does not support
    this."""
    libc = _libc
    if libc is None:
        return None

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, stop_signal)
        # The parent may have died between the fork and the line above.
        if os.getppid() != parent:
            os._exit(1)

    return tie


def stop(
    child: subprocess.Popen[bytes] | None,
    seconds: float = 10,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> None:
    """End `child` by `stop_signal`, and after `seconds` its whole process group by SIGKILL."""
    if child is None or child.poll() is not None:
        return
    child.send_signal(stop_signal)
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def wait_for_port(
    port: int,
    child: subprocess.Popen[bytes],
    log: Path,
    *,
    host: str = LOOPBACK,
    seconds: float = 20,
) -> None:
    """Return when something listens on `port`. Raises ServerFailed when `child` ends before."""
    wait_until(lambda: _listens(host, port), child, log, seconds=seconds)


def wait_until(
    ready: Callable[[], bool],
    child: subprocess.Popen[bytes],
    log: Path,
    *,
    seconds: float = 20,
) -> None:
    """Return when `ready()` is true. Raises ServerFailed when `child` ends or `seconds` pass
    before."""
    deadline = time.monotonic() + seconds
    while not ready():
        if child.poll() is not None:
            raise ServerFailed(f"{_name(child)} ended at once.\n{last_lines(log)}")
        if time.monotonic() > deadline:
            raise ServerFailed(f"{_name(child)} was not ready in {seconds:g} s.\n{last_lines(log)}")
        time.sleep(0.02)


def last_lines(log: Path, count: int = 8) -> str:
    """Return the end of a log, for the text of an error; "" if there is no log."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])


def socket_folder(folder: Path) -> Path:
    """Return `folder`, made if missing, or a temporary folder if its path is too long for a
    socket."""
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
        return Path(tempfile.mkdtemp(prefix="webmail-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _name(child: subprocess.Popen[bytes]) -> str:
    words = child.args if isinstance(child.args, list) else [str(child.args)]
    return Path(str(words[0])).name
