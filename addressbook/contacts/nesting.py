"""Groups in groups: added and removed without a cycle, and resolved to all groups inside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from addressbook.models import Group, GroupNesting

MOST_DEPTH = 12
"""The largest depth of nested groups, the outermost counted."""
MOST_INNER = 100
"""The largest number of groups directly in one group."""


class NestingRefused(ValueError):
    """A group cannot contain another one. Each subclass is one reason."""


class Circle(NestingRefused):
    """The group would contain itself. ``path`` are the names from the inner group to the outer
    one."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(" > ".join(path))
        self.path = tuple(path)


class TooDeep(NestingRefused):
    """More than `MOST_DEPTH` groups would be nested."""


class TooManyInner(NestingRefused):
    """The group would directly contain more than `MOST_INNER` groups."""


class HoldsPupils(NestingRefused):
    """A class can contain only pupils."""


@dataclass(frozen=True, slots=True)
class GroupPart:
    """A group that is among the recipients of another one, or is that group itself. For a class,
    ``audience`` says which of its people are meant."""

    group: Group
    audience: str = ""


def parts(group: Group, audience: str = "") -> tuple[GroupPart, ...]:
    """Return the group and all groups in it at any depth, each once, without archived ones and
    those in the bin. One query."""
    return parts_of([GroupPart(group, audience)])[0]


def parts_of(outer_parts: Sequence[GroupPart]) -> list[tuple[GroupPart, ...]]:
    """Return `parts` for each of several groups. One query, or two if one has a filter."""
    owners = {part.group.user_id for part in outer_parts}
    rows: dict[int, list[GroupNesting]] = {}
    nestings = GroupNesting.objects.filter(
        outer__user__in=owners, inner__deleted=None, inner__archived=None
    ).select_related("inner")
    for nesting in nestings if owners else ():
        rows.setdefault(nesting.outer_id, []).append(nesting)
    return [_gathered(part, rows) for part in outer_parts]


def _gathered(
    first: GroupPart, rows: Mapping[int, Iterable[GroupNesting]]
) -> tuple[GroupPart, ...]:
    """Return the groups level by level, from the outermost inwards. A cycle, which should not
    exist, would end at once."""
    seen = {(first.group.pk, first.audience): first}
    level = [first.group.pk]
    for _depth in range(MOST_DEPTH):
        inner = [nesting for pk in level for nesting in rows.get(pk, ())]
        level = []
        for nesting in inner:
            key = (nesting.inner_id, nesting.audience if nesting.inner.is_class else "")
            if key not in seen:
                seen[key] = GroupPart(nesting.inner, key[1])
                level.append(nesting.inner_id)
        if not level:
            break
    return tuple(seen.values())


def inner(group: Group) -> list[GroupNesting]:
    """Return the groups directly in the group, archived ones included, without those in the bin."""
    nestings = GroupNesting.objects.filter(outer=group, inner__deleted=None)
    return list(nestings.select_related("inner")[:MOST_INNER])


def outer_names(group: Group) -> list[str]:
    """Return the names of the groups that contain the group directly."""
    nestings = GroupNesting.objects.filter(inner=group, outer__deleted=None)
    return list(nestings.order_by("outer__folded").values_list("outer__name", flat=True))


def candidates(group: Group) -> list[Group]:
    """Return the owner's groups that can be added to the group: they are not in it, and make no
    cycle. Two queries."""
    edges = _edges(group.user)
    above = _above(group.pk, edges)
    there = {inner_pk for outer_pk, inner_pk in edges if outer_pk == group.pk}
    own = Group.objects.of(group.user).filter(archived=None)
    return [
        candidate for candidate in own if candidate.pk not in above and candidate.pk not in there
    ]


def choices(group: Group) -> list[Group]:
    """Return all other groups of the same owner that are not archived."""
    return list(Group.objects.of(group.user).filter(archived=None).exclude(pk=group.pk))


def add(group: Group, other: Group, audience: str = "") -> GroupNesting:
    """Add a group of the same owner to a group, or change the audience of one that it contains
    already. Raises NestingRefused."""
    with transaction.atomic():
        # All groups of the owner are locked: two requests that add two groups to each other at the
        # same time would make a cycle.
        names = _locked_names(group.user)
        edges = _edges(group.user)
        _check(group, other, edges, names)
        return GroupNesting.objects.update_or_create(
            outer=group, inner=other, defaults={"audience": audience if other.is_class else ""}
        )[0]


