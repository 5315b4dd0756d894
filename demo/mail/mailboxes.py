"""All the mail of one person."""

from datetime import datetime
from email.headerregistry import Address
from zoneinfo import ZoneInfo

from demo.mail import (
    colleagues,
    families,
    head,
    mailings,
    newsletters,
    oddities,
    parcels,
    people,
    school,
)
from demo.mail.writing import Desk, Folder, Stored

ZONE = ZoneInfo("Europe/Paris")

# Made for teachers even when nothing lies in them.
EMPTY_FOLDERS: tuple[Folder, ...] = (("Classes", "4e B"), ("Classes", "3e A"), ("Classes", "6e C"))


def of(owner: Address, now: datetime) -> tuple[Stored, ...]:
    """The mail of one of the academy's people as it would lie there `now` (aware), oldest first."""
    desk = _desk(owner, now.astimezone(ZONE))
    rooms = _HEAD_ROOMS if owner == people.GUERIN else _TEACHER_ROOMS
    letters = [letter for room in rooms for letter in room(desk)]
    return tuple(sorted(letters, key=lambda letter: letter.date))


_TEACHER_ROOMS = (
    school.letters,
    families.letters,
    colleagues.letters,
    newsletters.letters,
    mailings.letters,
    oddities.letters,
    parcels.letters,
)
_HEAD_ROOMS = (head.letters, newsletters.letters, mailings.letters)


def _desk(owner: Address, now: datetime) -> Desk:
    if owner == people.DURAND:
        return Desk(owner, people.MORVAN, "Madame Durand", "français", "4e B", now)
    if owner == people.MORVAN:
        return Desk(owner, people.DURAND, "Madame Morvan", "SVT", "3e A", now)
    return Desk(owner, people.DURAND, "Madame la Principale", "", "", now)
