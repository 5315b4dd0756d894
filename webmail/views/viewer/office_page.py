"""The preview of an office file: converted by a job, or as simple text and tables."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from kombu.exceptions import OperationalError

from accounts.http import SignedInRequest
from mail.previews import office as office_files
from mail.previews.failures import Reason
from mail.previews.pages import Sheets
from webmail import tasks
from webmail.models import OfficePreview
from webmail.reader import conversions
from webmail.reader.attachments import FoundAttachment
from webmail.views.viewer.places import Place
from webmail.views.viewer.preview import Preview, framed, of_tables


def preview(request: SignedInRequest, place: Place, attachment: FoundAttachment) -> Preview:
    """Return the preview of an office file: by a job if LibreOffice is installed; else, or if the
    user asks for that, as simple text and tables."""
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
    return preview_of_job(place, job)


def preview_of_job(place: Place, job: OfficePreview) -> Preview:
    """Return the progress of a job, its result, or the reason of its failure."""
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
