"""Groups: named sets of contacts, each usable as recipients."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from addressbook.contact_data import FORMER
from addressbook.contacts import audiences, endings, families, nesting
from addressbook.contacts.audiences import GroupRecipients, Unreached, UnreachedReason
from addressbook.contacts.keeping import recipient
from addressbook.contacts.nesting import GroupPart
from addressbook.directory import filters
from addressbook.folding import fold
from addressbook.models import Contact, ContactAddress, Group, GroupFilter, GroupNesting
from core import clock

MOST_ADDRESSES = 5_000
"""The largest number of addresses in one group."""


class NameTaken(ValueError):
    """The user has a group of that name already; accents and case do not count."""


class GroupFull(ValueError):
    """The group would hold more than `MOST_ADDRESSES` addresses."""


class HoldsGroups(ValueError):
    """A group that contains other groups, or people of the directory, cannot be a class."""


IS_COMPOSITE = Exists(GroupNesting.objects.filter(outer=OuterRef("pk"))) | Exists(
    GroupFilter.objects.filter(group=OuterRef("pk"))
)
"""Whether a group contains other groups, or people of the directory, besides its own contacts."""


def counted(user: User) -> list[tuple[Group, int | None]]:
    """Return the user's groups by name, each with the number of its contacts outside the bin; None
    for a composite group. One query."""
    contacts = Contact.objects.filter(groups=OuterRef("pk"), deleted=None)
    sizes = contacts.order_by().values("groups").annotate(size=Count("pk")).values("size")
    own = Group.objects.of(user).annotate(is_composite=IS_COMPOSITE, size=Subquery(sizes))
    return [(group, None if group.is_composite else group.size or 0) for group in own]


def find_group(user: User, pk: int) -> Group | None:
    """Return a group of the user that is not in the bin."""
    return Group.objects.of(user).filter(pk=pk).first()


def create(user: User, name: str) -> Group:
    """Create an empty group. Raises NameTaken."""
    _check_name(user, name)
    return Group.objects.create(user=user, name=name, folded=fold(name)[:200])


def create_filtered(user: User, name: str, wanted: GroupFilter) -> Group:
    """Create a group of people of the directory. Raises NameTaken."""
    with transaction.atomic():
        group = create(user, name)
        set_filter(group, wanted)
    return group


def rename(group: Group, name: str) -> None:
    """Rename a group. Raises NameTaken."""
    _check_name(group.user, name, but=group.pk)
    group.name, group.folded = name, fold(name)[:200]
    if group.is_class and not group.archived:
        group.class_name = name
    group.save(update_fields=["name", "folded", "class_name"])


def _check_name(user: User, name: str, but: int | None = None) -> None:
    if Group.objects.of(user).filter(folded=fold(name)[:200]).exclude(pk=but or 0).exists():
        raise NameTaken(name)


def add(group: Group, pks: Iterable[int]) -> int:
    """Add contacts of the group's owner to it, and return how many are new in it. Raises
    GroupFull."""
    with transaction.atomic():
        Group.objects.select_for_update().get(pk=group.pk)
        mine = Contact.objects.of(group.user).filter(pk__in=list(pks))
        new = list(mine.exclude(groups=group))
        if group.contacts.count() + len(group.external) + len(new) > MOST_ADDRESSES:
            raise GroupFull(group.name)
        group.contacts.add(*new)
    return len(new)


def remove(group: Group, pks: Iterable[int]) -> int:
    """Remove contacts from the group, and return how many were in it. They stay in the address
    book."""
    members = list(group.contacts.filter(deleted=None, pk__in=list(pks)))
    group.contacts.remove(*members)
    return len(members)


def set_external(
    group: Group, addresses: Sequence[str], former: Sequence[str] | None = None
) -> None:
    """Set the group's addresses that belong to no contact. With ``former``, the addresses that the
    user saw before the change, only the differences are applied, since another request may have
    changed the group meanwhile. Raises GroupFull."""
    with transaction.atomic():
        current = Group.objects.select_for_update().get(pk=group.pk)
        wanted = {address.lower(): address for address in addresses}
        if former is not None:
            removed = {address.lower() for address in former} - wanted.keys()
            staying = {
                address.lower(): address
                for address in current.external
                if address.lower() not in removed
            }
            added = {key: address for key, address in wanted.items() if key not in _lower(former)}
            wanted = staying | {
                key: address for key, address in added.items() if key not in staying
            }
        if group.contacts.count() + len(wanted) > MOST_ADDRESSES:
            raise GroupFull(group.name)
        group.external = list(wanted.values())
        group.save(update_fields=["external"])


def _lower(addresses: Iterable[str]) -> set[str]:
    return {address.lower() for address in addresses}


def set_filter(group: Group, wanted: GroupFilter | None) -> None:
    """Set which people of the directory are in the group; None removes them. Raises HoldsGroups."""
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
    """Make the group a class of a school year, or an ordinary group if the year is None. Raises
    HoldsGroups."""
    is_class = school_year is not None
    if is_class and is_composite(group):
        raise HoldsGroups(group.name)
    group.kind = Group.Kind.CLASS if is_class else Group.Kind.ORDINARY
    group.class_name = (group.class_name or group.name) if is_class else ""
    group.school_year, group.guardians = school_year, guardians
    group.save(update_fields=["kind", "class_name", "school_year", "guardians"])


def delete(group: Group) -> None:
    """Put the group into the bin; its contacts stay where they are. Groups that contain it contain
    it again once it is restored. The users of a shared group are told."""
    with transaction.atomic():
        group.deleted = clock.now()
        group.save(update_fields=["deleted"])
        endings.tell_deleted(group)


def restore(group: Group) -> None:
    """Take the group out of the bin, under another name where a new group has taken its name."""
    with transaction.atomic():
        name = free_name(group.user, group.name)
        group.name, group.folded, group.deleted = name, fold(name)[:200], None
        # A class that has ended gets as much time again as if its owner had not been told.
        group.end_told = None
        group.save(update_fields=["name", "folded", "deleted", "end_told"])
        endings.tell_restored(group)


def free_name(user: User, name: str, but: int | None = None) -> str:
    """Return the name, followed by a number if a group other than ``but`` has it."""
    free, number = name, 2
    others = Group.objects.of(user).exclude(pk=but or 0)
    while others.filter(folded=fold(free)[:200]).exists():
        ending = f" ({number})"
        free, number = name[: 200 - len(ending)] + ending, number + 1
    return free


@dataclass(frozen=True, slots=True)
class GroupGap:
    """The people and addresses of a group that a message to `recipients` does not reach, in the
    order of the address book. ``without_address`` are the names of contacts without an address,
    ``other_addresses`` all addresses of contacts but the preferred ones, as ``Nom <adresse>``."""

    group: str
    without_address: tuple[str, ...]
    other_addresses: tuple[str, ...]


def is_composite(group: Group) -> bool:
    """See `IS_COMPOSITE`."""
    return Group.objects.filter(IS_COMPOSITE, pk=group.pk).exists()


def filters_of(parts: Iterable[GroupPart]) -> list[GroupFilter]:
    """Return the filters by which the directory fills these groups. One query."""
    pks = [part.group.pk for part in parts]
    return list(GroupFilter.objects.filter(group__in=pks).select_related("group"))


def gaps(user: User, names: Iterable[str]) -> list[GroupGap]:
    """Return the gaps of the user's groups of these names, inner groups included; groups without a
    gap are left out. Runs at most three queries, and more for audiences of classes."""
    names = list(names)
    of_classes = [_gap_of_class(*part) for part in audiences.labelled(user, names)]
    folded = {fold(name)[:200] for name in names}
    own = list(Group.objects.of(user).filter(folded__in=folded)) if folded else []
    own_gaps = _gaps_of(own) if own else []
    return [*own_gaps, *(gap for gap in of_classes if gap.without_address)]


def _gaps_of(own: Sequence[Group]) -> Iterator[GroupGap]:
    """Yield the gap of each group that has one."""
    of_each = nesting.parts_of([GroupPart(group) for group in own])
    plain = {part.group.pk for parts in of_each for part in parts if not _is_people(part)}
    rows = (
        Group.contacts.through.objects.filter(
            Q(contact__addresses=None) | Q(contact__addresses__position__gt=0),
            ~Q(contact__addresses__type=FORMER),
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
        lines = dict.fromkeys(line for part in parts for line in by_group.get(part.group.pk, ()))
        without = [name for name, address in lines if address is None]
        for part in parts:
            if _is_people(part):
                without += _gap_of_class(part.group, part.audience).without_address
        others = [recipient(name, address) for name, address in lines if address is not None]
        if without or others:
            yield GroupGap(group.name, tuple(dict.fromkeys(without)), tuple(others))


def _is_people(part: GroupPart) -> bool:
    """Return whether the part is an audience of a class, whose people are not only its contacts."""
    return bool(part.audience) and part.group.is_class


def _gap_of_class(group: Group, audience: str) -> GroupGap:
    """Return the people of a class who have no address. Guardians who receive no mail are left out
    by the user's choice, and do not count."""
    unreached = audiences.recipients_of(group, audience).unreached
    names = [person.name for person in unreached if person.reason == UnreachedReason.NO_ADDRESS]
    return GroupGap(audiences.label(group, audience), tuple(dict.fromkeys(names)), ())


