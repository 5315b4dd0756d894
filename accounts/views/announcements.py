"""Dismiss an announcement."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts import announcements
from accounts.http import safe_next
from accounts.models import User
from core.htmx import wants_partial
from mail.errors import SignInNeeded


@require_POST
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Return an empty answer to htmx, which removes the banner; otherwise redirect to the page it
    was on."""
    if not isinstance(request.user, User):
        raise SignInNeeded
    if not announcements.put_away(request.user, pk):
        raise Http404
    if wants_partial(request):
        return HttpResponse()
    return HttpResponseRedirect(safe_next(request) or reverse("home"))
