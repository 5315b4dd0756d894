"""Sentences about a new password: rules, reasons, times."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.passwords.policy import PasswordPolicy, PasswordRule
from accounts.passwords.strength import GuessingReason, Strength

_RULES: Final[dict[PasswordRule, str | Promise]] = {
    PasswordRule.LOWER: _("A small letter."),
    PasswordRule.UPPER: _("A capital letter."),
    PasswordRule.DIGIT: _("A digit."),
    PasswordRule.SIGN: _("A sign such as - + * = or a blank."),
    PasswordRule.PLAIN: _(
        "No accented letter: a telephone, a foreign keyboard or an old mail program may be unable"
        " to type it."
    ),
    PasswordRule.NUMEN: _("Nothing that looks like a NUMEN: it was your first password."),
    PasswordRule.DATE: _("No date."),
    PasswordRule.PERSON: _("Neither your name nor your login nor a part of your address."),
    PasswordRule.KNOWN: _(
        "None of the passwords that thieves try first, even with digits around it."
    ),
    PasswordRule.DIFFERENT: _("Another one than the old password."),
}
_REASONS: Final[dict[GuessingReason, str | Promise]] = {
    GuessingReason.REPEATED: _("The same characters again and again add nothing."),
    GuessingReason.PERSONAL: _("Your name or your login is the first thing that is tried."),
    GuessingReason.COMMON: _("It holds one of the most frequent passwords."),
    GuessingReason.NAME_AND_YEAR: _("A first name with a year or a number is guessed quickly."),
    GuessingReason.NAME: _("Names of people are tried early."),
    GuessingReason.WORD_AND_NUMBER: _(
        "A single word with a number or a sign at its end is guessed quickly: take several words."
    ),
    GuessingReason.KEYBOARD: _("Keys that lie side by side are tried early."),
    GuessingReason.SEQUENCE: _("Sequences such as abcd or 4567 are tried early."),
    GuessingReason.DATE: _("Dates are guessed quickly."),
    GuessingReason.DISGUISED: _("@ for a, 0 for o and the like deceive nobody."),
    GuessingReason.REVERSED: _("A word written backwards is guessed almost as quickly."),
    GuessingReason.SHORT: _(
        "It is short: each further word makes it a thousand times harder to guess."
    ),
}
_VERDICTS: Final[tuple[str | Promise, ...]] = (
    _("Guessed at once"),
    _("Very easy to guess"),
    _("Easy to guess"),
    _("Hard to guess"),
    _("Very hard to guess"),
)
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_YEAR: Final = 365 * _DAY


def of_rule(rule: PasswordRule, policy: PasswordPolicy) -> str:
    """Return the rule as a sentence, for the list of rules and for errors."""
    if rule is PasswordRule.LENGTH:
        return ngettext(
            "%(count)d character at least, the longer the better.",
            "%(count)d characters at least, the longer the better.",
            policy.minimum,
        ) % {"count": policy.minimum}
    return str(_RULES[rule])


def count_of_broken(count: int) -> str:
    """Return the number of broken rules in words, for screen readers."""
    if not count:
        return gettext("All rules are kept.")
    return ngettext(
        "%(count)d rule is not kept yet.", "%(count)d rules are not kept yet.", count
    ) % {"count": count}


def of_reasons(strength: Strength) -> list[str]:
    return [str(_REASONS[reason]) for reason in strength.reasons]


def verdict(strength: Strength) -> str:
    return str(_VERDICTS[strength.score])


def time_to_guess(strength: Strength) -> str:
    """Return a sentence on how long an attacker needs who tries 10,000 passwords a second."""
    seconds = strength.seconds
    if seconds < _MINUTE:
        return gettext("A thief’s computer finds it in less than a minute.")
    if seconds < _HOUR:
        minutes = round(seconds / _MINUTE)
        return ngettext(
            "A thief’s computer finds it in about %(count)d minute.",
            "A thief’s computer finds it in about %(count)d minutes.",
            minutes,
        ) % {"count": minutes}
    if seconds < _DAY:
        hours = round(seconds / _HOUR)
        return ngettext(
            "A thief’s computer finds it in about %(count)d hour.",
            "A thief’s computer finds it in about %(count)d hours.",
            hours,
        ) % {"count": hours}
    if seconds < _YEAR:
        days = round(seconds / _DAY)
        return ngettext(
            "A thief’s computer finds it in about %(count)d day.",
            "A thief’s computer finds it in about %(count)d days.",
            days,
        ) % {"count": days}
    if seconds < 100 * _YEAR:
        years = round(seconds / _YEAR)
        return ngettext(
            "A thief’s computer needs about %(count)d year to find it.",
            "A thief’s computer needs about %(count)d years to find it.",
            years,
        ) % {"count": years}
    return gettext("A thief’s computer needs centuries to find it.")
