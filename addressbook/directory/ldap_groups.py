"""Groups read from an LDAP directory, with their members.

A group names its members by their entries (``member`` of groupOfNames, ``uniqueMember`` of
groupOfUniqueNames) or by their logins (``memberUid`` of posixGroup), or it has an address of its
own. Groups in groups are followed. Everything that a server answers is limited.

python-ldap is an extra (requirements-ldap.txt): this module is imported only where it is needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import ldap.dn
from ldap.ldapobject import SimpleLDAPObject

from addressbook.contacts.keeping import recipient
from addressbook.directory import ldap as people
from addressbook.directory.ldap import Entry, LdapDirectory

MOST_GROUPS = 5_000
MOST_MEMBERS = 5_000
"""The largest number of members of one group, those of inner groups included."""
MOST_DEPTH = 12
MOST_NAMES = 500_000
"""The largest number, for all groups together, of member names that are read and of members that
are stored."""
_MOST_PEOPLE = 1_000_000
_LONGEST_NAME = 2_000
_BY_ENTRY = ("member", "uniquemember")
_BY_LOGIN = "memberuid"
_NAMES = ["cn", "mail", "description", "member", "uniqueMember", "memberUid"]


@dataclass(frozen=True, slots=True)
class LdapGroup:
    """A group of the directory with its present members, written as recipients. ``unknown`` is the
    number of members who have no address or are not among the people. ``is_cut`` says that the
    group has more members than are read."""

    key: str
    name: str
    description: str
    address: str
    members: tuple[str, ...]
    unknown: int
    is_cut: bool


@dataclass(slots=True)
class _GroupEntry:
    """A group as its entry describes it."""

    name: str
    description: str
    address: str
    entries: tuple[str, ...]
    logins: tuple[str, ...]
    is_cut: bool


@dataclass(slots=True)
class _People:
    """Recipients by the name of their entry, and by their login."""

    by_entry: dict[str, str] = field(default_factory=dict)
    by_login: dict[str, str] = field(default_factory=dict)


def groups(source: LdapDirectory) -> Iterator[LdapGroup]:
    """Yield the groups that the filter selects, each with its people. Raises ServerUnavailable and
    ServerRefused."""
    with people.opened(source) as directory:
        read_groups = _groups(directory, source)
        named_people = _people(directory, source, read_groups)
    left = MOST_NAMES
    for key, group in read_groups.items():
        resolved = _resolved(key, group, read_groups, named_people, min(MOST_MEMBERS, left))
        left -= len(resolved.members)
        yield resolved


def _groups(directory: SimpleLDAPObject, source: LdapDirectory) -> dict[str, _GroupEntry]:
    by_dn: dict[str, _GroupEntry] = {}
    left = MOST_NAMES
    for dn, entry in people.paged(directory, source.groups_base, source.groups, _NAMES):
        if group := _read(entry, left):
            by_dn[normal(dn)] = group
            left = max(0, left - len(group.entries) - len(group.logins))
        if len(by_dn) == MOST_GROUPS:
            break
    return by_dn


def _read(entry: Entry, left: int) -> _GroupEntry | None:
    """Return the group of an entry; None for an entry without a name. ``left`` is the number of
    members that may still be read. Some servers return only a range of a long group, as
    ``member;range=0-1499``."""
    values = {name.lower(): texts for name, texts in entry.items()}
    entries: list[str] = []
    is_cut = False
    most = min(MOST_MEMBERS, left)
    for name, texts in values.items():
        plain, _semicolon, part = name.partition(";")
        if plain in _BY_ENTRY:
            is_cut |= part.startswith("range=") and not part.endswith("-*")
            is_cut |= len(texts) > most
            entries += [_text(text) for text in texts[:most]]
    of_logins = values.get(_BY_LOGIN, [])
    is_cut |= len(of_logins) > most
    logins = [_text(text) for text in of_logins[:most]]
    name, address = _first(values, "cn", 200), _first(values, "mail", 254)
    if not name:
        return None
    return _GroupEntry(
        name=name,
        description=_first(values, "description", 300),
        address=address if "@" in address else "",
        entries=tuple(map(normal, filter(None, entries))),
        logins=tuple(login.lower() for login in logins if login),
        is_cut=is_cut,
    )


def _first(values: Mapping[str, list[bytes]], name: str, most: int) -> str:
    texts = values.get(name, [])
    return " ".join(_text(texts[0]).split())[:most] if texts else ""


def _text(value: bytes) -> str:
    """Return the value as text, or "" if it is too long for a name: cut, it could be another
    person's."""
    return value.decode("utf-8", "replace") if len(value) <= _LONGEST_NAME else ""


def normal(dn: str) -> str:
    """Return the name of an entry in the form that is compared: ``CN=A, O=B`` as ``cn=a,o=b``."""
    try:
        parts = ldap.dn.str2dn(dn)
    except ldap.DECODING_ERROR:
        return dn.lower()
    return ",".join(
        "+".join(f"{name.lower()}={value.lower()}" for name, value, _flags in parts_of_one)
        for parts_of_one in parts
    )


def _people(
    directory: SimpleLDAPObject, source: LdapDirectory, groups: Mapping[str, _GroupEntry]
) -> _People:
    """Return the people whom the groups name, without all others."""
    named = {member_dn for group in groups.values() for member_dn in group.entries}
    logins = {member_uid for group in groups.values() for member_uid in group.logins}
    address, name = source.attributes.get("address", "mail"), source.attributes.get("name", "cn")
    named_people = _People()
    rows = people.paged(directory, source.base, source.filter, ["uid", address, name])
    for number, (dn, entry) in enumerate(rows):
        if number == _MOST_PEOPLE:
            break
        values = {key.lower(): texts for key, texts in entry.items()}
        mail = _first(values, address.lower(), 254)
        if "@" not in mail:
            continue
        text = recipient(_first(values, name.lower(), 200), mail)
        if (key := normal(dn)) in named:
            named_people.by_entry[key] = text
        if (login := _first(values, "uid", 254).lower()) in logins:
            named_people.by_login[login] = text
    return named_people


def _resolved(
    key: str,
    group: _GroupEntry,
    groups: Mapping[str, _GroupEntry],
    named_people: _People,
    most: int,
) -> LdapGroup:
    """Return the group with its members and those of inner groups, at most ``most``."""
    members: dict[str, str] = {}
    unknown = 0
    seen, level, is_cut = {key}, [group], False
    for _depth in range(MOST_DEPTH):
        inner: list[_GroupEntry] = []
        for inner_group in level:
            is_cut |= inner_group.is_cut
            for named in inner_group.entries:
                if named in seen:
                    continue
                if text := named_people.by_entry.get(named):
                    members.setdefault(text.lower(), text)
                elif named in groups:
                    seen.add(named)
                    inner.append(groups[named])
                else:
                    unknown += 1
            for login in inner_group.logins:
                if text := named_people.by_login.get(login):
                    members.setdefault(text.lower(), text)
                else:
                    unknown += 1
            if len(members) > most:
                is_cut, inner = True, []
                break
        level = inner
        if not level:
            break
    is_cut |= bool(level)
    return LdapGroup(
        key=hashlib.blake2b(key.encode(), digest_size=16).hexdigest(),
        name=group.name,
        description=group.description,
        address=group.address,
        members=tuple(list(members.values())[:most]),
        unknown=unknown,
        is_cut=is_cut,
    )
