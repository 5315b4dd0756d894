"""First and last names of those a message goes to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import names
from addressbook.contacts.names import RecipientName
from addressbook.folding import fold
from addressbook.models import Contact, DirectoryEntry

SPLIT = {
    "Zoé Martin": ("Zoé", "Martin"),
    "Zoé Le Goff": ("Zoé", "Le Goff"),
    "Le Goff, Zoé": ("Zoé", "Le Goff"),
    "LE GOFF Zoé": ("Zoé", "LE GOFF"),
    "Jean-Pierre MARTIN": ("Jean-Pierre", "MARTIN"),
    "Mme Le Goff": ("", "Le Goff"),
    "M. et Mme Martin": ("", "Martin"),
    "Mme MARTIN Zoé": ("Zoé", "MARTIN"),
    "Mme Le Goff, Zoé": ("Zoé", "Le Goff"),
    "Zoé": ("Zoé", ""),
    "": ("", ""),
    "Parents de Zoé": ("", ""),
    "Famille Martin": ("", ""),
    "Vie scolaire": ("", ""),
    "Classe 6e B": ("", ""),
    "zoe@x.example": ("", ""),
    "M.": ("", ""),
    "Martin, Zoé, Luc": ("", ""),
}


@pytest.mark.parametrize(("name", "expected"), SPLIT.items(), ids=SPLIT)
def test_a_name_is_split_as_people_write_it(name: str, expected: tuple[str, str]) -> None:
    split_name = names.split(name)
    assert (split_name.first, split_name.last) == expected
    assert split_name.shown == name


@pytest.mark.parametrize(
    ("name", "sort_key", "first", "last"),
    [
        ("Jeanne Le Goff", "le goff jeanne", "Jeanne", "Le Goff"),
        ("Marie Claude Durand", "durand marie claude", "Marie Claude", "Durand"),
        ("Zoé Martin", "something else", "Zoé", "Martin"),
    ],
)
def test_how_a_name_is_sorted_tells_its_parts(
    name: str, sort_key: str, first: str, last: str
) -> None:
    assert names.by_order(name, sort_key) == RecipientName(name, first, last)


def contact(user: User, first: str, last: str, *addresses: str) -> None:
    emails = tuple(Email(address) for address in addresses)
    contacts.create(user, ContactData(first_name=first, last_name=last, emails=emails))


@pytest.mark.django_db
def test_a_contact_is_known_by_its_own_fields_and_before_the_directory(claire: User) -> None:
    contact(claire, "Marie Claude", "Petit", "MC@x.example")
    for address in ("mc@x.example", "luc@x.example"):
        DirectoryEntry.objects.create(
            source="staff", source_id=address, name="Luc Du Bois", sort_key=fold("Du Bois Luc"),
            address=address, folded=address, filled=timezone.now(),
        )  # fmt: skip
    by_address = names.recipient_names(
        claire, ["mc@X.example", "luc@x.example", "nobody@x.example", ""]
    )
    assert by_address == {
        "mc@x.example": RecipientName("Marie Claude Petit", "Marie Claude", "Petit"),
        "luc@x.example": RecipientName("Luc Du Bois", "Luc", "Du Bois"),
    }


@pytest.mark.django_db
def test_two_contacts_with_one_address_are_nobody(claire: User) -> None:
    for first in ("Zoé", "Luc", "Léa"):
        contact(claire, first, "Martin", "martin@x.example")
    assert names.recipient_names(claire, ["martin@x.example"]) == {}


@pytest.mark.django_db
def test_another_persons_contacts_and_those_in_the_bin_are_not_known(
    claire: User, paul: User
) -> None:
    contact(paul, "Zoé", "Martin", "zoe@x.example")
    assert names.recipient_names(claire, ["zoe@x.example"]) == {}
    contacts.delete(paul, Contact.objects.of(paul).values_list("pk", flat=True))
    assert names.recipient_names(paul, ["zoe@x.example"]) == {}


@pytest.mark.django_db
def test_five_thousand_are_asked_for_at_once(claire: User, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(30):
        assert names.recipient_names(claire, [f"p{n}@x.example" for n in range(5000)]) == {}
