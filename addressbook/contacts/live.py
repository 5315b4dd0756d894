"""Groups that contain people of the directory: their recipients at this moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import User
from addressbook.contacts import groups, nesting, sharing
from addressbook.contacts.nesting import GroupPart
from addressbook.directory import filters
from addressbook.folding import fold
from addressbook.models import Group


@dataclass(frozen=True, slots=True)
class LiveGroup:
    """The recipients of such a group now. ``is_too_large`` says that the directory has more
    matching people than a group may hold; none of them is then among the recipients."""

    recipients: tuple[str, ...]
    is_too_large: bool = False


def find_live_groups(user: User, names: Iterable[str]) -> dict[str, LiveGroup]:
    """Return, by name as given, the groups that contain people of the directory directly or by an
    inner group: those of the user, and those shared with the user. Two queries if there is none."""
    folded_names = {name: fold(name)[:200] for name in names}
    folded = set(folded_names.values())
    if not folded:
        return {}
    by_folded: dict[str, LiveGroup] = {}
    own = list(Group.objects.of(user).filter(folded__in=folded))
    shared_groups = sharing.named(user, folded - {group.folded for group in own})
    candidates = [(group, True) for group in own]
    candidates += [(shared.group, shared.with_pupils) for shared in shared_groups]
    if not candidates:
        return {}
    of_each = nesting.parts_of([GroupPart(group) for group, _pupils in candidates])
    filtered = {
        part.group_id for part in groups.filters_of(part for parts in of_each for part in parts)
    }
    for (group, with_pupils), parts in zip(candidates, of_each, strict=True):
        if filtered & {part.group.pk for part in parts}:
            people = groups.recipients(group, with_pupils=with_pupils)
            by_folded[group.folded] = LiveGroup(people, bool(groups.too_large(parts)))
    return {name: by_folded[key] for name, key in folded_names.items() if key in by_folded}


def most() -> int:
    """Return how many people of the directory a group may hold."""
    return filters.most()
