"""The ASGI entry point: Django's WSGI handler under an ASGI server, and streams of new mail beside
it.

Django's own ASGI handler takes three times the processor time and reads a synchronous stream whole
into memory. `Bridge` passes on a page in one step from the thread that made it, and a stream piece
by piece, as fast as the browser reads it and only as long as the browser is connected.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Lock
from typing import Any, cast
from weakref import WeakKeyDictionary
from wsgiref.types import WSGIApplication

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
from webmail.wsgi import application as wsgi_application  # noqa: I001  it sets Django up

from webmail.serving import push, warming
from webmail.serving.bodies import REFUSED, Bodies, BrowserGone, drain
from webmail.serving.errands import OUTCOME, Errand, Errands
from webmail.serving.shares import Shares, hung_up

THREADS = 16
# Requests that compute at once in a process: its threads share one interpreter, and more of them
# would only slow each other down. A request that takes longer than PATIENCE seconds lets another
# begin.
AT_ONCE = 2
PATIENCE = 0.1
# Seconds after which a thread that computes lets another one go on. A page that waits for its
# servers twenty times waits each time for all threads that compute: with Python's five
# milliseconds, several times as long. What computes beside others is done a tenth later for it.
SWITCH = 0.001
# A browser stays with the process that accepted its connection, and one process may accept most of
# those that come at once. So while requests wait, one answer in this many ends its connection: an
# idle process accepts the next one.
MOVED = 30
# Resources that an open page waits for: style sheets and scripts, the frame of a message, its
# images.
_AWAITED = re.compile(r"/static/|/mail/.+/frame/")
# Seconds that the start waits for warming up.
WARM_UP = 20

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Bridge:
    """A WSGI application (PEP 3333) as an ASGI one: each request runs in one of a few threads."""

    def __init__(
        self,
        app: WSGIApplication,
        threads: int = THREADS,
        warm: Callable[[], object] = lambda: None,
    ) -> None:
        self._app = app
        self._warm = warm
        self._bodies = Bodies()
        self._shares = Shares()
        self._errands = Errands()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, RequestTurns] = (
            WeakKeyDictionary()
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Handle the server's own start and end. The process starts even if warming up fails."""
        await receive()
        sys.setswitchinterval(SWITCH)
        # Warm up in a thread that will serve requests, since some of it is done for each thread.
        warm = asyncio.get_running_loop().run_in_executor(self._threads, self._warm)
        await asyncio.wait([warm], timeout=WARM_UP)
        if warm.done() and (error := warm.exception()):
            logger.error("The first requests will be slow.", exc_info=error)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        environ, path = environ_of(scope), scope["path"]
        try:
            async with self._bodies.taken(environ, receive):
                rest = receive if REFUSED in environ else None
                async with self._shares.download(environ, path, receive):
                    await self._answer_whole(environ, path, receive, send, rest)
        except BrowserGone:
            return

    async def _answer_whole(
        self, environ: dict[str, Any], path: str, receive: Receive, send: Send, rest: Receive | None
    ) -> None:
        """Answer a request whose body has arrived or was refused; ``rest`` receives the part of it
        that is still to come.
        """
        environ[OUTCOME] = None
        answer = await self._begun(environ, path)
        try:
            if answer.errand:
                environ[OUTCOME] = await self._errands.run(answer.errand, receive)
                answer = await self._begun(environ, path)
            if self._turns_here().count_answer() or rest:
                answer.start["headers"].append((b"connection", b"close"))
            await send(answer.start)
            if answer.whole is None:
                await answer.stream(receive, send)
                return
            if rest:
                await send({"type": "http.response.body", "body": answer.whole, "more_body": True})
                await drain(rest)
                answer.whole = b""
            await send({"type": "http.response.body", "body": answer.whole})
        finally:
            answer.leave()

    async def _begun(self, environ: dict[str, Any], path: str) -> WsgiAnswer:
        """Let a thread answer, and return the answer once it is whole or its stream begins."""
        answer = WsgiAnswer(self._threads)
        try:
            async with self._shares.thread(environ), self._turns_here().turn(path):
                self._threads.submit(answer.produce, self._app, environ)
                answer.whole = await answer.begun
                self._shares.note(environ, answer.seconds)
        except BaseException:
            answer.leave()
            raise
        return answer

    def _turns_here(self) -> RequestTurns:
        return self._turns.setdefault(asyncio.get_running_loop(), RequestTurns())


class RequestTurns:
    """The turns of requests that compute: a few at once, in order of arrival, so that a page waits
    only for earlier ones. Requests for resources of an open page come first.
    """

    def __init__(self) -> None:
        self._free = AT_ONCE
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._crowded = 0

    def count_answer(self) -> bool:
        """Count an answer. Return whether its browser should move to another process (`MOVED`)."""
        if len(self._first) + len(self._others) < AT_ONCE:
            return False
        self._crowded += 1
        return self._crowded % MOVED == 0

    @asynccontextmanager
    async def turn(self, path: str) -> AsyncIterator[None]:
        """Take one turn. It ends with the block, or after `PATIENCE`."""
        await self._take(self._first if _AWAITED.match(path) else self._others)
        is_over = False

        def end() -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                self._pass_on()

        timer = asyncio.get_running_loop().call_later(PATIENCE, end)
        try:
            yield
        finally:
            timer.cancel()
            end()

    async def _take(self, queue: deque[asyncio.Future[None]]) -> None:
        if self._free:
            self._free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        queue.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                self._pass_on()  # the turn had just come
            raise

    def _pass_on(self) -> None:
        for queue in (self._first, self._others):
            while queue:
                waiter = queue.popleft()
                if not waiter.done():
                    waiter.set_result(None)
                    return
        self._free += 1


