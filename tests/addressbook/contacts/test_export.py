"""An exported file can be read again."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from accounts.models import User
from addressbook import contacts, importers, vcard
from addressbook.contact_data import ContactData, Email, Photo
from addressbook.contacts import export, finding, groups
from addressbook.models import Contact
from tests.addressbook.contacts.test_keeping import picture

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_vcards_hold_everything_with_pictures_and_groups(sophie: Contact, version: str) -> None:
    claire = sophie.user
    zoe = contacts.create(
        claire, ContactData(display_name="Zoé", photo=Photo("image/jpeg", picture(40)))
    )
    group = groups.create(claire, "Parents 4e B")
    groups.add(group, [sophie.pk])
    content = b"".join(export.vcards(finding.matching(claire), [group], version))
    assert f"VERSION:{version}".encode() in content
    got = [item for item in vcard.parse(content) if isinstance(item, ContactData)]
    assert got == [contacts.data_of(sophie), contacts.data_of(zoe)]
    reading = importers.read_address_book(content)
    assert ("Parents 4e B", (0,)) in [(group.name, group.members) for group in reading.groups]


def test_csv_is_read_again_by_our_own_import(sophie: Contact) -> None:
    content = b"".join(export.table(finding.matching(sophie.user), [], "fr"))
    assert importers.read_address_book(content).contacts == (contacts.data_of(sophie),)


def test_groups_of_a_csv_are_read_again_one_by_one_and_categories_stay(sophie: Contact) -> None:
    claire = sophie.user
    chosen = [groups.create(claire, name) for name in ("Parents 4e B", "Délégués; 4e")]
    for group in chosen:
        groups.add(group, [sophie.pk])
    contacts.update(sophie, replace(contacts.data_of(sophie), categories=("Chorale", "Piano")))
    content = b"".join(export.table(finding.matching(claire), chosen, "fr"))
    reading = importers.read_address_book(content)
    assert {group.name for group in reading.groups} == {"Parents 4e B", "Délégués; 4e"}
    assert all(group.members == (0,) for group in reading.groups)
    assert reading.contacts[0].categories == ("Chorale", "Piano")


def test_no_cell_is_a_formula(claire: User) -> None:
    data = ContactData(
        display_name="=HYPERLINK(1)", notes="@x", nickname="-1", organization="\t=1",
        emails=(Email("+x@y.example"),),
    )  # fmt: skip
    contacts.create(claire, replace(data))
    content = b"".join(export.table(finding.matching(claire), [], "fr"))
    assert content.startswith(b"\xef\xbb\xbf")
    (row,) = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))[1:]
    assert not [cell for cell in row if cell[:1] in ("=", "+", "-", "@", "\t")]
    assert "'=HYPERLINK(1)" in row
