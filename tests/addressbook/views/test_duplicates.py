"""Duplicates shown, compared and merged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from lxml import html

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.models import Contact
from tests.addressbook.conftest import SOPHIE

pytestmark = pytest.mark.django_db


@pytest.fixture
def twin(sophie: Contact) -> Contact:
    data = ContactData(display_name="Lambert-Petit Sophie", emails=(Email("sp@x.example"),))
    return contacts.create(sophie.user, data)


def test_a_set_is_shown_compared_merged_and_taken_apart(
    browser_of: Callable[[User], Client], sophie: Contact, twin: Contact
) -> None:
    visitor = browser_of(sophie.user)
    page = html.fromstring(visitor.get("/contacts/duplicates/").content)
    assert page.xpath("//form//input[@name='contacts']/@value") == [str(sophie.pk), str(twin.pk)]
    url = f"/contacts/duplicates/merge/?contacts={sophie.pk}&contacts={twin.pk}"
    form = html.fromstring(visitor.get(url).content).xpath("//main//form")[0]
    data: dict[str, list[str]] = {}
    for name, value in form.form_values():
        data.setdefault(name, []).append(value)
    answer = visitor.post("/contacts/duplicates/merge/", data)
    made = Contact.objects.of(sophie.user).get()
    assert answer["Location"] == f"/contacts/{made.pk}/"
    after = contacts.data_of(made)
    assert after.display_name == "Sophie Lambert-Petit"
    assert after.emails == (*SOPHIE.emails, Email("sp@x.example"))
    undo = html.fromstring(visitor.get(answer["Location"]).content).xpath("//*[@data-toast]//form")
    fields = {"merged": made.pk, "contacts": [sophie.pk, twin.pk]}
    assert undo[0].get("action") == "/contacts/duplicates/undo/"
    visitor.post("/contacts/duplicates/undo/", fields)
    assert set(Contact.objects.of(sophie.user)) == {sophie, twin}


def test_one_alone_or_anothers_is_not_merged(
    browser_of: Callable[[User], Client], paul: User, sophie: Contact, twin: Contact
) -> None:
    url = f"/contacts/duplicates/merge/?contacts={sophie.pk}"
    assert browser_of(sophie.user).get(url).status_code == 302
    visitor = browser_of(paul)
    assert visitor.get(f"{url}&contacts={twin.pk}").status_code == 404
    data = {"contacts": [sophie.pk, twin.pk]}
    assert visitor.post("/contacts/duplicates/merge/", data).status_code == 404
    visitor.post("/contacts/duplicates/undo/", {"merged": sophie.pk, "contacts": twin.pk})
    assert Contact.objects.of(sophie.user).count() == 2


def test_what_was_not_offered_is_refused(
    browser_of: Callable[[User], Client], sophie: Contact, twin: Contact
) -> None:
    data = {"contacts": [sophie.pk, twin.pk], "display_name": "7"}
    answer = browser_of(sophie.user).post("/contacts/duplicates/merge/", data)
    assert answer.status_code == 422
    assert Contact.objects.of(sophie.user).count() == 2
