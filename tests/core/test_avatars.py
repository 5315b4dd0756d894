"""Initials and colours in place of pictures."""

from __future__ import annotations

import pytest

from core import avatars


def test_a_colour_belongs_to_an_address() -> None:
    assert avatars.hue("Bob@X.fr") == avatars.hue("bob@x.fr")
    assert {avatars.hue(f"{n}@x.fr") for n in range(100)} == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Bob Petit", "BP"),
        ("Jean-Luc de La Tour", "JT"),
        ("élise", "É"),
        ("★ Loterie Officielle ★", "LO"),
        ("«»", "?"),
        ("", "?"),
    ],
)
def test_initials_are_those_of_the_first_word_and_the_last(name: str, letters: str) -> None:
    assert avatars.initials(name) == letters
