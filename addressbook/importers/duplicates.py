"""Contacts that are one person: an address in common, and names that can be one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from addressbook.contact_data import ContactData
from addressbook.folding import words

_CIVILITIES_TEXT = (
    "m mr mrs ms mme mlle dr pr me monsieur madame mademoiselle docteur professeur prof"
)
_CIVILITIES = frozenset(_CIVILITIES_TEXT.split())
# An address that so many share is a switchboard's, and comparing all of them would not end.
_MOST_SHARED = 200


def duplicate_sets(contacts: Sequence[ContactData]) -> tuple[tuple[int, ...], ...]:
    """Sets of indexes, each of two or more, none in two sets: same owner, an address in common
    (case does not count), and a name compatible with those of all others in the set."""
    by_address: dict[tuple[str, str], list[int]] = {}
    for index, contact in enumerate(contacts):
        for email in contact.emails:
            shared = by_address.setdefault((contact.owner, email.address.casefold()), [])
            if index not in shared[-1:]:
                shared.append(index)
    home: dict[int, list[int]] = {}
    for shared in by_address.values():
        if len(shared) > 1:
            for index in shared[:_MOST_SHARED]:
                _settle(index, shared, home, contacts)
    sets = {id(members): members for members in home.values() if len(members) > 1}
    return tuple(sorted(tuple(sorted(members)) for members in sets.values()))


def _settle(
    index: int,
    shared: Sequence[int],
    home: dict[int, list[int]],
    contacts: Sequence[ContactData],
) -> None:
    """Join the sets of those that share an address, where all their names go together."""
    mine = home.setdefault(index, [index])
    for other in shared[:_MOST_SHARED]:
        theirs = home.setdefault(other, [other])
        if theirs is mine or len(mine) + len(theirs) > _MOST_SHARED:
            continue
        if all(compatible(contacts[one], contacts[two]) for one in mine for two in theirs):
            mine += theirs
            for member in theirs:
                home[member] = mine


def compatible(one: ContactData, two: ContactData) -> bool:
    """Whether two names can be one person's: the same words in any order, with or without accents
    and civility; one of them more complete; initials; or one without a name."""
    first, second = _name_words(one), _name_words(two)
    if not first or not second:
        return True
    shorter, longer = sorted((first, second), key=len)
    left = list(longer)
    for word in sorted(shorter, key=len, reverse=True):
        match = next((other for other in left if _same(word, other)), None)
        if match is None:
            return False
        left.remove(match)
    # "P. M." is too little to say that it is Paul Martin.
    return any(len(word) > 1 for word in shorter)


def _same(one: str, two: str) -> bool:
    if one == two:
        return True
    short, long = sorted((one, two), key=len)
    return len(short) == 1 and long.startswith(short)


def _name_words(contact: ContactData) -> list[str]:
    name = " ".join(filter(None, (contact.first_name, contact.middle_name, contact.last_name)))
    name = name or contact.display_name
    if "@" in name or re.fullmatch(r"[\d\s+.()-]*", name):
        return []
    return [word for word in words(name) if word not in _CIVILITIES]
