"""The admin of staff records, and the pages that import them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Field
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts import staff_import, tasks
from accounts.admin_columns import counted
from accounts.models import StaffImport, StaffRecord, User
from accounts.staff_terms import HEADINGS, REQUIRED, TEMPLATE
from webmail.htmx import wants_partial

State = StaffImport.State
_PAGES = "admin/accounts/staffimport"
# htmx stops asking at this status, and shows what comes with it.
_NO_MORE = 286


@admin.register(StaffRecord)
class StaffRecordAdmin(admin.ModelAdmin):
    """Records come from staff files: here one finds a person, or shuts one out until the next
    file. Digests are shown to nobody."""

    list_display = ("full_name", "address", "school", "function", "is_active")
    list_filter = ("is_active", "mail_domain")
    list_select_related = ("mail_domain",)
    search_fields = ("last_name", "first_name", "address", "login", "school_uai", "school_name")
    search_help_text = _("Name, address, login, or school by UAI or name")
    show_full_result_count = False  # of a million records it would be counted for each page
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
        help_text=_("CSV, as the template; 100 MB at most. It is deleted once it is read."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )

    class Meta:
        model = StaffImport
        fields = ("is_trial", "deactivate_missing")

    field_order = ("file", "is_trial", "deactivate_missing")


@admin.register(StaffImport)
class StaffImportAdmin(admin.ModelAdmin):
    """The jobs: one begins by uploading a file, is watched on its page, and found again in the
    list. For administrators alone."""

    list_display = (
        *("file_name", "asked", "by", "state"),
        *counted(StaffImport, "rows", "refused", "deactivated"),
    )
    list_filter = ("state",)
    list_select_related = ("by",)
    search_fields = ("file_name",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_administrator

    def has_view_permission(self, request: HttpRequest, obj: StaffImport | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: StaffImport | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: StaffImport | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        ours = (
            ("template/", require_GET(self.template_view), "template"),
            ("<int:pk>/progress/", require_GET(self.progress_view), "progress"),
            ("<int:pk>/confirm/", require_POST(self.confirm_view), "confirm"),
            ("<int:pk>/cancel/", require_POST(self.cancel_view), "cancel"),
        )
        return [
            path(route, self.admin_site.admin_view(view), name=f"accounts_staffimport_{name}")
            for route, view, name in ours
        ] + super().get_urls()

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Upload a file; its import begins at once."""
        self._need_administrator(request)
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            job = self._begin(request, form)
            tasks.import_staff.delay(job.pk)
            return redirect("admin:accounts_staffimport_change", job.pk)
        context = self._context(request) | {
            "title": gettext("Import staff records"),
            "form": form,
            "has_key": bool(settings.NUMEN_KEYS),
            "columns": _columns(),
            "older_keys": _older_keys(),
        }
        status = 422 if request.method == "POST" else 200
        return TemplateResponse(request, f"{_PAGES}/upload.html", context, status=status)

    @staticmethod
    def _begin(request: HttpRequest, form: UploadForm) -> StaffImport:
        file = form.cleaned_data["file"]
        options = staff_import.Options(
            is_trial=form.cleaned_data["is_trial"],
            deactivate_missing=form.cleaned_data["deactivate_missing"],
        )
        by = request.user if isinstance(request.user, User) else None
        return staff_import.begin(file.name, file.chunks(), options, by)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A job's page: progress, report, what can be done."""
        job = self._job(request, unquote(object_id))
        context = self._context(request) | {"title": job.file_name, "job": job, "original": job}
        return TemplateResponse(request, f"{_PAGES}/job.html", context | _shown(job))

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Asked again and again by the job's page while something moves."""
        job = self._job(request, pk)
        if not wants_partial(request):
            return redirect("admin:accounts_staffimport_change", job.pk)
        context = {"job": job, "is_update": True} | _shown(job)
        status = 200 if context["is_moving"] else _NO_MORE
        return TemplateResponse(request, f"{_PAGES}/_job.html", context, status=status)

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._job(request, pk)
        if staff_import.confirm(job):
            tasks.import_staff.delay(job.pk)
        return redirect("admin:accounts_staffimport_change", job.pk)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._job(request, pk)
        if not staff_import.cancel(job):
            self.message_user(request, gettext("It was too late to cancel this import."), 30)
        return redirect("admin:accounts_staffimport_change", job.pk)

    def template_view(self, request: HttpRequest) -> HttpResponse:
        """Headings alone, as Excel writes and reads them in French: an example would be imported
        one day."""
        self._need_administrator(request)
        line = ";".join(TEMPLATE.values())
        response = HttpResponse(f"\ufeff{line}\r\n", content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="agents.csv"'
        return response

    def _need_administrator(self, request: HttpRequest) -> None:
        if not self.has_module_permission(request):
            raise PermissionDenied

    def _job(self, request: HttpRequest, pk: str | int) -> StaffImport:
        self._need_administrator(request)
        job = (
            StaffImport.objects.select_related("by").filter(pk=pk).first() if _is_key(pk) else None
        )
        if job is None:
            raise Http404
        return job

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "has_view_permission": True,
        }


def _is_key(text: str | int) -> bool:
    return isinstance(text, int) or (text.isascii() and text.isdigit() and len(text) < 19)


def _shown(job: StaffImport) -> dict[str, Any]:
    """Return what a job's page shows of it: whether something moves by itself, and the counts."""
    would = job.is_trial or not job.is_finished
    counted = job.checked is not None
    names = ("created", "updated", "unchanged", "deactivated", "replaced") if counted else ()
    return {
        "is_moving": not job.is_finished and job.state != State.TO_CONFIRM,
        "would": would and counted,
        "counts": [(_name_of(field), getattr(job, field)) for field in ("rows", "refused", *names)],
    }


def _name_of(field: str) -> str:
    model_field = StaffImport._meta.get_field(field)
    assert isinstance(model_field, Field)  # noqa: S101  counts are no relations
    return str(model_field.verbose_name)


def _columns() -> list[tuple[str, bool, list[str]]]:
    """Of each column: the template's heading, whether it must be there, and other headings."""
    return [
        (heading, column in REQUIRED, [other for other in HEADINGS[column] if other != heading])
        for column, heading in TEMPLATE.items()
    ]


def _older_keys() -> list[tuple[str, int]]:
    """Keys of which records still have digests, but for the one in use, with how many."""
    current = settings.NUMEN_KEYS[0].id if settings.NUMEN_KEYS else ""
    others = StaffRecord.objects.exclude(key_id=current).order_by("key_id")
    return list(others.values_list("key_id").annotate(Count("pk")))
