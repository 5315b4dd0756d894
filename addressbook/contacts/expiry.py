"""The end of the lists of classes: told in advance, then put into the bin.

A class ends on its own date, or some days after the 31 August with which its school year ends
(``WEBMAIL_CLASSES_END_DAYS``). Its owner is told for 30 days at least before it goes, however late
the job first runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from addressbook.contacts import groups, keeping
from addressbook.models import Contact, Group, Guardianship

TOLD_DAYS = 30
"""The number of days before its end from which the owner is told of it."""
URGENT_DAYS = 7
"""The number of days before its end from which the owner is told with more weight."""

KEPT_DAYS = 90
"""The number of days by which the owner keeps a class longer."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A class that ends soon. ``days`` are those left."""

    group: Group
    end: date
    days: int

    @property
    def is_urgent(self) -> bool:
        return self.days <= URGENT_DAYS


def default_end(school_year: int) -> date:
    return date(school_year + 1, 8, 31) + timedelta(days=settings.CLASSES_END_DAYS)


def end_of(group: Group) -> date | None:
    """Return the day on which a class goes into the bin; None for a group that is no class. A class
    that nobody was told of goes no sooner than `TOLD_DAYS` from today."""
    if not group.is_class or group.school_year is None:
        return None
    told = group.end_told or timezone.localdate()
    return max(group.ends or default_end(group.school_year), told + timedelta(days=TOLD_DAYS))


def endings_among(own_groups: Iterable[Group], today: date | None = None) -> tuple[Ending, ...]:
    """Return the classes among these groups that end soon, the next one first."""
    today = today or timezone.localdate()
    told = [group for group in own_groups if group.end_told]
    endings = [Ending(group, end, (end - today).days) for group in told if (end := end_of(group))]
    return tuple(sorted(endings, key=lambda ending: (ending.end, ending.group.folded)))


def can_end(school_year: int, day: date) -> bool:
    """Return whether an owner may choose this end for a class of a school year."""
    return timezone.localdate() < day <= default_end(school_year)


def set_end(group: Group, day: date | None) -> None:
    """Set the end that the owner chose; None for the default one. One that is not near yet is told
    anew; a near one that was told stays told, so that no change of the day gains time."""
    if group.ends != day:
        group.ends = day
        if _planned_end(group) > _told_until(timezone.localdate()):
            group.end_told = None
        group.save(update_fields=["ends", "end_told"])


def can_be_kept(group: Group) -> bool:
    """Return whether `keep_longer` still moves the end of a class."""
    end = end_of(group)
    return end is not None and end < _latest_end(group)


def keep_longer(group: Group) -> date | None:
    """Move the end of a class by `KEPT_DAYS`, at most to a year after its default end, and return
    the new end; None for a class that cannot be kept longer. It is told anew."""
    end = end_of(group)
    if end is None or not can_be_kept(group):
        return None
    group.ends = min(end + timedelta(days=KEPT_DAYS), _latest_end(group))
    group.end_told = None
    group.save(update_fields=["ends", "end_told"])
    return group.ends


def _latest_end(group: Group) -> date:
    return default_end(group.school_year or 0) + timedelta(days=365)


def run(today: date | None = None) -> None:
    """Record of which classes the owners are told from today, and put those that have ended into
    the bin, the classes of each owner in one transaction."""
    today = today or timezone.localdate()
    classes = Group.objects.filter(kind=Group.Kind.CLASS, deleted=None, school_year__isnull=False)
    untold = classes.filter(end_told=None)
    soon = [group.pk for group in untold.iterator() if _planned_end(group) <= _told_until(today)]
    for start in range(0, len(soon), keeping.BATCH):
        pks = soon[start : start + keeping.BATCH]
        Group.objects.filter(pk__in=pks, end_told=None).update(end_told=today)
    before = today - timedelta(days=TOLD_DAYS)
    owners = classes.filter(end_told__lte=before).order_by().values("user").distinct()
    for user in User.objects.filter(pk__in=owners):
        _end_those_of(user, today)


def _planned_end(group: Group) -> date:
    return group.ends or default_end(group.school_year or 0)


def _told_until(today: date) -> date:
    return today + timedelta(days=TOLD_DAYS)


def _end_those_of(user: User, today: date) -> None:
    with transaction.atomic():
        own = Group.objects.of(user).filter(kind=Group.Kind.CLASS).exclude(end_told=None)
        ended = [
            group
            for group in own.select_for_update().select_related("user")
            if (end := end_of(group)) and end <= today
        ]
        if not ended:
            return
        members = _people_of(ended)
        for group in ended:
            groups.delete(group)
        gone = keeping.delete(user, _without_use(user, members))
        audit.record(
            AuditEvent.Kind.CLASSES_ENDED,
            target=str(user),
            groups=len(ended),
            contacts=len(gone),
        )


def _people_of(classes: Sequence[Group]) -> set[int]:
    """Return the pupils of classes and the guardians of these pupils."""
    pupils = set(Contact.objects.filter(groups__in=classes).values_list("pk", flat=True))
    ties = Guardianship.objects.filter(pupil__groups__in=classes)
    return pupils | set(ties.values_list("guardian", flat=True))


def _without_use(user: User, members: Iterable[int]) -> list[int]:
    """Return those of these contacts who are in no group outside the bin, have no function, and
    have no pupil or guardian who stays."""
    people = Contact.objects.of(user).filter(pk__in=list(members))
    kept = _in_use(people)
    ties = Guardianship.objects.filter(user=user, pupil__deleted=None, guardian__deleted=None)
    staying = set(kept.values_list("pk", flat=True))
    leaving = set(people.values_list("pk", flat=True)) - staying
    for pupil, guardian in ties.filter(guardian__in=leaving).values_list("pupil", "guardian"):
        if pupil not in leaving:
            staying.add(guardian)
    return sorted(leaving - staying)


def _in_use(people: QuerySet[Contact]) -> QuerySet[Contact]:
    in_group = Q(groups__isnull=False, groups__deleted=None)
    has_function = ~Q(job_title="") | ~Q(organization="")
    return people.filter(pk__in=people.filter(in_group | has_function).order_by().values("pk"))
