"""Limit the share of a process that one session may use at once, so that other sessions have the
rest."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings

from accounts import session
from webmail.errors import TooManyDownloads
from webmail.serving.bodies import REFUSED, BrowserGone

THREADS = 8
"""The most requests of a session that may have a thread at once."""
DOWNLOAD_WAIT = 30
"""Seconds that a download waits for others. A proxy in front gives up after 60."""

# Responses sent straight from the mail server, as slowly as the browser reads them.
_DOWNLOAD = re.compile(
    r"/mail/[^/]+/[^/]+/(?:part|source|zip|frame/inline|view/[^/]+/(?:member/[^/]+/)?(?:media|pdf))"
    r"(?:/|\Z)"
)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Shares:
    """The shares of all sessions in one process. All calls come from its event loop."""

    def __init__(self) -> None:
        self._threads: _Places = WeakValueDictionary()
        self._downloads: _Places = WeakValueDictionary()

    def thread(self, environ: Mapping[str, Any]) -> AbstractAsyncContextManager[object]:
        """Take a place among the requests of the same session, for the block."""
        key = session_of(environ)
        return _of(self._threads, key, THREADS) if key else nullcontext()

    @asynccontextmanager
    async def download(
        self, environ: dict[str, Any], path: str, receive: Receive
    ) -> AsyncIterator[None]:
        """Take a place among the downloads of the same session, for the block, if the request is a
        download. There are as many places as downloads may have connections to the mail server, so
        that a download waits here, without a thread. Where it waits too long, `REFUSED` is set.

        Raises BrowserGone when the browser disconnects meanwhile.
        """
        key = session_of(environ)
        if not key or not _DOWNLOAD.match(path):
            yield
            return
        places = _of(self._downloads, key, session.pool().most_streams)
        if not await _has_come(places, receive):
            environ[REFUSED] = TooManyDownloads()
            yield
            return
        try:
            yield
        finally:
            places.release()


_Places = WeakValueDictionary[str, asyncio.Semaphore]


def _of(places: _Places, key: str, most: int) -> asyncio.Semaphore:
    semaphore = places.get(key)
    if semaphore is None:
        semaphore = places[key] = asyncio.Semaphore(most)
    return semaphore


async def _has_come(places: asyncio.Semaphore, receive: Receive) -> bool:
    """Take one of the places and return True, or return False if none becomes free in time."""
    place = asyncio.ensure_future(places.acquire())
    leaving = asyncio.ensure_future(hung_up(receive))
    is_taken = False
    try:
        await asyncio.wait(
            (place, leaving), timeout=DOWNLOAD_WAIT, return_when=asyncio.FIRST_COMPLETED
        )
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
