"""Put the line about a move from another webmail away."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.http import SignedInRequest, login_required, safe_next
from webmail.htmx import wants_partial
from webmail.migrating import telling


@require_POST
@login_required
def dismiss(request: SignedInRequest) -> HttpResponse:
    """Nothing for htmx, which takes the line away; else back to the page that it stood on."""
    telling.dismiss(request, request.user)
    if wants_partial(request):
        return HttpResponse()
    return HttpResponseRedirect(safe_next(request) or reverse("home"))
