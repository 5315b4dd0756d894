"""The provider of a mail domain, an inline of the domain's page in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderSubject, SignInProvider, User
from accounts.providers import flow, grants, subjects
from mail.errors import ServerUnavailable


class ProviderForm(forms.ModelForm):
    """The client secret can be written, but is never shown."""

    secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        max_length=500,
        strip=True,
        help_text=_("Stored encrypted, and never shown again. Empty: the current secret is kept."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = SignInProvider
        fields = (
            *("is_on", "label", "issuer", "client_id", "secret", "scopes", "audience"),
            *("login_template", "asks_consent", "way"),
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("way") == SignInProvider.Way.MASTER and self.instance.mail_domain_id:
            try:
                grants.master(self.instance.mail_domain, "somebody")
            except ServerUnavailable as error:
                self.add_error("way", str(error))
        return cleaned

    def save(self, commit: bool = True) -> SignInProvider:
        if secret := self.cleaned_data.get("secret"):
            self.instance.secret = secret
        provider: SignInProvider = super().save(commit=commit)
        return provider


class ProviderInline(admin.StackedInline):
    model = SignInProvider
    form = ProviderForm
    extra = 0
    readonly_fields = ("addresses",)
    verbose_name = verbose_name_plural = _("Sign-in by a provider")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    *("is_on", "label", "issuer", "client_id", "secret", "scopes", "audience"),
                    *("login_template", "asks_consent", "way", "addresses"),
                )
            },
        ),
    )

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return the form of the one provider. Django would read a thousand more."""
        return super().get_formset(request, obj, absolute_max=1, **kwargs)

    @admin.display(description=_("addresses to register at the provider"))
    def addresses(self, provider: SignInProvider) -> str:
        """Return the addresses that must be registered at the provider."""
        if provider.pk is None:
            return gettext("They are shown after saving.")
        base = settings.BASE_URL.rstrip("/")
        over = f"{base}{reverse('accounts:provider_over', args=[provider.pk])}"
        return format_html(
            "{}{}<br>{}{}<br>{}{}",
            pgettext("address at a provider", "Back from there: "),
            flow.redirect_uri(provider),
            pgettext("address at a provider", "Back after signing out: "),
            flow.post_logout_redirect_uri(),
            pgettext("address at a provider", "Back-channel logout: "),
            over,
        )


@admin.register(ProviderSubject)
class ProviderSubjectAdmin(admin.ModelAdmin):
    """Which account at a provider opens which login. Another account is accepted here; to delete a
    row lets the next account that names the login open it."""

    list_display = ("login", "mail_domain", "subject", "pinned", "proposed", "proposed_at")
    list_filter = (("proposed_at", admin.EmptyFieldListFilter), "mail_domain")
    list_select_related = ("mail_domain",)
    list_per_page = 50
    search_fields = ("login", "subject", "proposed")
    search_help_text = _("Login or subject")
    show_full_result_count = False
    fields = readonly_fields = (
        *("login", "mail_domain", "issuer", "subject", "pinned", "proposed", "proposed_at"),
    )
    actions = ("accept",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_accept_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_administrator

    @admin.action(description=_("Accept the account that was refused"), permissions=["accept"])
    def accept(self, request: HttpRequest, rows: QuerySet[ProviderSubject]) -> None:
        accepted = [row for row in rows if row.proposed]
        for row in accepted:
            subjects.accept(row)
            self.log_change(request, row, [{"changed": {"fields": ["subject"]}}])
        text = ngettext(
            "%(count)s account accepted.", "%(count)s accounts accepted.", len(accepted)
        )
        messages.info(request, text % {"count": len(accepted)})
