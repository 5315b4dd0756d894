"""People that the user knows, as lists and the reader show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from webmail.mime.addresses import Address


@dataclass(frozen=True)
class Face:
    """Somebody known. ``card_url`` is "" for who is no contact, ``photo_url`` without a picture,
    ``name`` is the one that the message itself has, where nothing else is known."""

    name: str = ""
    photo_url: str = ""
    card_url: str = ""


@dataclass(frozen=True)
class Borrowed:
    """The person whose name a mail carries that does not come from him: a contact's or colleague's,
    with what he does and his addresses; ``is_close``: a contact, or of the reader's own school."""

    name: str
    detail: str
    addresses: tuple[str, ...]
    is_close: bool


Faces = Mapping[str, Face]
"""By address in lower case."""


_NOBODY = Face()


def face_of(person: Address, faces: Faces) -> Face:
    return faces.get(person.address.lower(), _NOBODY) if faces else _NOBODY


def called(person: Address, faces: Faces) -> str:
    """A contact's name as the reader wrote it; of others what the mail says, else what is known."""
    face = face_of(person, faces)
    return face.name if face.name and (face.card_url or not person.name) else person.shown


def named(people: Iterable[Address], faces: Faces) -> tuple[Address, ...]:
    """These people by the names that `called` gives."""
    return tuple(
        replace(person, name=called(person, faces)) if face_of(person, faces).name else person
        for person in people
    )
