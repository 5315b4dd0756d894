"""Reads values of PHP's ``serialize()``, in which Roundcube and Horde store preferences.

It reads null, booleans, integers, floats, strings and arrays. References are never read; objects
only if the caller asks for them, and then as arrays. It makes a single pass over the bytes, with
limits on their number, on the values and on the depth. The library phpserialize is not used: it
recurses without a limit, reads lengths of any size digit by digit, and has had no release since
2016.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, Union

Value: TypeAlias = Union[bool, int, float, str, "Array", None]
Array: TypeAlias = dict[int | str, Value]

LARGEST = 4 * 1024 * 1024
"""The greatest size of a value in bytes."""
MOST_VALUES = 200_000
DEEPEST = 32
"""The greatest number of nested arrays."""

_TOKEN = re.compile(
    rb"(?P<null>N;)|b:(?P<bool>[01]);|i:(?P<int>[+-]?[0-9]{1,19});"
    rb"|d:(?P<float>-?(?:INF|NAN|[0-9][0-9.eE+-]{0,40}));"
    rb"|s:(?P<string>[0-9]{1,9}):\"|a:(?P<array>[0-9]{1,9}):\{|(?P<end>\})"
)


_OBJECT = re.compile(
    rb"(?:O:[0-9]{1,3}:\"(?P<class>[A-Za-z0-9_\\]{1,100})\":(?P<slots>[0-9]{1,9}):\{)"
    rb"|(?:C:[0-9]{1,3}:\"(?P<custom>[A-Za-z0-9_\\]{1,100})\":(?P<length>[0-9]{1,9}):\{)"
)
CLASS, DATA = "\0class", "\0data"
"""Keys of an object that was read as an array: the name of its class, and the text of a class with
its own serialised form.
"""


class BrokenValue(ValueError):
    """The bytes are no valid value, or exceed a limit."""


@dataclass(slots=True)
class _Open:
    """An array whose end has not come yet."""

    left: int
    values: Array = field(default_factory=dict)
    key: int | str = 0
    has_key: bool = False

    def take(self, value: Value) -> None:
        if self.has_key:
            self.values[self.key] = value
            self.left -= 1
            self.has_key = False
        elif self.left and isinstance(value, int | str) and not isinstance(value, bool):
            self.key, self.has_key = value, True
        else:
            raise BrokenValue("a key that is none")

    def finished(self) -> Array:
        if self.left or self.has_key:
            raise BrokenValue("an array that is cut")
        return self.values


def read_php(raw: bytes, *, objects: bool = False) -> Value:
    """Return the value that the whole of ``raw`` represents. Strings are UTF-8, or else
    windows-1252. With ``objects``, these are read as arrays with the key `CLASS`. Raises Broken.
    """
    if len(raw) > LARGEST:
        raise BrokenValue("too large")
    waiting: list[_Open] = []
    tokens = _tokens(raw.strip(), objects=objects)
    for token in tokens:
        value = token
        if isinstance(token, _Open):
            if len(waiting) >= DEEPEST or (waiting and not waiting[-1].has_key):
                raise BrokenValue("too deep, or an array as a key")
            waiting.append(token)
            continue
        if token is _END:
            if not waiting:
                break
            value = waiting.pop().finished()
        if not waiting:
            if any(True for _more in tokens):
                raise BrokenValue("more than one value")
            return value  # type: ignore[return-value]
        waiting[-1].take(value)  # type: ignore[arg-type]
    raise BrokenValue("cut off")


def array(raw: bytes, *, objects: bool = False) -> Array:
    """Read an array; an empty text is an empty array. Raises Broken."""
    value = read_php(raw, objects=objects) if raw.strip() else {}
    if not isinstance(value, dict):
        raise BrokenValue("no array")
    return value


class _End:
    """The closing bracket of an array."""


_END = _End()


def _tokens(raw: bytes, *, objects: bool) -> Iterator[Value | _Open | _End]:
    position = count = 0
    while position < len(raw):
        match = _TOKEN.match(raw, position)
        if match is None and objects:
            match = _OBJECT.match(raw, position)
        count += 1
        if match is None or count > 2 * MOST_VALUES:
            raise BrokenValue("neither a scalar nor an array, or too many of them")
        position = match.end()
        kind = match.lastgroup
        if kind == "string":
            end = position + int(match["string"])
            if raw[end : end + 2] != b'";':
                raise BrokenValue("a length that does not fit")
            yield _text(raw[position:end])
            position = end + 2
        elif kind == "array":
            yield _Open(int(match["array"]))
        elif kind == "slots":
            yield _Open(int(match["slots"]), {CLASS: _text(match["class"])})
        elif kind == "length":
            end = position + int(match["length"])
            if raw[end : end + 1] != b"}":
                raise BrokenValue("a length that does not fit")
            yield {CLASS: _text(match["custom"]), DATA: _text(raw[position:end])}
            position = end + 1
        else:
            yield _scalar(kind or "", match)


def _scalar(kind: str, match: re.Match[bytes]) -> Value | _End:
    match kind:
        case "bool":
            return match["bool"] == b"1"
        case "int":
            return int(match["int"])
        case "float":
            try:
                return float(match["float"])
            except ValueError as error:
                raise BrokenValue("a number that is none") from error
        case "end":
            return _END
        case _:
            return None


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
