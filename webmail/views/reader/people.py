"""The people of a message, found among the contacts and in the directory."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from django.urls import reverse

from accounts.models import User
from addressbook.contacts import known
from mail.mime.addresses import Address
from webmail.presentation.people import Borrowed, Face, Faces

MOST_LOOKED_UP = 500
"""The most people of one page that are looked up; a mail may name ten thousand."""


def faces(user: User, people: Iterable[Address]) -> Faces:
    """Return the faces of the people who are known. One query."""
    addresses = (person.address for person in people)
    known_people = known.people(user, islice(addresses, MOST_LOOKED_UP))
    return {address: _face(known_address) for address, known_address in known_people.items()}


def _face(known_address: known.KnownAddress) -> Face:
    if not known_address.contact:
        return Face(known_address.name)
    card = reverse("addressbook:contact", args=[known_address.contact])
    photo = ""
    if known_address.photo_digest:
        photo = reverse(
            "addressbook:photo", args=[known_address.contact, known_address.photo_digest]
        )
    return Face(known_address.name, photo, card)


def borrowed(user: User, sender: Address) -> Borrowed | None:
    """Return the known person who has the sender's name but another address; None if there is
    none."""
    namesake = known.namesake(user, sender.name, sender.address)
    if namesake is None:
        return None
    return Borrowed(namesake.name, namesake.detail, namesake.addresses, namesake.is_close)
