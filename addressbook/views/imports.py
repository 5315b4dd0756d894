"""Old address books: brought, looked at, imported, undone."""

from __future__ import annotations

import logging

from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import tending
from accounts.http import SignedInRequest, login_required, safe_next
from addressbook import brought, imports, tasks
from addressbook.forms.classes import LeaversForm
from addressbook.forms.imports import BringForm, ColumnsForm, PolicyForm, PreviewForm
from addressbook.models.imports import ImportJob
from addressbook.presentation import classes as class_presentation
from addressbook.presentation import groups as group_presentation
from addressbook.presentation import imports as shown
from addressbook.views.pages import go, page
from core.htmx import wants_partial
from mail.errors import AddressBookFull, NotFound

logger = logging.getLogger(__name__)

SOURCES = ("sun", "horde", "other", "school")
_NO_MORE = 286  # htmx: the last answer to a poll
_MOST_LISTED = 50
_MOST_UNFINISHED = 5  # of one person: each keeps its files on the disk
_FIRST_FAMILIES = 5
State = ImportJob.State


def job_of(request: SignedInRequest, pk: int) -> ImportJob:
    """The person's own; NotFound for any other."""
    import_job = imports.find_import(request.user, pk)
    if import_job is None:
        raise NotFound
    return import_job


@require_GET
@login_required
def chosen(request: SignedInRequest) -> HttpResponse:
    """Show where the old contacts are, and what was imported before."""
    jobs = ImportJob.objects.of(request.user).prefetch_related("files")[:_MOST_LISTED]
    context = {"lines": [shown.line(job) for job in jobs]}
    return page(request, "imports/import.html", context, current="imports")


@require_http_methods(["GET", "POST"])
@login_required
def bring(request: SignedInRequest, source: str) -> HttpResponse:
    """Show how to get a file out of the old program; by POST it is taken and read."""
    if source not in SOURCES:
        raise NotFound
    posted = request.method == "POST"
    form = BringForm(request.POST if posted else None, request.FILES if posted else None)
    if posted and _has_too_many(request):
        form.add_error("books", gettext("First finish or cancel an import: five wait already."))
    if posted and form.is_valid():
        try:
            job = imports.accept(request.user, form.uploads(), source, uploaded_by=request.user)
        except OSError as error:
            logger.error("The spool can't be written: %s", error)
            form.add_error("books", gettext("The file cannot be kept just now. Try again later."))
        else:
            return _hand_over(job)
    context = {"form": form, "source": source}
    status = 422 if form.is_bound else 200
    return page(request, "imports/import_from.html", context, current="imports", status=status)


def _has_too_many(request: SignedInRequest) -> bool:
    unfinished = ImportJob.objects.of(request.user).unfinished()
    return unfinished.count() >= _MOST_UNFINISHED


def _hand_over(job: ImportJob) -> HttpResponseRedirect:
    """Hand a job to a worker, and lead the person to the page that shows it."""
    if job.is_moving:
        tending.hand_over(tasks.run_import, job.pk)
    return HttpResponseRedirect(_at("import", job))


def _at(name: str, job: ImportJob) -> str:
    return reverse(f"addressbook:{name}", args=[job.pk])


@require_GET
@login_required
def import_page(request: SignedInRequest, job: int) -> HttpResponse:
    """The import as it is now: its progress, its preview or its report."""
    import_job = job_of(request, job)
    if import_job.is_moving:
        return _progress(request, import_job)
    if wants_partial(request):  # asked by the page of its progress, which is over
        return HttpResponse(status=_NO_MORE, headers={"HX-Redirect": _at("import", import_job)})
    if import_job.state != State.READY:
        return _report(request, import_job)
    if (import_job.columns is None or import_job.reject_code) and imports.columns(import_job):
        return HttpResponseRedirect(_at("import_columns", import_job))
    return _preview(request, import_job)


def _progress(request: SignedInRequest, import_job: ImportJob) -> HttpResponse:
    context = {
        "job": import_job,
        "files": shown.files(import_job),
        "progress": shown.progress(import_job, request.GET.get("said", "")),
    }
    return page(request, "imports/import_progress.html", context, current="imports")


def _report(request: SignedInRequest, import_job: ImportJob) -> HttpResponse:
    context = {
        "job": import_job,
        "files": shown.files(import_job),
        "report": shown.report(import_job, imports.kept(import_job)),
        "classes": imports.classes(import_job),
        "outcomes": class_presentation.outcomes(*imports.class_outcomes(import_job)),
        "not_nested": group_presentation.not_nested_words(imports.not_nested(import_job)),
    }
    return page(request, "imports/import_report.html", context, current="imports")


