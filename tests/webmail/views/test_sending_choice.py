"""A message to many: what is asked before it leaves, and what then leaves."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from demo.servers.submission import SubmissionServer
from mail import sandbox
from tests.cases import each
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.composer.test_begin import only, read, text
from tests.webmail.views.mail import letter, page, path
from webmail import tasks
from webmail.models import Draft, OutboxMessage

pytestmark = pytest.mark.django_db
PARENTS = "Parents 6e B: zoe@x.example, luc@x.example, bob@ac-exemple.fr;"
SCRIPT = {"X-Requested-With": "fetch"}


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    return settings.SPOOL


def written(**more: Any) -> dict[str, Any]:
    """The fields of a message, with a key of its own."""
    begun = {"draft": str(uuid.uuid4()), "key": str(uuid.uuid4()), "kind": "new", "do": "send"}
    return {**begun, "to": PARENTS, "subject": "Sortie", "body": "Bonjour,\nà lundi.", **more}


def fields(answer: Any) -> dict[str, Any]:
    """What a browser without a script posts of the page that came back."""
    shown = page(answer).partition('id="compose"')[2]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", shown):
        name = re.search(r' name="([^"]+)"', tag)
        value = re.search(r' value="([^"]*)"', tag)
        kind = re.search(r' type="([^"]*)"', tag)
        is_box = bool(kind) and kind[1] in ("checkbox", "radio")  # type: ignore[index]
        if not name or (is_box and " checked" not in tag) or (kind and kind[1] == "file"):
            continue
        found.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name_, inside in re.findall(
        r'(?s)<textarea[^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', shown
    ):
        found[name_] = unescape(inside)
    return found


def leave() -> None:
    """The time in which the messages could be taken back passes."""
    held = OutboxMessage.objects.filter(state=OutboxMessage.State.HELD)
    held.update(due=timezone.now())
    for row in held.order_by("number"):
        tasks.deliver_message(str(row.pk))


def kept(submission: SubmissionServer) -> list[bytes]:
    """What left for others than people of the academy."""
    return [path.read_bytes() for path in sorted(submission.outgoing.glob("*.eml"))]


@pytest.fixture
def outgoing(submission: SubmissionServer) -> SubmissionServer:
    """Nothing left yet."""
    for file in submission.outgoing.glob("*"):
        file.unlink()
    return submission


def test_a_group_is_asked_about_and_the_text_is_there(
    reader: Client, outgoing: SubmissionServer
) -> None:
    answer = reader.post("/compose/", written())
    assert answer.status_code == 422
    again = fields(answer)
    assert again["body"] == "Bonjour,\nà lundi."
    assert again["to"] == [PARENTS]
    assert again["delivery"] == ["bcc"]
    assert again["members"] == ["zoe@x.example", "luc@x.example", "bob@ac-exemple.fr"]
    assert not OutboxMessage.objects.exists()
    assert Draft.objects.count() == 1


def test_in_blind_copy_nobody_learns_of_another(
    reader: Client, outgoing: SubmissionServer, bobs_mailbox: Mailbox, mailbox: Mailbox
) -> None:
    again = fields(reader.post("/compose/", written()))
    again["members"].remove("luc@x.example")
    assert reader.post("/compose/", again | {"do": "send"}).status_code == 302
    leave()
    row = OutboxMessage.objects.get()
    assert (row.state, row.recipients) == (OutboxMessage.State.SENT, 2)
    message = only(bobs_mailbox.messages("INBOX"))
    assert "alice@ac-exemple.fr" in str(message["To"])
    raw = bobs_mailbox.messages("INBOX")[0]
    assert b"x.example" not in raw
    assert b"Parents" not in raw
    assert mailbox.messages("INBOX") == []  # no copy for herself but the one in Sent
    sent = only(mailbox.messages("Sent"))
    assert "zoe@x.example" in str(sent["Bcc"])


def test_one_message_to_each_has_each_ones_name(
    reader: Client, outgoing: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    owner = User.objects.get(login="alice")
    card = ContactData(first_name="Bob", last_name="Le Goff", emails=(Email("bob@ac-exemple.fr"),))
    contacts.create(owner, card)
    body = "Bonjour {prénom} {nom}, à lundi."
    again = fields(reader.post("/compose/", written(body=body)))
    assert again["delivery"] == ["each"]
    again["instead_first"] = "Madame, Monsieur"
    assert reader.post("/compose/", again | {"do": "send"}).status_code == 302
    rows = OutboxMessage.objects.addressed().order_by("number")
    assert [row.recipients for row in rows] == [1, 1, 1]
    assert len({row.batch for row in rows}) == 1
    leave()
    bobs = only(bobs_mailbox.messages("INBOX"))
    assert "bob@ac-exemple.fr" in str(bobs["To"])
    assert text(bobs).strip() == "Bonjour Bob Le Goff, à lundi."
    others = [read(message) for message in kept(outgoing)]
    assert {text(one).strip() for one in others} == {"Bonjour Madame, Monsieur, à lundi."}
    assert [str(one["To"]) for one in others] == ["zoe@x.example", "luc@x.example"]


def test_a_message_to_each_of_many_costs_no_query_for_each(
    reader: Client, outgoing: SubmissionServer, django_assert_max_num_queries: Any
) -> None:
    many = "Parents: " + ", ".join(f"p{n}@x.example" for n in range(100)) + ";"
    again = fields(reader.post("/compose/", written(to=many))) | {"do": "send", "delivery": "each"}
    with django_assert_max_num_queries(60):
        assert reader.post("/compose/", again).status_code == 302
    assert OutboxMessage.objects.addressed().count() == 100


def test_a_long_text_to_each_of_many_is_cleaned_once(
    reader: Client, outgoing: SubmissionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would take the sum of their times, and be refused."""
    monkeypatch.setattr(sandbox, "PATIENCE", 3)
    many = "Parents: " + ", ".join(f"p{n}@x.example" for n in range(100)) + ";"
    html = "<p>Bonjour {prénom},</p>" + "<p style='color:red'>à <b>lundi</b></p>" * 5_000
    form = {"format": "html", "html": html}
    again = fields(reader.post("/compose/", written(to=many, **form)))
    answer = reader.post("/compose/", again | form | {"do": "send", "delivery": "each"})
    assert answer.status_code == 302
    assert OutboxMessage.objects.addressed().count() == 100


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("<p>Bonjour {pr&eacute;nom} !</p>", "<p>Bonjour &lt;b&gt;Bob&lt;/b&gt; &quot;&amp; !</p>"),
        ("<p><span style='font-family:{nom}'>{nom}</span></p>", 'family:Le Goff">Le Goff</span>'),
        ('<p><a href="https://x.example/?n={nom}">{nom}</a></p>', '?n=Le%20Goff">Le Goff</a>'),
    ],
)
def test_a_name_is_no_html(
    reader: Client, outgoing: SubmissionServer, bobs_mailbox: Mailbox, source: str, made: str
) -> None:
    owner = User.objects.get(login="alice")
    name = '<b>Bob</b> "&'
    card = ContactData(first_name=name, last_name="Le Goff", emails=(Email("bob@ac-exemple.fr"),))
    contacts.create(owner, card)
    form = {"format": "html", "html": source}
    sent = reader.post("/compose/", written(to="bob@ac-exemple.fr", **form))
    assert sent.status_code == 302
    leave()
    message = only(bobs_mailbox.messages("INBOX"))
    html = message.get_body(("html",))
    assert html is not None and made in html.get_content()
    plain = message.get_body(("plain",))
    assert plain is not None
    assert ("Le Goff" if "{nom}" in source else f"Bonjour {name} !") in plain.get_content()


