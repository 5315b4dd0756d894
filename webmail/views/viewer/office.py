"""The conversion of an office file: its progress, and the PDF that it makes."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render as render_template
from django.views.decorators.http import require_GET

from accounts.http import SignedInRequest, login_required
from mail.errors import PartNotFound
from mail.previews.detect import BINARY
from webmail.reader import conversions
from webmail.views.policies import INERT, policy
from webmail.views.viewer.answers import Span, spanned, unsatisfiable
from webmail.views.viewer.office_page import preview_of_job
from webmail.views.viewer.places import Place, at_place


@require_GET
@login_required
@at_place
def office(request: SignedInRequest, place: Place) -> HttpResponse:
    """Answer a page that polls during the conversion: with 204 until there is news, then with 286,
    which stops the polling."""
    job = conversions.find_office_preview(request, request.user, place.name)
    if job is None:
        raise PartNotFound("Nobody asked for this file, or too long ago.")
    shown = preview_of_job(place, job)
    if "poll_url" in shown.context:
        return HttpResponse(status=204)
    context = {"shown": shown.context}
    return render_template(request, shown.template, context, status=286)


@require_GET
@login_required
@policy(INERT)
@at_place
def office_pdf(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """Return the PDF that the job made of an office file, for the webmail's own PDF reader."""
    job = conversions.find_office_preview(request, request.user, place.name)
    content = conversions.result(request, job) if job and job.state == job.State.DONE else None
    if content is None:
        raise PartNotFound("The file was not converted, or too long ago.")
    span = Span.asked(request.headers.get("Range", ""), len(content))
    if span is None:
        return unsatisfiable(len(content))
    pieces = iter((content[span.start : span.end],))
    return spanned(StreamingHttpResponse(pieces), span, len(content), BINARY)
