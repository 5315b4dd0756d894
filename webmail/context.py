"""What every page's template knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from webmail.preferences import Preferences


def page(request: HttpRequest) -> dict[str, Any]:
    """Product and authority, the person's preferences, whether the computer is shared, how long
    one may be idle."""
    session = getattr(request, "session", None)
    shared = bool(session and session.get("shared_computer"))
    minutes = settings.SHARED_IDLE_MINUTES if shared else settings.SESSION_IDLE_MINUTES
    return {
        "product": settings.PRODUCT_NAME,
        "authority": settings.AUTHORITY_NAME,
        "prefs": getattr(request, "preferences", None) or Preferences.combine({}, {}),
        "shared_computer": shared,
        "idle_seconds": 60 * minutes,
        "demo": settings.DEMO,
        "has_lookup": bool(settings.NUMEN_KEYS),
    }
