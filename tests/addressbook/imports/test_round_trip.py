"""An export of the address book, brought back: into an empty one all is as it was, into the same
one nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from accounts.models import User
from addressbook import contacts, imports
from addressbook.contact_data import ContactData, Email, Photo
from addressbook.contacts import export, families, finding, groups, ties
from addressbook.folding import fold
from addressbook.models import Contact, Group, Guardianship
from tests.addressbook.any_contact import CONTACTS, TEXT
from tests.addressbook.conftest import SOPHIE
from tests.addressbook.contacts.test_keeping import picture
from tests.addressbook.imports.conftest import Import
from tests.examples import up_to

Write = Callable[[User], bytes]
NAMES = st.lists(
    TEXT.map(lambda text: " ".join(text.split())).filter(fold), max_size=3, unique_by=fold
)


def csv(user: User, group: Group | None = None, language: str = "fr") -> bytes:
    chosen = [group] if group else list(Group.objects.of(user))
    found = finding.matching(user, group=group)
    return b"".join(export.table(found, chosen, language, whole=chosen))


def english(user: User) -> bytes:
    return csv(user, language="en")


def vcard4(user: User, group: Group | None = None, version: str = "4.0") -> bytes:
    chosen = [group] if group else list(Group.objects.of(user))
    return b"".join(export.vcards(finding.matching(user, group=group), chosen, version))


def vcard3(user: User) -> bytes:
    return vcard4(user, version="3.0")


def seen(user: User, *, pictures: bool) -> tuple[object, ...]:
    """All that the address book holds."""
    there = Contact.objects.of(user)
    members = [
        (group.name, sorted(group.external), sorted(group.contacts.values_list("uid", flat=True)))
        for group in Group.objects.of(user)
    ]
    shown = sorted(there.values_list("uid", "photo__digest")) if pictures else ()
    return sorted(there.values_list("vcard", flat=True)), shown, sorted(members)


def fill(user: User, datas: Sequence[ContactData], names: Sequence[str]) -> None:
    """Contacts, every second one in each group; the last group has nobody."""
    made = contacts.create_many(user, datas)
    for number, name in enumerate(names):
        group = groups.create(user, name)
        groups.add(group, [each.pk for each in made[number % 2 :: 2]] if number < 2 else [])
        groups.set_external(group, ["=dehors@exemple.invalid"][: number % 2])


def empty(*users: User) -> None:
    Contact.objects.filter(user__in=users).delete()
    Group.objects.filter(user__in=users).delete()


FORMATS = pytest.mark.parametrize(
    ("write", "pictures"), [(csv, False), (english, False), (vcard3, True), (vcard4, True)]
)


@FORMATS
@up_to(12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(datas=CONTACTS, names=NAMES)
def test_whatever_the_address_book_holds_comes_back(
    claire: User,
    paul: User,
    brought: Import,
    write: Write,
    pictures: bool,
    datas: list[ContactData],
    names: list[str],
) -> None:
    empty(claire, paul)
    fill(claire, datas, names)
    before, content = seen(claire, pictures=pictures), write(claire)
    job = brought(claire, content)
    assert (job.new, job.merged, job.unchanged) == (0, 0, len(datas))
    assert (job.added, job.moved, job.to_check, job.refused) == (0, 0, 0, 0)
    assert seen(claire, pictures=pictures) == before
    job = brought(paul, content)
    assert (job.new, job.merged, job.refused) == (len(datas), 0, 0)
    assert seen(paul, pictures=pictures) == before


@FORMATS
def test_two_contacts_who_might_be_one_stay_two(
    claire: User, paul: User, brought: Import, write: Write, pictures: bool
) -> None:
    """Possible duplicates, even exact ones, are the person's to merge."""
    address = (Email("petit@exemple.invalid"),)
    names = ("A. Petit", "Anne Petit", "Anne Petit", "Zoé", "Zoé")
    contacts.create_many(
        claire, [ContactData(name, emails=address if "Petit" in name else ()) for name in names]
    )
    contacts.update(
        Contact.objects.of(claire).filter(display_name="Zoé")[0],
        ContactData("Zoé", photo=Photo("image/jpeg", picture(40))),
    )
    content = write(claire)
    assert brought(claire, content).unchanged == 5
    assert brought(paul, content).new == 5
    assert seen(paul, pictures=pictures) == seen(claire, pictures=pictures)


