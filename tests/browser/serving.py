"""The webmail as the browsers of the tests are served: at one address for the session, with the
style sheets and scripts as an installation joins them, from memory."""

from __future__ import annotations

import mimetypes
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

from tests.waiting import wait_for
from webmail.serving import storage

_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}
_FOR_EVER = b"max-age=315360000, public, immutable"


class StaticFirst:
    """An ASGI application that answers for static files, under the names of their sources, and
    counts the requests that another one has in hand. A page of the tests would else ask for sixty
    modules, each of which Django looks for."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._files = _files()
        self._contents: dict[str, tuple[bytes, bytes]] = {}
        self.in_hand = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "").removeprefix(settings.STATIC_URL)
        if path in self._files:
            await self._answer(path, send)
            return
        self.in_hand += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self.in_hand -= 1

    async def _answer(self, path: str, send: Any) -> None:
        content, kind = self._content(path)
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", _FOR_EVER),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _content(self, path: str) -> tuple[bytes, bytes]:
        if path not in self._contents:
            place, name = self._files[path]
            with place.open(name) as file:
                content = file.read()
            suffix = f".{path.rpartition('.')[2]}"
            kind = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
            self._contents[path] = (content, kind.encode())
        return self._contents[path]


def _files() -> storage.Paths:
    """By the name that a page asks for."""
    found: storage.Paths = {}
    for finder in get_finders():
        for path, place in finder.list([]):
            prefix = getattr(place, "prefix", None)
            found.setdefault(f"{prefix}/{path}" if prefix else path, (place, path))
    return {**found, **storage._rewritten(found)}


@contextmanager
def running(application: Any) -> Iterator[str]:
    """The address at which uvicorn serves it."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    yield f"http://localhost:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


def wait_for_the_end(served: StaticFirst) -> None:
    """Wait until no request of a test is in hand that could write to the next one's tables."""
    wait_for(lambda: not served.in_hand, lambda: f"{served.in_hand} requests are left")
