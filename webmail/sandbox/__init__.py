"""Calls of pure functions in helper processes that a hostile input can only stop, never hold up.

``call(html.sanitise, HTML, source, remote=True)`` gives what ``html.sanitise(source, remote=True)``
would, and raises what it would. The function runs in a process of its own with a limit of processor
time and of memory; where a limit ends it, the process is replaced and `Exhausted` is raised. The
process that serves pages goes on meanwhile: neither its interpreter nor its memory takes part.

A helper knows nothing but its arguments: it starts with an empty environment, without settings,
database, Redis or mailbox, and may open no file for writing.
"""

from __future__ import annotations

from webmail.sandbox.pool import (
    FILE,
    HTML,
    IMPORT,
    MESSAGE,
    PATIENCE,
    TEXT,
    Budget,
    Exhausted,
    Limit,
    call,
    observe,
    patience,
    prepare,
    start,
)

__all__ = [
    "FILE",
    "HTML",
    "IMPORT",
    "MESSAGE",
    "PATIENCE",
    "TEXT",
    "Budget",
    "Exhausted",
    "Limit",
    "call",
    "observe",
    "patience",
    "prepare",
    "start",
]
