"""What a message's files, senders and pictures tell, beside its words."""

from __future__ import annotations

import io
import time
import zipfile

import pytest
import qrcode
from PIL import Image

from accounts.models import User
from mail import sandbox
from mail.judgement import attachments, codes, corpus, domains, institutions, message, verdict
from mail.judgement.attachments import Attachment
from mail.judgement.known import KnownCorrespondents, Learnt, Rules
from tests.cases import each
from webmail.adverts import correspondence


def archive(*names: str, password: bool = False) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for name in names:
            opened.writestr(name, b"content")
    data = bytearray(file.getvalue())
    if password:
        data[6] |= 1
    return bytes(data)


def signs(name: str, data: bytes = b"", media_type: str = "application/octet-stream") -> list[str]:
    return list(attachments.signs((Attachment(name, media_type, data),)))


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("facture.pdf.exe", b"MZ", ["program_attached"]),
        ("Scan_0417.ISO", b"", ["program_attached"]),
        ("paie.xlsm", b"PK", ["macros_attached"]),
        ("acces.html", b"<FORM action='https://x.example'>", ["form_attached"]),
        ("acces.htm", b"<script>window.location.href = 'https://x'</script>", ["form_attached"]),
        ("dessin.svg", b"<svg><script>eval (atob('YQ=='))</script></svg>", ["form_attached"]),
        ("recette.html", b"<h1>Tarte</h1>", ["page_attached"]),
        ("photos.zip", archive("a.jpg"), ["archive_attached"]),
        ("facture.zip", archive("a.pdf", "facture.js"), ["archive_attached", "program_attached"]),
        ("facture.zip", archive("acces.html"), ["archive_attached", "program_attached"]),
        ("bilan.zip", archive("a.pdf", password=True), ["archive_attached", "archive_locked"]),
        ("bilan.rar", b"Rar!", ["archive_attached"]),
        ("cours.pdf", b"%PDF", []),
        ("copies.docx", archive("word/document.xml"), []),
        ("sans-point", b"texte", []),
        ("", b"", []),
    ],
)
def test_a_files_signs(name: str, data: bytes, expected: list[str]) -> None:
    assert signs(name, data) == expected


@each("length", range(0, 140, 7))
def test_an_archive_that_is_cut_anywhere_is_no_failure(length: int) -> None:
    data = archive("a.pdf", "facture.js")[:length]
    assert set(signs("facture.zip", data)) <= {"archive_attached", "program_attached"}


def test_an_archive_of_beginnings_alone_costs_little() -> None:
    data = b"PK\x03\x04" * (attachments.LONGEST // 4)
    begun = time.thread_time()
    signs("facture.zip", data)
    assert time.thread_time() - begun < 0.1


@pytest.mark.parametrize(
    ("name", "domain", "is_own"),
    [
        (["la", "poste", "suivi"], "info.laposte.fr", True),
        (["la", "poste", "suivi"], "colis-info.example", False),
        (["service", "client", "netflix"], "netflix.com", True),
        (["credit", "agricole", "nord"], "ca-norddefrance.fr", True),
        (["credit", "agricole", "nord"], "ca-norddefrance.fr.example", False),
    ],
)
def test_an_institution_named_by_a_sender_is_known_by_its_domains(
    name: list[str], domain: str, is_own: bool
) -> None:
    own = institutions.named(name)
    assert own and institutions.owns(own, domain) == is_own


@pytest.mark.parametrize(
    "name", [["marie", "boulanger"], ["jean", "orange", "martin"], ["claire", "dumont"], []]
)
def test_a_persons_name_names_no_institution(name: list[str]) -> None:
    assert institutions.named(name) == ()


def test_a_name_of_one_word_that_is_no_other_word_is_looked_for_in_domains() -> None:
    assert domains.imitates("netf1ix-compte.example", frozenset())
    assert domains.imitates("wetransfer-fichiers.example", frozenset())
    assert not domains.imitates("wetransfer.com", frozenset())
    assert not domains.imitates("orange-amere.example", frozenset())


def picture(address: str, size: int = 4) -> bytes:
    file = io.BytesIO()
    qrcode.make(address, box_size=size, border=2).save(file)
    return file.getvalue()


def drawn(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height), 255).save(file, "PNG")
    return file.getvalue()


WITH_CODE = """=== fraud
family: code
from: Paie <paie@ailleurs.example>
qr: https://ailleurs.example/k
subject: Votre bulletin
---
Scannez le code.
"""


def test_the_address_of_a_code_is_a_link_of_the_message() -> None:
    raw = next(corpus.read_corpus(WITH_CODE)).raw
    scanned = sandbox.call(codes.scan, correspondence.SCAN, codes.pictures(raw))
    assert scanned == ("https://ailleurs.example/k",)
    assert message.read_message(raw, scanned).hosts() == ["ailleurs.example"]
    assert message.read_message(raw).hosts() == []


@pytest.mark.django_db
def test_new_mail_is_judged_with_what_its_pictures_show() -> None:
    alice = User.objects.create(login="alice")
    raw = next(corpus.read_corpus(WITH_CODE)).raw
    asked = (KnownCorrespondents(), Rules(), Learnt())
    judged = correspondence.judge(alice, raw, *asked)
    assert judged.score == verdict.judge(raw, *asked, ("https://ailleurs.example/k",)).score
    assert judged.score != verdict.judge(raw, *asked).score


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", picture("https://a.example")[:60], drawn(2000, 1500), drawn(8, 8)],
    ids=["empty", "text", "cut", "large", "small"],
)
def test_a_picture_without_a_code_to_read_shows_no_address(data: bytes) -> None:
    assert codes.scan((data,)) == ()


@pytest.mark.parametrize("shown", ["WIFI:S:salle;;", "javascript:alert(1)", "BEGIN:VCARD"])
def test_a_code_that_is_no_web_address_is_no_link(shown: str) -> None:
    assert codes.scan((picture(shown),)) == ()


def test_no_more_than_the_first_pictures_are_taken() -> None:
    with_five = WITH_CODE.replace(
        "subject", "\n".join(["qr: https://a.example/k"] * 4) + "\nsubject"
    )
    assert len(codes.pictures(next(corpus.read_corpus(with_five)).raw)) == codes.MOST_PICTURES


@pytest.mark.parametrize("source", ["=== letter\nsubject: a\n---\nb", "=== fraud\nsubject: a"])
def test_a_message_that_is_not_written_as_it_should_be_is_an_error(source: str) -> None:
    with pytest.raises(ValueError, match="no "):
        list(corpus.read_corpus(source))


def test_the_hosts_of_its_links_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    host_of = message.host_of

    def counted(link: str) -> str:
        asked.append(link)
        return host_of(link)

    monkeypatch.setattr(message, "host_of", counted)
    raw = b"From: a@b.example\n\n" + b"https://c.example/x et https://d.example/y ici\n" * 3
    verdict.judge(raw)
    assert len(asked) == 6
