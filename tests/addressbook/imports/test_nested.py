"""Groups in groups, exported and brought back."""

from __future__ import annotations

import pytest

from accounts.models import User
from addressbook import contacts, imports
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import export, groups, nesting, ties
from addressbook.contacts.audiences import Audience
from addressbook.models import Contact, Group, GroupNesting
from tests.addressbook.imports.conftest import Import

pytestmark = pytest.mark.django_db


def book(user: User) -> Group:
    """A team with a class and another group, which holds a third one."""
    ewa = contacts.create(user, ContactData(display_name="Ewa", emails=(Email("ewa@x.example"),)))
    lila = contacts.create(user, ContactData(display_name="Lila"))
    ties.add_guardian(lila, ewa)
    team, sciences, svt, pupils = (
        groups.create(user, name) for name in ("Équipe", "Sciences [1]", "SVT; et plus", "5e C")
    )
    groups.set_class(pupils, 2026, Group.Guardians.ALL)
    groups.add(pupils, [lila.pk])
    groups.set_external(svt, ["svt@x.example"])
    nesting.add(team, pupils, Audience.GUARDIANS)
    nesting.add(team, sciences)
    nesting.add(sciences, svt)
    return team


def nested(user: User) -> list[tuple[str, str, str]]:
    rows = GroupNesting.objects.filter(outer__user=user).order_by("outer__name", "inner__name")
    return list(rows.values_list("outer__name", "inner__name", "audience"))


NESTED = [
    ("Sciences [1]", "SVT; et plus", ""),
    ("Équipe", "5e C", "guardians"),
    ("Équipe", "Sciences [1]", ""),
]


def written(user: User, kind: str) -> bytes:
    every = list(Group.objects.of(user))
    found = Contact.objects.of(user)
    if kind in ("fr", "en"):
        return b"".join(export.table(found, every, kind, whole=every))
    return b"".join(export.vcards(found, every, kind))


@pytest.mark.parametrize("kind", ["4.0", "3.0", "fr", "en"])
def test_groups_in_groups_come_back_and_once(
    claire: User, paul: User, brought: Import, kind: str
) -> None:
    book(claire)
    content = written(claire, kind)
    job = brought(paul, content)
    # The CSV does not say that a group is a class, and so not that a part of it is meant.
    expected = [(one, two, "" if kind in ("fr", "en") else part) for one, two, part in NESTED]
    assert nested(paul) == expected
    brought(paul, content)
    assert nested(paul) == expected
    imports.undo(job)
    imports.run(job.pk)
    assert nested(paul) == []


def test_one_group_is_exported_with_those_in_it(claire: User, paul: User, brought: Import) -> None:
    team = book(claire)
    several, found = export.with_inner(team)
    assert {group.name for group in several} == {"Équipe", "5e C", "Sciences [1]", "SVT; et plus"}
    brought(paul, b"".join(export.vcards(found, several, "4.0")))
    assert nested(paul) == NESTED


def cards(*edges: tuple[str, str]) -> bytes:
    names = dict.fromkeys(name for edge in edges for name in edge)
    text = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:zoe\r\nFN:Zoe\r\nEMAIL:zoe@x.example\r\nEND:VCARD\r\n"
    for name in names:
        inner = "".join(f"MEMBER:urn:uuid:g-{one}\r\n" for two, one in edges if two == name)
        text += (
            "BEGIN:VCARD\r\nVERSION:4.0\r\nPRODID:-//Webmail//Contacts//EN\r\nKIND:group\r\n"
            f"UID:g-{name}\r\nFN:{name}\r\nN:{name};;;;\r\n{inner}"
            f"MEMBER:mailto:{name.lower()}@x.example\r\nEND:VCARD\r\n"
        )
    return text.encode()


def test_a_circle_in_a_file_is_refused_and_told(paul: User, brought: Import) -> None:
    job = brought(paul, cards(("A", "B"), ("B", "C"), ("C", "A")))
    assert nested(paul) == [("A", "B", ""), ("B", "C", "")]
    assert imports.not_nested(job) == [("A", "C", "cycle")]


def test_a_circle_with_what_is_there_is_refused_and_told(paul: User, brought: Import) -> None:
    first, second = groups.create(paul, "A"), groups.create(paul, "B")
    nesting.add(first, second)
    job = brought(paul, cards(("B", "A")))
    assert nested(paul) == [("A", "B", "")]
    assert imports.not_nested(job) == [("A", "B", "cycle")]
    imports.undo(job)
    imports.run(job.pk)
    assert nested(paul) == [("A", "B", "")]


def test_too_many_in_a_file_are_refused_and_told(
    paul: User, brought: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    from addressbook.imports import grouping

    monkeypatch.setattr(grouping, "MOST_NESTED", 1)
    job = brought(paul, cards(("A", "B"), ("A", "C")))
    assert nested(paul) == [("A", "B", "")]
    assert imports.not_nested(job) == [("C", "A", "many")]