@pytest.mark.parametrize("write", [csv, vcard4])
def test_a_contact_in_the_bin_takes_no_other_one(
    claire: User, brought: Import, write: Write
) -> None:
    """Of two who might be one, the one that is still there stays what it is."""
    address = (Email("petit@exemple.invalid"),)
    first, _second = contacts.create_many(
        claire, [ContactData("A. Petit", emails=address), ContactData("Anne Petit", emails=address)]
    )
    content = write(claire)
    contacts.delete(claire, [first.pk])
    job = brought(claire, content)
    assert (job.new, job.merged, job.unchanged) == (1, 0, 1)
    assert sorted(Contact.objects.of(claire).values_list("display_name", flat=True)) == [
        "A. Petit",
        "Anne Petit",
    ]


@pytest.mark.parametrize("write", [csv, vcard4])
def test_a_group_comes_back_alone(
    claire: User, paul: User, brought: Import, write: Callable[[User, Group], bytes]
) -> None:
    made = contacts.create_many(claire, [ContactData("Ann"), ContactData("Bob")])
    choir, other = groups.create(claire, "Chorale"), groups.create(claire, "Piano")
    groups.add(choir, [made[0].pk])
    groups.set_external(choir, ["x@exemple.invalid"])
    groups.add(other, [one.pk for one in made])
    content, before = write(claire, choir), seen(claire, pictures=True)
    job = brought(claire, content)
    assert (job.unchanged, job.new, job.merged, job.to_check, job.groups) == (1, 0, 0, 0, 1)
    assert seen(claire, pictures=True) == before
    brought(paul, content)
    assert seen(paul, pictures=False)[2] == [("Chorale", ["x@exemple.invalid"], [made[0].uid])]


def test_columns_that_are_confirmed_as_they_were_recognised_lose_nothing(
    claire: User, checked: Import
) -> None:
    fill(claire, [SOPHIE, replace(SOPHIE, first_name="Zoé", school="Collège")], ["Parents"])
    job = checked(claire, csv(claire))
    columns = imports.columns(job)
    assert all(column.field for column in columns)
    assert imports.choose_columns(job, {column.index: column.field for column in columns})
    imports.run(job.pk)
    job.refresh_from_db()
    assert (job.unchanged, job.new, job.merged, job.groups) == (2, 0, 0, 1)


def test_a_picture_whose_seal_is_wrong_is_made_anew(
    claire: User, paul: User, brought: Import
) -> None:
    """Nothing that a browser gets was made elsewhere, whatever a file says of it."""
    contacts.create(claire, ContactData("Ann", photo=Photo("image/jpeg", picture(40))))
    content = vcard4(claire).replace(b"\r\n ", b"")
    at = content.index(b"X-WEBMAIL-SEAL=") + len(b"X-WEBMAIL-SEAL=")
    brought(paul, content[:at] + b"0" * 64 + content[at + 64 :])
    made, forged = (Contact.objects.of(user).get().photo.content for user in (claire, paul))
    assert bytes(forged) and bytes(forged) != bytes(made)


def test_pupils_guardians_and_classes_come_back_with_their_cards(
    claire: User, paul: User, brought: Import
) -> None:
    lea, anne, luc = contacts.create_many(
        claire, [ContactData(display_name=name) for name in ("Léa", "Anne", "Luc")]
    )
    ties.add_guardian(lea, anne, relation="mother", receives_mail=False)
    ties.add_guardian(lea, luc, relation="beau-père, le soir", is_legal=False)
    group = groups.create(claire, "4e B")
    groups.set_class(group, 2026, Group.Guardians.ALL)
    groups.add(group, [lea.pk])
    content = vcard4(claire)
    assert b"RELATED;TYPE=parent" in content
    assert f"urn:uuid:{anne.uid}".encode() in content.replace(b"\r\n ", b"")
    brought(paul, content)
    (family,) = families.of_class(Group.objects.of(paul).get())
    assert [
        (one.member.name, one.relation, one.receives_mail, one.is_legal) for one in family.guardians
    ] == [("Anne", "mother", False, True), ("Luc", "beau-père, le soir", True, False)]
    assert seen(claire, pictures=False)[0] == seen(paul, pictures=False)[0]
    again = brought(claire, content)
    assert (again.new, again.merged) == (0, 0)
    assert Guardianship.objects.filter(user=claire).count() == 2
