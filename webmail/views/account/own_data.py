"""“My data”: all that is kept about a user, in one file."""

from __future__ import annotations

import uuid

from allauth.account.decorators import reauthentication_required
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import audit, kept, session, tending
from accounts.http import SignedInRequest, login_required
from accounts.models import AuditEvent
from webmail import tasks
from webmail.models import DataExport
from webmail.personal import exporting
from webmail.presentation.words import size as size_in_words
from webmail.views.page import read_folders


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def own_data(request: SignedInRequest) -> HttpResponseBase:
    """Show the data kept about the user, and the file with it; a POST starts a new file."""
    if request.method == "POST":
        return _ask(request)
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
    context = {
        **_state(exporting.latest(request.user)),
        "folders": sides.shown,
        "tab": "data",
        "kinds": kept.KINDS,
        "is_shared": bool(request.session.get("shared_computer")),
    }
    return render(request, "accounts/account/own_data.html", context)


@reauthentication_required
def _ask(request: SignedInRequest) -> HttpResponse:
    row = exporting.ask(request.user)
    if row.state == DataExport.State.WAITING:
        tending.hand_over(tasks.export_data, row.pk)
    return redirect("mail:own_data")


@require_GET
@never_cache
@login_required
def state(request: SignedInRequest) -> HttpResponse:
    """Return the part of the page about the file, which the page polls; the status 286 stops the
    polling."""
    row = exporting.latest(request.user)
    is_over = row is None or row.is_finished
    status = 286 if is_over else 200
    return render(request, "accounts/account/_own_data_state.html", _state(row), status=status)


def _state(row: DataExport | None) -> dict[str, object]:
    return {"export": row, "size": size_in_words(row.size) if row else ""}


@require_GET
@never_cache
@login_required
@reauthentication_required
def file(request: SignedInRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Return the zip, to its own user and for a day, after the password or a code."""
    row = exporting.find_export(request.user, pk)
    stream = exporting.opened(row)
    audit.record(AuditEvent.Kind.DATA_EXPORTED, request)
    words = gettext("my-data")
    name = f"{words}-{timezone.localdate(row.asked):%Y-%m-%d}.zip"
    answer = FileResponse(stream, as_attachment=True, filename=name, content_type="application/zip")
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
