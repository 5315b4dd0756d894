"""Mail that knows its reader's contacts: in the list, in the reader, in what one is warned of."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import FORMER, ContactData, Email, Photo
from addressbook.contacts import groups, keeping, ties
from addressbook.folding import fold
from addressbook.models import Contact, ContactPhoto, DirectoryEntry, Group, Guardianship
from demo.servers.dovecot import MailAccount
from tests.addressbook.contacts.test_keeping import picture
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, page, path, words

pytestmark = pytest.mark.django_db
INBOX = "/mail/INBOX/"
BORROWED = "porte le nom de Claire Martin"


def senders(answer) -> list[str]:
    """Of the list's rows, from the top, without their tags."""
    found = re.findall(r'<span class="who clip">(.*?)</span>', page(answer), re.DOTALL)
    return [re.sub("<[^>]*>", "", name) for name in found]


@pytest.fixture
def owner(reader: Client) -> User:
    """Alice, whose first sign-in made her."""
    return User.objects.get(login="alice")


def known(owner: User, name: str, *addresses: str, photo: bool = False) -> Contact:
    data = ContactData(
        display_name=name,
        emails=tuple(Email(address) for address in addresses),
        photo=Photo("image/jpeg", picture(40)) if photo else None,
    )
    return contacts.create(owner, data)


def colleague(name: str, address: str) -> None:
    first, last = name.split()
    DirectoryEntry.objects.create(
        source="staff", source_id=address, name=name, sort_key=fold(f"{last} {first}"),
        address=address, folded=address, filled=timezone.now(),
    )  # fmt: skip


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_the_list_names_contacts_as_one_calls_them(
    reader: Client, owner: User, mailbox: Mailbox
) -> None:
    mailbox.append(letter(sender="inconnue@x.example"))
    mailbox.append(letter(sender="B. Petit <BOB@ac-exemple.fr>"))
    mailbox.append(letter(sender="paul@ac-exemple.fr"))
    mailbox.append(letter(sender="Le gestionnaire <paul@ac-exemple.fr>"))
    colleague("Paul Durand", "paul@ac-exemple.fr")
    bob = known(owner, "Mon ami Bob", "bob@ac-exemple.fr", photo=True)
    answer = reader.get(INBOX)
    assert senders(answer) == [
        "Le gestionnaire", "Paul Durand", "Mon ami Bob", "inconnue@x.example",
    ]  # fmt: skip
    picture_url = f"/contacts/{bob.pk}/photo/{ContactPhoto.objects.get().digest}"
    assert page(answer).count(picture_url) == 1


def test_what_one_wrote_is_listed_by_whom_it_is_for(
    reader: Client, owner: User, mailbox: Mailbox
) -> None:
    mailbox.append(letter(to="zoe@x.example, luc@x.example"), "Sent")
    known(owner, "Zoé", "zoe@x.example")
    assert senders(reader.get("/mail/Sent/")) == ["À\N{NO-BREAK SPACE}: Zoé, luc@x.example"]


def test_nobody_sees_how_others_call_people(reader: Client, owner: User, mailbox: Mailbox) -> None:
    mailbox.append(letter())
    known(User.objects.create(login="claire"), "Mon ami Bob", "bob@ac-exemple.fr")
    assert senders(reader.get(INBOX)) == ["Bob Petit"]


def test_fifty_rows_cost_as_many_queries_as_one(
    reader: Client, owner: User, mailbox: Mailbox, no_time_passes: None
) -> None:
    uid = mailbox.append(letter(sender="n0@x.example"))
    for url in (INBOX, path(mailbox, uid)):
        reader.get(url)
    one, one_open = queries(reader, INBOX), queries(reader, path(mailbox, uid))
    to = ", ".join(f"n{n}@x.example" for n in range(50))
    for number in range(1, 30):
        uid = mailbox.append(letter(sender=f"n{number}@x.example", to=to))
        known(owner, f"Contact {number}", f"n{number}@x.example", photo=True)
    reader.get(INBOX)  # what is new is judged once
    assert queries(reader, INBOX) == one
    assert queries(reader, path(mailbox, uid)) == one_open


def test_the_reader_shows_a_contact_and_leads_to_his_card(
    reader: Client, owner: User, mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter(sender="B. Petit <bob@ac-exemple.fr>"))
    bob = known(owner, "Mon ami Bob", "bob@ac-exemple.fr", photo=True)
    answer = reader.get(path(mailbox, uid))
    assert f'<img class="avatar" src="/contacts/{bob.pk}/photo/' in page(answer)
    assert page(answer).count(f'href="/contacts/{bob.pk}/"') == 2
    assert "Mon ami Bob" in words(answer)
    assert "B. Petit" in words(answer)
    assert 'action="/contacts/add/"' in page(answer)
    assert 'name="address"' not in page(answer)
    assert "/compose/?to=bob%40ac-exemple.fr" in page(answer)


def test_who_is_no_contact_can_be_added(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(sender="Zoé Roux <zoe@x.example>"))
    answer = reader.get(path(mailbox, uid))
    assert '<input type="hidden" name="address" value="zoe@x.example">' in page(answer)
    assert '<input type="hidden" name="name" value="Zoé Roux">' in page(answer)
    assert '<span class="avatar h' in page(answer)


