"""The people of a message, found among the contacts and in the directory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from django.urls import reverse

from accounts.models import User
from addressbook.contacts import known, wards
from mail.mime.addresses import Address
from webmail.presentation.people import Borrowed, Face, Faces, WardView, face_of

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
    return Face(known_address.name, photo, card, known_address.is_guardian)


def with_wards(user: User, sender: Address, faces: Faces) -> Faces:
    """Return the faces, that of a guardian who is the sender with the pupils. Three queries, none
    for other senders."""
    face = face_of(sender, faces)
    if not face.is_guardian:
        return faces
    views = tuple(_ward(ward) for ward in wards.wards_at(user, sender.address))
    return {**faces, sender.address.lower(): replace(face, wards=views)}


def _ward(ward: wards.Ward) -> WardView:
    return WardView(
        name=ward.tie.pupil.display_name,
        card_url=reverse("addressbook:contact", args=[ward.tie.pupil_id]),
        detail=", ".join(filter(None, (*ward.classes, ward.tie.relation_words))),
        others=ward.others,
    )


def borrowed(user: User, sender: Address) -> Borrowed | None:
    """Return the known person who has the sender's name but another address; None if there is
    none."""
    namesake = known.namesake(user, sender.name, sender.address)
    if namesake is None:
        return None
    return Borrowed(namesake.name, namesake.detail, namesake.addresses, namesake.is_close)
