"""The answers to the line of recipients."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from addressbook.models import Contact

pytestmark = pytest.mark.django_db

URL = "/contacts/complete/"


def test_the_answer_says_what_goes_into_the_line(
    browser_of: Callable[[User], Client], claire: User, sophie: Contact
) -> None:
    answer = browser_of(claire).get(URL, {"q": "sop"})
    first, second = answer.json()["suggestions"]
    assert first["text"] == "Sophie Lambert-Petit <s.lambert@courriel.example>"
    assert first["detail"] == "Déléguée des parents · Mairie de Valmont"
    assert second["address"] == "sophie@mairie.example"
    assert answer.json()["all"] is True


def test_the_answer_is_kept_by_nobody(browser_of: Callable[[User], Client], claire: User) -> None:
    kept = browser_of(claire).get(URL, {"q": "sop"})["Cache-Control"]
    assert "no-store" in kept
    assert "private" in kept


def test_ten_are_not_said_to_be_all(browser_of: Callable[[User], Client], claire: User) -> None:
    datas = [ContactData(display_name="Zoé", emails=(Email(f"{n}@x.fr"),)) for n in range(10)]
    contacts.create_many(claire, datas)
    assert browser_of(claire).get(URL, {"q": "zo"}).json()["all"] is False


def test_a_group_is_opened_by_its_address(
    browser_of: Callable[[User], Client], claire: User, paul: User, sophie: Contact
) -> None:
    parents = groups.create(claire, "Parents")
    groups.add(parents, [sophie.pk])
    shown, *others = browser_of(claire).get(URL, {"q": "pare"}).json()["suggestions"]
    # Whoever is found by a function ("parent d’élève") stands behind names.
    assert {other["name"] for other in others} == {"Sophie Lambert-Petit"}
    members = browser_of(claire).get(shown["members"]).json()
    assert members == {"recipients": ["Sophie Lambert-Petit <s.lambert@courriel.example>"]}
    assert browser_of(paul).get(shown["members"]).status_code == 404


def test_nobody_completes_with_another_persons_contacts(
    browser_of: Callable[[User], Client], paul: User, sophie: Contact
) -> None:
    assert browser_of(paul).get(URL, {"q": "sop"}).json()["suggestions"] == []


def test_a_stranger_is_led_to_the_sign_in(db: None) -> None:
    assert Client().get(URL, {"q": "sop"})["Location"].startswith("/accounts/login/")


def test_a_text_without_end_is_cut(browser_of: Callable[[User], Client], claire: User) -> None:
    assert browser_of(claire).get(URL, {"q": "zo" * 5_000}).status_code == 200
