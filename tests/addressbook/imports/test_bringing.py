"""Contacts of another webmail straight into an address book."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email, Phone, Photo
from addressbook.contacts import groups, keeping
from addressbook.imports import bringing as module
from addressbook.imports.bringing import Bringing
from addressbook.models import Contact, ContactPhoto, Group
from tests.addressbook.imports.pictures import png

ANAIS = ContactData(display_name="Anaïs Lefèvre", emails=(Email("anais@courriel.example"),))
MARC = ContactData(display_name="Marc Petit", emails=(Email("marc@courriel.example"),))


def test_what_somebody_has_twice_there_stays_twice(claire: User) -> None:
    bringing = Bringing(claire)
    bringing.take([("1", ANAIS), ("2", ANAIS)])
    bringing.take([("3", ANAIS)])
    assert Contact.objects.of(claire).count() == 3
    assert (bringing.new, bringing.contacts, len(bringing.known)) == (3, 3, 3)


def test_of_two_there_one_completes_the_contact_that_was_here(claire: User) -> None:
    kept = contacts.create(claire, ANAIS)
    more = replace(ANAIS, phones=(Phone("06 39 98 41 27", "mobile"),))
    bringing = Bringing(claire)
    bringing.take([("1", more), ("2", MARC)])
    assert bringing.known["1"] == kept.pk
    assert (bringing.new, bringing.merged) == (1, 1)
    kept.refresh_from_db()
    assert contacts.data_of(kept).phones == more.phones


def test_a_picture_comes_where_there_is_none_and_never_in_the_place_of_one(claire: User) -> None:
    bare = contacts.create(claire, ANAIS)
    shown = contacts.create(claire, replace(MARC, photo=Photo("image/png", png("red"))))
    before = bytes(ContactPhoto.objects.get(contact=shown).content)
    blue = Photo("image/png", png("blue"))
    Bringing(claire).take([("1", replace(ANAIS, photo=blue)), ("2", replace(MARC, photo=blue))])
    assert ContactPhoto.objects.filter(contact=bare).exists()
    assert bytes(ContactPhoto.objects.get(contact=shown).content) == before


def test_contacts_for_which_there_is_no_room_are_counted(
    claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_CONTACTS", 1)
    bringing = Bringing(claire)
    bringing.take([("1", ANAIS), ("2", MARC)])
    assert (bringing.new, bringing.refused) == (1, 1)
    assert "2" not in bringing.known


def test_members_beyond_what_a_group_holds_are_counted(
    claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST_ADDRESSES", 1)
    monkeypatch.setattr(module, "MOST_ADDRESSES", 1)
    bringing = Bringing(claire)
    bringing.take([("1", ANAIS), ("2", MARC)])
    bringing.group("g", "Parents", ["1", "2", "1", "unknown"])
    assert Group.objects.get(user=claire).contacts.count() == 1
    assert bringing.beyond == 1


def test_a_group_goes_into_the_one_of_its_name(claire: User, paul: User) -> None:
    mine = groups.create(claire, "Élèves")
    groups.create(paul, "Élèves")
    bringing = Bringing(claire)
    bringing.take([("1", ANAIS)])
    bringing.group("g", "  eleves ", ["1"])
    assert bringing.known_groups == {"g": mine.pk}
    assert mine.contacts.get().display_name == "Anaïs Lefèvre"


def test_a_group_that_was_deleted_since_is_not_made_again(claire: User) -> None:
    first = Bringing(claire)
    first.take([("1", ANAIS)])
    first.group("g", "Parents", ["1"])
    groups.delete(Group.objects.get(user=claire))
    second = Bringing(claire, first.known, first.known_groups)
    second.take([("1", ANAIS), ("2", MARC)])
    second.group("g", "Parents", ["1", "2"])
    assert not Group.objects.of(claire).exists()
    assert second.new == 1
