"""Pupils who left, and classes of a former year: kept and found by search, but out of the way.

An archived contact is not completed. An archived class is completed last, and its name ends with
its year.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from addressbook import years
from addressbook.completion import index
from addressbook.contacts import groups, nesting
from addressbook.folding import fold
from addressbook.models import Contact, Group, Guardianship
from core import clock


def archive_group(group: Group) -> None:
    """Archive a class of a former year, under its name with the year."""
    year = group.school_year or years.current()
    with transaction.atomic():
        name = groups.free_name(group.user, years.with_year(group.class_name or group.name, year))
        group.name, group.folded, group.archived = name, fold(name)[:200], clock.now()
        group.save(update_fields=["name", "folded", "archived"])


def unarchive_group(group: Group) -> None:
    """Take a class out of the archive, under its former name unless another group has that name."""
    with transaction.atomic():
        name = groups.free_name(group.user, group.class_name or group.name, but=group.pk)
        group.name, group.folded, group.archived = name, fold(name)[:200], None
        group.save(update_fields=["name", "folded", "archived"])


def archive_contacts(user: User, pks: Iterable[int]) -> list[int]:
    """Archive those of the user's pupils who are in no current class, and their guardians who have
    no other pupil, no function and no current group. Return the keys of all who were archived."""
    with transaction.atomic():
        mine = Contact.objects.of(user).filter(archived=None)
        current = Q(groups__kind=Group.Kind.CLASS, groups__archived=None, groups__deleted=None)
        staying = Contact.objects.filter(current).values("pk")
        archived = list(
            mine.filter(pk__in=list(pks)).exclude(pk__in=staying).values_list("pk", flat=True)
        )
        archived += _guardians_alone(user, archived)
        Contact.objects.filter(pk__in=archived).update(archived=clock.now())
        index.forget(archived)
    return archived


def _guardians_alone(user: User, pupils: Collection[int]) -> list[int]:
    """Return the guardians of these pupils who have no other pupil, no function and no current
    group."""
    others = Guardianship.objects.filter(
        user=user, pupil__archived=None, pupil__deleted=None
    ).exclude(pupil__in=pupils)
    alone = Contact.objects.of(user).filter(
        archived=None, wardships__pupil__in=pupils, job_title="", organization=""
    )
    in_groups = Q(groups__archived=None, groups__deleted=None, groups__isnull=False)
    alone = alone.exclude(pk__in=others.values("guardian"))
    alone = alone.exclude(pk__in=Contact.objects.filter(in_groups).values("pk"))
    return list(alone.distinct().values_list("pk", flat=True))


def archive_guardians(user: User, pks: Iterable[int]) -> list[int]:
    """Archive the guardians who get mail about no pupil any more and have no function and no group,
    and return their keys."""
    ties = Guardianship.objects.filter(
        user=user, receives_mail=True, pupil__archived=None, pupil__deleted=None
    )
    in_groups = Q(groups__archived=None, groups__deleted=None, groups__isnull=False)
    with transaction.atomic():
        alone = Contact.objects.of(user).filter(
            pk__in=list(pks), archived=None, job_title="", organization=""
        )
        alone = alone.exclude(pk__in=ties.values("guardian"))
        alone = alone.exclude(pk__in=Contact.objects.filter(in_groups).values("pk"))
        archived = list(alone.values_list("pk", flat=True))
        Contact.objects.filter(pk__in=archived).update(archived=clock.now())
        index.forget(archived)
    return archived


def unarchive_contacts(user: User | None, pks: Iterable[int]) -> dict[int, datetime]:
    """Take contacts out of the archive, so that they are completed again. Return the former date of
    archiving by contact, for `archive_as_before`."""
    if user is None:
        return {}
    with transaction.atomic():
        rows = Contact.objects.of(user).filter(pk__in=list(pks)).exclude(archived=None)
        former_dates = {
            pk: archived for pk, archived in rows.values_list("pk", "archived") if archived
        }
        Contact.objects.filter(pk__in=former_dates).update(archived=None)
        index.remember(user, list(former_dates))
    return former_dates


def archive_as_before(user: User | None, former_dates: Mapping[int, datetime]) -> None:
    """Archive contacts again that `unarchive_contacts` restored, with their former dates. Contacts
    that were archived meanwhile keep their date."""
    if user is None or not former_dates:
        return
    with transaction.atomic():
        contacts = list(Contact.objects.of(user).filter(pk__in=former_dates, archived=None))
        for contact in contacts:
            contact.archived = former_dates[contact.pk]
        Contact.objects.bulk_update(contacts, ["archived"], batch_size=200)
        index.forget([contact.pk for contact in contacts])


def former_classes(user: User, year: int) -> list[Group]:
    """Return the current classes whose school year is before this one."""
    classes = Group.objects.of(user).filter(kind=Group.Kind.CLASS, archived=None)
    return list(classes.filter(school_year__lt=year))


@transaction.atomic
def pass_to(user: User, year: int, classes: Iterable[Group], names: Iterable[str]) -> list[Group]:
    """Archive classes of former years, create empty ones with these names for the new year, and
    return the new ones. No class is created where a group has its name already. In groups that
    contain an archived class, the new class of the same name takes its place."""
    former: dict[str, list[Group]] = {}
    for group in classes:
        archive_group(group)
        former.setdefault(fold(group.class_name), []).append(group)
    created = []
    for name in names:
        folded = fold(name)[:200]
        if folded and not Group.objects.of(user).filter(folded=folded).exists():
            new = Group.objects.create(
                user=user,
                name=name,
                folded=folded,
                kind=Group.Kind.CLASS,
                class_name=name,
                school_year=year,
            )
            created.append(new)
            for group in former.get(fold(name), ()):
                nesting.succeed(group, new)
    return created
