"""Guardians who are not to be written to about a pupil: asked about, unticked, and held back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import MailDomain, User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import custody, groups, nesting, sharing, ties
from addressbook.models import Contact, Group, GroupShare, Guardianship
from demo.servers.submission import SubmissionServer
from tests.webmail.views.mail import page
from tests.webmail.views.test_sending_choice import fields, kept, leave, written
from webmail import tasks
from webmail.models import OutboxMessage

pytestmark = pytest.mark.django_db
FATHER, MOTHER = "pere@x.example", "mere@x.example"


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def outgoing(submission: SubmissionServer) -> SubmissionServer:
    for file in submission.outgoing.glob("*"):
        file.unlink()
    return submission


def person(user: User, first: str, last: str, *addresses: str) -> Contact:
    emails = tuple(map(Email, addresses))
    return contacts.create(user, ContactData(first_name=first, last_name=last, emails=emails))


@pytest.fixture
def family(reader: Client) -> Contact:
    """Léa: her mother gets mail, her father has no parental authority."""
    alice = User.objects.get(login="alice")
    lea = person(alice, "Léa", "Martin")
    ties.add_guardian(lea, person(alice, "Anne", "Dupont", MOTHER))
    father = person(alice, "Paul", "Martin", FATHER, "paul@work.example")
    ties.add_guardian(lea, father, receives_mail=False, is_legal=False)
    return lea


@pytest.mark.parametrize("address", [FATHER, FATHER.upper(), "paul@work.example"])
def test_a_typed_address_is_asked_about_with_the_pupil_and_the_reason(
    reader: Client, outgoing: SubmissionServer, family: Contact, address: str
) -> None:
    answer = reader.post("/compose/", written(to=address))
    assert answer.status_code == 422
    shown = page(answer)
    assert "Paul Martin" in shown
    assert "Léa Martin" in shown
    assert "sans l’autorité parentale" in shown
    assert not OutboxMessage.objects.exists()
    assert reader.post("/compose/", fields(answer) | {"do": "send"}).status_code == 302
    leave()
    assert len(kept(outgoing)) == 1


def test_the_other_guardian_is_written_to_without_a_question(
    reader: Client, outgoing: SubmissionServer, family: Contact
) -> None:
    assert reader.post("/compose/", written(to=MOTHER)).status_code == 302


def test_in_an_ordinary_group_the_guardian_is_unticked_and_gets_nothing(
    reader: Client, outgoing: SubmissionServer, family: Contact
) -> None:
    to = f"Parents: {MOTHER}, {FATHER}, zoe@x.example;"
    again = fields(reader.post("/compose/", written(to=to)))
    assert again["members"] == [MOTHER, "zoe@x.example"]
    again["delivery"] = "each"
    assert reader.post("/compose/", again | {"do": "send"}).status_code == 302
    leave()
    messages = b"".join(kept(outgoing))
    assert len(kept(outgoing)) == 2
    assert FATHER.encode() not in messages


def test_a_note_made_after_the_sending_was_accepted_holds_the_message_back(
    reader: Client, outgoing: SubmissionServer, family: Contact
) -> None:
    alice = User.objects.get(login="alice")
    mother = Contact.objects.of(alice).get(display_name="Anne Dupont")
    assert reader.post("/compose/", written(to=MOTHER)).status_code == 302
    tie = Guardianship.objects.get(pupil=family, guardian=mother)
    ties.change_guardian(tie, relation="", receives_mail=False, is_legal=True, is_first=False)
    leave()
    row = OutboxMessage.objects.get()
    assert (row.state, row.failure) == (OutboxMessage.State.FAILED, "RecipientsWithheld")
    assert kept(outgoing) == []
    assert MOTHER in page(reader.get("/outbox/", follow=True))


def test_of_a_batch_the_others_leave(
    reader: Client, outgoing: SubmissionServer, family: Contact
) -> None:
    to = f"Parents: {MOTHER}, luc@x.example, zoe@x.example;"
    again = fields(reader.post("/compose/", written(to=to))) | {"delivery": "each"}
    reader.post("/compose/", again | {"do": "send"})
    later = timezone.now() + timedelta(seconds=1)
    ties_of_mother = Guardianship.objects.filter(pupil=family, receives_mail=True)
    ties_of_mother.update(receives_mail=False, withheld_since=later)
    leave()
    assert len(kept(outgoing)) == 2
    failed = OutboxMessage.objects.get(state=OutboxMessage.State.FAILED)
    assert failed.failure == "RecipientsWithheld"
    tasks.deliver_message(str(failed.pk))
    answer = reader.post(f"/outbox/{failed.pk}/correct/", {"address": FATHER}, follow=True)
    assert "Paul Martin" in page(answer)
    assert len(kept(outgoing)) == 2


def test_an_address_where_the_other_guardian_gets_mail_is_not_asked_about(
    reader: Client, family: Contact
) -> None:
    alice = User.objects.get(login="alice")
    together = person(alice, "Jean", "Petit", MOTHER)
    ties.add_guardian(family, together, receives_mail=False)
    assert custody.withheld(alice, [MOTHER]) == {}


def test_a_note_is_its_owners_alone(reader: Client, family: Contact) -> None:
    bob = User.objects.create(login="bob")
    assert custody.withheld(bob, [FATHER]) == {}


def test_the_notes_of_many_recipients_take_two_queries(
    reader: Client, family: Contact, django_assert_num_queries: Any
) -> None:
    alice = User.objects.get(login="alice")
    with django_assert_num_queries(2):
        found = custody.withheld(alice, [FATHER, *(f"p{n}@x.example" for n in range(400))])
    assert list(found) == [FATHER]


def test_neither_text_nor_documents_name_the_pupil_for_such_a_guardian(
    reader: Client, outgoing: SubmissionServer, family: Contact
) -> None:
    alice = User.objects.get(login="alice")
    father = Contact.objects.of(alice).get(display_name="Paul Martin")
    tom = person(alice, "Tom", "Martin")
    ties.add_guardian(tom, father)
    school_class = groups.create(alice, "4e B")
    groups.add(school_class, [family.pk, tom.pk])
    body = "Bonjour, au sujet de {élève}."
    again = fields(reader.post("/compose/", written(to=FATHER, body=body)))
    again["members"] = [FATHER]
    assert reader.post("/compose/", again | {"do": "send"}).status_code == 302
    leave()
    (message,) = kept(outgoing)
    assert b"Tom Martin" in message
    assert b"L=C3=A9a" not in message and "Léa".encode() not in message


# --- lists that colleagues share ---


@pytest.fixture
def shared_class(reader: Client, mail_domain: MailDomain) -> Group:
    """Claire's 4e B, shared with Alice: its Léa has a father who is not to be written to."""
    claire = User.objects.create(login="claire", name="Claire Morvan", mail_domain=mail_domain)
    lea = person(claire, "Léa", "Martin")
    ties.add_guardian(lea, person(claire, "Anne", "Dupont", MOTHER))
    father = person(claire, "Paul", "Martin", FATHER)
    ties.add_guardian(lea, father, receives_mail=False, is_legal=False)
    made = groups.create(claire, "4e B")
    groups.add(made, [lea.pk])
    groups.set_class(made, 2026, Group.Guardians.ALL)
    give(made)
    return made


