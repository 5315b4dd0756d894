"""Groups in groups: which groups a group stands for, put in and taken out without a circle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from addressbook.models import Group, GroupNesting

MOST_DEPTH = 12
"""Groups one in another, the outermost counted."""
MOST_INNER = 100
"""Groups directly in one group."""


class NestingRefused(ValueError):
    """A group cannot hold another one. Each subclass is one reason."""


class Circle(NestingRefused):
    """The group would hold itself. ``path`` are the names from the inner group to the outer."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(" > ".join(path))
        self.path = tuple(path)


class TooDeep(NestingRefused):
    """More than twelve groups would stand one in another."""


class TooManyInner(NestingRefused):
    """The group would hold more than a hundred others directly."""


class HoldsPupils(NestingRefused):
    """A class holds pupils alone."""


@dataclass(frozen=True, slots=True)
class Part:
    """A group that another one stands for, itself included; of a class a part of its people."""

    group: Group
    audience: str = ""


def parts(group: Group, audience: str = "") -> tuple[Part, ...]:
    """The group and all that are in it at any depth, each once, without those in the bin and
    without archived ones. One query."""
    return parts_of([Part(group, audience)])[0]


def parts_of(several: Sequence[Part]) -> list[tuple[Part, ...]]:
    """`parts` of each of several groups. One query, two where one has a filter."""
    owners = {part.group.user_id for part in several}
    rows: dict[int, list[GroupNesting]] = {}
    nestings = GroupNesting.objects.filter(
        outer__user__in=owners, inner__deleted=None, inner__archived=None
    ).select_related("inner")
    for nesting in nestings if owners else ():
        rows.setdefault(nesting.outer_id, []).append(nesting)
    return [_gathered(part, rows) for part in several]


def _gathered(first: Part, rows: Mapping[int, Iterable[GroupNesting]]) -> tuple[Part, ...]:
    """The groups from the outermost inwards, level by level: a circle, if there were one, ends at
    once."""
    seen = {(first.group.pk, first.audience): first}
    level = [first.group.pk]
    for _depth in range(MOST_DEPTH):
        inner = [nesting for pk in level for nesting in rows.get(pk, ())]
        level = []
        for nesting in inner:
            key = (nesting.inner_id, nesting.audience if nesting.inner.is_class else "")
            if key not in seen:
                seen[key] = Part(nesting.inner, key[1])
                level.append(nesting.inner_id)
        if not level:
            break
    return tuple(seen.values())


def inner(group: Group) -> list[GroupNesting]:
    """The groups directly in it that are not in the bin, archived ones too."""
    nestings = GroupNesting.objects.filter(outer=group, inner__deleted=None)
    return list(nestings.select_related("inner")[:MOST_INNER])


def outer_names(group: Group) -> list[str]:
    """The groups that it is directly in."""
    nestings = GroupNesting.objects.filter(inner=group, outer__deleted=None)
    return list(nestings.order_by("outer__folded").values_list("outer__name", flat=True))


def candidates(group: Group) -> list[Group]:
    """The groups of the same owner that may be put into it: no circle, and not there already.
    Two queries."""
    edges = _edges(group.user)
    above = _above(group.pk, edges)
    there = {inner_pk for outer_pk, inner_pk in edges if outer_pk == group.pk}
    own = Group.objects.of(group.user).filter(archived=None)
    return [
        candidate for candidate in own if candidate.pk not in above and candidate.pk not in there
    ]


def choices(group: Group) -> list[Group]:
    """All other groups of the same owner that are not archived."""
    return list(Group.objects.of(group.user).filter(archived=None).exclude(pk=group.pk))


def add(group: Group, other: Group, audience: str = "") -> GroupNesting:
    """Put a group of the same owner into a group; there already, it stands for this part of its
    people from now on. Raises NestingRefused."""
    with transaction.atomic():
        # All of the owner's: two groups put into each other at once would be a circle.
        names = _locked_names(group.user)
        edges = _edges(group.user)
        _check(group, other, edges, names)
        return GroupNesting.objects.update_or_create(
            outer=group, inner=other, defaults={"audience": audience if other.is_class else ""}
        )[0]


def add_allowed(group: Group, wanted: Sequence[tuple[Group, str]]) -> list[tuple[Group, str]]:
    """Put in those that may be, for an import; those that were refused, each with the reason's
    code: ``cycle``, ``depth``, ``many`` or ``class``."""
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
    """Take a group out of another; both stay."""
    nesting.delete()


def succeed(former: Group, new: Group) -> None:
    """The class of the new year takes the place of the archived one in the groups that this is in,
    whose own row stays for the day when it comes back."""
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
    """Outer and inner of each, those in the bin too: a group that comes back makes no circle."""
    rows = GroupNesting.objects.filter(outer__user=user).order_by()
    return set(rows.values_list("outer_id", "inner_id"))


def _above(pk: int, edges: _Edges) -> set[int]:
    """The group and all that hold it."""
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
    """The shortest way from a group inwards to another; [] for none."""
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
    """The number of groups that stand one in another from this one on, itself counted."""
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
