"""The state of servers, jobs and sign-ins, for the first page of the administration."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone

from accounts.health import jobs
from accounts.models import AuditEvent, StaffImport
from webmail.models import OfficePreview
from webmail.serving import health

Kind = AuditEvent.Kind
_SIGN_INS = (Kind.SIGNED_IN, Kind.SIGN_IN_FAILED, Kind.SIGN_IN_LIMITED)
_LOOKUPS = (Kind.LOOKUP_FOUND, Kind.LOOKUP_FAILED)


@dataclass(frozen=True)
class InstallationState:
    """The counts are of today, from midnight on. ``people`` counts each user who signed in once.
    ``ended`` counts messages and files whose reading was stopped because it cost too much."""

    people: int
    failures: int
    refused: int
    lookups: int
    lookups_failed: int
    last_import: StaffImport | None
    jobs: jobs.JobsHealth
    ended: int


def state() -> InstallationState:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    lines = AuditEvent.objects.filter(when__gte=today).order_by()
    counted = lines.filter(kind__in=(*_SIGN_INS, *_LOOKUPS)).values("kind").annotate(n=Count("pk"))
    by_kind = {row["kind"]: row["n"] for row in counted}
    people = lines.filter(kind=Kind.SIGNED_IN).aggregate(n=Count("actor", distinct=True))["n"]
    return InstallationState(
        people=people,
        failures=by_kind.get(Kind.SIGN_IN_FAILED, 0),
        refused=by_kind.get(Kind.SIGN_IN_LIMITED, 0),
        lookups=by_kind.get(Kind.LOOKUP_FOUND, 0),
        lookups_failed=by_kind.get(Kind.LOOKUP_FAILED, 0),
        last_import=StaffImport.objects.order_by("-asked", "-pk").first(),
        jobs=jobs.health(),
        ended=health.ended_today(),
    )


def previews() -> dict[str, int]:
    """Return the number of office files that are ``waiting`` or being converted, and of those that
    ``failed``."""
    waiting = Q(state__in=OfficePreview.UNFINISHED)
    failed = Q(state=OfficePreview.State.FAILED)
    counts: dict[str, int] = OfficePreview.objects.order_by().aggregate(
        waiting=Count("pk", filter=waiting), failed=Count("pk", filter=failed)
    )
    return counts
