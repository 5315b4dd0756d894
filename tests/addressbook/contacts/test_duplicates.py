"""The contacts that may be one person, and one made of several."""

from __future__ import annotations

import pytest

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email, Phone
from addressbook.contacts import duplicates, groups
from addressbook.models import Contact
from tests.addressbook.conftest import SOPHIE

pytestmark = pytest.mark.django_db


def named(name: str, address: str = "", number: str = "") -> ContactData:
    emails = (Email(address),) if address else ()
    return ContactData(display_name=name, emails=emails, phones=(Phone(number),) if number else ())


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (named("Jean Petit", "p@x.example"), named("M. Petit", "P@X.example"), True),
        (named("Jean Petit", "p@x.example"), named("Anne Petit", "p@x.example"), False),
        (named("Zoé Roux", "", "+33 6 39 98 41 27"), named("ROUX Zoe", "", "0639984127"), True),
        (named("Zoé Roux", "", "0639984127"), named("Luc Noir", "", "06 39 98 41 27"), False),
        (named("Zoé Roux", "a@x.example"), named("roux, zoe", "b@x.example"), True),
        (named("Zoé Roux"), named("Zoé Noir"), False),
    ],
)
def test_who_may_be_one(claire: User, first: ContactData, second: ContactData, same: bool) -> None:
    made = contacts.create_many(claire, [first, second])
    sets = duplicates.sets(claire)
    assert [set(several) for several in sets] == ([set(made)] if same else [])


def test_sets_grow_over_what_is_shared_and_never_overlap(claire: User, paul: User) -> None:
    datas = [
        named("Zoé Roux", "a@x.example"),
        named("Z. Roux", "a@x.example", "0639984127"),
        named("Roux", "", "0639984127"),
        named("Anne Roux", "a@x.example"),
    ]
    made = contacts.create_many(claire, datas)
    contacts.create(paul, datas[0])
    assert [set(several) for several in duplicates.sets(claire)] == [set(made[:3])]
    contacts.delete(claire, [made[0].pk, made[1].pk])
    assert duplicates.sets(claire) == []


def test_a_merged_contact_holds_what_was_chosen(sophie: Contact) -> None:
    claire = sophie.user
    other = ContactData(
        display_name="Petit Sophie",
        emails=(Email("S.LAMBERT@courriel.example"), Email("sp@x.example")),
        phones=(Phone("06.39.98.41.27"),),
        notes="Autre note",
        others=("X-SPOUSE:Camille", "X-CLASS:4B"),
    )
    datas = [contacts.data_of(sophie), contacts.data_of(contacts.create(claire, other))]
    got = duplicates.combine(datas, {"display_name": 1, "notes": -1}, {"emails": {0, 2}})
    assert got.display_name == "Petit Sophie"
    assert got.notes == f"{SOPHIE.notes}\n\nAutre note"
    assert got.emails == (SOPHIE.emails[0], Email("sp@x.example"))
    assert got.phones == SOPHIE.phones
    assert got.job_title == SOPHIE.job_title
    assert got.others == ("X-SPOUSE:Camille", "X-CLASS:4B")


def test_merging_is_undone_completely(sophie: Contact) -> None:
    claire = sophie.user
    twin = contacts.create(claire, named("Sophie Petit", "sp@x.example"))
    parents, delegates = groups.create(claire, "Parents"), groups.create(claire, "Délégués")
    groups.add(parents, [sophie.pk])
    groups.add(delegates, [twin.pk])
    made = duplicates.merge(claire, [sophie, twin], contacts.data_of(sophie))
    assert list(Contact.objects.of(claire)) == [made]
    assert set(made.groups.all()) == {parents, delegates}
    assert duplicates.unmerge(claire, made.pk, [sophie.pk, twin.pk]) == 2
    assert set(Contact.objects.of(claire)) == {sophie, twin}
    assert groups.counted(claire) == [(delegates, 1), (parents, 1)]
