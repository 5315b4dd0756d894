"""Django's own failures, in our words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from webmail.middleware import in_place


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token is missing or old: cookies off, or another sign-in since."""
    template = "webmail/_notice.html" if in_place(request) else "403_csrf.html"
    return render(request, template, {"kind": "csrf", "reason": reason}, status=403)
