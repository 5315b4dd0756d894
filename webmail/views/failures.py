"""Error pages for Django's own failures."""

from __future__ import annotations

import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import OutOfMemoryError as RedisFull
from redis.exceptions import TimeoutError as RedisSilent

from accounts.http import is_sign_in_needed
from accounts.looks import themes
from core.unwritable import is_unwritable
from mail.errors import SignInNeeded
from webmail.middleware import in_place, sign_in_answer


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a request whose CSRF token is missing or old, since cookies are off or the user signed
    in again. A user who is signed out, since all cookies were deleted while the page was open, is
    led to the sign-in."""
    if is_sign_in_needed(request):
        return sign_in_answer(request, SignInNeeded())
    template = "webmail/_notice.html" if in_place(request) else "403_csrf.html"
    return render(request, template, {"kind": "csrf", "reason": reason}, status=403)


def unforeseen(request: HttpRequest) -> HttpResponse:
    """Answer an unforeseen error with 500, or with 503 where the database or Redis is down or full.
    The page is rendered with a theme that is at hand, and no other context: nothing in it may need
    them."""
    error, theme = sys.exception(), themes.at_hand(request)
    context = {"theme": theme, "product": theme.product, "authority": theme.authority}
    if is_unwritable(error):
        template = "503_unwritable.html"
    elif isinstance(error, _DOWN):
        template = "503.html"
    else:
        return HttpResponse(_rendered("500.html", context), status=500)
    answer = HttpResponse(_rendered(template, context), status=503)
    answer["Retry-After"] = "10"
    answer["Cache-Control"] = "no-store"
    return answer


def _rendered(template: str, context: dict[str, Any]) -> str:
    """Render a page, or where its static files have not been collected, one that needs none."""
    try:
        return render_to_string(template, context)
    except ValueError:  # of Django's storage, which has no name for a file
        return render_to_string("500_bare.html", context)


_DOWN = (OperationalError, InterfaceError, RedisGone, RedisSilent, RedisFull)
