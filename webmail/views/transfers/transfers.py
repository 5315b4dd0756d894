"""Transfers of mail: their forms, progress and downloads."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.shortcuts import render as render_template
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required
from core.htmx import TOAST, wants_partial
from mail.errors import FolderNotFound, NotFound, TooLarge, TooManyTries
from mail.imap.connection import Connection
from mail.imap.values import Folder, MessageRef
from mail.mailbox import actions, folders
from webmail.forms.transfers import AccountForm, DownloadForm, ExportForm, ImportForm, PieceForm
from webmail.models import Transfer
from webmail.presentation import transfers as presentation
from webmail.reader import streaming
from webmail.transfer import collecting, exporting, names, store
from webmail.transfer import jobs as transfers
from webmail.transfer.exporting import ExportPlace
from webmail.views.page import read_folders
from webmail.views.policies import INERT, policy
from webmail.views.transfers.awaited import begin_transfer, forget_transfer, start_job
from webmail.views.transfers.exports import (
    AT_ONCE,
    BYTES_AT_ONCE,
    folder_label,
    places_of,
    start_export,
    weight_of,
)

MOST_UNFINISHED = 5
"""The most unfinished transfers of a user, since each may keep a file in the spool."""


# --- pages ---


@require_GET
@login_required
def all_transfers(request: SignedInRequest) -> HttpResponse:
    """Show the ways to export and import mail, and the transfers of the last month."""
    return _page(request, "webmail/transfers/transfers.html", _ways(request))


def _ways(request: SignedInRequest) -> dict[str, Any]:
    recent = Transfer.objects.all().of(request.user)[:50]
    return {
        "forms": presentation.forms(),
        "piece": store.SEGMENT,
        "jobs": [presentation.shown(job) for job in recent],
    }


@require_GET
@login_required
def one(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a transfer; for htmx its progress, with status 286 once it has ended."""
    job = _own(request, pk)
    if job.is_finished:
        forget_transfer(request, job)  # its end is seen here: no toast tells it on another page
    shown = presentation.shown(job, can_be_resumed=transfers.can_be_resumed(job))
    context = {"job": shown, "needs_password": transfers.needs_password(job)}
    if wants_partial(request):
        status = 200 if job.is_moving else 286
        return render_template(request, "webmail/transfers/_transfer.html", context, status=status)
    return _page(request, "webmail/transfers/transfer.html", context)


