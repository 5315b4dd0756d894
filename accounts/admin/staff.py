"""The admin of staff records, and the pages that import them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Field
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts import staff_import, tasks, tending
from accounts.administration.columns import counted
from accounts.administration.pages import JobAdmin
from accounts.models import StaffImport, StaffRecord, User
from accounts.staff.terms import HEADINGS, REQUIRED, TEMPLATE


@admin.register(StaffRecord)
class StaffRecordAdmin(admin.ModelAdmin):
    """The admin of staff records, which come from staff files. An administrator finds a person
    here, or blocks one until the next file. Digests are never shown."""

    list_display = ("full_name", "address", "school", "function", "is_active")
    list_filter = ("is_active", "mail_domain")
    list_select_related = ("mail_domain",)
    search_fields = ("last_name", "first_name", "address", "login", "school_uai", "school_name")
    search_help_text = _("Name, address, login, or school by UAI or name")
    show_full_result_count = False  # counting a million records for each page would be slow
    fields = (
        "full_name",
        "address",
        "mail_domain",
        "login",
        "school_uai",
        "school_name",
        "discipline",
        "function",
        "is_active",
        "password_changed",
        "updated",
    )
    readonly_fields = tuple(name for name in fields if name != "is_active")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=_("name"), ordering="last_name")
    def full_name(self, record: StaffRecord) -> str:
        return record.name

    @admin.display(description=_("school"), ordering="school_name")
    def school(self, record: StaffRecord) -> str:
        return record.school_name or record.school_uai


class UploadForm(forms.ModelForm):
    file = forms.FileField(
        label=_("Staff file"),
        help_text=_(
            "A CSV file like the template, 100 MB at most. It is deleted after it is read."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )

    class Meta:
        model = StaffImport
        fields = ("is_trial", "deactivate_missing")

    field_order = ("file", "is_trial", "deactivate_missing")


@admin.register(StaffImport)
class StaffImportAdmin(JobAdmin):
    list_display = (
        *("file_name", "asked", "by", "state"),
        *counted(StaffImport, "rows", "refused", "deactivated"),
    )
    list_filter = ("state",)
    list_select_related = ("by",)
    search_fields = ("file_name",)
    upload_form = UploadForm
    upload_title = _("Import staff records")

    def own_views(self) -> Sequence[tuple[str, Callable[..., HttpResponseBase], str]]:
        return (
            ("template/", require_GET(self.template_view), "template"),
            ("<int:pk>/confirm/", require_POST(self.confirm_view), "confirm"),
            ("<int:pk>/cancel/", require_POST(self.cancel_view), "cancel"),
        )

    def upload_context(self) -> dict[str, Any]:
        return {
            "has_key": bool(settings.NUMEN_KEYS),
            "columns": _columns(),
            "older_keys": _older_keys(),
        }

    def begin(self, request: HttpRequest, form: UploadForm) -> StaffImport:
        file = form.cleaned_data["file"]
        options = staff_import.Options(
            is_trial=form.cleaned_data["is_trial"],
            deactivate_missing=form.cleaned_data["deactivate_missing"],
        )
        by = request.user if isinstance(request.user, User) else None
        return staff_import.begin(file.name, file.chunks(), options, by)

    def start(self, job: StaffImport) -> None:
        tending.hand_over(tasks.import_staff, job.pk)

    def shown(self, job: StaffImport) -> dict[str, Any]:
        """Return the counts of a job. Before anything is written, they are those that
        would result."""
        would = job.is_trial or not job.is_finished
        counted = job.checked is not None
        more = ("created", "updated", "unchanged", "deactivated", "replaced") if counted else ()
        names = ("rows", "refused", *more)
        return {
            "would": would and counted,
            "counts": [(_name_of(field), getattr(job, field)) for field in names],
        }

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self.job(request, pk)
        if staff_import.confirm(job):
            self.start(job)
        return self.to_job(job)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self.job(request, pk)
        if not staff_import.cancel(job):
            self.message_user(request, gettext("It was too late to cancel this import."), 30)
        return self.to_job(job)

    def template_view(self, request: HttpRequest) -> HttpResponse:
        """Return a CSV file of headings alone, as Excel writes and reads them in French. A row of
        examples would be imported one day."""
        self.need_administrator(request)
        line = ";".join(TEMPLATE.values())
        response = HttpResponse(f"\ufeff{line}\r\n", content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="agents.csv"'
        return response


def _name_of(field: str) -> str:
    model_field = StaffImport._meta.get_field(field)
    assert isinstance(model_field, Field)  # noqa: S101  counts are no relations
    return str(model_field.verbose_name)


def _columns() -> list[tuple[str, bool, list[str]]]:
    """Return for each column of the template its heading, whether it is required, and its other
    accepted headings."""
    return [
        (heading, column in REQUIRED, [other for other in HEADINGS[column] if other != heading])
        for column, heading in TEMPLATE.items()
    ]


def _older_keys() -> list[tuple[str, int]]:
    """Return the older keys whose digests are still in records, each with the number of records."""
    current = settings.NUMEN_KEYS[0].id if settings.NUMEN_KEYS else ""
    others = StaffRecord.objects.exclude(key_id=current).order_by("key_id")
    return list(others.values_list("key_id").annotate(Count("pk")))
