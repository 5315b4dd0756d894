"""The admin of the address book."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group as Role
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import SUPPORT
from addressbook import contacts
from addressbook.contact_data import ContactData
from addressbook.contacts import groups
from addressbook.models import Contact, ImportJob, ImportPart

pytestmark = pytest.mark.django_db
LIST = "/admin/addressbook/addressbook/"


@pytest.fixture
def admin(settings) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    user = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    return client


@pytest.fixture
def filled(claire: User, paul: User, sophie: Contact) -> None:
    """Claire's has 3 contacts, 2 more in the bin, a group and an import; Paul's has nothing."""
    datas = [ContactData(display_name=f"Secret {n}") for n in range(4)]
    made = contacts.create_many(claire, datas)
    contacts.delete(claire, [contact.pk for contact in made[:2]])
    groups.add(groups.create(claire, "Groupe secret"), [sophie.pk])
    ImportJob.objects.create(user=claire, uploaded_by=claire, source="auto")


def test_address_books_are_told_by_numbers_alone(admin: Client, filled: None) -> None:
    page = admin.get(LIST).content.decode()
    cells = {
        name: f'class="field-{name}">{number}<'
        for name, number in {"contacts": 3, "binned": 2, "lists": 1, "imports": 1}.items()
    }
    assert [name for name, cell in cells.items() if cell not in page] == []
    assert page.count('class="field-contacts">0<') == 1
    for secret in ("Secret", "secret", "Sophie", "mairie.example"):
        assert secret not in page


def test_a_books_own_page_tells_no_more(admin: Client, claire: User, filled: None) -> None:
    page = admin.get(f"{LIST}{claire.pk}/change/").content.decode()
    assert "claire" in page
    for secret in ("Secret", "secret", "Sophie", "mairie.example"):
        assert secret not in page


def test_nothing_can_be_changed_there(admin: Client, claire: User, filled: None) -> None:
    posted = [
        admin.post(f"{LIST}{claire.pk}/{page}/", {"post": "yes"}) for page in ("change", "delete")
    ]
    posted += [admin.post(f"{LIST}add/")]
    assert [answer.status_code for answer in posted] == [403, 403, 403]
    assert User.objects.filter(pk=claire.pk).exists()


def test_the_support_desk_does_not_see_it(settings, admin: Client, paul: User) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    paul.groups.add(Role.objects.get(name=SUPPORT))
    client = Client()
    client.force_login(paul, backend="accounts.backends.MailServerBackend")
    assert client.get(LIST).status_code == 403


def test_a_hundred_address_books_cost_as_many_queries_as_one(
    admin: Client, claire: User, filled: None
) -> None:
    admin.get(LIST)
    costs = []
    for number in (0, 100):
        domain = claire.mail_domain
        User.objects.bulk_create(User(mail_domain=domain, login=f"n{n}") for n in range(number))
        with CaptureQueriesContext(connection) as captured:
            admin.get(LIST)
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_thousands_are_set_apart_in_what_was_imported(admin: Client, claire: User) -> None:
    job = ImportJob.objects.create(
        uploaded_by=claire, state="undone", new=1234, merged=2345, unchanged=3456, kept=4567
    )
    ImportPart.objects.create(job=job, number=1, owner="paul@ac-exemple.fr", new=5678)
    page = admin.get(f"/admin/addressbook/importjob/{job.pk}/change/").content.decode()
    listed = admin.get("/admin/addressbook/importjob/").content.decode()
    for number in ("1\xa0234", "2\xa0345", "3\xa0456"):
        assert f">{number}<" in page and f">{number}<" in listed
    assert "4\xa0567" in page and ">5\xa0678<" in page
