"""Groups: named sets of contacts, each usable as recipients."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from addressbook.contacts import endings, families, nesting
from addressbook.contacts.families import Reach, Silence, Silent
from addressbook.contacts.keeping import recipient
from addressbook.contacts.nesting import Part
from addressbook.directory import filters
from addressbook.folding import fold
from addressbook.models import Contact, ContactAddress, Group, GroupFilter, GroupNesting
from webmail import clock

MOST_ADDRESSES = 5_000
"""In one group."""


class NameTaken(ValueError):
    """The person has a group of that name, accents and capitals aside."""


class GroupFull(ValueError):
    """The group would hold more than 5,000 addresses."""


class HoldsGroups(ValueError):
    """A group that holds other groups, or people of the directory, is no class."""


IS_COMPOSITE = Exists(GroupNesting.objects.filter(outer=OuterRef("pk"))) | Exists(
    GroupFilter.objects.filter(group=OuterRef("pk"))
)
"""Whether a group holds more than its own contacts: other groups, or people of the directory."""


def counted(user: User) -> list[tuple[Group, int | None]]:
    """A person's groups by name, each with the number of its contacts that are not in the bin; None
    where it holds more than those. One query."""
    contacts = Contact.objects.filter(groups=OuterRef("pk"), deleted=None)
    sizes = contacts.order_by().values("groups").annotate(size=Count("pk")).values("size")
    own = Group.objects.of(user).annotate(is_composite=IS_COMPOSITE, size=Subquery(sizes))
    return [(group, None if group.is_composite else group.size or 0) for group in own]


def find(user: User, pk: int) -> Group | None:
    """A person's own group, not in the bin."""
    return Group.objects.of(user).filter(pk=pk).first()


def create(user: User, name: str) -> Group:
    """An empty group. Raises NameTaken."""
    _check_name(user, name)
    return Group.objects.create(user=user, name=name, folded=fold(name)[:200])


def create_filtered(user: User, name: str, wanted: GroupFilter) -> Group:
    """A group of people of the directory. Raises NameTaken."""
    with transaction.atomic():
        group = create(user, name)
        set_filter(group, wanted)
    return group


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


def set_external(
    group: Group, addresses: Sequence[str], former: Sequence[str] | None = None
) -> None:
    """Set the addresses of the group that no contact has. With ``former``, the addresses before the
    change, only those that were added and taken out count: somebody else may have changed others
    meanwhile. Raises GroupFull."""
    with transaction.atomic():
        there = Group.objects.select_for_update().get(pk=group.pk)
        wanted = {address.lower(): address for address in addresses}
        if former is not None:
            gone = {address.lower() for address in former} - wanted.keys()
            staying = {
                address.lower(): address
                for address in there.external
                if address.lower() not in gone
            }
            fresh = {key: address for key, address in wanted.items() if key not in _lower(former)}
            wanted = staying | {
                key: address for key, address in fresh.items() if key not in staying
            }
        if group.contacts.count() + len(wanted) > MOST_ADDRESSES:
            raise GroupFull(group.name)
        group.external = list(wanted.values())
        group.save(update_fields=["external"])


def _lower(addresses: Iterable[str]) -> set[str]:
    return {address.lower() for address in addresses}


def set_filter(group: Group, wanted: GroupFilter | None) -> None:
    """The people of the directory who are in it; None: none any more. Raises HoldsGroups."""
    if wanted is None:
        GroupFilter.objects.filter(group=group).delete()
        return
    if group.is_class:
        raise HoldsGroups(group.name)
    wanted.group = group
    columns = ("school_uai", "school_name", "discipline", "function")
    values = {name: getattr(wanted, name) for name in columns}
    GroupFilter.objects.update_or_create(group=group, defaults=values)


def set_class(group: Group, school_year: int | None, guardians: Group.Guardians) -> None:
    """Make the group a class of a school year, or with None an ordinary group. Raises
    HoldsGroups."""
    is_class = school_year is not None
    if is_class and is_composite(group):
        raise HoldsGroups(group.name)
    group.kind = Group.Kind.CLASS if is_class else Group.Kind.ORDINARY
    group.class_name = (group.class_name or group.name) if is_class else ""
    group.school_year, group.guardians = school_year, guardians
    group.save(update_fields=["kind", "class_name", "school_year", "guardians"])


def delete(group: Group) -> None:
    """Put the group into the bin; its contacts stay where they are. Groups that it is in hold it
    again when it comes back; who used it as a shared one is told."""
    with transaction.atomic():
        group.deleted = clock.now()
        group.save(update_fields=["deleted"])
        endings.tell_deleted(group)


