"""Processes for one job each, which can be killed. They are forked by the parent of the process
that takes jobs. The parent has imported the project, and has one thread and no open connection.

The parent runs `serve`, the process that takes jobs calls `run`. They exchange JSON, and the
descriptor by which a process is waited for and killed (its pid might belong to another process by
then).
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, NoReturn, cast

from celery.app.trace import trace_task_ret
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connections

from webmail.celery import app

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIFE_SECONDS = 10
_MOST_BYTES = 128 * 1024
"""The greatest size of a job's arguments; usually they are keys of rows."""
_control: socket.socket | None = None
_lock = Lock()


def run(job: list[Any], seconds: int, hard_seconds: int) -> None:
    """Have a new process do a job, and wait for its end."""
    handle = _begun(job, seconds)
    try:
        end = select.poll()
        end.register(handle, select.POLLIN)
        if not end.poll(hard_seconds * 1000):
            logger.error("%s[%s] was killed after %s seconds", job[0], job[1], hard_seconds)
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        os.close(handle)


def _begun(job: list[Any], seconds: int) -> int:
    request = json.dumps([job, seconds], default=_text).encode()
    if _control is None or len(request) > _MOST_BYTES:
        raise ValueError(f"{job[0]} can't be handed to a process")
    with _lock:
        _control.send(request)
        _answer, handles, _flags, _address = socket.recv_fds(_control, 1, 1)
    if not handles:
        raise ConnectionError("no process could be forked")
    return handles[0]


def _text(value: object) -> str:
    """Return the text of a job's body, which may come as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def serve(
    work: Callable[[], NoReturn], loglevel: str, show_life: Callable[[], object] = lambda: None
) -> int:
    """Fork a process that does ``work``, and one for each job that it asks for. Wait for its end
    and return its exit code.

    Signals that tell this process to end are passed on to it. ``show_life`` is called every few
    seconds.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def take_jobs() -> NoReturn:
        global _control
        ours.close()
        _control = theirs
        work()

    worker = fork(take_jobs)
    theirs.close()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_signal: _tell_to_end(worker))
    return _Parent(ours, worker, loglevel, show_life).serve()


def _tell_to_end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


class _Parent:
    def __init__(
        self,
        control: socket.socket,
        worker: int,
        loglevel: str,
        show_life: Callable[[], object],
    ) -> None:
        self._control = control
        self._worker = worker
        self._loglevel = loglevel
        self._show_life = show_life
        self._children = {os.pidfd_open(worker): worker}
        self._is_asked = True

    def serve(self) -> int:
        while True:
            self._show_life()
            waited: list[Any] = [*self._children]
            if self._is_asked:
                waited.append(self._control)
            for ready in select.select(waited, [], [], _LIFE_SECONDS)[0]:
                if ready is self._control:
                    self._answer()
                elif (ended := self._buried(ready)) is not None:
                    return ended

    def _buried(self, handle: int) -> int | None:
        """Wait for an ended child. Return the exit code if it was the worker, else None."""
        pid = self._children.pop(handle)
        os.close(handle)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return status if pid == self._worker else None

    def _answer(self) -> None:
        request = b""
        with suppress(ConnectionError):  # the worker ended before it took the answer
            request = self._control.recv(_MOST_BYTES)
        if not request:  # the worker is ending
            self._is_asked = False
            return
        job, seconds = json.loads(request)
        pid = fork(lambda: self._do(job, seconds))
        handle = os.pidfd_open(pid)
        self._children[handle] = pid
        with suppress(ConnectionError):
            socket.send_fds(self._control, [b"\0"], [handle])

    def _do(self, job: list[Any], seconds: int) -> NoReturn:
        self._control.close()
        for handle in self._children:
            os.close(handle)
        app.log.setup(cast(Any, self._loglevel), redirect_stdouts=False)
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(seconds)
        cast(Any, trace_task_ret)(*job, app=app)
        signal.alarm(0)
        connections.close_all()
        sys.exit()


def _too_long(*_signal: object) -> None:
    raise SoftTimeLimitExceeded


def fork(work: Callable[[], NoReturn]) -> int:
    """Fork a process that does ``work``, and return its pid. If this process ends, that one gets a
    SIGTERM.
    """
    parent = os.getpid()
    if pid := os.fork():
        return pid
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == parent:  # it ended before the line above
            work()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        logger.exception("A process for jobs ended.")
    finally:
        logging.shutdown()
        os._exit(code)
