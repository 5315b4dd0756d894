"""The admin of users and of their second factors."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.http import HttpRequest

from accounts.models import User

# Addresses stand beside the user here; second factors have a page of ours, without the secret.
admin.site.unregister([EmailAddress, Authenticator])


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Users come by signing in: here one finds them, gives roles, shuts one out."""

    list_display = ("login", "mail_domain", "name", "address", "is_active", "last_login")
    list_filter = ("is_active", "mail_domain", "groups")
    list_select_related = ("mail_domain",)
    search_fields = ("login", "name", "address")
    fields = (
        "mail_domain",
        "login",
        "name",
        "address",
        "is_active",
        "groups",
        "date_joined",
        "last_login",
    )
    readonly_fields = ("mail_domain", "login", "date_joined", "last_login")
    filter_horizontal = ("groups",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Authenticator)
class AuthenticatorAdmin(admin.ModelAdmin):
    """Who has a second factor, and a way to take away a lost one. Its secret is not shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user__mail_domain",)
    search_fields = ("user__login", "user__address")
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
