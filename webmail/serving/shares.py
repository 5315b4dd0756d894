"""Limit the share of a process that one user may use at once, so that other users have the rest:
threads, forms, downloads, and the processor.

A request names its session alone. Whose session it is is known once one of its requests was
answered; until then the session counts for itself.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings

from accounts import session
from mail.errors import TooManyDownloads
from webmail.serving.bodies import REFUSED, BrowserGone
from webmail.serving.origins import SAFE

THREADS = 6
"""The most requests of a user that may have a thread at once: two users never have all threads of a
process. A browser sends six requests at once."""
FORMS = 2
"""The most forms of a user that are worked on at once. Forms ask for what takes much of the
processor, and all requests of a process share one interpreter."""
HEAVY = 2
"""The most requests of any kind that a user has at once whose requests have taken much of the
processor just now (`Spending`)."""
MOST_SESSIONS = 20_000
"""The most sessions whose users are remembered."""
DOWNLOAD_WAIT = 30
"""Seconds that a download waits for others. A proxy in front gives up after 60."""

# Responses sent straight from the mail server, as slowly as the browser reads them.
_DOWNLOAD = re.compile(
    r"/mail/[^/]+/[^/]+/(?:part|source|zip|frame/inline|view/[^/]+/(?:member/[^/]+/)?(?:media|pdf))"
    r"(?:/|\Z)"
)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Shares:
    """The shares of all users in one process. All calls come from its event loop."""

    def __init__(self) -> None:
        self._users: OrderedDict[str, str] = OrderedDict()
        self._spending = Spending()
        self._threads = Places()
        self._forms = Places()
        self._heavy = Places()
        self._downloads = Places()

    @asynccontextmanager
    async def thread(self, environ: Mapping[str, Any]) -> AsyncIterator[None]:
        """Take a place among the requests of the same user, for the block, one among the forms if
        the request is one, and one among the heavy requests if the user has such."""
        key = self._key(environ)
        async with AsyncExitStack() as places:
            if key and environ.get("REQUEST_METHOD") not in SAFE:
                await places.enter_async_context(places_of(self._forms, key, FORMS))
            if key:
                await places.enter_async_context(places_of(self._threads, key, THREADS))
            # Only now: the requests before it may have been heavy.
            if key and self._spending.is_much(key):
                await places.enter_async_context(places_of(self._heavy, key, HEAVY))
            yield

    @asynccontextmanager
    async def download(
        self, environ: dict[str, Any], path: str, receive: Receive
    ) -> AsyncIterator[None]:
        """Take a place among the downloads of the same user, for the block, if the request is a
        download. There are as many places as downloads may have connections to the mail server, so
        that a download waits here, without a thread. Where it waits too long, `REFUSED` is set.

        Raises BrowserGone when the browser disconnects meanwhile.
        """
        key = self._key(environ)
        if not key or not _DOWNLOAD.match(path):
            yield
            return
        places = places_of(self._downloads, key, session.pool().most_streams)
        if not await has_come(places, receive, DOWNLOAD_WAIT):
            environ[REFUSED] = TooManyDownloads()
            yield
            return
        try:
            yield
        finally:
            places.release()

    def note(self, environ: Mapping[str, Any], seconds: float = 0.0) -> None:
        """Note whose session it was, once a request is answered, and the seconds that it took of
        the processor."""
        self._note_user(environ)
        if key := self._key(environ):
            self._spending.add(key, seconds)

    def _note_user(self, environ: Mapping[str, Any]) -> None:
        session_key, whose = session_of(environ), environ.get(session.WHOSE)
        if not session_key or whose is None:
            return
        self._users[session_key] = f"user {whose}"
        self._users.move_to_end(session_key)
        if len(self._users) > MOST_SESSIONS:
            self._users.popitem(last=False)

    def _key(self, environ: Mapping[str, Any]) -> str:
        session_key = session_of(environ)
        return self._users.get(session_key, session_key)


class Spending:
    """The seconds of the processor that the requests of each user took. They fade: a user may take
    `RATE` of a processor for ever, and `MUCH` at once."""

    RATE, MUCH = 0.1, 0.5

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until: OrderedDict[str, float] = OrderedDict()
        """When the seconds of each will have faded."""

    def add(self, key: str, seconds: float) -> None:
        now = self._now()
        self._until[key] = max(now, self._until.get(key, now)) + seconds / self.RATE
        self._until.move_to_end(key)
        if len(self._until) > MOST_SESSIONS:
            self._until.popitem(last=False)

    def is_much(self, key: str) -> bool:
        """Return whether more than `MUCH` has not faded yet."""
        return self._until.get(key, 0.0) - self._now() > self.MUCH / self.RATE


Places = WeakValueDictionary[str, asyncio.Semaphore]


def places_of(places: Places, key: str, most: int) -> asyncio.Semaphore:
    """Return the places that all who name this key share while somebody holds or awaits one."""
    semaphore = places.get(key)
    if semaphore is None:
        semaphore = places[key] = asyncio.Semaphore(most)
    return semaphore


async def has_come(places: asyncio.Semaphore, receive: Receive, seconds: float) -> bool:
    """Take one of the places and return True, or return False if none becomes free in time. Raises
    BrowserGone when the browser disconnects meanwhile."""
    place = asyncio.ensure_future(places.acquire())
    leaving = asyncio.ensure_future(hung_up(receive))
    is_taken = False
    try:
        await asyncio.wait((place, leaving), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            raise BrowserGone
        is_taken = place.done()
        return is_taken
    finally:
        leaving.cancel()
        if place.done() and not is_taken:
            places.release()
        place.cancel()


async def hung_up(receive: Receive) -> None:
    """Return when the browser has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


def session_of(environ: Mapping[str, Any]) -> str:
    """Return the session cookie of a request, "" where there is none."""
    for cookie in str(environ.get("HTTP_COOKIE", "")).split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == settings.SESSION_COOKIE_NAME:
            return value
    return ""