def restore(group: Group) -> None:
    """Take it out of the bin; under another name where a new group has its own."""
    with transaction.atomic():
        name = free_name(group.user, group.name)
        group.name, group.folded, group.deleted = name, fold(name)[:200], None
        group.save(update_fields=["name", "folded", "deleted"])
        endings.tell_restored(group)


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


def is_composite(group: Group) -> bool:
    """See `IS_COMPOSITE`."""
    return Group.objects.filter(IS_COMPOSITE, pk=group.pk).exists()


def filters_of(parts: Iterable[Part]) -> list[GroupFilter]:
    """The filters of groups, and of the groups in them, that the directory fills; one query."""
    pks = [part.group.pk for part in parts]
    return list(GroupFilter.objects.filter(group__in=pks).select_related("group"))


def unreached(user: User, names: Iterable[str]) -> list[Unreached]:
    """The gaps of the user's groups of these names, groups in them counted, without those that have
    none. Three queries at most; more where they are parts of classes."""
    names = list(names)
    of_classes = [_gap_of_class(*part) for part in families.labelled(user, names)]
    folded = {fold(name)[:200] for name in names}
    own = list(Group.objects.of(user).filter(folded__in=folded)) if folded else []
    gaps = _gaps(own) if own else []
    return [*gaps, *(gap for gap in of_classes if gap.without_address)]


def _gaps(own: Sequence[Group]) -> Iterator[Unreached]:
    """Yield the gap of each group that has one."""
    of_each = nesting.parts_of([Part(group) for group in own])
    plain = {part.group.pk for parts in of_each for part in parts if not _is_people(part)}
    rows = (
        Group.contacts.through.objects.filter(
            Q(contact__addresses=None) | Q(contact__addresses__position__gt=0),
            group__in=plain,
            contact__deleted=None,
        )
        .order_by("contact__sort_key", "contact", "contact__addresses__position")
        .values_list("group_id", "contact__display_name", "contact__addresses__address")
    )
    by_group: dict[int, list[tuple[str, str | None]]] = {}
    for pk, name, address in rows[:MOST_ADDRESSES]:
        by_group.setdefault(pk, []).append((name, address))
    for group, parts in zip(own, of_each, strict=True):
        lines = dict.fromkeys(line for held in parts for line in by_group.get(held.group.pk, ()))
        without = [name for name, address in lines if address is None]
        for part in parts:
            if _is_people(part):
                without += _gap_of_class(part.group, part.audience).without_address
        others = [recipient(name, address) for name, address in lines if address is not None]
        if without or others:
            yield Unreached(group.name, tuple(dict.fromkeys(without)), tuple(others))


def _is_people(part: Part) -> bool:
    """Whether it is a part of a class, whose people are not its contacts alone."""
    return bool(part.audience) and part.group.is_class


def _gap_of_class(group: Group, audience: str) -> Unreached:
    """The people of a class who have no address; those who receive no mail are left out on
    purpose."""
    silent = families.reach(group, audience).silent
    names = [person.name for person in silent if person.reason == Silence.NO_ADDRESS]
    return Unreached(families.label(group, audience), tuple(dict.fromkeys(names)), ())


def recipients(group: Group, audience: str = "", *, with_pupils: bool = True) -> tuple[str, ...]:
    """``Nom <adresse>`` of each contact by its preferred address, the other addresses of the group
    and the people of the directory in it, with those of all groups in it; an address once. With
    ``audience`` those of a part of a class (`families.reach`). One more than may be in a group is
    the most. ``with_pupils``: see `sharing`."""
    return reach(group, audience, with_pupils=with_pupils, with_silent=False).recipients


def sizes(several: Sequence[Group], *, with_pupils: bool = True) -> dict[int, int]:
    """Return how many `recipients` each of these groups has, by its key; of a class, its contacts.
    Six queries whatever their number, and one for each that the directory is in."""
    of_each = nesting.parts_of([Part(group) for group in several])
    if not with_pupils:
        of_each = [tuple(part for part in parts if not part.group.is_class) for parts in of_each]
    every = {(part.group.pk, part.audience): part for parts in of_each for part in parts}
    addresses = _addresses_of(list(every.values()), with_pupils=with_pupils)
    counts = {}
    for group, parts in zip(several, of_each, strict=True):
        reached = set().union(*(addresses[part.group.pk, part.audience] for part in parts))
        counts[group.pk] = min(len(reached), MOST_ADDRESSES + 1)
    return counts


