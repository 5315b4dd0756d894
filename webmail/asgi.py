"""ASGI entry point: Django's WSGI handler under an ASGI server, and beside it streams of new mail.

Django's own ASGI handler reads a synchronous stream whole into memory; a2wsgi does not. What a2wsgi
lacks is the wish to know that the browser hung up: a cancelled download would be read to its end.
And it waits for the loop at each step of an answer, which took half of what the bridge costs a
request.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from threading import Event, Semaphore
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import WSGIResponder

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
from webmail.wsgi import application as wsgi_application  # noqa: I001  it sets Django up

from webmail import push

THREADS = 16
# Pieces of an answer that wait to be sent; of a download each has about a megabyte.
WAITING = 2


class BrowserGone(Exception):
    """Raised in the thread that produces an answer which nobody waits for any more."""


class Responder(WSGIResponder):
    """One answer; stops the producing thread once ``http.disconnect`` was received, or nothing can
    be sent. That thread waits only for a piece that is too far ahead."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.gone = Event()
        self.send_queue = asyncio.Queue()  # without an end of its own
        self.room = Semaphore(WAITING)
        self.start: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        watcher: asyncio.Task[None] | None = None

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            self.gone.set()

        async def send_and_watch(message: Any) -> None:
            nonlocal watcher
            # Only now: before the answer starts, the request's body is for the application.
            if watcher is None:
                watcher = self.loop.create_task(watch())
            await send(message)

        try:
            with contextlib.suppress(BrowserGone):
                await super().__call__(scope, receive, send_and_watch)
        finally:
            if watcher is not None:
                watcher.cancel()

    def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.start = message  # leaves with the first piece
            return
        self.room.acquire()
        if self.gone.is_set():
            raise BrowserGone
        for one in filter(None, (self.start, message)):
            self.loop.call_soon_threadsafe(self.send_queue.put_nowait, one)
        self.start = None

    async def sender(self, send: Any) -> None:
        try:
            while (message := await self.send_queue.get()) is not None:
                await send(message)
                if message["type"] == "http.response.body":
                    self.room.release()
        finally:
            self.gone.set()
            self.room.release()


class Middleware(WSGIMiddleware):
    """a2wsgi's, with our responder."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await Responder(self.app, self.executor, self.send_queue_size)(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


application = push.Events(Middleware(cast(Any, wsgi_application), workers=THREADS))
