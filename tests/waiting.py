"""Waiting for what happens elsewhere, on a machine that may stall for seconds."""

from __future__ import annotations

import asyncio
import select
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any, TypeVar

T = TypeVar("T")
Text = TypeVar("Text", str, bytes)

# Far above what any step takes, since a machine that runs several browsers stalls for seconds; and
# below the minute after which a page asks for news that no stream told.
PATIENCE_S = 25
# Beyond whatever a single step takes on such a machine: what is not over by then never ends.
LONGEST_S = 300
# More than a stall, and less than what a test waits in vain where its limit is not kept.
SOON_S = 10


def wait_for(happened: Callable[[], object], words: Callable[[], str] = str) -> None:
    """Wait until it is so. ``words``: what else is said where it never is."""
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end, words() or "it did not happen in time"
        time.sleep(0.02)


def run_apart(
    coroutine: Coroutine[Any, Any, T],
    loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> T:
    """`asyncio.run` in a thread of its own: in that of the tests Playwright's loop runs on, once a
    test had a browser."""

    async def awaited() -> T:
        async with asyncio.timeout(LONGEST_S):
            return await coroutine

    def run() -> T:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(awaited())

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(run).result()


def join(*threads: threading.Thread) -> None:
    """Wait for their end."""
    end = time.monotonic() + LONGEST_S
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    left = [thread.name for thread in threads if thread.is_alive()]
    assert not left, f"{left} do not end"


def next_line(told: IO[Text] | None) -> Text:
    """The next line of a program's output."""
    assert told and select.select([told], [], [], LONGEST_S)[0], "it tells nothing"
    return told.readline()


@contextmanager
def soon() -> Iterator[None]:
    """The block waits for nobody who keeps it waiting."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < SOON_S


@contextmanager
def cheap(seconds: float) -> Iterator[None]:
    """The block takes less than so many seconds of the processor."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < seconds
