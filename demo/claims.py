"""The exclusive resources of a demo: its checkout and its port. This module uses the standard
library alone."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

from demo.servers.process import LOOPBACK
from demo.words import Refused


def claim_checkout(lock: Path, port: int) -> int:
    """Take the lock and return its descriptor, which is inherited by programs started by exec.

    The kernel frees the lock when the process dies, so none is ever left behind. Raises Refused
    when another demo has it.
    """
    lock.parent.mkdir(exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = os.read(descriptor, 100).decode().strip()
        os.close(descriptor)
        raise Refused(f"A demo already runs in this checkout: {other}.") from None
    os.set_inheritable(descriptor, True)
    os.truncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()}, port {port}\n".encode())
    return descriptor


def need_port(port: int) -> None:
    """Check that the web server could listen on the port. Raises Refused."""
    with socket.socket() as probe:
        # Without this option, the port of a demo that has just ended counts as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except PermissionError:
            raise Refused(f"Port {port} is for root alone; choose one from 1024 on.") from None
        except OSError:
            raise Refused(
                f"Port {port} is taken by another program."
                f" Choose another one: bin/demo --port {port % 65535 + 1}"
            ) from None
