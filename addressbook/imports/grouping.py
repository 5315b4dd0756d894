"""Update the groups of the address book from the groups of the files.

A contact that is in the file's group only is added. A contact that is in the address book's group,
but only in other groups of the file, has moved: it leaves the group, if duplicates are merged or
replaced. All other contacts of the address book's group stay, for the user to check.

The file of a class has all its pupils. A pupil who is in the class and not in the file has left,
and is removed if the user ticked the name (`ImportJob.leavers`). So has a pupil of another class of
which at least half (three quarters of one of a former year) is now in the file, unless a class of a
later year has the pupil. A class of a former year with the same name is archived, and
the file's class is a new one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Max

from accounts.models import User
from addressbook.contacts import archiving, groups, nesting
from addressbook.contacts.audiences import Audience
from addressbook.contacts.groups import MOST_ADDRESSES
from addressbook.folding import fold
from addressbook.models import (
    Contact,
    Group,
    GroupNesting,
    ImportGroup,
    ImportJob,
    ImportPart,
    ImportRow,
)

Decision, Policy = ImportRow.Decision, ImportJob.Policy

_Members = Any  # the model of a relation that Django creates
# A contact of the address book by its key, or a row without a contact by its number.
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class GroupChange:
    """The change of one group.

    ``group`` is None for a new one. ``added`` does not count the contacts who ``moved`` here;
    ``removed`` are those who moved to other groups. In a class, ``stayers`` are pupils who are not
    in the file, ``moved_from`` are classes of the address book with the pupils who come from them,
    and ``archives`` is the class of a former year with the same name. ``behind`` are pupils who are
    not in the file, each after the class whose other pupils come here; ``behind_size`` counts all
    pupils of these classes. ``beyond`` counts contacts for which the group has no room.
    """

    staged: ImportGroup
    group: Group | None
    keys: tuple[Key, ...]
    removed: tuple[int, ...]
    external: tuple[str, ...]
    added: int
    moved: int
    to_check: int
    stayers: tuple[int, ...] = ()
    moved_from: tuple[tuple[int, int], ...] = ()
    archives: Group | None = None
    size: int = 0
    beyond: int = 0
    behind: tuple[tuple[int, int], ...] = ()
    behind_size: int = 0

    @property
    def name(self) -> str:
        return self.staged.name

    @property
    def is_new(self) -> bool:
        return self.group is None


def changes(part: ImportPart, policy: str, written: Mapping[int, int]) -> list[GroupChange]:
    """Return the change of each group of a part. ``written`` has the keys of contacts by the
    numbers of their rows; it is empty before anything is written."""
    staged = list(part.staged_groups.order_by("number"))
    if not staged:
        return []
    found_keys = keys(part, policy, written)
    wanted = {
        group.pk: dict.fromkeys(
            found_keys[number] for number in group.members if number in found_keys
        )
        for group in staged
    }
    there = _present_groups(part.user, [group.folded for group in staged]) if part.user else {}
    former = {
        group.folded: there.pop(group.folded).group
        for group in staged
        if group.folded in there and _is_former(there[group.folded].group, group)
    }
    moves = _Moves()
    if policy in (Policy.MERGE, Policy.REPLACE):
        moves.follow(staged, wanted, there)
    group_changes = [
        _change(group, wanted[group.pk], there.get(group.folded), moves) for group in staged
    ]
    if policy == Policy.KEEP:
        # With this policy all people of the file are new, so nobody counts as having left.
        group_changes = [replace(change, stayers=()) for change in group_changes]
    elsewhere = _elsewhere(part.user, there, group_changes) if part.user else {}
    group_changes = [_with_class(change, elsewhere, former) for change in group_changes]
    if not elsewhere or policy == Policy.KEEP:
        return group_changes
    listed = {pk for members in wanted.values() for kind, pk in members if kind == "contact"}
    return _with_behind(group_changes, elsewhere, listed)


def _with_behind(
    group_changes: Sequence[GroupChange],
    elsewhere: Mapping[int, Sequence[tuple[int, int]]],
    listed: Collection[int],
) -> list[GroupChange]:
    """Name the pupils whose class goes on without them, each with the first class of the file that
    takes pupils of that class."""
    years_of = dict(pair for pairs in elsewhere.values() for pair in pairs)
    newest = max(change.staged.school_year or 0 for change in group_changes)
    going_on = {
        group: members
        for group, members in _members(years_of).items()
        if len(members.intersection(listed)) >= len(members) * _SHARE[years_of[group] < newest]
    }
    placed = _newest_years(pk for members in going_on.values() for pk in members)
    told: list[GroupChange] = []
    for change in group_changes:
        left = _classes_left(change, elsewhere)
        classes = {group: going_on.pop(group) for group in left if group in going_on}
        behind = [
            (group, pk)
            for group, members in classes.items()
            for pk in members.difference(listed)
            if placed[pk] <= years_of[group]
        ]
        told.append(
            replace(
                change,
                behind=tuple(sorted(behind)),
                behind_size=sum(map(len, classes.values())),
                to_check=change.to_check + len(behind),
            )
        )
    return told


_SHARE = {False: 1 / 2, True: 3 / 4}
"""The part of a class that must be in the file for the others to count as having left. It is larger
for a class of a former year, since classes are mixed in the holidays."""


def _newest_years(pks: Iterable[int]) -> dict[int, int]:
    """Return the latest year of the classes of each pupil."""
    classes = Contact.objects.filter(
        pk__in=set(pks), groups__kind=Group.Kind.CLASS, groups__deleted=None
    )
    latest = classes.order_by().values_list("pk").annotate(Max("groups__school_year"))
    return {pk: year or 0 for pk, year in latest}


def _classes_left(
    change: GroupChange, elsewhere: Mapping[int, Sequence[tuple[int, int]]]
) -> list[int]:
    """Return the classes, of this year or former ones, that pupils leave for a class of the
    file."""
    if not change.staged.is_class:
        return []
    pairs = [
        pair for kind, pk in change.keys if kind == "contact" for pair in elsewhere.get(pk, ())
    ]
    return [group for group, year in pairs if year <= (change.staged.school_year or 0)]


def _members(pks: Iterable[int]) -> dict[int, set[int]]:
    """Return the contacts outside the bin and the archive that are in each of these groups."""
    through: _Members = Group.contacts.through
    rows = through.objects.filter(group__in=pks, contact__deleted=None, contact__archived=None)
    members: dict[int, set[int]] = {}
    for group, contact in rows.values_list("group_id", "contact_id"):
        members.setdefault(group, set()).add(contact)
    return members


def _is_former(group: Group, staged: ImportGroup) -> bool:
    return (
        staged.is_class and group.is_class and (group.school_year or 0) < (staged.school_year or 0)
    )


def _elsewhere(
    user: User, there: Mapping[str, _PresentGroup], group_changes: Sequence[GroupChange]
) -> dict[int, list[tuple[int, int]]]:
    """Return, by pupil, the classes of the address book that pupils who are new in a class of the
    file are in, each with its year. Classes of the file are left out."""
    new = {pk for change in group_changes if change.staged.is_class for kind, pk in change.keys
           if kind == "contact"}  # fmt: skip
    if not new:
        return {}
    classes = Group.objects.of(user).filter(kind=Group.Kind.CLASS, archived=None)
    classes = classes.exclude(pk__in=[entry.group.pk for entry in there.values()])
    through: _Members = Group.contacts.through
    rows = through.objects.filter(group__in=classes, contact__in=new)
    elsewhere: dict[int, list[tuple[int, int]]] = {}
    for group, year, contact in rows.values_list("group_id", "group__school_year", "contact_id"):
        elsewhere.setdefault(contact, []).append((group, year or 0))
    return elsewhere


def _with_class(
    change: GroupChange,
    elsewhere: Mapping[int, Sequence[tuple[int, int]]],
    former: Mapping[str, Group],
) -> GroupChange:
    if not change.staged.is_class:
        return change
    moved_from = tuple(
        (group, pk)
        for kind, pk in change.keys
        if kind == "contact"
        for group, year in elsewhere.get(pk, ())
        if year == (change.staged.school_year or 0)
    )
    moved = len({pk for _group, pk in moved_from})
    return replace(
        change,
        added=max(0, change.added - moved),
        moved=change.moved + moved,
        moved_from=moved_from,
        archives=former.get(change.staged.folded),
    )


@dataclass(frozen=True, slots=True)
class _PresentGroup:
    group: Group
    members: frozenset[int]


def keys(part: ImportPart, policy: str, written: Mapping[int, int]) -> dict[int, Key]:
    """Return the contact of each accepted row by the row's number."""
    by_number: dict[int, Key] = {}
    heads: dict[int, int] = {}
    rows = part.rows.exclude(decision=Decision.REFUSED).order_by("number")
    keeps_both = policy == Policy.KEEP
    same = ("twin_row", "twin_id") if keeps_both else ("head", "contact_id")
    facts = rows.values_list("number", *same, "decision")
    for number, head, contact, decision in facts.iterator(chunk_size=2000):
        is_own = keeps_both and decision == Decision.NEW
        if number in written:
            by_number[number] = ("contact", written[number])
        elif contact and not is_own:
            by_number[number] = ("contact", contact)
        elif head is not None and not is_own:
            heads[number] = head
        else:
            by_number[number] = ("row", number)
    for number, head in heads.items():
        if head in by_number:
            by_number[number] = by_number[head]
    return by_number


