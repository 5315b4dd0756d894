"""Cards that came with a mail."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from addressbook import contacts, vcard
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import received
from addressbook.models import Contact
from mail import sandbox
from mail.errors import ContentTooCostly

pytestmark = pytest.mark.django_db


def cards(*datas: ContactData) -> bytes:
    return "".join(vcard.write(data) for data in datas).encode()


def person(name: str, *addresses: str) -> ContactData:
    return ContactData(display_name=name, emails=tuple(Email(address) for address in addresses))


def test_who_is_there_already_stays_as_he_is(claire: User, sophie: Contact) -> None:
    file = cards(
        person("Zoé", "zoe@x.example"),
        person("Autre nom", "neuve@x.example", "SOPHIE@mairie.example"),
        person("Sans adresse"),
    )
    made, known = received.add(claire, file)
    assert [contact.display_name for contact in made] == ["Zoé", "Sans adresse"]
    assert known == [sophie]
    assert Contact.objects.get(pk=sophie.pk).vcard == sophie.vcard


def test_of_several_with_the_address_the_oldest_is_shown(claire: User, sophie: Contact) -> None:
    contacts.create(claire, person("Zoé", "sophie@mairie.example"))
    assert received.add(claire, cards(person("?", "sophie@mairie.example")))[1] == [sophie]


def test_others_contacts_and_those_in_the_bin_are_not_there(
    claire: User, paul: User, sophie: Contact
) -> None:
    file = cards(person("Sophie", "sophie@mairie.example"))
    assert len(received.add(paul, file)[0]) == 1
    contacts.delete(claire, [sophie.pk])
    assert len(received.add(claire, file)[0]) == 1


def test_fifty_cards_cost_as_many_queries_as_one(claire: User) -> None:
    costs = []
    for number in (1, 50):
        file = cards(*(person(f"N{n}", f"n{n}@{number}.example") for n in range(number)))
        with CaptureQueriesContext(connection) as captured:
            received.add(claire, file)
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_cards_that_take_too_long_change_nothing(
    claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "FILE", sandbox.Budget(0.05, 5, 300_000_000))
    lines = "TEL:1\r\n" * 500_000
    file = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:a\r\n{lines}END:VCARD\r\n".encode()
    with pytest.raises(ContentTooCostly):
        received.add(claire, cards(person("Zoé")) + file)
    assert not Contact.objects.filter(user=claire).exists()
