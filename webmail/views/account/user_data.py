"""The page for administrators that shows the data kept about a user, and deletes it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.models import AuditEvent, User
from webmail.personal import deleting


@require_http_methods(["GET", "POST"])
@never_cache
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the number of rows by kind, the data that stays, and a form that asks for the login as a
    confirmation."""
    if not (isinstance(request.user, User) and request.user.is_administrator):
        raise PermissionDenied
    user = get_object_or_404(User, pk=pk)
    if user == request.user:
        raise PermissionDenied
    typed = request.POST.get("login", "").strip().lower()
    if request.method == "POST" and typed == user.typed_login.lower():
        return _deleted(request, user)
    context = {
        **admin.site.each_context(request),
        "title": gettext("What is kept about a user"),
        "person": user,
        "preview": deleting.preview(user),
        "audit_days": settings.KEEP_AUDIT_DAYS,
        "is_wrong": request.method == "POST",
    }
    status = 422 if request.method == "POST" else 200
    return TemplateResponse(request, "admin/user_data.html", context, status=status)


def _deleted(request: HttpRequest, user: User) -> HttpResponse:
    """Record the deletion in the audit log, as a proof."""
    name, total = str(user), deleting.preview(user).total
    deleting.forget(user)
    audit.record(AuditEvent.Kind.DATA_DELETED, request, target=name, rows=total)
    messages.success(request, gettext("What was kept about %(user)s is deleted.") % {"user": name})
    return redirect("admin:accounts_user_changelist")
