"""The admin of mail domains."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.models import MailDomain


@admin.register(MailDomain)
class MailDomainAdmin(admin.ModelAdmin):
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
