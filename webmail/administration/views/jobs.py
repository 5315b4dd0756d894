"""Background jobs, on one page of the administration."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.health.jobs import health
from accounts.models import StaffImport, User
from webmail.administration import dashboard

_SHOWN = 20


@require_safe
@never_cache
def jobs(request: HttpRequest) -> HttpResponse:
    """Show imports with their state, the number of previews, and whether workers and beat are
    alive."""
    if not (isinstance(request.user, User) and request.user.is_administrator):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": gettext("Background jobs"),
        "health": health(),
        "previews": dashboard.previews(),
        "imports": StaffImport.objects.select_related("by").order_by("-asked", "-pk")[:_SHOWN],
    }
    return TemplateResponse(request, "admin/jobs.html", context)
