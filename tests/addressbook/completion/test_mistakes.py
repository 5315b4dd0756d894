"""All that is one mistake away."""

from __future__ import annotations

import pytest

from addressbook.completion import mistakes


@pytest.mark.parametrize(
    "typed",
    ["matin", "marttin", "mxrtin", "amrtin", "martni", "artin", "xmartin", "marti"],
    ids=["left out", "too many", "wrong", "first two", "last two", "no first", "one before", "end"],
)
def test_one_mistake_anywhere_is_near(typed: str) -> None:
    assert "martin" in mistakes.near(typed) or "martin".startswith(typed)


def test_two_mistakes_are_not_near() -> None:
    assert "martin" not in mistakes.near("mratni")


def test_of_three_letters_nothing_is_near() -> None:
    assert mistakes.near("mat") == ()


def test_a_text_is_not_near_itself() -> None:
    assert "marie" not in mistakes.near("marie")


def test_however_long_a_text_the_number_of_those_near_is_bounded() -> None:
    assert len(mistakes.near("abcdefghijklmnopqrstuvwxyz" * 10)) < 1000
