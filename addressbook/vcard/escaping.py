"""Escaping of text in the values and parameters of a card, in both directions."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OLD_ESCAPE = re.compile(r"\\([;,:nN])")
_OLD_QUOTED_ESCAPE = re.compile(r"\\([;,:])")


def unescape(value: str, *, old: bool = False, quoted: bool = False) -> str:
    """Return a text value without its backslashes, trimmed. vCard 2.1 (``old``) escapes no
    backslash, and writes line feeds in quoted-printable."""
    if "\\" in value:
        pattern = (_OLD_QUOTED_ESCAPE if quoted else _OLD_ESCAPE) if old else _ESCAPE
        value = pattern.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
    return value.strip()


def split(value: str, separator: str) -> list[str]:
    """Return the fields between unescaped separators, still escaped; at most 500."""
    if "\\" not in value:
        return value.split(separator, 499)
    fields: list[str] = []
    start = position = 0
    while position < len(value) and len(fields) < 499:
        if value[position] == "\\":
            position += 1
        elif value[position] == separator:
            fields.append(value[start:position])
            start = position + 1
        position += 1
    return [*fields, value[start:]]


def escape(text: str) -> str:
    """Return text as a value."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def to_caret(text: str) -> str:
    """Return text as a parameter's value (RFC 6868)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("^", "^^").replace("\n", "^n").replace('"', "^'")


def from_caret(text: str) -> str:
    signs = {"^": "^", "n": "\n", "'": '"'}
    return re.sub(r"\^([\^n'])", lambda match: signs[match[1]], text)
