"""The admin of the menu of services."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.models import Service


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin):
    list_display = ("name", "address", "is_active", "for_everybody", "order")
    list_editable = ("order",)
    list_filter = ("is_active", "mail_domains")
    search_fields = ("name", "text", "address")
    filter_horizontal = ("mail_domains",)
    fieldsets = (
        (None, {"fields": ("name", "text", "address", "icon", "order", "is_active", "client")}),
        (
            _("For whom"),
            {
                "fields": ("mail_domains", "functions", "schools"),
                "description": _(
                    "An empty field does not narrow it. The fields decide what the menu shows; whom"
                    " the service lets in is for the service to decide."
                ),
            },
        ),
    )

    @admin.display(description=_("for everybody"), boolean=True)
    def for_everybody(self, service: Service) -> bool:
        return service.is_for_everybody
