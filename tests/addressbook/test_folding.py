"""Text as it is compared."""

from __future__ import annotations

import pytest

from addressbook import folding


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Bœuf  Étienne", "boeuf etienne"),
        ("E\u0301TIENNE", "etienne"),
        ("Straße", "strasse"),
        ("\u00a0Noël\u202fL’Hôpital\n", "noel l’hopital"),
        ("", ""),
    ],
)
def test_accents_capitals_and_blanks_do_not_count(text: str, folded: str) -> None:
    assert folding.fold(text) == folded


def test_words_are_letters_and_digits_each_once() -> None:
    assert folding.words("Jean-François d’Ormesson, jean.2@x") == (
        "jean",
        "francois",
        "d",
        "ormesson",
        "2",
        "x",
    )
