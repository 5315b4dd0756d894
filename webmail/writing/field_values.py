"""The values of fields for each recipient of a message to each.

A row of the roster goes before the contact, the contact before the directory, and the typed name
comes last. The values of ``{élève}``, ``{classe}`` and ``{responsable}`` come from the pupils and
guardians of the address book, and from classes that colleagues share with their pupils.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from accounts.models import User
from addressbook.contacts import names, placeholders, sharing
from addressbook.contacts.placeholders import FamilyValues, PupilName
from webmail.writing import fields
from webmail.writing.fields import ADDRESS, CLASS, FIRST, GUARDIAN, LAST, PUPIL, WHOLE
from webmail.writing.roster_reading import Roster

NO_FAMILY: Final = FamilyValues()


@dataclass(frozen=True, slots=True)
class KnownRecipient:
    """A recipient of a message. ``first_name`` and ``last_name`` are "" if unknown. ``more`` are
    the values of other fields by their keys, and ``pupils`` those whose guardian the recipient is.
    ``is_visible`` says that all others would see the address."""

    address: str
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    group: str = ""
    is_outside: bool = False
    is_visible: bool = False
    more: tuple[tuple[str, str], ...] = ()
    pupils: tuple[PupilName, ...] = ()

    @property
    def key(self) -> str:
        return self.address.casefold()

    @property
    def shown(self) -> str:
        return self.name or self.address

    @property
    def values(self) -> dict[str, str]:
        """The values of fields for this recipient by their keys, "" if unknown."""
        of_contact = dict.fromkeys(fields.OF_CONTACTS, "")
        own = {ADDRESS: self.address, WHOLE: self.name, FIRST: self.first_name}
        return of_contact | own | {LAST: self.last_name} | dict(self.more)


def keys(roster: Roster | None) -> frozenset[str]:
    """Return the keys of all fields that a text may have."""
    return fields.OF_CONTACTS | frozenset(roster.keys if roster else ())


def known(
    user: User,
    people: Sequence[KnownRecipient],
    roster: Roster | None,
    *,
    asked: Collection[str] = (),
) -> tuple[KnownRecipient, ...]:
    """Return the recipients with all known values. A typed name is shown, and the contact tells
    first and last name. ``asked`` are the keys of the text's fields; families are read only if one
    of theirs is among them."""
    of_contacts = names.recipient_names(user, [member.address for member in people])
    of_families: dict[str, FamilyValues] = {}
    if not fields.OF_FAMILIES.isdisjoint(asked):
        of_families = _of_families(user, [member.address for member in people])
    members = (
        replace(
            member,
            name=member.name or name.shown,
            first_name=name.first,
            last_name=name.last,
            more=name.more + _of_family(family),
            pupils=family.pupils,
        )
        for member in people
        for name in [of_contacts.get(member.address.lower()) or names.split(member.name)]
        for family in [of_families.get(member.address.lower(), NO_FAMILY)]
    )
    if roster is None:
        return tuple(members)
    rows = {row.address.casefold(): row for row in roster.rows}
    empty = ("",) * len(roster.columns)
    return tuple(
        _of_row(member, roster.keys, rows[member.key].cells if member.key in rows else empty)
        for member in members
    )


def _of_families(user: User, addresses: Sequence[str]) -> dict[str, FamilyValues]:
    """Return the values from families in the user's own address book, and for other addresses those
    from classes that colleagues share."""
    own = placeholders.values_of(user, addresses)
    others = [address for address in addresses if address.lower() not in own]
    return own | sharing.placeholder_values(user, others)


def _of_family(family: FamilyValues) -> tuple[tuple[str, str], ...]:
    values = (PUPIL, family.pupil), (CLASS, family.class_name), (GUARDIAN, family.guardian)
    return tuple((key, value) for key, value in values if value)


def _of_row(member: KnownRecipient, keys: Sequence[str], cells: Sequence[str]) -> KnownRecipient:
    """Return the member with the values of a row of the roster. An empty cell keeps the earlier
    value."""
    row = dict(zip(keys, cells, strict=True))
    first = row.pop(FIRST, "") or member.first_name
    last = row.pop(LAST, "") or member.last_name
    name = row.pop(WHOLE, "") or member.name or f"{first} {last}".strip()
    more = dict(member.more)
    more |= {key: cell or more.get(key, "") for key, cell in row.items() if key != ADDRESS}
    return replace(member, name=name, first_name=first, last_name=last, more=tuple(more.items()))
