"""Invitations: the event in its message, the answer, changes, cancellations, conflicts."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from demo.servers.submission import SubmissionServer
from mail.previews import calendar
from mail.previews.calendar import Participation
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import page, words
from webmail import tasks
from webmail.models import InvitedEvent, OutboxMessage

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


def invitation(
    method: str = "REQUEST",
    *,
    uid: str = "conseil@ac-exemple.fr",
    sequence: int = 0,
    start: str = "20261208T163000Z",
    end: str = "20261208T180000Z",
    sender: str = "bob@ac-exemple.fr",
    organiser: str = "bob@ac-exemple.fr",
    summary: str = "Conseil de classe",
) -> bytes:
    return f"""From: Bob <{sender}>
To: Alice <alice@ac-exemple.fr>
Subject: Invitation: {summary}
Message-ID: <{method}-{sequence}-{uid}>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Vous etes invitee.
--b
Content-Type: text/calendar; charset=utf-8; method={method}

BEGIN:VCALENDAR
VERSION:2.0
METHOD:{method}
BEGIN:VEVENT
UID:{uid}
SEQUENCE:{sequence}
DTSTAMP:20261120T100000Z
DTSTART:{start}
DTEND:{end}
SUMMARY:{summary}
LOCATION:Salle 12
ORGANIZER;CN=Bob:mailto:{organiser}
ATTENDEE;CN=Alice;PARTSTAT=NEEDS-ACTION:mailto:alice@ac-exemple.fr
END:VEVENT
END:VCALENDAR
--b--
""".encode()


def path(mailbox: Mailbox, uid: int, end: str = "") -> str:
    return f"/mail/INBOX/{mailbox.uidvalidity()}-{uid}/{end}"


def card(reader: Client, mailbox: Mailbox, uid: int) -> Any:
    return reader.get(path(mailbox, uid, "invitation/2/"), headers=HTMX)


def send(reader: Client, mailbox: Mailbox, uid: int, answer: str, comment: str = "") -> Any:
    data = {"answer": answer, "comment": comment}
    return reader.post(path(mailbox, uid, "invitation/2/"), data)


def leave() -> None:
    for row in OutboxMessage.objects.exclude(state=OutboxMessage.State.SENT):
        OutboxMessage.objects.filter(pk=row.pk).update(due=timezone.now())
        tasks.deliver_message(str(row.pk))


def replies(mailbox: Mailbox) -> list[calendar.Invitation]:
    read = []
    for raw in mailbox.messages():
        message = message_from_bytes(raw, policy=policy.default)
        (part,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        read.append(calendar.invitation(content, "utf-8"))
    return read


def test_the_event_stands_in_its_message(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(invitation())
    assert f'hx-get="{path(mailbox, uid, "invitation/2/")}"' in page(reader.get(path(mailbox, uid)))
    shown = words(card(reader, mailbox, uid))
    assert "Conseil de classe" in shown
    assert "mardi 8 décembre 2026, de 17:30 à 19:00" in shown
    for button in ("Accepter", "Peut-être", "Refuser"):
        assert button in shown
    whole = reader.get(path(mailbox, uid, "invitation/2/"))
    assert "<html" in page(whole)


@pytest.mark.parametrize("answer", ["accepted", "tentative", "declined"])
def test_the_organiser_gets_the_answer_once(
    reader: Client,
    submission: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    answer: str,
) -> None:
    uid = mailbox.append(invitation(sequence=2))
    card(reader, mailbox, uid)
    assert send(reader, mailbox, uid, answer, "Je serai là à 18 h.").status_code == 302
    assert send(reader, mailbox, uid, answer).status_code == 302
    leave()
    (reply,) = replies(bobs_mailbox)
    (event,) = reply.events
    assert (event.uid, event.sequence) == ("conseil@ac-exemple.fr", 2)
    assert event.attendees[0].answer is Participation(answer)
    assert event.attendees[0].address == "alice@ac-exemple.fr"
    assert event.comment == "Je serai là à 18 h."
    assert "Une autre réponse remplace" in words(card(reader, mailbox, uid))


def test_another_answer_replaces_the_first(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    uid = mailbox.append(invitation())
    for answer in ("accepted", "declined", "accepted"):
        send(reader, mailbox, uid, answer)
        leave()
    answers = [reply.events[0].attendees[0].answer.value for reply in replies(bobs_mailbox)]
    assert answers == ["accepted", "declined", "accepted"]


def test_a_change_asks_for_another_answer_and_outdates_the_first_message(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    first = mailbox.append(invitation())
    send(reader, mailbox, first, "accepted")
    changed = mailbox.append(invitation(sequence=1, start="20261209T163000Z"))
    shown = words(card(reader, mailbox, changed))
    assert "répondez à celle-ci" in shown
    old = page(card(reader, mailbox, first))
    assert path(mailbox, changed) in old
    assert 'name="answer"' not in old
    assert send(reader, mailbox, first, "declined").status_code == 404


def test_a_cancellation_ends_the_event(reader: Client, mailbox: Mailbox) -> None:
    first = mailbox.append(invitation())
    card(reader, mailbox, first)
    cancelled = mailbox.append(invitation("CANCEL"))
    assert "Cet événement est annulé" in words(card(reader, mailbox, cancelled))
    assert "annulé" in words(card(reader, mailbox, first))
    assert send(reader, mailbox, first, "accepted").status_code == 404


def test_nobody_but_the_organiser_changes_an_event(reader: Client, mailbox: Mailbox) -> None:
    first = mailbox.append(invitation())
    card(reader, mailbox, first)
    card(reader, mailbox, mailbox.append(invitation("CANCEL", sender="eve@x.example")))
    card(reader, mailbox, mailbox.append(invitation(sequence=9, organiser="eve@x.example")))
    assert 'name="answer"' in page(card(reader, mailbox, first))
    assert InvitedEvent.objects.count() == 2


def test_what_is_at_the_same_time_is_said(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox
) -> None:
    other = mailbox.append(invitation(uid="autre@x", summary="Réunion", end="20261208T170000Z"))
    send(reader, mailbox, other, "accepted")
    after = mailbox.append(
        invitation(uid="apres@x", start="20261208T180000Z", end="20261208T190000Z")
    )
    card(reader, mailbox, after)
    uid = mailbox.append(invitation())
    shown = card(reader, mailbox, uid)
    assert "En même temps" in words(shown)
    assert path(mailbox, other) in page(shown)
    assert path(mailbox, after) not in page(shown)
    send(reader, mailbox, other, "declined")
    assert "En même temps" not in words(card(reader, mailbox, uid))


@pytest.mark.parametrize(
    "raw",
    [
        invitation("PUBLISH"),
        invitation("REPLY"),
        invitation(organiser="alice@ac-exemple.fr"),
        invitation(organiser="nobody"),
        invitation(uid=""),
    ],
    ids=["published", "reply", "own", "no organiser", "no uid"],
)
def test_what_is_no_invitation_cannot_be_answered(
    reader: Client, mailbox: Mailbox, raw: bytes
) -> None:
    uid = mailbox.append(raw)
    assert 'name="answer"' not in page(card(reader, mailbox, uid))
    assert send(reader, mailbox, uid, "accepted").status_code == 404
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("start", ["", "00010101T000000Z", "99991231T235959Z", "20261208", "x"])
def test_any_time_is_shown_and_answered(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, start: str
) -> None:
    uid = mailbox.append(invitation(start=start, end=start))
    assert card(reader, mailbox, uid).status_code == 200
    assert send(reader, mailbox, uid, "accepted").status_code == 302


def test_nonsense_is_no_invitation(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(invitation().replace(b"BEGIN:VEVENT", b"BEGIN:VNOTHING"))
    assert card(reader, mailbox, uid).status_code == 404
    assert send(reader, mailbox, mailbox.append(invitation()), "maybe").status_code == 404


def test_an_answer_is_the_users_own(
    reader: Client, signed_in: Any, bob: Any, mailbox: Mailbox
) -> None:
    card(reader, mailbox, mailbox.append(invitation()))
    others = signed_in(bob)
    assert others.get(path(mailbox, 1, "invitation/2/"), headers=HTMX).status_code in (404, 409)
    assert InvitedEvent.objects.count() == 1
