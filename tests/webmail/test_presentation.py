"""Values put into words for templates."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from webmail import presentation
from webmail.imap.values import Folder, MessageRef
from webmail.mailbox.folders import FolderNode
from webmail.mime.addresses import Address
from webmail.mime.authentication import Verdicts
from webmail.mime.envelope import Envelope
from webmail.mime.structure import Part

REF = MessageRef("INBOX", 7, 1)
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(autouse=True)
def french() -> Iterator[None]:
    with translation.override("fr"), timezone.override(ZoneInfo("Europe/Paris")):
        yield


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (0, f"0{NBSP}o"),
        (999, f"999{NBSP}o"),
        (1000, f"1{NBSP}Ko"),
        (999_999, f"1{NBSP}Mo"),
        (2_437_000, f"2,4{NBSP}Mo"),
        (123_456_789, f"123{NBSP}Mo"),
        (5_000_000_000, f"5{NBSP}Go"),
    ],
)
def test_sizes(octets: int, shown: str) -> None:
    said = presentation.size(octets).replace("\N{NARROW NO-BREAK SPACE}", NBSP)
    assert said.lower() == shown.lower()


@pytest.mark.parametrize(
    ("person", "letters"),
    [
        (Address("Bob Petit", "b@x"), "BP"),
        (Address("Jean-Luc de La Tour", "b@x"), "JT"),
        (Address("", "claire@x"), "C"),
        (Address("«»", "x@y"), "?"),
        (Address("", ""), "?"),
        (Address("élise", "e@x"), "É"),
    ],
)
def test_initials(person: Address, letters: str) -> None:
    assert presentation.initials(person) == letters


def test_a_colour_belongs_to_an_address() -> None:
    assert presentation.hue("Bob@X.fr") == presentation.hue("bob@x.fr")
    assert {presentation.hue(f"{n}@x.fr") for n in range(100)} == {1, 2, 3, 4, 5, 6}


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
    card = presentation.attachment_card(REF, part)
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
        assert presentation.file_name(Part("2", media_type)) == name


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("Sortie au musée", "Sortie au musée.eml"),
        ("Re: ../../etc/passwd", "Re_ .._.._etc_passwd.eml"),
        ("fichier\u202efdp.exe", "fichierfdp.exe.eml"),
        ("mot " * 100, "mot " * 19 + "mot.eml"),
        (" .. ", "message.eml"),
    ],
)
def test_a_nested_message_is_named_by_its_subject(subject: str, name: str) -> None:
    part = Part("2", "message/rfc822", envelope=Envelope(subject=subject))
    assert presentation.file_name(part) == name


def test_the_size_of_base64_is_that_of_the_file() -> None:
    as_sent = len(base64.encodebytes(bytes(3_000_000)).replace(b"\n", b"\r\n"))
    part = Part("2", "application/pdf", encoding="base64", size=as_sent)
    assert presentation.attachment_card(REF, part).size == f"3{NBSP}Mo"


def test_a_folder_row_opens_above_what_is_unread() -> None:
    leaf = FolderNode(Folder("a/b", "/", frozenset(), unseen=2), "b", depth=1)
    top = FolderNode(Folder("a", "/", frozenset({"\\noselect"})), "a", (leaf,), usable=False)
    row = presentation.folder_row(top, "INBOX")
    assert (row.open, row.usable, row.url, row.icon) == (True, False, "", "folder")
    assert row.children[0].url == "/mail/a~2Fb/"
    found = presentation.folder_list([top], "a/b").find("a/b")
    assert found is not None and found.current


RESULTS = ["pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"]


def test_every_verdict_on_the_sender_is_a_sentence_of_its_own() -> None:
    with translation.override("en"):
        said = [presentation.verdict_words(Verdicts(spf=result))[0] for result in RESULTS]
    assert len(set(said)) == len(RESULTS)
    for result, sentence in zip(RESULTS, said, strict=True):
        assert sentence.startswith("SPF: ") and sentence.endswith(".")
        # None is the protocol's word alone.
        assert result in {"pass", "fail", "none"} or result not in sentence


def test_a_verdict_that_nobody_knows_is_quoted() -> None:
    with translation.override("en"):
        (said,) = presentation.verdict_words(Verdicts(dmarc="bestguesspass"))
    assert said == "DMARC: the mail server answered “bestguesspass”."
