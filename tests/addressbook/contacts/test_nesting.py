"""Groups in groups."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from accounts.models import User
from addressbook import contacts
from addressbook.completion import search
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import archiving, groups, nesting, ties
from addressbook.contacts.audiences import Audience, UnreachedReason
from addressbook.models import Contact, Group, GroupNesting

pytestmark = pytest.mark.django_db


def person(user: User, name: str, address: str = "") -> Contact:
    emails = (Email(address),) if address else ()
    return contacts.create(user, ContactData(display_name=name, emails=emails))


def group(user: User, name: str, *members: Contact) -> Group:
    made = groups.create(user, name)
    groups.add(made, [member.pk for member in members])
    return made


@pytest.fixture
def team(claire: User) -> Group:
    """Two groups that share a member, and one of the outer group's own."""
    aline, bruno = (
        person(claire, "Aline", "aline@x.example"),
        person(claire, "Bruno", "b@x.example"),
    )
    mute = person(claire, "Muet")
    outer = group(claire, "Équipe", person(claire, "Zoé", "zoe@x.example"))
    nesting.add(outer, group(claire, "Sciences", aline, bruno))
    nesting.add(outer, group(claire, "Lettres", bruno, mute))
    Group.objects.filter(name="Lettres").update(external=["ALINE@x.example", "ext@x.example"])
    return outer


@pytest.fixture
def pupils(claire: User) -> Group:
    lila = person(claire, "Lila", "lila@x.example")
    ties.add_guardian(lila, person(claire, "Ewa", "ewa@x.example"))
    ties.add_guardian(lila, person(claire, "Piotr"))
    made = group(claire, "5e C", lila)
    groups.set_class(made, 2026, Group.Guardians.ALL)
    return made


def test_everybody_is_reached_once(team: Group) -> None:
    got = groups.recipients(team)
    assert got == (
        "Aline <aline@x.example>",
        "Bruno <b@x.example>",
        "Zoé <zoe@x.example>",
        "ext@x.example",
    )
    assert [one.name for one in groups.reach(team).unreached] == ["Muet"]


def test_of_an_inner_class_the_chosen_part_is_reached(team: Group, pupils: Group) -> None:
    nesting.add(team, pupils, Audience.GUARDIANS)
    reach = groups.reach(team)
    assert "Ewa <ewa@x.example>" in reach.recipients
    assert "Lila <lila@x.example>" not in reach.recipients
    assert {(one.name, one.reason) for one in reach.unreached} == {
        ("Muet", UnreachedReason.NO_ADDRESS),
        ("Piotr", UnreachedReason.NO_ADDRESS),
    }


def test_a_circle_is_refused_with_its_path(team: Group, claire: User) -> None:
    sciences = Group.objects.get(name="Sciences")
    svt = group(claire, "SVT")
    nesting.add(sciences, svt)
    with pytest.raises(nesting.Circle) as refused:
        nesting.add(svt, team)
    assert refused.value.path == ("Équipe", "Sciences", "SVT")
    with pytest.raises(nesting.Circle):
        nesting.add(team, team)
    assert team not in nesting.candidates(svt)


def test_a_circle_is_refused_through_the_bin(team: Group) -> None:
    sciences = Group.objects.get(name="Sciences")
    groups.delete(sciences)
    with pytest.raises(nesting.Circle):
        nesting.add(sciences, team)
    groups.restore(sciences)
    assert "Bruno <b@x.example>" in groups.recipients(team)


def test_a_circle_that_is_there_all_the_same_ends(team: Group) -> None:
    sciences = Group.objects.get(name="Sciences")
    GroupNesting.objects.create(outer=sciences, inner=team)
    assert len(groups.recipients(team)) == 4
    assert len(groups.recipients(sciences)) == 4


def test_depth_and_number_are_bounded(claire: User, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = [group(claire, f"G{number}") for number in range(13)]
    for outer, inner in pairwise(chain[:12]):
        nesting.add(outer, inner)
    groups.add(chain[11], [person(claire, "Fond", "fond@x.example").pk])
    assert groups.recipients(chain[0]) == ("Fond <fond@x.example>",)
    with pytest.raises(nesting.TooDeep):
        nesting.add(chain[11], chain[12])
    with pytest.raises(nesting.TooDeep):
        nesting.add(chain[12], chain[0])
    monkeypatch.setattr(nesting, "MOST_INNER", 1)
    with pytest.raises(nesting.TooManyInner):
        nesting.add(chain[0], chain[12])


def test_a_class_holds_pupils_alone(team: Group, pupils: Group) -> None:
    with pytest.raises(nesting.HoldsPupils):
        nesting.add(pupils, team)
    with pytest.raises(groups.HoldsGroups):
        groups.set_class(team, 2026, Group.Guardians.ALL)


def test_an_inner_group_in_the_bin_gets_nothing_and_comes_back(team: Group) -> None:
    lettres = Group.objects.get(name="Lettres")
    groups.delete(lettres)
    assert "ext@x.example" not in groups.recipients(team)
    assert nesting.outer_names(lettres) == ["Équipe"]
    groups.restore(lettres)
    assert "ext@x.example" in groups.recipients(team)


def test_the_class_of_the_new_year_takes_the_place_of_the_archived_one(
    team: Group, pupils: Group, claire: User
) -> None:
    nesting.add(team, pupils, Audience.GUARDIANS)
    made = archiving.pass_to(claire, 2027, [pupils], ["5e C"])
    lea = person(claire, "Léa")
    ties.add_guardian(lea, person(claire, "Marc", "marc@x.example"))
    groups.add(made[0], [lea.pk])
    got = groups.recipients(team)
    assert "Marc <marc@x.example>" in got
    assert "Ewa <ewa@x.example>" not in got
    assert [one.inner.name for one in nesting.inner(team)] == [
        "5e C",
        "5e C (2026-2027)",
        "Lettres",
        "Sciences",
    ]


def test_a_group_that_holds_too_many_is_cut_so_that_sending_refuses_it(
    team: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST_ADDRESSES", 2)
    assert len(groups.recipients(team)) == 3


def test_completion_counts_everybody_in_it(team: Group, claire: User) -> None:
    found = next(one for one in search.complete(claire, "equ") if one.group)
    assert (found.name, found.size) == ("Équipe", 4)


def test_who_gets_nothing_is_named_for_the_outer_group(team: Group, claire: User) -> None:
    gap = groups.gaps(claire, ["Équipe"])[0]
    assert (gap.group, gap.without_address) == ("Équipe", ("Muet",))


def test_two_thousand_in_twelve_groups_cost_three_queries(
    claire: User, django_assert_num_queries: Any
) -> None:
    outer = groups.create(claire, "Tout")
    for number in range(12):
        datas = [
            ContactData(
                display_name=f"P{number}-{one}", emails=(Email(f"p{number}-{one}@x.example"),)
            )
            for one in range(167)
        ]
        inner = groups.create(claire, f"Groupe {number}")
        groups.add(inner, [made.pk for made in contacts.create_many(claire, datas)])
        nesting.add(outer, inner)
    with django_assert_num_queries(3):
        assert len(groups.recipients(outer)) == 2_004
