"""The things that a demo must have for itself: its checkout and its port. Standard library
alone."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

from demo.servers.process import LOOPBACK
from demo.words import Refused


def claim_checkout(lock: Path, port: int) -> int:
    """Take the lock, and return its descriptor, which programs started by exec inherit.

    The kernel frees it when the process dies, so none is ever left behind. Raises Refused when
    another demo has it.
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
    """Raises Refused when the web server could not listen there."""
    with socket.socket() as probe:
        # Without it the port of a demo that ended a moment ago counts as taken.
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
