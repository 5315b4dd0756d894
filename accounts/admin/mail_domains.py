"""The admin of mail domains, with a page that tests their servers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts import session
from accounts.admin.providers import ProviderInline
from accounts.health import capabilities, server_check
from accounts.models import MailDomain, SignInProvider
from accounts.passwords import drivers
from accounts.providers import names
from mail import smtp
from mail.errors import SignInNeeded, WebmailError


class MailDomainForm(forms.ModelForm):
    """Reports at once a setting that the password driver lacks, instead of to the first user who
    changes the password."""

    class Meta:
        model = MailDomain
        fields = "__all__"  # noqa: DJ007  the admin's fieldsets name them

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "name" in cleaned and "password_driver" in cleaned:
            domain = MailDomain(name=cleaned["name"], password_driver=cleaned["password_driver"])
            try:
                drivers.driver_of(domain)
            except ImproperlyConfigured as error:
                self.add_error("password_driver", str(error))
        return cleaned


class TestLoginForm(forms.Form):
    """A login to test, which is not kept. Without one, only the connection to the servers is
    tested."""

    login = forms.CharField(
        label=_("Login on the mail server"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=512,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if bool(cleaned.get("login")) != bool(cleaned.get("password")):
            raise forms.ValidationError(_("Both, or neither."))
        return cleaned


@admin.register(MailDomain)
class MailDomainAdmin(admin.ModelAdmin):
    change_form_template = "admin/accounts/maildomain/change_form.html"
    form = MailDomainForm
    list_display = ("name", "is_default", "imap_host", "smtp_host", "login_form")
    search_fields = ("name", "imap_host", "smtp_host")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    "is_default",
                    "login_form",
                    "program_login",
                    "staff_only",
                    "help_text",
                )
            },
        ),
        (
            _("Password"),
            {"fields": ("password_sign_in", "password_driver", "password_help", "password_url")},
        ),
        ("IMAP", {"fields": (("imap_host", "imap_port", "imap_security"),)}),
        ("SMTP", {"fields": (("smtp_host", "smtp_port", "smtp_security"),)}),
        ("POP", {"fields": (("pop_host", "pop_port", "pop_security"),)}),
        (
            "ManageSieve",
            {
                "fields": (("sieve_host", "sieve_port", "sieve_security"),),
                "description": _(
                    "The server that stores the users’ rules and absence answers. Without it, the"
                    " webmail offers neither, and sets adverts aside only while the user is signed"
                    " in."
                ),
            },
        ),
    )

    inlines = (ProviderInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Switch the sign-in by password on again for a domain without a provider, since nobody
        could sign in otherwise."""
        super().save_related(request, form, formsets, change)
        domain: MailDomain = form.instance
        provided = SignInProvider.objects.filter(mail_domain=domain, is_on=True).exists()
        if not (domain.password_sign_in or provided):
            domain.password_sign_in = True
            domain.save(update_fields=["password_sign_in"])
            text = gettext(
                "Without a provider, users need the sign-in by password: it was switched on again."
            )
            self.message_user(request, text, messages.WARNING)
        names.forget()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.connection_view)
        route = path("<int:pk>/connection/", view, name="accounts_maildomain_connection")
        return [route, *super().get_urls()]

    @method_decorator(sensitive_post_parameters("password"))
    def connection_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Test the servers of the saved domain, not of values that are still being typed."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        domain = get_object_or_404(MailDomain, pk=pk)
        form = TestLoginForm(request.POST if request.method == "POST" else None)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Test the connection"),
            "original": domain,
            "form": form,
            "targets": server_check.targets(domain),
        }
        status = 200
        if request.method == "POST":
            status = 200 if form.is_valid() else 422
            context |= _test_servers(domain, form.cleaned_data) if form.is_valid() else {}
        return TemplateResponse(
            request, "admin/accounts/maildomain/connection.html", context, status=status
        )


def _test_servers(domain: MailDomain, data: dict[str, Any]) -> dict[str, Any]:
    results = server_check.check_all(server_check.targets(domain))
    reached = {result.target.kind for result in results if result.is_ok}
    sign_ins = _sign_ins(domain, data["login"], data["password"], reached) if data["login"] else []
    extensions = capabilities.capabilities_of(domain)
    results = [
        replace(result, capabilities=extensions) if result.target.kind == "imap" else result
        for result in results
    ]
    return {"results": results, "sign_ins": sign_ins}


def _sign_ins(
    domain: MailDomain, login: str, password: str, reached: set[str]
) -> list[tuple[str, bool, str]]:
    """Try the login at each server that answers. Return its name, whether it accepts the login, and
    the reason."""
    tries: dict[str, Callable[[], None]] = {
        "imap": lambda: session.check_login(domain, login, password, ""),
        "smtp": lambda: smtp.check_login(session.smtp_server(domain, login, password)),
    }
    return [
        (kind.upper(), *_sign_in(attempt)) for kind, attempt in tries.items() if kind in reached
    ]


def _sign_in(attempt: Callable[[], None]) -> tuple[bool, str]:
    try:
        attempt()
    except SignInNeeded:
        return False, gettext("Login or password is refused.")
    except WebmailError as error:
        error_words = {"words": error.server_words or str(error)}
        return False, gettext("It cannot tell just now: %(words)s") % error_words
    return True, gettext("Login and password are accepted.")
