"""New mail, told to the browser as it comes: the IDLE of a user, and the stream of events.

A small ASGI application of its own in front of Django, which would hold a thread for each stream
(Django's streaming under ASGI), or send nothing before the end (under WSGI). The request's cookie
opens the seal, as for every page; the password stays in the memory of this coroutine, to sign in
again when the mail server hangs up, and goes with it.

The events (https://html.spec.whatwg.org/multipage/server-sent-events.html): ``up``, the mailbox is
watched, ``{"everywhere": true}`` when other folders than INBOX are too; ``mail``, how a folder
stands and what changed in it (`told`); ``down``, the mail server is not to be reached and is tried
again; ``end``, there is no use in coming back soon. A stream that just ends is to be opened again.
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
from importlib import import_module
from io import BytesIO
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.contrib import auth
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, close_old_connections

from accounts import session
from accounts.session import WatchedMailbox
from webmail.errors import ServerRefused, SignInNeeded, WebmailError
from webmail.imap import watch
from webmail.imap.status import FolderState
from webmail.imap.values import SEEN, MessageRef
from webmail.imap.watch import ArrivedMessage, News
from webmail.presentation.links import ref_segment
from webmail.presentation.words import names_of
from webmail.serving import measures

PATH = "/events"
# Sign-ins at once: Dovecot's processes before sign-in are few, and a restart brings everybody back.
SIGN_INS = 20
# Seconds. How often all streams are looked at: whose session has ended, who was told nothing.
TICK = 20.0
# Proxies close what is silent for a minute.
SILENCE = 35.0
# A stream ends after so long and is opened anew: all that is asked at a sign-in is asked again.
LONGEST = 55 * 60
# The browser comes back after so many milliseconds; spread, after a restart everybody comes.
RETRY = (2000, 10_000)
# To reach a mail server again: at first, and at longest.
BACK_OFF = (2.0, 300.0)
# A browser that takes nothing for so long is gone.
SLOW = 60.0
MOST_WAITING = 256 * 1024
# Files that are kept for all else than streams, each of which takes two.
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
    """Answers ``/events``, and hands everything else on."""

    def __init__(self, rest: Application) -> None:
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and settings.PUSH:
            await answer(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """The stream; or a status without words, since only a script asks: it then polls."""
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
    await Stream(hub, watched, send).run(receive)


def told(state: FolderState, news: News | None = None) -> dict[str, Any]:
    """A folder as scripts are told of it. ``changed`` are messages with all their flags, ``gone``
    UIDs, ``new`` unread arrivals but those that were moved here; ``more``: more than that may have
    changed; ``unnamed``: something may have arrived, too. ``news``, where they are known, are
    INBOX's."""
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


class Stream:
    """One browser's."""

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
        """Run until the browser hangs up, or there is nothing more to tell."""
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
                helper.result()  # a fault of ours is the server's to log

    def say(self, event: str, value: object) -> None:
        words = json.dumps(value, separators=(",", ":"))
        self._put(f"event: {event}\ndata: {words}\n\n".encode())

    def end(self, why: str = "") -> None:
        """Close it; with a reason (``session``, ``refused``, ``poll``, ``many``) the browser does
        not come back at once."""
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
        """Watch the mailbox, on one connection after the other, with longer and longer pauses."""
        pause = BACK_OFF[0]
        try:
            while True:
                began = time.monotonic()
                try:
                    await self._watch_once()
                except ServerRefused:
                    return self.end("poll")
                except SignInNeeded:
                    await _in_thread(lambda: session.note_refused(self.watched))
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
        watched = self.watched
        async with self._hub.sign_ins:
            login, secret = watched.login, watched.password
            if watched.is_asked_for:
                login, secret = await _in_thread(lambda: session.way_in(watched))
            opened = await watch.open(watched.server, login, secret, client_address=watched.address)
        try:
            self.say("up", {"everywhere": opened.everywhere})
            self.say("mail", told(opened.inbox))
            while True:
                news = await opened.news()
                for state in news.folders:
                    is_inbox = state.folder == watch.INBOX
                    self.say("mail", told(state, news if is_inbox else None))
        finally:
            opened.close()


class Hub:
    """The streams of one event loop, which is this process's but in tests."""

    def __init__(self) -> None:
        self.sign_ins = asyncio.Semaphore(SIGN_INS)
        self._streams: dict[Stream, None] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._most = (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - OTHER_FILES) // 2
        self._end_before_a_stop(asyncio.get_running_loop())

    def is_full(self) -> bool:
        return len(self._streams) >= self._most

    def add(self, stream: Stream) -> None:
        """The newest of a person's wins: of the others one may be a computer that was shut."""
        own = [other for other in self._streams if other.watched.user_id == stream.watched.user_id]
        for other in own[: max(0, len(own) + 1 - settings.PUSH_STREAMS)]:
            other.end("many")
            del self._streams[other]
        self._streams[stream] = None
        measures.event_streams.set(len(self._streams))
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(self._tick())

    def remove(self, stream: Stream) -> None:
        self._streams.pop(stream, None)
        measures.event_streams.set(len(self._streams))

    def end_all(self) -> None:
        for stream in list(self._streams):
            stream.end()

    async def _tick(self) -> None:
        while self._streams:
            await asyncio.sleep(TICK)
            asked = list(self._streams)
            alive = await _still_watched([stream.watched for stream in asked])
            for number, stream in enumerate(asked):
                if stream.watched.row in alive:
                    stream.keep_alive(time.monotonic())
                else:
                    stream.end("session")
                if number % 50 == 49:
                    await asyncio.sleep(0)  # pages are answered in between

    def _end_before_a_stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """uvicorn waits for open streams before it stops, while nobody is let in any more."""
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
    """Return the person and session whose stream it is. ``who`` is the number of the user whose
    page asks: his tab must not be told of the mail of somebody who has signed in after him in the
    same browser."""
    request = ASGIRequest(scope, BytesIO())
    request.get_host()
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.user = auth.get_user(request)
    if request.GET.get("who") != str(request.user.pk):
        raise SignInNeeded
    return session.watched(request)


async def _still_watched(all_: list[WatchedMailbox]) -> frozenset[int]:
    """The rows of the sessions that go on; all of them while the database does not answer."""
    try:
        return await _in_thread(lambda: session.still_watched(all_))
    except DatabaseError:
        logger.warning("whose session has ended is not known: the database does not answer")
        return frozenset(watched.row for watched in all_)


async def _in_thread(call: Callable[[], T]) -> T:
    """Run what asks the database or the cache."""

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