def _preview(request: SignedInRequest, import_job: ImportJob) -> HttpResponse:
    form = PreviewForm(request.GET)
    decision = form.value("show") or shown.first_decision(import_job)
    rows = imports.preview(import_job, decision, form.value("page") or 1)
    context = {
        "job": import_job,
        "files": shown.files(import_job),
        "preview": shown.preview(import_job, decision, rows, imports.group_changes(import_job)),
        "policies": shown.POLICIES.items(),
        "classes": class_presentation.class_changes(imports.class_changes(import_job)),
        "same_names": class_presentation.same_names(imports.same_names(import_job)),
        "families": imports.family_page(import_job, form.value("families") or 1),
    }
    return page(request, "imports/import_preview.html", context, current="imports")


@require_http_methods(["GET", "POST"])
@login_required
def columns(request: SignedInRequest, job: int) -> HttpResponse:
    """Ask what each column of a table is; by POST the file is read again with that."""
    import_job = job_of(request, job)
    table = imports.columns(import_job)
    if import_job.state != State.READY or not table:
        return HttpResponseRedirect(_at("import", import_job))
    form = ColumnsForm(request.POST if request.method == "POST" else None, columns=table)
    if form.is_bound and form.is_valid():
        imports.choose_columns(import_job, form.mapping())
        return _hand_over(import_job)
    context = {
        "job": import_job,
        "files": shown.files(import_job),
        "form": form,
        "families": imports.family_page(import_job, size=_FIRST_FAMILIES),
    }
    status = 422 if form.is_bound else 200
    return page(request, "imports/import_columns.html", context, current="imports", status=status)


@require_POST
@login_required
def policy(request: SignedInRequest, job: int) -> HttpResponse:
    """Choose what becomes of contacts that are there already; counted again."""
    import_job = job_of(request, job)
    form = PolicyForm(request.POST)
    if form.is_valid():
        imports.choose_policy(import_job, form.cleaned_data["policy"])
    return HttpResponseRedirect(_at("import", import_job))


@require_POST
@login_required
def pupils(request: SignedInRequest, job: int) -> HttpResponse:
    """Say which pupils of one name are one; the files are read again with that."""
    import_job = job_of(request, job)
    imports.choose_pupils(import_job, imports.answers(import_job, request.POST))
    import_job.refresh_from_db()
    return _hand_over(import_job)


@require_POST
@login_required
def start(request: SignedInRequest, job: int) -> HttpResponse:
    """Write what the preview showed."""
    import_job = job_of(request, job)
    form = LeaversForm(request.POST)
    try:
        imports.start(import_job, form.cleaned_data["left"] if form.is_valid() else ())
    except AddressBookFull:
        words = gettext("Nothing was written: there is no room for so many contacts.")
        return go(request, _at("import", import_job), words)
    return _hand_over(import_job)


@require_POST
@login_required
def cancel(request: SignedInRequest, job: int) -> HttpResponse:
    """Cancel an import; nothing of it is kept."""
    import_job = job_of(request, job)
    imports.cancel(import_job)
    return _hand_over(import_job)


@require_http_methods(["GET", "POST"])
@login_required
def undo(request: SignedInRequest, job: int) -> HttpResponse:
    """Asked first; by POST it is taken back."""
    import_job = job_of(request, job)
    if request.method == "POST":
        imports.undo(import_job)
        return _hand_over(import_job)
    if not import_job.is_undoable:
        return HttpResponseRedirect(_at("import", import_job))
    context = {"job": import_job, "files": shown.files(import_job)}
    return page(request, "imports/import_undo.html", context, current="imports")


@require_GET
@login_required
def refused(request: SignedInRequest, job: int) -> HttpResponseBase:
    """The refused rows with their reasons, as CSV."""
    import_job = job_of(request, job)
    answer = StreamingHttpResponse(
        imports.refused_csv(import_job), content_type="text/csv; charset=utf-8"
    )
    name = f"{gettext('refused-rows')}-{import_job.pk}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@login_required
def dismiss(request: SignedInRequest) -> HttpResponse:
    """The word at sign-in has been read."""
    brought.dismiss(request, request.user)
    if wants_partial(request):
        return HttpResponse()
    return HttpResponseRedirect(safe_next(request) or reverse("addressbook:contacts"))
