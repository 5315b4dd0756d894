"""The families of a list, shown before it is written."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from addressbook import imports
from addressbook.models import Contact
from tests.addressbook.imports.conftest import Import

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).parents[2] / "data" / "addressbook" / "classes"


def shown(user: User, at: str) -> str:
    browser = Client()
    browser.force_login(user)
    return " ".join(unescape(browser.get(at).content.decode()).split())


def test_families_stand_with_their_doubts_before_anything_is_written(
    claire: User, checked: Import
) -> None:
    job = checked(claire, (FOLDER / "classeur_couples.xlsx").read_bytes())
    page = imports.family_page(job)
    assert page is not None
    assert (page.total, page.unsure, Contact.objects.of(claire).count()) == (5, 5, 0)
    roy = next(family for family in page.families if family.name == "Tom ROY")
    assert [guardian.addresses for guardian in roy.guardians] == [
        ("dupont@exemple.invalid",),
        ("roy@exemple.invalid",),
    ]
    assert any("n’est donné à aucun" in doubt for doubt in roy.doubts)
    assert [(one.line, one.reason) for one in page.left_out] == [
        (10, "La ligne est un total, pas un élève."),
        (11, "La ligne est une remarque, pas un élève."),
    ]


def test_what_is_uncertain_stands_first(claire: User, checked: Import) -> None:
    head = "Nom élève;Prénom élève;Classe;Nom resp;Mail resp;Autorité parentale\n"
    lines = "A;Ada;CP;Roy Ana;a@x.example;oui\nB;Bob;CP;Roy Jo;b@x.example;non\n"
    page = imports.family_page(checked(claire, head + lines))
    assert page is not None
    assert [family.name for family in page.families] == ["Bob B", "Ada A"]
    assert [guardian.gets_mail for family in page.families for guardian in family.guardians] == [
        False,
        True,
    ]


def test_the_page_of_columns_shows_five_pupils(claire: User, checked: Import) -> None:
    head = "Nom élève;Prénom élève;Classe;Nom resp;Mail resp\n"
    lines = "".join(f"N{n};P{n};CP;Roy{n} Ana;a{n}@x.example\n" for n in range(8))
    job = checked(claire, head + lines)
    page = shown(claire, reverse("addressbook:import_columns", args=[job.pk]))
    assert [
        f"a{n}@x.example" in page.partition("<tbody>")[2].rpartition("families")[2] for n in (4, 5)
    ] == [True, False]


def test_the_preview_has_the_families_and_the_lines_that_are_left_out(
    claire: User, checked: Import
) -> None:
    job = checked(claire, (FOLDER / "classeur_couples.xlsx").read_bytes())
    imports.choose_columns(job, {})
    imports.run(job.pk)
    page = shown(claire, reverse("addressbook:import", args=[job.pk]))
    assert "5 élèves, chacun avec les responsables" in page
    assert "M. LE GOFF" in page
    assert "2 lignes sont laissées de côté" in page


def test_a_plain_address_book_has_no_families(claire: User, checked: Import) -> None:
    assert imports.family_page(checked(claire, "Nom;Mail\nRoy Ana;a@x.example\n")) is None


def test_the_cost_does_not_grow_with_the_list(
    claire: User, checked: Import, django_assert_max_num_queries
) -> None:
    head = "Nom élève;Prénom élève;Classe;Nom resp;Mail resp\n"
    lines = "".join(f"N{n};P{n};CP;Roy{n} Ana;a{n}@x.example\n" for n in range(60))
    job = checked(claire, head + lines)
    with django_assert_max_num_queries(8):
        page = imports.family_page(job, 2)
    assert page is not None
    assert (page.number, page.pages, len(page.families)) == (2, 3, 20)
