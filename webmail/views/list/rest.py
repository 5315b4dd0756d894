"""Show notifications outside working hours for today, or stop them again."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.http import SignedInRequest, login_required, safe_next
from core.htmx import wants_partial
from webmail.presentation import rest


@require_POST
@login_required
def lift(request: SignedInRequest) -> HttpResponse:
    """Change it. htmx gets the renewed mark, any other request a redirect to the page of the
    mark."""
    rest.lift(request, on=request.POST.get("lift") == "1")
    if wants_partial(request):
        return render_template(request, "webmail/list/_rest.html")
    return HttpResponseRedirect(safe_next(request) or reverse("home"))
