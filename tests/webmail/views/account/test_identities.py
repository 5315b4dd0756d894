"""Preferences: addresses and signatures."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from addressbook.models import DirectoryEntry
from mail.mime.addresses import Address
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import page, words
from webmail.models import Identity
from webmail.writing import identities

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


def test_a_locked_name_follows_the_directory(
    reader: Client, mailbox: Mailbox, settings: Settings
) -> None:
    post(reader, name="Le Recteur")
    user = User.objects.get(login="alice")
    settings.IDENTITY_NAME_LOCKED = True
    assert identities.sender(identities.check(user, "")) == Address("", "alice@ac-exemple.fr")
    DirectoryEntry.objects.create(
        source="ldap", source_id="a", name="Alice Martin", sort_key="martin alice",
        address="alice@ac-exemple.fr", folded="alice@ac-exemple.fr", filled=timezone.now(),
    )  # fmt: skip
    assert identities.check(user, "").name == "Alice Martin"
    user.name = "Alice Martin-Moreau"  # as the staff record has it
    user.save()
    assert identities.check(user, "").name == "Alice Martin-Moreau"
    assert re.search(r'<input[^>]*value="Alice Martin-Moreau"[^>]*disabled', page(reader.get(URL)))
    assert post(reader, name="La Rectrice", text="Alice").status_code == 302
    assert Identity.objects.get().name == "Alice Martin-Moreau"


def test_a_locked_name_of_a_given_address_is_the_administrators(
    reader: Client, mailbox: Mailbox, settings: Settings
) -> None:
    settings.IDENTITY_NAME_LOCKED = True
    user = User.objects.get(login="alice")
    Identity.objects.create(user=user, address="secretariat@ac-exemple.fr", name="Secrétariat")
    post(reader, address="secretariat@ac-exemple.fr", name="Le Recteur")
    assert identities.check(user, "secretariat@ac-exemple.fr").name == "Secrétariat"


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
