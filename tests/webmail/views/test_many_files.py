"""A message with more attachments than anybody looks through."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import page, path, words
from webmail.presentation.files import MOST_CARDS

pytestmark = pytest.mark.django_db
COUNT = MOST_CARDS + 20
FILE = "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\na\r\n"
LETTER = (
    "Subject: beaucoup\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\n\r\nBonjour\r\n" + FILE * COUNT + "--b--\r\n"
).encode()
INSIDE = (
    b"Subject: dedans\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
    b"--c\r\nContent-Type: message/rfc822\r\n\r\n" + LETTER + b"--c--\r\n"
)


def test_so_many_are_listed_and_the_others_counted(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(LETTER)
    answer = reader.get(path(mailbox, uid))
    assert page(answer).count('<li class="file"') == MOST_CARDS
    assert f"{COUNT} pièces jointes" in words(answer)
    assert "20 autres pièces jointes ne figurent pas ici" in words(answer)
    assert "source/" in page(answer)
    printed = words(reader.get(path(mailbox, uid, "print/")))
    assert "20 autres pièces jointes ne figurent pas ici" in printed


def test_those_of_a_message_inside_too(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(INSIDE)
    answer = reader.get(path(mailbox, uid, "view/1/message/"))
    assert f"{COUNT} pièces jointes" in words(answer)
    assert "20 autres pièces jointes ne figurent pas ici" in words(answer)
    printed = words(reader.get(path(mailbox, uid, "print/")))
    assert "20 autres pièces jointes ne figurent pas ici" in printed


@pytest.mark.parametrize("more", ["forward/", "edit/"])
def test_the_first_are_taken_over_and_the_writer_is_told(
    reader: Client, mailbox: Mailbox, more: str
) -> None:
    answer = reader.get(path(mailbox, mailbox.append(LETTER), more))
    assert len(re.findall('name="keep"', page(answer))) == MOST_CARDS
    assert f"Ce message a {COUNT} pièces jointes" in words(answer)
