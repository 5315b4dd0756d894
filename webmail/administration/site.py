"""The Django admin. Administrators enter it through the common sign-in, with a second factor. Its
index is grouped by tasks, and every action in it is written to the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from typing import Any, Final

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import Model
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts import binding, roles, second_factor, sessions
from accounts.administration.log import RecordedAdmin
from accounts.administration.queries import BoundedAdmin, check_query
from accounts.models import User
from accounts.views.doors import SignOutView
from webmail.administration import dashboard
from webmail.administration.views import doctor, jobs, retention, support, wire_log

# The groups of the index, in their order: the tasks of an administrator, whichever app has the
# model. Models that are not named here come last, under their own app.
TASKS: Final = (
    (
        "people",
        _("People"),
        (
            "accounts.User",
            "accounts.StaffRecord",
            "accounts.StaffImport",
            "accounts.MovedUser",
            "accounts.ProviderSubject",
            "mfa.Authenticator",
            "addressbook.AddressBook",
            "addressbook.ImportJob",
        ),
    ),
    (
        "mail",
        _("Mail domains and sending"),
        (
            "accounts.MailDomain",
            "accounts.DomainTheme",
            "webmail.PreferenceDefault",
            "webmail.Identity",
            "webmail.SignatureTemplate",
            "webmail.SendingPolicy",
            "webmail.ForwardPolicy",
            "webmail.TrustedImageDomain",
            "webmail.AllowedSender",
        ),
    ),
    (
        "contents",
        _("What people read"),
        (
            "accounts.Announcement",
            "accounts.SiteText",
            "accounts.SupportContact",
            "accounts.Service",
            "accounts.Application",
            "addressbook.SchoolHoliday",
        ),
    ),
    (
        "follow-up",
        _("Follow-up"),
        (
            "accounts.AuditEvent",
            "webmail.OutboxMessage",
            "webmail.Probe",
            "webmail.MailJob",
            "webmail.OfficePreview",
            "webmail.FraudReport",
            "webmail.StandingForward",
            "webmail.InstallationLearnt",
            "webmail.AgreedSender",
        ),
    ),
)


class AdminSite(admin.AdminSite):
    site_header = site_title = _("Mail administration")
    index_title = _("Administration")
    site_url = "/"

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[admin.ModelAdmin] | None = None,
        **options: Any,
    ) -> None:
        """Register a model whose changes are written to the audit log, and whose list is bounded,
        whichever app registers it."""
        if isinstance(model_or_iterable, ModelBase):
            model_or_iterable = [model_or_iterable]
        base = admin_class or admin.ModelAdmin
        ours = type(base.__name__, (BoundedAdmin, RecordedAdmin, base), {})
        super().register(model_or_iterable, ours, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Refuse addresses that ask for too much, to whoever may open the page."""

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            check_query(request)
            try:
                return view(request, *args, **kwargs)
            except IncorrectLookupParameters as error:
                # Django's own lists answer for themselves.
                raise SuspiciousOperation from error

        return super().admin_view(checked, cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        ours = (
            ("support/why/", support.why, "support_why"),
            ("support/lift/", support.lift, "support_lift"),
            ("support/reset/", support.reset, "support_reset"),
            ("jobs/", jobs.jobs, "jobs"),
            ("doctor/", doctor.doctor, "doctor"),
            ("retention/", retention.retention, "retention"),
            ("accounts/user/<int:pk>/wire-log/", wire_log.log, "wire_log"),
        )
        return [
            path(route, self.admin_view(view), name=name) for route, view, name in ours
        ] + super().get_urls()

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show the index; for administrators, with the state of the installation at its top."""
        user = request.user
        state = dashboard.state() if isinstance(user, User) and user.is_administrator else None
        return super().index(request, {"dashboard": state, **(extra_context or {})})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        user = request.user if isinstance(request.user, User) else None
        return super().each_context(request) | {
            "may_help": user is not None and user.has_perm(roles.HELP_PEOPLE),
            "may_see_jobs": user is not None and user.is_administrator,
        }

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Group the models by tasks. The list of one app alone is Django's."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        remaining = {
            f"{app['app_label']}.{model['object_name']}": model
            for app in apps
            for model in app["models"]
        }
        groups = [
            {
                "name": name,
                "app_label": label,
                "app_url": f"{reverse('admin:index', current_app=self.name)}#{label}",
                "has_module_perms": True,
                "models": [remaining.pop(model) for model in models if model in remaining],
            }
            for label, name, models in TASKS
        ]
        others = [
            {**app, "models": [model for model in app["models"] if model in remaining.values()]}
            for app in apps
        ]
        return [group for group in [*groups, *others] if group["models"]]

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return (
            isinstance(user, User)
            and user.is_active
            and user.is_staff
            and (not settings.ADMIN_NEEDS_TOTP or second_factor.passed(request))
            and binding.holds(request)
        )

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Change the password of a local administrator. The password of a mail user is the mail
        server's."""
        if not (isinstance(request.user, User) and request.user.is_local_administrator):
            raise PermissionDenied
        response = super().password_change(request, extra_context)
        if response.status_code == 302:
            # Django has given the session a new key: with the old one in its row, nobody could end
            # it.
            sessions.renew(request)
        return response

    def logout(  # type: ignore[override]  # the stubs know Django's own page alone
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Use the common sign-out, which also closes IMAP connections and clears a
        shared computer."""
        response: HttpResponse = SignOutView.as_view()(request)
        return response

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the step that is still missing: to sign in, to set up a code, to give one, or to
        give the password again."""
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
        elif not binding.holds(request):
            step = "accounts:reenter"
        else:
            step = "mfa_activate_totp"
        return redirect(f"{resolve_url(step)}?{urlencode({'next': following})}")
