"""What is written opens in its own row alone."""

from __future__ import annotations

import uuid

import pytest
from pytest_django import Settings

from mail.errors import Unreadable
from mail.imap.values import MessageRef
from webmail.writing import content, sealing
from webmail.writing.content import Content

NUMBER = uuid.UUID(int=7)


def test_what_was_sealed_opens_and_does_not_show() -> None:
    sealed = sealing.seal(NUMBER, 1, b"Bonjour Claire")
    assert b"Claire" not in sealed
    assert sealing.opened(NUMBER, 1, memoryview(sealed)) == b"Bonjour Claire"


@pytest.mark.parametrize(
    ("number", "user"), [(uuid.UUID(int=8), 1), (NUMBER, 2)], ids=["another row", "another person"]
)
def test_it_opens_nowhere_else(number: uuid.UUID, user: int) -> None:
    sealed = sealing.seal(NUMBER, 1, b"Bonjour")
    with pytest.raises(Unreadable):
        sealing.opened(number, user, sealed)


def test_another_key_opens_nothing(settings: Settings) -> None:
    sealed = sealing.seal(NUMBER, 1, b"Bonjour")
    settings.LENDING_KEY = b"k" * 32
    with pytest.raises(Unreadable):
        sealing.opened(NUMBER, 1, sealed)


def test_a_content_comes_back_as_it_was() -> None:
    written = Content(
        kind="reply",
        to="Élodie <e@x.fr>; moitié d’adr",
        html="<p>é\udcff</p>",
        origin=MessageRef("Été\udcff", 7, 42),
        files=("a", "b"),
        wants_receipt=True,
    )
    assert content.from_json(content.to_json(written)) == written


def test_what_a_newer_version_wrote_besides_is_left_out() -> None:
    assert content.from_json(b'{"to": "a@x.fr", "mood": "gay"}') == Content(to="a@x.fr")
