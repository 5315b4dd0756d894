"""Hide the line about the move from another webmail."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.http import SignedInRequest, login_required, safe_next
from core.htmx import wants_partial
from webmail.migrating import telling


@require_POST
@login_required
def dismiss(request: SignedInRequest) -> HttpResponse:
    """Hide the line. htmx gets an empty answer, any other request a redirect to the page of the
    line."""
    telling.dismiss(request, request.user)
    if wants_partial(request):
        return HttpResponse()
    return HttpResponseRedirect(safe_next(request) or reverse("home"))
