"""Read a request body whole before a thread starts on it, so that a slow network occupies no
thread.

A body is held in memory up to `SMALL` bytes, then in a temporary file. The number of unfinished
bodies and their total size are limited for each client and for the process; a body that arrives too
slowly is refused. A body that is complete within a moment, like those of forms, is not counted, so
that slow uploads of a school do not keep its other users from signing in.
"""

from __future__ import annotations

import asyncio
import io
import logging
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any, BinaryIO, cast

from django.conf import settings

from accounts import network
from mail.errors import TooLarge, TooManyUploads, UploadTooSlow, WebmailError

SMALL = 64 * 1024
"""The most bytes of a body that are held in memory."""
MOMENT = 1.0
"""Seconds after which an unfinished body is counted."""
MOST = 256
MOST_OF_CLIENT = 32
"""The most unfinished bodies. A school may be one client, and its users upload at the same time."""
MOST_BYTES = 512 * 1024 * 1024
MOST_BYTES_OF_CLIENT = 256 * 1024 * 1024
"""The most bytes of all bodies until they are answered: a temporary file may be in memory, as in
Debian's /tmp."""
WIDER = 2
"""How many times as many unfinished bodies and bytes the next wider network has: who has many
networks of one provider does not take the places of everybody."""
PATIENCE = 20.0
RATE = 500
"""Seconds within which a body must be complete, plus one second for every `RATE` bytes received."""
SILENCE = 60.0
"""Seconds without any byte after which a body is refused."""
FAREWELL = 2.0
"""Seconds for which the rest of a refused body is read, so that the browser shows the answer."""

REFUSED = "webmail.refused"
"""The key in a request's environment under which `ErrorsMiddleware` finds the WebmailError to
answer."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

logger = logging.getLogger(__name__)


class BrowserGone(Exception):
    """The browser has closed the connection."""


def largest() -> int:
    """Return the most bytes of an accepted body: the files, and the fields beside them."""
    files = max(
        settings.STAFF_FILE_LIMIT,
        settings.MAIL_FILE_LIMIT,
        settings.ADDRESS_BOOK_LIMIT,
        settings.DOCUMENTS_LIMIT,
        settings.MESSAGE_LIMIT,
    )
    return int(files + settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


class Bodies:
    """The bodies that one process reads. All calls come from its event loop."""

    def __init__(self) -> None:
        self._all = _Bound(MOST, MOST_BYTES)
        self._clients: dict[str, _Bound] = {}

    @asynccontextmanager
    async def taken(self, environ: dict[str, Any], receive: Receive) -> AsyncIterator[None]:
        """Set ``wsgi.input`` to the whole body for the block, or `REFUSED` to the reason why there
        is none. Raises BrowserGone when the browser closes the connection meanwhile.

        A body that is announced as too large is not read. `ErrorsMiddleware` refuses it by its
        length.
        """
        environ["wsgi.input"] = io.BytesIO()
        announced = _announced(environ)
        if announced == 0 or (announced or 0) > largest():
            yield
            return
        piece, is_whole = await _first(receive)
        if is_whole and len(piece) <= SMALL:
            environ["wsgi.input"] = io.BytesIO(piece)
            yield
            return
        with (
            self._bounds_of(network.address_of(environ)) as bounds,
            tempfile.SpooledTemporaryFile(SMALL) as file,
            _Arriving((self._all, *bounds), cast(BinaryIO, file)) as body,
        ):
            try:
                with body.place():
                    body.add(piece)
                    while not is_whole:
                        piece, is_whole = await _next(receive, body.seconds_left())
                        body.add(piece)
                body.file.seek(0)
                environ["wsgi.input"] = body.file
            except WebmailError as refusal:
                environ[REFUSED] = refusal
            yield

    @contextmanager
    def _bounds_of(self, address: str) -> Iterator[list[_Bound]]:
        """Yield the bounds of a client and of the wider networks around it."""
        names = (network.network_of(address), *network.networks_of(address)[1:])
        with ExitStack() as stack:
            yield [
                stack.enter_context(self._bound_of(name, WIDER**width))
                for width, name in enumerate(names)
            ]

    @contextmanager
    def _bound_of(self, client: str, times: int) -> Iterator[_Bound]:
        most, most_bytes = MOST_OF_CLIENT * times, MOST_BYTES_OF_CLIENT * times
        bound = self._clients.setdefault(client, _Bound(most, most_bytes))
        bound.users += 1
        try:
            yield bound
        finally:
            bound.users -= 1
            if not bound.users:
                del self._clients[client]


class _Bound:
    """The number of unfinished bodies, and of bytes that wait for their answer."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most, self.most_bytes = most, most_bytes
        self.places = self.size = self.users = 0


class _Arriving:
    """One body that arrives in pieces. Its bytes count until the end of the block."""

    def __init__(self, bounds: tuple[_Bound, ...], file: BinaryIO) -> None:
        self.file = file
        self._bounds = bounds
        self._size = 0
        self._begun = asyncio.get_running_loop().time()

    def __enter__(self) -> _Arriving:
        return self

    def __exit__(self, *_error: object) -> None:
        for bound in self._bounds:
            bound.size -= self._size

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the places for unfinished bodies, for the block. Raises TooManyUploads."""
        if any(bound.places >= bound.most for bound in self._bounds):
            raise TooManyUploads
        for bound in self._bounds:
            bound.places += 1
        try:
            yield
        finally:
            for bound in self._bounds:
                bound.places -= 1

    def add(self, piece: bytes) -> None:
        """Write a piece. Raises TooLarge, or TooManyUploads when a limit is reached."""
        if self._size + len(piece) > largest():
            raise TooLarge
        if any(bound.size + len(piece) > bound.most_bytes for bound in self._bounds):
            raise TooManyUploads
        self._size += len(piece)
        for bound in self._bounds:
            bound.size += len(piece)
        try:
            self.file.write(piece)
        except OSError as error:
            logger.error("A request's body can't be written to a temporary file: %s", error)
            raise TooManyUploads from error

    def seconds_left(self) -> float:
        """Return the seconds within which the next piece must arrive."""
        since = asyncio.get_running_loop().time() - self._begun
        return min(SILENCE, PATIENCE + self._size / RATE - since)


async def drain(receive: Receive) -> None:
    """Read the rest of a refused body for a moment. A browser whose connection is closed while it
    sends shows its own error page in place of ours."""
    try:
        async with asyncio.timeout(FAREWELL):
            while not (await _piece(receive))[1]:
                pass
    except (TimeoutError, BrowserGone):
        return


async def _first(receive: Receive) -> tuple[bytes, bool]:
    """Return the first piece, or nothing if none arrives within a moment."""
    try:
        async with asyncio.timeout(MOMENT):
            return await _piece(receive)
    except TimeoutError:
        return b"", False


async def _next(receive: Receive, seconds: float) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout(seconds):
            return await _piece(receive)
    except TimeoutError as error:
        raise UploadTooSlow from error


async def _piece(receive: Receive) -> tuple[bytes, bool]:
    """Return a piece of the body, and whether it is the last one."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise BrowserGone
    return message.get("body", b""), not message.get("more_body", False)


def _announced(environ: Mapping[str, Any]) -> int | None:
    """Return the announced length of the body in bytes; None where it is not announced."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    length = environ.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() else None
