"""Django's own failures, in our words."""

from __future__ import annotations

import sys

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import TimeoutError as RedisSilent

from webmail.middleware import in_place


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token is missing or old: cookies off, or another sign-in since."""
    template = "webmail/_notice.html" if in_place(request) else "403_csrf.html"
    return render(request, template, {"kind": "csrf", "reason": reason}, status=403)


# PostgreSQL, to who writes on a standby.
_READ_ONLY = "25006"


def unforeseen(request: HttpRequest) -> HttpResponse:
    """What no view foresaw, 500; where the database or Redis is down, 503. The page is rendered
    without context: nothing in it may need them."""
    if not _is_down(sys.exception()):
        return HttpResponse(render_to_string("500.html"), status=500)
    answer = HttpResponse(render_to_string("503.html"), status=503)
    answer["Retry-After"] = "10"
    answer["Cache-Control"] = "no-store"
    return answer


def _is_down(error: BaseException | None) -> bool:
    if isinstance(error, DatabaseError):
        is_read_only = getattr(error.__cause__, "sqlstate", "") == _READ_ONLY
        return is_read_only or isinstance(error, (OperationalError, InterfaceError))
    return isinstance(error, (RedisGone, RedisSilent))
