"""Groups: named sets of contacts, each usable as recipients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import User
from addressbook.contacts import families
from addressbook.contacts.keeping import recipient
from addressbook.folding import fold
from addressbook.models import Contact, ContactAddress, Group

MOST_ADDRESSES = 5_000
"""In one group."""


class NameTaken(ValueError):
    """The person has a group of that name, accents and capitals aside."""


class GroupFull(ValueError):
    """The group would hold more than 5,000 addresses."""


def counted(user: User) -> list[tuple[Group, int]]:
    """A person's groups by name, each with the number of its contacts that are not in the bin."""
    there = Q(contacts__isnull=False, contacts__deleted=None)
    groups = Group.objects.of(user).annotate(size=Count("contacts", filter=there))
    sizes = dict(groups.order_by().values_list("pk", "size"))
    return [(group, sizes.get(group.pk, 0)) for group in Group.objects.of(user)]


def find(user: User, pk: int) -> Group | None:
    """A person's own group, not in the bin."""
    return Group.objects.of(user).filter(pk=pk).first()


def create(user: User, name: str) -> Group:
    """An empty group. Raises NameTaken."""
    _check_name(user, name)
    return Group.objects.create(user=user, name=name, folded=fold(name)[:200])


def rename(group: Group, name: str) -> None:
    """Raises NameTaken."""
    _check_name(group.user, name, but=group.pk)
    group.name, group.folded = name, fold(name)[:200]
    if group.is_class and not group.archived:
        group.class_name = name
    group.save(update_fields=["name", "folded", "class_name"])


def _check_name(user: User, name: str, but: int | None = None) -> None:
    if Group.objects.of(user).filter(folded=fold(name)[:200]).exclude(pk=but or 0).exists():
        raise NameTaken(name)


def add(group: Group, pks: Iterable[int]) -> int:
    """Contacts of the group's owner into it; how many were not in it. Raises GroupFull."""
    with transaction.atomic():
        Group.objects.select_for_update().get(pk=group.pk)
        mine = Contact.objects.of(group.user).filter(pk__in=list(pks))
        new = list(mine.exclude(groups=group))
        if group.contacts.count() + len(group.external) + len(new) > MOST_ADDRESSES:
            raise GroupFull(group.name)
        group.contacts.add(*new)
    return len(new)


def remove(group: Group, pks: Iterable[int]) -> int:
    """Contacts out of the group; how many were in it. They stay in the address book."""
    members = list(group.contacts.filter(deleted=None, pk__in=list(pks)))
    group.contacts.remove(*members)
    return len(members)


def set_external(group: Group, addresses: Sequence[str]) -> None:
    """The addresses in it that no contact has. Raises GroupFull."""
    with transaction.atomic():
        Group.objects.select_for_update().get(pk=group.pk)
        if group.contacts.count() + len(addresses) > MOST_ADDRESSES:
            raise GroupFull(group.name)
        group.external = list(addresses)
        group.save(update_fields=["external"])


def set_class(group: Group, school_year: int | None, guardians: Group.Guardians) -> None:
    """Make the group a class of a school year, or with None an ordinary group."""
    is_class = school_year is not None
    group.kind = Group.Kind.CLASS if is_class else Group.Kind.ORDINARY
    group.class_name = (group.class_name or group.name) if is_class else ""
    group.school_year, group.guardians = school_year, guardians
    group.save(update_fields=["kind", "class_name", "school_year", "guardians"])


def delete(group: Group) -> None:
    """Put the group into the bin; its contacts stay where they are."""
    group.deleted = timezone.now()
    group.save(update_fields=["deleted"])


def restore(group: Group) -> None:
    """Take it out of the bin; under another name where a new group has its own."""
    with transaction.atomic():
        name = free_name(group.user, group.name)
        group.name, group.folded, group.deleted = name, fold(name)[:200], None
        group.save(update_fields=["name", "folded", "deleted"])


def free_name(user: User, name: str, but: int | None = None) -> str:
    """The name, with a number behind it where another group than ``but`` has it."""
    free, number = name, 2
    others = Group.objects.of(user).exclude(pk=but or 0)
    while others.filter(folded=fold(free)[:200]).exists():
        ending = f" ({number})"
        free, number = name[: 200 - len(ending)] + ending, number + 1
    return free


@dataclass(frozen=True, slots=True)
class Unreached:
    """The part of a group that a message to `recipients` does not reach. ``without_address``: the
    names of its contacts that have none. ``other_addresses``: ``Nom <adresse>`` of each address of
    its contacts but the preferred one. Both in the order of the address book."""

    group: str
    without_address: tuple[str, ...]
    other_addresses: tuple[str, ...]


def unreached(user: User, names: Iterable[str]) -> list[Unreached]:
    """The gaps of the user's groups of these names, without those that have none. One query; more
    where they are parts of classes."""
    names = list(names)
    of_classes = [_gap_of_class(*part) for part in families.labelled(user, names)]
    folded = {fold(name)[:200] for name in names}
    if not folded:
        return []
    rows = (
        Group.contacts.through.objects.filter(
            Q(contact__addresses=None) | Q(contact__addresses__position__gt=0),
            group__in=Group.objects.of(user).filter(folded__in=folded),
            contact__deleted=None,
        )
        .order_by("contact__sort_key", "contact", "contact__addresses__position")
        .values_list("group__name", "contact__display_name", "contact__addresses__address")
    )
    gaps: dict[str, tuple[list[str], list[str]]] = {}
    for group, name, address in rows[:MOST_ADDRESSES]:
        without, others = gaps.setdefault(group, ([], []))
        if address is None:
            without.append(name)
        else:
            others.append(recipient(name, address))
    found = [Unreached(group, tuple(gap[0]), tuple(gap[1])) for group, gap in gaps.items()]
    return [*found, *(gap for gap in of_classes if gap.without_address)]


def _gap_of_class(group: Group, audience: str) -> Unreached:
    """Those alone who were to get it and have no address: who receives no mail is left out on
    purpose."""
    silent = families.reach(group, audience).silent
    names = [one.name for one in silent if one.reason == families.Silence.NO_ADDRESS]
    return Unreached(families.label(group, audience), tuple(dict.fromkeys(names)), ())


def recipients(group: Group, audience: str = "") -> tuple[str, ...]:
    """``Nom <adresse>`` of each contact by its preferred address, and the other addresses of the
    group; an address once. With ``audience`` those of a part of a class (`families.reach`)."""
    if audience and group.is_class:
        return families.reach(group, audience).recipients
    rows = ContactAddress.objects.filter(
        contact__groups=group, contact__deleted=None, position=0
    ).select_related("contact")
    by_address = {
        row.folded: recipient(row.contact.display_name, row.address)
        for row in rows.order_by("contact__sort_key", "contact__pk")
    }
    for address in group.external:
        by_address.setdefault(address.lower(), address)
    return tuple(by_address.values())
