"""The Django admin, entered through the common sign-in and never past its second factor."""

from __future__ import annotations

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts import second_factor
from accounts.models import User
from accounts.views.doors import SignOutView


class AdminSite(admin.AdminSite):
    site_header = site_title = _("Mail administration")
    index_title = _("Administration")

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return (
            isinstance(user, User)
            and user.is_active
            and user.is_staff
            and (not settings.ADMIN_NEEDS_TOTP or second_factor.passed(request))
        )

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """For local administrators alone: a mail user's password is the mail server's."""
        if not (isinstance(request.user, User) and request.user.is_local_administrator):
            raise PermissionDenied
        return super().password_change(request, extra_context)

    def logout(  # type: ignore[override]  # the stubs know Django's own page alone
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The common sign-out: it also ends IMAP connections and clears a shared PC."""
        response: HttpResponse = SignOutView.as_view()(request)
        return response

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the step that is still missing: sign-in, setting up a code, giving it."""
        user = request.user
        following = request.GET.get("next") or resolve_url("admin:index")
        if not isinstance(user, User):
            step = settings.LOGIN_URL
        elif not user.is_staff:
            raise PermissionDenied
        elif self.has_permission(request):
            return redirect("admin:index")
        elif is_mfa_enabled(user):
            step = "mfa_reauthenticate"
        else:
            step = "mfa_activate_totp"
        return redirect(f"{resolve_url(step)}?{urlencode({'next': following})}")
