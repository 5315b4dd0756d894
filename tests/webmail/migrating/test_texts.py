"""Texts whose charset somebody mistook."""

from __future__ import annotations

import pytest

from addressbook.importers import php
from tests.webmail.migrating.installations import serialised
from webmail.migrating import texts


@pytest.mark.parametrize(
    ("kept", "meant"),
    [
        ("Zoé Lefèvre", "Zoé Lefèvre"),
        ("ZoÃ© LefÃ¨vre", "Zoé Lefèvre"),
        ("L’école à 5 €", "L’école à 5 €"),
        ("Lâ€™Ã©cole", "L’école"),
        (b"Zo\xe9", "Zoé"),
        ("Zoé".encode(), "Zoé"),
        (memoryview(b"abc"), "abc"),
        ("日本", "日本"),
        ("a\x00b", "ab"),
        ("a\x1b[2Jb", "a[2Jb"),
        (None, ""),
        (7, "7"),
    ],
)
def test_a_text_is_read_as_it_was_meant(kept: object, meant: str) -> None:
    assert texts.mended(kept) == meant


@pytest.mark.parametrize(
    "kept",
    [
        serialised({"name": "Collège"}).decode(),
        serialised({"name": "Collège"}),
        # Written as latin1 and stored as text: the length counts one byte for the accent.
        serialised({"name": "Collège"}, "latin-1").decode("latin-1"),
        serialised({"name": "Collège"}, "latin-1"),
        # UTF-8 that went through a connection in latin1: the length counts two.
        serialised({"name": "Collège"}).decode("cp1252"),
    ],
)
def test_serialised_texts_are_read_whatever_their_lengths_count(kept: object) -> None:
    assert texts.serialised(kept) == {"name": "Collège"}


def test_a_name_in_a_report_can_do_nothing_to_a_terminal() -> None:
    assert texts.word("a_1.b-é\x1b[2J\n") == "a_1.b-é??2J?"
    assert len(texts.word("x" * 999)) == 60


def test_a_length_that_fits_nothing_is_broken() -> None:
    with pytest.raises(php.BrokenValue):
        texts.serialised('a:1:{s:4:"name";s:9:"Collège";}')