def recipients(group: Group, audience: str = "", *, with_pupils: bool = True) -> tuple[str, ...]:
    """Return the recipients of a message to the group and all groups in it, each address once:
    ``Nom <adresse>`` of each contact by its preferred address, the group's other addresses, and the
    people of the directory. ``audience`` is that of a class. At most `MOST_ADDRESSES` and one are
    returned. ``with_pupils``: see `sharing`."""
    return reach(group, audience, with_pupils=with_pupils, with_unreached=False).recipients


def sizes(groups: Sequence[Group], *, with_pupils: bool = True) -> dict[int, int]:
    """Return the number of `recipients` of each group, by its key; for a class, that of its
    contacts. Runs six queries whatever the number of groups, and one for each filter of the
    directory."""
    of_each = nesting.parts_of([GroupPart(group) for group in groups])
    if not with_pupils:
        of_each = [tuple(part for part in parts if not part.group.is_class) for parts in of_each]
    every = {(part.group.pk, part.audience): part for parts in of_each for part in parts}
    addresses = _addresses_of(list(every.values()), with_pupils=with_pupils)
    counts = {}
    for group, parts in zip(groups, of_each, strict=True):
        reached = set().union(*(addresses[part.group.pk, part.audience] for part in parts))
        counts[group.pk] = min(len(reached), MOST_ADDRESSES + 1)
    return counts


