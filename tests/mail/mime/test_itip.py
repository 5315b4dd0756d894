"""Answers to invitations, as they are sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import itip
from mail.mime.addresses import Address
from mail.mime.itip import Reply
from mail.previews import calendar
from mail.previews.calendar import Method, Participation

REPLY = Reply(
    sender=Address("Alice Morel", "alice@ac-exemple.fr"),
    organiser=Address("Le Chef", "chef@ac-exemple.fr"),
    attendee=Address("Alice", "a.morel@ac-exemple.fr"),
    answer="accepted",
    uid="conseil-1@ac-exemple.fr",
    sequence=3,
    summary="Conseil de classe; 6e B, salle 12",
    comment="J'arrive à 17 h,\nmerci.",
    subject="Acceptée : Conseil",
    text="Alice Morel accepte.",
    original_id="<invitation@ac-exemple.fr>",
    moment=datetime(2026, 11, 28, 10, tzinfo=UTC),
    message_id="<reply@ac-exemple.fr>",
    product="Messagerie",
    start=datetime(2026, 12, 8, 16, 30, tzinfo=UTC),
    end=datetime(2026, 12, 8, 18, tzinfo=UTC),
)


def test_an_answer_is_a_message_and_a_calendar_object() -> None:
    message = message_from_bytes(itip.message(REPLY), policy=policy.default)
    assert message["To"] == "Le Chef <chef@ac-exemple.fr>"
    assert message["In-Reply-To"] == "<invitation@ac-exemple.fr>"
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/calendar",
    ]
    part = list(message.walk())[-1]
    assert part.get_param("method") == "REPLY"
    assert part.get_payload(decode=True) == itip.calendar(REPLY)


def test_the_calendar_object_is_read_again_as_it_was_meant() -> None:
    read = calendar.invitation(itip.calendar(REPLY), "utf-8")
    (event,) = read.events
    assert read.method is Method.REPLY
    assert (event.uid, event.sequence, event.summary) == (REPLY.uid, 3, REPLY.summary)
    assert event.comment == REPLY.comment
    assert (event.start, event.end) == (REPLY.start, REPLY.end)
    assert event.organiser is not None
    assert event.organiser.address == "chef@ac-exemple.fr"
    (attendee,) = event.attendees
    assert (attendee.name, attendee.address) == ("Alice", "a.morel@ac-exemple.fr")
    assert attendee.answer is Participation.ACCEPTED


def test_days_and_occurrences_are_told() -> None:
    reply = replace(REPLY, start=date(2026, 12, 8), end=None, occurrence=date(2026, 12, 8))
    lines = itip.calendar(reply).decode().splitlines()
    assert "DTSTART;VALUE=DATE:20261208" in lines
    assert "RECURRENCE-ID;VALUE=DATE:20261208" in lines


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=50))
def test_no_words_of_an_invitation_make_a_line_of_the_answer(
    uid: str, summary: str, name: str
) -> None:
    reply = replace(REPLY, uid=uid, summary=summary, attendee=Address(name, "a@x.example"))
    written = itip.calendar(reply)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    plain = written.replace(b"\r\n ", b"").decode()
    names = [line.partition(":")[0].partition(";")[0] for line in plain.split("\r\n")]
    assert names.count("ATTENDEE") == names.count("ORGANIZER") == names.count("METHOD") == 1
    assert len(names) == len(itip.calendar(REPLY).replace(b"\r\n ", b"").split(b"\r\n")) - (
        not summary
    )


@pytest.mark.parametrize("evil", ["a@x.fr\r\nBcc: b@x.fr", "a@x.fr\x00"])
def test_no_address_makes_a_header(evil: str) -> None:
    with pytest.raises(ValueError, match=r"control|address"):
        itip.message(replace(REPLY, organiser=Address("", evil)))
