"""The recipients of a message to a class: its guardians, its pupils, or both.

`groups.reach` and `sharing.reach` answer for other groups with the same values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext, pgettext

from accounts.models import User
from addressbook.contacts import families
from addressbook.contacts.families import Family, FamilyMember
from addressbook.folding import fold
from addressbook.models import Group


class Audience(StrEnum):
    """The people of a class that a message goes to."""

    GUARDIANS = "guardians"
    PUPILS = "pupils"
    BOTH = "both"


class UnreachedReason(StrEnum):
    """The reason why a message to a group does not reach one of its people."""

    NO_ADDRESS = "no_address"
    NO_MAIL = "no_mail"
    NO_GUARDIAN = "no_guardian"


@dataclass(frozen=True, slots=True)
class Unreached:
    """A contact of a group that a message to the group does not reach. ``pupil`` is the name of the
    guardian's pupil, or of a pupil without guardians; otherwise it is ""."""

    name: str
    reason: UnreachedReason
    pupil: str = ""


@dataclass(frozen=True, slots=True)
class GroupRecipients:
    """The recipients of a message to a class or another group, each address once, and the people
    who get nothing. ``unreached_pupils`` are the names of the pupils whose whole family gets
    nothing."""

    recipients: tuple[str, ...]
    unreached: tuple[Unreached, ...]
    unreached_pupils: tuple[str, ...]


def recipients_of(group: Group, audience: str) -> GroupRecipients:
    """Return the recipients of a message to an audience of a class. A guardian of two pupils gets
    one copy. Where the class is set to that, only the first guardian of a pupil who can be reached
    gets the message."""
    return recipients_among(group, families.of_class(group), audience)


def recipients_among(
    group: Group, class_families: Iterable[Family], audience: str
) -> GroupRecipients:
    """Return `recipients_of` for a class whose families the caller has read."""
    by_address: dict[str, str] = {}
    unreached: list[Unreached] = []
    unreached_pupils: list[str] = []
    first_alone = group.guardians == Group.Guardians.FIRST
    for family in class_families:
        before = len(unreached)
        is_reached = False
        if audience in (Audience.PUPILS, Audience.BOTH):
            is_reached = _take(family.pupil, by_address)
            if not is_reached:
                unreached.append(Unreached(family.pupil.name, UnreachedReason.NO_ADDRESS))
        if audience in (Audience.GUARDIANS, Audience.BOTH):
            is_reached |= _take_guardians(family, by_address, unreached, first_alone=first_alone)
        if not is_reached:
            unreached_pupils.append(family.pupil.name)
        elif first_alone:
            # One guardian is enough here: the others do not count as unreached.
            unreached[before:] = [person for person in unreached[before:] if not person.pupil]
    for address in group.external:
        by_address.setdefault(address.lower(), address)
    return GroupRecipients(tuple(by_address.values()), tuple(unreached), tuple(unreached_pupils))


def addresses_among(group: Group, class_families: Iterable[Family], audience: str) -> set[str]:
    """Return the addresses of `recipients_among`, in lower case."""
    recipients = recipients_among(group, class_families, audience).recipients
    return {text.rpartition("<")[2].rstrip(">").lower() for text in recipients}


def _take(member: FamilyMember, by_address: dict[str, str]) -> bool:
    if member.address:
        by_address.setdefault(member.address.lower(), member.recipient)
    return bool(member.address)


def _take_guardians(
    family: Family, by_address: dict[str, str], unreached: list[Unreached], *, first_alone: bool
) -> bool:
    """Add the addresses of the guardians, and return whether one of them is reached."""
    is_reached = False
    if not family.guardians:
        unreached.append(
            Unreached(family.pupil.name, UnreachedReason.NO_GUARDIAN, family.pupil.name)
        )
    for guardian in family.guardians:
        name = guardian.member.name
        if not guardian.receives_mail:
            unreached.append(Unreached(name, UnreachedReason.NO_MAIL, family.pupil.name))
        elif not _take(guardian.member, by_address):
            unreached.append(Unreached(name, UnreachedReason.NO_ADDRESS, family.pupil.name))
        else:
            is_reached = True
            if first_alone:
                break
    return is_reached


def label(group: Group, audience: str) -> str:
    """Return the name of an audience of a class among recipients: ``4e B – responsables``."""
    return f"{group.name} – {words_for(audience)}"


def words_for(audience: str) -> str:
    """Return the audience in the page's language."""
    return {
        Audience.GUARDIANS: pgettext("of a class", "guardians"),
        Audience.PUPILS: pgettext("of a class", "pupils"),
        Audience.BOTH: pgettext("of a class", "pupils and guardians"),
    }[Audience(audience)]


def labelled(user: User, names: Iterable[str]) -> list[tuple[Group, str]]:
    """Return the classes and audiences that have one of these names as their `label`."""
    wanted = {fold(name) for name in names if "–" in name}
    if not wanted:
        return []
    classes = Group.objects.of(user).filter(kind=Group.Kind.CLASS)
    return [
        (group, audience.value)
        for group in classes
        for audience in Audience
        if fold(label(group, audience)) in wanted
    ]


def reason_words(reason: UnreachedReason) -> str:
    """Return the reason as part of a sentence, in the page's language."""
    return {
        UnreachedReason.NO_ADDRESS: gettext("no e-mail address"),
        UnreachedReason.NO_MAIL: gettext("does not receive the school’s mail"),
        UnreachedReason.NO_GUARDIAN: gettext("no guardian is known"),
    }[reason]