def add_allowed(group: Group, wanted: Sequence[tuple[Group, str]]) -> list[tuple[Group, str]]:
    """Add the groups that can be added, for an import. Return those that were refused, each with
    the code of its reason: ``cycle``, ``depth``, ``many`` or ``class``."""
    refused = []
    for other, audience in wanted:
        try:
            add(group, other, audience)
        except NestingRefused as error:
            refused.append((other, _CODES[type(error)]))
    return refused


_CODES: dict[type[NestingRefused], str] = {
    Circle: "cycle",
    TooDeep: "depth",
    TooManyInner: "many",
    HoldsPupils: "class",
}


def remove(nesting: GroupNesting) -> None:
    """Remove a group from another one. Both groups stay."""
    nesting.delete()


def succeed(former: Group, new: Group) -> None:
    """Add the class of the new year to the groups that contain the archived one. The archived class
    keeps its place, in case it is restored."""
    rows = GroupNesting.objects.filter(inner=former).exclude(outer=new)
    GroupNesting.objects.bulk_create(
        [GroupNesting(outer_id=row.outer_id, inner=new, audience=row.audience) for row in rows],
        ignore_conflicts=True,
    )


def _locked_names(user: User) -> dict[int, str]:
    rows = Group.objects.select_for_update().filter(user=user).order_by("pk")
    return dict(rows.values_list("pk", "name"))


_Edges = Collection[tuple[int, int]]


def _edges(user: User) -> _Edges:
    """Return the keys of outer and inner group of each nesting. Those in the bin count too, so that
    a restored group makes no cycle."""
    rows = GroupNesting.objects.filter(outer__user=user).order_by()
    return set(rows.values_list("outer_id", "inner_id"))


def _above(pk: int, edges: _Edges) -> set[int]:
    """Return the group and all groups that contain it."""
    outers, waiting = {pk}, [pk]
    outer: dict[int, list[int]] = {}
    for outer_pk, inner_pk in edges:
        outer.setdefault(inner_pk, []).append(outer_pk)
    while waiting:
        for above in outer.get(waiting.pop(), ()):
            if above not in outers:
                outers.add(above)
                waiting.append(above)
    return outers


def _check(group: Group, other: Group, edges: _Edges, names: Mapping[int, str]) -> None:
    if group.is_class:
        raise HoldsPupils(group.name)
    if path := _path(other.pk, group.pk, edges):
        raise Circle([names.get(pk, "") for pk in path])
    directly = {inner_pk for outer_pk, inner_pk in edges if outer_pk == group.pk}
    if len(directly | {other.pk}) > MOST_INNER:
        raise TooManyInner(group.name)
    upwards = {(inner_pk, outer_pk) for outer_pk, inner_pk in edges}
    if _depth(group.pk, upwards) + _depth(other.pk, edges) > MOST_DEPTH:
        raise TooDeep(group.name)


def _path(first: int, last: int, edges: _Edges) -> list[int]:
    """Return the shortest path from a group inwards to another one, or []."""
    below = _below(edges)
    came_from: dict[int, int] = {first: first}
    waiting = [first]
    for pk in waiting:
        if pk == last:
            path = [pk]
            while path[-1] != first:
                path.append(came_from[path[-1]])
            return path[::-1]
        for inner_pk in below.get(pk, ()):
            if inner_pk not in came_from:
                came_from[inner_pk] = pk
                waiting.append(inner_pk)
    return []


def _depth(pk: int, edges: _Edges) -> int:
    """Return the depth of the groups nested in this one, itself counted."""
    below, level, depth = _below(edges), {pk}, 0
    while level and depth <= MOST_DEPTH:
        depth += 1
        level = {inner_pk for pk in level for inner_pk in below.get(pk, ())}
    return depth


def _below(edges: _Edges) -> dict[int, list[int]]:
    below: dict[int, list[int]] = {}
    for outer_pk, inner_pk in edges:
        below.setdefault(outer_pk, []).append(inner_pk)
    return below
