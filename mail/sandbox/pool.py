"""The helpers of this process: each is borrowed for a call, kept for the next one, and killed when
a limit is exceeded.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import ParamSpec, TypeVar

import msgspec

from mail.errors import ContentTooCostly
from mail.sandbox import walls, wire

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""The number of helpers of this process that work at the same time; further calls wait within their
budget.
"""
_KEPT = 2
# Calls after which a helper is replaced, with the memory that its libraries did not free.
_CALLS = 1_000
_ROOT = Path(__file__).parents[2]
_PROGRAM = (
    f"import sys; sys.path.insert(0, {str(_ROOT)!r})\n"
    "from mail.sandbox import nursery; nursery.main()"
)
_START_SECONDS = 20

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Budget:
    """The limits of a call. ``seconds`` is processor time; ``wait`` is the time that the caller
    waits in all, for a helper and for its answer; ``memory`` is in bytes above what the helper has;
    ``at_once`` is the number of concurrent calls with this budget in this process. ``is_jobs`` says
    that the caller is a job, to which `patience` does not apply.
    """

    seconds: float
    wait: float
    memory: int
    at_once: int = AT_ONCE
    is_jobs: bool = False
    turns: BoundedSemaphore = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "turns", BoundedSemaphore(self.at_once))


HTML = Budget(seconds=1.5, wait=4, memory=300_000_000)
"""For the HTML of a message, which a page waits for: 400 kB take 0.1 s."""
TEXT = Budget(seconds=1, wait=4, memory=200_000_000)
"""For the text of that HTML."""
FILE = Budget(seconds=3, wait=4.5, memory=350_000_000, at_once=2)
"""For a file that a user opens: an image, archive, office file or winmail.dat."""
IMPORT = Budget(seconds=60, wait=120, memory=450_000_000, at_once=1, is_jobs=True)
"""For an old address book of up to 50 MB, read by a job: 90,000 people of an LDIF need
that much.
"""

MESSAGE = Budget(seconds=15, wait=60, memory=450_000_000, at_once=1, is_jobs=True)
"""For a message saved by Outlook, which a job imports."""


PATIENCE = 4.5
"""Seconds that a page waits for helpers in all, however many calls it makes."""


@dataclass
class _Patience:
    left: float


_patience: ContextVar[_Patience | None] = ContextVar("patience", default=None)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Limit the time that all calls in the block wait together; later calls are ended at once."""
    before = _patience.set(_Patience(seconds))
    try:
        yield
    finally:
        _patience.reset(before)


class CallLimit(StrEnum):
    """The limit that ended a call."""

    TIME = "time"
    MEMORY = "memory"
    BUSY = "busy"
    """No helper was free in time, or the machine is too busy."""
    FAILED = "failed"
    """The function failed: it raised an unexpected exception, or crashed."""


class Exhausted(ContentTooCostly):
    """A call was ended by its budget."""

    def __init__(self, limit: CallLimit, message: str = "") -> None:
        super().__init__(message or limit.value)
        self.limit = limit


class _DiedBefore(Exception):
    """A kept helper was already dead when the call began."""


_sources = [_ROOT / "mail"]
_observers: list[Callable[[str, CallLimit], object]] = []


def observe(observer: Callable[[str, CallLimit], object]) -> None:
    """Have ``observer`` called for each call that is ended, with the function's name and
    the limit.
    """
    _observers.append(observer)


def give(folder: Path) -> None:
    """Let helpers read a package whose functions they call. It lies beside ``mail``."""
    _sources.append(folder)


def call(function: Callable[P, R], budget: Budget, *args: P.args, **kwargs: P.kwargs) -> R:
    """Return ``function(*args, **kwargs)``, computed in a helper. Raises the errors of the
    function, and Exhausted.
    """
    codec = wire.codec(function)
    try:
        with _waiting(budget) as seconds:
            answer = _pool.ask(codec.name, codec.pack(args, kwargs), budget, seconds)
        if not answer.error:
            result: R = codec.unpack(answer.result)
            return result
        if error := wire.error_of(answer):
            raise error
        raise Exhausted(_limit_of(answer), answer.error)
    except (msgspec.ValidationError, wire.TooLong) as error:
        raise _told(codec.name, Exhausted(CallLimit.FAILED, type(error).__name__)) from error
    except Exhausted as error:
        raise _told(codec.name, error) from None


@contextmanager
def _waiting(budget: Budget) -> Iterator[float]:
    """Yield the seconds that a call may wait; the time that it waits is deducted from the
    patience.
    """
    patience = None if budget.is_jobs else _patience.get()
    if patience is None:
        yield budget.wait
        return
    if patience.left <= 0:
        raise Exhausted(CallLimit.BUSY, "earlier calls took too long")
    began = time.monotonic()
    try:
        yield min(budget.wait, patience.left)
    finally:
        patience.left -= time.monotonic() - began


def prepare() -> None:
    """Have one nursery fork the helpers of this process and of all that are forked from
    it later.
    """
    _pool.prepare()


def start() -> None:
    """Have a helper ready before the first call."""
    with suppress(Exhausted), _pool.borrowed(time.monotonic() + _START_SECONDS):
        pass


def _limit_of(answer: wire.CallAnswer) -> CallLimit:
    return CallLimit.MEMORY if answer.error == "memory" else CallLimit.FAILED


def _told(name: str, error: Exhausted) -> Exhausted:
    log = logger.error if error.limit is CallLimit.FAILED else logger.warning
    log("%s was ended: %s (%s)", name, error.limit, error)
    for observer in _observers:
        observer(name, error.limit)
    return error


@dataclass(eq=False)
class _Helper:
    """One helper process: the socket to it, and the descriptor that kills it."""

    connection: socket.socket
    handle: int
    calls: int = 0

    def ask(self, request: bytes, until: float, seconds: float) -> wire.CallAnswer:
        """Send a call and return its answer. Raises TimeoutError, Exhausted if the helper died
        because of the call, and _DiedBefore if probably an earlier call was the reason.
        """
        self.calls += 1
        began = time.monotonic()
        self.connection.settimeout(max(until - began, 0.01))
        frame = None
        with suppress(ConnectionError):
            wire.send(self.connection, request)
            frame = wire.receive(self.connection)
        if frame is not None:
            return wire.read_answer(frame)
        # In less time it cannot have used up its processor time.
        if time.monotonic() - began >= seconds:
            raise Exhausted(CallLimit.TIME)
        if self.calls > 1:
            raise _DiedBefore
        raise Exhausted(CallLimit.FAILED, "the helper died")

    def is_alive(self) -> bool:
        """Return whether the helper still listens: it sends nothing between calls."""
        self.connection.setblocking(False)
        try:
            self.connection.recv(1)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def end(self) -> None:
        with suppress(OSError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        self.leave()

    def leave(self) -> None:
        """Close this process's ends of the connection to it."""
        os.close(self.handle)
        self.connection.close()


