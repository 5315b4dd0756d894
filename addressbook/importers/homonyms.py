"""What proves that two pupils of one name are one pupil, where a date of birth is missing.

Nothing else does: two pupils of one name are two pupils, since a letter for one of them must never
reach the family of the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from addressbook.contact_data import ContactData
from addressbook.folding import fold, words
from addressbook.importers.duplicates import CIVILITIES, sex_of

_OF_IDENTIFIERS = frozenset("ine identifiant matricule".split())
_OF_OTHERS = frozenset(
    "classe classes division groupe ecole etablissement uai rne mef famille responsable".split()
)


@dataclass(frozen=True, slots=True)
class Traces:
    """``offered`` are what other lines of the same pupil may have; one of ``sought`` proves it."""

    offered: frozenset[str]
    sought: frozenset[str]

    def prove(self, others: Traces) -> bool:
        return bool(self.sought & others.offered)


def traces(
    pupil: ContactData,
    guardians: Iterable[ContactData],
    siblings: str = "",
    of_class: str = "",
) -> Traces:
    """Return the traces of a pupil: identifier, own address or telephone, an e-mail address or
    telephone of a guardian, and in one class the place where a guardian lives. The name of a
    guardian alone is enough if one of the lines has neither for this guardian. ``siblings`` are all
    pupils of a guardian: the same ones prove it."""
    certain = {f"own {mark}" for mark in marks(pupil)} | set(_identifiers(pupil))
    certain |= {f"siblings {siblings}"} if siblings else set()
    offered, sought = set(certain), set(certain)
    for guardian in guardians:
        name = name_key(guardian)
        own = {f"guardian {name}: {mark}" for mark in marks(guardian)}
        own |= {f"household {mark}" for mark in _ways(guardian)}
        own |= {f"home {of_class}: {mark}" for mark in _places(guardian)} if of_class else set()
        offered |= own
        sought |= own
        if len(name.split()) > 1:
            is_bare = _is_bare(guardian)
            offered |= {f"named {name}"} | ({f"bare {name}"} if is_bare else set())
            sought |= {f"bare {name}"} | ({f"named {name}"} if is_bare else set())
    return Traces(frozenset(offered), frozenset(sought))


def share_name(first: Iterable[ContactData], second: Iterable[ContactData]) -> bool:
    """Return whether two families have a guardian of one full name, or of one surname where one of
    them has no address and no telephone."""
    known = [(name_key(guardian), _is_bare(guardian)) for guardian in first]
    return any(
        name == other and name and (len(name.split()) > 1 or is_bare or _is_bare(guardian))
        for guardian in second
        for other in (name_key(guardian),)
        for name, is_bare in known
    )


def _is_bare(guardian: ContactData) -> bool:
    return not guardian.emails and not guardian.phones


def contradict(first: ContactData, second: ContactData) -> bool:
    """Return whether two pupils have different national identifiers, so that nothing makes them
    one."""
    mine, theirs = _national(first), _national(second)
    return bool(mine and theirs and mine != theirs)


def _national(pupil: ContactData) -> str:
    values = dict(line.partition(" : ")[::2] for line in pupil.notes.split("\n"))
    return next((fold(text) for label, text in values.items() if "ine" in words(label)), "")


def differ(first: str, second: str) -> bool:
    """Return whether two dates of birth are those of two people."""
    return bool(first and second and first != second)


def name_key(data: ContactData) -> str:
    """Return the words of a name, without civility, in alphabetical order; "" for an address."""
    return key_of(f"{data.first_name} {data.last_name}".strip() or data.display_name)


def guardian_key(data: ContactData) -> str:
    """Return the key of a guardian. Where only a surname is known, the civility tells M. MARTIN and
    Mme MARTIN apart."""
    sex = "" if data.first_name else sex_of(data)
    return f"{name_key(data) or data.display_name} {sex}".strip()


def key_of(name: str) -> str:
    """Return the key of a whole name."""
    if "@" in name:
        return ""
    return " ".join(sorted(word for word in words(name) if word not in CIVILITIES))


def marks(data: ContactData) -> Iterator[str]:
    """Yield addresses and telephones in a form that can be compared. A town alone is none."""
    yield from _ways(data)
    yield from _places(data)


def _ways(data: ContactData) -> Iterator[str]:
    yield from (email.address.lower() for email in data.emails)
    yield from (
        figures for phone in data.phones if (figures := re.sub(r"\D", "", phone.number)[-9:])
    )


def _places(data: ContactData) -> Iterator[str]:
    yield from (
        fold(f"{address.street} {address.postal_code} {address.city}")
        for address in data.addresses
        if address.street.strip()
    )


def _identifiers(pupil: ContactData) -> Iterator[str]:
    for line in pupil.notes.split("\n"):
        label, colon, value = line.partition(" : ")
        of_pupil = set(words(label)) & _OF_IDENTIFIERS and not set(words(label)) & _OF_OTHERS
        if colon and value.strip() and of_pupil:
            yield f"id {fold(label)}: {fold(value)}"
