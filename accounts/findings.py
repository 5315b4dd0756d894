"""A finding of a check: a sentence, how bad it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """``level``: ``ok``, ``warn`` or ``bad``."""

    level: str
    text: str
    advice: str = ""


def ok(text: str) -> Finding:
    return Finding("ok", text)


def warn(text: str, advice: str) -> Finding:
    return Finding("warn", text, advice)


def bad(text: str, advice: str) -> Finding:
    return Finding("bad", text, advice)
