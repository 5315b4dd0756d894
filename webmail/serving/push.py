"""Push new mail to browsers: one IMAP IDLE connection and one stream of events for each.

This is a small ASGI application in front of Django, which would occupy a thread for each stream
(under ASGI) or send nothing before the end (under WSGI). The request's cookie unseals the password,
as for every page. The password stays in the memory of this coroutine, to sign in again when the
mail server closes the connection, and disappears with it.

The events (https://html.spec.whatwg.org/multipage/server-sent-events.html):

- ``up``: the mailbox is being watched; ``{"everywhere": true}`` if other folders than INBOX are,
  too.
- ``mail``: the state of a folder and its changes (`told`).
- ``down``: the mail server cannot be reached, and will be tried again.
- ``end``: the browser should not come back soon. It reopens a stream that ends without this event.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import resource
import signal
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.contrib import auth
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, close_old_connections

from accounts import session, wire_log
from accounts.session import WatchedMailbox
from mail.errors import ServerRefused, SignInNeeded, WebmailError
from mail.imap import watch
from mail.imap.status import FolderState
from mail.imap.values import SEEN, MessageRef
from mail.imap.watch import ArrivedMessage, News
from webmail.jobs import brought
from webmail.presentation.links import ref_segment
from webmail.presentation.words import names_of
from webmail.serving import measures

PATH = "/events"
# The most sign-ins at once: Dovecot has few processes for them, and after a restart all browsers
# come back.
SIGN_INS = 20
# Seconds between checks of all streams: whether the session has ended, and whether to keep the
# connection alive.
TICK = 20.0
# Seconds. Proxies close a connection that is silent for a minute.
SILENCE = 35.0
# Seconds after which a stream ends and is opened anew, so that the checks of a sign-in are
# repeated.
LONGEST = 55 * 60
# Milliseconds after which the browser comes back; random, since all come back after a restart.
RETRY = (2000, 10_000)
# Shortest and longest pause in seconds before a mail server is tried again.
BACK_OFF = (2.0, 300.0)
# Seconds after which a browser that reads nothing counts as gone.
SLOW = 60.0
MOST_WAITING = 256 * 1024
# File descriptors reserved for everything but streams; each stream takes two.
OTHER_FILES = 256
LONGEST_WORDS = 200

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
T = TypeVar("T")

logger = logging.getLogger(__name__)
_threads = ThreadPoolExecutor(4, thread_name_prefix="push")


class Events:
    """Answers ``/events``, and passes all other requests on."""

    def __init__(self, rest: Application) -> None:
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and settings.PUSH:
            await answer(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the stream, or with a bare status: the script then polls instead."""
    if scope["method"] != "GET":
        return await _refuse(send, 405)
    hub = _hub()
    if hub.is_full():
        return await _refuse(send, 503)
    try:
        watched = await _in_thread(lambda: _admitted(scope))
    except SignInNeeded:
        return await _refuse(send, 401)
    except DisallowedHost:
        return await _refuse(send, 400)
    await EventStream(hub, watched, send).run(receive)


def told(state: FolderState, news: News | None = None) -> dict[str, Any]:
    """Return the state of a folder and its changes as JSON values for scripts. ``changed`` are
    messages with all their flags, ``gone`` UIDs, ``new`` unread arrivals except those moved here.
    ``more`` means that there may be further changes, ``unnamed`` that there may be further
    arrivals. ``news`` is about INBOX, where changes are known."""
    uidvalidity = state.uidvalidity
    return {
        "folder": state.folder,
        "uidvalidity": uidvalidity,
        "uidnext": state.uidnext,
        "exists": state.exists,
        "unseen": state.unseen,
        "modseq": state.modseq,
        "changed": [
            {"ref": f"{uidvalidity}-{uid}", "flags": sorted(flags)}
            for uid, flags in (news.changed if news else {}).items()
        ],
        "gone": list(news.gone) if news else [],
        "new": [_new(state, message) for message in news.arrived if _is_new(message)]
        if news
        else [],
        "more": news is None or news.partial,
        "unnamed": news is None or (news.partial and not news.names_arrivals),
    }


