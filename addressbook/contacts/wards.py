"""The pupils of whoever writes from an address, with their classes and their other guardians."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from accounts.models import User
from addressbook.models import Group, Guardianship

MOST_WARDS = 5
"""The largest number of pupils that are named beside one sender."""
_MOST_OTHERS = 50


@dataclass(frozen=True, slots=True)
class Ward:
    """A pupil of a guardian. ``classes`` and ``others``, the other guardians, are names."""

    tie: Guardianship
    classes: tuple[str, ...]
    others: tuple[str, ...]


def wards_at(user: User, address: str) -> tuple[Ward, ...]:
    """Return the pupils of the user's contacts who have this address, or had it. Three queries."""
    living = Guardianship.objects.filter(user=user, guardian__deleted=None, pupil__deleted=None)
    known_ties = living.filter(guardian__addresses__folded=address.lower()).select_related("pupil")
    ties = list(known_ties.order_by("pupil__sort_key", "pupil", "-position", "-pk")[:MOST_WARDS])
    own = {tie.pupil_id: tie for tie in ties}
    writers = {tie.guardian_id for tie in ties}
    others, classes = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list)
    beside = living.filter(pupil__in=own).exclude(guardian__in=writers)
    named = beside.order_by("position", "pk").values_list("pupil", "guardian__display_name")
    for pupil, name in named[:_MOST_OTHERS]:
        others[pupil].append(name)
    current = Group.objects.of(user).filter(kind=Group.Kind.CLASS, archived=None, contacts__in=own)
    for pupil, name in current.order_by("folded").values_list("contacts", "name"):
        classes[pupil].append(name)
    return tuple(Ward(tie, tuple(classes[pk]), tuple(others[pk])) for pk, tie in own.items())
