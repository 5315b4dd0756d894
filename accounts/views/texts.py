"""Legal notice and personal data: open to everybody."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/legal.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Show what is kept, and for how long: the numbers are those in force."""
    context = {
        "lookups_days": settings.KEEP_LOOKUPS_DAYS,
        "audit_days": settings.KEEP_AUDIT_DAYS,
        "sessions_days": settings.KEEP_SESSIONS_DAYS,
    }
    return render(request, "accounts/privacy.html", context)