IN_PIECES = [
    "{prénom}",
    "{PRE\u0301NOM}",
    "{ first name }",
    "{<b>pré</b>nom}",
    "<i>{</i>prénom}",
    "{pr<span style='color:red'>é</span>nom}",
    "&#123;pr&eacute;nom&#125;",
    "&lbrace;prénom&rbrace;",
    "{first\nname}",
    "{pré\u200bnom}",
    "{pré<!-- x -->nom}",
    "{pré<o:p></o:p>nom}",
]


@each("placeholder", IN_PIECES)
def test_no_placeholder_is_ever_read(
    reader: Client, outgoing: SubmissionServer, bobs_mailbox: Mailbox, placeholder: str
) -> None:
    html = f"<p>Bonjour {placeholder},</p>"
    form = {"format": "html", "html": html, "subject": "Pour {Prenom}", "body": ""}
    data = written(to="Bob Petit <bob@ac-exemple.fr>", **form)
    assert reader.post("/compose/", data).status_code == 302
    leave()
    message = read(bobs_mailbox.messages("INBOX")[-1])
    parts = [message.get_body((kind,)) for kind in ("plain", "html")]
    shown = [re.sub("<[^>]*>", "", part.get_content()).strip() for part in parts if part]
    assert shown == ["Bonjour Bob,", "Bonjour Bob,"]
    assert message["Subject"] == "Pour Bob"


