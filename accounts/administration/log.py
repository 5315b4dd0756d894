"""Lines of the audit log about work in the administration: the user, the action and the names of
fields, never values."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts import audit
from accounts.models import AuditEvent, StaffRecord, User


class RecordedAdmin(admin.ModelAdmin):
    """Writes the audit log besides Django's own history, which is deleted with the object."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        _record(request, obj, "added")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        _record(request, obj, "changed", _fields(message))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[LogEntry]:
        for obj in queryset:
            _record(request, obj, "deleted")
        deletions: list[LogEntry] = super().log_deletions(request, queryset)
        return deletions


def _record(request: HttpRequest, obj: Model, action: str, fields: str = "") -> None:
    detail = {"action": action, "model": obj._meta.label, "key": str(obj.pk)}
    if fields:
        detail["fields"] = fields
    audit.record(
        AuditEvent.Kind.ADMINISTERED,
        request,
        target=_target(obj),
        **detail,  # type: ignore[arg-type]
    )


def _target(obj: Model) -> str:
    """Return the address of the user or staff record that the object is about, or ""."""
    person = getattr(obj, "user", obj)
    if isinstance(person, User):
        return str(person)
    return person.address if isinstance(person, StaffRecord) else ""


def _fields(message: Any) -> str:
    """Return the names of the fields in a change message of Django, and those of inline rows."""
    names: list[str] = []
    for part in message if isinstance(message, list) else []:
        for verb, change in part.items():
            names += [change["name"]] if "name" in change and verb != "changed" else []
            names += [str(name) for name in change.get("fields", [])]
    return ", ".join(names)[:500]
