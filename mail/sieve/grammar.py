"""The generic grammar of Sieve (RFC 5228 section 8): text -> commands with their places in it.

The grammar is the same for every extension, so that any script can be parsed; `reading` interprets
its commands. A library that must know each command would refuse unknown ones, and would not tell
where a command stands in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_DEEPEST: Final = 30
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<comment>\#[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<number>[0-9]+[KMGkmg]?)
    |(?P<tag>:[A-Za-z_][A-Za-z0-9_]*)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<mark>[\[\](){},;])""",
    re.VERBOSE | re.DOTALL,
)
_MULTILINE: Final = re.compile(r"text:[ \t]*(?:#[^\n]*)?\n", re.IGNORECASE)
_UNITS: Final = {"K": 1024, "M": 1024**2, "G": 1024**3}


class NotSieve(ValueError):
    """The text is no Sieve script."""


@dataclass(frozen=True)
class TagArgument:
    """A tag such as ``:contains``, in lower case with its colon."""

    name: str


@dataclass(frozen=True)
class Number:
    value: int


@dataclass(frozen=True)
class Test:
    r"""A test. ``arguments`` are strings (lines end in ``\n``), lists of them, `Number` and
    `TagArgument`; ``name`` is in lower case.
    """

    name: str
    arguments: tuple[Argument, ...] = ()
    tests: tuple[Test, ...] = ()


Argument = str | tuple[str, ...] | Number | TagArgument


@dataclass(frozen=True)
class ScriptCommand(Test):
    """A command: like a test, perhaps with a block, and with its place in the text. ``comments``
    are those before it; ``has_inner`` says that there are comments inside it.
    """

    block: tuple[ScriptCommand, ...] | None = None
    start: int = 0
    end: int = 0
    comments: tuple[str, ...] = ()
    has_inner: bool = False


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass
class _Reader:
    tokens: list[_Token]
    at: int = 0
    comments: list[_Token] = field(default_factory=list)

    def peek(self) -> _Token:
        """Return the next token that is no comment; comments before it are collected."""
        while self.tokens[self.at].kind == "comment":
            self.comments.append(self.tokens[self.at])
            self.at += 1
        return self.tokens[self.at]

    def take(self, kind: str = "", text: str = "") -> _Token:
        token = self.peek()
        if (kind and token.kind != kind) or (text and token.text != text):
            raise NotSieve(f"{token.text or 'the end'!r} at {token.start}")
        self.at += 1
        return token

    def has(self, text: str) -> bool:
        token = self.peek()
        return token.kind == "mark" and token.text == text


def parse(text: str) -> tuple[ScriptCommand, ...]:
    """Return the commands of a script in order. Raises NotSieve."""
    reader = _Reader(list(_tokens(text)))
    commands = []
    while reader.peek().kind != "end":
        commands.append(_command(reader, 0))
    return tuple(commands)


def parse_test(text: str) -> Test:
    """Return a single test, which Roundcube writes into a comment. Raises NotSieve."""
    reader = _Reader(list(_tokens(text)))
    test = _test(reader, 0)
    reader.take("end")
    return test


def quoted(text: str) -> str:
    """Return a string in quotes. Every text in a script must pass through here. Raises ValueError
    for NUL and for lone surrogates, which no script can contain.
    """
    if "\0" in text:
        raise ValueError("A Sieve string holds no NUL.")
    text.encode("utf-8")
    lines = re.sub(r"\r\n?", "\n", text)
    return '"' + lines.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quoted_list(texts: tuple[str, ...] | list[str]) -> str:
    return "[" + ", ".join(quoted(text) for text in texts) + "]"


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        multiline = _MULTILINE.match(text, place)
        if multiline:
            end = _end_of_lines(text, multiline.end())
            yield _Token("multiline", text[place:end], place, end)
            place = end
            continue
        token = _TOKEN.match(text, place)
        if token is None:
            raise NotSieve(f"{text[place : place + 20]!r} at {place}")
        if token.lastgroup != "space":
            yield _Token(str(token.lastgroup), token[0], place, token.end())
        place = token.end()
    yield _Token("end", "", place, place)


def _end_of_lines(text: str, place: int) -> int:
    """Return the place after the line that consists of a dot."""
    match = re.compile(r"^\.(?:\n|\Z)", re.MULTILINE).search(text, place)
    if match is None:
        raise NotSieve("A text: has no end.")
    return match.end()


def _command(reader: _Reader, depth: int) -> ScriptCommand:
    if depth > _DEEPEST:
        raise NotSieve("Blocks are too deep.")
    first = reader.peek()
    before, reader.comments = reader.comments, []
    name = reader.take("name").text.lower()
    arguments, tests = _arguments(reader, depth)
    block: tuple[ScriptCommand, ...] | None = None
    has_inner = bool(reader.comments)
    if reader.has("{"):
        has_inner = has_inner or bool(reader.comments)
        reader.comments = []
        reader.take()
        inside = []
        while not reader.has("}"):
            inside.append(_command(reader, depth + 1))
        block = tuple(inside)
        has_inner = has_inner or bool(reader.comments)
        last = reader.take()
    else:
        last = reader.take("mark", ";")
    has_inner = has_inner or bool(reader.comments)
    reader.comments = []
    has_inner = has_inner or any(command.comments or command.has_inner for command in block or ())
    return ScriptCommand(
        name,
        arguments,
        tests,
        block=block,
        start=first.start,
        end=last.end,
        comments=tuple(comment.text for comment in before),
        has_inner=has_inner,
    )


def _arguments(reader: _Reader, depth: int) -> tuple[tuple[Argument, ...], tuple[Test, ...]]:
    if depth > _DEEPEST:
        raise NotSieve("Tests are too deep.")
    arguments: list[Argument] = []
    while True:
        token = reader.peek()
        if token.kind in {"string", "multiline"}:
            arguments.append(_string(reader.take()))
        elif token.kind == "number":
            arguments.append(_number(reader.take().text))
        elif token.kind == "tag":
            arguments.append(TagArgument(reader.take().text.lower()))
        elif reader.has("["):
            arguments.append(_list(reader))
        else:
            break
    if reader.has("("):
        return tuple(arguments), _tests(reader, depth)
    if reader.peek().kind == "name":
        return tuple(arguments), (_test(reader, depth + 1),)
    return tuple(arguments), ()


def _tests(reader: _Reader, depth: int) -> tuple[Test, ...]:
    reader.take("mark", "(")
    tests = [_test(reader, depth + 1)]
    while reader.has(","):
        reader.take()
        tests.append(_test(reader, depth + 1))
    reader.take("mark", ")")
    return tuple(tests)


def _test(reader: _Reader, depth: int) -> Test:
    name = reader.take("name").text.lower()
    return Test(name, *_arguments(reader, depth))


def _list(reader: _Reader) -> tuple[str, ...]:
    reader.take("mark", "[")
    strings = [_string(reader.take())]
    while reader.has(","):
        reader.take()
        strings.append(_string(reader.take()))
    reader.take("mark", "]")
    return tuple(strings)


def _string(token: _Token) -> str:
    if token.kind == "string":
        return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
    if token.kind != "multiline":
        raise NotSieve(f"{token.text!r} at {token.start} is no string.")
    lines = token.text.split("\n", 1)[1]
    body = lines.removesuffix("\n").removesuffix(".")
    return re.sub(r"^\.\.", ".", body, flags=re.MULTILINE)


def _number(text: str) -> Number:
    unit = _UNITS.get(text[-1].upper(), 1)
    return Number(int(text.rstrip("KMGkmg")[:18]) * unit)