class _Nursery:
    """The process that forks helpers (`mail.sandbox.nursery`). It has no environment, no folder,
    and nothing open but the socket ``_control``. Processes that were forked since it was started
    use it too.
    """

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  no part of it comes from outside
                walls.walled((sys.executable, "-I", "-c", _PROGRAM), (*walls.python(), *_sources)),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={"LANG": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )
        self._control.settimeout(_START_SECONDS)

    def bear(self) -> _Helper:
        """Have a helper forked. Raises OSError."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [b"\0"], [theirs.fileno()])
            ours.settimeout(_START_SECONDS)
            _message, handles, _flags, _address = socket.recv_fds(ours, 1, 1)
            if not handles:
                raise ConnectionError("the nursery is gone")
        except BaseException:
            ours.close()
            raise
        return _Helper(ours, handles[0])

    def end(self) -> None:
        """End the nursery, or only leave it if another process has started it."""
        self._control.close()
        self._process.kill()
        self._process.wait()


class _Pool:
    """All helpers of this process, and their nursery."""

    def __init__(self) -> None:
        self._idle: deque[_Helper] = deque()
        self._nursery: _Nursery | None = None
        self._begin()

    def _begin(self) -> None:
        self._lock = Lock()
        self._turns = BoundedSemaphore(AT_ONCE)

    def forget(self) -> None:
        """Start again after a fork: the helpers belong to the parent, and the locks of this process
        do not protect them. Both processes use the same nursery.
        """
        while self._idle:
            self._idle.pop().leave()
        self._begin()

    def prepare(self) -> None:
        with self._lock:
            self._nursery = self._nursery or _Nursery()

    def ask(self, name: str, arguments: bytes, budget: Budget, wait: float) -> wire.CallAnswer:
        until = time.monotonic() + wait
        request = wire.encode(
            wire.CallRequest(name, msgspec.Raw(arguments), budget.seconds, budget.memory)
        )
        if not budget.turns.acquire(timeout=wait):
            raise Exhausted(CallLimit.BUSY)
        try:
            return self._asked(request, until, budget.seconds)
        except TimeoutError as error:
            raise Exhausted(CallLimit.BUSY, "the answer came too late") from error
        finally:
            budget.turns.release()

    def _asked(self, request: bytes, until: float, seconds: float) -> wire.CallAnswer:
        with suppress(_DiedBefore), self.borrowed(until) as helper:
            return helper.ask(request, until, seconds)
        with self.borrowed(until, is_new=True) as helper:
            return helper.ask(request, until, seconds)

    @contextmanager
    def borrowed(self, until: float, *, is_new: bool = False) -> Iterator[_Helper]:
        """Yield a helper for the block; it is killed unless the block ends well."""
        turns = self._turns
        if not turns.acquire(timeout=max(until - time.monotonic(), 0)):
            raise Exhausted(CallLimit.BUSY)
        try:
            helper = self._new() if is_new else self._take()
            try:
                yield helper
            except BaseException:
                helper.end()
                raise
            self._give_back(helper)
        finally:
            turns.release()

    def _take(self) -> _Helper:
        with self._lock:
            while self._idle:
                helper = self._idle.pop()
                if helper.is_alive():
                    return helper
                helper.end()
        return self._new()

    def _give_back(self, helper: _Helper) -> None:
        if helper.calls < _CALLS:
            with self._lock:
                if len(self._idle) < _KEPT:
                    self._idle.append(helper)
                    return
        helper.end()

    def _new(self) -> _Helper:
        """Ask the nursery for a helper, or start a new nursery if it has died. Raises Exhausted if
        both fail.
        """
        try:
            with self._lock:
                if self._nursery is not None:
                    with suppress(OSError):
                        return self._nursery.bear()
                    self._nursery.end()
                self._nursery = _Nursery()
                return self._nursery.bear()
        except OSError as error:
            raise Exhausted(CallLimit.BUSY, f"no helper: {error}") from error


_pool = _Pool()
os.register_at_fork(after_in_child=_pool.forget)
