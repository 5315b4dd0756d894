"""The pages of those one wrote to, and of the directory."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from addressbook import contacts
from addressbook.completion import index
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import collected
from addressbook.directory import finding
from addressbook.models import CollectedRecipient, Contact, DirectoryDomain, DirectoryEntry

pytestmark = pytest.mark.django_db

LIST, ACT, DIRECTORY = "/contacts/collected/", "/contacts/collected/act/", "/contacts/directory/"


@pytest.fixture
def visitor(browser_of: Callable[[User], Client], claire: User) -> Client:
    return browser_of(claire)


def toast_fields(page: str) -> dict[str, str]:
    """The fields of the form in the toast."""
    from lxml import html

    (form,) = html.fromstring(page).xpath(f"//form[@action='{ACT}'][.//input[@name='former']]")
    return {name: value or "" for name, value in form.form_values()}


def test_one_who_was_written_to_becomes_a_contact_by_a_click(visitor: Client, claire: User) -> None:
    collected.record(claire, [("Zoé Martin", "z@x.example")])
    assert "Zoé Martin" in visitor.get(LIST).content.decode()
    visitor.post("/contacts/add/", {"name": "Zoé Martin", "address": "z@x.example"})
    assert Contact.objects.of(claire).get().display_name == "Zoé Martin"
    assert "z@x.example" not in visitor.get(LIST).content.decode()


def test_forgetting_is_undone_by_the_toast(visitor: Client, claire: User) -> None:
    collected.record(claire, [("Zoé Martin", "z@x.example")])
    row = CollectedRecipient.objects.get()
    page = visitor.post(ACT, {"people": row.pk, "next": LIST}, follow=True).content.decode()
    assert not CollectedRecipient.objects.exists()
    visitor.post(ACT, toast_fields(page))
    assert CollectedRecipient.objects.get().name == "Zoé Martin"


def test_nobody_brings_back_what_is_anothers_or_forged(
    visitor: Client, browser_of: Callable[[User], Client], claire: User, paul: User
) -> None:
    collected.record(claire, [("Zoé Martin", "z@x.example")])
    row = CollectedRecipient.objects.get()
    page = visitor.post(ACT, {"people": row.pk, "next": LIST}, follow=True).content.decode()
    assert browser_of(paul).post(ACT, toast_fields(page)).status_code == 404
    assert visitor.post(ACT, {"former": "WzEsW11d:forged"}).status_code == 404


def test_nobody_forgets_for_another(
    browser_of: Callable[[User], Client], claire: User, paul: User
) -> None:
    collected.record(claire, [("", "z@x.example")])
    browser_of(paul).post(ACT, {"people": CollectedRecipient.objects.get().pk})
    assert CollectedRecipient.objects.exists()


def entries(count: int, **more: str) -> None:
    index.save_entries(
        [
            DirectoryEntry(
                source="staff",
                source_id=f"{n}",
                name=f"Aline Martin{n:03}",
                sort_key=f"martin{n:03} aline",
                address=f"a{n}@ac-exemple.fr",
                folded=f"a{n}@ac-exemple.fr",
                domain="ac-exemple.fr",
                filled=timezone.now(),
                **more,
            )
            for n in range(count)
        ]
    )
    DirectoryDomain.objects.get_or_create(name="ac-exemple.fr")


def names(page: str) -> list[str]:
    return re.findall(r"<b>(Aline [^<]+)</b>", page)


def test_the_directory_is_read_page_by_page(visitor: Client) -> None:
    entries(120, function="Professeure", school_uai="0800101A", school_name="Collège")
    first = visitor.get(DIRECTORY).content.decode()
    assert names(first) == [f"Aline Martin{n:03}" for n in range(50)]
    last = visitor.get(DIRECTORY, {"page": 3}).content.decode()
    assert len(names(last)) == 20
    assert "Professeure" in last
    assert "?school=0800101A" in last


def test_the_directory_is_searched_by_words_and_school(visitor: Client) -> None:
    entries(12, school_uai="0800101A", school_name="Collège Les Aubépines")
    asked = {"q": "ali martin011"}
    assert names(visitor.get(DIRECTORY, asked).content.decode()) == ["Aline Martin011"]
    school = visitor.get(DIRECTORY, asked | {"school": "0800101A"}).content.decode()
    assert "Collège Les Aubépines" in school
    elsewhere = visitor.get(DIRECTORY, asked | {"school": "0800102B"}).content.decode()
    assert names(elsewhere) == []


def test_one_of_the_directory_becomes_a_contact(visitor: Client, claire: User) -> None:
    entries(1)
    visitor.post("/contacts/add/", {"name": "Aline Martin000", "address": "a0@ac-exemple.fr"})
    mine = Contact.objects.of(claire).get()
    assert f'href="/contacts/{mine.pk}/"' in visitor.get(DIRECTORY).content.decode()


def test_the_last_page_that_is_shown_has_none_after_it(claire: User, monkeypatch) -> None:
    monkeypatch.setattr(finding, "MOST_PAGES", 2)
    entries(120)
    assert not finding.page(claire, "", "", 9).has_next
    assert finding.page(claire, "", "", 9).number == 2


def test_a_page_of_the_directory_costs_as_many_queries_for_many(
    visitor: Client, claire: User
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            visitor.get(DIRECTORY)
        return len(queries)

    entries(1)
    contacts.create(claire, ContactData(display_name="A", emails=(Email("a1@ac-exemple.fr"),)))
    visitor.get(DIRECTORY)
    before = cost()
    DirectoryEntry.objects.all().delete()
    entries(49)
    assert cost() == before
