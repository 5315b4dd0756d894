"""Passphrases."""

from __future__ import annotations

import math
import re

import pytest

from accounts.passwords import generator, policy, words
from accounts.passwords.policy import KINDS, PasswordPolicy, PublicFacts

RULES = PasswordPolicy(8, tuple(KINDS), words.known_passwords())
NOBODY = PublicFacts.of("")


def test_its_words_can_be_typed_anywhere_and_remembered() -> None:
    assert len(words.words()) > 1000
    assert len(set(words.words())) == len(words.words())
    assert all(re.fullmatch("[a-z]{4,8}", word) for word in words.words())


def test_every_passphrase_keeps_the_policy() -> None:
    for _ in range(200):
        passphrase = generator.passphrase(words.words(), lambda _text: True)
        assert policy.broken(passphrase.text, RULES, NOBODY) == ()
        assert len(re.split(f"[{re.escape(generator.SIGNS)}]", passphrase.text)) == generator.WORDS


def test_two_are_never_the_same() -> None:
    drawn = {generator.passphrase(words.words(), lambda _text: True).text for _ in range(500)}
    assert len(drawn) == 500


def test_its_bits_are_those_of_what_is_drawn() -> None:
    # Four words of 1,024, one of ten signs, one of ten digits, four places for it and the capital.
    assert math.isclose(generator.bits(1024), 40 + math.log2(10) + math.log2(10) + 2 + 2)
    assert generator.passphrase(words.words(), lambda _text: True).bits > 50


def test_a_word_of_the_persons_name_is_never_in_it() -> None:
    tulipe = PublicFacts.of("Rose Tulipe")
    few = ("tulipe", "castor", "lagune", "nuage")
    for _ in range(50):
        passphrase = generator.passphrase(few, lambda text: not policy.broken(text, RULES, tulipe))
        assert "tulipe" not in passphrase.text.lower()


def test_a_policy_that_takes_none_is_said() -> None:
    with pytest.raises(ValueError, match="no passphrase"):
        generator.passphrase(words.words(), lambda _text: False)


def test_it_is_not_shown_by_accident() -> None:
    passphrase = generator.passphrase(words.words(), lambda _text: True)
    assert passphrase.text not in repr(passphrase)
