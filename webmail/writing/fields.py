"""The fields of a message to each, and their placeholders, such as ``{prénom}`` or ``{classe}``.

A placeholder is replaced by the recipient's value, from the contact or a row of a roster
(`webmail.writing.rosters`). A field has one key for all spellings: ``{Prénom}``, ``{ prenom }`` and
``{first name}`` are `FIRST`.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from mail.folding import fold

FIRST, LAST, WHOLE, ADDRESS = "first", "last", "whole", "address"
PUPIL, CLASS, GUARDIAN = "eleve", "classe", "responsable"
_SPELLINGS = {
    FIRST: "prenom firstname",
    LAST: "nom lastname",
    WHOLE: "name",
    ADDRESS: "email courriel adressemail adresseelectronique",
    PUPIL: "eleve pupil",
    CLASS: "classe class",
    GUARDIAN: "responsable guardian",
    "civility": "civilite",
    "organization": "organisme organisation societe entreprise",
    "function": "fonction",
    "school": "etablissement",
    "phone": "telephone",
    "city": "ville",
}
_KEYS = {spelt: key for key, words in _SPELLINGS.items() for spelt in words.split()}
OF_CONTACTS = frozenset(_SPELLINGS)
"""The keys of the fields that every recipient has, though perhaps without a value."""
OF_FAMILIES = frozenset((PUPIL, CLASS, GUARDIAN))
"""The keys of the fields that pupils and guardians of the address book have."""

LONGEST = 80
"""The largest number of characters between the braces."""
# The keyboards of telephones and some editors write accents as separate characters or as entities.
_FIELD = re.compile(r"(?P<blank>(?: |&nbsp;|\xa0)?)\{(?P<name>[^{}<>\r\n]{1,80})\}")
# Editors leave characters without width, and soft hyphens, among the letters.
_NO_LETTERS = re.compile("[\\s_’'.\u00ad\u200b-\u200f\u2060\ufeff-]+")


def key_of(name: str) -> str:
    """Return the key of a field by its name, or "" for a name without letters."""
    plain = _NO_LETTERS.sub("", fold(html.unescape(name)))
    return _KEYS.get(plain, plain)


def asked(text: str, known: Collection[str] = OF_CONTACTS) -> dict[str, str]:
    """Return the placeholders of a text for the fields in ``known``: the first spelling of each by
    its key."""
    spellings: dict[str, str] = {}
    for key, match in _placeholders_in(text, known):
        spellings.setdefault(key, " ".join(html.unescape(match["name"]).split()))
    return spellings


def count(text: str, known: Collection[str] = OF_CONTACTS) -> int:
    """Return the number of placeholders in a text for the fields in ``known``."""
    return sum(1 for _one in _placeholders_in(text, known))


def counts(text: str) -> Counter[str]:
    """Return how often each key stands in a text, whether a field has it or not. What a text weighs
    with values is known by this, without making it."""
    keys = _Keys()
    return Counter(keys[match["name"]] for match in _FIELD.finditer(text))


def filled(text: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders of a text by values. The blank before an empty value is removed, so
    that "Bonjour {prénom}," gives "Bonjour,". Other braces stay."""
    keys = _Keys()

    def fill(match: re.Match[str]) -> str:
        key = keys[match["name"]]
        if key not in values:
            return match[0]
        return match["blank"] + values[key] if values[key] else ""

    return _FIELD.sub(fill, text)


def filled_html(source: str, values: Mapping[str, str]) -> str:
    """Do the same as `filled` for HTML, which stays clean: no value can end an element or a quoted
    attribute."""
    return filled(source, {key: html.escape(value) for key, value in values.items()})


def _placeholders_in(text: str, known: Collection[str]) -> Iterator[tuple[str, re.Match[str]]]:
    keys = _Keys()
    for match in _FIELD.finditer(text):
        key = keys[match["name"]]
        if key in known:
            yield key, match


class _Keys(dict[str, str]):
    """The keys of fields by their spellings. Each spelling of a text is folded once."""

    def __missing__(self, name: str) -> str:
        self[name] = key_of(name)
        return self[name]
