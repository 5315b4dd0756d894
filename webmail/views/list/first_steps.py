"""Hide the card of first steps above the inbox, and tips."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.http import SignedInRequest, login_required, safe_next
from core.htmx import wants_partial
from webmail.presentation.first_steps import PREFERENCE


@require_POST
@login_required
def close(request: SignedInRequest) -> HttpResponse:
    """Hide the card for good; the user can show it again in the settings. htmx gets an empty
    answer, any other request a redirect to the page of the card."""
    return _put_away(request, PREFERENCE, "off")


@require_POST
@login_required
def close_tip(request: SignedInRequest, tip: str) -> HttpResponse:
    """Hide one tip, as `close` hides the card."""
    left = [name for name in request.preferences.tips.split() if name != tip]
    return _put_away(request, "tips", " ".join(left))


def _put_away(request: SignedInRequest, preference: str, value: str) -> HttpResponse:
    request.user.preferences = {**request.user.preferences, preference: value}
    request.user.save(update_fields=["preferences"])
    if wants_partial(request):
        return HttpResponse()
    return HttpResponseRedirect(safe_next(request) or reverse("home"))
