"""The admin of the menu of services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import ManyToManyField
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Service


@admin.register(Service)
class ServiceAdmin(admin.ModelAdmin):
    list_display = ("name", "address", "is_active", "for_everybody", "order")
    list_editable = ("order",)
    list_filter = ("is_active", "mail_domains")
    search_fields = ("name", "text", "address")
    fieldsets = (
        (None, {"fields": ("name", "text", "address", "icon", "order", "is_active", "client")}),
        (
            _("For whom"),
            {
                "fields": ("mail_domains", "functions", "schools"),
                "description": _(
                    "An empty field restricts nothing. These fields decide only who sees the"
                    " service in the menu; the service itself decides who may use it."
                ),
            },
        ),
    )

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        """Return checkboxes: there are few domains, and a multiple select would need Ctrl."""
        kwargs["widget"] = CheckboxSelectMultiple()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @admin.display(description=_("for everybody"), boolean=True)
    def for_everybody(self, service: Service) -> bool:
        return service.is_for_everybody