def test_a_forged_sender_gets_no_face(
    settings, reader: Client, owner: User, mailbox: Mailbox
) -> None:
    settings.AUTHSERV_ID = "mx.ac-exemple.fr"
    forged = letter(
        sender="B. Petit <bob@ac-exemple.fr>",
        authentication_results="mx.ac-exemple.fr; dmarc=fail header.from=ac-exemple.fr",
    )
    uid = mailbox.append(forged)
    known(owner, "Mon ami Bob", "bob@ac-exemple.fr", photo=True)
    shown = reader.get(path(mailbox, uid))
    assert '<img class="avatar"' not in page(shown)
    assert '<p class="message-from"><b>B. Petit</b>' in page(shown)


@pytest.mark.parametrize("name", ["Claire Martin", "MARTIN Claire", "Mme Clàire MARTIN"])
@pytest.mark.parametrize("whose", ["contact", "colleague"])
def test_a_borrowed_name_is_told(
    reader: Client, owner: User, mailbox: Mailbox, name: str, whose: str
) -> None:
    uid = mailbox.append(letter(sender=f"{name} <claire.martin.pro@courriel.example>"))
    assert BORROWED not in words(reader.get(path(mailbox, uid)))
    if whose == "contact":
        known(owner, "Claire Martin", "claire.martin@ac-exemple.fr")
    else:
        colleague("Claire Martin", "claire.martin@ac-exemple.fr")
    answer = reader.get(path(mailbox, uid))
    level = "warn" if whose == "contact" else "info"
    assert f'<div class="banner {level}" role="note">' in page(answer)
    assert "claire.martin@ac-exemple.fr" in words(answer)


def test_a_borrowed_name_is_told_in_french(reader: Client, owner: User, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(sender="Claire Martin <c@courriel.example>"))
    known(owner, "Claire Martin", "claire.martin@ac-exemple.fr")
    said = words(reader.get(path(mailbox, uid)))
    assert (
        "Ce message porte le nom de Claire Martin, mais ne vient pas de son adresse connue." in said
    )


def test_the_people_themselves_raise_no_alarm(
    reader: Client, owner: User, mailbox: Mailbox
) -> None:
    known(owner, "Claire Martin", "claire.martin@ac-exemple.fr", "clairon@courriel.example")
    for address in ("claire.martin@ac-exemple.fr", "Clairon@courriel.example"):
        uid = mailbox.append(letter(sender=f"MARTIN Claire <{address}>"))
        assert 'class="banner warn"' not in page(reader.get(path(mailbox, uid)))


def test_the_printed_page_names_people_too(
    reader: Client, owner: User, alice: MailAccount, mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter(sender="bob@ac-exemple.fr"))
    known(owner, "Mon ami Bob", "bob@ac-exemple.fr")
    assert "Mon ami Bob" in words(reader.get(path(mailbox, uid, "print/")))


# --- whose parent writes ---


@pytest.fixture
def family(owner: User) -> Contact:
    """Anne and Paul with Léa, who is in the class 4e B; returns Anne."""
    lea, anne, paul = (
        known(owner, name, address)
        for name, address in (
            ("Léa Martin", "lea@x.example"),
            ("Anne Martin", "anne@x.example"),
            ("Paul Roy", "paul@x.example"),
        )
    )
    ties.add_guardian(lea, anne, relation="mother")
    ties.add_guardian(lea, paul, relation="father")
    group = groups.create(owner, "4e B")
    groups.set_class(group, 2026, Group.Guardians.ALL)
    groups.add(group, [lea.pk])
    return anne


def test_the_reader_says_whose_parent_writes(
    reader: Client, family: Contact, mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter(sender="Anne <Anne@x.example>"))
    shown = words(reader.get(path(mailbox, uid)))
    assert "Élève : Léa Martin (4e B, mère)" in shown
    assert "Autre responsable : Paul Roy" in shown


def test_two_parents_at_one_address_are_no_others_of_each_other(
    reader: Client, owner: User, family: Contact, mailbox: Mailbox
) -> None:
    paul = Contact.objects.get(display_name="Paul Roy")
    data = keeping.data_of(paul)
    keeping.update(paul, replace(data, emails=(Email("anne@x.example"),)))
    shown = words(reader.get(path(mailbox, mailbox.append(letter(sender="anne@x.example")))))
    assert shown.count("Léa Martin") == 1
    assert "Autre responsable" not in shown


def test_a_former_address_tells_whose_parent_writes_as_well(
    reader: Client, family: Contact, mailbox: Mailbox
) -> None:
    data = keeping.data_of(family)
    emails = (Email("new@x.example"), Email("anne@x.example", FORMER))
    keeping.update(family, replace(data, emails=emails))
    shown = words(reader.get(path(mailbox, mailbox.append(letter(sender="anne@x.example")))))
    assert "Léa Martin (4e B, mère)" in shown


def test_nobody_sees_the_pupils_of_another(
    reader: Client, owner: User, family: Contact, mailbox: Mailbox
) -> None:
    Guardianship.objects.update(user=User.objects.create(login="claire"))
    shown = words(reader.get(path(mailbox, mailbox.append(letter(sender="anne@x.example")))))
    assert "Léa Martin" not in shown


def test_only_a_guardian_costs_queries_more(
    reader: Client, owner: User, family: Contact, mailbox: Mailbox, no_time_passes: None
) -> None:
    known(owner, "Zoé", "zoe@x.example")
    costs = []
    for sender in ("zoe@x.example", "anne@x.example"):
        url = path(mailbox, mailbox.append(letter(sender=sender)))
        reader.get(url)
        costs.append(queries(reader, url))
    assert costs[1] - costs[0] == 3
