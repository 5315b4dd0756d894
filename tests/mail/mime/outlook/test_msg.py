"""Files of Outlook (.msg) as messages, hostile ones included."""

from __future__ import annotations

import email
import email.policy
import random
import resource
import time
from email.message import EmailMessage
from typing import cast

import pytest

from demo import outlook_files as outlook
from mail import sandbox
from mail.mime.outlook import msg, rtf
from tests.mail.mime import msg_files as files

MOST = 60_000_000


def read(content: bytes) -> EmailMessage:
    made = msg.convert(content, MOST)
    assert made.fault == ""
    message = email.message_from_bytes(made.raw, policy=email.policy.default)
    assert not [part.defects for part in message.walk() if part.defects]
    assert all(len(line) <= 998 for line in made.raw.split(b"\r\n"))
    assert b"\n" not in made.raw.replace(b"\r\n", b"")
    return cast(EmailMessage, message)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_message_has_its_header_body_and_files() -> None:
    content = outlook.compound(
        outlook.message(
            subject="Élèves de 4e: conseil",
            recipients=[
                outlook.recipient(1, "Élodie Hénaff", "elodie.henaff@ac-exemple.fr"),
                outlook.recipient(2, "Dupont, Jean"),
                outlook.recipient(3, "cache@ac-exemple.fr", "cache@ac-exemple.fr"),
            ],
            attachments=[
                outlook.attachment("emploi du temps d’été.pdf", b"%PDF-" * 3000, "application/pdf"),
                outlook.attachment("notes", b"12;13", "message/rfc822"),
            ],
            more={
                "1013": "<p>À mardi <img src='cid:logo@1'></p>",
                "1035": "<1234@ac-exemple.fr>",
                "1042": "<0@x> <1@x>",
            },
        )
    )
    message = read(content)
    assert message["From"] == "Hawa Diallo <hawa.diallo@ac-exemple.fr>"
    assert message["To"] == "Élodie Hénaff <elodie.henaff@ac-exemple.fr>"
    assert message["Cc"] == '"Dupont, Jean" <dupont.jean@outlook.invalid>'
    assert message["Bcc"] == "cache@ac-exemple.fr"
    assert message["Subject"] == "Élèves de 4e: conseil"
    assert message["Date"].datetime == outlook.SENT
    assert (message["Message-ID"], message["In-Reply-To"]) == ("<1234@ac-exemple.fr>", "<0@x>")
    assert body(message, "plain").split() == ["Bonjour,", "à", "mardi."]
    assert "À mardi" in body(message, "html")
    attached = [(one.get_filename(), one.get_content_type()) for one in message.iter_attachments()]
    assert attached == [
        ("emploi du temps d’été.pdf", "application/pdf"),
        ("notes", "application/octet-stream"),
    ]
    assert next(message.iter_attachments()).get_content() == b"%PDF-" * 3000


def test_marks_and_dates_are_those_of_outlook() -> None:
    made = msg.convert(
        outlook.compound(
            outlook.message(fixed={"0E070003": 1, "10900003": 2, "10810003": 102, "00170003": 2})
        ),
        MOST,
    )
    assert made.flags == ("\\Seen", "\\Flagged", "\\Answered")
    assert made.received == outlook.SENT
    assert b"\r\nImportance: high\r\n" in made.raw
    draft = msg.convert(outlook.compound(outlook.message(fixed={"0E070003": 8})), MOST)
    assert draft.flags == ("\\Draft",)


def test_the_same_file_gives_the_same_bytes() -> None:
    content = outlook.compound(outlook.message(attachments=[outlook.attachment("a", b"x")]))
    assert msg.convert(content, MOST) == msg.convert(content, MOST)


def test_images_of_the_html_lie_beside_it() -> None:
    content = outlook.compound(
        outlook.message(
            more={"1013": "<img src='cid:logo@1'>"},
            attachments=[
                outlook.attachment("logo.png", b"\x89PNG", "image/png", "logo@1"),
                outlook.attachment("autre.png", b"\x89PNG", "image/png", "autre@1"),
            ],
        )
    )
    message = read(content)
    related = next(part for part in message.walk() if part.get_content_type().endswith("related"))
    assert [part.get("Content-ID") for part in related.walk()][2] == "<logo@1>"
    assert [one.get_filename() for one in message.iter_attachments()] == ["autre.png"]


STORED = b"\0" * 8 + b"MELA" + b"\0" * 4
WRAPPED = rb"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}\'e9t\'e9{\*\htmltag72 </p>}}"


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [(WRAPPED, "html", "<p>été</p>"), (rb"{\rtf1\ansi {\b gras}\par}", "plain", "gras")],
)
def test_a_body_in_compressed_rtf_is_read(raw: bytes, kind: str, words: str) -> None:
    tree = outlook.message(text="", more={"10090102": STORED + raw})
    assert words in body(read(outlook.compound(tree)), kind)


def test_html_and_names_in_an_old_charset_are_read() -> None:
    tree = outlook.message(
        text="",
        subject="",
        more={"0037001E": "Été".encode("cp1252"), "10130102": "<p>łąka</p>".encode("iso-8859-2")},
        fixed={"3FFD0003": 1252, "3FDE0003": 28592},
    )
    message = read(outlook.compound(tree))
    assert message["Subject"] == "Été"
    assert "łąka" in body(message, "html")


