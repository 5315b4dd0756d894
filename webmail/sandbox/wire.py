"""What crosses the sockets between the pool and its helpers: frames of MessagePack, in which every
value is checked against the annotations of the function that is called.

No pickle: an answer may come from a helper that a hostile file took over.
"""

from __future__ import annotations

import importlib
import inspect
import socket
import struct
from collections.abc import Callable
from functools import lru_cache
from types import GenericAlias
from typing import Any

import msgspec

PACKAGES = (
    "webmail.mime.",
    "webmail.previews.",
    "webmail.adverts.classify.codes",
    "webmail.writing.roster_reading",
    "addressbook.importers",
)
"""The functions of these may be called."""
ERRORS = frozenset({"webmail.mime.bounds:TooComplex", "webmail.previews.failures:NoPreview"})
"""What a called function may raise; each is made of strings alone."""
LARGEST = 256 * 1024 * 1024
"""Bytes of one frame."""

_LENGTH = struct.Struct("!Q")


NOTHING = msgspec.Raw(msgspec.msgpack.encode(None))


class Request(msgspec.Struct, array_like=True):
    """``seconds`` of processor time, ``memory`` in bytes above what the helper has."""

    function: str
    arguments: msgspec.Raw
    seconds: float
    memory: int


class Answer(msgspec.Struct, array_like=True):
    """``result`` where the call returned, ``error`` and its ``words`` where it raised; ``error``
    alone is what ended it: ``memory``, or where it failed."""

    result: msgspec.Raw = NOTHING
    error: str = ""
    words: tuple[str, ...] = ()


class TooLong(Exception):
    """A frame is longer than `LARGEST`."""


encode = msgspec.msgpack.Encoder().encode
_read_request = msgspec.msgpack.Decoder(Request).decode
read_answer = msgspec.msgpack.Decoder(Answer).decode


class Codec:
    """Arguments and result of one function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = f"{function.__module__}:{function.__qualname__}"
        self._signature = inspect.signature(function, eval_str=True)
        kinds = tuple(parameter.annotation for parameter in self._signature.parameters.values())
        self._arguments = msgspec.msgpack.Decoder(GenericAlias(tuple, kinds))
        self._result = msgspec.msgpack.Decoder(self._signature.return_annotation)

    def pack(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
        """All arguments in the order of the parameters, defaults included."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        values = tuple(bound.arguments.values())
        try:
            return encode(values)
        except UnicodeEncodeError:  # half of a surrogate pair, which no text of mail should have
            return encode(tuple(map(_without_surrogates, values)))

    def arguments(self, packed: msgspec.Raw) -> dict[str, Any]:
        """Raises msgspec.ValidationError."""
        return dict(zip(self._signature.parameters, self._arguments.decode(packed), strict=True))

    def run(self, arguments: dict[str, Any]) -> msgspec.Raw:
        """Call the function."""
        return msgspec.Raw(encode(self.function(**arguments)))

    def unpack(self, result: msgspec.Raw) -> Any:
        """Raises msgspec.ValidationError for what the function cannot have returned."""
        return self._result.decode(result)


@lru_cache(maxsize=256)
def codec(function: Callable[..., Any]) -> Codec:
    return Codec(function)


@lru_cache(maxsize=256)
def codec_of(name: str) -> Codec:
    """The codec of a function, by the name that a request has. Raises LookupError for a function
    outside `PACKAGES`."""
    module, _, function = name.partition(":")
    if not module.startswith(PACKAGES) or not function.isidentifier():
        raise LookupError(name)
    return codec(getattr(importlib.import_module(module), function))


def error_of(answer: Answer) -> Exception | None:
    """The exception that a called function raised; None for any that it may not."""
    if answer.error not in ERRORS:
        return None
    module, _, name = answer.error.partition(":")
    error: Exception = getattr(importlib.import_module(module), name)(*answer.words)
    return error


def _without_surrogates(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


# --- frames ---


def send(connection: socket.socket, frame: bytes) -> None:
    """Raises OSError, also TimeoutError."""
    if len(frame) > LARGEST:
        raise TooLong
    connection.sendall(_LENGTH.pack(len(frame)))
    connection.sendall(frame)


def receive(connection: socket.socket) -> bytearray | None:
    """The next value; None where the other side ended. Raises OSError, also TimeoutError, and
    TooLong."""
    head = _exactly(connection, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LARGEST:
        raise TooLong
    return _exactly(connection, length)


def receive_request(connection: socket.socket) -> Request | None:
    """Receive a request, as `receive` does bytes."""
    frame = receive(connection)
    return None if frame is None else _read_request(frame)


def _exactly(connection: socket.socket, length: int) -> bytearray | None:
    data = bytearray(length)
    view, read = memoryview(data), 0
    while read < length:
        count = connection.recv_into(view[read:], min(length - read, 1 << 20))
        if not count:
            return None
        read += count
    return data