def _addresses_of(
    parts: Sequence[GroupPart], *, with_pupils: bool
) -> dict[tuple[int, str], set[str]]:
    """Return the addresses of each part itself in lower case, without those of its inner groups."""
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
        people = filters.find_members(wanted).people
        own.setdefault(wanted.group_id, set()).update(address.lower() for _name, address in people)
    class_families = families.of_classes(list(classes.values()))
    return {
        (part.group.pk, part.audience): (
            audiences.addresses_among(part.group, class_families[part.group.pk], part.audience)
            if _is_people(part)
            else own[part.group.pk]
        )
        for part in parts
    }


def reach(
    group: Group, audience: str = "", *, with_pupils: bool = True, with_unreached: bool = True
) -> GroupRecipients:
    """Return the recipients of a message to a group and all groups in it, each address once, and
    the people who get nothing, with the reasons. Runs five queries whatever the number of groups,
    and three more for each class."""
    parts = nesting.parts(group, audience)
    if not with_pupils:
        parts = tuple(part for part in parts if not part.group.is_class)
    by_address: dict[str, str] = {}
    unreached: dict[Unreached, None] = {}
    unreached_pupils: list[str] = []
    plain = [part.group for part in parts if not _is_people(part)]
    members = _members(plain, with_pupils=with_pupils)
    for folded, name, address in _preferred(members):
        by_address.setdefault(folded, recipient(name, address))
    for part in parts:
        if _is_people(part):
            of_class = audiences.recipients_of(part.group, part.audience)
            _take(by_address, of_class.recipients)
            unreached |= dict.fromkeys(of_class.unreached)
            unreached_pupils += of_class.unreached_pupils
        else:
            _take(by_address, part.group.external)
    for wanted in filters_of(parts):
        for name, address in filters.find_members(wanted).people:
            by_address.setdefault(address.lower(), recipient(name, address))
    if with_unreached and plain:
        names = members.exclude(addresses__position=0).order_by("sort_key", "pk")
        for name in names.values_list("display_name", flat=True)[:MOST_ADDRESSES]:
            unreached.setdefault(Unreached(name, UnreachedReason.NO_ADDRESS))
    return GroupRecipients(
        tuple(by_address.values())[: MOST_ADDRESSES + 1], tuple(unreached), tuple(unreached_pupils)
    )


def _take(by_address: dict[str, str], people: Iterable[str]) -> None:
    """Add recipients whose address is new, written as a name with an address or as an address
    alone."""
    for text in people:
        key = text.rpartition("<")[2].rstrip(">").lower()
        by_address.setdefault(key, text)


def _members(groups: Collection[Group], *, with_pupils: bool) -> QuerySet[Contact]:
    """Return the contacts of these groups, or those who are neither pupils nor guardians."""
    through = Group.contacts.through.objects.filter(group__in=[group.pk for group in groups])
    rows = Contact.objects.filter(deleted=None, pk__in=through.values("contact"))
    if not with_pupils:
        rows = rows.exclude(pk__in=_families(rows).values("pk"))
    return rows


def contacts_of(group: Group, *, with_pupils: bool = True) -> QuerySet[Contact]:
    """Return the contacts of a group itself, without those of its inner groups."""
    return _members([group], with_pupils=with_pupils)


def _families(rows: QuerySet[Contact]) -> QuerySet[Contact]:
    """Return the pupils and guardians among contacts."""
    in_class = Q(groups__kind=Group.Kind.CLASS, groups__deleted=None)
    tied = Q(guardianships__isnull=False) | Q(wardships__isnull=False)
    return rows.filter(in_class | tied).order_by()


def holds_families(group: Group) -> bool:
    """Return whether pupils or guardians are in a group or in one of its inner groups."""
    parts = nesting.parts(group)
    if any(part.group.is_class for part in parts):
        return True
    return _families(_members([part.group for part in parts], with_pupils=True)).exists()


def _preferred(members: QuerySet[Contact]) -> Iterator[tuple[str, str, str]]:
    rows = ContactAddress.objects.filter(contact__in=members.values("pk"), position=0)
    rows = rows.order_by("contact__sort_key", "contact__pk")
    yield from rows.values_list("folded", "contact__display_name", "address")[: MOST_ADDRESSES + 1]


def too_large(parts: Iterable[GroupPart]) -> Mapping[int, int]:
    """Return, by the keys of their groups, the number of people that each filter finds, for filters
    that find more than a group may hold."""
    counts = {part.group_id: filters.find_members(part) for part in filters_of(parts)}
    return {pk: people.count for pk, people in counts.items() if people.is_too_large}
