"""Groups of the directory in the lines of recipients, when a message is sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import MailDomain, User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups, nesting, sharing
from addressbook.models import DirectoryEntry, Group, GroupFilter
from mail.mime import addresses
from mail.mime.addresses import Address
from webmail.writing import renewing
from webmail.writing.content import Content

pytestmark = pytest.mark.django_db


def entry(name: str, discipline: str = "SVT") -> DirectoryEntry:
    address = f"{name.lower()}@ac-exemple.fr"
    return DirectoryEntry.objects.create(
        source="staff", source_id=name, name=name, sort_key=name.lower(), address=address,
        folded=address, discipline=discipline, filled=timezone.now(),
    )  # fmt: skip


def user(login: str) -> User:
    domain = MailDomain.objects.get_or_create(name="ac-exemple.fr", is_default=True)[0]
    address = f"{login}@ac-exemple.fr"
    return User.objects.create(mail_domain=domain, login=login, address=address)


@pytest.fixture
def claire(db: None) -> User:
    cache.clear()
    for name in ("Aline", "Bruno"):
        entry(name)
    return user("claire")


@pytest.fixture
def svt(claire: User) -> Group:
    return groups.create_filtered(claire, "SVT: tous", GroupFilter(discipline="SVT"))


CHOSEN = '"SVT: tous": Aline <aline@ac-exemple.fr>, Bruno <bruno@ac-exemple.fr>;'


def everybody(content: Content) -> set[str]:
    lines = (content.to, content.cc, content.bcc)
    return {one.address for text in lines for one in addresses.read_recipients(text).valid}


def test_who_left_gets_nothing_and_who_came_gets_it(claire: User, svt: Group) -> None:
    DirectoryEntry.objects.filter(name="Bruno").delete()
    entry("Chloe")
    content = Content(to="zoe@x.example", bcc=f"{CHOSEN}, ext@x.example")
    made = renewing.renew(claire, content)
    assert made.to == "zoe@x.example"
    assert everybody(made) == {
        "zoe@x.example", "ext@x.example", "aline@ac-exemple.fr", "chloe@ac-exemple.fr",
    }  # fmt: skip
    assert addresses.read_recipients(made.bcc).groups[0].name == "SVT: tous"


def test_a_group_that_holds_one_is_renewed_too(claire: User, svt: Group) -> None:
    outer = groups.create(claire, "Tous")
    nesting.add(outer, svt)
    entry("Chloe")
    made = renewing.renew(claire, Content(to="Tous: aline@ac-exemple.fr, bruno@ac-exemple.fr;"))
    assert len(everybody(made)) == 3


def test_a_group_of_contacts_stays_as_it_was_chosen(
    claire: User, django_assert_max_num_queries: Any
) -> None:
    made = groups.create(claire, "Parents")
    data = ContactData(display_name="Aline", emails=(Email("a@x.example"),))
    groups.add(made, [contacts.create(claire, data).pk])
    content = Content(to="Parents: b@x.example, c@x.example;")
    with django_assert_max_num_queries(4):
        assert renewing.renew(claire, content) == content
    with django_assert_max_num_queries(0):
        renewing.renew(claire, Content(to="a@x.example, b@x.example"))


def test_a_shared_one_is_renewed_for_the_colleague(claire: User, svt: Group) -> None:
    paul = user("paul")
    content = Content(to=CHOSEN)
    entry("Chloe")
    assert renewing.renew(paul, content) == content
    sharing.share(svt, [paul.address], may_edit=False, with_pupils=False)
    assert len(everybody(renewing.renew(paul, content))) == 3


def test_too_many_are_refused(claire: User, svt: Group, settings: Any) -> None:
    settings.DIRECTORY_GROUP_MOST = 1
    with pytest.raises(renewing.TooLarge) as refused:
        renewing.renew(claire, Content(cc=CHOSEN))
    assert "SVT: tous" in renewing.too_large_words(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G: a@x.example, b@x.example;", "G: c@x.example;"),
        ("z@x.example, G: a@x.example;, y@x.example", "z@x.example, G: c@x.example;, y@x.example"),
        ("H: a@x.example;, pas une adresse", "H: a@x.example;, pas une adresse"),
        ('"G": a@x.example;', "G: c@x.example;"),
        ("", ""),
    ],
)
def test_only_the_groups_that_are_named_change(text: str, expected: str) -> None:
    assert addresses.with_groups(text, {"G": [Address("", "c@x.example")]}) == expected


def test_a_group_of_nobody_is_left_out() -> None:
    assert addresses.with_groups("G: a@x.example;, b@x.example", {"G": []}) == "b@x.example"