def _present_groups(user: User, names: Iterable[str]) -> dict[str, _PresentGroup]:
    own_groups = list(Group.objects.of(user).filter(folded__in=list(names)))
    through: _Members = Group.contacts.through
    rows = through.objects.filter(group__in=own_groups, contact__deleted=None)
    members: dict[int, set[int]] = {}
    for group, contact in rows.values_list("group_id", "contact_id"):
        members.setdefault(group, set()).add(contact)
    return {
        group.folded: _PresentGroup(group, frozenset(members.get(group.pk, ())))
        for group in own_groups
    }


@dataclass(slots=True)
class _Moves:
    """The contacts who leave a group for another one of the file, and those who arrive so, by the
    keys of staged groups."""

    leaving: dict[int, set[int]] = field(default_factory=dict)
    arriving: dict[int, set[int]] = field(default_factory=dict)

    def follow(
        self,
        staged: Sequence[ImportGroup],
        wanted: Mapping[int, Mapping[Key, None]],
        there: Mapping[str, _PresentGroup],
    ) -> None:
        """Note all who move. A contact arrives in the first group where the contact is new."""
        arrives: dict[int, int] = {}
        for group in staged:
            old = there.get(group.folded)
            for kind, pk in wanted[group.pk]:
                if kind == "contact" and (old is None or pk not in old.members):
                    arrives.setdefault(pk, group.pk)
        for group in staged:
            old = there.get(group.folded)
            for pk in old.members if old else ():
                if pk in arrives and ("contact", pk) not in wanted[group.pk]:
                    self.leaving.setdefault(group.pk, set()).add(pk)
                    self.arriving.setdefault(arrives[pk], set()).add(pk)


