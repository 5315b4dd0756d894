"""A message that came back: why, in words, and the way to send it again."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.servers.mailboxes import Mailbox
from tests.webmail.views.composer.test_begin import value
from tests.webmail.views.mail import letter, page, words

pytestmark = pytest.mark.django_db

SENT = b"""From: Alice <alice@ac-exemple.fr>
To: Zo=?utf-8?q?=C3=A9?= Petit <zoe@courriel.exempl>, Bob <bob@ac-exemple.fr>
Bcc: chef@ac-exemple.fr
Subject: Sortie au =?utf-8?b?bXVzw6ll?=
Message-ID: <sortie@ac-exemple.fr>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Rendez-vous lundi.
"""
HEADERS = (
    b"Content-Type: text/rfc822-headers\n\nSubject: Sortie\nMessage-ID: <sortie@ac-exemple.fr>\n"
)
WHOLE = b"Content-Type: message/rfc822\n\n" + SENT


def bounce(
    enclosed: bytes, *, status: str = "5.1.1", action: str = "failed", head: str = ""
) -> bytes:
    report = f"""From: Mail Delivery System <mailer-daemon@ac-exemple.fr>
To: alice@ac-exemple.fr
Subject: Undelivered Mail Returned to Sender
{head}MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.ac-exemple.fr

Final-Recipient: rfc822; zoe@courriel.exempl
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 User unknown

--b
"""
    return report.encode() + enclosed + b"\n--b--\n"


def path(mailbox: Mailbox, uid: int, end: str = "") -> str:
    return f"/mail/INBOX/{mailbox.uidvalidity()}-{uid}/{end}"


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("5.1.1", "Cette adresse n’existe pas"),
        ("5.2.2", "Cette boîte est pleine"),
        ("5.1.99", "Cette adresse pose problème."),
        ("5.7.509", "l’autre serveur le refuse"),
        ("5.9.9", ""),
        ("nonsense", ""),
    ],
)
def test_a_report_says_why_in_words(
    reader: Client, mailbox: Mailbox, status: str, why: str
) -> None:
    uid = mailbox.append(bounce(HEADERS, status=status))
    shown = words(reader.get(path(mailbox, uid)))
    assert "zoe@courriel.exempl" in shown
    assert why.lower() in shown.lower()
    assert "550 User unknown" in shown


@pytest.mark.parametrize("enclosed", [HEADERS, WHOLE], ids=["headers", "whole"])
def test_what_came_back_is_corrected_for_who_did_not_get_it(
    reader: Client, mailbox: Mailbox, enclosed: bytes
) -> None:
    mailbox.append(SENT, "Sent")
    uid = mailbox.append(bounce(enclosed))
    assert path(mailbox, uid, "resend/") in page(reader.get(path(mailbox, uid)))
    form = reader.get(path(mailbox, uid, "resend/"))
    assert value(form, "to") == "Zoé Petit <zoe@courriel.exempl>"
    assert (value(form, "cc"), value(form, "bcc")) == ("", "")
    assert value(form, "subject") == "Sortie au musée"
    assert "Rendez-vous lundi." in value(form, "body")
    assert "zoe@courriel.exempl" in words(form)


def test_a_report_that_only_answers_leads_to_the_message_too(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(SENT, "Sent")
    uid = mailbox.append(bounce(b"", head="In-Reply-To: <sortie@ac-exemple.fr>\n"))
    assert value(reader.get(path(mailbox, uid, "resend/")), "subject") == "Sortie au musée"


@pytest.mark.parametrize(
    "raw",
    [
        bounce(HEADERS, action="delayed", status="4.4.1"),
        SENT,
    ],
    ids=["delayed", "no report"],
)
def test_what_cannot_be_sent_again_is_said(reader: Client, mailbox: Mailbox, raw: bytes) -> None:
    mailbox.append(SENT, "Sent")
    uid = mailbox.append(raw)
    assert reader.get(path(mailbox, uid, "resend/")).status_code == 404


OWN_HEADERS = b"Content-Type: text/rfc822-headers\n\n" + SENT.partition(b"MIME-Version")[0]
FROM_COPY = "la copie que l’autre serveur a renvoyée"
FROM_HEADER = "n’a renvoyé que son objet"
FROM_NOTHING = "l’autre serveur ne l’a pas renvoyé"


@pytest.mark.parametrize(
    ("enclosed", "subject", "text", "said"),
    [
        (WHOLE, "Sortie au musée", "Rendez-vous lundi.", FROM_COPY),
        (OWN_HEADERS, "Sortie au musée", "", FROM_HEADER),
        (b"", "", "", FROM_NOTHING),
        (WHOLE.replace(b"<alice@", b"<autre@"), "", "", FROM_NOTHING),
    ],
    ids=["copy", "header", "nothing", "a copy of somebody else's"],
)
def test_what_is_not_among_the_sent_ones_is_had_from_the_report(
    reader: Client, mailbox: Mailbox, enclosed: bytes, subject: str, text: str, said: str
) -> None:
    uid = mailbox.append(bounce(enclosed))
    assert path(mailbox, uid, "resend/") in page(reader.get(path(mailbox, uid)))
    form = reader.get(path(mailbox, uid, "resend/"))
    assert form.status_code == 200
    assert "zoe@courriel.exempl" in value(form, "to") and "bob@" not in value(form, "to")
    assert value(form, "cc") == value(form, "bcc") == ""
    assert value(form, "subject") == subject
    assert text in value(form, "body")
    assert bool(text) == ("Rendez-vous" in value(form, "body"))
    assert said in words(form)


def test_the_files_of_a_copy_that_came_back_leave_again(reader: Client, mailbox: Mailbox) -> None:
    sent = letter(
        "Bulletins", files=(("b.pdf", "application/pdf", b"%PDF"),), sender="alice@ac-exemple.fr"
    )
    uid = mailbox.append(bounce(b"Content-Type: message/rfc822\n\n" + sent))
    form = page(reader.get(path(mailbox, uid, "resend/")))
    assert 'name="keep" value="3.2"' in form and "b.pdf" in form


def test_a_report_that_names_nobody_leaves_the_recipients_to_be_written(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(SENT, "Sent")
    uid = mailbox.append(bounce(HEADERS).replace(b"zoe@courriel.exempl", b"nobody"))
    form = reader.get(path(mailbox, uid, "resend/"))
    assert (value(form, "to"), value(form, "subject")) == ("", "Sortie au musée")


def test_a_delay_is_no_reason_to_send_again(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(bounce(HEADERS, action="delayed", status="4.4.1"))
    shown = page(reader.get(path(mailbox, uid)))
    assert "resend/" not in shown
