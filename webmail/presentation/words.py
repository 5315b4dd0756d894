"""Sizes, people and subjects in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from babel.numbers import format_decimal
from django.utils import translation
from django.utils.translation import get_language, gettext, ngettext, pgettext, pgettext_lazy

from webmail import avatars
from webmail.mime.addresses import Address

_SPECIAL = {
    "\\Inbox": pgettext_lazy("folder", "Inbox"),
    "\\Drafts": pgettext_lazy("folder", "Drafts"),
    "\\Sent": pgettext_lazy("folder", "Sent"),
    "\\Archive": pgettext_lazy("folder", "Archives"),
    "\\Junk": pgettext_lazy("folder", "Junk"),
    "\\Trash": pgettext_lazy("folder", "Trash"),
}


def special_label(use: str) -> str:
    """The name people know a special folder by; "" for an ordinary folder."""
    return str(_SPECIAL.get(use, ""))


def size(octets: int, language: str = "") -> str:
    """``2,4 Mo``: bytes in words of the language, a no-break space before the unit. ``language``
    spares asking for it with each row."""
    language = language or get_language() or "fr"
    units, unit = _units(language)
    value = float(octets)
    for smaller in units:
        if value < 999.5:  # what would be shown as 1 000 belongs to the next unit
            unit = smaller
            break
        value /= 1000
    digits = 1 if unit not in units[:2] and value < 100 else 0
    return f"{_decimal(round(value, digits), language)}\N{NO-BREAK SPACE}{unit}"


@lru_cache(maxsize=16)
def _units(language: str) -> tuple[tuple[str, str, str], str]:
    """The small ones, and the largest."""
    with translation.override(language):
        small = (pgettext("unit", "B"), pgettext("unit", "KB"), pgettext("unit", "MB"))
        return small, pgettext("unit", "GB")


@lru_cache(maxsize=4096)
def _decimal(value: float, language: str) -> str:
    return format_decimal(value, locale=language, format="#,##0.#")


def few(names: Sequence[str], most: int) -> str:
    """``Bob Petit, carol@exemple.fr and 12 others``: ``most`` names, and the number of the rest."""
    shown, more = ", ".join(names[:most]), len(names) - most
    if more <= 0:
        return shown
    # Translators: %(people)s are names or addresses, with commas between them.
    words = ngettext("%(people)s and %(count)d other", "%(people)s and %(count)d others", more)
    return words % {"people": shown, "count": more}


def initials(person: Address) -> str:
    """Of his name, else of his address."""
    return avatars.initials(person.name.strip(" -") or person.address[:1])


def subject_of(subject: str, *, is_readable: bool = True) -> str:
    """``is_readable``: whether the mail server could tell what the message says."""
    if not is_readable:
        return gettext("This message cannot be summarised")
    return subject.strip() or gettext("(no subject)")


def names_of(people: Iterable[Address]) -> str:
    return ", ".join(filter(None, [person.shown for person in people]))
