"""Office files: converted by a job, whose end their page awaits, or as simple text and tables."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render as render_template
from django.views.decorators.http import require_GET
from kombu.exceptions import OperationalError

from accounts.http import SignedInRequest, login_required
from webmail import tasks
from webmail.errors import PartNotFound
from webmail.models import OfficePreview
from webmail.previews import office as office_files
from webmail.previews.detect import BINARY
from webmail.previews.failures import Reason
from webmail.previews.pages import Sheets
from webmail.reader import conversions
from webmail.reader.attachments import FoundAttachment
from webmail.views.policies import INERT, policy
from webmail.views.viewer.answers import Span, spanned, unsatisfiable
from webmail.views.viewer.places import Place, at_place
from webmail.views.viewer.preview import Preview, framed, of_tables


def preview(request: SignedInRequest, place: Place, attachment: FoundAttachment) -> Preview:
    """Preview by a job where LibreOffice is there; as simple text and tables where it is not, or
    where the user asks for that."""
    by_job = settings.OFFICE == "auto" and office_files.is_available()
    if by_job and "light" not in request.GET:
        return _converted(request, place, attachment)
    light = office_files.light(attachment.content, attachment.detected.extension)
    if isinstance(light, Sheets):
        return of_tables(light.tables, is_truncated=light.is_truncated)
    return framed(place, attachment)


def _converted(request: SignedInRequest, place: Place, attachment: FoundAttachment) -> Preview:
    job = conversions.begin(
        request, request.user, place.name, attachment.content, attachment.detected.extension
    )
    if job.state == job.State.WAITING:
        try:
            tasks.convert_office_file.delay(job.pk)
        except OperationalError as error:
            conversions.give_up(job, error)
        job.refresh_from_db()
    return _of_job(place, job)


def _of_job(place: Place, job: OfficePreview) -> Preview:
    """The progress of a job, its result, or the reason of its failure."""
    light = f"{place.url()}?light=1" if office_files.has_light(job.extension) else ""
    if job.is_stuck or job.state == job.State.FAILED:
        context: dict[str, Any] = {"reason": job.reason or Reason.TOO_SLOW.value}
        if job.reason != Reason.ENCRYPTED:
            context["light_url"] = light
        return Preview("webmail/viewer/none.html", context)
    if job.state == job.State.DONE:
        context = {
            "src": place.url("view_office_pdf"),
            "is_truncated": job.is_truncated,
            "light_url": light,
            "is_workbook": job.extension in {"xlsx", "ods"},
        }
        return Preview("webmail/viewer/pdf.html", context)
    context = {"poll_url": place.url("view_office"), "page_url": place.url()}
    return Preview("webmail/viewer/office.html", context)


@require_GET
@login_required
@at_place
def office(request: SignedInRequest, place: Place) -> HttpResponse:
    """Asked again and again while the file is converted: 204 until there is news, then 286, at
    which htmx stops asking."""
    job = conversions.find(request, request.user, place.name)
    if job is None:
        raise PartNotFound("Nobody asked for this file, or too long ago.")
    shown = _of_job(place, job)
    if "poll_url" in shown.context:
        return HttpResponse(status=204)
    context = {"shown": shown.context}
    return render_template(request, shown.template, context, status=286)


@require_GET
@login_required
@policy(INERT)
@at_place
def office_pdf(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """The PDF that the job made of an office file, for the webmail's own PDF reader."""
    job = conversions.find(request, request.user, place.name)
    content = conversions.result(request, job) if job and job.state == job.State.DONE else None
    if content is None:
        raise PartNotFound("The file was not converted, or too long ago.")
    span = Span.asked(request.headers.get("Range", ""), len(content))
    if span is None:
        return unsatisfiable(len(content))
    pieces = iter((content[span.start : span.end],))
    return spanned(StreamingHttpResponse(pieces), span, len(content), BINARY)
