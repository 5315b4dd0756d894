"""Messages to be sent, read again by the standard library."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webmail.mime import build, headers, structure
from webmail.mime.addresses import Address
from webmail.mime.build import Attachment, Outgoing

SIMPLE = Outgoing(
    sender=Address("Françoise Durand", "f@x.fr"),
    to=(Address("Morvan, Claire", "c@x.fr"), Address("", "d@x.fr")),
    bcc=(Address("", "secret@x.fr"),),
    subject="Réunion à 18 h – salle polyvalente",
    text="Bonjour,\nà mardi.",
    date=datetime(2026, 5, 12, 8, 30, tzinfo=UTC),
    message_id="<1@x.fr>",
    in_reply_to="<0@x.fr>",
    references=("<z@x.fr>", "<0@x.fr>"),
    user_agent="Webmail",
)


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_a_message_is_read_as_it_was_written() -> None:
    message = read(build.message(SIMPLE))
    assert message["Subject"] == SIMPLE.subject
    assert [(a.display_name, a.addr_spec) for a in message["To"].addresses] == [
        ("Morvan, Claire", "c@x.fr"),
        ("", "d@x.fr"),
    ]
    assert message["From"].addresses[0].display_name == "Françoise Durand"
    assert message["Date"].datetime == SIMPLE.date
    assert message["References"] == "<z@x.fr> <0@x.fr>"
    assert message.get_content() == "Bonjour,\r\nà mardi.\r\n"


def test_the_blind_copy_stands_in_the_copy_for_sent_alone() -> None:
    assert b"secret" not in build.message(SIMPLE)
    assert read(build.message(SIMPLE, keep_bcc=True))["Bcc"] == "secret@x.fr"


def test_attachments_come_back_whole() -> None:
    files = (
        Attachment("élèves – 4e B.csv", "text/csv", "é;è\r\n".encode()),
        Attachment("a" * 150 + ".pdf", "application/pdf", bytes(range(256)) * 50),
        Attachment('"q"\\.bin', "text/<b>", b""),
        Attachment("m.eml", "message/rfc822", b"Subject: x\n\nbonjour\n"),
    )
    message = read(build.message(replace(SIMPLE, attachments=files)))
    _, csv, pdf, odd, mail = message.iter_parts()
    assert [part.get_filename() for part in (csv, pdf, odd, mail)] == [file.name for file in files]
    assert pdf.get_content() == files[1].content
    assert odd.get_content_type() == "application/octet-stream"
    assert mail.get_content()["Subject"] == "x"
    ours = structure.choose(structure.parse(build.message(replace(SIMPLE, attachments=files))).root)
    assert [part.file_name for part in ours.attachments][:2] == [files[0].name, files[1].name]


@pytest.mark.parametrize("bad", ["x\nBcc: y@z.fr", "x\r\n\r\nbody", "x\x00"])
def test_a_line_break_in_a_header_is_refused(bad: str) -> None:
    for outgoing in (
        replace(SIMPLE, subject=bad),
        replace(SIMPLE, sender=Address(bad, "a@x.fr")),
        replace(SIMPLE, to=(Address("", bad),)),
        replace(SIMPLE, message_id=f"<{bad}>"),
        replace(SIMPLE, references=(bad,)),
        replace(SIMPLE, user_agent=bad),
        replace(SIMPLE, attachments=(Attachment(bad, "text/plain", b""),)),
    ):
        with pytest.raises(ValueError, match=r"header|Message-ID|address"):
            build.message(outgoing)


def test_an_address_cannot_smuggle_another() -> None:
    with pytest.raises(ValueError, match="address"):
        build.message(replace(SIMPLE, to=(Address("", "a@x.fr, b@y.fr"),)))


def test_domains_with_accents_go_out_as_idna() -> None:
    assert b"<a@xn--cole-9oa.fr>" in build.message(
        replace(SIMPLE, to=(Address("A", "a@école.fr"),))
    )


def test_a_message_id() -> None:
    assert build.message_id("ac-exemple.fr", "abc.1") == "<abc.1@ac-exemple.fr>"
    with pytest.raises(ValueError, match="Message-ID"):
        build.message_id("x.fr", "a b>")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<a@x>\r\n <b@x>", ("<a@x>", "<b@x>")),
        ("<é@x> <a b@x> <c@x>", ("<c@x>",)),
        ("<" + "a" * 300 + "@x> none", ()),
    ],
)
def test_ids_that_cannot_be_written_are_left_out(value: str, expected: tuple[str, ...]) -> None:
    found = build.message_ids(value)
    assert found == expected
    build.message(replace(SIMPLE, references=found))


WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=120)


@settings(max_examples=150, deadline=None)
@given(WORDS, st.text(st.characters(exclude_categories=["Cs"]), max_size=300), WORDS)
def test_any_words_survive_and_lines_stay_short(subject: str, text: str, name: str) -> None:
    outgoing = replace(SIMPLE, subject=subject, text=text, sender=Address(name, "f@x.fr"))
    raw = build.message(replace(outgoing, to=tuple(Address(name, f"p{n}@x.fr") for n in range(30))))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    read_again = headers.parse(raw)
    assert read_again.get("Subject") == headers.decode(subject)
    assert len(read_again.addresses("To")) == 30


@pytest.mark.parametrize("octets", [0, 1, 57, 58, 1000, 100_000])
def test_the_size_of_a_file_in_a_message_is_known_before(octets: int) -> None:
    written = len(build._base64_lines(bytes(octets)))
    assert 0 <= build.encoded_size(octets) - written < 78
    assert abs(octets - build.decoded_size(written)) <= 3
