"""Imports of old contacts for others: one person, or all whom a file names."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.admin_columns import counted
from accounts.models import User
from addressbook import imports, tasks
from addressbook.importers import codes
from addressbook.imports import owners, reporting
from addressbook.models import ImportJob, ImportPart
from webmail.errors import AddressBookFull
from webmail.htmx import wants_partial

_PAGES = "admin/addressbook/importjob"
# htmx stops asking at this status, and shows what comes with it.
_NO_MORE = 286
_MOST_PARTS = 200


class UploadForm(forms.Form):
    """A file, and whose contacts are in it."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "LDIF of the whole SUN tree, a dump of Horde’s table turba_objects (CSV or SQL), a zip"
            " with one file per address, or the address book of one person; 50 MB and 100,000"
            " contacts at most. It lies encrypted until the import is over, a day at most."
        ),
    )
    source = forms.ChoiceField(label=_("Source"), choices=ImportJob.Source.choices)
    owner = forms.CharField(
        label=_("Owner"),
        max_length=254,
        required=False,
        help_text=_(
            "Login or address of the person whose contacts they become. Empty: the file says whose"
            " each contact is."
        ),
    )
    policy = forms.ChoiceField(label=_("Duplicates"), choices=ImportJob.Policy.choices)

    def clean_owner(self) -> owners.Owner | None:
        """Return the owner that was typed, signed in or not; None for an empty field."""
        typed = self.cleaned_data["owner"].strip()
        if not typed:
            return None
        owner = owners.find(typed)
        if owner.problem:
            raise forms.ValidationError(str(ImportPart.Problem(owner.problem).label))
        return owner


@admin.register(ImportJob)
class ImportJobAdmin(admin.ModelAdmin):
    """All imports with their counts, never a cell; those that administrators brought are started,
    cancelled and undone here. For administrators alone."""

    list_display = (
        *("__str__", "created", "user", "uploaded_by", "state"),
        *counted(ImportJob, "new", "merged", "unchanged", "refused"),
    )
    list_filter = ("state", "source")
    list_select_related = ("user", "uploaded_by")
    list_per_page = 50
    search_fields = ("user__address", "user__login", "uploaded_by__login")
    search_help_text = _("Address or login of the owner")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportJob]:
        return ImportJob.objects.prefetch_related("files")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_administrator

    def has_view_permission(self, request: HttpRequest, obj: ImportJob | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: ImportJob | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ImportJob | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        ours = (
            ("<int:pk>/progress/", require_GET(self.progress_view), "progress"),
            ("<int:pk>/start/", require_POST(self.start_view), "start"),
            ("<int:pk>/cancel/", require_POST(self.cancel_view), "cancel"),
            ("<int:pk>/undo/", require_POST(self.undo_view), "undo"),
            ("<int:pk>/report.csv", require_GET(self.report_view), "report"),
        )
        return [
            path(route, self.admin_site.admin_view(view), name=f"addressbook_importjob_{name}")
            for route, view, name in ours
        ] + super().get_urls()

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Upload a file; it is checked at once, and written when somebody has seen the report."""
        self._need_administrator(request)
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            owner = form.cleaned_data["owner"]
            job = imports.accept(
                owners.ensure(owner) if owner else None,
                [form.cleaned_data["file"]],
                form.cleaned_data["source"],
                uploaded_by=request.user if isinstance(request.user, User) else None,
                policy=form.cleaned_data["policy"],
            )
            return self._hand_over(job)
        context = self._context(request) | {"title": gettext("Import old contacts"), "form": form}
        status = 422 if request.method == "POST" else 200
        return TemplateResponse(request, f"{_PAGES}/upload.html", context, status=status)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A job's page: progress, what would be written, the report, what can be done."""
        job = self._job(request, unquote(object_id))
        context = self._context(request) | {"title": str(job), "job": job, "original": job}
        return TemplateResponse(request, f"{_PAGES}/job.html", context | _shown(job))

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Asked again and again by the job's page while something moves."""
        job = self._job(request, pk)
        if not wants_partial(request):
            return redirect("admin:addressbook_importjob_change", job.pk)
        context = {"job": job, "is_update": True} | _shown(job)
        status = 200 if job.is_moving else _NO_MORE
        return TemplateResponse(request, f"{_PAGES}/_job.html", context, status=status)

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._own_job(request, pk)
        try:
            is_started = imports.start(job)
        except AddressBookFull:
            self.message_user(request, gettext("There is no room for that many contacts."), 40)
            return redirect("admin:addressbook_importjob_change", job.pk)
        if not is_started:
            self.message_user(request, gettext("It was too late to start this import."), 30)
        return self._hand_over(job)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._own_job(request, pk)
        if not imports.cancel(job):
            self.message_user(request, gettext("It was too late to cancel this import."), 30)
        return self._hand_over(job)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._own_job(request, pk)
        if not imports.undo(job):
            self.message_user(request, gettext("It was too late to undo this import."), 30)
        return self._hand_over(job)

    def report_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """A line per owner: counts and reasons."""
        job = self._job(request, pk)
        answer = StreamingHttpResponse(reporting.table(job), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="import-{job.pk}.csv"'
        return answer

    @staticmethod
    def _hand_over(job: ImportJob) -> HttpResponse:
        if job.is_moving:
            tasks.run_import.delay(job.pk)
        return redirect("admin:addressbook_importjob_change", job.pk)

    def _need_administrator(self, request: HttpRequest) -> None:
        if not self.has_module_permission(request):
            raise PermissionDenied

    def _job(self, request: HttpRequest, pk: str | int) -> ImportJob:
        self._need_administrator(request)
        jobs = ImportJob.objects.select_related("user", "uploaded_by")
        job = jobs.filter(pk=pk).first() if _is_key(pk) else None
        if job is None:
            raise Http404
        return job

    def _own_job(self, request: HttpRequest, pk: int) -> ImportJob:
        """Return a job of the administration; PermissionDenied for what a person brought himself,
        which is his to decide."""
        job = self._job(request, pk)
        if not _is_ours(job):
            raise PermissionDenied
        return job

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "has_view_permission": True,
        }


def _is_key(text: str | int) -> bool:
    return isinstance(text, int) or (text.isascii() and text.isdigit() and len(text) < 19)


def _is_ours(job: ImportJob) -> bool:
    return job.user is None or job.uploaded_by_id != job.user_id


def _shown(job: ImportJob) -> dict[str, Any]:
    """Return what a job's page shows of it."""
    parts = job.parts.order_by(F("problem").desc(), "number")
    return {
        "is_ours": _is_ours(job),
        "reject_words": gettext(codes.REJECTS[job.reject_code]) if job.reject_code else "",
        "parts": parts[:_MOST_PARTS],
        "parts_left": max(0, parts.count() - _MOST_PARTS),
        "refused_lines": [] if job.is_moving else reporting.refused_lines(job),
        "warnings": reporting.warning_words(job),
    }