def give(group: Group, *, with_pupils: bool = True) -> None:
    alice = User.objects.get(login="alice")
    sharing.share(group, [alice.address], may_edit=False, with_pupils=with_pupils)


def test_a_note_in_the_list_of_a_colleague_is_asked_about_without_its_reason(
    reader: Client, outgoing: SubmissionServer, shared_class: Group
) -> None:
    alice = User.objects.get(login="alice")
    # To Alice the father is a contact like others, and gets mail about another Léa.
    own = person(alice, "Léa", "Martin")
    ties.add_guardian(own, person(alice, "Paul", "Martin", FATHER))
    for to in (FATHER, f"Parents: {MOTHER}, {FATHER};"):
        answer = reader.post("/compose/", written(to=to))
        assert answer.status_code == 422
        shown = page(answer)
        assert "Paul Martin" in shown and "Léa Martin" in shown
        assert "d’après une liste de Claire Morvan" in shown
        assert "l’autorité parentale" not in shown
    again = fields(answer)
    assert again["members"] == [MOTHER]
    reader.post("/compose/", again | {"do": "send"})
    leave()
    assert FATHER.encode() not in b"".join(kept(outgoing))


def test_the_part_of_a_shared_class_leaves_the_guardian_out(
    reader: Client, outgoing: SubmissionServer, shared_class: Group
) -> None:
    alice = User.objects.get(login="alice")
    seen = sharing.find_shared_group(alice, shared_class.pk)
    assert seen is not None
    assert sharing.recipients(seen, "guardians") == (f"Anne Dupont <{MOTHER}>",)


