"""The systemd services of the webmail, and the signals that restart them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from typing import Final

WEB: Final = "webmail.service"
_UNITS: Final = (WEB, "webmail-workers.service", "webmail-worker@*.service")
_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Service:
    """A running service. ``pid`` is its main process."""

    unit: str
    pid: int

    @property
    def command(self) -> str:
        """The command with which an administrator does the same as `renew`."""
        verb = "reload" if self.unit == WEB else "restart"
        return f"sudo systemctl {verb} {self.unit}"

    def renew(self) -> bool:
        """Tell the main process to give way to a new one. Return False where this account may not.

        The gunicorn master starts its successor, which ends the former one when it is ready
        (`webmail.serving.processes`). A worker finishes its jobs and ends, and systemd starts it
        again.
        """
        try:
            os.kill(self.pid, signal.SIGUSR2 if self.unit == WEB else signal.SIGTERM)
        except (PermissionError, ProcessLookupError):
            return False
        return True


def has_systemd() -> bool:
    """Return whether systemd's command is here: a container has none."""
    return shutil.which("systemctl") is not None


def running() -> list[Service]:
    """Return the services of the webmail that run on this machine; none where there is no
    systemd."""
    program = shutil.which("systemctl")
    if program is None:
        return []
    words = [program, "show", "--property=Id", "--property=MainPID", *_UNITS]
    try:
        done = subprocess.run(  # noqa: S603  nothing of it comes from outside
            words, capture_output=True, text=True, check=True, timeout=_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [service for block in done.stdout.split("\n\n") if (service := _service(block))]


def _service(block: str) -> Service | None:
    values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    pid = values.get("MainPID", "0")
    return Service(values.get("Id", ""), int(pid)) if pid.isdigit() and pid != "0" else None
