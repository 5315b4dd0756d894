"""Sentences about a new password: rules, reasons, times."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.passwords.policy import Policy, Rule
from accounts.passwords.strength import Reason, Strength

_RULES: Final[dict[Rule, str | Promise]] = {
    Rule.LOWER: _("A small letter."),
    Rule.UPPER: _("A capital letter."),
    Rule.DIGIT: _("A digit."),
    Rule.SIGN: _("A sign such as - + * = or a blank."),
    Rule.PLAIN: _(
        "No accented letter: a telephone, a foreign keyboard or an old mail program may be unable"
        " to type it."
    ),
    Rule.NUMEN: _("Nothing that looks like a NUMEN: it was your first password."),
    Rule.DATE: _("No date."),
    Rule.PERSON: _("Neither your name nor your login nor a part of your address."),
    Rule.KNOWN: _("None of the passwords that thieves try first, even with digits around it."),
    Rule.DIFFERENT: _("Another one than the old password."),
}
_REASONS: Final[dict[Reason, str | Promise]] = {
    Reason.REPEATED: _("The same characters again and again add nothing."),
    Reason.PERSONAL: _("Your name or your login is the first thing that is tried."),
    Reason.COMMON: _("It holds one of the most frequent passwords."),
    Reason.NAME_AND_YEAR: _("A first name with a year or a number is guessed quickly."),
    Reason.NAME: _("Names of people are tried early."),
    Reason.WORD_AND_NUMBER: _(
        "A single word with a number or a sign at its end is guessed quickly: take several words."
    ),
    Reason.KEYBOARD: _("Keys that lie side by side are tried early."),
    Reason.SEQUENCE: _("Sequences such as abcd or 4567 are tried early."),
    Reason.DATE: _("Dates are guessed quickly."),
    Reason.DISGUISED: _("@ for a, 0 for o and the like deceive nobody."),
    Reason.REVERSED: _("A word written backwards is guessed almost as quickly."),
    Reason.SHORT: _("It is short: each further word makes it a thousand times harder to guess."),
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


def of_rule(rule: Rule, policy: Policy) -> str:
    """Return the rule as a sentence, for the list of rules and for errors."""
    if rule is Rule.LENGTH:
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
