"""Legal notice and personal data: open to everybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import kept


@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/legal.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Show what is kept, and for how long: the numbers are those in force."""
    return render(request, "accounts/privacy.html", {"kinds": kept.KINDS})
