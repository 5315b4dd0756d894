"""Groups, bin and export."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from lxml import html

from accounts.models import User
from addressbook import contacts, importers, vcard
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from addressbook.models import Contact, Group
from demo.servers.dovecot import MailAccount

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(browser_of: Callable[[User], Client], claire: User) -> Client:
    return browser_of(claire)


def test_a_group_is_made_renamed_deleted_and_restored(visitor: Client, sophie: Contact) -> None:
    url = visitor.post("/contacts/groups/new/", {"name": " Parents  4e B "})["Location"]
    group = Group.objects.get()
    assert (url, group.name) == (f"/contacts/groups/{group.pk}/", "Parents 4e B")
    groups.add(group, [sophie.pk])
    page = visitor.get(url).content.decode()
    assert f"/compose/?group={group.pk}&amp;as=bcc" in page
    assert f"/contacts/{sophie.pk}/?group={group.pk}" in page
    assert visitor.post("/contacts/groups/new/", {"name": "PARENTS 4e b"}).status_code == 422
    assert visitor.post(f"{url}edit/", {"name": "4e B"}).status_code == 302
    visitor.post(f"{url}delete/")
    assert visitor.get(url).status_code == 404
    assert f"{url}restore/" in visitor.get("/contacts/").content.decode()
    visitor.post(f"{url}restore/")
    assert "Sophie" in visitor.get(url).content.decode()


def test_the_bin_restores_and_deletes_for_good(visitor: Client, claire: User) -> None:
    made = contacts.create_many(claire, [ContactData(display_name=name) for name in "ABC"])
    a, b, c = (contact.pk for contact in made)
    contacts.delete(claire, [a, b, c])
    group = groups.create(claire, "Vieux groupe")
    groups.delete(group)
    assert "Vieux groupe" in visitor.get("/contacts/bin/").content.decode()
    visitor.post("/contacts/bin/", {"verb": "restore", "contacts": a, "groups": group.pk})
    assert list(Contact.objects.of(claire)) == [made[0]]
    assert list(Group.objects.of(claire)) == [group]
    visitor.post("/contacts/bin/", {"verb": "erase", "contacts": [a, b]})
    assert set(Contact.objects.all()) == {made[0], made[2]}


def test_another_persons_bin_is_out_of_reach(
    browser_of: Callable[[User], Client], paul: User, sophie: Contact
) -> None:
    contacts.delete(sophie.user, [sophie.pk])
    group = groups.create(sophie.user, "Parents")
    groups.delete(group)
    visitor = browser_of(paul)
    assert "Sophie" not in visitor.get("/contacts/bin/").content.decode()
    for verb in ("restore", "erase"):
        visitor.post("/contacts/bin/", {"verb": verb, "contacts": sophie.pk, "groups": group.pk})
    assert Contact.objects.in_bin(sophie.user).count() == 1
    assert Group.objects.in_bin(sophie.user).count() == 1


def body(answer: object) -> bytes:
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_all_a_group_or_a_choice_are_exported(visitor: Client, sophie: Contact) -> None:
    claire = sophie.user
    zoe = contacts.create(claire, ContactData(display_name="Zoé"))
    group = groups.create(claire, "Parents")
    groups.add(group, [zoe.pk])
    assert visitor.get("/contacts/export/").status_code == 200

    def names(content: bytes) -> list[str]:
        parsed = vcard.parse(content)
        return [item.display_name for item in parsed if isinstance(item, ContactData)]

    url = "/contacts/export/file/"
    everything = visitor.get(f"{url}?format=vcard3")
    assert names(body(everything)) == ["Sophie Lambert-Petit", "Zoé"]
    assert everything["Content-Disposition"].startswith('attachment; filename="contacts-')
    assert names(body(visitor.get(f"{url}?format=vcard4&group={group.pk}"))) == ["Zoé"]
    chosen = visitor.post(url, {"format": "vcard3", "contacts": sophie.pk})
    assert names(body(chosen)) == ["Sophie Lambert-Petit"]
    table = visitor.get(f"{url}?format=csv")
    assert body(table).count(b"\r\n") == 3
    assert visitor.get(f"{url}?format=pdf").status_code == 422


@pytest.mark.parametrize(("language", "header"), [("fr", "Nom affiché"), ("en", "Display Name")])
def test_the_table_is_in_the_language_of_who_exports_it(
    visitor: Client, sophie: Contact, language: str, header: str
) -> None:
    """A choice names the groups of its contacts, and no other."""
    for name, members in (("Parents", [sophie.pk]), ("Vide", [])):
        groups.add(groups.create(sophie.user, name), members)
    User.objects.update(preferences={"language": language})
    url = "/contacts/export/file/"
    everything = body(visitor.get(f"{url}?format=csv")).decode("utf-8-sig")
    assert everything.startswith(f"{header};")
    chosen = visitor.post(url, {"format": "csv", "contacts": sophie.pk})
    names = [
        [group.name for group in importers.read_address_book(text).groups]
        for text in (everything.encode(), body(chosen))
    ]
    assert names == [["Parents", "Vide"], ["Parents"]]


def test_another_persons_contacts_are_not_exported(
    browser_of: Callable[[User], Client], paul: User, sophie: Contact
) -> None:
    group = groups.create(sophie.user, "Parents")
    visitor = browser_of(paul)
    url = "/contacts/export/file/?format=vcard4"
    assert body(visitor.get(f"{url}&contacts={sophie.pk}")) == b""
    assert visitor.get(f"{url}&group={group.pk}").status_code == 422


def test_writing_to_a_group_begins_with_its_people(
    signed_in: Callable[..., Client], alice: MailAccount, sophie: Contact
) -> None:
    visitor = signed_in(alice)
    mine = User.objects.get(login="alice")
    group = groups.create(mine, "Équipe")
    people = [
        ContactData(display_name=f"Personne {n}", emails=(Email(f"p{n}@long.example"),))
        for n in range(200)
    ]
    made = contacts.create_many(mine, people)
    groups.add(group, [contact.pk for contact in made])
    for query, name in (("", "to"), ("&as=bcc", "bcc")):
        page = html.fromstring(visitor.get(f"/compose/?group={group.pk}{query}").content)
        values = dict(page.xpath("//form[.//*[@name='bcc']]")[0].form_values())
        assert values[name].count("@long.example") == 200
        assert "@" not in values["bcc" if name == "to" else "to"]
    hers = groups.create(sophie.user, "À Claire")
    assert visitor.get(f"/compose/?group={hers.pk}").status_code == 404


def test_a_group_has_addresses_that_no_contact_has(
    visitor: Client, claire: User, browser_of: Callable[[User], Client], paul: User
) -> None:
    parents = groups.create(claire, "Parents")
    url = f"/contacts/groups/{parents.pk}/addresses/"
    text = "zoe@x.example\r\nPaul <paul@x.example>,\r\n\r\nZOE@x.example"
    assert visitor.post(url, {"external": text}).status_code == 302
    assert groups.recipients(Group.objects.get()) == ("zoe@x.example", "paul@x.example")
    edit = visitor.get(f"/contacts/groups/{parents.pk}/edit/").content.decode()
    assert "zoe@x.example\npaul@x.example</textarea>" in edit
    assert browser_of(paul).post(url, {"external": ""}).status_code == 404


@pytest.mark.parametrize("form", ["addresses", "class", "inner"])
def test_a_refused_form_of_a_group_that_is_loaded_again_shows_the_group(
    visitor: Client, claire: User, browser_of: Callable[[User], Client], paul: User, form: str
) -> None:
    parents = groups.create(claire, "Parents")
    url = f"/contacts/groups/{parents.pk}/{form}/"
    answer = visitor.get(url)
    assert (answer.status_code, answer["Location"]) == (302, f"/contacts/groups/{parents.pk}/edit/")
    assert browser_of(paul).get(url).status_code == 404


def test_a_wrong_address_of_a_group_comes_back_with_the_others(
    visitor: Client, claire: User
) -> None:
    parents = groups.create(claire, "Parents")
    url = f"/contacts/groups/{parents.pk}/addresses/"
    answer = visitor.post(url, {"external": "zoe@x.example\nno address"})
    assert answer.status_code == 422
    assert "no address</textarea>" in answer.content.decode()
    assert "«\u00a0no address\u00a0»" in answer.content.decode()
    assert Group.objects.get().external == []


def test_the_recipients_of_a_message_are_pasted_into_a_group(visitor: Client, claire: User) -> None:
    parents = groups.create(claire, "Parents")
    pasted = 'Zoé <zoe@x.example>, "Petit, Luc" <luc@x.example>; c@x.example\nZOE@x.example'
    answer = visitor.post(f"/contacts/groups/{parents.pk}/addresses/", {"external": pasted})
    assert answer.status_code == 302
    assert Group.objects.get().external == ["zoe@x.example", "luc@x.example", "c@x.example"]
