"""Put the card of first steps above the inbox away."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.http import SignedInRequest, login_required, safe_next
from webmail.htmx import wants_partial
from webmail.presentation.first_steps import PREFERENCE


@require_POST
@login_required
def close(request: SignedInRequest) -> HttpResponse:
    """For ever, unless its user asks for it in the settings. Nothing for htmx, which takes the card
    away; else back to the page that it stood on."""
    request.user.preferences = {**request.user.preferences, PREFERENCE: "off"}
    request.user.save(update_fields=["preferences"])
    if wants_partial(request):
        return HttpResponse()
    return HttpResponseRedirect(safe_next(request) or reverse("home"))
