"""People and subjects in words; sizes come from `core.sizes`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext, ngettext, pgettext_lazy

from core import avatars
from core.sizes import size as size
from mail.mime.addresses import Address

_SPECIAL = {
    "\\Inbox": pgettext_lazy("folder", "Inbox"),
    "\\Drafts": pgettext_lazy("folder", "Drafts"),
    "\\Sent": pgettext_lazy("folder", "Sent"),
    "\\Archive": pgettext_lazy("folder", "Archives"),
    "\\Junk": pgettext_lazy("folder", "Junk"),
    "\\Trash": pgettext_lazy("folder", "Trash"),
}


def special_label(use: str) -> str:
    """Return the label of a special folder; "" for an ordinary folder."""
    return str(_SPECIAL.get(use, ""))


def few(names: Sequence[str], most: int) -> str:
    """Return ``most`` names, and the number of the rest: ``Bob Petit, carol@exemple.fr and 12
    others``."""
    shown, more = ", ".join(names[:most]), len(names) - most
    if more <= 0:
        return shown
    # Translators: %(people)s are names or addresses, with commas between them.
    words = ngettext("%(people)s and %(count)d other", "%(people)s and %(count)d others", more)
    return words % {"people": shown, "count": more}


def initials(person: Address) -> str:
    """Return the initials of a person's name, else of the address."""
    return avatars.initials(person.name.strip(" -") or person.address[:1])


def subject_of(subject: str, *, is_readable: bool = True) -> str:
    """Return the subject. ``is_readable`` is False if the mail server could not decode the
    message."""
    if not is_readable:
        return gettext("This message cannot be summarised")
    return subject.strip() or gettext("(no subject)")


def names_of(people: Iterable[Address]) -> str:
    return ", ".join(filter(None, [person.shown for person in people]))
