"""Preferences: addresses and signatures."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import page, words
from webmail.models import Identity

pytestmark = pytest.mark.django_db
URL = "/preferences/identities/"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def post(client: Client, **changes: object) -> Any:
    data = {"address": "alice@ac-exemple.fr", "name": "Alice M.", "reply_to": "", "text": ""}
    return client.post(URL, data | changes)


def test_name_reply_to_and_signature_are_the_persons(reader: Client, mailbox: Mailbox) -> None:
    answer = post(
        reader, reply_to="Secrétariat <s@ac-exemple.fr>", text="Alice\nprof. de <lettres>"
    )
    assert (answer.status_code, answer["Location"]) == (302, URL)
    kept = Identity.objects.get()
    assert (kept.name, kept.source) == ("Alice M.", "sign_in")
    assert kept.reply_to == "Secrétariat <s@ac-exemple.fr>"
    assert kept.signature == "<div>Alice</div><div>prof. de &lt;lettres&gt;</div>"
    assert "prof. de &lt;lettres&gt;</textarea>" in page(reader.get(URL))


def test_an_image_stands_below_the_signature_until_it_is_taken_away(
    reader: Client, mailbox: Mailbox
) -> None:
    post(reader, text="Alice", image=SimpleUploadedFile("logo.png", PNG, "image/png"))
    assert Identity.objects.get().signature.startswith("<div>Alice</div><div><img ")
    post(reader, text="Alice M.")
    assert 'src="data:image/png;base64,' in page(reader.get(URL))
    assert "data:image/png;base64," in Identity.objects.get().signature
    post(reader, text="Alice M.", no_image="on")
    assert Identity.objects.get().signature == "<div>Alice M.</div>"


def test_formatting_stays_while_its_text_is_not_touched(reader: Client, mailbox: Mailbox) -> None:
    post(reader, html="<p><b>Alice</b></p>")
    post(reader, name="Autre", text="Alice")
    kept = Identity.objects.get()
    assert (kept.name, kept.signature) == ("Autre", "<p><b>Alice</b></p>")


@pytest.mark.parametrize(
    "changes",
    [
        {"reply_to": "faux"},
        {"reply_to": "a@x.fr, b@x.fr"},
        {"name": "a" * 10_000},
        {"text": "a" * 10_000},
        {"image": SimpleUploadedFile("a.png", b"no image at all")},
        {"image": SimpleUploadedFile("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")},
    ],
)
def test_a_mistake_is_said_and_nothing_is_kept(
    reader: Client, mailbox: Mailbox, changes: dict[str, object]
) -> None:
    answer = post(reader, **changes)
    assert answer.status_code == 422
    assert 'class="field-error"' in page(answer)
    assert not Identity.objects.exists()


def test_nobody_makes_an_address_of_a_form(reader: Client, mailbox: Mailbox) -> None:
    assert post(reader, address="bob@ac-exemple.fr").status_code == 404
    assert not Identity.objects.exists()


@pytest.mark.parametrize("evil", ["a\r\nBcc: x@y.fr", "a\x00b", "=?utf-8?q?a?="])
def test_no_name_makes_a_header(reader: Client, mailbox: Mailbox, evil: str) -> None:
    post(reader, name=evil)
    for kept in Identity.objects.all():
        assert "\r" not in kept.name and "\n" not in kept.name and "\x00" not in kept.name


def test_the_page_names_the_address(reader: Client, mailbox: Mailbox) -> None:
    assert "alice@ac-exemple.fr" in words(reader.get(URL))
