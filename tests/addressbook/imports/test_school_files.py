"""The files of a school's programs from upload to families in the address book."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.models import User
from addressbook.models import Contact, Guardianship
from tests.addressbook.imports.conftest import Import

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).parents[2] / "data" / "addressbook" / "classes"


def content(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def test_pupils_and_guardians_of_two_files_are_one_list(claire: User, brought: Import) -> None:
    people, pupils = (
        content(f"siecle_{name}AvecAdresses.xml") for name in ("Responsables", "Eleves")
    )
    job = brought(claire, people, pupils)
    assert job.reject_code == ""
    assert [file.reject_code for file in job.files.all()] == ["", ""]
    names = Guardianship.objects.filter(user=claire).values_list(
        "pupil__vcard", "guardian__display_name"
    )
    tied = sorted((("021CC" in card, "022CC" in card), name) for card, name in names)
    assert tied == [
        ((False, False), "Mme Anne DUPONT"),
        ((False, True), "M. Paul MARTIN"),
        ((True, False), "M. Paul MARTIN"),
        ((True, False), "Mme Anne DUPONT"),
        ((True, False), "Mme Rita VOISIN"),
    ]


def test_the_guardians_alone_are_refused(claire: User, checked: Import) -> None:
    job = checked(claire, content("siecle_ResponsablesAvecAdresses.xml"))
    assert (job.state, job.reject_code) == ("failed", "siecle_pupils")


@pytest.mark.parametrize(
    "name",
    [
        "siecle_exports.zip",
        "onde_responsables.csv",
        "ent_utilisateurs.csv",
        "classeur_couples.xlsx",
    ],
)
def test_the_same_file_again_changes_nothing(claire: User, brought: Import, name: str) -> None:
    brought(claire, content(name))
    before = sorted(Contact.objects.values_list("pk", "vcard"))
    ties = sorted(Guardianship.objects.values_list("pupil", "guardian"))
    again = brought(claire, content(name))
    assert (again.new, again.merged) == (0, 0)
    assert sorted(Contact.objects.values_list("pk", "vcard")) == before
    assert sorted(Guardianship.objects.values_list("pupil", "guardian")) == ties


def test_a_couple_of_one_address_stays_two_people(claire: User, brought: Import) -> None:
    brought(claire, content("classeur_couples.xlsx"))
    names = Contact.objects.of(claire).filter(addresses__folded="legoff@exemple.invalid")
    assert sorted(names.values_list("display_name", flat=True)) == ["M. LE GOFF", "Mme LE GOFF"]
