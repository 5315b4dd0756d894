"""Exports of messages: their start as a job, and the export of selected messages, which is done at
once where they are few and small."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from accounts.http import SignedInRequest
from core.htmx import wants_partial
from mail.imap import fetch, uid_sets
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import folders
from mail.mailbox.actions import MailStep
from webmail.models import Transfer
from webmail.presentation import transfers as presentation
from webmail.presentation.links import ref_name
from webmail.transfer import exporting, names
from webmail.transfer import jobs as transfers
from webmail.transfer.exporting import ExportPlace
from webmail.views.page import read_folders
from webmail.views.transfers.awaited import begin_transfer

AT_ONCE = 100
"""Messages that are downloaded without a job, if they weigh no more than `BYTES_AT_ONCE`."""
BYTES_AT_ONCE = 25 * 1024 * 1024
Form = Transfer.Form


def folder_label(imap: Connection, name: str) -> str:
    row = read_folders(imap, name, anew=False).shown.find(name)
    return row.label if row else name


def start_export(
    request: SignedInRequest,
    places: Sequence[ExportPlace],
    kind: str,
    folder: str,
    label: str,
    total: int,
) -> HttpResponseRedirect:
    """Start the job of an export, and redirect to its page."""
    # Several mboxes are a zip.
    is_zip = kind == Form.MBOX and len(places) > 1
    extension = "zip" if is_zip else presentation.FORMS[Form(kind)]
    job = transfers.export(
        request,
        places,
        kind,
        name=f"{names.clean(label, 'mail')}.{extension}",
        folder=folder,
        total=total,
        fallback=gettext("No subject"),
    )
    begin_transfer(request, job)
    return redirect("mail:transfer", job.pk)


def of_selection(
    request: SignedInRequest, imap: Connection, folder: str, chosen: Sequence[MailStep]
) -> HttpResponse:
    """Export the selected messages: as a download where they are few and small, else by a job.
    Redirect to the download or to the page of the job."""
    count = sum(len(step.uids) for step in chosen)
    if count <= AT_ONCE and weight_of(imap, chosen) <= BYTES_AT_ONCE:
        refs = [
            ref_name(MessageRef(step.folder, step.uidvalidity, uid), folder)
            for step in chosen
            for uid in step.uids
        ]
        query = urlencode({"refs": refs}, doseq=True)
        return _led(request, f"{reverse('mail:download', args=[folder])}?{query}")
    label = folder_label(imap, folder)
    answer = start_export(request, places_of(imap, chosen), Form.EML, folder, label, count)
    return _led(request, answer.url)


def _led(request: SignedInRequest, url: str) -> HttpResponse:
    if wants_partial(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def weight_of(imap: Connection, chosen: Sequence[MailStep]) -> int:
    """Return the size of the selected messages in bytes."""
    size = 0
    for step in chosen:
        imap.require(step.first)
        stored = fetch.stored(imap, uid_sets.compressed(step.uids))
        size += sum(message.size for message in stored)
    return size


def places_of(imap: Connection, chosen: Sequence[MailStep]) -> list[ExportPlace]:
    """Return the places of the selected messages. Messages of several folders get folders in the
    zip."""
    known = {folder.name: folder for folder in folders.kept_folders(imap)}
    steps = [step for step in chosen if step.uids]
    paths: dict[str, tuple[str, ...]] = {}
    if len(steps) > 1:
        paths = {place.folder: place.path for place in exporting.places(known.values())}
    return [
        ExportPlace(
            step.folder,
            paths.get(step.folder, ()),
            step.uidvalidity,
            uid_sets.compressed(step.uids),
        )
        for step in steps
    ]