HEADER = (
    "Microsoft Mail Internet Headers Version 2.0\r\n"
    "Received: from a by b;\r\n\tTue, 3 Mar 2026 09:00:00 +0100\r\n"
    "From: =?utf-8?q?=C3=89lodie?= <elodie@ac-exemple.fr>\r\nTo: a@b.fr,\r\n c@d.fr\r\n"
    "Message-ID: <vrai@x>\r\nContent-Type: multipart/mixed; boundary=x\r\n"
    "MIME-Version: 1.0\r\nX-Long: " + "x" * 3000 + "\r\nSubject: Été\r\n\r\n"
)


def test_the_header_that_came_with_a_message_is_kept() -> None:
    message = read(outlook.compound(outlook.message(more={"007D": HEADER})))
    assert message["From"] == "Élodie <elodie@ac-exemple.fr>"
    assert message["To"] == "a@b.fr, c@d.fr"
    assert message["Received"].endswith("Tue, 3 Mar 2026 09:00:00 +0100")
    assert message["Subject"] == "Été" and message["Message-ID"] == "<vrai@x>"
    assert message.get_content_type() == "text/plain" and message["X-Long"] is None
    assert message["Date"].datetime == outlook.SENT


def test_nothing_becomes_a_field_of_its_own() -> None:
    tree = outlook.message(
        subject="a\r\nBcc: x@y.fr\r\n\r\nb",
        recipients=[outlook.recipient(1, "a\r\nX-Evil: 1", "b@c.fr\r\nX-Evil: 2")],
        attachments=[outlook.attachment('a"\r\nX-Evil: 3.txt', b"x", "text/plain\r\nX-Evil: 4")],
        more={"1035": "<a@b>\r\nX-Evil: 5", "007D": "X-A: b\0 X-Evil: 6\r\n"},
    )
    message = read(outlook.compound(tree))
    assert "X-Evil" not in message and "Bcc" not in message
    assert all("X-Evil" not in part for part in message.walk())


def test_messages_within_messages_are_attached() -> None:
    message = read(files.nested(4))
    subjects = []
    while True:
        subjects.append(str(message["Subject"]))
        inner = next(message.iter_attachments(), None)
        if inner is None:
            break
        message = cast(EmailMessage, inner.get_payload(0))
    assert subjects == ["3", "2", "1", "0"]


def test_a_signed_message_stays_signed() -> None:
    signed = b'Content-Type: multipart/signed; boundary="s"\n\n--s\n\nx\n--s--\n'
    tree = outlook.message(
        more={"001A": "IPM.Note.SMIME.MultipartSigned"},
        attachments=[outlook.attachment("smime.p7m", signed)],
    )
    made = msg.convert(outlook.compound(tree), MOST)
    assert made.raw.endswith(b"\r\n\r\n--s\r\n\r\nx\r\n--s--\r\n")
    assert b"Content-Type: multipart/signed" in made.raw


# --- what is no message, or hostile ---


def test_contacts_and_other_files_are_told_apart() -> None:
    contact = outlook.compound(outlook.message(more={"001A": "IPM.Contact"}))
    assert msg.convert(contact, MOST).fault == "no_mail"
    word = outlook.compound({"WordDocument": b"x" * 5000, "1Table": b"y"})
    assert msg.convert(word, MOST).fault == "no_message"


WHOLE = outlook.compound(
    outlook.message(attachments=[outlook.attachment("a.bin", b"x" * 50_000, "application/pdf")])
)
BROKEN = {
    "of a huge stream": files.with_size(WHOLE, "__substg1.0_1000001F", 0xFFFFFF00),
    "of one longer than it is": files.with_size(WHOLE, "__substg1.0_0037001F", 3000),
    "with sectors in circles": files.cyclic(WHOLE),
    "with a directory in circles": files.in_circles(WHOLE),
    "cut in its directory": WHOLE[:-3000],
    "cut in its middle": WHOLE[: len(WHOLE) // 2],
    "cut after its mark": WHOLE[:100],
    "its mark alone": WHOLE[:8],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_at_once(name: str) -> None:
    began = time.process_time()
    made = msg.convert(BROKEN[name], MOST)
    assert (made.fault, made.raw) == ("damaged", b"") or made.fault == "too_large"
    assert time.process_time() - began < 1


def test_a_hundred_messages_in_one_another_are_refused() -> None:
    assert msg.convert(files.nested(100), MOST).fault == "nested"


def test_streams_that_lie_in_one_place_make_no_bomb() -> None:
    content = files.sharing(400, 500_000)
    assert len(content) < 6_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = sandbox.call(msg.convert, sandbox.MESSAGE, content, MOST)
    assert made.fault in ("too_large", "damaged")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_rtf_unpacks_to_a_bound() -> None:
    bomb = b"\0" * 8 + b"LZFu" + b"\0" * 4 + (b"\xff" + b"\x0c\xff" * 8) * 400_000
    made = msg.convert(outlook.compound(outlook.message(more={"10090102": bomb}, text="")), MOST)
    assert len(made.raw) < 6 * rtf.MOST_BYTES


def test_whatever_the_bytes_are_it_ends_in_words() -> None:
    chosen = random.Random(7)  # noqa: S311  no secret
    for _time in range(150):
        content = bytearray(WHOLE)
        for _change in range(chosen.randint(1, 30)):
            content[chosen.randrange(len(content))] = chosen.randrange(256)
        made = msg.convert(bytes(content), MOST)
        assert bool(made.raw) != bool(made.fault)
