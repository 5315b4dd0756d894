"""People that the user knows, as lists and the reader show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mail.mime.addresses import Address


@dataclass(frozen=True)
class WardView:
    """A pupil of a sender: ``detail`` has the class and the relation, ``others`` names the other
    guardians."""

    name: str
    card_url: str
    detail: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class Face:
    """A known person. ``card_url`` is "" unless the person is a contact, ``photo_url`` without a
    picture. ``name`` is that of the message if no other is known. ``is_guardian``: a contact at
    this address has pupils; ``wards`` are these, where they were asked for."""

    name: str = ""
    photo_url: str = ""
    card_url: str = ""
    is_guardian: bool = False
    wards: tuple[WardView, ...] = ()


@dataclass(frozen=True)
class Borrowed:
    """The known person whose name a mail carries that this person did not send: a contact or a
    colleague, with function and addresses. ``is_close``: a contact, or of the user's own school."""

    name: str
    detail: str
    addresses: tuple[str, ...]
    is_close: bool


Faces = Mapping[str, Face]
"""The known faces, by address in lower case."""


_NOBODY = Face()


def face_of(person: Address, faces: Faces) -> Face:
    return faces.get(person.address.lower(), _NOBODY) if faces else _NOBODY


def called(person: Address, faces: Faces) -> str:
    """Return the name of a person: the user's own for a contact; for others that of the mail, else
    the known one."""
    face = face_of(person, faces)
    return face.name if face.name and (face.card_url or not person.name) else person.shown


def named(people: Iterable[Address], faces: Faces) -> tuple[Address, ...]:
    """Return these people with the names that `called` gives."""
    return tuple(
        replace(person, name=called(person, faces)) if face_of(person, faces).name else person
        for person in people
    )