@each("delivery", ["bcc", "visible", ""])
def test_no_answer_sends_a_field_to_all(
    reader: Client, outgoing: SubmissionServer, delivery: str
) -> None:
    again = fields(reader.post("/compose/", written(body="Bonjour {prénom},")))
    for do in ({"do": "send"}, {"do": "schedule", "due": "tomorrow8"}):
        answer = reader.post("/compose/", again | do | {"delivery": delivery})
        assert answer.status_code == 422
    assert not OutboxMessage.objects.exists()
    assert Draft.objects.filter(pk=again["draft"][0]).exists()


def test_a_value_that_is_a_placeholder_leaves_to_nobody_and_the_draft_is_kept(
    reader: Client, outgoing: SubmissionServer
) -> None:
    """A spreadsheet's own template row, or a hostile contact."""
    form = written(to="{nom} Petit <bob@ac-exemple.fr>", body="Bonjour {prénom},")
    for headers in ({}, SCRIPT):
        answer = reader.post("/compose/", form, headers=headers)
        assert answer.status_code == 422
        assert "{nom}" in page(answer)
    assert not OutboxMessage.objects.exists()
    assert Draft.objects.get().state == Draft.State.WRITING


@each("kind", ["reply/", "forward/"])
def test_an_answer_and_a_forwarded_message_have_their_fields_filled(
    reader: Client,
    outgoing: SubmissionServer,
    bobs_mailbox: Mailbox,
    mailbox: Mailbox,
    kind: str,
) -> None:
    uid = mailbox.append(letter(body="Bonjour {prénom}", html="<p>Bonjour {<b>pré</b>nom}</p>"))
    begun = fields(reader.get(path(mailbox, uid, kind)))
    form = {"to": "Bob Petit <bob@ac-exemple.fr>", "subject": "Re: {nom}", "do": "send"}
    form |= {"format": "html"}
    written_html = "<p>Merci {prénom}</p>" + begun["html"][0]
    assert reader.post("/compose/", begun | form | {"html": written_html}).status_code == 302
    leave()
    message = read(bobs_mailbox.messages("INBOX")[-1])
    html = message.get_body(("html",))
    assert html is not None and "Merci Bob" in html.get_content()
    for part in (text(message), html.get_content(), str(message["Subject"])):
        assert "{" not in re.sub("<[^>]*>", "", part)


@each("headers", [{}, SCRIPT])
def test_an_answer_to_many_goes_to_the_sender_alone_by_one_press(
    reader: Client,
    outgoing: SubmissionServer,
    bobs_mailbox: Mailbox,
    mailbox: Mailbox,
    headers: dict[str, str],
) -> None:
    many = ", ".join(f"p{n}@ac-exemple.fr" for n in range(25))
    uid = mailbox.append(letter(to=f"alice@ac-exemple.fr, {many}"))
    form = fields(reader.get(path(mailbox, uid, "reply/?all=1")))
    form |= {"format": "plain", "body": "Merci !\n\nBob a écrit :\n> Bonjour", "do": "send"}
    asked = reader.post("/compose/", form, headers=headers)
    assert asked.status_code == 422
    assert "Votre réponse part à 26 personnes." in unescape(page(asked))
    assert "À l’expéditeur seul" in unescape(page(asked))
    confirmed = re.findall(r'name="confirmed" value="([^"]*)"', page(asked))
    again = form | {"confirmed": confirmed, "do": "sender_alone"}
    again |= {"revision": str(Draft.objects.get(pk=form["draft"][0]).revision)}
    assert reader.post("/compose/", again, headers=headers).status_code in (204, 302)
    leave()
    message = read(bobs_mailbox.messages("INBOX")[-1])
    assert (str(message["To"]), message["Cc"]) == ("Bob Petit <bob@ac-exemple.fr>", None)
    assert not kept(outgoing)


def test_a_double_click_lands_on_the_same_messages_and_their_undo(
    reader: Client, outgoing: SubmissionServer
) -> None:
    User.objects.update(preferences={"undo_seconds": "20", "each_copy": "one"})
    for _turn in range(5):  # the rows have random keys
        form = written(body="Bonjour {prénom},", to=PARENTS)
        again = fields(reader.post("/compose/", form)) | {"do": "send"}
        toasts = []
        for _click in range(2):
            assert reader.post("/compose/", again).status_code == 302
            toasts.append(reader.session["toast"])
        assert toasts[0]["undo"] == toasts[1]["undo"]
        assert toasts[1]["message"].startswith("Les messages partiront")
        rows = OutboxMessage.objects.filter(state=OutboxMessage.State.HELD)
        assert rows.addressed().count() == 3
        assert reader.post(toasts[1]["undo"]["url"]).status_code == 302
        assert not rows.exists()


