"""A program that forks helpers, for a process that serves pages or does jobs and for all processes
forked from it.

It is started fresh, so that its children inherit no memory, no thread and no open file of those
processes. It has imported the modules that helpers need, so that a new helper is ready in
milliseconds. Its standard input is a socket: each byte that comes with a socket requests a helper
that serves that socket. The helper's first byte on it comes with a descriptor by which it can be
killed (its pid might belong to another process by then).
"""

from __future__ import annotations

import gc
import importlib
import os
import resource
import signal
import socket
import traceback
from contextlib import suppress

from mail.sandbox import wire

PRELOADED = (
    "mail.mime.composed",
    "mail.mime.hypertext.html",
    "mail.mime.containers",
    "mail.previews.images",
    "mail.previews.archives",
)
"""Modules that most messages need; a helper imports others when it first needs them."""
# The kernel ends a helper that uses up its processor time unnoticed by Python, by this timer's
# signal; a helper that ignores the signal, by the hard limit of the whole process.
_LIFETIME_SECONDS = 600
_OPEN_FILES = 64


def main() -> None:
    control = socket.socket(fileno=0)
    _confine()
    for module in PRELOADED:
        importlib.import_module(module)
    # Children share the memory of existing objects as long as no process writes to it.
    gc.collect()
    gc.freeze()
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if descriptors:
            _bear(control, socket.socket(fileno=descriptors[0]))


def _confine() -> None:
    """Set limits that hold for this process and all its children."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel removes ended children
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


def _bear(control: socket.socket, connection: socket.socket) -> None:
    pid = os.fork()
    if pid == 0:
        control.close()
        _serve(connection)
        os._exit(0)
    handle = os.pidfd_open(pid)
    with connection, suppress(OSError):  # the process that asked has ended
        socket.send_fds(connection, [b"\0"], [handle])
    os.close(handle)


def _serve(connection: socket.socket) -> None:
    """Answer one call after the other, until the other side hangs up."""
    resource.setrlimit(resource.RLIMIT_CPU, (_LIFETIME_SECONDS, _LIFETIME_SECONDS))
    with suppress(OSError):  # the process that asked has ended
        while (request := wire.receive_request(connection)) is not None:
            wire.send(connection, wire.encode(_answer(request)))


def _answer(request: wire.CallRequest) -> wire.CallAnswer:
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + request.memory, -1))
    signal.setitimer(signal.ITIMER_PROF, request.seconds)
    try:
        codec = wire.codec_of(request.function)
        arguments = codec.arguments(request.arguments)
        request.arguments = wire.NOTHING  # a file may be most of it
        return wire.CallAnswer(codec.run(arguments))
    except MemoryError:
        return wire.CallAnswer(error="memory")
    except Exception as error:  # noqa: BLE001  whatever it is, the other side must hear of it
        return _raised(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))


def _raised(error: Exception) -> wire.CallAnswer:
    name = f"{type(error).__module__}:{type(error).__qualname__}"
    if name in wire.ERRORS:
        return wire.CallAnswer(error=name, arguments=tuple(map(str, error.args)))
    # Report the place, not the message of the error: it may quote the mail.
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return wire.CallAnswer(error=f"{name}{place}")


def _address_space() -> int:
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()
