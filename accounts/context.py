"""The template variables of accounts on every page: announcements, texts, the support desk, the
provider of the sign-in, whether the computer is shared, and the idle time allowed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import announcements, sessions
from accounts.looks import themes
from accounts.models import SiteText, SupportContact, User
from accounts.models.sessions import idle_seconds
from accounts.models.support import SupportDesk
from accounts.providers import grants
from core.accessibility.audit import audit


def _support(request: HttpRequest) -> SupportDesk:
    return SupportContact.objects.all().of(themes.theme_of(request).domain)


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the variables. Each is read when a template uses it, from the cache or the session."""
    session = getattr(request, "session", None)
    shared = bool(session and session.get("shared_computer"))
    signed_in = getattr(request, "user", None)
    user = signed_in if isinstance(signed_in, User) else None
    return {
        "announcements": SimpleLazyObject(lambda: announcements.shown_to(user)),
        "texts": SimpleLazyObject(SiteText.objects.all().in_force),
        "support": SimpleLazyObject(lambda: _support(request)),
        "accessibility": audit().state,
        "shared_computer": shared,
        "signed_in_by": grants.start_address(session) if session else "",
        "idle_seconds": idle_seconds(shared, bool(session and session.get(sessions.STAYS))),
        "stay_days": settings.STAY_DAYS,
    }
