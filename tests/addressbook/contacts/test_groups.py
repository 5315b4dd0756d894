"""Groups."""

from __future__ import annotations

import pytest

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from addressbook.models import Contact, Group

pytestmark = pytest.mark.django_db


@pytest.fixture
def parents(claire: User) -> Group:
    return groups.create(claire, "Parents 4e B")


def test_two_groups_do_not_share_a_name(parents: Group, paul: User) -> None:
    with pytest.raises(groups.NameTaken):
        groups.create(parents.user, "PARENTS 4è b")
    groups.create(paul, "Parents 4e B")
    groups.rename(parents, "Parents 4E B")
    assert Group.objects.get(pk=parents.pk).name == "Parents 4E B"


def test_members_go_in_once_and_out(parents: Group, sophie: Contact, paul: User) -> None:
    his = contacts.create(paul, ContactData(display_name="À Paul"))
    assert groups.add(parents, [sophie.pk, his.pk]) == 1
    assert groups.add(parents, [sophie.pk]) == 0
    assert groups.remove(parents, [sophie.pk, his.pk]) == 1
    assert Contact.objects.filter(pk=sophie.pk).exists()


def test_a_group_does_not_grow_beyond_its_limit(
    parents: Group, sophie: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST_ADDRESSES", 1)
    parents.external = ["a@x.example"]
    parents.save()
    with pytest.raises(groups.GroupFull):
        groups.add(parents, [sophie.pk])
    assert not parents.contacts.exists()


def test_recipients_are_the_preferred_addresses_once(parents: Group, sophie: Contact) -> None:
    claire = sophie.user
    twin = ContactData(display_name="Petit", emails=(Email("S.Lambert@courriel.example"),))
    mute = ContactData(display_name="Sans adresse")
    gone = contacts.create(
        claire, ContactData(display_name="Parti", emails=(Email("p@x.example"),))
    )
    made = contacts.create_many(claire, [twin, mute])
    groups.add(parents, [sophie.pk, gone.pk, *(contact.pk for contact in made)])
    contacts.delete(claire, [gone.pk])
    parents.external = ["ext@x.example", "s.lambert@courriel.example"]
    parents.save()
    got = groups.recipients(parents)
    assert len(got) == 2
    assert got[1] == "ext@x.example"


def test_a_group_taken_out_of_the_bin_gives_way_to_a_new_one(parents: Group) -> None:
    groups.delete(parents)
    groups.create(parents.user, "Parents 4e B")
    groups.restore(parents)
    assert sorted(group.name for group in Group.objects.of(parents.user)) == [
        "Parents 4e B", "Parents 4e B (2)",
    ]  # fmt: skip