def _is_new(message: ArrivedMessage) -> bool:
    return SEEN not in message.flags and not message.is_back


def _new(state: FolderState, arrived: ArrivedMessage) -> dict[str, str]:
    return {
        "ref": ref_segment(MessageRef(state.folder, state.uidvalidity, arrived.uid)),
        "sender": names_of(arrived.envelope.from_)[:LONGEST_WORDS],
        "subject": arrived.envelope.subject.strip()[:LONGEST_WORDS],
    }


class EventStream:
    """The stream of one browser."""

    __slots__ = (
        "_began",
        "_hub",
        "_is_over",
        "_send",
        "_size",
        "_spoke",
        "_waiting",
        "_wake",
        "watched",
    )

    def __init__(self, hub: Hub, watched: WatchedMailbox, send: Send) -> None:
        self._hub = hub
        self._send = send
        self._waiting: list[bytes] = []
        self._size = 0
        self._wake = asyncio.Event()
        self._is_over = False
        self._began = self._spoke = time.monotonic()
        self.watched = watched

    async def run(self, receive: Receive) -> None:
        """Run until the browser disconnects or nothing more can be sent."""
        self._hub.add(self)
        helpers = [
            asyncio.create_task(self._hear(receive)),
            asyncio.create_task(self._watch()),
        ]
        try:
            await self._send(_head(200, _STREAM))
            self._put(b"retry: %d\n\n" % random.randint(*RETRY))  # noqa: S311  no secret
            await self._write()
        except TimeoutError:
            return
        finally:
            self._hub.remove(self)
            for helper in helpers:
                helper.cancel()
            await asyncio.wait(helpers)
        for helper in helpers:
            if not helper.cancelled():
                helper.result()  # the server logs our own errors

    def say(self, event: str, value: object) -> None:
        words = json.dumps(value, separators=(",", ":"))
        self._put(f"event: {event}\ndata: {words}\n\n".encode())

    def end(self, why: str = "") -> None:
        """End the stream. With a reason (``session``, ``refused``, ``poll``, ``many``) the browser
        does not come back at once."""
        if why and not self._is_over:
            self.say("end", {"why": why})
        self._is_over = True
        self._wake.set()

    def keep_alive(self, now: float) -> None:
        if now - self._began > LONGEST:
            self.end()
        elif now - self._spoke > SILENCE:
            self._put(b":\n\n")

    def _put(self, data: bytes) -> None:
        self._waiting.append(data)
        self._size += len(data)
        if self._size > MOST_WAITING:
            self._is_over = True
        self._spoke = time.monotonic()
        self._wake.set()

    async def _write(self) -> None:
        while not self._is_over or self._waiting:
            await self._wake.wait()
            self._wake.clear()
            data, self._waiting, self._size = b"".join(self._waiting), [], 0
            async with asyncio.timeout(SLOW):
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
        async with asyncio.timeout(SLOW):
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _hear(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end()

    async def _watch(self) -> None:
        """Watch the mailbox, on one connection after another, with growing pauses."""
        pause = BACK_OFF[0]
        try:
            while True:
                began = time.monotonic()
                try:
                    await self._watch_once()
                except ServerRefused:
                    return self.end("poll")
                except SignInNeeded:
                    return self.end("refused")
                except WebmailError as error:
                    self.say("down", {})
                    logger.info("a watched mailbox: %s", error.server_words or error)
                if time.monotonic() - began > BACK_OFF[1]:
                    pause = BACK_OFF[0]
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  no secret
                pause = min(pause * 2, BACK_OFF[1])
        finally:
            self.end()

    async def _watch_once(self) -> None:
        access = self.watched.access
        async with self._hub.sign_ins:
            login, secret = await _in_thread(access.way_in)
            server = session.imap_server(access.domain)
            with wire_log.logged(access.user):
                try:
                    opened = await watch.open(server, login, secret, client_address=access.address)
                except SignInNeeded:
                    await _in_thread(lambda: access.note_refused(secret))
                    raise
        try:
            self.say("up", {"everywhere": opened.everywhere})
            self.say("mail", told(opened.inbox))
            while True:
                await self._write_log()
                news = await self._without_own(await opened.news())
                for state in news.folders:
                    is_inbox = state.folder == watch.INBOX
                    self.say("mail", told(state, news if is_inbox else None))
        finally:
            opened.close()

    async def _without_own(self, news: News) -> News:
        if not news.arrived:
            return news
        user, uidvalidity = self.watched.access.user, news.folders[0].uidvalidity
        arrived = await _in_thread(lambda: brought.marked(user, uidvalidity, news.arrived))
        return replace(news, arrived=arrived)

    async def _write_log(self) -> None:
        user = self.watched.access.user
        if wire_log.lasts_until(user) is not None:
            await _in_thread(lambda: wire_log.write(user))


class Hub:
    """The streams of one event loop. A process has one loop, except in tests."""

    def __init__(self) -> None:
        self.sign_ins = asyncio.Semaphore(SIGN_INS)
        self._streams: dict[EventStream, None] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._most = (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - OTHER_FILES) // 2
        self._end_before_a_stop(asyncio.get_running_loop())

    def is_full(self) -> bool:
        return len(self._streams) >= self._most

    def add(self, stream: EventStream) -> None:
        """Add a stream. The newest streams of a user stay: an older one may belong to a computer
        that was shut down."""
        user = stream.watched.access.user
        own = [other for other in self._streams if other.watched.access.user == user]
        for other in own[: max(0, len(own) + 1 - settings.PUSH_STREAMS)]:
            other.end("many")
            del self._streams[other]
        self._streams[stream] = None
        measures.event_streams.set(len(self._streams))
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(self._tick())

    def remove(self, stream: EventStream) -> None:
        self._streams.pop(stream, None)
        measures.event_streams.set(len(self._streams))

    def end_all(self) -> None:
        for stream in list(self._streams):
            stream.end()

    async def _tick(self) -> None:
        while self._streams:
            await asyncio.sleep(TICK)
            streams = list(self._streams)
            alive = await _still_watched([stream.watched for stream in streams])
            for number, stream in enumerate(streams):
                if stream.watched.row in alive:
                    stream.keep_alive(time.monotonic())
                else:
                    stream.end("session")
                if number % 50 == 49:
                    await asyncio.sleep(0)  # let pages be answered in between

    def _end_before_a_stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """End all streams when a signal stops the process: uvicorn would wait for them, and would
        let nobody in meanwhile."""
        if threading.current_thread() is not threading.main_thread():
            return

        def hand_on(number: signal.Signals, before: Callable[..., Any]) -> None:
            def handler(*args: Any) -> None:
                loop.call_soon_threadsafe(self.end_all)
                before(*args)

            signal.signal(number, handler)

        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if callable(before):
                hand_on(number, before)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def _hub() -> Hub:
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def _admitted(scope: Scope) -> WatchedMailbox:
    """Return the user and session of a stream. Raises SignInNeeded unless ``who``, the number of
    the user whose page asks, is the user who is signed in: a tab must not get the mail of another
    user who signed in later in the same browser."""
    request = ASGIRequest(scope, BytesIO())
    request.get_host()
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.user = auth.get_user(request)
    if request.GET.get("who") != str(request.user.pk):
        raise SignInNeeded
    return session.watched(request)


async def _still_watched(all_: list[WatchedMailbox]) -> frozenset[int]:
    """Return the rows of the sessions that are still valid; all of them while the database does not
    answer."""
    try:
        return await _in_thread(lambda: session.still_watched(all_))
    except DatabaseError:
        logger.warning("whose session has ended is not known: the database does not answer")
        return frozenset(watched.row for watched in all_)


async def _in_thread(call: Callable[[], T]) -> T:
    """Run a call that uses the database or the cache in a thread."""

    def with_database() -> T:
        close_old_connections()
        try:
            return call()
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_threads, with_database)


_STREAM = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


def _head(status: int, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _refuse(send: Send, status: int) -> None:
    await send(_head(status, [(b"cache-control", b"no-store"), (b"content-length", b"0")]))
    await send({"type": "http.response.body", "body": b""})