def _change(
    staged: ImportGroup,
    wanted: Mapping[Key, None],
    old: _PresentGroup | None,
    moves: _Moves,
) -> GroupChange:
    members = old.members if old else frozenset()
    external = list(old.group.external) if old else []
    addresses = {address.lower() for address in external}
    external += [address for address in staged.external if address.lower() not in addresses]
    gone = moves.leaving.get(staged.pk, set())
    removed = tuple(sorted(gone))
    new = [key for key in wanted if key[0] == "row" or key[1] not in members]
    space = MOST_ADDRESSES - len(members) - len(external) + len(removed)
    beyond = max(0, len(new) - max(0, space))
    new = new[: len(new) - beyond]
    arrived = moves.arriving.get(staged.pk, set())
    moved = sum(key[0] == "contact" and key[1] in arrived for key in new)
    stayers = sorted(pk for pk in members if ("contact", pk) not in wanted and pk not in gone)
    stay = len(stayers)
    return GroupChange(
        staged=staged,
        group=old.group if old else None,
        keys=tuple(new),
        removed=removed,
        external=tuple(external[:MOST_ADDRESSES]),
        added=len(new) - moved,
        moved=moved,
        to_check=stay + staged.missing,
        stayers=tuple(stayers) if staged.is_class else (),
        size=len(members),
        beyond=beyond + max(0, len(external) - MOST_ADDRESSES),
    )


