"""The people behind the addresses of a mail, and names that others borrow."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import MailDomain, StaffRecord, User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email, Photo
from addressbook.contacts import known
from addressbook.contacts.known import Kind, KnownAddress
from addressbook.folding import fold
from addressbook.models import CollectedRecipient, Contact, ContactPhoto, DirectoryEntry
from tests.addressbook.contacts.test_keeping import picture

pytestmark = pytest.mark.django_db
ELSEWHERE = "claire.martin@courriel.example"


def colleague(first: str, last: str, address: str, **more: str) -> DirectoryEntry:
    name = f"{first} {last}"
    return DirectoryEntry.objects.create(
        source="staff", source_id=address, name=name, sort_key=fold(f"{last} {first}"),
        address=address, folded=address.lower(), filled=timezone.now(), **more,
    )  # fmt: skip


def collect(user: User, name: str, address: str) -> None:
    CollectedRecipient.objects.create(
        user=user, name=name, address=address, folded=address.lower(), last=timezone.now()
    )


def contact(user: User, name: str, *addresses: str, **more: Any) -> Contact:
    emails = tuple(Email(address) for address in addresses)
    return contacts.create(user, ContactData(display_name=name, emails=emails, **more))


def borrowed(user: User, name: str, address: str = ELSEWHERE) -> str:
    """Return whose name a mail carries, "" for nobody's."""
    namesake = known.namesake(user, name, address)
    return namesake.name if namesake else ""


def test_contacts_come_before_the_directory_and_this_before_the_collected(claire: User) -> None:
    zoe = contact(claire, "Zoé", "zoe@x.example")
    for address in ("zoe@x.example", "luc@x.example"):
        colleague("Nom", "Annuaire", address)
    for address in ("zoe@x.example", "luc@x.example", "eve@x.example"):
        collect(claire, "Nom collecté", address)
    people = known.people(
        claire, ["ZOE@x.example", "Luc@X.example", "eve@x.example", "?@x.example"]
    )
    assert people == {
        "zoe@x.example": KnownAddress(Kind.CONTACT, "Zoé", zoe.pk),
        "luc@x.example": KnownAddress(Kind.DIRECTORY, "Nom Annuaire"),
        "eve@x.example": KnownAddress(Kind.COLLECTED, "Nom collecté"),
    }


def test_a_known_contact_brings_his_picture(claire: User) -> None:
    photo = Photo("image/jpeg", picture(40))
    data = ContactData(display_name="Zoé", emails=(Email("zoe@x.example"),), photo=photo)
    contacts.create(claire, data)
    people = known.people(claire, ["zoe@x.example"])
    assert people["zoe@x.example"].photo_digest == ContactPhoto.objects.get().digest


def test_of_two_parents_with_one_address_neither_is_named(claire: User) -> None:
    first = contact(claire, "Sophie Roux", "famille@x.example")
    contact(claire, "Marc Roux", "famille@x.example")
    assert known.people(claire, ["famille@x.example"]) == {
        "famille@x.example": KnownAddress(Kind.CONTACT, "", first.pk)
    }


def test_nobody_knows_others_contacts_nor_those_in_the_bin(claire: User, paul: User) -> None:
    gone = contact(claire, "Zoé", "zoe@x.example")
    contacts.delete(claire, [gone.pk])
    contact(paul, "Luc", "luc@x.example")
    collect(paul, "Eve", "eve@x.example")
    assert not known.people(claire, ["zoe@x.example", "luc@x.example", "eve@x.example"])
    assert not known.is_contact(claire, "zoe@x.example")
    assert known.is_contact(paul, "LUC@x.example")


def test_two_hundred_addresses_cost_as_many_queries_as_one(
    claire: User, django_assert_num_queries
) -> None:
    many = [f"n{n}@x.example" for n in range(200)]
    contacts.create_many(
        claire, [ContactData(display_name=a, emails=(Email(a),)) for a in many[:100]]
    )
    for addresses in (many[-1:], many):
        with django_assert_num_queries(1):
            known.people(claire, addresses)
    with django_assert_num_queries(0):
        known.people(claire, [])


