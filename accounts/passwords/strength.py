"""The time needed to guess a password, and the reasons: zxcvbn's estimate with French lists of our
own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Final

from accounts.passwords import policy, words
from mail.folding import fold

# The work grows faster than the length, and a 73rd character never makes a password weak.
MEASURED: Final = 72
STRONG: Final = 4
_GUESSES_A_SECOND: Final = 10_000  # by an attacker who has stolen hashes as slow as ours


class GuessingReason(StrEnum):
    """A reason why a password is easy to guess; the worst first."""

    REPEATED = "repeated"
    PERSONAL = "personal"
    COMMON = "common"
    NAME_AND_YEAR = "name-and-year"
    NAME = "name"
    WORD_AND_NUMBER = "word-and-number"
    KEYBOARD = "keyboard"
    SEQUENCE = "sequence"
    DATE = "date"
    DISGUISED = "disguised"
    REVERSED = "reversed"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Strength:
    """An estimate. ``score`` is from 0, guessed at once, to 4; ``seconds`` is the time to find the
    password at 10,000 guesses a second; ``reasons`` are two at most, and none if it is strong."""

    score: int
    seconds: float
    reasons: tuple[GuessingReason, ...]


def measure(password: str, person: policy.PublicFacts) -> Strength:
    """Return the estimate for the first 72 characters, without storing anything."""
    # Imported here, because the lists take 16 MiB that no process needs before a user changes a
    # password.
    from zxcvbn import matching, scoring, time_estimates

    text = password[:MEASURED]
    # zxcvbn's own function would put the facts about a user into a dictionary that all threads
    # share.
    lists = {**_lists(), "user_inputs": matching.build_ranked_dict(sorted(person.parts))}
    estimate = scoring.most_guessable_match_sequence(text, matching.omnimatch(text, lists))
    guesses = estimate["guesses"]
    score = time_estimates.guesses_to_score(Decimal(guesses))
    reasons = _reasons(text, estimate["sequence"]) if score < STRONG else ()
    return Strength(score, float(guesses) / _GUESSES_A_SECOND, reasons)


@cache
def _lists() -> dict[str, dict[str, int]]:
    from zxcvbn import matching

    ours = {
        "french_passwords": words.french_passwords(),
        "french_first_names": words.first_names(),
        "french_words": words.words(),
    }
    ranked = {name: matching.build_ranked_dict(entries) for name, entries in ours.items()}
    return {**matching.RANKED_DICTIONARIES, **ranked}


_NAMES = {"french_first_names", "male_names", "female_names", "surnames"}
_PASSWORDS = {"french_passwords", "passwords"}


def _reasons(text: str, matches: Sequence[Mapping[str, Any]]) -> tuple[GuessingReason, ...]:
    reasons = {reason for match in matches for reason in _reasons_of(match)}
    names = [match for match in matches if _is_first_name(match)]
    if names and re.search(r"(19|20)\d\d|\d\d?\D*\Z", text):
        reasons = (reasons - {GuessingReason.NAME, GuessingReason.COMMON}) | {
            GuessingReason.NAME_AND_YEAR
        }
    dictionary = [match for match in matches if match["pattern"] == "dictionary"]
    rest = len(text) - sum(len(match["token"]) for match in dictionary)
    if len(dictionary) == 1 and rest <= 5 and not reasons:
        reasons.add(GuessingReason.WORD_AND_NUMBER)
    if not reasons or len(text) < 10:
        reasons.add(GuessingReason.SHORT)
    return tuple(reason for reason in GuessingReason if reason in reasons)[:2]


def _is_first_name(match: Mapping[str, Any]) -> bool:
    word = fold(match["token"])
    return match["pattern"] == "dictionary" and word in words.first_names()


def _reasons_of(match: Mapping[str, Any]) -> set[GuessingReason]:
    """Return the reasons of one piece of the password."""
    match match["pattern"]:
        case "repeat":
            return {GuessingReason.REPEATED}
        case "sequence":
            return {GuessingReason.SEQUENCE}
        case "spatial" if len(match["token"]) > 3:
            return {GuessingReason.KEYBOARD}
        case "date":
            return {GuessingReason.DATE}
        case "dictionary":
            return set(_reasons_of_word(match))
    return set()


def _reasons_of_word(match: Mapping[str, Any]) -> list[GuessingReason]:
    reasons = []
    if match["dictionary_name"] == "user_inputs":
        reasons.append(GuessingReason.PERSONAL)
    elif match["dictionary_name"] in _PASSWORDS and match["rank"] < 3000:
        reasons.append(GuessingReason.COMMON)
    elif match["dictionary_name"] in _NAMES:
        reasons.append(GuessingReason.NAME)
    if match.get("l33t"):
        reasons.append(GuessingReason.DISGUISED)
    if match.get("reversed"):
        reasons.append(GuessingReason.REVERSED)
    return reasons
