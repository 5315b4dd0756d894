"""What the writer is asked before a message leaves, and what his answer makes of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups, names
from addressbook.models import Group
from mail.folding import fold
from mail.imap.values import MessageRef
from mail.mime.addresses import Address
from tests.cases import each
from webmail.models import Identity, OutboxMessage
from webmail.writing import choosing, recipients
from webmail.writing.choosing import Question
from webmail.writing.content import Content

pytestmark = pytest.mark.django_db
CLAIRE = Address("Claire Morvan", "claire@ac-exemple.fr")
PARENTS = "Parents 6e B: zoe@x.example, luc@x.example, Mme Petit <petit@x.example>;"


def decide(
    user: User, content: Content, post: Mapping[str, Any] | None = None, *, has_files: bool = False
) -> Question | Sequence[Content]:
    data = QueryDict(mutable=True)
    for name, value in (post or {}).items():
        data.setlist(name, value if isinstance(value, list) else [value])
    given = choosing.answer(data)
    return choosing.decide(user, content, given, sender=CLAIRE, has_files=has_files)


def about(**fields: Any) -> Content:
    """A message with a subject and a text: nothing to ask about but what the test names."""
    return Content(**{"subject": "Sortie", "html": "<p>Bonjour</p>"} | fields)


def question(user: User, content: Content, post: Mapping[str, Any] | None = None) -> Question:
    found = decide(user, content, post)
    assert isinstance(found, Question)
    return found


def letters(
    user: User, content: Content, post: Mapping[str, Any] | None = None, *, has_files: bool = False
) -> tuple[Content, ...]:
    found = decide(user, content, post, has_files=has_files)
    assert not isinstance(found, Question), found
    return tuple(found)


def html_of(asked: Question, *, is_dialog: bool = False) -> str:
    with translation.override("en"):
        context = {"choice": asked, "is_dialog": is_dialog}
        shown = render_to_string("webmail/compose/_sending_choice.html", context)
        return " ".join(shown.split())


def answered(asked: Question, *ticked: str, **more: Any) -> dict[str, Any]:
    """What a browser posts of the question as it is shown, where one leaves it as it is, or ticks
    these alone."""
    shown = html_of(asked)
    digest = re.search(r'name="choice" value="([^"]*)"', shown)
    there = re.findall(r'name="members" value="([^"]*)"( checked)?', shown)
    assert digest
    members = list(ticked) or [address for address, checked in there if checked]
    return {"choice": digest[1], "members": members, **more}


def test_a_message_to_few_leaves_as_it_is_written(claire: User) -> None:
    content = about(to="Zoé <zoe@x.example>", cc="luc@x.example", subject="Bonjour")
    (found,) = letters(claire, content)
    assert (found.to, found.cc, found.subject) == (
        "Zoé <zoe@x.example>",
        "luc@x.example",
        "Bonjour",
    )


def test_a_group_is_asked_about_with_blind_copy_proposed_and_all_ticked(claire: User) -> None:
    asked = question(claire, about(to=PARENTS))
    assert (asked.asks_how, asked.delivery, asked.ticked) == (True, "bcc", 3)
    shown = html_of(asked)
    assert "Parents 6e B" in shown
    assert len(re.findall(r'name="members" value="[^"]*" checked', shown)) == 3
    assert 'value="bcc" checked' in shown
    assert "Mme Petit" in shown


def test_in_blind_copy_those_ticked_have_it_and_nobody_is_seen(claire: User) -> None:
    content = about(to=PARENTS, delivery="bcc")
    post = answered(question(claire, content), "zoe@x.example", "petit@x.example")
    (found,) = letters(claire, content, post)
    assert found.to == "Claire Morvan <claire@ac-exemple.fr>"
    assert recipients.envelope(found) == ("zoe@x.example", "petit@x.example")


def test_left_visible_it_goes_as_written_to_those_ticked(claire: User) -> None:
    content = about(to=PARENTS, cc="chef@ac-exemple.fr", delivery="visible")
    post = answered(question(claire, content), "zoe@x.example", "CHEF@ac-exemple.fr")
    (found,) = letters(claire, content, post)
    assert (found.to, found.cc, found.bcc) == ("zoe@x.example", "chef@ac-exemple.fr", "")


def test_one_to_each_makes_as_many_messages_as_there_are_ticked(claire: User) -> None:
    content = about(to=PARENTS, bcc="chef@ac-exemple.fr", delivery="each")
    post = answered(question(claire, content), "zoe@x.example", "chef@ac-exemple.fr")
    found = letters(claire, content, post)
    assert [one.to for one in found] == ["zoe@x.example", "chef@ac-exemple.fr"]
    assert {(one.cc, one.bcc) for one in found} == {("", "")}


def test_nobody_ticked_is_refused_and_nothing_leaves(claire: User) -> None:
    content = about(to=PARENTS, delivery="bcc")
    post = answered(question(claire, content), members=[])
    asked = question(claire, content, post)
    assert asked.refusal
    assert asked.ticked == 0


def test_recipients_that_changed_after_the_answer_are_asked_about_again(claire: User) -> None:
    post = answered(question(claire, about(to=PARENTS)), "zoe@x.example")
    asked = question(claire, about(to=PARENTS, cc="new@x.example", delivery="bcc"), post)
    assert asked.ticked == 4
    assert not asked.refusal


def test_an_answer_about_others_hides_nobody(claire: User) -> None:
    """The group was taken out again: what was said of it says nothing of those who are left."""
    post = answered(question(claire, about(to=PARENTS)), "zoe@x.example")
    (found,) = letters(claire, about(to="a@x.example, b@x.example", delivery="bcc"), post)
    assert (found.to, found.bcc) == ("a@x.example, b@x.example", "")


def test_without_an_answer_a_kept_choice_is_only_proposed(claire: User) -> None:
    """A draft taken back from the outbox: who is to have it is seen once more."""
    assert question(claire, about(to=PARENTS, delivery="each")).delivery == "each"


def test_a_choice_that_is_none_is_no_answer(claire: User) -> None:
    post = answered(question(claire, about(to=PARENTS)))
    assert question(claire, about(to=PARENTS, delivery=""), post).asks_how


def test_nobody_else_is_added_by_what_is_posted(claire: User) -> None:
    content = about(to=PARENTS, delivery="bcc")
    post = answered(question(claire, content), "zoe@x.example", "thief@pirate.example")
    (found,) = letters(claire, content, post)
    assert recipients.envelope(found) == ("zoe@x.example",)


# --- names ---


def test_names_in_the_text_are_asked_about_with_the_first_message_shown(claire: User) -> None:
    card = ContactData(first_name="Zoé", last_name="Roy", emails=(Email("zoe@x.example"),))
    contacts.create(claire, card)
    content = about(to=PARENTS, subject="Pour {prénom}", html="<p>Bonjour {prénom} {nom} & co</p>")
    asked = question(claire, content)
    assert asked.delivery == "each"
    assert [(one.key, one.instead) for one in asked.missing] == [("first", ""), ("last", "")]
    assert asked.preview
    assert asked.preview.subject == "Pour Zoé"
    assert asked.preview.text == "Bonjour Zoé Roy & co"
    shown = html_of(asked)
    assert shown.count("without {prénom}") == 2
    assert 'name="instead_first"' in shown


def test_every_message_can_be_looked_at_and_none_leaves_meanwhile(claire: User) -> None:
    content = about(to=PARENTS, html="<p>Bonjour {prénom} {nom}</p>", delivery="each")
    ways = answered(question(claire, content), instead_last="Inconnu")
    seen = []
    for look in (0, 1, 2, 9):
        asked = question(claire, content, ways | {"look": str(look)})
        assert asked.is_looked_at and asked.preview
        seen.append((asked.preview.to, asked.preview.number, asked.preview.text))
    assert seen == [
        ("zoe@x.example", 1, "Bonjour Inconnu"),
        ("luc@x.example", 2, "Bonjour Inconnu"),
        ("Mme Petit <petit@x.example>", 3, "Bonjour Petit"),
        ("Mme Petit <petit@x.example>", 3, "Bonjour Petit"),
    ]
    assert len(letters(claire, content, ways | {"look": "x"})) == 3


def test_those_unticked_are_not_among_the_messages_shown(claire: User) -> None:
    content = about(to=PARENTS, html="<p>Bonjour {nom}</p>", delivery="each")
    post = answered(question(claire, content), "luc@x.example") | {"look": "0"}
    preview = question(claire, content, post).preview
    assert preview and (preview.to, preview.count) == ("luc@x.example", 1)
    assert (preview.before, preview.after) == (-1, -1)


def test_what_stands_instead_of_a_name_is_what_was_typed(claire: User) -> None:
    content = about(to=PARENTS, html="<p>Bonjour {prénom},</p>", delivery="each")
    post = answered(question(claire, content), instead_first="Madame, Monsieur <b>")
    found = letters(claire, content, post)
    assert {one.html for one in found} == {"<p>Bonjour Madame, Monsieur &lt;b&gt;,</p>"}


def test_a_name_asked_for_in_a_message_to_one_is_filled_without_a_question(claire: User) -> None:
    for delivery in ("", "bcc", "each", "visible"):
        content = about(
            to="Zoé Roy <zoe@x.example>", subject="{nom}", html="{prénom}", delivery=delivery
        )
        (found,) = letters(claire, content)
        assert (found.to, found.bcc) == ("Zoé Roy <zoe@x.example>", "")
        assert (found.subject, found.html) == ("Roy", "Zoé")


def test_one_person_is_asked_about_only_for_what_is_not_known(claire: User) -> None:
    content = about(cc="zoe@x.example", html="Bonjour {prénom}")
    asked = question(claire, content)
    assert [one.key for one in asked.missing] == ["first"]
    shown = html_of(asked)
    assert "Send without {prénom}?" in shown
    assert 'type="radio"' not in shown
    assert 'name="delivery" value="each"' in shown
    post = answered(asked, instead_first="Madame")
    (found,) = letters(claire, replace(content, delivery="each"), post)
    assert (found.to, found.cc, found.html) == ("zoe@x.example", "", "Bonjour Madame")


def test_another_preview_sends_nothing_once_all_is_known(claire: User) -> None:
    """The page was shown before the contact, or the text, was changed in another window."""
    for html in ("{prénom}", "Bonjour"):
        content = about(to="Zoé Roy <zoe@x.example>", html=html)
        assert question(claire, content, {"look": "0"}).asks_how


def test_with_fields_a_message_leaves_to_each_alone(claire: User) -> None:
    content = about(to=PARENTS, html="<p>Bonjour {prénom} {nom}</p>")
    asked = question(claire, content)
    shown = html_of(asked)
    assert re.findall(r'value="(\w+)"( checked)?\s*(disabled)? data-send', shown) == [
        ("bcc", "", "disabled"),
        ("each", " checked", ""),
        ("visible", "", "disabled"),
    ]
    assert shown.count("everybody would read {prénom}, {nom} as it stands") == 2
    assert shown.count("Advised") == 1
    assert "One message to each <span" in shown
    for delivery in ("bcc", "visible", ""):
        post = answered(asked, delivery=delivery)
        assert question(claire, replace(content, delivery=delivery), post).delivery == "each"


def test_the_advice_is_the_way_that_is_chosen(claire: User, settings: Settings) -> None:
    asked = question(claire, about(to=PARENTS))
    assert (asked.delivery, asked.advised) == ("bcc", "bcc")
    assert "Blind copy <span" in html_of(asked)
    settings.RECIPIENTS_PER_MESSAGE = 2
    many = question(claire, about(to=PARENTS))
    assert (many.delivery, many.advised) == ("each", "each")


def test_a_name_from_outside_is_text_on_the_page(claire: User) -> None:
    content = about(to='"<script>x</script>" <zoe@x.example>', html="{ville}", subject="<i>")
    assert "<script>" not in html_of(question(claire, content))
    assert "<i>" not in html_of(question(claire, content))


# --- what looks like an oversight ---


REF = MessageRef("INBOX", 1, 1)
QUOTED = (
    '<div class="moz-cite-prefix">Le 3 mars 2026, Bob a écrit :</div>'
    '<blockquote type="cite">Bonjour<img src="/mail/INBOX/1-1/view/2/image" alt="a"></blockquote>'
)
SIGNED = '<div><br></div><div class="signature"><img src="data:image/gif;base64,R0lG">Alice</div>'
NO_WORDS = [
    {"html": f"<div><br></div>{QUOTED}"},
    {"html": f"{SIGNED}<div><br></div>{QUOTED}"},
    {"html": f"{QUOTED}{SIGNED}"},
    {"html": "<p>De : Bob<br>Envoyé : lundi<br>À : Claire<br>Objet : a</p><p>Bonjour</p>"},
    {"is_html": False, "text": "\n\nLe 3 mars 2026 à 08:30, Bob a écrit :\n> Bonjour\n"},
    {"is_html": False, "text": "\n-- \nAlice\n\nLe 3 mars 2026, Bob a écrit :\n> Bonjour\n"},
]


def people(count: int, domain: str = "ac-exemple.fr") -> str:
    return ", ".join(f"p{n}@{domain}" for n in range(count))


@each("fields", NO_WORDS)
def test_an_answer_without_a_word_of_ones_own_is_asked_about(
    claire: User, fields: dict[str, Any]
) -> None:
    content = about(kind="reply_all", origin=REF, to="bob@ac-exemple.fr", cc=people(3), **fields)
    asked = question(claire, content)
    assert kinds(asked) == ["text"]
    html, text = f"<p>Merci</p>{content.html}", f"Merci\n{content.text}"
    assert len(letters(claire, replace(content, html=html, text=text))) == 1


@each(
    "fields",
    [
        {"html": SIGNED.replace("Alice", "Alice<br>Professeure")},
        {"is_html": False, "text": "\n-- \nAlice\nProfesseure"},
    ],
)
def test_words_within_the_signature_are_a_text(claire: User, fields: dict[str, Any]) -> None:
    Identity.objects.get_or_create(
        user=claire, address=claire.address, source="sign_in", signature="Alice<br>Professeure"
    )
    content = about(to="bob@ac-exemple.fr", **fields)
    assert kinds(question(claire, content)) == ["text"]
    within: dict[str, Any] = {
        name: value.replace("Alice", "À demain, Alice") if isinstance(value, str) else value
        for name, value in fields.items()
    }
    assert len(letters(claire, replace(content, **within))) == 1


def test_a_bare_answer_to_one_person_leaves(claire: User) -> None:
    """It says that the message was read; there is nobody else whom it disturbs."""
    content = about(kind="reply", origin=REF, to="bob@ac-exemple.fr", html=QUOTED)
    assert len(letters(claire, content)) == 1
    assert kinds(question(claire, replace(content, html=SIGNED))) == ["text"]


def test_an_image_of_ones_own_is_an_answer(claire: User) -> None:
    html = f'<p><img src="/drafts/{uuid.UUID(int=1)}/files/{uuid.UUID(int=2)}"></p>{QUOTED}'
    content = about(kind="reply_all", origin=REF, to="bob@ac-exemple.fr", cc=people(3), html=html)
    assert len(letters(claire, content)) == 1


def test_an_answer_to_many_inside_is_asked_about_with_the_sender_beside(claire: User) -> None:
    content = about(kind="reply_all", origin=REF, to="bob@ac-exemple.fr", cc=people(20))
    asked = question(claire, content)
    assert kinds(asked) == ["many"] and asked.offers_sender
    shown = html_of(asked)
    assert " 21 " in asked.doubts[0].fact
    assert 'name="do" value="sender_alone"' in shown
    assert len(letters(claire, content, {"confirmed": list(asked.confirmed)})) == 1
    for other in (
        replace(content, cc=people(19)),
        replace(content, kind="new", origin=None),
        replace(content, kind="forward"),
    ):
        assert len(letters(claire, other)) == 1


def kinds(asked: Question) -> list[str]:
    return [doubt.key.split("-")[0] for doubt in asked.doubts]


def confirming(asked: Question) -> dict[str, Any]:
    """What a browser posts where the message shall leave all the same."""
    return {"confirmed": re.findall(r'name="confirmed" value="([^"]+)"', html_of(asked))}


def test_all_oversights_are_asked_about_at_once_and_once(claire: User) -> None:
    content = Content(to="zoe@gmial.com", html="<p></p>")
    asked = question(claire, content)
    assert kinds(asked) == ["slips", "subject", "text"]
    shown = html_of(asked)
    assert "zoe@gmail.com" in shown
    assert "Send the message as it is?" in shown
    assert letters(claire, content, confirming(asked))


def test_the_first_choice_is_to_go_back(claire: User) -> None:
    shown = html_of(question(claire, about(to="zoe@x.example", subject=" ")), is_dialog=True)
    assert "Envoyer sans objet" in shown
    buttons = re.findall(r'<button class="btn (\w+) big"[^>]*(data-choice-\w+)', shown)
    assert buttons == [("primary", "data-choice-cancel"), ("line", "data-choice-send")]


def test_another_slip_is_asked_about_again(claire: User) -> None:
    confirmed = confirming(question(claire, about(to="zoe@gmial.com")))
    assert letters(claire, about(to="zoe@gmial.com"), confirmed)
    assert kinds(question(claire, about(to="zoe@gmial.com, luc@orang.fr"), confirmed)) == ["slips"]


@pytest.mark.parametrize(
    "content",
    [
        about(html='<p><img src="cid:a@b"></p>'),
        about(html="", is_html=False, text="Oui."),
        about(kind="forward", html="<p></p>"),
        about(html="<p>Soit {x | x > 0}, {1, 2} et {prénom}.</p>"),
        about(html='<p>Oui</p><blockquote type="cite">Le {jour}</blockquote>'),
    ],
    ids=["an image", "plain text", "forwarded", "a set", "a quote"],
)
def test_what_is_no_oversight_is_not_asked_about(claire: User, content: Content) -> None:
    decided = decide(claire, replace(content, to="zoe@x.example"))
    assert not isinstance(decided, Question) or decided.doubts == ()


def test_a_message_with_a_file_may_be_without_a_text(claire: User) -> None:
    assert letters(claire, about(to="zoe@x.example", html=""), has_files=True)


def test_braces_that_nothing_replaces_are_named(claire: User) -> None:
    content = about(to="zoe@x.example", subject="{Salle}", html="<p>{prénom}, le {date}</p>")
    asked = question(claire, content)
    assert kinds(asked) == ["fields"]
    shown = html_of(asked)
    assert "{Salle}, {date} ne seront remplacés par rien" in shown


def test_members_of_a_group_that_get_nothing_are_named(claire: User) -> None:
    cards = [
        ContactData(
            display_name="Zoé Martin", emails=(Email("zoe@x.example"), Email("m@x.example"))
        ),
        ContactData(display_name="Léo Petit"),
        ContactData(display_name="Luc Roy", emails=(Email("luc@x.example"),)),
    ]
    group = groups.create(claire, "Parents 6e B")
    groups.add(group, [contact.pk for contact in contacts.create_many(claire, cards)])
    field = recipients.group_text(group.name, groups.recipients(group))
    for content in (about(to=field), about(bcc=field)):
        asked = question(claire, content)
        assert kinds(asked) == ["groups"]
        shown = html_of(asked)
        assert "Léo Petit n’a pas d’adresse" in shown
        assert "Zoé Martin &lt;m@x.example&gt;" in shown
    asked = question(claire, about(to=field, cc="m@x.example"))
    assert "m@x.example" not in " ".join(doubt.fact for doubt in asked.doubts)


def test_anothers_group_of_the_same_name_says_nothing(claire: User, paul: User) -> None:
    group = groups.create(paul, "Parents 6e B")
    groups.add(group, [contacts.create(paul, ContactData(display_name="Léo Petit")).pk])
    assert kinds(question(claire, about(to=PARENTS))) == []


# --- attachments ---


def test_a_forgotten_attachment_is_asked_about_once(claire: User) -> None:
    content = about(to="zoe@x.example", html="<p>Voir la pièce jointe.</p>")
    asked = question(claire, content)
    assert kinds(asked) == ["attachment"]
    assert not asked.asks_how
    assert letters(claire, content, confirming(asked))
    assert letters(claire, content, has_files=True)


def test_a_quoted_attachment_is_not_asked_about(claire: User) -> None:
    quote = '<div>Merci</div><blockquote type="cite"><p>Ci-joint le sujet</p></blockquote>'
    assert letters(claire, about(to="zoe@x.example", html=quote))


def test_both_are_asked_at_once(claire: User) -> None:
    content = about(to=PARENTS, html="Ci-joint", delivery="bcc")
    asked = question(claire, content)
    assert kinds(asked) == ["attachment"]
    assert asked.asks_how
    post = answered(asked)
    assert kinds(question(claire, content, post)) == ["attachment"]
    assert letters(claire, content, post | confirming(asked))


# --- what no choice mends ---


@pytest.mark.parametrize(
    "content",
    [
        about(),
        about(to="nobody"),
        about(to="zoe@x.example, no body"),
        about(to="zoe@x.example\r\nBcc: b@x.example"),
        about(bcc="a@x.example\x00"),
    ],
    ids=["nobody", "no address", "one wrong", "line break", "nul"],
)
def test_what_cannot_be_sent_is_refused_in_words(claire: User, content: Content) -> None:
    asked = question(claire, content)
    assert asked.refusal
    assert not asked.asks_how
    assert "data-choice-send" not in html_of(asked)


def test_five_thousand_recipients_are_refused_at_once_and_in_words(claire: User) -> None:
    many = ", ".join(f"p{n}@x.example" for n in range(5000))
    asked = question(claire, about(bcc=many))
    with translation.override("en"):
        assert "1,000" in question(claire, about(bcc=many)).refusal
    assert asked.people == ()


def test_more_than_a_message_takes_may_go_to_each(claire: User, settings: Settings) -> None:
    settings.RECIPIENTS_PER_MESSAGE = 2
    asked = question(claire, about(bcc="a@x.example, b@x.example, c@x.example"))
    assert asked.asks_how
    post = answered(asked)
    hidden = about(bcc="a@x.example, b@x.example, c@x.example", delivery="bcc")
    assert question(claire, hidden, post).refusal
    each = about(bcc="a@x.example, b@x.example, c@x.example", delivery="each")
    assert len(letters(claire, each, post)) == 3
    fewer = answered(asked, "a@x.example", "c@x.example")
    assert len(letters(claire, hidden, fewer)) == 1


def test_an_hours_limit_refuses_what_is_over_it(claire: User, settings: Settings) -> None:
    settings.RECIPIENTS_PER_HOUR = 10
    OutboxMessage.objects.create(
        user=claire, key=uuid.uuid4(), due=timezone.now(), sealed=b"", recipients=9
    )
    assert letters(claire, about(to="a@x.example"))
    assert question(claire, about(to="a@x.example, b@x.example")).refusal


# --- the form ---


def test_what_was_pressed_is_pressed_again(claire: User) -> None:
    asked = question(claire, about(to=PARENTS), {"do": "schedule"})
    assert 'name="do" value="schedule"' in html_of(asked)
    assert 'name="do" value="send"' in html_of(question(claire, about(to=PARENTS)))


def test_a_dialog_is_one_and_a_page_has_a_section(claire: User) -> None:
    asked = question(claire, about(to=PARENTS))
    assert html_of(asked, is_dialog=True).count("<dialog") == 1
    assert "<dialog" not in html_of(asked)


@given(
    st.dictionaries(
        st.sampled_from(
            ["members", "choice", "delivery", "do", "instead_first", "confirmed", "look", "act"]
        ),
        st.lists(st.text(max_size=40), max_size=4),
    )
)
def test_whatever_is_posted_is_read(post: Mapping[str, Sequence[str]]) -> None:
    data = QueryDict(mutable=True)
    for name, values in post.items():
        data.setlist(name, list(values))
    found = choosing.answer(data)
    assert found.act in ("send", "schedule")


# --- the right family ---


@pytest.fixture
def class_of_zoe(claire: User) -> None:
    """Three pupils of a class, and one of another."""
    made = contacts.create_many(
        claire,
        [
            ContactData(
                first_name=first, last_name=last, emails=(Email(f"{fold(first)}@x.example"),)
            )
            for first, last in (
                ("Zoé", "Le Goff"),
                ("Paul", "Petit"),
                ("Max", "N’Diaye"),
                ("Léa", "Dupont"),
            )
        ],
    )
    group = groups.create(claire, "6e B")
    groups.add(group, [one.pk for one in made[:3]])


ZOE = "zoe@x.example"


@pytest.mark.parametrize(
    ("written", "files"),
    [
        ({"html": "<p>Le bulletin de Paul Petit</p>"}, ()),
        ({"html": "<p>PETIT Paul a 12</p>"}, ()),
        ({"subject": "Absence de Paul PETIT"}, ()),
        ({}, ("petit_paul_bulletin.pdf",)),
    ],
)
@pytest.mark.usefixtures("class_of_zoe")
def test_another_pupil_of_the_class_in_a_message_to_one_family_is_asked_about(
    claire: User, written: dict[str, Any], files: tuple[str, ...]
) -> None:
    content = about(to="Zoé Le Goff <zoe@x.example>", **written)
    found = choosing.decide(
        claire,
        content,
        choosing.answer(QueryDict()),
        sender=CLAIRE,
        has_files=bool(files),
        file_names=files,
    )
    assert isinstance(found, Question)
    (doubt,) = found.doubts
    with translation.override("fr"):
        assert "Paul Petit" in doubt.fact
    confirmed = QueryDict(mutable=True)
    confirmed.setlist("confirmed", list(found.confirmed))
    sent = choosing.decide(
        claire, content, choosing.answer(confirmed), sender=CLAIRE, has_files=bool(files),
        file_names=files,
    )  # fmt: skip
    assert isinstance(sent, tuple)


@pytest.mark.parametrize(
    "content",
    [
        about(to="Zoé Le Goff <zoe@x.example>", html="<p>Zoé Le Goff a 12</p>"),
        about(to="Zoé Le Goff <zoe@x.example>", html="<p>Paul a fait un petit tour</p>"),
        about(to="Zoé Le Goff <zoe@x.example>", html="<p>Léa Dupont, d’une autre classe</p>"),
        about(to="zoe@x.example, paul@x.example", html="<p>Paul Petit et Zoé Le Goff</p>"),
        about(to="collegue@ac-exemple.fr", html="<p>Paul Petit est absent</p>"),
    ],
    ids=["own", "words", "elsewhere", "both", "colleague"],
)
@pytest.mark.usefixtures("class_of_zoe")
def test_what_names_nobody_else_of_the_class_leaves(claire: User, content: Content) -> None:
    assert letters(claire, content)


@pytest.mark.usefixtures("class_of_zoe")
def test_a_pupil_of_another_of_ones_classes_is_asked_about(claire: User) -> None:
    other = groups.create(claire, "5e A")
    lea = contacts.create(claire, ContactData(first_name="Inès", last_name="Roche"))
    groups.add(other, [lea.pk])
    content = about(to="Zoé Le Goff <zoe@x.example>", html="<p>Inès Roche a 12</p>")
    assert letters(claire, content)
    Group.objects.filter(user=claire).update(kind=Group.Kind.CLASS)
    assert isinstance(
        choosing.decide(
            claire, content, choosing.answer(QueryDict()), sender=CLAIRE, has_files=False
        ),
        Question,
    )
    # Of a class of a former year nobody is asked about.
    Group.objects.filter(pk=other.pk).update(archived=timezone.now())
    assert letters(claire, content)


def test_the_class_costs_one_query(
    claire: User, class_of_zoe: None, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        found = names.beside(claire, [ZOE], 300)
    assert [name.shown for name in found] == ["Max N’Diaye", "Paul Petit"]
    other = User.objects.create(login="mallory", address="m@ac-exemple.fr")
    assert names.beside(other, [ZOE], 300) == ()
