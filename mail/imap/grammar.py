"""Parses one untagged line of an answer into nested tuples.

imapclient reads an answer character by character: 5 ms of processor time for the envelopes and
structures of fifty messages. Here one pattern finds the elements of nearly all answers, in a third
of that time. If the pattern does not fit, imapclient parses the line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from imapclient.response_parser import parse_response  # type: ignore[import-untyped]

Piece = bytes | tuple[bytes, bytes]
"""Text, or a pair: text that ends in ``{5}``, and the five bytes of that literal."""

_TOKEN = re.compile(
    rb"""[ \t\r\n]*+(?:
        (\() | (\)) |
        "([^"\\]*+)" |
        "((?:[^"\\]|\\.)*)" |
        ((?:[^\x00-\x20()%"\[{]++ | \[[^\]]*+\])+) |
        (.*+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE, _QUOTED, _ESCAPED, _WORD, _REST = 1, 2, 3, 4, 5, 6
_STRINGS = frozenset({_QUOTED, _ESCAPED})
_QUOTE = ord('"')
_LITERAL = re.compile(rb"(?:^|[ (])\{(\d{1,10})\}$")
_ESCAPE = re.compile(rb'\\([\\"])')
# No real message is nested deeper; imapclient then raises the error.
_DEEPEST = 100


def parse(line: Sequence[Piece]) -> tuple[Any, ...]:
    """Return bytes, int, None for NIL, and tuples of them (RFC 9051 section 4).

    Raises imapclient's exceptions: ``mail.imap.response.TRIPS``.
    """
    parsed = _common(line)
    return tuple(parse_response(list(line))) if parsed is None else parsed


def _common(line: Sequence[Piece]) -> tuple[Any, ...] | None:
    """Return the values, or None when a piece is not of the common kind."""
    current: list[Any] = []
    outer: list[list[Any]] = []
    for piece in line:
        text, literal = piece if isinstance(piece, tuple) else (piece, None)
        end = len(text)
        if literal is not None:
            mark = _LITERAL.search(text)
            if mark is None or int(mark[1]) != len(literal):
                return None
            end = mark.start(1) - 1
        last = 0
        for token in _TOKEN.finditer(text, 0, end):
            kind = token.lastindex or 0
            if last == _WORD and kind in _STRINGS and text[token.start()] == _QUOTE:
                return None  # abc"def"
            last = kind
            if kind == _WORD:
                current.append(_atom(token[kind]))
            elif kind == _QUOTED:
                current.append(token[kind])
            elif kind == _OPEN:
                outer.append(current)
                current = []
                if len(outer) > _DEEPEST:
                    return None
            elif kind == _CLOSE:
                if not outer:
                    return None
                inner, current = tuple(current), outer.pop()
                current.append(inner)
            elif kind == _REST:
                if token[kind]:
                    return None
            else:
                current.append(_ESCAPE.sub(rb"\1", token[kind]))
        if literal is not None:
            current.append(literal)
    return None if outer else tuple(current)


def _atom(word: bytes) -> bytes | int | None:
    if word.isdigit():
        # A UID has no leading zero, so a word with one is a name.
        return int(word) if word[:1] != b"0" or len(word) == 1 else word
    return None if word == b"NIL" else word
