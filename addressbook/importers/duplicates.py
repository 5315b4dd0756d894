"""Find contacts that are one person: they have an address in common, and compatible names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from addressbook.contact_data import ContactData
from addressbook.folding import fold, words

_CIVILITIES_TEXT = (
    "m mr mrs ms mme mlle dr pr me monsieur madame mademoiselle docteur professeur prof"
)
CIVILITIES = frozenset(_CIVILITIES_TEXT.split())
"""The words that stand before a name, folded."""
# An address with more names belongs to a switchboard, and comparing all of them would take too
# long.
_MOST_NAMES = 200

_WOMEN = frozenset("mme mlle madame mademoiselle mrs ms".split())
_MEN = frozenset("m mr monsieur".split())

_Name = tuple[str, tuple[str, ...]]
"""The sex that a civility says, or "", and the words of the name."""


@dataclass(slots=True, eq=False)
class _Person:
    """The contacts that are one person, and their different names."""

    members: list[int]
    names: set[_Name]


def duplicate_sets(contacts: Sequence[ContactData]) -> tuple[tuple[int, ...], ...]:
    """Return sets of indexes, each of two or more, none in two sets: contacts of one owner that
    have an address in common (without case), and of which each name is compatible with all others
    of the set."""
    names = [_name_of(contact) for contact in contacts]
    people = [_Person([index], {name}) for index, name in enumerate(names)]
    for shared in _sharing(contacts):
        by_name: dict[_Name, int] = {}
        for index in shared:
            _join(people, by_name.setdefault(names[index], index), index)
        firsts = list(by_name.values())[:_MOST_NAMES]
        for place, first in enumerate(firsts):
            for second in firsts[place + 1 :]:
                _join(people, first, second)
    merged = {id(person): person for person in people if len(person.members) > 1}
    return tuple(sorted(tuple(sorted(person.members)) for person in merged.values()))


def _sharing(contacts: Sequence[ContactData]) -> Iterator[Sequence[int]]:
    """Return the contacts behind each address that several contacts of one owner have."""
    by_address: dict[tuple[str, str], list[int]] = {}
    for index, contact in enumerate(contacts):
        for address in {email.address.casefold() for email in contact.emails}:
            by_address.setdefault((contact.owner, address), []).append(index)
    return (shared for shared in by_address.values() if len(shared) > 1)


def _join(people: list[_Person], first: int, second: int) -> None:
    """Join two people into one if all their names are compatible."""
    mine, theirs = people[first], people[second]
    if mine is theirs or len(mine.names) * len(theirs.names) > _MOST_NAMES**2:
        return
    if all(
        _compatible(my_name, their_name) for my_name in mine.names for their_name in theirs.names
    ):
        if len(mine.members) < len(theirs.members):
            mine, theirs = theirs, mine
        mine.members += theirs.members
        mine.names |= theirs.names
        for member in theirs.members:
            people[member] = mine


def compatible(first: ContactData, second: ContactData) -> bool:
    """Return whether two names can be one person's. They have the same words in any order, with or
    without accents and civility; one is more complete, or has initials; or one is empty. Madame and
    Monsieur are two people."""
    return _compatible(_name_of(first), _name_of(second))


def _compatible(first: _Name, second: _Name) -> bool:
    if first[0] and second[0] and first[0] != second[0]:
        return False
    if first[1] == second[1] or not first[1] or not second[1]:
        return True
    shorter, longer = sorted((first[1], second[1]), key=len)
    left = list(longer)
    for word in sorted(shorter, key=len, reverse=True):
        match = next((other for other in left if _same(word, other)), None)
        if match is None:
            return False
        left.remove(match)
    # "P. M." is too little to conclude that it is Paul Martin.
    return any(len(word) > 1 for word in shorter)


def _same(first: str, second: str) -> bool:
    if first == second:
        return True
    short, long = sorted((first, second), key=len)
    return len(short) == 1 and short.isalpha() and long.startswith(short)


def _name_of(contact: ContactData) -> _Name:
    """Return the words of a name in alphabetical order; none if there is no real name."""
    name = " ".join(filter(None, (contact.first_name, contact.middle_name, contact.last_name)))
    name = name or contact.display_name
    if "@" in name or re.fullmatch(r"[\d\s+.()-]*", name):
        return "", ()
    parts = tuple(sorted(word for word in words(name)[:20] if word not in CIVILITIES))
    return sex_of(contact), parts


def sex_of(contact: ContactData) -> str:
    """Return ``F`` or ``M`` by a civility, else ""."""
    first = contact.prefix or (contact.display_name.split() or [""])[0]
    plain = fold(first).strip(" .")
    return "F" if plain in _WOMEN else "M" if plain in _MEN else ""
