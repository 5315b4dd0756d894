"""The life of a session: how long it may idle, and what it leaves on the computer."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers

from accounts import binding, credentials, devices, session, sessions
from accounts.models.sessions import idle_seconds
from core import clock

LAST_ACTIVE = "last_active"
TOUCH_SECONDS = 60


def is_activity(request: HttpRequest) -> bool:
    """Return whether the user caused the request. Polls, streams and automatic saving send
    ``X-Background``."""
    return "X-Background" not in request.headers


def seconds_left(request: HttpRequest) -> int:
    """Return the seconds that this session may still idle, counted from the last activity noted, or
    until it is too old, whichever comes first."""
    now = clock.timestamp()
    idle_left = _allowed(request) - (now - request.session.get(LAST_ACTIVE, now))
    return max(0, min(idle_left, sessions.seconds_to_live(request)))


def _allowed(request: HttpRequest) -> int:
    return idle_seconds(bool(request.session.get("shared_computer")), sessions.stays(request))


def _leave(request: HttpRequest) -> None:
    session.close(request)
    logout(request)


class SessionMiddleware:
    """Ends idle and old sessions, notes activity, sets the cookie of the mail key, binds sessions
    of administrators to their browsers, and lets no browser store a page of a signed-in user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            request.META[session.WHOSE] = request.user.pk
            self._note_activity(request)
        signed_in = request.user.is_authenticated
        response = self.get_response(request)
        binding.note(request)
        credentials.write_cookie(request, response)
        devices.write_cookie(request, response)
        if signed_in and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        elif signed_in and request.session.get("shared_computer"):
            response["Cache-Control"] = "no-store, private"
        return response

    @staticmethod
    def _note_activity(request: HttpRequest) -> None:
        now = clock.timestamp()
        idle = now - request.session.get(LAST_ACTIVE, now)
        if idle > _allowed(request) or sessions.seconds_to_live(request) <= 0:
            sessions.forget(request)
            _leave(request)
            return
        if is_activity(request) and not sessions.touch(request):
            _leave(request)
        elif is_activity(request) and (idle >= TOUCH_SECONDS or LAST_ACTIVE not in request.session):
            request.session[LAST_ACTIVE] = now
            if key := request.COOKIES.get(credentials.cookie_name()):
                request.mail_key = key  # type: ignore[attr-defined]
