"""Calls pure functions in helper processes, so that a hostile input can only end its own call.

``call(html.sanitise, HTML, source, remote=True)`` returns what ``html.sanitise(source,
remote=True)`` would, and raises what it would. The function runs in a helper process with limits of
processor time and memory. If a limit ends the helper, it is replaced and `Exhausted` is raised. The
calling process goes on meanwhile, since neither its interpreter nor its memory is used.

A helper knows only its arguments: it starts with an empty environment, without settings, database,
Redis or mailbox, and may open no file for writing.
"""

from __future__ import annotations

from mail.sandbox.pool import (
    FILE,
    HTML,
    IMPORT,
    MESSAGE,
    PATIENCE,
    TEXT,
    Budget,
    CallLimit,
    Exhausted,
    call,
    give,
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
    "CallLimit",
    "Exhausted",
    "call",
    "give",
    "observe",
    "patience",
    "prepare",
    "start",
]
