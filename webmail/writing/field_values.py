"""The values of fields for each recipient of a message to each: the one place they come from.

A row of the roster goes before the contact, the contact before the directory, and what was typed in
the field of recipients comes last. ``{élève}``, ``{classe}`` and ``{responsable}`` are told by the
pupils and guardians of the address book, and by classes that colleagues share with their pupils.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from accounts.models import User
from addressbook.contacts import families, names, sharing
from addressbook.contacts.families import FamilyWords, PupilName
from webmail.writing import fields
from webmail.writing.fields import ADDRESS, CLASS, FIRST, GUARDIAN, LAST, PUPIL, WHOLE
from webmail.writing.roster_reading import Roster

NO_FAMILY: Final = FamilyWords()


@dataclass(frozen=True, slots=True)
class Member:
    """One of those a message goes to. ``first_name`` and ``last_name`` are "" where nobody knows
    them; ``more`` are the other fields that are known of him, by their keys; ``pupils`` those whose
    guardian he is. ``is_visible``: all others would see the address."""

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
        """The values of fields for this person, by their keys; "" where one is not known."""
        of_contact = dict.fromkeys(fields.OF_CONTACTS, "")
        own = {ADDRESS: self.address, WHOLE: self.name, FIRST: self.first_name}
        return of_contact | own | {LAST: self.last_name} | dict(self.more)


def keys(roster: Roster | None) -> frozenset[str]:
    """The keys of all fields that a text may have."""
    return fields.OF_CONTACTS | frozenset(roster.keys if roster else ())


def known(
    user: User, people: Sequence[Member], roster: Roster | None, *, asked: Collection[str] = ()
) -> tuple[Member, ...]:
    """The recipients with all that is known of them. The typed name is shown; first and last are
    told apart where a contact has them apart. ``asked``: the fields of the text, by their keys;
    families are looked for where it has one of theirs."""
    of_contacts = names.of(user, [member.address for member in people])
    of_families: dict[str, FamilyWords] = {}
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


def _of_families(user: User, addresses: Sequence[str]) -> dict[str, FamilyWords]:
    """The families of the user's own address book, and of others those of classes that colleagues
    share."""
    own = families.words_of(user, addresses)
    others = [address for address in addresses if address.lower() not in own]
    return own | sharing.words_of(user, others)


def _of_family(family: FamilyWords) -> tuple[tuple[str, str], ...]:
    values = (PUPIL, family.pupil), (CLASS, family.class_name), (GUARDIAN, family.guardian)
    return tuple((key, value) for key, value in values if value)


def _of_row(member: Member, keys: Sequence[str], cells: Sequence[str]) -> Member:
    """The member with the cells of a row of the roster; an empty cell leaves the earlier value
    otherwise."""
    row = dict(zip(keys, cells, strict=True))
    first = row.pop(FIRST, "") or member.first_name
    last = row.pop(LAST, "") or member.last_name
    name = row.pop(WHOLE, "") or member.name or f"{first} {last}".strip()
    more = dict(member.more)
    more |= {key: cell or more.get(key, "") for key, cell in row.items() if key != ADDRESS}
    return replace(member, name=name, first_name=first, last_name=last, more=tuple(more.items()))
