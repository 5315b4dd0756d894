"""The legal notice and the page about personal data, which are public."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import kept


@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/texts/legal.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Show what is stored and for how long, with the numbers of the settings."""
    return render(request, "accounts/texts/privacy.html", {"kinds": kept.KINDS})
