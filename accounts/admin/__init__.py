"""The admin of accounts, one module for each family of pages. Django finds them through this
package."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin import (
    audit,
    contents,
    mail_domains,
    moved,
    oidc,
    providers,
    service_menu,
    staff,
    themes,
    users,
)

__all__ = [
    "audit",
    "contents",
    "mail_domains",
    "moved",
    "oidc",
    "providers",
    "service_menu",
    "staff",
    "themes",
    "users",
]

admin.site.empty_value_display = _("none")  # type: ignore[assignment]
