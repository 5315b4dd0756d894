"""Search and pages."""

from __future__ import annotations

import pytest

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import finding
from addressbook.models import Contact

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "query",
    [
        "sophie", "LAMBERT petit", "lamb so", "deleguee", "Valmont saules", "s.lambert@courriel",
        "06 39 98", "0639984127", "+33639984127", "après 18", "parents mairie", "",
    ],
)  # fmt: skip
def test_every_word_in_any_field_finds(sophie: Contact, query: str) -> None:
    assert list(finding.matching(sophie.user, query)) == [sophie]


@pytest.mark.parametrize("query", ["sophie martin", "%", "_", "0700000000"])
def test_a_word_that_is_nowhere_finds_nothing(sophie: Contact, query: str) -> None:
    matching = list(finding.matching(sophie.user, query))
    assert matching == ([] if finding.words(query) else [sophie])


def test_neither_the_bin_nor_others_are_searched(sophie: Contact, paul: User) -> None:
    assert not finding.matching(paul, "sophie")
    contacts.delete(sophie.user, [sophie.pk])
    assert not finding.matching(sophie.user, "sophie")


def test_letters_say_where_they_begin(claire: User, django_assert_num_queries) -> None:
    names = ["9e classe", "Жанна", *(f"Aba{n:03}" for n in range(150)), "Éva", "Zoé"]
    contacts.create_many(claire, [ContactData(display_name=name) for name in names])
    with django_assert_num_queries(2):
        page = finding.page(finding.matching(claire), 2)
    assert [(letter.letter, letter.count, letter.page) for letter in page.letters] == [
        ("#", 2, 1), ("A", 150, 1), ("E", 1, 2), ("Z", 1, 2),
    ]  # fmt: skip
    assert (page.number, page.total, page.has_next, len(page.rows)) == (2, 154, False, 54)
    assert finding.page(finding.matching(claire), 99).number == 2
    first = finding.page(finding.matching(claire), 1)
    assert "".join(contact.initial for contact in first.rows) == "##" + "A" * 98


def test_the_page_of_a_contact_is_known(claire: User) -> None:
    made = contacts.create_many(claire, [ContactData(display_name="Même nom")] * 101)
    assert finding.page_of(finding.matching(claire), made[99]) == 1
    assert finding.page_of(finding.matching(claire), made[100]) == 2


def test_contacts_are_found_by_any_of_their_addresses(sophie: Contact, paul: User) -> None:
    assert list(finding.by_address(sophie.user, ["SOPHIE@mairie.example"])) == [sophie]
    assert not finding.by_address(paul, ["sophie@mairie.example"])


def test_addresses_of_contacts_changed_last_come_first_and_none_from_the_bin(claire: User) -> None:
    first, _second, binned = (
        contacts.create(claire, ContactData(first_name=name, emails=(Email(f"{name}@x.fr"),)))
        for name in ("Anna", "Bilal", "Chloé")
    )
    contacts.delete(claire, [binned.pk])
    assert finding.newest_addresses(claire, 10) == ("bilal@x.fr", "anna@x.fr")
    contacts.update(first, ContactData(first_name="Anna", emails=(Email("ANNA@x.fr"),)))
    assert finding.newest_addresses(claire, 1) == ("anna@x.fr",)
