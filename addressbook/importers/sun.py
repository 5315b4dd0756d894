"""SUN's two stores: the Personal Address Book (o=pab) and the later one (o=PiServerDb).

In both, a member names its groups: ``memberOfPABGroup`` and ``memberOfPIGroup``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from addressbook.contact_data import ContactData, GroupData
from addressbook.folding import fold
from addressbook.importers.reading import Gathered

# Attributes with another meaning in the later store than in other directories.
PISERVERDB = {
    "title": "prefix",
    "homepostaladdress": "home.street",
    "workpostaladdress": "work.street",
    "l": "",
    "street": "work.street",
}
_MEMBER_OF = {"pab": "memberofpabgroup", "piserverdb": "memberofpigroup"}
_IDENTIFIER = {"pab": "un", "piserverdb": "pientryid"}


class Entry(Protocol):
    """A record of `ldif`."""

    @property
    def dn(self) -> str: ...
    def all(self, *names: str) -> list[str]: ...
    def first(self, *names: str) -> str: ...


def dialect_of(dn: str) -> str:
    """Return ``pab`` or ``piserverdb`` by the entry's DN, else ""."""
    plain = dn.lower().replace(" ", "")
    if "o=piserverdb" in plain or "pipstoreowner=" in plain:
        return "piserverdb"
    if plain.endswith("o=pab") or ",o=pab," in plain or plain.startswith("un="):
        return "pab"
    return ""


def is_header(names: Iterable[str]) -> bool:
    """Return whether a table's header, in normal form, has this store's attribute names."""
    return any(re.fullmatch(r"pi(?:email|phone|website)\d{1,2}|pientryid", name) for name in names)


def uid_of(record: Entry) -> str:
    return record.first("pientryid", "un")


def owner_of(parts: Sequence[tuple[str, str]], dialect: str) -> str:
    """Return the owner of an entry by its DN: ``piPStoreOwner=UID``, and in the PAB the part after
    the entry's own name, ``un=ID,ou=UID,ou=people,…``."""
    if dialect == "piserverdb":
        return next((value for name, value in parts if name == "pipstoreowner"), "")
    if dialect == "pab":
        owners = (value for name, value in parts[1:] if name in ("ou", "uid"))
        return next((value for value in owners if value.lower() not in ("people", "pab")), "")
    return ""


def postal_lines(text: str) -> str:
    """Split the lines that the syntax of postal addresses joins by ``$`` (RFC 4517 section
    3.3.28)."""
    lines = (line.strip() for line in text.split("$"))
    return "\n".join(line for line in lines if line).replace("\\24", "$").replace("\\5C", "\\")


def _key(text: str) -> str:
    """Return a group's name or DN in the form that is compared."""
    if "=" not in text:
        return fold(text)
    first = re.split(r"(?<!\\),", text)[0]
    return fold(first.partition("=")[2])


def add_groups(
    groups: Sequence[tuple[int, Entry]],
    belongs: Sequence[tuple[int, Entry]],
    dialect: str,
    gathered: Gathered,
) -> None:
    """Add the groups of the store, with the contacts that name them. ``groups`` are pairs of record
    number and entry, ``belongs`` pairs of a contact's index and entry."""
    members: dict[tuple[str, str], list[int]] = {}
    for index, entry in belongs:
        for name in entry.all(_MEMBER_OF[dialect]):
            members.setdefault((gathered.contacts[index].owner, _key(name)), []).append(index)
    group_keys = set()
    for number, entry in groups:
        whose = owner_of(_parts(entry.dn), dialect)
        identifier = entry.first(_IDENTIFIER[dialect]) or entry.dn
        key = (whose, _key(identifier))
        group_keys.add(key)
        indexes_of_members = tuple(dict.fromkeys(members.get(key, ())))
        name = entry.first("cn", "displayname") or identifier
        if not indexes_of_members:
            gathered.warn("group_without_members", number)
        gathered.groups.append(GroupData(name, indexes_of_members, owner=whose))
    for key, indexes in members.items():
        if key not in group_keys:
            gathered.warn("group_not_found", gathered.records[indexes[0]], key[1])


def _parts(dn: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in re.split(r"(?<!\\),", dn))
    return [(name.strip().lower(), value.strip()) for name, _equals, value in pairs]


def is_card(uid: str) -> bool:
    """Return whether the UID of a vCard has the form of Convergence: the identifiers of a book and
    an entry."""
    return bool(re.fullmatch(r"e[0-9a-f]{5,}-e[0-9a-f]{6,}", uid))


def one_owner(contacts: Iterable[ContactData]) -> bool:
    """Return whether all contacts have one owner."""
    return len({contact.owner for contact in contacts}) < 2
