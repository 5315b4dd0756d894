"""The self-check of the installation, in the administration."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from webmail import doctor as examination


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def doctor(request: HttpRequest) -> HttpResponse:
    """Show a button, since the test takes a while; after POST, show its findings."""
    if not (isinstance(request.user, User) and request.user.is_administrator):
        raise PermissionDenied
    examined = examination.examine() if request.method == "POST" else []
    context = {
        **admin.site.each_context(request),
        "title": gettext("Self-check"),
        "examined": examined,
        "is_well": examination.is_well(examined),
    }
    return TemplateResponse(request, "admin/doctor.html", context)