def test_a_script_gets_the_question_as_a_dialog(reader: Client, outgoing: SubmissionServer) -> None:
    answer = reader.post("/compose/", written(), headers=SCRIPT)
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#sending-choice"
    assert "<dialog" in page(answer)
    assert "<form" not in page(answer)


def test_nobody_ticked_comes_back_with_the_question(
    reader: Client, outgoing: SubmissionServer
) -> None:
    again = fields(reader.post("/compose/", written()))
    answer = reader.post("/compose/", again | {"do": "send", "members": []})
    assert answer.status_code == 422
    assert not OutboxMessage.objects.exists()


def test_a_forgotten_attachment_is_asked_about_once(
    reader: Client, outgoing: SubmissionServer
) -> None:
    message = written(to="zoe@x.example", body="Voir la pièce jointe.")
    answer = reader.post("/compose/", message)
    assert answer.status_code == 422
    again = fields(answer)
    assert again["confirmed"] == ["attachment"]
    assert reader.post("/compose/", again | {"do": "send"}).status_code == 302


def test_too_many_recipients_come_back_with_the_text(
    reader: Client, outgoing: SubmissionServer, settings
) -> None:
    settings.RECIPIENTS_PER_HOUR = 2
    answer = reader.post("/compose/", written())
    assert answer.status_code == 422
    assert fields(answer)["body"] == "Bonjour,\nà lundi."
    assert not OutboxMessage.objects.exists()


def test_five_thousand_recipients_come_back_in_words(
    reader: Client, outgoing: SubmissionServer
) -> None:
    many = ", ".join(f"parent{n}@courriel.example" for n in range(5000))
    answer = reader.post("/compose/", written(to=many))
    assert answer.status_code == 422
    assert fields(answer)["to"] == [many]


def test_a_group_of_the_address_book_begins_a_message_under_its_name(
    reader: Client, outgoing: SubmissionServer
) -> None:
    owner = User.objects.get(login="alice")
    made = contacts.create_many(
        owner,
        [
            ContactData(display_name=f"Parent {n}", emails=(Email(f"p{n}@x.example"),))
            for n in (1, 2)
        ],
    )
    group = groups.create(owner, "Parents 4e B")
    groups.add(group, [one.pk for one in made])
    begun = fields(reader.get(f"/compose/?group={group.pk}"))
    assert begun["to"] == ["Parents 4e B: Parent 1 <p1@x.example>, Parent 2 <p2@x.example>;"]
    asked = reader.post("/compose/", begun | {"do": "send", "subject": "Sortie"})
    assert asked.status_code == 422
    assert "Parents 4e B" in page(asked)


@pytest.fixture
def scheduled(reader: Client, outgoing: SubmissionServer) -> Callable[..., Any]:
    def post(**changes: str) -> Any:
        message = written(to="bob@ac-exemple.fr", do="schedule", **changes)
        return reader.post("/compose/", message)

    return post


def test_a_message_is_scheduled(scheduled: Callable[..., Any]) -> None:
    assert scheduled(due="tomorrow8").status_code == 302
    row = OutboxMessage.objects.get()
    assert row.state == OutboxMessage.State.SCHEDULED
    assert timezone.localtime(row.due).strftime("%H:%M") == "08:00"


def test_a_time_that_is_past_comes_back_with_the_text(scheduled: Callable[..., Any]) -> None:
    answer = scheduled(due="at", due_at="2020-01-01T08:00")
    assert answer.status_code == 422
    assert fields(answer)["body"] == "Bonjour,\nà lundi."
    assert not OutboxMessage.objects.exists()


def test_a_group_in_blind_copy_says_how_many_get_it_and_who_does_not(
    reader: Client, outgoing: SubmissionServer
) -> None:
    owner = User.objects.get(login="alice")
    made = contacts.create_many(
        owner,
        [
            ContactData(first_name="Zoé", last_name="Petit", emails=(Email("zoe@x.example"),)),
            ContactData(first_name="Luc", last_name="Petit", emails=(Email("luc@x.example"),)),
            ContactData(first_name="Max", last_name="Martin"),
        ],
    )
    group = groups.create(owner, "Parents 5e A")
    groups.add(group, [one.pk for one in made])
    bcc = "Parents 5e A: zoe@x.example, luc@x.example;"
    answer = reader.post("/compose/", written(to="", bcc=bcc))
    assert answer.status_code == 422
    shown = page(answer)
    assert "2 personnes le recevront." in " ".join(shown.split())
    assert "Max Martin n’a pas d’adresse" in shown
    assert reader.post("/compose/", fields(answer) | {"do": "send"}).status_code == 302
    assert OutboxMessage.objects.get().recipients == 2
