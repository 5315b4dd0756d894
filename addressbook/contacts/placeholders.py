"""The values of the placeholders that pupils and guardians have in a message to each.

A placeholder is the name of a field between braces: ``{élève}``, ``{classe}`` and
``{responsable}`` are those of this module.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from accounts.models import User
from addressbook.contacts import names
from addressbook.models import Contact, ContactAddress, Group, Guardianship


@dataclass(frozen=True, slots=True)
class PupilName:
    """The name of a pupil. ``number`` is the contact's key."""

    number: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class FamilyValues:
    """The values of a recipient's placeholders. ``pupil`` names the pupils whose guardian the
    recipient is, or the recipient, who is a pupil; ``class_name`` names their classes, and
    ``guardian`` the guardians. ``pupils`` are only those whose guardian the recipient is. Who gets
    no mail about a pupil counts as none of the pupil's guardians."""

    pupil: str = ""
    class_name: str = ""
    guardian: str = ""
    pupils: tuple[PupilName, ...] = ()


def values_of(user: User, addresses: Iterable[str]) -> dict[str, FamilyValues]:
    """Return the values for the guardians and pupils at these addresses, by address in lower case.
    An address that two guardians share names both. Archived classes do not count. Runs three
    queries."""
    return _values_of(user, addresses, Q(), Group.objects.of(user))


def values_within(
    owner: User, addresses: Iterable[str], groups: Collection[Group]
) -> dict[str, FamilyValues]:
    """Return `values_of` for the pupils of some of the owner's groups only. No other pupil and no
    other class is named."""
    keys = [group.pk for group in groups]
    through: Any = Group.contacts.through
    members = through.objects.filter(group__in=keys).values("contact")
    allowed_groups = Group.objects.of(owner).filter(pk__in=keys)
    return _values_of(owner, addresses, Q(pupil__in=members), allowed_groups)


def _values_of(
    user: User, addresses: Iterable[str], allowed_ties: Q, groups: QuerySet[Group]
) -> dict[str, FamilyValues]:
    wanted = {address.lower() for address in addresses if address}
    rows = ContactAddress.objects.filter(user=user, folded__in=wanted, contact__deleted=None)
    rows = rows.order_by("contact__sort_key", "contact")
    by_address: dict[str, dict[int, None]] = {}
    for address, pk in rows.values_list("folded", "contact"):
        by_address.setdefault(address, {})[pk] = None
    people = {pk for contacts in by_address.values() for pk in contacts}
    ties = list(
        Guardianship.objects.filter(
            Q(guardian__in=people) | Q(pupil__in=people),
            allowed_ties,
            user=user,
            guardian__deleted=None,
            pupil__deleted=None,
        )
        .select_related("pupil", "guardian")
        .defer("pupil__search", "pupil__vcard", "guardian__search", "guardian__vcard")
        .order_by("pupil__sort_key", "pupil", "position", "pk")
    )
    classes = _class_names(groups, {tie.pupil_id for tie in ties} | people)
    values = {
        address: _values(set(contacts), ties, classes) for address, contacts in by_address.items()
    }
    return {
        address: family for address, family in values.items() if family.pupil or family.class_name
    }


def _values(
    contacts: set[int], ties: Sequence[Guardianship], classes: Mapping[int, Sequence[str]]
) -> FamilyValues:
    """Return the values for the contacts that have one address."""
    wards = {
        tie.pupil_id: tie.pupil for tie in ties if tie.guardian_id in contacts and tie.receives_mail
    }
    own = {tie.pupil_id: tie.pupil for tie in ties if tie.pupil_id in contacts}
    pupils = wards | own
    return FamilyValues(
        pupil=_listed(pupil.display_name for pupil in pupils.values()),
        class_name=_listed(name for pk in (*pupils, *contacts) for name in classes.get(pk, ())),
        guardian=_listed(
            tie.guardian.display_name
            for tie in ties
            if tie.receives_mail
            and (tie.guardian_id in contacts or (tie.pupil_id in own and not wards))
        ),
        pupils=tuple(_pupil_name(pupil) for pupil in wards.values()),
    )


def _pupil_name(pupil: Contact) -> PupilName:
    name = names.by_order(pupil.display_name, pupil.sort_key)
    return PupilName(pupil.pk, name.first, name.last)


def _class_names(groups: QuerySet[Group], pupils: Iterable[int]) -> dict[int, list[str]]:
    classes = groups.filter(kind=Group.Kind.CLASS, archived=None, contacts__in=set(pupils))
    names: dict[int, list[str]] = {}
    for pupil, name, class_name in classes.order_by().values_list("contacts", "name", "class_name"):
        names.setdefault(pupil, []).append(class_name or name)
    return names


def _listed(names: Iterable[str]) -> str:
    """Join the names, each once: “Léa”, “Léa et Tom”, “Léa, Tom et Zoé”."""
    distinct = list(dict.fromkeys(name for name in names if name))
    if len(distinct) < 2:
        return "".join(distinct)
    return gettext("%(first)s and %(last)s") % {
        "first": ", ".join(distinct[:-1]),
        "last": distinct[-1],
    }
