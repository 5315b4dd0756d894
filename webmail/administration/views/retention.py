"""“What is kept, and how long”: the administration's page about all kinds of stored data."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from accounts import kept
from accounts.models import User


@require_safe
def retention(request: HttpRequest) -> HttpResponse:
    """Show all kinds of stored data, how long each is kept, and which setting changes the time."""
    if not (isinstance(request.user, User) and request.user.is_administrator):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": gettext("What is kept, and how long"),
        "kinds": kept.KINDS,
    }
    return TemplateResponse(request, "admin/retention.html", context)
