"""Write into each line of the log the id of its request or job.

A request gets an id of eight hexadecimal digits, which its answer carries (``X-Request-ID``) and
its error page shows as the reference. A job has the id of the request that started it.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

HEADER: Final = "X-Request-ID"
TIME: Final = "%Y-%m-%dT%H:%M:%S%z"
NONE: Final = "-"
# They end a line, or are obeyed by a terminal.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_current: ContextVar[str] = ContextVar("request_id", default=NONE)


def request_id() -> str:
    """Return the id of the request or job in this thread; ``-`` where there is none."""
    return _current.get()


def new_id() -> str:
    return secrets.token_hex(4)


@contextmanager
def about(identifier: str) -> Iterator[None]:
    """Give lines that are logged inside the block this request id."""
    token = _current.set(identifier or NONE)
    try:
        yield
    finally:
        _current.reset(token)


class RequestId(logging.Filter):
    """Adds the request id to each record. Django logs an answer after its request is over, and
    names the request in the record."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", None) or request_id()
        return True


class Route(logging.Filter):
    """Replaces the address by the route where Django logs an answer, since an address contains
    folder names."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if record.name == "django.request" and isinstance(record.args, tuple):
            path, pattern = getattr(request, "path", None), route(request)
            record.args = tuple(pattern if word == path else word for word in record.args)
        return True


def route(request: object) -> str:
    """Return the URL pattern that a request matched: ``mail/<folder:folder>/``."""
    return getattr(getattr(request, "resolver_match", None), "route", None) or NONE


def _one_line(text: str) -> str:
    """Return the text with control characters written out: ``\\u000a`` for a line end."""
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class LineFormatter(logging.Formatter):
    """Formats each record as a line: ``time level logger [request_id]: message``. Traceback and
    stack follow on indented lines, so that words of others never begin a line."""

    def format(self, record: logging.LogRecord) -> str:
        begun = f"{self.formatTime(record, TIME)} {record.levelname} {record.name}"
        lines = [f"{begun} [{getattr(record, 'request_id', NONE)}]: {record.getMessage()}"]
        if record.exc_info:
            lines += self.formatException(record.exc_info).splitlines()
        if record.stack_info:
            lines += record.stack_info.splitlines()
        return "\n    ".join(_one_line(line) for line in lines)


class JSONFormatter(logging.Formatter):
    """Formats each record as a line of JSON: ``{"time", "level", "logger", "request_id",
    "message"}``, and ``error`` with the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        values = {
            "time": self.formatTime(record, TIME),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", NONE),
            "message": record.getMessage(),
        }
        if record.exc_info:
            values["error"] = self.formatException(record.exc_info)
        return _one_line(json.dumps(values, ensure_ascii=False))