def test_a_guardian_of_a_shared_group_is_asked_about_and_the_pupil_is_not_named(
    reader: Client, shared_class: Group
) -> None:
    claire = shared_class.user
    GroupShare.objects.all().delete()
    assert reader.post("/compose/", written(to=FATHER)).status_code == 302
    delegates = groups.create(claire, "Délégués")
    groups.add(delegates, [Contact.objects.of(claire).get(display_name="Paul Martin").pk])
    outer = groups.create(claire, "Conseil")
    nesting.add(outer, delegates)
    give(outer)
    shown = page(reader.post("/compose/", written(to=FATHER)))
    assert "N’écrivez pas à Paul Martin au sujet d’un élève" in shown
    assert "Léa" not in shown


def test_a_note_in_a_list_that_is_not_shared_with_its_pupils_stays_its_owners(
    reader: Client, shared_class: Group
) -> None:
    alice = User.objects.get(login="alice")
    assert FATHER in custody.withheld(alice, [FATHER])
    give(shared_class, with_pupils=False)
    assert custody.withheld(alice, [FATHER]) == {}


def test_a_note_that_a_colleague_makes_or_shares_later_holds_a_message_back(
    reader: Client, outgoing: SubmissionServer, shared_class: Group
) -> None:
    GroupShare.objects.all().delete()
    for address in (FATHER, MOTHER):
        assert reader.post("/compose/", written(to=address)).status_code == 302
    give(shared_class)
    tie = Guardianship.objects.get(guardian__display_name="Anne Dupont")
    ties.change_guardian(tie, relation="", receives_mail=False, is_legal=True, is_first=False)
    leave()
    states = set(OutboxMessage.objects.values_list("state", "failure"))
    assert states == {(OutboxMessage.State.FAILED, "RecipientsWithheld")}
    assert kept(outgoing) == []


def test_what_was_asked_about_and_confirmed_leaves(
    reader: Client, outgoing: SubmissionServer, shared_class: Group
) -> None:
    answer = reader.post("/compose/", written(to=FATHER))
    assert reader.post("/compose/", fields(answer) | {"do": "send"}).status_code == 302
    leave()
    assert len(kept(outgoing)) == 1


@pytest.mark.parametrize("ended", ["left", "ended", "deleted"])
def test_what_is_not_shared_any_more_asks_nothing(
    reader: Client, shared_class: Group, ended: str
) -> None:
    alice = User.objects.get(login="alice")
    assert set(custody.withheld(alice, [FATHER])) == {FATHER}
    match ended:
        case "left":
            sharing.leave(alice, shared_class)
        case "ended":
            sharing.end(GroupShare.objects.get())
        case "deleted":
            Contact.objects.filter(display_name="Léa Martin").update(deleted=timezone.now())
    assert custody.withheld(alice, [FATHER]) == {}
