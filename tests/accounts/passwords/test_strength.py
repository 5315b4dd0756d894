"""The time in which a password is guessed, and why."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import translation

from accounts.passwords import generator, sentences, strength, words
from accounts.passwords.policy import PublicFacts
from accounts.passwords.strength import GuessingReason

FRANCOISE = PublicFacts.of("Françoise Durand", "fdurand", "francoise.durand@ac-exemple.fr")
NOBODY = PublicFacts.of("")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Camille1987!", GuessingReason.NAME_AND_YEAR),
        ("Tulipe12!", GuessingReason.WORD_AND_NUMBER),
        ("Qsdfgh12!", GuessingReason.COMMON),
        ("Abcdefgh1!", GuessingReason.COMMON),
        ("aB1!aB1!aB1!", GuessingReason.REPEATED),
        ("Durand80!!", GuessingReason.PERSONAL),
        ("12/05/1980", GuessingReason.DATE),
        ("xK9#mQ2", GuessingReason.SHORT),
        ("Poiuhgfd5!", GuessingReason.KEYBOARD),
    ],
)
def test_weak_ones_are_explained(password: str, reason: GuessingReason) -> None:
    measured = strength.measure(password, FRANCOISE)
    assert measured.score < strength.STRONG
    assert reason in measured.reasons


@pytest.mark.parametrize("word", ["Boussole", "Grenouille", "Lionceau"])
def test_french_words_are_words_to_it(word: str) -> None:
    plain = strength.measure(word.lower(), NOBODY)
    assert plain.score <= 1


def test_passphrases_are_strong() -> None:
    passphrase = generator.passphrase(words.words(), lambda _text: True)
    measured = strength.measure(passphrase.text, NOBODY)
    assert measured.score == strength.STRONG
    assert measured.reasons == ()


def test_one_persons_name_is_not_held_against_another_at_the_same_time() -> None:
    def measure(person: PublicFacts) -> tuple[GuessingReason, ...]:
        return strength.measure("Durandeau80!", person).reasons

    people = [FRANCOISE, NOBODY] * 20
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(measure, people))
    assert all(
        (GuessingReason.PERSONAL in reasons) == (who is FRANCOISE)
        for who, reasons in zip(people, answers, strict=True)
    )


@pytest.mark.parametrize(
    "hostile",
    ["$4@@55w0rd!|10" * 40, "a" * 512, "aB1!" * 128, "$4301!7@" * 64, "é€😀" * 170, "\x00" * 512],
    ids=["disguises", "one", "four", "signs", "no-letters", "nul"],
)
def test_no_password_keeps_the_server_busy(hostile: str) -> None:
    begun = time.process_time()
    strength.measure(hostile, FRANCOISE)
    assert time.process_time() - begun < 1.5


def test_every_reason_score_and_time_has_its_sentence() -> None:
    with translation.override("en"):
        for reason in GuessingReason:
            (sentence,) = sentences.of_reasons(strength.Strength(1, 1, (reason,)))
            assert sentence.endswith(".")
        for score in range(5):
            assert sentences.verdict(strength.Strength(score, 1, ()))
        times = [
            sentences.time_to_guess(strength.Strength(1, s, ()))
            for s in (1, 90, 2 * 3600, 3 * 86400, 40 * 86400 * 365, 1e12)
        ]
    assert len(set(times)) == 6
    assert "2 hours" in times[2]
