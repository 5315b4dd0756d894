"""Groups that their owner shares with colleagues, to read or also to change the members.

A shared group is found by its owner, and by the colleagues whom a share names by their address or
by their school. A colleague sees the names and addresses of the members, and nothing else of the
owner's address book: an address that a colleague adds does not become a contact of the owner.
Pupils and their guardians are seen only if the owner has allowed it for this share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import StaffRecord, User
from addressbook.contacts import audiences, endings, groups, nesting, placeholders
from addressbook.contacts.audiences import Audience, GroupRecipients, UnreachedReason
from addressbook.contacts.groups import MOST_ADDRESSES, GroupFull, GroupGap
from addressbook.contacts.placeholders import FamilyValues
from addressbook.folding import fold
from addressbook.models import (
    ContactAddress,
    DirectoryEntry,
    Group,
    GroupShare,
    SharedGone,
    SharedUse,
)
from core import clock

MOST_SHARES = 200
"""The largest number of shares of one group."""
MOST_SEEN = 500
"""The largest number of groups that are shared with one user."""
Reason = SharedGone.Reason


class TooManyShares(ValueError):
    """The group would have more than `MOST_SHARES` shares."""


@dataclass(frozen=True, slots=True)
class SharedGroup:
    """A group as it is shared with one colleague."""

    group: Group
    may_edit: bool
    with_pupils: bool

    @property
    def owner_name(self) -> str:
        return self.group.user.display_name


@dataclass(frozen=True, slots=True)
class SharedGroupMember:
    """A member of a shared group. ``key`` identifies a member of the group itself, for `take_out`;
    it is "" for members of inner groups and people of the directory."""

    name: str
    address: str
    key: str = ""


# --- the owner's ---


def strangers(addresses: Iterable[str]) -> list[str]:
    """Return the addresses that belong to nobody in the directory and to no user."""
    wanted = list(dict.fromkeys(addresses))
    colleagues = set(
        DirectoryEntry.objects.filter(folded__in=wanted).values_list("folded", flat=True)
    )
    missing = [address for address in wanted if address not in colleagues]
    users = User.objects.filter(address__in=missing, mail_domain__isnull=False)
    colleagues |= {address.lower() for address in users.values_list("address", flat=True)}
    return [address for address in missing if address not in colleagues]


def share(
    group: Group,
    addresses: Iterable[str],
    school: str = "",
    *,
    may_edit: bool,
    with_pupils: bool,
) -> int:
    """Share a group with colleagues, or change their rights, and return the number of its shares.
    Raises TooManyShares."""
    wanted = [(address.lower(), "") for address in addresses]
    wanted += [("", school)] if school else []
    with transaction.atomic():
        Group.objects.select_for_update().get(pk=group.pk)
        there = set(group.shares.values_list("address", "school_uai"))
        if len(there | set(wanted)) > MOST_SHARES:
            raise TooManyShares(group.name)
        for address, uai in wanted:
            rights = {"may_edit": may_edit, "with_pupils": with_pupils}
            GroupShare.objects.update_or_create(
                group=group, address=address, school_uai=uai, defaults=rights
            )
        # A colleague who left the group gets it again when the owner shares it again.
        named = User.objects.filter(address__in=[address for address, _uai in wanted if address])
        SharedUse.objects.filter(group=group, user__in=named).update(left=None)
        SharedGone.objects.filter(group_key=group.pk, user__in=named).delete()
    return len(there | set(wanted))


def change(row: GroupShare, *, may_edit: bool) -> None:
    row.may_edit = may_edit
    row.save(update_fields=["may_edit"])


def end(row: GroupShare) -> None:
    """End a share, and tell the users who have no other share of the group."""
    group = Group.objects.select_related("user").get(pk=row.group_id)
    with transaction.atomic():
        row.delete()
        users = endings.users_of(group)
        endings.tell(
            group,
            [user for user in users if find_shared_group(user, group.pk) is None],
            Reason.ENDED,
        )


def left(group: Group) -> set[str]:
    """Return the addresses of colleagues who left the group."""
    uses = SharedUse.objects.filter(group=group).exclude(left=None)
    return {address.lower() for address in uses.values_list("user__address", flat=True)}


# --- the colleague's ---


def seen_by(user: User) -> list[SharedGroup]:
    """Return the groups that are shared with the user, by name. One query."""
    several: dict[int, SharedGroup] = {}
    for row in _shares(user)[:MOST_SEEN]:
        before = several.get(row.group_id)
        several[row.group_id] = SharedGroup(
            row.group,
            row.may_edit or bool(before and before.may_edit),
            row.with_pupils or bool(before and before.with_pupils),
        )
    return [seen for seen in several.values() if seen.with_pupils or not seen.group.is_class]


def _shares(user: User) -> QuerySet[GroupShare]:
    """Return the shares that name the user's address or the school of the user's staff record,
    without the groups that the user left."""
    has_left = SharedUse.objects.filter(group=OuterRef("group"), user=user, left__isnull=False)
    rows = GroupShare.objects.filter(_names_user(user), ~Exists(has_left), group__deleted=None)
    rows = rows.filter(group__user__is_active=True).exclude(group__user=user)
    return rows.select_related("group__user").order_by("group__folded", "group", "pk")


def _names_user(user: User) -> Q:
    if user.mail_domain_id is None:
        return Q(pk=None)
    record = StaffRecord.objects.active().filter(mail_domain=user.mail_domain_id, login=user.login)
    of_school = Q(school_uai__in=record.order_by().values("school_uai")) & ~Q(school_uai="")
    if not user.address:
        return of_school
    return of_school | Q(address=user.address.lower())


def find_shared_group(user: User, pk: int) -> SharedGroup | None:
    """Return a group that is shared with the user."""
    shares = list(_shares(user).filter(group=pk))
    if not shares:
        return None
    with_pupils = any(row.with_pupils for row in shares)
    group = shares[0].group
    if group.is_class and not with_pupils:
        return None
    return SharedGroup(group, any(row.may_edit for row in shares), with_pupils)


def named(user: User, names: Iterable[str]) -> list[SharedGroup]:
    """Return the groups with these names that are shared with the user. Accents and case do not
    count."""
    folded = {fold(name)[:200] for name in names}
    return [seen for seen in seen_by(user) if seen.group.folded in folded] if folded else []


def note_use(user: User, group: Group) -> None:
    """Record, once a day, that a user uses a group, so that the user is told when the share
    ends."""
    today = timezone.localdate()
    use, is_new = SharedUse.objects.get_or_create(group=group, user=user)
    if not is_new and use.used != today:
        SharedUse.objects.filter(pk=use.pk).update(used=today)


def leave(user: User, group: Group) -> None:
    """Hide a group from this user. The owner sees who left."""
    SharedUse.objects.update_or_create(group=group, user=user, defaults={"left": clock.now()})


def come_back(user: User, pk: int) -> bool:
    """Undo `leave`. Return False if the group is no longer shared with the user."""
    uses = SharedUse.objects.filter(user=user, group=pk)
    former = list(uses.values_list("left", flat=True))
    uses.update(left=None)
    if find_shared_group(user, pk) is not None:
        return True
    uses.update(left=former[0] if former else None)
    return False


def recipients(seen: SharedGroup, audience: str = "") -> tuple[str, ...]:
    """See `groups.recipients`."""
    return groups.recipients(seen.group, audience, with_pupils=seen.with_pupils)


def sizes(shared_groups: Iterable[SharedGroup]) -> dict[int, int]:
    """See `groups.sizes`."""
    counts: dict[int, int] = {}
    seen = list(shared_groups)
    for with_pupils in {shared.with_pupils for shared in seen}:
        alike = [shared.group for shared in seen if shared.with_pupils == with_pupils]
        counts |= groups.sizes(alike, with_pupils=with_pupils)
    return counts


def gaps(user: User, names: Iterable[str]) -> list[GroupGap]:
    """Return `groups.gaps` with the gaps of the groups that are shared with the user. A user's own
    group goes before a shared one of the same name. One query more if there is a name."""
    group_names = list(names)
    all_gaps = groups.gaps(user, group_names)
    for seen in named(user, group_names):
        own = Group.objects.of(user).filter(folded=seen.group.folded)
        unreached = reach(seen).unreached
        without = [
            person.name for person in unreached if person.reason == UnreachedReason.NO_ADDRESS
        ]
        if without and not own.exists():
            all_gaps.append(GroupGap(seen.group.name, tuple(dict.fromkeys(without)), ()))
    return all_gaps


def reach(seen: SharedGroup) -> GroupRecipients:
    """See `groups.reach`."""
    return groups.reach(seen.group, with_pupils=seen.with_pupils)


def placeholder_values(user: User, addresses: Iterable[str]) -> dict[str, FamilyValues]:
    """Return `placeholders.values_of` by the groups and classes that colleagues share with the user
    together with the pupils. No other pupil and no other class of theirs is named. Runs two
    queries, and some more for each colleague who has one of the addresses."""
    wanted = {address.lower() for address in addresses if address}
    with_families = [seen for seen in seen_by(user) if seen.with_pupils] if wanted else []
    owners = {seen.group.user_id: seen.group.user for seen in with_families}
    rows = ContactAddress.objects.filter(user__in=owners, folded__in=wanted, contact__deleted=None)
    by_address: dict[str, FamilyValues] = {}
    for owner in rows.order_by("user").values_list("user", flat=True).distinct() if owners else ():
        shared = [
            nesting.GroupPart(seen.group, "")
            for seen in with_families
            if seen.group.user_id == owner
        ]
        inner_groups = {part.group for parts in nesting.parts_of(shared) for part in parts}
        for address, family in placeholders.values_within(
            owners[owner], wanted, inner_groups
        ).items():
            by_address.setdefault(address, family)
    return by_address


def family_groups(user: User) -> dict[int, datetime]:
    """Return the keys of the groups that colleagues share with the user together with the pupils,
    and of the groups inside them; each with the time of its first share. Runs a query, and two more
    if there are such groups."""
    shares = list(_shares(user).filter(with_pupils=True)[:MOST_SEEN])
    parts_of_each = nesting.parts_of([nesting.GroupPart(row.group) for row in shares])
    begun: dict[int, datetime] = {}
    for row, parts in zip(shares, parts_of_each, strict=True):
        for part in parts:
            begun[part.group.pk] = min(row.created, begun.get(part.group.pk, row.created))
    return begun


def members(seen: SharedGroup) -> tuple[SharedGroupMember, ...]:
    """Return the members by name, those of inner groups and of the directory after the group's own.
    An address without a contact gets its name from the directory."""
    own = list(_own_members(seen))
    own += [
        SharedGroupMember("", address, f"a:{address.lower()}") for address in seen.group.external
    ]
    there = {member.address.lower() for member in own if member.address}
    audience = Audience.BOTH if seen.group.is_class else ""
    others = []
    for text in recipients(seen, audience):
        name, address = _split(text)
        if address.lower() not in there:
            others.append(SharedGroupMember(name, address))
    return tuple(_with_names([*own, *others]))


def _own_members(seen: SharedGroup) -> Iterable[SharedGroupMember]:
    rows = groups.contacts_of(seen.group, with_pupils=seen.with_pupils)
    rows = rows.order_by("sort_key", "pk")
    pairs = list(rows.values_list("pk", "display_name")[:MOST_ADDRESSES])
    first = ContactAddress.objects.filter(contact__in=rows.order_by().values("pk"), position=0)
    addresses = dict(first.order_by().values_list("contact_id", "address"))
    for pk, name in pairs:
        yield SharedGroupMember(name, addresses.get(pk, ""), f"c:{pk}")


def _split(text: str) -> tuple[str, str]:
    """Split a recipient that `keeping.recipient` wrote into name and address."""
    name, bracket, address = text.rpartition("<")
    if not bracket:
        return "", text
    return name.strip().strip('"').replace('\\"', '"'), address.rstrip(">")


def _with_names(members: Sequence[SharedGroupMember]) -> Iterable[SharedGroupMember]:
    nameless = [member.address.lower() for member in members if not member.name]
    names: dict[str, str] = {}
    for start in range(0, len(nameless), 500):
        rows = DirectoryEntry.objects.filter(folded__in=nameless[start : start + 500])
        names |= dict(rows.values_list("folded", "name"))
    for member in members:
        name = member.name or names.get(member.address.lower(), "")
        yield SharedGroupMember(name, member.address, member.key)


def add(seen: SharedGroup, addresses: Iterable[str]) -> int:
    """Add addresses to a shared group, as addresses that belong to no contact, and return how many
    were new. Raises GroupFull."""
    with transaction.atomic():
        group = Group.objects.select_for_update().get(pk=seen.group.pk)
        there = {address.lower() for address in group.external}
        of_contacts = ContactAddress.objects.filter(
            contact__groups=group, contact__deleted=None, position=0
        )
        there |= set(of_contacts.values_list("folded", flat=True))
        new = {address.lower(): address for address in addresses if address.lower() not in there}
        if group.contacts.count() + len(group.external) + len(new) > MOST_ADDRESSES:
            raise GroupFull(group.name)
        group.external = [*group.external, *new.values()]
        group.save(update_fields=["external"])
    return len(new)


def take_out(seen: SharedGroup, key: str) -> bool:
    """Remove a member by its key. A contact stays in the owner's address book. Return False if
    the member is not in the group itself, or may not be seen."""
    kind, _colon, value = key.partition(":")
    if kind == "c" and value.isascii() and value.isdigit() and len(value) < 19:
        visible = groups.contacts_of(seen.group, with_pupils=seen.with_pupils)
        there = visible.filter(pk=int(value)).values_list("pk", flat=True)
        return bool(groups.remove(seen.group, there))
    with transaction.atomic():
        group = Group.objects.select_for_update().get(pk=seen.group.pk)
        rest = [address for address in group.external if f"a:{address.lower()}" != key]
        is_gone = len(rest) < len(group.external)
        if is_gone:
            group.external = rest
            group.save(update_fields=["external"])
    return is_gone


def put_back(seen: SharedGroup, key: str) -> bool:
    """Undo `take_out`. A contact is put back only if it is the owner's. The caller has signed the
    key, so that it was in the group a moment ago."""
    kind, _colon, value = key.partition(":")
    if kind == "c":
        return bool(groups.add(seen.group, [int(value)]))
    return bool(add(seen, [value]))


def inner_of(seen: SharedGroup) -> list[str]:
    """Return the names of the groups that are in the group at any depth."""
    parts = nesting.parts(seen.group)[1:]
    return [
        audiences.label(part.group, part.audience) if part.audience else part.group.name
        for part in parts
        if seen.with_pupils or not part.group.is_class
    ]
