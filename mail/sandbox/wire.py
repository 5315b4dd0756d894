"""The protocol between the pool and its helpers: frames of MessagePack.

Every value is checked against the annotations of the called function. Pickle is not used, because
an answer may come from a helper that a hostile file has taken over.
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
    "mail.mime.",
    "mail.previews.",
    "mail.judgement.codes",
    "webmail.writing.roster_reading",
    "addressbook.importers",
    "addressbook.vcard.preview",
)
"""Prefixes of the modules whose functions may be called."""
ERRORS = frozenset({"mail.mime.hypertext.bounds:TooComplex", "mail.previews.failures:NoPreview"})
"""The errors that a called function may raise; each is made of strings alone."""
LARGEST = 256 * 1024 * 1024
"""The greatest length of a frame in bytes."""

_LENGTH = struct.Struct("!Q")


NOTHING = msgspec.Raw(msgspec.msgpack.encode(None))


class CallRequest(msgspec.Struct, array_like=True):
    """A call. ``seconds`` is its processor time, ``memory`` is in bytes above what the
    helper has.
    """

    function: str
    arguments: msgspec.Raw
    seconds: float
    memory: int


class CallAnswer(msgspec.Struct, array_like=True):
    """The answer to a call: its ``result``, or the ``error`` that it raised, with that error's
    ``words``.

    An ``error`` outside `ERRORS` tells what ended the call: ``memory``, or the place of a failure.
    """

    result: msgspec.Raw = NOTHING
    error: str = ""
    arguments: tuple[str, ...] = ()


class TooLong(Exception):
    """A frame is longer than `LARGEST`."""


encode = msgspec.msgpack.Encoder().encode
_read_request = msgspec.msgpack.Decoder(CallRequest).decode
read_answer = msgspec.msgpack.Decoder(CallAnswer).decode


class Codec:
    """Packs and unpacks the arguments and the result of one function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = f"{function.__module__}:{function.__qualname__}"
        self._signature = inspect.signature(function, eval_str=True)
        kinds = tuple(parameter.annotation for parameter in self._signature.parameters.values())
        self._arguments = msgspec.msgpack.Decoder(GenericAlias(tuple, kinds))
        self._result = msgspec.msgpack.Decoder(self._signature.return_annotation)

    def pack(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
        """Return all arguments packed in the order of the parameters, defaults included."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        values = tuple(bound.arguments.values())
        try:
            return encode(values)
        except UnicodeEncodeError:  # a lone surrogate, which no text of mail should have
            return encode(tuple(map(_without_surrogates, values)))

    def arguments(self, packed: msgspec.Raw) -> dict[str, Any]:
        """Return the unpacked arguments by name. Raises msgspec.ValidationError."""
        return dict(zip(self._signature.parameters, self._arguments.decode(packed), strict=True))

    def run(self, arguments: dict[str, Any]) -> msgspec.Raw:
        """Call the function and return its packed result."""
        return msgspec.Raw(encode(self.function(**arguments)))

    def unpack(self, result: msgspec.Raw) -> Any:
        """Return the unpacked result. Raises msgspec.ValidationError if it has not the declared
        type.
        """
        return self._result.decode(result)


@lru_cache(maxsize=256)
def codec(function: Callable[..., Any]) -> Codec:
    return Codec(function)


@lru_cache(maxsize=256)
def codec_of(name: str) -> Codec:
    """Return the codec of the function named in a request. Raises LookupError for a function
    outside `PACKAGES`.
    """
    module, _, function = name.partition(":")
    if not module.startswith(PACKAGES) or not function.isidentifier():
        raise LookupError(name)
    return codec(getattr(importlib.import_module(module), function))


def error_of(answer: CallAnswer) -> Exception | None:
    """Return the exception that a called function raised, or None if it is not among `ERRORS`."""
    if answer.error not in ERRORS:
        return None
    module, _, name = answer.error.partition(":")
    error: Exception = getattr(importlib.import_module(module), name)(*answer.arguments)
    return error


def _without_surrogates(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


# --- frames ---


def send(connection: socket.socket, frame: bytes) -> None:
    """Send a frame. Raises OSError (TimeoutError is one) and TooLong."""
    if len(frame) > LARGEST:
        raise TooLong
    connection.sendall(_LENGTH.pack(len(frame)))
    connection.sendall(frame)


def receive(connection: socket.socket) -> bytearray | None:
    """Return the next frame, or None when the other side has ended. Raises OSError (TimeoutError is
    one) and TooLong.
    """
    head = _exactly(connection, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LARGEST:
        raise TooLong
    return _exactly(connection, length)


def receive_request(connection: socket.socket) -> CallRequest | None:
    """Return the next request, or None when the other side has ended."""
    frame = receive(connection)
    return None if frame is None else _read_request(frame)


def _exactly(connection: socket.socket, length: int) -> bytearray | None:
    data = bytearray(length)
    view, received = memoryview(data), 0
    while received < length:
        count = connection.recv_into(view[received:], min(length - received, 1 << 20))
        if not count:
            return None
        received += count
    return data
