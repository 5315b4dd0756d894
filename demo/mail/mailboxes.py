"""All the mail of one person."""

from datetime import datetime
from email.headerregistry import Address
from zoneinfo import ZoneInfo

from demo.mail import files, people
from demo.mail.writing import Desk, Folder, Stored

ZONE = ZoneInfo("Europe/Paris")

# Folders that teachers get even if they are empty.
EMPTY_FOLDERS: tuple[Folder, ...] = (("Classes", "4e B"), ("Classes", "3e A"), ("Classes", "6e C"))


def of(owner: Address, now: datetime) -> tuple[Stored, ...]:
    """Return the mail of one of the academy's people as it would be at `now` (aware), oldest
    first."""
    desk = desk_of(owner, now)
    shared = ("everybody",) if owner == people.GUERIN else ("everybody", "teachers")
    own_folder = owner.username.rpartition(".")[2]
    stored = [
        message for folder in (*shared, own_folder) for message in files.messages(folder, desk)
    ]
    return tuple(sorted(stored, key=lambda message: message.date))


def desk_of(owner: Address, now: datetime) -> Desk:
    moment = now.astimezone(ZONE)
    if owner == people.DURAND:
        return Desk(owner, people.MORVAN, "Madame Durand", "français", "4e B", moment)
    if owner == people.MORVAN:
        return Desk(owner, people.DURAND, "Madame Morvan", "SVT", "3e A", moment)
    return Desk(owner, people.DURAND, "Madame la Principale", "", "", moment)
