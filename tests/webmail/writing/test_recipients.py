"""Whom a message goes to, looked at before it leaves."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from mail.mime.addresses import Address
from webmail.models import OutboxMessage
from webmail.writing import fields, recipients
from webmail.writing.content import Content
from webmail.writing.field_values import KnownRecipient
from webmail.writing.recipients import EACH, HIDDEN, VISIBLE

pytestmark = pytest.mark.django_db
CLAIRE = Address("Claire Morvan", "claire@ac-exemple.fr")
ZOE = KnownRecipient("zoe@x.example", "Zoé Martin", "Zoé", "Martin")


def several(count: int, domain: str = "courriel.example") -> str:
    return ", ".join(f"parent{n}@{domain}" for n in range(count))


def sent(user: User, count: int, minutes: int = 5, **more: object) -> OutboxMessage:
    """A message in the outbox, accepted so many minutes ago."""
    now = timezone.now()
    values = {"key": uuid.uuid4(), "due": now, "accepted": now - timedelta(minutes=minutes), **more}
    return OutboxMessage.objects.create(user=user, sealed=b"", recipients=count, **values)


# --- who sees whom ---


def test_ten_addresses_from_outside_may_be_seen_and_eleven_are_asked_about(claire: User) -> None:
    assert not recipients.review(claire, Content(to=several(10))).shows_many
    found = recipients.review(claire, Content(to=several(6), cc=several(11)))
    assert found.outside == 11
    assert found.shows_many


def test_how_many_may_be_seen_is_a_setting(claire: User, settings: Settings) -> None:
    settings.OUTSIDE_VISIBLE = 1
    assert recipients.review(claire, Content(to=several(2))).shows_many


def test_colleagues_and_those_in_blind_copy_are_not_counted(
    claire: User, settings: Settings
) -> None:
    settings.OWN_DOMAINS = frozenset({"dsden.example"})
    own = ", ".join(
        several(9, name) for name in ("ac-exemple.fr", "lycee.ac-exemple.fr", "dsden.example")
    )
    found = recipients.review(claire, Content(to=own, bcc=several(40)))
    assert (found.outside, found.visible, len(found.members)) == (0, 27, 67)
    assert not found.shows_many


def test_a_domain_that_ends_alike_is_outside() -> None:
    assert recipients.is_outside("a@notac-exemple.fr", {"ac-exemple.fr"})
    assert recipients.is_outside("a@ac-exemple.fr.pirate.example", {"ac-exemple.fr"})
    assert not recipients.is_outside("a@AC-Exemple.fr", {"ac-exemple.fr"})


def test_a_group_is_asked_about_however_small_and_whoever_is_in_it(claire: User) -> None:
    found = recipients.review(claire, Content(cc="Équipe: a@ac-exemple.fr, b@ac-exemple.fr;"))
    assert found.shows_many
    assert {member.group for member in found.members} == {"Équipe"}
    assert not recipients.review(claire, Content(cc="Luc: a@x.example;")).shows_many
    assert not recipients.review(claire, Content(bcc="É: a@x.example, b@x.example;")).shows_many


def test_everybody_counts_once_and_what_is_no_address_is_named(claire: User) -> None:
    found = recipients.review(
        claire, Content(to="A@x.example, a@x.example, nobody", cc="a@X.example", bcc="b@x.example")
    )
    assert [member.address for member in found.members] == ["A@x.example", "b@x.example"]
    assert found.repeated == 2
    assert found.invalid == ("nobody",)


def test_names_come_from_the_contacts_else_from_the_field(claire: User) -> None:
    contacts.create(
        claire,
        ContactData(first_name="Zoé", last_name="Du Bois", emails=(Email("zoe@x.example"),)),
    )
    found = recipients.review(
        claire,
        Content(
            to="Zoe@x.example, MARTIN Luc <luc@x.example>, Mme Petit <p@x.example>",
            html="{prénom}",
        ),
        with_names=True,
    )
    shown = [(member.shown, member.first_name, member.last_name) for member in found.members]
    assert shown == [
        ("Zoé Du Bois", "Zoé", "Du Bois"),
        ("MARTIN Luc", "Luc", "MARTIN"),
        ("Mme Petit", "", "Petit"),
    ]
    assert [member.address for member in found.lacking(fields.FIRST)] == ["p@x.example"]
    assert found.lacking(fields.LAST) == ()


def test_five_thousand_recipients_are_looked_at_in_a_moment(claire: User) -> None:
    begun = time.process_time()
    found = recipients.review(
        claire, Content(to=several(5000), cc=several(5000), bcc=several(5000))
    )
    assert time.process_time() - begun < 3
    assert (len(found.members), found.repeated) == (5000, 10_000)
    assert recipients.limits_error(claire, len(found.members))


def test_a_group_of_the_address_book_stands_under_its_name() -> None:
    people = ["Zoé <zoe@x.example>", '"Roy, Luc" <luc@x.example>', "ZOE@x.example"]
    text = recipients.group_text("6e B: \t parents", people)
    assert text == '"6e B: parents": Zoé <zoe@x.example>, "Roy, Luc" <luc@x.example>;'
    assert recipients.group_text("Zoé", ["zoe@x.example"]) == "zoe@x.example"
    assert recipients.group_text("Personne", []) == ""


# --- how many there may be ---


def test_a_message_goes_to_no_more_than_the_limit(claire: User, settings: Settings) -> None:
    settings.RECIPIENTS_PER_MESSAGE = 30
    assert recipients.limits_error(claire, 30) == ""
    with translation.override("en"):
        assert "31 recipients" in recipients.limits_error(claire, 31)
    assert recipients.limits_error(claire, 31, EACH) == ""
    settings.RECIPIENTS_PER_MESSAGE = 0
    assert recipients.limits_error(claire, 900) == ""


def test_an_hour_holds_no_more_than_its_limit(claire: User, settings: Settings) -> None:
    settings.RECIPIENTS_PER_HOUR = 100
    sent(claire, 60, minutes=50)
    sent(claire, 30, minutes=5)
    assert recipients.limits_error(claire, 10) == ""
    error = recipients.limits_error(claire, 11)
    # When the sixty no longer count, there is room.
    free = timezone.localtime(timezone.now() + timedelta(minutes=11))
    near = {(free + timedelta(minutes=n)).strftime("%H:%M") for n in (-1, 0, 1)}
    assert any(moment in error for moment in near)
    assert recipients.limits_error(claire, 101)


def test_what_was_taken_back_or_another_sent_does_not_count(
    claire: User, paul: User, settings: Settings
) -> None:
    settings.RECIPIENTS_PER_HOUR = 100
    sent(claire, 100, state=OutboxMessage.State.CANCELLED)
    sent(claire, 100, minutes=61)
    sent(paul, 100)
    assert recipients.limits_error(claire, 100) == ""


# --- what leaves ---


def members(*addresses: str) -> list[KnownRecipient]:
    return [KnownRecipient(address) for address in addresses]


def test_in_blind_copy_nobody_is_seen_but_the_sender() -> None:
    content = Content(
        to="Zoé <zoe@x.example>, Parents: a@x.example, b@x.example;",
        cc="c@x.example",
        bcc="A@x.example, d@x.example",
        delivery=HIDDEN,
    )
    everybody = members("zoe@x.example", "a@x.example", "c@x.example", "d@x.example")
    found = recipients.delivered(content, everybody, CLAIRE)
    assert found.to == "Claire Morvan <claire@ac-exemple.fr>"
    assert found.cc == ""
    assert found.bcc == "Zoé <zoe@x.example>, a@x.example, c@x.example, d@x.example"
    assert recipients.envelope(found) == (
        "zoe@x.example",
        "a@x.example",
        "c@x.example",
        "d@x.example",
    )


def test_who_writes_to_himself_too_has_his_copy() -> None:
    content = Content(to="claire@ac-exemple.fr, zoe@x.example", delivery=HIDDEN)
    found = recipients.delivered(content, members("claire@ac-exemple.fr", "zoe@x.example"), CLAIRE)
    assert recipients.envelope(found) == ("claire@ac-exemple.fr", "zoe@x.example")


def test_a_message_with_bcc_alone_has_somebody_in_to() -> None:
    found = recipients.delivered(Content(bcc="zoe@x.example"), members("zoe@x.example"), CLAIRE)
    assert found.to == "Claire Morvan <claire@ac-exemple.fr>"
    assert recipients.envelope(found) == ("zoe@x.example",)


def test_left_visible_all_stay_where_they_are_without_those_unticked() -> None:
    content = Content(
        to="Club: a@x.example, b@x.example;", cc="c@x.example", bcc="d@x.example", delivery=VISIBLE
    )
    found = recipients.delivered(
        content, members("b@x.example", "c@x.example", "d@x.example"), CLAIRE
    )
    assert (found.to, found.cc, found.bcc) == ("b@x.example", "c@x.example", "d@x.example")
    assert recipients.envelope(found) == ("b@x.example", "c@x.example", "d@x.example")


def test_nobody_ticked_is_nobody_written_to() -> None:
    found = recipients.delivered(Content(to="a@x.example", delivery=HIDDEN), [], CLAIRE)
    assert (found.to, found.cc, found.bcc) == ("", "", "")
    assert recipients.envelope(found) == ()


# --- one to each ---

LETTER = Content(
    to=several(3),
    cc="chef@ac-exemple.fr",
    bcc="d@x.example",
    subject="Réunion de {Prénom} {NOM}",
    html="<p>Bonjour {prénom},</p><p>pour {nom}</p><p>{autre} { name } {pr&eacute;nom}</p>",
    files=("1",),
)


def test_each_gets_a_message_with_his_name_and_sees_nobody_else() -> None:
    found = recipients.each(LETTER, ZOE)
    assert (found.to, found.cc, found.bcc) == ("Zoé Martin <zoe@x.example>", "", "")
    assert found.subject == "Réunion de Zoé Martin"
    assert found.html == "<p>Bonjour Zoé,</p><p>pour Martin</p><p>{autre} Zoé Martin Zoé</p>"
    assert found.files == ("1",)
    assert recipients.envelope(found) == ("zoe@x.example",)


def test_a_name_is_text_wherever_it_stands() -> None:
    odd = replace(ZOE, first_name='<b onclick="x">&', name="a\\g<0>")
    found = recipients.each(LETTER, odd)
    assert "&lt;b onclick=&quot;x&quot;&gt;&amp;" in found.html
    assert "<b" not in found.html
    plain = recipients.each(replace(LETTER, is_html=False, text="{prénom} {name}"), odd)
    assert plain.text == '<b onclick="x">& a\\g<0>'


def test_a_name_that_is_not_known_leaves_no_hole() -> None:
    nobody = KnownRecipient("a@x.example")
    assert recipients.each(LETTER, nobody).html.startswith("<p>Bonjour,</p><p>pour</p>")
    found = recipients.each(LETTER, nobody, {fields.FIRST: "Madame, Monsieur"})
    assert found.html.startswith("<p>Bonjour Madame, Monsieur,</p>")


def test_a_placeholder_in_a_name_is_not_filled_again() -> None:
    odd = replace(ZOE, first_name="{nom}")
    assert recipients.each(replace(LETTER, subject="{prénom}"), odd).subject == "{nom}"


@pytest.mark.parametrize(
    "text", ["{prénom}", "{prenom}", "{ Prénom }", "{pre\u0301nom}", "{PRENOM}", "{first name}"]
)
def test_a_first_name_is_asked_for_in_several_ways(text: str) -> None:
    assert set(recipients.placeholders(Content(text=text, is_html=False))) == {fields.FIRST}


def test_other_braces_are_nobodys_name() -> None:
    content = Content(html="{x} {} {prenomme} prénom", subject="f{0}")
    assert not recipients.placeholders(content)


@given(st.text(max_size=60), st.text(max_size=20))
def test_whatever_is_written_only_placeholders_change(text: str, name: str) -> None:
    member = replace(ZOE, first_name=name)
    content = Content(text=text, is_html=False)
    if not recipients.placeholders(content):
        assert recipients.each(content, member).text == text
