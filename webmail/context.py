"""The variables that every page's template has."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.looks import themes
from accounts.models import User
from core.preferences import Preferences
from webmail.outbox import awaited, counting
from webmail.presentation import away, first_steps, rest, sending
from webmail.presentation.panes import cookie_name, panes
from webmail.writing import offering


def page(request: HttpRequest) -> dict[str, Any]:
    """Return product and authority, the user's preferences, and the configured features."""
    theme = themes.theme_of(request)
    return {
        "product": theme.product,
        "authority": theme.authority,
        "theme": theme,
        "prefs": getattr(request, "preferences", None) or Preferences.combine({}, {}),
        "panes": panes(request.COOKIES.get(cookie_name(settings.HTTPS), "")),
        "demo": settings.DEMO,
        "push": settings.PUSH,
        "away": SimpleLazyObject(lambda: away.line(request)),
        "standing_forwards": away.has_forwards(request),
        "rest": SimpleLazyObject(lambda: rest.rest_of(request)),
        "asks_away": SimpleLazyObject(lambda: away.is_unknown(request)),
        "has_lookup": bool(settings.NUMEN_KEYS),
        # Computed when a template uses it, once in a session.
        "offer": SimpleLazyObject(lambda: offering.offer(request)),
        "unsent": SimpleLazyObject(lambda: _unsent(request)),
        "first_steps": SimpleLazyObject(lambda: _first_steps(request)),
        "not_left": SimpleLazyObject(lambda: _not_left(request)),
    }


def _unsent(request: HttpRequest) -> int:
    """Return the number of messages in the user's outbox; only called if it is shown."""
    user = request.user
    return counting.unsent_count(user.pk) if user.is_authenticated else 0


def _first_steps(request: HttpRequest) -> tuple[first_steps.Step, ...]:
    """Return the first steps; only called if the card of a new user is shown alone."""
    return first_steps.steps(request.user) if isinstance(request.user, User) else ()


def _not_left(request: HttpRequest) -> sending.NotLeft:
    """Return the messages that were sent and have not left, from the session and the
    cached count.
    """
    if awaited.KEY not in getattr(request, "session", {}) or not _unsent(request):
        return sending.NotLeft()
    return sending.not_left(awaited.known(request))
