"""Fetch from hosts that the sender of a message has chosen, beside the threads that make pages.

A view that needs such an answer returns an `ErrandResponse`, which frees its thread. The errand
waits in the event loop for one of a few threads that do nothing else. Few of them are for one user,
and for one host. Then the request is answered anew, with the outcome in its environment; nothing
else of the errand is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse

from mail.errors import RemoteLimit, RemoteRefused
from mail.remote import RemoteContent
from webmail.serving.shares import Places, Receive, has_come, places_of

AT_ONCE = 24
OF_USER = 4
OF_HOST = 8
"""The most errands of a process that are run at once: of all, of a user, and to a host."""
WAIT = 6.0
"""Seconds that an errand may wait for a thread."""

OUTCOME = "webmail.errand"
"""The key of a request's environment that is there if errands can be run: None, or the `Outcome` of
the errand that the request was answered with before."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What ``run`` fetches from the ``host`` of a ``url``, for a user."""

    user: str
    host: str
    url: str
    run: Callable[[], RemoteContent] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the errand to a URL: its content, or why there is none."""

    url: str
    came: RemoteContent | Exception

    def content(self, url: str) -> RemoteContent:
        """Return the content, or raise why there is none."""
        if isinstance(self.came, Exception):
            raise self.came
        if url != self.url:
            raise RemoteRefused("The message has changed meanwhile.")
        return self.came


class ErrandResponse(HttpResponse):
    """The answer of a view that needs an errand to be run. No browser gets it."""

    def __init__(self, errand: Errand) -> None:
        super().__init__(status=202)
        self.errand = errand


def are_run(environ: Mapping[str, Any]) -> bool:
    """Return whether the server of a request runs errands; else the view fetches by itself."""
    return OUTCOME in environ


def outcome(environ: Mapping[str, Any]) -> Outcome | None:
    of_errand: Outcome | None = environ.get(OUTCOME)
    return of_errand


class Errands:
    """The errands of one process. All calls come from its event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="errand")
        self._places = Places()

    async def run(self, errand: Errand, receive: Receive) -> Outcome:
        """Run an errand once it has a place. Raises BrowserGone when the browser disconnects while
        it waits."""
        try:
            async with self._place(errand, receive):
                loop = asyncio.get_running_loop()
                came = await loop.run_in_executor(self._threads, _came, errand.run)
        except RemoteLimit as error:
            came = error
        return Outcome(errand.url, came)

    @asynccontextmanager
    async def _place(self, errand: Errand, receive: Receive) -> AsyncIterator[None]:
        """Take a place among those of the user, of the host and of all, for the block. Raises
        RemoteLimit if none becomes free in time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + WAIT
        async with AsyncExitStack() as taken:
            for key, most in (
                (f"user {errand.user}", OF_USER),
                (f"host {errand.host}", OF_HOST),
                ("all", AT_ONCE),
            ):
                places = places_of(self._places, key, most)
                if not await has_come(places, receive, end - loop.time()):
                    raise RemoteLimit("Too many images are being fetched.")
                taken.callback(places.release)
            yield


def _came(run: Callable[[], RemoteContent]) -> RemoteContent | Exception:
    """Return the error in place of raising it: the view raises it, and the middleware answers."""
    try:
        return run()
    except Exception as error:  # noqa: BLE001  the view raises it
        return error
