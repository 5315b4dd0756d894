"""The rules for a new password. The functions are pure: settings, facts about the user and lists
are arguments.

The initial password was the NUMEN, so no new one may have its form. Accented letters are refused,
because a foreign keyboard, the first screen of a telephone or an old mail program cannot type them,
or encode them differently. This module never stores, shows or logs a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from accounts import numen
from mail.folding import fold

# Mail programs and IMAP servers accept lines of 1,000 bytes, and nobody types more than this.
MAXIMUM: Final = 512
_PART: Final = 4  # the shortest part of a name that counts, in letters


class PasswordRule(StrEnum):
    """A rule for passwords, in the order in which the page lists them."""

    LENGTH = "length"
    LOWER = "lower"
    UPPER = "upper"
    DIGIT = "digit"
    SIGN = "sign"
    PLAIN = "plain"
    NUMEN = "numen"
    DATE = "date"
    PERSON = "person"
    KNOWN = "known"
    DIFFERENT = "different"


KINDS: Final[dict[PasswordRule, Callable[[str], bool]]] = {
    PasswordRule.LOWER: lambda c: "a" <= c <= "z",
    PasswordRule.UPPER: lambda c: "A" <= c <= "Z",
    PasswordRule.DIGIT: lambda c: "0" <= c <= "9",
    PasswordRule.SIGN: lambda c: " " <= c <= "~" and not c.isalnum(),
}


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The rules in force. ``minimum`` is the length in characters; ``kinds`` are those of `KINDS`
    that must occur; ``known`` are leaked and common passwords, in lower case without accents."""

    minimum: int
    kinds: tuple[PasswordRule, ...]
    known: frozenset[str] = field(repr=False)

    @property
    def rules(self) -> tuple[PasswordRule, ...]:
        """Return the rules in force."""
        return tuple(rule for rule in PasswordRule if rule not in KINDS or rule in self.kinds)


@dataclass(frozen=True, slots=True)
class PublicFacts:
    """Public facts about a user, as folded parts of four letters or more."""

    parts: frozenset[str]

    @classmethod
    def of(cls, *texts: str) -> PublicFacts:
        """Return the public facts of name, login and address, in any order: the whole of each, and
        each of its parts."""
        facts: set[str] = set()
        for text in texts:
            pieces = re.split(r"[^a-z]+", fold(text))
            facts |= {*pieces, "".join(pieces)}
        return cls(frozenset(part for part in facts if len(part) >= _PART))


def broken(
    password: str, policy: PasswordPolicy, person: PublicFacts, old: str = ""
) -> tuple[PasswordRule, ...]:
    """Return the rules that a password breaks, in their order; none if it is acceptable. ``old`` is
    the password that it replaces, "" if unknown."""
    tests: dict[PasswordRule, Callable[[], bool]] = {
        PasswordRule.LENGTH: lambda: not policy.minimum <= len(password) <= MAXIMUM,
        PasswordRule.PLAIN: lambda: not all(" " <= c <= "~" for c in password),
        PasswordRule.NUMEN: lambda: holds_numen(password),
        PasswordRule.DATE: lambda: reads_as_date(password),
        PasswordRule.PERSON: lambda: any(part in _letters(password) for part in person.parts),
        PasswordRule.KNOWN: lambda: is_known(password, policy.known),
        PasswordRule.DIFFERENT: lambda: bool(old) and fold(password) == fold(old),
    }
    for rule in policy.kinds:
        tests[rule] = lambda rule=rule: not any(map(KINDS[rule], password))  # type: ignore[misc]
    return tuple(rule for rule in policy.rules if tests[rule]())


def _letters(password: str) -> str:
    """Return the letters of a password, in which a name may be hidden: ``Du-rand80`` contains
    Durand."""
    return re.sub(r"[^a-z]", "", fold(password))


def holds_numen(password: str) -> bool:
    """Return whether the password contains a NUMEN anywhere, whatever is between its groups or
    around it."""
    compact = re.sub(r"[^0-9A-Za-z]", "", password[:MAXIMUM])
    last = len(compact) - numen.LENGTH
    return any(
        numen.looks_like_one(compact[start : start + numen.LENGTH]) for start in range(last + 1)
    )


_MONTHS = (
    "janvier|janv|fevrier|fevr|mars|avril|avr|mai|juin|juillet|juil|aout|septembre|sept|octobre|oct"
    "|novembre|nov|decembre|dec|january|february|march|april|may|june|july|august|september|october"
    "|november|december"
)
_DAYS = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
_YEAR = r"(?:19|20)\d\d"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_GAP = r"[^a-z0-9]*+"
_DATES = [
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d){_DAY}{_GAP}{_MONTH}{_GAP}{_YEAR}(?!\d)",
        rf"(?<!\d){_MONTH}{_GAP}{_DAY}{_GAP}{_YEAR}(?!\d)",
        rf"(?<!\d){_YEAR}{_GAP}{_MONTH}{_GAP}{_DAY}(?!\d)",
        rf"(?<!\d){_DAY}[^a-z0-9]++{_MONTH}[^a-z0-9]++\d\d(?!\d)",
        rf"(?<!\d)(?:(?:{_DAY}(?:er)?|er){_GAP})?(?:{_MONTHS})"
        rf"(?:{_GAP}(?:{_YEAR}|\d\d)(?!\d)|(?!\d))",
        rf"(?<!\d){_MONTH}[^a-z0-9]++{_YEAR}(?!\d)",
    )
]


def reads_as_date(password: str) -> bool:
    """Return whether the password is a date, with signs, a weekday and at most three more
    characters: ``12/05/1980!``, ``Mai1980!``, ``Lundi 12 mai``."""
    # Cut again after folding, which may turn one letter into eighteen: the work grows with the
    # square of the length.
    text = re.sub(_DAYS, "", fold(password[:MAXIMUM])[:MAXIMUM])
    rests = (text[: match.start()] + text[match.end() :] for match in _found_dates(text))
    return any(len(re.sub(r"[^a-z0-9]", "", rest)) <= 3 for rest in rests)


def _found_dates(text: str) -> Iterable[re.Match[str]]:
    return (match for pattern in _DATES for match in pattern.finditer(text))


# Common substitutes for letters, which every attacker tries.
_DISGUISES = str.maketrans("@4310!5$7", "aaeioisst")
_SIGNS = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_ADDED = _SIGNS + "0123456789"


def is_known(password: str, known: frozenset[str]) -> bool:
    """Return whether the password is on the list as it is, in disguise (``P@ssw0rd``), or without
    the digits and signs around it (``Motdepasse1!``)."""
    text = fold(password[:MAXIMUM])
    # Digits and signs are added at the end or at the beginning. A sign there may also stand for a
    # letter ("$oleil1!"), so each form is tried with and without it.
    shapes = {text, text.strip(_ADDED), text.rstrip(_ADDED), text.strip(_SIGNS)}
    cores = {shape for shape in shapes if len(shape) >= _PART and len(shape) * 2 >= len(text)}
    forms = cores | {core.translate(_DISGUISES) for core in cores}
    return not forms.isdisjoint(known)
