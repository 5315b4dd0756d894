"""Fields: words between braces in a message to each, such as ``{prénom}`` or ``{classe}``.

Each is replaced by what is known of the recipient: by the contact, or by the row of a roster
(`webmail.writing.rosters`). A field has a key, under which its spellings are one: ``{Prénom}``,
``{ prenom }`` and ``{first name}`` are `FIRST`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping

from webmail.folding import fold

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
"""The keys that every recipient has, though perhaps without a value."""
OF_FAMILIES = frozenset((PUPIL, CLASS, GUARDIAN))
"""Those of them that pupils and guardians of the address book have."""

LONGEST = 80
"""Characters between the braces."""
# The name may stand as the keyboards of telephones and some editors write it: with an accent of
# its own, as an entity.
_FIELD = re.compile(r"(?P<blank>(?: |&nbsp;|\xa0)?)\{(?P<name>[^{}<>\r\n]{1,80})\}")
_NO_LETTERS = re.compile(r"[\s_’'.-]+")


def key_of(name: str) -> str:
    """The key of a field by its name, "" for what has none."""
    plain = _NO_LETTERS.sub("", fold(html.unescape(name)))
    return _KEYS.get(plain, plain)


def asked(text: str, known: Collection[str] = OF_CONTACTS) -> dict[str, str]:
    """The fields of ``known`` that a text has, by their keys: each as it is spelt first."""
    spellings: dict[str, str] = {}
    for key, match in _found(text, known):
        spellings.setdefault(key, " ".join(html.unescape(match["name"]).split()))
    return spellings


def count(text: str, known: Collection[str] = OF_CONTACTS) -> int:
    """The number of fields of ``known`` in a text."""
    return sum(1 for _one in _found(text, known))


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with the values of its fields. Without the blank before a value that is empty:
    "Bonjour {prénom}," is "Bonjour," then. Other braces stay."""

    def fill(match: re.Match[str]) -> str:
        key = key_of(match["name"])
        if key not in values:
            return match[0]
        return match["blank"] + values[key] if values[key] else ""

    return _FIELD.sub(fill, text)


def filled_html(source: str, values: Mapping[str, str]) -> str:
    """`filled` for HTML, which is as clean afterwards as it was: no value ends an element, or the
    value of an attribute in quotes."""
    return filled(source, {key: html.escape(value) for key, value in values.items()})


def _found(text: str, known: Collection[str]) -> Iterator[tuple[str, re.Match[str]]]:
    for match in _FIELD.finditer(text):
        key = key_of(match["name"])
        if key in known:
            yield key, match
