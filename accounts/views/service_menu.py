"""The menu of the authority's services."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest, login_required
from accounts.models import Service


@require_safe
@login_required
def services(request: SignedInRequest) -> HttpResponse:
    """Show the services for this user."""
    return render(
        request, "accounts/account/services.html", {"services": Service.objects.of(request.user)}
    )
