"""The admin of users, of their roles, and of their second factors."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import roles
from accounts.administration.pages import ReadOnlyAdmin
from accounts.models import User

# Addresses stand beside the user, and second factors have our own page, which does not show the
# secret. Groups are not editable rows, since the code defines what a role may do.
admin.site.unregister([EmailAddress, Authenticator, Group])

# allauth has no words for them that could be translated.
Authenticator._meta.verbose_name = _("second factor")
Authenticator._meta.verbose_name_plural = _("second factors")

ROLE_NAMES: dict[str, Promise] = {
    roles.ADMINISTRATOR: _("Administrator"),
    roles.SUPPORT: _("Support"),
    roles.AUDITOR: _("Auditor"),
}
ROLE_WORDS: dict[str, Promise] = {
    roles.ADMINISTRATOR: _("everything in the administration"),
    roles.SUPPORT: _("finds out why something does not work, lifts limits, resets second factors"),
    roles.AUDITOR: _("reads and exports the audit log"),
}


class RolesField(forms.ModelMultipleChoiceField):
    """The three groups, each with what its members may do."""

    def label_from_instance(self, obj: Group) -> str:
        words = {"name": ROLE_NAMES[obj.name], "value": ROLE_WORDS[obj.name]}
        return gettext("%(name)s: %(value)s") % words


class UserForm(forms.ModelForm):
    groups = RolesField(
        label=_("Roles"),
        queryset=Group.objects.filter(name__in=roles.ROLES).order_by("pk"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = User
        fields = ("name", "address", "is_active", "blocked_reason", "blocked_until", "groups")

    def clean_blocked_until(self) -> date | None:
        until: date | None = self.cleaned_data["blocked_until"]
        if until and "blocked_until" in self.changed_data and until <= timezone.localdate():
            raise forms.ValidationError(_("The end must be after today."), code="past")
        return until

    def clean(self) -> dict[str, Any] | None:
        """Refuse a reason or an end without a block, and drop those of a block that is ended
        here."""
        cleaned: dict[str, Any] | None = super().clean()
        if self.cleaned_data.get("is_active"):
            if "is_active" not in self.changed_data and (
                self.cleaned_data.get("blocked_reason") or self.cleaned_data.get("blocked_until")
            ):
                self.add_error(
                    "is_active", _("Remove this tick to block the account, or leave both empty.")
                )
            self.cleaned_data |= {"blocked_reason": "", "blocked_until": None}
        return cleaned


class RoleFilter(admin.SimpleListFilter):
    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(role, str(name)) for role, name in ROLE_NAMES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """The admin of users. A user is created by the first sign-in. An administrator finds a user
    here, gives roles, or blocks the account."""

    form = UserForm
    list_display = ("login", "mail_domain", "name", "address", "is_active", "last_login")
    list_filter = ("is_active", RoleFilter, "mail_domain")
    list_select_related = ("mail_domain",)
    search_fields = ("login", "name", "address")
    search_help_text = _("Login, name or address")
    show_full_result_count = False
    fields = (
        "mail_domain",
        "login",
        "name",
        "address",
        "is_active",
        "blocked_reason",
        "blocked_until",
        "groups",
        "date_joined",
        "last_login",
        "why",
        "data",
    )
    readonly_fields = ("mail_domain", "login", "date_joined", "last_login", "why", "data")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return whether the user may be deleted: administrators cannot delete their
        own account."""
        return super().has_delete_permission(request, obj) and obj != request.user

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to our own page, which says what is deleted and what stays, and deletes
        files too."""
        user = self.get_object(request, object_id)
        if user is None or not self.has_delete_permission(request, user):
            raise PermissionDenied
        return redirect("user_data", user.pk)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Remove the bulk deletion: it could include the administrator's own account, and take
        hours."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Return the fields of the page. The link to the kept data is shown to administrators
        alone, and not on their own page: nobody else may open that page."""
        may_delete = isinstance(request.user, User) and request.user.is_administrator
        if obj is None or (may_delete and obj != request.user):
            return self.fields
        return tuple(name for name in self.fields if name != "data")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Prevent administrators from changing their own roles or blocking themselves. The role of
        a local administrator cannot be changed."""
        fields = self.readonly_fields
        if obj is not None and obj == request.user:
            return (*fields, "is_active", "blocked_reason", "blocked_until", "groups")
        return (*fields, "groups") if obj is not None and obj.is_local_administrator else fields

    @admin.display(description=_("support"))
    def why(self, user: User) -> SafeString:
        address = f"{reverse('admin:support_why')}?{urlencode({'q': user.typed_login})}"
        return format_html('<a href="{}">{}</a>', address, gettext("Why does it not work?"))

    @admin.display(description=_("personal data"))
    def data(self, user: User) -> SafeString:
        address = reverse("user_data", args=[user.pk])
        return format_html(
            '<a href="{}">{}</a>', address, gettext("Show and delete the stored data")
        )


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """The admin of second factors, without their secrets. An administrator can remove a lost one.
    The labels of the columns are ours, since allauth has no French ones for this model."""

    list_display = fields = readonly_fields = ("person", "kind", "added", "last_used")
    list_filter = ("type",)
    list_select_related = ("user__mail_domain",)
    search_fields = ("user__login", "user__address")

    @admin.display(description=_("user"), ordering="user__login")
    def person(self, factor: Authenticator) -> str:
        return str(factor.user)

    @admin.display(description=_("kind"), ordering="type")
    def kind(self, factor: Authenticator) -> str:
        return factor.get_type_display()

    @admin.display(description=_("added"), ordering="created_at")
    def added(self, factor: Authenticator) -> datetime:
        return factor.created_at

    @admin.display(description=_("last used"), ordering="last_used_at")
    def last_used(self, factor: Authenticator) -> datetime | None:
        return factor.last_used_at

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})
