"""Imports of old contacts by administrators, for one user or for all users that a file names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts import tending
from accounts.administration.columns import counted
from accounts.administration.pages import JobAdmin
from accounts.models import User
from addressbook import imports, tasks
from addressbook.importers import codes
from addressbook.imports import owners, reporting
from addressbook.models import ImportJob, ImportPart
from mail.errors import AddressBookFull

_MOST_PARTS = 200


class ContactsUploadForm(forms.Form):
    """A file, and the owner of its contacts."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "LDIF of the whole SUN tree, a dump of Horde’s table turba_objects (CSV or SQL), a zip"
            " with one file per address, or the address book of one person; 50 MB and 100,000"
            " contacts at most. It is stored encrypted until the import is over, at most for a day."
        ),
    )
    source = forms.ChoiceField(label=_("Source"), choices=ImportJob.Source.choices)
    owner = forms.CharField(
        label=_("Owner"),
        max_length=254,
        required=False,
        help_text=_(
            "Login or address of the owner of the contacts. Empty: the file names the owner of each"
            " contact."
        ),
    )
    policy = forms.ChoiceField(label=_("Duplicates"), choices=ImportJob.Policy.choices)

    def clean_owner(self) -> owners.ContactsOwner | None:
        """Return the typed owner, signed in before or not; None for an empty field."""
        typed = self.cleaned_data["owner"].strip()
        if not typed:
            return None
        owner = owners.find_owner(typed)
        if owner.problem:
            raise forms.ValidationError(str(ImportPart.Problem(owner.problem).label))
        return owner


@admin.register(ImportJob)
class ImportJobAdmin(JobAdmin):
    """All imports with their counts, without any contents. Imports by administrators are started,
    cancelled and undone here."""

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
    upload_form = ContactsUploadForm
    upload_title = _("Import old contacts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportJob]:
        return ImportJob.objects.prefetch_related("files")

    def own_views(self) -> Sequence[tuple[str, Callable[..., HttpResponseBase], str]]:
        return (
            ("<int:pk>/start/", require_POST(self.start_view), "start"),
            ("<int:pk>/cancel/", require_POST(self.cancel_view), "cancel"),
            ("<int:pk>/undo/", require_POST(self.undo_view), "undo"),
            ("<int:pk>/report.csv", require_GET(self.report_view), "report"),
        )

    def begin(self, request: HttpRequest, form: ContactsUploadForm) -> ImportJob:
        owner = form.cleaned_data["owner"]
        return imports.accept(
            owners.ensure(owner) if owner else None,
            [form.cleaned_data["file"]],
            form.cleaned_data["source"],
            uploaded_by=request.user if isinstance(request.user, User) else None,
            policy=form.cleaned_data["policy"],
        )

    def start(self, job: ImportJob) -> None:
        tending.hand_over(tasks.run_import, job.pk)

    def shown(self, job: ImportJob) -> dict[str, Any]:
        parts = job.parts.order_by(F("problem").desc(), "number")
        return {
            "is_ours": _is_ours(job),
            "reject_words": gettext(codes.REJECTS[job.reject_code]) if job.reject_code else "",
            "parts": parts[:_MOST_PARTS],
            "parts_left": max(0, parts.count() - _MOST_PARTS),
            "refused_lines": [] if job.is_moving else reporting.refused_lines(job),
            "warnings": reporting.warning_words(job),
        }

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._own_job(request, pk)
        try:
            is_started = imports.start(job)
        except AddressBookFull:
            self.message_user(request, gettext("There is no room for that many contacts."), 40)
            return self.to_job(job)
        if not is_started:
            self.message_user(request, gettext("It was too late to start this import."), 30)
        return self.hand_over(job)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._own_job(request, pk)
        if not imports.cancel(job):
            self.message_user(request, gettext("It was too late to cancel this import."), 30)
        return self.hand_over(job)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._own_job(request, pk)
        if not imports.undo(job):
            self.message_user(request, gettext("It was too late to undo this import."), 30)
        return self.hand_over(job)

    def report_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """Return a table with a line for each owner: counts and reasons."""
        job = self.job(request, pk)
        answer = StreamingHttpResponse(reporting.table(job), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="import-{job.pk}.csv"'
        return answer

    def _own_job(self, request: HttpRequest, pk: int) -> ImportJob:
        """Return an import by administrators. Raises PermissionDenied for a user's own import, on
        which only the user decides."""
        job = self.job(request, pk)
        if not _is_ours(job):
            raise PermissionDenied
        return job


def _is_ours(job: ImportJob) -> bool:
    return job.user is None or job.uploaded_by_id != job.user_id
