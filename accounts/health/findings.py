"""A finding of a check: a sentence, its severity, and advice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding. ``level`` is ``ok``, ``warn`` or ``bad``."""

    level: str
    text: str
    advice: str = ""


def ok(text: str) -> Finding:
    return Finding("ok", text)


def warn(text: str, advice: str) -> Finding:
    return Finding("warn", text, advice)


def bad(text: str, advice: str) -> Finding:
    return Finding("bad", text, advice)
