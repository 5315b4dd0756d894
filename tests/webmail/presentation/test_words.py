"""Sizes, people and subjects in words."""

from __future__ import annotations

import pytest

from mail.mime.addresses import Address
from webmail.presentation import words

NBSP = "\N{NO-BREAK SPACE}"


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
    written = words.size(octets).replace("\N{NARROW NO-BREAK SPACE}", NBSP)
    assert written.lower() == shown.lower()


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
    assert words.initials(person) == letters
