"""The admin of mail domains."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from accounts.models import MailDomain
from accounts.passwords import drivers


class MailDomainForm(forms.ModelForm):
    """Says at once what the environment lacks, instead of to the first person who changes his
    password."""

    class Meta:
        model = MailDomain
        fields = "__all__"  # noqa: DJ007  the admin's fieldsets name them

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "name" in cleaned and "password_driver" in cleaned:
            domain = MailDomain(name=cleaned["name"], password_driver=cleaned["password_driver"])
            try:
                drivers.of(domain)
            except ImproperlyConfigured as error:
                self.add_error("password_driver", str(error))
        return cleaned


@admin.register(MailDomain)
class MailDomainAdmin(admin.ModelAdmin):
    form = MailDomainForm
    list_display = ("name", "is_default", "imap_host", "smtp_host", "login_form")
    search_fields = ("name", "imap_host", "smtp_host")
    fieldsets = (
        (None, {"fields": ("name", "is_default", "login_form", "program_login", "help_text")}),
        (
            _("Password"),
            {"fields": ("password_driver", "password_help", "password_url")},
        ),
        ("IMAP", {"fields": (("imap_host", "imap_port", "imap_security"),)}),
        ("SMTP", {"fields": (("smtp_host", "smtp_port", "smtp_security"),)}),
        ("POP", {"fields": (("pop_host", "pop_port", "pop_security"),)}),
        ("ManageSieve", {"fields": (("sieve_host", "sieve_port", "sieve_security"),)}),
    )
