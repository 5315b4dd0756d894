"""The families of a class: its pupils, each with the guardians.

A pupil and a guardian are contacts as all others; a `Guardianship` ties them (`ties`). A contact
is a pupil where it has guardians or is in a class, a guardian where it has pupils.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet, Value

from addressbook import vcard
from addressbook.contact_data import FORMER
from addressbook.contacts.keeping import recipient
from addressbook.models import ContactAddress, Group, Guardianship


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """A pupil or a guardian. ``addresses`` has the preferred address first."""

    pk: int
    name: str
    first_name: str = ""
    last_name: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return self.addresses[0] if self.addresses else ""

    @property
    def recipient(self) -> str:
        return recipient(self.name, self.address)


@dataclass(frozen=True, slots=True)
class Guardian:
    """A guardian of one pupil."""

    member: FamilyMember
    relation: str = ""
    receives_mail: bool = True
    is_legal: bool = True


@dataclass(frozen=True, slots=True)
class Family:
    """A pupil of a class with the guardians in their order, the first guardian first."""

    pupil: FamilyMember
    class_name: str
    guardians: tuple[Guardian, ...] = ()


def of_class(group: Group) -> tuple[Family, ...]:
    """Return the families of a class, by the pupils in the order of the address book. Runs three
    queries, whatever the number of pupils."""
    return _of_classes([group], F("contact__vcard"), F("guardian__vcard"))[group.pk]


def of_classes(classes: Sequence[Group]) -> dict[int, tuple[Family, ...]]:
    """Return the families of several classes, by the keys of the classes. First and last names are
    left empty, so that no card is read. Runs three queries, whatever the number of classes."""
    return _of_classes(classes, Value(""), Value(""))


_Card = F | Value


def _of_classes(
    classes: Sequence[Group], pupil_card: _Card, guardian_card: _Card
) -> dict[int, tuple[Family, ...]]:
    """Return the families of classes. First and last names are read from the cards that the two
    expressions select, and left empty where these select ""."""
    if not classes:
        return {}
    through: Any = Group.contacts.through
    rows = through.objects.filter(group__in=classes, contact__deleted=None)
    columns = ("group_id", "contact_id", "contact__display_name", pupil_card)
    pupils = list(rows.order_by("contact__sort_key", "contact").values_list(*columns))
    members = rows.order_by().values("contact")
    ties = list(
        Guardianship.objects.filter(pupil__in=members, guardian__deleted=None)
        .order_by("pupil", "position", "pk")
        .values_list(
            *("pupil_id", "guardian_id", "guardian__display_name", guardian_card),
            *("relation", "receives_mail", "is_legal"),
        )
    )
    cards = {pk: (name, card) for _group, pk, name, card in pupils}
    cards |= {pk: (name, card) for _pupil, pk, name, card, *_tie in ties}
    addresses = _addresses(members)
    members_by_key = {
        pk: _member(pk, name, card, addresses.get(pk, ())) for pk, (name, card) in cards.items()
    }
    by_pupil: dict[int, list[Guardian]] = {}
    for pupil, pk, _name, _card, *tie in ties:
        by_pupil.setdefault(pupil, []).append(Guardian(members_by_key[pk], *tie))
    families: dict[int, list[Family]] = {group.pk: [] for group in classes}
    names = {group.pk: group.class_name or group.name for group in classes}
    for key, pk, _name, _card in pupils:
        family = Family(members_by_key[pk], names[key], tuple(by_pupil.get(pk, ())))
        families[key].append(family)
    return {key: tuple(of_class) for key, of_class in families.items()}


def _addresses(members: QuerySet) -> dict[int, list[str]]:
    """Return the addresses of pupils and of their guardians, by the keys of the contacts, without
    former ones."""
    guardians = Guardianship.objects.filter(pupil__in=members).order_by().values("guardian")
    rows = ContactAddress.objects.filter(Q(contact__in=members) | Q(contact__in=guardians))
    rows = rows.exclude(type=FORMER)
    by_contact: dict[int, list[str]] = {}
    for pk, address in rows.order_by("contact", "position").values_list("contact_id", "address"):
        by_contact.setdefault(pk, []).append(address)
    return by_contact


def _member(pk: int, name: str, card: str, addresses: Sequence[str]) -> FamilyMember:
    if not card:
        return FamilyMember(pk, name, addresses=tuple(addresses))
    data = vcard.read_one(card)
    return FamilyMember(pk, name, data.first_name, data.last_name, tuple(addresses))
