"""The address book handed out as a file."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts import audit
from accounts.http import SignedInRequest, login_required
from accounts.models import AuditEvent
from addressbook.contacts import export as writing
from addressbook.contacts import finding
from addressbook.forms.contacts import ExportForm
from addressbook.models import Group
from addressbook.views.pages import page


@require_GET
@login_required
def export(request: SignedInRequest) -> HttpResponse:
    """Show the form that asks which contacts to export, and as what."""
    form = ExportForm(None, user=request.user, initial={"group": request.GET.get("group")})
    return page(request, "contacts/export.html", {"form": form}, current="export")


@require_http_methods(["GET", "POST"])
@login_required
def file(request: SignedInRequest) -> HttpResponseBase:
    """The file, as it is written: all contacts, a group's, or by POST those chosen."""
    form = ExportForm(request.POST if request.method == "POST" else request.GET, user=request.user)
    if not form.is_valid():
        return page(request, "contacts/export.html", {"form": form}, current="export", status=422)
    group: Group | None = form.cleaned_data["group"]
    if group:
        groups, exported = writing.with_inner(group)
    else:
        groups = list(Group.objects.of(request.user))
        exported = finding.matching(request.user)
    whole = groups
    if chosen := form.cleaned_data["contacts"]:
        exported, whole = exported.filter(pk__in=chosen), []
    audit.record(AuditEvent.Kind.CONTACTS_EXPORTED, request, contacts=exported.count())
    kind = form.cleaned_data["format"]
    if kind == "csv":
        pieces = writing.table(exported, groups, get_language() or "", whole=whole)
        media_type, ending = "text/csv; charset=utf-8", "csv"
    else:
        version = "4.0" if kind == "vcard4" else "3.0"
        pieces = writing.vcards(exported, whole, version)
        media_type, ending = "text/vcard; charset=utf-8", "vcf"
    answer = StreamingHttpResponse(pieces, content_type=media_type)
    name = f"{gettext('contacts')}-{timezone.localdate():%Y-%m-%d}.{ending}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer
