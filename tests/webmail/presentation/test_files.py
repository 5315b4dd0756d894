"""Attachments as their cards show them."""

from __future__ import annotations

import base64

import pytest
from django.utils import translation

from mail.imap.values import MessageRef
from mail.mime.envelope import Envelope
from mail.mime.structure import Part
from webmail.presentation import files

REF = MessageRef("INBOX", 7, 1)
NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("part", "name", "kind"),
    [
        (Part("2", "application/pdf", file_name="Plan.PDF"), "Plan.PDF", "k-pdf"),
        (Part("2", "message/rfc822"), "message.eml", "k-any"),
        (Part("2", "text/calendar"), "invitation.ics", "k-any"),
        (Part("2", "application/x-pkcs7-signature"), "smime.p7s", "k-any"),
        (Part("2", "application/pdf"), "pièce jointe 2.pdf", "k-pdf"),
        (Part("2", "audio/x-wav"), "pièce jointe 2.wav", "k-any"),
        (Part("2", "image/<svg onload=1>"), "pièce jointe 2._svg onload=1_", "k-any"),
        (Part("2", "image/png"), "pièce jointe 2.png", "k-img"),
        (Part("2", "application/x-odd"), "pièce jointe 2", "k-any"),
    ],
)
def test_an_attachment_without_name_gets_one(part: Part, name: str, kind: str) -> None:
    card = files.attachment_card(REF, part)
    assert (card.name.lower(), card.kind_class) == (name.lower(), kind)
    assert card.url == "/mail/INBOX/7-1/part/2/"


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("message/delivery-status", "delivery report.txt"),
        ("message/disposition-notification", "read receipt.txt"),
        ("message/feedback-report", "abuse report.txt"),
        ("text/rfc822-headers", "headers of the message.txt"),
    ],
)
def test_what_servers_report_is_named_by_what_it_is(media_type: str, name: str) -> None:
    with translation.override("en"):
        assert files.file_name(Part("2", media_type)) == name


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("Sortie au musée", "Sortie au musée.eml"),
        ("Re: ../../etc/passwd", "Re_ .._.._etc_passwd.eml"),
        ("fichier\u202efdp.exe", "fichierfdp.exe.eml"),
        ("mot " * 100, "mot " * 19 + "mot.eml"),
        (" .. ", "message.eml"),
        ("Qui vient au gymnase ?", "Qui vient au gymnase.eml"),
        ("???", "message.eml"),
    ],
)
def test_a_nested_message_is_named_by_its_subject(subject: str, name: str) -> None:
    part = Part("2", "message/rfc822", envelope=Envelope(subject=subject))
    assert files.file_name(part) == name


def test_the_size_of_base64_is_that_of_the_file() -> None:
    as_sent = len(base64.encodebytes(bytes(3_000_000)).replace(b"\n", b"\r\n"))
    part = Part("2", "application/pdf", encoding="base64", size=as_sent)
    assert files.attachment_card(REF, part).size == f"3{NBSP}Mo"


@pytest.mark.parametrize(
    ("name", "media_type", "warning"),
    [
        ("setup.exe", "application/octet-stream", "Programme"),
        ("facture.pdf.EXE", "application/pdf", "Programme"),
        ("facture.pdf", "application/x-msdownload", "Programme"),
        ("facture.js . ", "text/plain", "Programme"),
        ("Notes.xlsm", "", "macros"),
        ("facture.pdf", "application/pdf", ""),
        ("exe", "application/octet-stream", ""),
        ("sans nom", "", ""),
        ("archive.zip", "application/zip", ""),
    ],
)
def test_a_file_that_is_dangerous_to_open_says_so_on_its_card(
    name: str, media_type: str, warning: str
) -> None:
    with translation.override("fr"):
        card = files.attachment_card(REF, Part("2", media_type, file_name=name))
    assert (warning in card.warning) if warning else card.warning == ""
