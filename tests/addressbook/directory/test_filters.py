"""Groups of people of the directory, by what they do and where."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from addressbook.completion import search
from addressbook.contacts import groups, live, nesting
from addressbook.directory import filters
from addressbook.models import DirectoryEntry, Group, GroupFilter

pytestmark = pytest.mark.django_db

AUBEPINES = ("0800101A", "Collège Les Aubépines")
MOULIN = ("0800202B", "Collège Jean Moulin")


def entry(name: str, discipline: str, function: str, school: tuple[str, str]) -> DirectoryEntry:
    address = f"{name.lower()}@ac-exemple.fr"
    return DirectoryEntry.objects.create(
        source="staff", source_id=name, name=name, sort_key=name.lower(), address=address,
        folded=address, discipline=discipline, function=function, school_uai=school[0],
        school_name=school[1], filled=timezone.now(),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def directory(db: None) -> None:
    cache.clear()
    entry("Aline", "SVT", "Professeure", AUBEPINES)
    entry("Bruno", "Sciences de la vie et de la terre", "Professeur", AUBEPINES)
    entry("Chloe", "SVT", "Professeur", MOULIN)
    entry("David", "Mathématiques", "Professeur", AUBEPINES)
    entry("Emma", "", "CPE", AUBEPINES)


@pytest.fixture
def svt(claire: User) -> Group:
    wanted = GroupFilter(
        school_uai=AUBEPINES[0], school_name=AUBEPINES[1], discipline="SVT", function="Professeur"
    )
    return groups.create_filtered(claire, "SVT Aubépines", wanted)


def test_all_spellings_of_a_discipline_and_of_a_function_count(svt: Group) -> None:
    assert groups.recipients(svt) == (
        "Aline <aline@ac-exemple.fr>",
        "Bruno <bruno@ac-exemple.fr>",
    )


@pytest.mark.parametrize(
    ("typed", "known"),
    [("svt", "SVT"), ("Sciences de la Vie et de la Terre", "SVT"), ("maths", "Mathématiques")],
)
def test_what_was_typed_is_found_as_the_directory_has_it(typed: str, known: str) -> None:
    expected = next(
        iter(one for one in filters.terms().disciplines if filters._key(one) == filters._key(known))
    )
    assert filters.terms().discipline(typed) == expected


@pytest.mark.parametrize(
    "typed", ["collège jean moulin", "0800202b", "Collège Jean Moulin (0800202B)"]
)
def test_a_school_is_found_by_name_and_by_number(typed: str) -> None:
    assert filters.terms().school(typed) == MOULIN


def test_two_schools_of_one_name_are_told_apart_by_their_number() -> None:
    entry("Zoe", "SVT", "Professeur", ("0800303C", "Collège Jean Moulin"))
    filters.forget_terms()
    assert filters.terms().school("Collège Jean Moulin") is None
    assert filters.terms().school("0800303C") == ("0800303C", "Collège Jean Moulin")


def test_it_is_who_it_is_today(svt: Group) -> None:
    DirectoryEntry.objects.filter(name="Bruno").delete()
    entry("Gilles", "SVT", "Professeur", AUBEPINES)
    assert groups.recipients(svt) == (
        "Aline <aline@ac-exemple.fr>",
        "Gilles <gilles@ac-exemple.fr>",
    )


def test_it_counts_in_completion_and_within_other_groups(svt: Group, claire: User) -> None:
    assert search.complete(claire, "svt")[0].size == 2
    outer = groups.create(claire, "Équipe")
    nesting.add(outer, svt)
    assert len(groups.recipients(outer)) == 2
    assert set(live.find_live_groups(claire, ["Équipe", "SVT AUBEPINES"])) == {
        "Équipe",
        "SVT AUBEPINES",
    }


def test_too_many_are_nobody_and_it_is_said(svt: Group, claire: User, settings) -> None:
    settings.DIRECTORY_GROUP_MOST = 1
    assert groups.recipients(svt) == ()
    assert groups.too_large(nesting.parts(svt)) == {svt.pk: 2}
    assert live.find_live_groups(claire, ["SVT Aubépines"])["SVT Aubépines"].is_too_large


def test_turned_off_it_is_nobody(svt: Group, claire: User, settings) -> None:
    settings.DIRECTORY_GROUP_MOST = 0
    assert groups.recipients(svt) == ()
    assert [one for one in search.complete(claire, "svt") if one.group] == []


def test_a_class_takes_nobody_from_the_directory(claire: User) -> None:
    made = groups.create(claire, "5e C")
    groups.set_class(made, 2026, Group.Guardians.ALL)
    with pytest.raises(groups.HoldsGroups):
        groups.set_filter(made, GroupFilter(discipline="SVT"))


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("professeur", True),
        ("Professeure certifiée", True),
        ("certifié", True),
        ("infirmier", True),
        ("jardinier", False),
    ],
)
def test_a_word_stands_for_all_functions_that_hold_it(typed: str, stored: bool) -> None:
    entry("Fanny", "SVT", "Professeur certifié", MOULIN)
    entry("Gaelle", "SVT", "Professeure certifiée", MOULIN)
    entry("Hugo", "", "Infirmière", MOULIN)
    filters.forget_terms()
    assert bool(filters.terms().function(typed)) is stored


def test_a_function_finds_those_whose_function_says_more() -> None:
    entry("Fanny", "SVT", "Professeur certifié", MOULIN)
    entry("Gaelle", "SVT", "Professeure certifiée", MOULIN)
    filters.forget_terms()
    wanted = GroupFilter(school_uai=MOULIN[0], function="professeur")
    assert [name for name, _address in filters.find_members(wanted).people] == [
        "Chloe",
        "Fanny",
        "Gaelle",
    ]
    wanted = GroupFilter(function="Professeure certifiée")
    assert [name for name, _address in filters.find_members(wanted).people] == ["Fanny", "Gaelle"]