def _addresses_of(parts: Sequence[Part], *, with_pupils: bool) -> dict[tuple[int, str], set[str]]:
    """The addresses of each of these groups itself, without those in it, in lower case."""
    plain = {part.group.pk: part.group for part in parts if not _is_people(part)}
    classes = {part.group.pk: part.group for part in parts if _is_people(part)}
    own = {pk: {address.lower() for address in group.external} for pk, group in plain.items()}
    rows = Group.contacts.through.objects.filter(
        group__in=plain,
        contact__in=_members(plain.values(), with_pupils=with_pupils).order_by().values("pk"),
        contact__addresses__position=0,
    )
    for pk, address in rows.values_list("group_id", "contact__addresses__folded"):
        own[pk].add(address)
    for wanted in filters_of(parts):
        people = filters.find(wanted).people
        own.setdefault(wanted.group_id, set()).update(address.lower() for _name, address in people)
    several = families.of_classes(list(classes.values()))
    return {
        (part.group.pk, part.audience): (
            families.addresses_reached(part.group, several[part.group.pk], part.audience)
            if _is_people(part)
            else own[part.group.pk]
        )
        for part in parts
    }


def reach(
    group: Group, audience: str = "", *, with_pupils: bool = True, with_silent: bool = True
) -> Reach:
    """The recipients of a message to a group and all groups in it, each address once, and the
    people who get nothing, with the reasons. Five queries whatever their number; three more for
    each class."""
    parts = nesting.parts(group, audience)
    if not with_pupils:
        parts = tuple(part for part in parts if not part.group.is_class)
    by_address: dict[str, str] = {}
    silent: dict[Silent, None] = {}
    mute: list[str] = []
    plain = [part.group for part in parts if not _is_people(part)]
    members = _members(plain, with_pupils=with_pupils)
    for folded, name, address in _preferred(members):
        by_address.setdefault(folded, recipient(name, address))
    for part in parts:
        if _is_people(part):
            of_class = families.reach(part.group, part.audience)
            _take(by_address, of_class.recipients)
            silent |= dict.fromkeys(of_class.silent)
            mute += of_class.mute
        else:
            _take(by_address, part.group.external)
    for wanted in filters_of(parts):
        for name, address in filters.find(wanted).people:
            by_address.setdefault(address.lower(), recipient(name, address))
    if with_silent and plain:
        names = members.filter(addresses=None).order_by("sort_key", "pk")
        for name in names.values_list("display_name", flat=True)[:MOST_ADDRESSES]:
            silent.setdefault(Silent(name, Silence.NO_ADDRESS))
    return Reach(tuple(by_address.values())[: MOST_ADDRESSES + 1], tuple(silent), tuple(mute))


def _take(by_address: dict[str, str], people: Iterable[str]) -> None:
    """Add the people who are not there yet, written as a name with an address or as an address
    alone."""
    for text in people:
        key = text.rpartition("<")[2].rstrip(">").lower()
        by_address.setdefault(key, text)


def _members(several: Collection[Group], *, with_pupils: bool) -> QuerySet[Contact]:
    """The contacts of these groups; without pupils also without their guardians."""
    through = Group.contacts.through.objects.filter(group__in=[group.pk for group in several])
    rows = Contact.objects.filter(deleted=None, pk__in=through.values("contact"))
    if not with_pupils:
        rows = rows.exclude(pk__in=_families(rows).values("pk"))
    return rows


def contacts_of(group: Group, *, with_pupils: bool = True) -> QuerySet[Contact]:
    """The contacts of a group itself, without those of groups in it."""
    return _members([group], with_pupils=with_pupils)


def _families(rows: QuerySet[Contact]) -> QuerySet[Contact]:
    """Pupils and guardians among contacts."""
    in_class = Q(groups__kind=Group.Kind.CLASS, groups__deleted=None)
    tied = Q(guardianships__isnull=False) | Q(wardships__isnull=False)
    return rows.filter(in_class | tied).order_by()


def holds_families(group: Group) -> bool:
    """Whether pupils or guardians are in a group, or in one of those in it."""
    parts = nesting.parts(group)
    if any(part.group.is_class for part in parts):
        return True
    return _families(_members([part.group for part in parts], with_pupils=True)).exists()


def _preferred(members: QuerySet[Contact]) -> Iterator[tuple[str, str, str]]:
    rows = ContactAddress.objects.filter(contact__in=members.values("pk"), position=0)
    rows = rows.order_by("contact__sort_key", "contact__pk")
    yield from rows.values_list("folded", "contact__display_name", "address")[: MOST_ADDRESSES + 1]


def too_large(parts: Iterable[Part]) -> Mapping[int, int]:
    """The numbers of people that filters find, by the keys of their groups; only of those that find
    more than may be."""
    counts = {part.group_id: filters.find(part) for part in filters_of(parts)}
    return {pk: people.count for pk, people in counts.items() if people.is_too_large}