def apply(
    part: ImportPart, policy: str, written: Mapping[int, int], leavers: Collection[int] = ()
) -> tuple[list[int], int]:
    """Write all groups of a part, with the values that undo needs, in the caller's transaction.
    Return the pupils among ``leavers`` who left a class and are now archived, and the number of
    contacts for which groups had no room."""
    assert part.user is not None  # noqa: S101  the part was written
    through: _Members = Group.contacts.through
    memberships: list[_Members] = []
    left: list[int] = []
    beyond = 0
    for change in changes(part, policy, written):
        beyond += change.beyond
        staged, group = change.staged, change.group
        if change.archives:
            archiving.archive_group(change.archives)
            staged.archives = change.archives
        if group is None:
            group = _create(part.user, staged)
            if change.archives:
                nesting.succeed(change.archives, group)
        gone = [pk for pk in change.stayers if pk in leavers]
        behind = [[other, pk] for other, pk in change.behind if pk in leavers]
        left += [*gone, *(pk for _other, pk in behind)]
        staged.group, staged.is_new = group, change.is_new
        staged.before, staged.after = group.external, list(change.external)
        staged.added = [pk for kind, pk in change.keys if kind == "contact"]
        staged.removed = [*change.removed, *gone]
        remaining = (*change.stayers, *(pk for _other, pk in change.behind))
        staged.stayed = [pk for pk in remaining if pk not in leavers]
        staged.moved_from = [*map(list, change.moved_from), *behind]
        staged.moved = change.moved
        staged.to_check = change.to_check - len(gone) - len(behind)
        staged.is_written = True
        staged.save()
        if staged.before != staged.after:
            Group.objects.filter(pk=group.pk).update(external=staged.after)
        through.objects.filter(group=group, contact__in=staged.removed).delete()
        for other, pk in staged.moved_from:
            through.objects.filter(group=other, contact=pk).delete()
        memberships += [through(group_id=group.pk, contact_id=pk) for pk in staged.added]
    through.objects.bulk_create(memberships, batch_size=500, ignore_conflicts=True)
    _nest(part)
    return archiving.archive_contacts(part.user, left), beyond


MOST_NESTED = 500
"""The largest number of groups that one import puts into others; the rest is refused."""


def _nest(part: ImportPart) -> None:
    """Put the groups of the file into each other. Refused ones are named in the report, and
    existing nestings stay."""
    written = part.staged_groups.filter(is_written=True, is_undone=False).select_related("group")
    wanted = [
        (row, row.group, row.inner)
        for row in written.order_by("number")
        if row.inner and row.group and part.user
    ]
    names = {fold(name)[:200] for _staged, _group, inner in wanted for name, _audience in inner}
    rows_of_names = Group.objects.filter(user=part.user, deleted=None, folded__in=names)
    groups_by_name = {row.folded: row for row in rows_of_names} if wanted else {}
    left = MOST_NESTED
    for staged, group, inner in wanted:
        inner_keys = set(GroupNesting.objects.filter(outer=group).values_list("inner", flat=True))
        new = [
            (other, audience if audience in tuple(Audience) else "")
            for name, audience in inner
            if (other := groups_by_name.get(fold(name)[:200])) and other.pk not in inner_keys
        ]
        refused = nesting.add_allowed(group, new[:left])
        refused += [(other, "many") for other, _audience in new[left:]]
        left = max(0, left - len(new))
        gone = {other.pk for other, _code in refused}
        added = [other.pk for other, _audience in new if other.pk not in gone]
        rows = GroupNesting.objects.filter(outer=group, inner__in=added)
        staged.nested = list(rows.values_list("pk", flat=True))
        staged.not_nested = [[other.name, code] for other, code in refused]
        staged.save(update_fields=["nested", "not_nested"])