class WsgiAnswer:
    """The answer to one request: made in a thread, sent by the event loop that made this object.

    A stream uses a thread only while a piece is made, so that a browser that reads slowly does not
    keep the thread from other requests.
    """

    def __init__(self, threads: Executor) -> None:
        self.start: Message = {}
        self.whole: bytes | None = None
        self.seconds = 0.0
        """What making it took of the processor, until it was whole or its stream began."""
        self.errand: Errand | None = None
        """What must be fetched before the request can be answered."""
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[bytes | None] = self._loop.create_future()
        """The whole body once it is complete; None when a stream begins; or an error."""
        self._lock = Lock()
        self._stream: Any = None  # the application's response, until it is closed
        self._pieces: Iterator[bytes] = iter(())
        self._first: bytes | None = None
        self._is_left = False

    def produce(self, app: WSGIApplication, environ: dict[str, Any]) -> None:
        """Call the application in a thread, and pass on its answer, or the beginning of a
        stream.
        """
        begun = time.thread_time()
        try:
            whole = self._made(app, environ)
            self.seconds = time.thread_time() - begun
            self._in_loop(self._begin, whole)
        except BaseException as error:  # noqa: BLE001  the loop raises it, and the server logs it
            self._in_loop(self._fail, error)

    def _made(self, app: WSGIApplication, environ: dict[str, Any]) -> bytes | None:
        answered = app(environ, self._start_response)
        self.errand = getattr(answered, "errand", None)
        # Django's responses tell whether they stream; those of other WSGI applications may be long.
        if getattr(answered, "streaming", True):
            self._open(answered)
            return None
        try:
            return b"".join(answered)
        finally:
            _close(answered)

    async def stream(self, receive: Receive, send: Send) -> None:
        """Send the pieces until the end, or until the browser disconnects. The next piece is made
        while one is sent.
        """
        watcher = self._loop.create_task(self._watch(receive))
        piece = self._first
        try:
            while piece is not None and not self._is_left:
                following = self._loop.run_in_executor(self._threads, next, self._pieces, None)
                try:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                finally:
                    await asyncio.wait([following])
                piece = following.result()
            if not self._is_left:
                await send({"type": "http.response.body", "body": b""})
        finally:
            watcher.cancel()

    def leave(self) -> None:
        """Leave the answer, since no browser waits for more."""
        self._is_left = True
        if self._stream is not None:
            self._threads.submit(self._close)

    async def _watch(self, receive: Receive) -> None:
        await hung_up(receive)
        self._is_left = True

    def _open(self, answered: Any) -> None:
        self._stream = answered
        try:
            self._pieces = iter(answered)
            # Only here: a generator sets its status when its first piece is asked for.
            self._first = next(self._pieces, None)
        except BaseException:
            self._close()
            raise
        if self._is_left:
            self._close()

    def _close(self) -> None:
        """Close the answer once, by whichever thread comes first."""
        with self._lock:
            stream, self._stream = self._stream, None
        if stream is not None:
            _close(stream)

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], _exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        self.start = {
            "type": "http.response.start",
            "status": int(status.partition(" ")[0]),
            "headers": [(k.lower().encode("latin1"), v.encode("latin1")) for k, v in headers],
        }
        return _write

    def _in_loop(self, call: Callable[[Any], object], value: object) -> None:
        self._loop.call_soon_threadsafe(call, value)

    def _begin(self, whole: bytes | None) -> None:
        if not self.begun.done():
            self.begun.set_result(whole)

    def _fail(self, error: BaseException) -> None:
        if not self.begun.done():
            self.begun.set_exception(error)


def _close(answered: Any) -> None:
    getattr(answered, "close", lambda: None)()


def _write(_piece: bytes) -> object:
    raise NotImplementedError("PEP 3333's write() is for old frameworks: Django has no use for it")


def environ_of(scope: Message) -> dict[str, Any]:
    """Return PEP 3333's environment of an ASGI request, without its body."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", ""),
        "PATH_INFO": scope["path"].encode().decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if client := scope.get("client"):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    for raw_name, raw_value in scope["headers"]:
        # X_Forwarded_For would be taken for the proxy's X-Forwarded-For.
        if b"_" in raw_name:
            continue
        name = raw_name.decode("latin1").upper().replace("-", "_")
        if name not in {"CONTENT_LENGTH", "CONTENT_TYPE"}:
            name = f"HTTP_{name}"
        value = raw_value.decode("latin1")
        if name in environ:
            value = environ[name] + ("; " if name == "HTTP_COOKIE" else ",") + value
        environ[name] = value
    return environ


application = push.Events(cast(Any, Bridge(cast(Any, wsgi_application), warm=warming.warm)))
