"""The people a person wrote to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from addressbook import contacts
from addressbook.completion import search
from addressbook.contacts import collected
from addressbook.models import CollectedRecipient, Contact, DirectoryEntry

pytestmark = pytest.mark.django_db


def rows(user: User) -> dict[str, tuple[str, int]]:
    mine = CollectedRecipient.objects.of(user)
    return {row.address: (row.name, row.times) for row in mine}


def test_each_message_counts_once_whatever_the_capitals(claire: User) -> None:
    collected.record(claire, [("Zoé", "Zoe@x.example"), ("", "zoe@X.example")])
    collected.record(claire, [("", "zoe@x.example")])
    assert rows(claire) == {"zoe@x.example": ("Zoé", 2)}


def test_an_address_typed_alone_has_the_name_that_is_known(claire: User, sophie: Contact) -> None:
    DirectoryEntry.objects.create(
        source="staff", source_id="1", name="Aline Martin", address="a@x.example",
        folded="a@x.example", filled=timezone.now(),
    )  # fmt: skip
    collected.record(claire, [("", "a@x.example"), ("", "s.lambert@courriel.example")])
    assert rows(claire) == {
        "a@x.example": ("Aline Martin", 1),
        "s.lambert@courriel.example": ("Sophie Lambert-Petit", 1),
    }


def test_those_who_are_contacts_are_not_listed(claire: User, sophie: Contact) -> None:
    collected.record(claire, [("", "sophie@mairie.example"), ("", "a@x.example")])
    assert [row.address for row in collected.matching(claire)] == ["a@x.example"]
    contacts.delete(claire, [sophie.pk])
    assert collected.matching(claire).count() == 2


def test_the_list_is_searched_by_beginnings_of_words(claire: User, paul: User) -> None:
    collected.record(claire, [("Zoé Martin", "z@x.example"), ("Paul", "p@x.example")])
    collected.record(paul, [("Zoé Vidal", "v@x.example")])
    assert [row.name for row in collected.matching(claire, "MART zoe")] == ["Zoé Martin"]


def test_what_was_forgotten_can_be_brought_back_as_it_was(claire: User, sophie: Contact) -> None:
    address = "s.lambert@courriel.example"
    collected.record(claire, [("", address), ("Zoé", "z@x.example")])
    before = list(CollectedRecipient.objects.values_list("address", "name", "times", "weight"))
    gone = collected.delete(claire, CollectedRecipient.objects.values_list("pk", flat=True))
    assert not CollectedRecipient.objects.exists()
    assert sophie.addresses.get(folded=address).weight is None
    collected.put_back(claire, gone)
    after = CollectedRecipient.objects.values_list("address", "name", "times", "weight")
    assert sorted(after) == sorted(before)
    assert sophie.addresses.get(folded=address).weight is not None
    assert [suggestion.address for suggestion in search.complete(claire, "zoe")] == ["z@x.example"]


def test_nobody_forgets_what_is_anothers(claire: User, paul: User) -> None:
    collected.record(claire, [("", "z@x.example")])
    assert collected.delete(paul, CollectedRecipient.objects.values_list("pk", flat=True)) == []
    assert rows(claire)


def test_beyond_the_most_those_go_who_are_written_to_least(claire: User, monkeypatch) -> None:
    monkeypatch.setattr(collected, "MOST", 2)
    now = timezone.now()
    collected.record(claire, [("", "often@x.example")], now - timedelta(days=3))
    collected.record(claire, [("", "often@x.example")], now - timedelta(days=2))
    collected.record(claire, [("", "once@x.example")], now - timedelta(days=2))
    collected.record(claire, [("", "today@x.example")], now)
    assert set(rows(claire)) == {"often@x.example", "today@x.example"}


def test_a_message_to_a_thousand_is_recorded_in_few_statements(
    claire: User, django_assert_max_num_queries
) -> None:
    people = [("", f"p{n}@x.example") for n in range(1_000)]
    with django_assert_max_num_queries(30):
        collected.record(claire, people)
    assert CollectedRecipient.objects.count() == 1_000
