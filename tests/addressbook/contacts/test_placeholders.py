"""The placeholders of a family: pupils, their class, their guardians."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import archiving, groups, names, placeholders, ties
from addressbook.contacts.placeholders import FamilyValues
from addressbook.models import Contact, Group

pytestmark = pytest.mark.django_db


def person(user: User, name: str, *addresses: str) -> Contact:
    first, _blank, last = name.partition(" ")
    emails = tuple(Email(address) for address in addresses)
    return contacts.create(user, ContactData(first_name=first, last_name=last, emails=emails))


@pytest.fixture
def school_class(claire: User) -> Group:
    """Léa and Tom of Paul and Anne, who share an address with nobody; Zoé, who reads her own mail,
    of Marc and Rose, who share one."""
    made = groups.create(claire, "4e B")
    groups.set_class(made, 2026, Group.Guardians.ALL)
    lea, tom = person(claire, "Léa Martin"), person(claire, "Tom Martin")
    zoe = person(claire, "Zoé Noël", "zoe@x.example")
    groups.add(made, [one.pk for one in (lea, tom, zoe)])
    paul = person(claire, "Paul Martin", "p@x.example")
    anne = person(claire, "Anne Dupont", "a@x.example")
    marc, rose = (person(claire, name, "noel@x.example") for name in ("Marc Noël", "Rose Noël"))
    for pupil in (lea, tom):
        ties.add_guardian(pupil, paul)
        ties.add_guardian(pupil, anne)
    ties.add_guardian(zoe, marc)
    ties.add_guardian(zoe, rose)
    person(claire, "Luc Petit", "luc@x.example")
    return made


def test_guardians_pupils_and_shared_addresses(claire: User, school_class: Group) -> None:
    asked = ["P@x.example", "a@x.example", "noel@x.example", "zoe@x.example", "luc@x.example", ""]
    with translation.override("fr"):
        values = placeholders.values_of(claire, asked)
    assert [one.first for one in values["p@x.example"].pupils] == ["Léa", "Tom"]
    assert values["zoe@x.example"].pupils == ()
    values = {address: replace(family, pupils=()) for address, family in values.items()}
    assert values == {
        "p@x.example": FamilyValues("Léa Martin et Tom Martin", "4e B", "Paul Martin"),
        "a@x.example": FamilyValues("Léa Martin et Tom Martin", "4e B", "Anne Dupont"),
        "noel@x.example": FamilyValues("Zoé Noël", "4e B", "Marc Noël et Rose Noël"),
        "zoe@x.example": FamilyValues("Zoé Noël", "4e B", "Marc Noël et Rose Noël"),
    }


def test_a_class_of_last_year_is_none(claire: User, school_class: Group) -> None:
    archiving.archive_group(school_class)
    values = placeholders.values_of(claire, ["p@x.example"])
    assert values["p@x.example"].class_name == ""


def test_nobody_elses_families_are_named(claire: User, school_class: Group) -> None:
    other = User.objects.create(login="bob")
    assert placeholders.values_of(other, ["p@x.example"]) == {}


def test_it_takes_three_queries_whatever_their_number(claire: User, school_class: Group) -> None:
    with CaptureQueriesContext(connection) as queries:
        placeholders.values_of(claire, [f"{n}@x.example" for n in range(50)] + ["p@x.example"])
    assert len(queries) == 3


def test_the_pupils_of_others_stand_beside_a_guardian(claire: User, school_class: Group) -> None:
    beside = [name.shown for name in names.beside(claire, ["p@x.example"], 10)]
    assert beside == ["Zoé Noël"]
    assert [name.shown for name in names.beside(claire, ["zoe@x.example"], 10)] == [
        "Léa Martin",
        "Tom Martin",
    ]