@require_GET
@login_required
@policy(INERT)
def file(request: SignedInRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Return the file of an export, while it is kept."""
    job = _own(request, pk)
    if not transfers.is_kept(job):
        raise NotFound("The export is not ready, or no longer kept.")
    response = StreamingHttpResponse(
        transfers.content(job), content_type="application/octet-stream"
    )
    response["Content-Length"] = str(job.size)
    response["Content-Disposition"] = content_disposition_header(True, job.name) or "attachment"
    return response


# --- exports ---


@require_POST
@login_required
def export_all(request: SignedInRequest) -> HttpResponse:
    """Export the whole mailbox, by a job."""
    form = ExportForm(request.POST)
    if not form.is_valid():
        raise Http404
    with session.imap(request) as imap:
        known = [
            folder for folder in folders.list_folders(imap, sizes=True) if _is_exported(folder)
        ]
    return _exported(request, form, exporting.places(known), "", known)


def _is_exported(folder: Folder) -> bool:
    return folder.selectable and folder.addressable and not folder.owner


@require_http_methods(["GET", "POST"])
@login_required
def export_folder(request: SignedInRequest, folder: str) -> HttpResponse:
    """Ask for the format; a POST exports the folder, by a job."""
    with session.imap(request) as imap:
        known = [
            known_folder
            for known_folder in folders.list_folders(imap)
            if known_folder.name == folder
        ]
        if not known:
            raise FolderNotFound
        sides = read_folders(imap, folder, anew=False)
    row = sides.shown.find(folder)
    label = row.label if row else folder
    form = ExportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _exported(request, form, [ExportPlace(folder)], folder, known, label)
    context = {
        "folders": sides.shown,
        "current": folder,
        "label": label,
        "count": known[0].messages,
        "forms": presentation.forms(),
    }
    status = 422 if form.is_bound else 200
    return render_template(request, "webmail/transfers/export.html", context, status=status)


def _exported(
    request: SignedInRequest,
    form: ExportForm,
    places: Sequence[ExportPlace],
    folder: str,
    known: Sequence[Folder],
    label: str = "",
) -> HttpResponseRedirect:
    kind = form.cleaned_data["form"]
    total = sum(known_folder.messages or 0 for known_folder in known)
    return start_export(request, places, kind, folder, label or _mailbox_name(), total)


def _mailbox_name() -> str:
    words = gettext("Mailbox of %(date)s") % {"date": f"{timezone.localdate():%Y-%m-%d}"}
    return words


@require_GET
@login_required
@policy(INERT)
def download(request: SignedInRequest, folder: str) -> HttpResponseBase:
    """Return a few messages as a zip, at once."""
    form = DownloadForm(request.GET)
    if not form.is_valid() or len(form.cleaned_data["refs"]) > AT_ONCE:
        raise Http404
    named = form.cleaned_data["refs"]
    chosen = actions.by_folder(MessageRef(place or folder, *pair) for place, *pair in named)
    with session.imap(request) as imap:
        if weight_of(imap, chosen) > BYTES_AT_ONCE:
            raise Http404
        places = places_of(imap, chosen)
        label = folder_label(imap, folder)
    stream = streaming.begin(
        session.lease(request), lambda imap: exporting.direct(imap, places, gettext("No subject"))
    )
    response = StreamingHttpResponse(stream, content_type="application/octet-stream")
    name = f"{names.clean(label, 'mail')}.zip"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


# --- imports ---


@require_POST
@login_required
def bring(request: SignedInRequest) -> HttpResponse:
    """Import a file of messages, by a job. A script posts the name and size first, then the file in
    pieces."""
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _again(request, import_form=form)
    chosen = form.cleaned_data
    with session.imap(request) as imap:
        target = _target(imap, chosen["folder"], chosen["new"])
    if _has_too_many(request):
        form.add_error("file", gettext("First finish or stop a transfer: five wait already."))
        return _again(request, import_form=form)
    try:
        if chosen["file"]:
            name = chosen["file"].name or "?"
            job = transfers.bring(request, target, name, chosen["file"].chunks())
            begin_transfer(request, job)
        else:
            job = transfers.begin_upload(request, target, chosen["name"], chosen["size"])
    except TooLarge:
        form.add_error("file", presentation.too_large())
        return _again(request, import_form=form)
    except transfers.Unwritable:
        form.add_error("file", gettext("The file cannot be kept just now. Try again later."))
        return _again(request, import_form=form)
    return redirect("mail:transfer", job.pk)


@require_POST
@login_required
def piece(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Add a piece of an uploaded file. The answer, in JSON, says at which byte the next one
    begins."""
    job = _own(request, pk)
    form = PieceForm(request.POST, request.FILES)
    if not form.is_valid():
        raise Http404
    uploaded = form.cleaned_data["piece"]
    if uploaded.size > store.SEGMENT:
        raise TooLarge(limit=store.SEGMENT)
    try:
        added = transfers.add_piece(job, form.cleaned_data["at"], uploaded.chunks())
    except transfers.Unwritable:
        return JsonResponse({"at": job.size, "state": "full"}, status=503)
    job.refresh_from_db()
    if added and job.state == Transfer.State.WAITING:
        begin_transfer(request, job)
    return JsonResponse({"at": job.size, "state": job.state})


@require_POST
@login_required
def account(request: SignedInRequest) -> HttpResponse:
    """Fetch the mail of another account, by a job. The job tries the password first, and its page
    says what the other server answers."""
    form = AccountForm(request.POST)
    if not form.is_valid():
        return _again(request, account_form=form)
    chosen = form.cleaned_data
    if _has_too_many(request):
        form.add_error(None, gettext("First finish or stop a transfer: five wait already."))
        return _again(request, account_form=form)
    name, port = chosen["server"]
    try:
        collecting.reserve(request.user)
    except TooManyTries as error:
        form.add_error(None, presentation.failure(type(error).__name__, is_export=False))
        return _again(request, account_form=form)
    with session.imap(request) as imap:
        target = _target(imap, chosen["folder"], chosen["new"])
    job = transfers.collect(request, target, name, port, chosen["login"], chosen["password"])
    begin_transfer(request, job)
    return redirect("mail:transfer", job.pk)


def _has_too_many(request: SignedInRequest) -> bool:
    unfinished = Transfer.objects.all().of(request.user).filter(state__in=Transfer.UNFINISHED)
    return unfinished.count() >= MOST_UNFINISHED


def _again(request: SignedInRequest, **more: Any) -> HttpResponse:
    context = _ways(request) | more
    response = _page(request, "webmail/transfers/transfers.html", context)
    response.status_code = 422
    return response


def _target(imap: Connection, folder: str, new: str) -> str:
    """Return the folder that messages go into. A new one is made inside the selected one."""
    listed = folders.list_folders(imap)
    known = {known_folder.name: known_folder for known_folder in listed}
    if folder and folder not in known:
        raise FolderNotFound
    if not new.strip():
        return folder
    delimiter = next(
        (known_folder.delimiter for known_folder in listed if known_folder.delimiter), ""
    )
    label = names.clean(new, "_").replace(delimiter or "/", "-")
    if folder and delimiter:
        return f"{folder}{delimiter}{label}"
    return folders.personal_prefix(listed) + label


# --- jobs ---


@require_POST
@login_required
def cancel(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Stop a transfer. What was brought in stays, and its page offers to undo it."""
    transfers.cancel(_own(request, pk))
    return redirect("mail:transfer", pk)


@require_POST
@login_required
def resume(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Resume a transfer that waited for the password, or failed."""
    job = _own(request, pk)
    password = request.POST.get("password", "")[:1000]
    if transfers.needs_password(job):
        if not password:
            return redirect("mail:transfer", pk)
        try:
            collecting.reserve(request.user)
        except TooManyTries as error:
            words = presentation.failure(type(error).__name__, is_export=False)
            request.session[TOAST] = {"message": words}
            return redirect("mail:transfer", pk)
    if transfers.can_be_resumed(job) and transfers.resume(request, job, password):
        begin_transfer(request, job)
    return redirect("mail:transfer", pk)


@require_POST
@login_required
def undo(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Remove the messages that a transfer imported, once. The removal may be a job of its own."""
    job = _own(request, pk)
    with session.imap(request) as imap:
        result = transfers.undo(request, imap, job)
    if result is None:
        request.session[TOAST] = {"message": gettext("There is nothing to take back.")}
    elif result.job:
        request.session[TOAST] = start_job(request, result.job)
    return redirect("mail:transfer", pk)


def _own(request: SignedInRequest, pk: uuid.UUID) -> Transfer:
    return get_object_or_404(
        Transfer.objects.select_related("credential"), pk=pk, user_id=request.user.pk
    )


def _page(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    with session.imap(request) as imap:
        context["folders"] = read_folders(imap, "").shown
    context["toast"] = request.session.pop(TOAST, None)
    return render_template(request, template, context)
