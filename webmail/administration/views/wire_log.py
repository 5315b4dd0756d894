"""The log of a user's connections to the mail servers: begun, read and ended by administrators."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import wire_log
from accounts.models import User


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def log(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the logs of a user; begin, end or read one."""
    if not (isinstance(request.user, User) and request.user.is_administrator):
        raise PermissionDenied
    user = get_object_or_404(User, pk=pk)
    if user.mail_domain_id is None or not wire_log.is_offered():
        raise Http404
    if request.method != "POST":
        return _page(request, user)
    verb = request.POST.get("verb")
    if verb == "read":
        return _page(request, user, lines=_lines(request, user))
    if verb == "end":
        wire_log.end(request, user)
    elif not _begun(request, user):
        return _page(request, user, status=422)
    return redirect(_address(user))


def _begun(request: HttpRequest, user: User) -> bool:
    """Begin a log. Return False, with a message, where the reason is missing."""
    reason = " ".join(request.POST.get("reason", "").split())
    if not reason or not reason.isprintable():
        messages.error(request, gettext("Say first why: the reason stands in the audit log."))
        return False
    wire_log.begin(request, user, reason)
    return True


def _lines(request: HttpRequest, user: User) -> list[str]:
    number = request.POST.get("log", "")
    for row in wire_log.kept_logs(user):
        if str(row.pk) == number:
            return wire_log.read_lines(request, row)
    raise Http404


def _page(
    request: HttpRequest, user: User, lines: list[str] | None = None, status: int = 200
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": gettext("Connections to the mail server"),
        "person": user,
        "why": f"{reverse('admin:support_why')}?{urlencode({'q': str(user)})}",
        "until": wire_log.lasts_until(user),
        "logs": wire_log.kept_logs(user),
        "lines": lines,
        "longest": wire_log.LONGEST_REASON,
    }
    return TemplateResponse(request, "admin/support/wire_log.html", context, status=status)


def _address(user: User) -> str:
    return reverse("admin:wire_log", args=[user.pk])
