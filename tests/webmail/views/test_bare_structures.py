"""Messages of which Courier tells less than they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from django.test import Client

from accounts.models import MailDomain
from tests.servers.courier import Courier
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.webmail.views.mail import page, path, words

pytestmark = pytest.mark.django_db
HEAD = b"From: a@x.example\r\nSubject: S\r\n"
HTML = b"Content-Type: text/html; charset=utf-8\r\n"


@pytest.fixture
def box(courier: Courier) -> Iterator[Mailbox]:
    courier.make_anew(ALICE.login)
    with closing(courier.mailbox(ALICE)) as mailbox:
        yield mailbox


@pytest.fixture
def reader(
    box: Mailbox, courier: Courier, mail_domain: MailDomain, signed_in: Callable[..., Client]
) -> Client:
    mail_domain.imap_port = courier.imap_port
    mail_domain.save()
    return signed_in(ALICE)


def frame(reader: Client, box: Mailbox, uid: int) -> str:
    answer = reader.get(path(box, uid, "frame/"))
    assert answer.status_code == 200
    return page(answer)


@pytest.mark.parametrize(
    "body",
    [
        HTML + b"\r\n<p>Bonjour <b>\xc3\xa0 tous</b></p>\r\n",
        HTML
        + b"Content-Transfer-Encoding: base64\r\n\r\nPHA+Qm9uam91ciA8Yj7DoCB0b3VzPC9iPjwvcD4=\r\n",
    ],
)
def test_html_without_mime_version_is_shown_as_html(
    reader: Client, box: Mailbox, body: bytes
) -> None:
    assert "Bonjour <b>à tous</b>" in frame(reader, box, box.append(HEAD + body))


def test_text_in_a_charset_without_mime_version(reader: Client, box: Mailbox) -> None:
    text = b"Content-Type: text/plain; charset=iso-8859-15\r\n\r\n10 \xa4 \xe9t\xe9\r\n"
    assert "10 € été" in words(reader.get(path(box, box.append(HEAD + text))))


def test_a_multipart_without_mime_version_is_divided(reader: Client, box: Mailbox) -> None:
    uid = box.append(
        HEAD + b'Content-Type: multipart/mixed; boundary="x y"\r\n\r\n--x y\r\n'
        b"Content-Type: text/html\r\n\r\n<p>Le plan</p>\r\n--x y\r\n"
        b"Content-Type: application/pdf; name=plan.pdf\r\n"
        b"Content-Disposition: attachment; filename=plan.pdf\r\n\r\n%PDF-1.4\r\n--x y--\r\n"
    )
    assert "Le plan" in frame(reader, box, uid)
    assert "plan.pdf" in words(reader.get(path(box, uid)))
    assert b"".join(reader.get(path(box, uid, "part/1~2/"))) == b"%PDF-1.4"


def test_pictures_named_by_their_location_are_in_the_text(reader: Client, box: Mailbox) -> None:
    uid = box.append(
        HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: text/html\r\nContent-Location: http://a.example/\r\n\r\n"
        b'<p>Voici</p><img src="b.gif">\r\n--x\r\n'
        b"Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Location: http://a.example/b.gif\r\n\r\n"
        b"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7\r\n--x--\r\n"
    )
    assert "inline/0" in frame(reader, box, uid)
    assert reader.get(path(box, uid, "frame/inline/0")).status_code == 200


def test_letters_in_eight_bits_are_in_the_subject(reader: Client, box: Mailbox) -> None:
    raw = "From: René <r@x.example>\r\nSubject: L’été au café\r\n\r\nOui\r\n".encode()
    said = words(reader.get(path(box, box.append(raw)), headers={"HX-Request": "true"}))
    assert "L’été au café" in said and "René" in said
