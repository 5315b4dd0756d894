"""The admin page of the audit log: read, filter and export it, fast with a million lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Min, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts import audit, audit_words, roles
from accounts.administration.pages import ViewOnlyAdmin
from accounts.models import AuditEvent, MailDomain, User
from accounts.network import network_of
from core import dates
from mail import spreadsheets

_MOST_COUNTED = 10_000
_COLUMNS = ("when", "kind", "what", "by whom", "about whom", "from where", "details")


class BoundedPaginator(Paginator):
    """Counts at most a hundred pages, so that a million lines are not counted for a page number."""

    @cached_property
    def count(self) -> int:
        lines: Any = self.object_list
        return int(lines.order_by()[:_MOST_COUNTED].count())


class PeriodFilter(admin.SimpleListFilter):
    """Filters by the last days or by a month. Django's own date hierarchy reads the whole table."""

    title = _("period")
    parameter_name = "period"
    DAYS: ClassVar[dict[str, tuple[Promise, int]]] = {
        "today": (_("Today"), 0),
        "week": (_("Last 7 days"), 6),
        "month": (_("Last 30 days"), 29),
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        days: list[tuple[str, str]] = [
            (name, str(words)) for name, (words, _days) in self.DAYS.items()
        ]
        return days + [(f"{month:%Y-%m}", _month_words(month)) for month in _months()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent]
    ) -> QuerySet[AuditEvent]:
        value = self.value()
        if value in self.DAYS:
            return queryset.filter(when__gte=_midnight() - timedelta(days=self.DAYS[value][1]))
        for month in _months():
            if value == f"{month:%Y-%m}":
                return queryset.filter(when__gte=month, when__lt=_next_month(month))
        return queryset


def _midnight() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def _next_month(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)


def _months() -> list[datetime]:
    """Return the months from this one back to that of the oldest line, 24 at most."""
    oldest = AuditEvent.objects.order_by().aggregate(first=Min("when"))["first"]
    month = _midnight().replace(day=1)
    months: list[datetime] = []
    while oldest and len(months) < 24:
        months.append(month)
        if month <= oldest:
            break
        month = (month - timedelta(days=1)).replace(day=1)
    return months


def _month_words(month: datetime) -> str:
    return str(formats.date_format(month, "YEAR_MONTH_FORMAT"))


class AuditChangeList(ChangeList):
    """Titles the page with what it shows, instead of "Select … to view"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = str(self.opts.verbose_name_plural).capitalize()


@admin.register(AuditEvent)
class AuditEventAdmin(ViewOnlyAdmin):
    list_display = ("moment", "kind", "actor", "target", "network", "details")
    list_filter = (PeriodFilter, "kind")
    list_select_related = ("actor",)
    list_per_page = 100
    search_fields = ("target",)
    search_help_text = _("A whole login, address, or network address")
    sortable_by = ()
    show_full_result_count = False
    paginator = BoundedPaginator
    fields = readonly_fields = ("when", "kind", "actor", "target", "network", "details")
    change_list_template = "admin/accounts/auditevent/change_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AuditChangeList

    @admin.display(description=_("when"))
    def moment(self, event: AuditEvent) -> str:
        """Return the time to the second, to be compared with a server's log."""
        return dates.written(timezone.localtime(event.when), "dd/MM/y HH:mm:ss")

    @admin.display(description=_("details"))
    def details(self, event: AuditEvent) -> str:
        return audit_words.in_words(event.detail)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        """Search by equality, which uses indexes. A search for a part of a word would read every
        line."""
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        if network_of(term):
            return queryset.filter(network=term), False
        names = {term} | {f"{term}@{name}" for name in MailDomain.objects.all().names()}
        people = User.objects.filter(login__in=names) | User.objects.filter(address__in=names)
        rows = list(people.values_list("pk", "address", "login"))
        names |= {word.lower() for _pk, *words in rows for word in words if word}
        about = queryset.filter(target__in=names)
        return about | queryset.filter(actor__in=[pk for pk, *_words in rows]), False

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(require_POST(self.export_view))
        return [path("export/", export, name="accounts_auditevent_export"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"may_export": _may_export(request), **(extra_context or {})}
        )

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        """Return all pages of the filtered list as CSV. The export writes a line of its own."""
        if not _may_export(request):
            raise PermissionDenied
        chosen = self.get_changelist_instance(request).get_queryset(request)
        audit.record(AuditEvent.Kind.EXPORTED, request, filters=request.GET.urlencode()[:500])
        words = {kind: str(label) for kind, label in AuditEvent.Kind.choices}
        rows = _rows(chosen.select_related("actor"), timezone.get_current_timezone(), words)
        lines = spreadsheets.lines(rows)
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        name = f"audit-{timezone.localdate():%Y-%m-%d}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _may_export(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.has_perm(roles.EXPORT_AUDIT)


def _rows(
    events: QuerySet[AuditEvent], zone: tzinfo, words: dict[str, str]
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the export. The zone and the words are arguments, because the response is
    streamed after the request's language and time zone have been deactivated."""
    yield _COLUMNS
    for event in events.iterator(chunk_size=2000):
        yield (
            f"{timezone.localtime(event.when, zone):%Y-%m-%d %H:%M:%S}",
            event.kind,
            words.get(event.kind, ""),
            str(event.actor or ""),
            event.target,
            event.network,
            ", ".join(f"{name}: {value}" for name, value in event.detail.items()),
        )