@pytest.mark.parametrize(
    "written",
    [
        "Claire Martin", "MARTIN Claire", "claire  martin", "Mme Claire MARTIN", "Martin, Claire",
        "Clairé Màrtin", '"Claire Martin"', "Claire Martin (Rectorat)", "M. CLAIRE MARTIN",
        "Cl\u0430ire M\u0430rtin", "Claire\u200b Mar\u200btin", "Claire-Martin",
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["contacts", "directory"])
def test_a_borrowed_name_is_seen_however_it_is_written(
    claire: User, written: str, where: str
) -> None:
    if where == "contacts":
        contact(claire, "", "c.martin@x.example", first_name="Claire", last_name="Martin")
    else:
        colleague("Claire", "Martin", "claire.martin@ac-exemple.fr")
    assert borrowed(claire, written) == "Claire Martin"


@pytest.mark.parametrize(
    "written", ["Jean-Pierre d’Arc", "D'ARC Jean Pierre", "Jean Pierre D’Arc", "d'arc jean-pierre"]
)
def test_hyphens_and_apostrophes_do_not_count(claire: User, written: str) -> None:
    contact(claire, "", "jp@x.example", first_name="Jean-Pierre", last_name="d’Arc")
    assert borrowed(claire, written) == "Jean-Pierre d’Arc"


@pytest.mark.parametrize(
    "written",
    ["Martin", "Claire", "M. Martin", "C. Martin", "Claire Martinet", "Claire Anne Martin", "",
     "claire.martin@ac-exemple.fr", "Claire " * 300, "x " * 40],
)  # fmt: skip
def test_what_is_not_the_whole_name_raises_no_alarm(claire: User, written: str) -> None:
    contact(claire, "Claire Martin", "c.martin@x.example")
    contact(claire, "Martin", "m@x.example")
    assert not borrowed(claire, written)


def test_any_address_of_anybody_of_that_name_is_right(claire: User) -> None:
    contact(claire, "Claire Martin", "c.martin@x.example", "martin@perso.example")
    colleague("Claire", "Martin", "claire.martin@ac-exemple.fr")
    colleague("Claire", "Martin", "claire.martin2@ac-exemple.fr")
    for right in ("MARTIN@perso.example", "claire.martin2@ac-exemple.fr"):
        assert not borrowed(claire, "Claire Martin", right)
    assert borrowed(claire, "Claire Martin", "claire.martin3@ac-exemple.fr")


def test_a_contact_may_call_himself_what_he_likes(claire: User) -> None:
    colleague("Claire", "Martin", "claire.martin@ac-exemple.fr")
    contact(claire, "Maman", ELSEWHERE)
    assert not borrowed(claire, "Claire Martin")


def test_whom_one_wrote_to_by_that_name_is_right(claire: User) -> None:
    colleague("Claire", "Martin", "claire.martin@ac-exemple.fr")
    collect(claire, "Autre Nom", ELSEWHERE)
    assert borrowed(claire, "Claire Martin")
    CollectedRecipient.objects.update(name="MARTIN Claire")
    assert not borrowed(claire, "Claire Martin")


def test_ones_own_name_and_address_raise_no_alarm(claire: User) -> None:
    colleague("Claire", "Morvan", claire.address)
    contact(claire, "Zoé Roux", "zoe@x.example")
    assert not borrowed(claire, "Claire Morvan")
    assert not borrowed(claire, "Zoé Roux", claire.address.upper())


def test_others_contacts_and_those_in_the_bin_lend_no_name(claire: User, paul: User) -> None:
    contact(paul, "Claire Martin", "c.martin@x.example")
    gone = contact(claire, "Claire Martin", "c.martin@x.example")
    contacts.delete(claire, [gone.pk])
    assert not borrowed(claire, "Claire Martin")


def test_a_contact_without_an_address_lends_no_name(claire: User) -> None:
    contact(claire, "Claire Martin")
    assert not borrowed(claire, "Claire Martin")


def test_the_colleague_of_ones_own_school_is_meant(claire: User) -> None:
    colleague("Claire", "Martin", "a@ac-exemple.fr", school_uai="0800001A", school_name="Loin")
    namesake = known.namesake(claire, "Claire Martin", ELSEWHERE)
    assert namesake and not namesake.is_close
    colleague(
        "Claire", "Martin", "b@ac-exemple.fr",
        school_uai="0800002B", school_name="Collège de Valmont", function="Professeure",
    )  # fmt: skip
    StaffRecord.objects.create(
        key_id="k", numen_digest=b"n" * 32, lookup_digest=b"l" * 32, last_name="Morvan",
        mail_domain=MailDomain.objects.get(), login=claire.login, address=claire.address,
        school_uai="0800002B",
    )  # fmt: skip
    namesake = known.namesake(claire, "Claire Martin", ELSEWHERE)
    assert namesake == known.Namesake(
        "Claire Martin", "Professeure, Collège de Valmont", ("b@ac-exemple.fr",), is_close=True
    )


def test_a_namesake_costs_as_few_queries_among_many(
    claire: User, django_assert_max_num_queries
) -> None:
    for number in range(60):
        colleague("Claire", "Martin", f"claire.martin{number}@ac-exemple.fr")
    with django_assert_max_num_queries(3):
        assert known.namesake(claire, "Claire Martin", ELSEWHERE)
    with django_assert_max_num_queries(1):
        assert not known.namesake(claire, "Anne Sophie Claire Marie", ELSEWHERE)