def bring_back(part: ImportPart, policy: str, written: Mapping[int, int]) -> dict[int, datetime]:
    """Take the pupils in lists of classes out of the archive, and return what undo needs. Runs in
    the caller's transaction."""
    if not part.staged_groups.filter(is_class=True).exists():
        return {}
    contact_keys = keys(part, policy, written).values()
    return archiving.unarchive_contacts(
        part.user, {pk for kind, pk in contact_keys if kind == "contact"}
    )


def _create(user: User, staged: ImportGroup) -> Group:
    return Group.objects.create(
        user=user,
        name=staged.name,
        folded=staged.folded,
        kind=Group.Kind.CLASS if staged.is_class else Group.Kind.ORDINARY,
        class_name=staged.name if staged.is_class else "",
        school_year=staged.school_year if staged.is_class else None,
    )


def take_back(part: ImportPart, *, erase: bool) -> int:
    """Restore the groups, and return how many stay because the user has changed them since. Groups
    that the import made go into the bin, or are deleted with ``erase``. Runs in the caller's
    transaction."""
    kept_count = 0
    written = part.staged_groups.filter(is_written=True, is_undone=False)
    for staged in written.select_related("archives").order_by("-number"):
        GroupNesting.objects.filter(pk__in=staged.nested or ()).delete()
        group = Group.objects.filter(pk=staged.group_id or 0, deleted=None).first()
        if group and staged.is_new:
            staged.is_kept = not _remove(group, staged, erase=erase)
        elif group:
            staged.is_kept = not _restore(group, staged)
        for other, pk in staged.moved_from:
            _put_back(part, other, [pk])
        if staged.archives and staged.archives.deleted is None and not staged.is_kept:
            archiving.unarchive_group(staged.archives)
        staged.is_undone = True
        kept_count += staged.is_kept
        staged.save(update_fields=["is_undone", "is_kept", "group"])
    return kept_count


def _put_back(part: ImportPart, group: int, pks: Sequence[int]) -> None:
    own = Group.objects.filter(pk=group, user=part.user, deleted=None).first()
    if own:
        own.contacts.add(*Contact.objects.filter(pk__in=pks, user=part.user))


def _remove(group: Group, staged: ImportGroup, *, erase: bool) -> bool:
    """Remove a group that the import made. Return False if the user has changed its name, contacts
    or addresses."""
    others = group.contacts.filter(deleted=None).exclude(pk__in=staged.added)
    if others.exists() or group.external != staged.after or group.folded != staged.folded:
        return False
    if erase:
        staged.group = None
        group.delete()
    else:
        groups.delete(group)
    return True


def _restore(group: Group, staged: ImportGroup) -> bool:
    """Restore the members and other addresses of a group. Return False if the user has changed the
    addresses since."""
    through: _Members = Group.contacts.through
    through.objects.filter(group=group, contact__in=staged.added).delete()
    back = Contact.objects.filter(pk__in=staged.removed, user_id=group.user_id)
    group.contacts.add(*back)
    if staged.before == staged.after or group.external == staged.before:
        return True
    if group.external != staged.after:
        return False
    Group.objects.filter(pk=group.pk).update(external=staged.before)
    return True
