"""Messages to be sent, read again by the standard library."""

from __future__ import annotations

import base64
import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage, MIMEPart

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import build, encoded_words, headers, structure
from mail.mime.addresses import Address
from mail.mime.build import Outgoing, OutgoingFile
from mail.mime.text import unflow
from tests.examples import up_to

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
        OutgoingFile("élèves – 4e B.csv", "text/csv", "é;è\r\n".encode()),
        OutgoingFile("a" * 150 + ".pdf", "application/pdf", bytes(range(256)) * 50),
        OutgoingFile('"q"\\.bin', "text/<b>", b""),
        OutgoingFile("m.eml", "message/rfc822", b"Subject: x\n\nbonjour\n"),
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
        replace(SIMPLE, attachments=(OutgoingFile(bad, "text/plain", b""),)),
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
    ids = build.message_ids(value)
    assert ids == expected
    build.message(replace(SIMPLE, references=ids))


WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=120)


@up_to(150)
@given(WORDS, st.text(st.characters(exclude_categories=["Cs"]), max_size=300), WORDS)
def test_any_words_survive_and_lines_stay_short(subject: str, text: str, name: str) -> None:
    outgoing = replace(SIMPLE, subject=subject, text=text, sender=Address(name, "f@x.fr"))
    raw = build.message(replace(outgoing, to=tuple(Address(name, f"p{n}@x.fr") for n in range(30))))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    read_again = headers.parse(raw)
    assert read_again.get("Subject") == encoded_words.decode(subject)
    assert len(read_again.addresses("To")) == 30


@pytest.mark.parametrize("octets", [0, 1, 57, 58, 56_999, 57_000, 57_001, 171_000, 200_000])
def test_a_file_is_written_in_lines_of_base64(octets: int) -> None:
    content = (bytes(range(251)) * (octets // 251 + 1))[:octets]
    written = build.base64_lines(content)
    assert written == base64.encodebytes(content).replace(b"\n", b"\r\n")


@pytest.mark.parametrize("octets", [0, 1, 57, 58, 1000, 100_000])
def test_the_size_of_a_file_in_a_message_is_known_before(octets: int) -> None:
    written = len(build.base64_lines(bytes(octets)))
    assert 0 <= build.encoded_size(octets) - written < 78
    assert abs(octets - build.decoded_size(written)) <= 3


HTML = replace(
    SIMPLE,
    html='<p>Bonjour à <b>tous</b> <img src="cid:logo.1@x.fr" alt=""></p>',
    inline=(OutgoingFile("logo.png", "image/png", b"\x89PNG\r\n", "logo.1@x.fr"),),
    attachments=(OutgoingFile("plan.pdf", "application/pdf", b"%PDF"),),
)


def shape(part: MIMEPart) -> str:
    """The tree of a message: ``mixed(alternative(plain, related(html, png)), pdf)``."""
    below = ", ".join(shape(child) for child in part.iter_parts()) if part.is_multipart() else ""
    return f"{part.get_content_subtype()}({below})" if below else part.get_content_subtype()


@pytest.mark.parametrize(
    ("outgoing", "expected"),
    [
        (HTML, "mixed(alternative(plain, related(html, png)), pdf)"),
        (replace(HTML, attachments=()), "alternative(plain, related(html, png))"),
        (replace(HTML, attachments=(), inline=()), "alternative(plain, html)"),
        (replace(HTML, html="", inline=()), "mixed(plain, pdf)"),
        (SIMPLE, "plain"),
    ],
)
def test_html_has_its_text_before_it_and_its_images_beside_it(
    outgoing: Outgoing, expected: str
) -> None:
    assert shape(read(build.message(outgoing))) == expected


def test_an_image_in_the_html_is_found_by_its_content_id() -> None:
    message = read(build.message(HTML))
    (image,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert image["Content-ID"] == "<logo.1@x.fr>"
    assert image.get_content_disposition() == "inline"
    body = message.get_body(("html",))
    assert body is not None and 'src="cid:logo.1@x.fr"' in body.get_content()


def test_a_content_id_cannot_be_a_header() -> None:
    bad = OutgoingFile("a.png", "image/png", b"", "a@x>\r\nX-Evil: 1")
    with pytest.raises(ValueError, match="Content-ID"):
        build.message(replace(HTML, inline=(bad,)))


def test_priority_reply_to_and_the_wish_for_a_receipt() -> None:
    message = read(
        build.message(
            replace(
                SIMPLE,
                priority="high",
                reply_to=(Address("Secrétariat", "s@x.fr"),),
                receipt_to=Address("", "f@x.fr"),
            )
        )
    )
    assert message["X-Priority"] == "1 (Highest)" and message["Importance"] == "high"
    assert message["Reply-To"].addresses[0].addr_spec == "s@x.fr"
    assert message["Disposition-Notification-To"] == "f@x.fr"
    plain = read(build.message(SIMPLE))
    for name in ("X-Priority", "Importance", "Reply-To", "Disposition-Notification-To"):
        assert plain[name] is None


def test_the_same_message_is_the_same_bytes() -> None:
    assert build.message(HTML) == build.message(HTML)


@pytest.mark.parametrize("name", ["a" * 10_000, "é" * 10_000, "a b " * 2500])
def test_a_name_of_ten_thousand_characters_leaves_in_short_lines(name: str) -> None:
    raw = build.message(replace(SIMPLE, to=(Address(name.strip(), "c@x.fr"),)))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert read(raw)["To"].addresses[0].addr_spec == "c@x.fr"


def test_five_thousand_recipients_leave_in_short_lines() -> None:
    people = tuple(Address(f"Élève {n}", f"p{n}@x.fr") for n in range(5000))
    raw = build.message(replace(SIMPLE, to=people))
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert len(headers.parse(raw).addresses("To")) == 5000


def test_a_long_line_flows_and_a_quote_keeps_its_depth() -> None:
    words = "mot " * 40 + "fin"
    message = read(build.message(replace(SIMPLE, text=f"{words}\n>> {words}\n-- \nF.")))
    assert message.get_param("format") == "flowed"
    lines = message.get_content().splitlines()
    assert max(map(len, lines)) <= 76
    assert unflow("\n".join(lines)).split("\n") == [words, f">> {words}", "-- ", "F."]
    assert all(line.startswith(">> ") for line in lines[3:-2])
