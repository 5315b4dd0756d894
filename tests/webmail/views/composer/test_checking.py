"""What the composer's lines of recipients ask of addresses."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from addressbook.models import Contact

pytestmark = pytest.mark.django_db
CHECK = "/compose/check/"


def asked(reader: Client, *typed: str) -> list[dict[str, Any]]:
    answer = reader.post(CHECK, {"address": typed})
    assert answer.status_code == 200
    return list(answer.json()["addresses"])


def test_each_address_is_answered_in_its_order(reader: Client) -> None:
    assert asked(reader, "bob@ac-exemple.fr", "zoe@gmial.com", "nobody", "élève@école.fr") == [
        {"address": "bob@ac-exemple.fr", "valid": True, "suggestion": "", "outside": False},
        {
            "address": "zoe@gmial.com",
            "valid": True,
            "suggestion": "zoe@gmail.com",
            "outside": True,
        },
        {"address": "nobody", "valid": False, "suggestion": "", "outside": True},
        {"address": "élève@école.fr", "valid": True, "suggestion": "", "outside": True},
    ]


def test_a_single_address_is_asked_for_in_the_pages_address(reader: Client) -> None:
    answer = reader.get(CHECK, {"address": "zoe@ac-exmple.fr"})
    assert answer.json()["addresses"][0]["suggestion"] == "zoe@ac-exemple.fr"
    assert answer["Cache-Control"] == "private, no-store"


def test_a_domain_of_ones_own_contacts_is_right(reader: Client) -> None:
    owner = User.objects.get(login="alice")
    other = User.objects.create(
        mail_domain=owner.mail_domain, login="paul", address="paul@ac-exemple.fr"
    )
    card = ContactData(first_name="Zoé", emails=(Email("Zoe@GMIAL.com"),))
    contacts.create(other, card)
    assert asked(reader, "luc@gmial.com")[0]["suggestion"]
    contacts.create(owner, card)
    assert asked(reader, "luc@gmial.com", "luc@Gmial.com")[0]["suggestion"] == ""


def test_who_has_an_account_is_nobodys_to_ask(reader: Client) -> None:
    there, not_there = asked(reader, "bob@ac-exemple.fr", "personne@ac-exemple.fr")
    assert there | {"address": ""} == not_there | {"address": ""}


def test_thousands_are_answered_up_to_a_thousand_in_a_moment(reader: Client) -> None:
    many = [f"p{n}@d{n}gmial.com" for n in range(4000)] + ["x" * 100_000]
    begun = time.process_time()
    assert len(asked(reader, *many)) == 1000
    assert time.process_time() - begun < 5


def test_nothing_asked_is_nothing_answered(reader: Client) -> None:
    assert asked(reader) == []


def test_members_that_a_group_does_not_reach_are_named_to_its_owner(reader: Client) -> None:
    owner = User.objects.get(login="alice")
    other = User.objects.create(
        mail_domain=owner.mail_domain, login="paul", address="paul@ac-exemple.fr"
    )
    for user, name in ((owner, "Léo Petit"), (other, "Inconnu")):
        group = groups.create(user, "Parents 6e B")
        groups.add(group, [contacts.create(user, ContactData(display_name=name)).pk])
    answer = reader.post(CHECK, {"group": ["PARENTS 6e B", "Personne"]})
    assert answer.json()["groups"] == [
        {"group": "Parents 6e B", "without_address": ["Léo Petit"], "other_addresses": []}
    ]


def test_who_is_beside_a_family_is_told_to_its_writer_alone(
    reader: Client, django_assert_max_num_queries: Any
) -> None:
    alice = User.objects.get()
    group = groups.create(alice, "6e B")
    for first, last in (("Zoé", "Le Goff"), ("Paul", "N’Diaye")):
        address = f"{first.lower()}@x.example"
        pupil = contacts.create(
            alice, ContactData(first_name=first, last_name=last, emails=(Email(address),))
        )
        groups.add(group, [pupil.pk])
    answer = reader.post("/compose/beside/", {"address": ["zoé@x.example"]})
    rows = ["paul n diaye", "n diaye paul"]
    assert answer.json() == {"others": [{"shown": "Paul N’Diaye", "rows": rows}]}
    assert answer["Cache-Control"] == "private, no-store"
    many = {"address": [f"{n}@x.example" for n in range(4)] + ["zoé@x.example"]}
    assert reader.post("/compose/beside/", many).json() == {"others": []}
    Contact.objects.filter(user=alice).update(
        user=User.objects.create(login="m", address="m@ac-exemple.fr")
    )
    assert reader.post("/compose/beside/", {"address": "zoé@x.example"}).json() == {"others": []}
