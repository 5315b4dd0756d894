"""The admin of users who were moved from another webmail: numbers, never contents."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.administration.columns import counted
from accounts.administration.pages import ViewOnlyAdmin
from accounts.models import MovedUser


@admin.register(MovedUser)
class MovedUserAdmin(ViewOnlyAdmin):
    """The users whom `migrate_roundcube` and `migrate_horde` moved."""

    list_display = (
        *("origin", "user", "source", "moved"),
        *counted(MovedUser, "contacts", "groups", "identities", "preferences", "left_out"),
    )
    list_filter = ("source",)
    list_select_related = ("user",)
    list_per_page = 50
    search_fields = ("origin", "user__login", "user__address")
    search_help_text = _("Login or address")
    show_full_result_count = False
    fields = readonly_fields = (
        *("user", "source", "origin", "moved", "told"),
        *(*MovedUser.COUNTS, "left_out"),
    )
