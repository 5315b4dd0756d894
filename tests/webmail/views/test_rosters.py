"""One message to each from a list of recipients: chosen, looked at, sent, and copied once."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from demo.servers.submission import SubmissionServer
from tests.mail.previews import samples
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.composer.test_begin import only, read, text
from tests.webmail.views.mail import page
from tests.webmail.views.test_sending_choice import fields, kept, written
from webmail import tasks
from webmail.models import Draft, DraftRoster, OutboxMessage
from webmail.outbox import choices

pytestmark = pytest.mark.django_db
SCRIPT = {"X-Requested-With": "fetch"}
State, Stage = OutboxMessage.State, OutboxMessage.Stage
ROWS = (
    ("Courriel", "Prénom", "Classe"),
    *((f"p{n}@x.example", f"Élève {n}", "6e B" if n % 2 else "6e A") for n in range(30)),
    ("bob@ac-exemple.fr", "Bob", "6e C"),
)
BODY = "Bonjour {prénom}, votre classe est {classe}."


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    return settings.SPOOL


@pytest.fixture
def outgoing(submission: SubmissionServer) -> SubmissionServer:
    for path in submission.outgoing.glob("*"):
        path.unlink()
    return submission


def listed(reader: Client, content: bytes | str, number: str, name: str = "6e.csv") -> Any:
    """A list as a script sends it."""
    return reader.post(
        f"/drafts/{number}/roster/",
        data=content.encode() if isinstance(content, str) else content,
        content_type="application/octet-stream",
        headers=SCRIPT | {"X-File-Name": name},
    )


def asked(reader: Client, **more: Any) -> dict[str, Any]:
    """The fields of the question about a message to all of `ROWS`."""
    form = written(to="", body=BODY, subject="Classe de {prénom}", **more)
    chosen = form | {"roster": SimpleUploadedFile("6e.xlsx", samples.xlsx({"6e": ROWS}))}
    answer = reader.post("/compose/", chosen | {"do": "roster"})
    assert answer.status_code == 302
    begun = fields(reader.get(answer["Location"]))
    return fields(reader.post("/compose/", begun | {"do": "send"}))


def sent(reader: Client, **more: Any) -> list[OutboxMessage]:
    again = asked(reader)
    assert again["delivery"] == ["each"]
    assert reader.post("/compose/", again | {"do": "send"} | more).status_code == 302
    return list(OutboxMessage.objects.order_by("number"))


def leave() -> None:
    """All that is due leaves, and what waits for it afterwards."""
    for _turn in range(2):
        held = OutboxMessage.objects.filter(state=State.HELD)
        held.update(due=timezone.now())
        for row in held.order_by("number"):
            tasks.deliver_message(str(row.pk))


def test_each_gets_the_message_with_the_cells_of_his_row(
    reader: Client, outgoing: SubmissionServer, bobs_mailbox: Mailbox, mailbox: Mailbox
) -> None:
    rows = sent(reader)
    assert [row.recipients for row in rows] == [1] * 31 + [0]
    leave()
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {State.SENT}
    others = [read(message) for message in kept(outgoing)]
    assert sorted(text(one).strip() for one in others) == sorted(
        f"Bonjour Élève {n}, votre classe est {'6e B' if n % 2 else '6e A'}." for n in range(30)
    )
    bobs = only(bobs_mailbox.messages("INBOX"))
    assert str(bobs["Subject"]) == "Classe de Bob"
    assert "x.example" not in bobs.as_string()
    copy = only(mailbox.messages("Sent"))
    assert text(copy).strip() == BODY
    assert str(copy["Subject"]) == "Classe de {prénom}"
    got = [one.addr_spec for one in copy["Bcc"].addresses]
    assert got == [row[0] for row in ROWS[1:]]
    assert not Draft.objects.exists() and not DraftRoster.objects.exists()


def test_with_a_copy_of_each_there_are_as_many(
    reader: Client, outgoing: SubmissionServer, mailbox: Mailbox
) -> None:
    owner = User.objects.get(login="alice")
    owner.preferences = {**(owner.preferences or {}), "each_copy": "all"}
    owner.save()
    assert len(sent(reader)) == 31
    leave()
    copies = [read(message) for message in mailbox.messages("Sent")]
    assert len(copies) == 31 and not any(one["Bcc"] for one in copies)


def test_the_copy_lists_those_who_got_it_and_waits_for_the_others(
    reader: Client, outgoing: SubmissionServer, mailbox: Mailbox
) -> None:
    rows = sent(reader)
    OutboxMessage.objects.filter(number__in=(3, 4)).update(state=State.FAILED, failure="X")
    late = OutboxMessage.objects.filter(number=5)
    late.update(state=State.SCHEDULED, due=timezone.now() + timedelta(hours=1))
    leave()
    assert mailbox.messages("Sent") == []
    late.update(state=State.HELD)
    leave()
    copy = only(mailbox.messages("Sent"))
    got = [one.addr_spec for one in copy["Bcc"].addresses]
    assert len(got) == 29 and "p3@x.example" not in got and "p5@x.example" in got
    # Sent again afterwards, it has a copy of its own.
    reader.post(f"/outbox/{rows[3].pk}/again/")
    leave()
    copies = [read(message) for message in mailbox.messages("Sent")]
    assert [str(one["To"]) for one in copies][1:] == ["Élève 3 <p3@x.example>"]


def test_taken_back_before_any_left_nothing_is_copied_and_the_list_is_there(
    reader: Client, outgoing: SubmissionServer, mailbox: Mailbox
) -> None:
    rows = sent(reader)
    assert len(choices.together(rows[0])) == 31
    answer = reader.post(f"/outbox/{rows[0].pk}/back/")
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {State.CANCELLED}
    shown = page(reader.get(answer["Location"]))
    assert "6e.xlsx" in shown and "{Classe}" in shown
    leave()
    assert mailbox.messages("Sent") == [] and kept(outgoing) == []


def test_stopped_half_way_the_copy_lists_those_who_have_it(
    reader: Client, outgoing: SubmissionServer, mailbox: Mailbox
) -> None:
    rows = sent(reader)
    for row in rows[:2]:
        OutboxMessage.objects.filter(pk=row.pk).update(due=timezone.now())
        tasks.deliver_message(str(row.pk))
    reader.post(f"/outbox/{rows[0].pk}/back/")
    leave()
    copy = only(mailbox.messages("Sent"))
    assert [one.addr_spec for one in copy["Bcc"].addresses] == ["p0@x.example", "p1@x.example"]


def test_the_outbox_has_one_row_under_the_messages_own_subject(
    reader: Client, outgoing: SubmissionServer
) -> None:
    rows = sent(reader)
    for row in rows[:2]:
        OutboxMessage.objects.filter(pk=row.pk).update(due=timezone.now())
        tasks.deliver_message(str(row.pk))
    shown = page(reader.get("/outbox/"))
    assert shown.count('class="outbox-row"') == 1
    assert "Classe de {prénom}" in shown
    assert "2 sur 31 sont partis" in shown


def test_every_message_is_looked_at_with_and_without_a_script(
    reader: Client, outgoing: SubmissionServer
) -> None:
    again = asked(reader)
    shown = page(reader.post("/compose/", again | {"look": "30"}))
    assert "Bonjour Bob, votre classe est 6e C." in shown
    answer = reader.post("/compose/", again | {"look": "4"}, headers=SCRIPT)
    assert (answer.status_code, answer["HX-Retarget"]) == (200, "#choice-preview")
    assert "Bonjour Élève 4, votre classe est 6e A." in page(answer)
    assert "Message 5 sur 31" in page(answer)
    assert not OutboxMessage.objects.exists()


def test_a_column_that_is_empty_for_some_is_named_before_sending(
    reader: Client, outgoing: SubmissionServer
) -> None:
    number = str(uuid.uuid4())
    assert (
        listed(reader, "mail;Classe\nzoe@x.example;6e A\nluc@x.example;\n", number).status_code
        == 200
    )
    message = written(draft=number, to="zoe@x.example, luc@x.example", body="En {classe}.")
    answer = reader.post("/compose/", message)
    assert answer.status_code == 422
    shown = page(answer)
    assert "{classe} est vide pour 1 personne." in shown
    again = fields(answer) | {"do": "send", "instead_classe": "classe inconnue"}
    assert reader.post("/compose/", again).status_code == 302
    leave()
    made = {text(read(one)).strip() for one in kept(outgoing)}
    assert made == {"En 6e A.", "En classe inconnue."}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("nom;classe\nZoé;6e\n", "aucune adresse"),
        (b"a" * 10_000_000, "trop volumineux"),
        (b"PK\x03\x04nothing", "pas un tableau lisible"),
        ("", "pas un tableau lisible"),
    ],
    ids=["no addresses", "10 MB", "a zip", "empty"],
)
def test_a_file_of_no_use_is_refused_in_words(
    reader: Client, outgoing: SubmissionServer, content: bytes | str, words: str
) -> None:
    answer = listed(reader, content, str(uuid.uuid4()))
    assert answer.status_code == 422
    assert words in page(answer)
    assert not DraftRoster.objects.exists()
    file = SimpleUploadedFile("x.csv", content.encode() if isinstance(content, str) else content)
    answer = reader.post("/compose/", written(do="roster", roster=file))
    assert answer.status_code == 422 and words in page(answer)
    assert "Bonjour" in page(answer)


def test_rows_that_are_left_out_are_named(reader: Client, outgoing: SubmissionServer) -> None:
    text_ = "mail;Note\nzoe@x.example;=A1+A2\nnobody;3\n;4\n"
    shown = page(listed(reader, text_, str(uuid.uuid4())))
    assert "2 (Note)" in shown and "3 (nobody)" in shown and "pas d’adresse" in shown
    people = re.search(r"<template data-roster-people[^>]*>([^<]*)<", shown)
    assert people and people[1] == "zoe@x.example"


def test_another_list_takes_the_place_of_the_first_and_of_its_people(
    reader: Client, outgoing: SubmissionServer
) -> None:
    form = written(to="chef@ac-exemple.fr")
    for name in ("a", "b"):
        text_ = f"mail\n{name}1@x.example\n{name}2@x.example\n".encode()
        chosen = form | {"roster": SimpleUploadedFile(f"{name}.csv", text_), "do": "roster"}
        form = fields(reader.get(reader.post("/compose/", chosen)["Location"]))
    assert form["to"] == ["chef@ac-exemple.fr, b: b1@x.example, b2@x.example;"]
    gone = reader.post("/compose/", form | {"do": "no_roster"})
    assert fields(reader.get(gone["Location"]))["to"] == ["chef@ac-exemple.fr, "]


def test_a_list_is_taken_away_and_nobody_elses(reader: Client, outgoing: SubmissionServer) -> None:
    number = str(uuid.uuid4())
    listed(reader, "mail\nzoe@x.example\n", number)
    other = User.objects.create(login="mallory", address="m@ac-exemple.fr")
    Draft.objects.filter(pk=number).update(user=other)
    assert listed(reader, "mail\nluc@x.example\n", number).status_code == 404
    Draft.objects.filter(pk=number).update(user=User.objects.get(login="alice"))
    assert listed(reader, "", number, name="").status_code == 200
    assert not DraftRoster.objects.exists()
