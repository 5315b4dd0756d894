"""The outcome of reading an address book."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from addressbook.contact_data import ContactData, GroupData, LinkData
from addressbook.folding import fold

LARGEST_FILE = 50 * 1024 * 1024
MOST_RECORDS = 100_000
MOST_FOLLOWED = 200_000
"""The largest number of members, in a whole file, of lists that are in other lists."""
MOST_TIES = 200_000
"""The largest number, in a whole file, of groups, of their members and of links together."""
MOST_CLASSES = 1_000
"""The largest number of classes in a school's list: more than any school has."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table as it was recognised. ``index`` counts from 0. ``field`` is a canonical
    field of `headers`, "" for a column that is left out. There are at most three ``examples``."""

    index: int
    header: str
    field: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning. ``code`` is one of `codes.WARNINGS`; ``record`` counts from 0."""

    code: str
    record: int
    value: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that was left out. ``reason`` is one of `codes.SKIPS`, in a zip also of
    `codes.REJECTS`. ``value`` identifies the record if that reveals nothing personal."""

    record: int
    line: int
    reason: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was read, or refused (``reject_code``, one of `codes.REJECTS`).

    ``records`` and ``lines`` have, for each contact, the number of its record (from 0) and the
    first line of that (from 1). ``bulk`` says that the file has contacts of several owners. For a
    school's list, ``roles`` says of each contact whether it is a ``pupil`` or a ``guardian``, and
    ``links`` tie them.
    """

    outcome: str = "ok"
    reject_code: str = ""
    format: str = ""
    source: str = ""
    dialect: str = ""
    charset: str = ""
    delimiter: str = ""
    line_ending: str = ""
    quote_escape: str = ""
    columns: tuple[TableColumn, ...] = ()
    contacts: tuple[ContactData, ...] = ()
    records: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    groups: tuple[GroupData, ...] = ()
    warnings: tuple[Warned, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    bulk: bool = False
    roles: tuple[str, ...] = ()
    links: tuple[LinkData, ...] = ()


class FileRejected(Exception):
    """The whole file is refused; ``args[0]`` is one of `codes.REJECTS`."""


def refused(code: str, known: Reading | None = None) -> Reading:
    """Return a refused reading with what is known of the file."""
    return replace(known or Reading(), outcome="reject", reject_code=code)


@dataclass(slots=True)
class Gathered:
    """A reading that is being made."""

    contacts: list[ContactData] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    groups: list[GroupData] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    roles: dict[int, str] = field(default_factory=dict)
    links: list[LinkData] = field(default_factory=list)
    _followed: int = 0

    def may_follow(self, members: Sequence[str]) -> bool:
        """Return whether the members of an inner list may be added to the outer one. The number is
        limited, since in a chain of lists each has the members of all that follow."""
        self._followed += len(members) + 1
        return self._followed <= MOST_FOLLOWED

    def add(self, contact: ContactData, record: int, line: int) -> int:
        """Add a contact, and return its index. Raises FileRejected beyond the limit."""
        if len(self.contacts) >= MOST_RECORDS:
            raise FileRejected("too_many_records")
        self.contacts.append(contact)
        self.records.append(record)
        self.lines.append(line)
        return len(self.contacts) - 1

    def warn(self, code: str, record: int, value: str = "") -> None:
        self.warnings.append(Warned(code, record, value))

    def skip(self, record: int, line: int, reason: str, value: str = "") -> None:
        if len(self.skipped) >= MOST_RECORDS:
            raise FileRejected("too_many_records")
        self.skipped.append(Skipped(record, line, reason, value))

    def finished(self, reading: Reading, *, empty: str = "no_contacts") -> Reading:
        """Return ``reading`` with all that was gathered, refused as ``empty`` if that is
        nothing."""
        if code := self._excess(reading):
            return refused(code, reading)
        if not (self.contacts or self.groups):
            outcome, code = "reject", empty
        else:
            outcome, code = ("partial" if self.skipped else "ok"), ""
        return replace(
            reading,
            outcome=outcome,
            reject_code=code,
            contacts=tuple(self.contacts),
            records=tuple(self.records),
            lines=tuple(self.lines),
            groups=tuple(self.groups),
            warnings=tuple(self.warnings),
            skipped=tuple(self.skipped),
            roles=tuple(self.roles.get(n, "") for n in range(len(self.contacts)))
            if self.roles
            else (),
            links=tuple(self.links),
        )

    def _excess(self, reading: Reading) -> str:
        """Return the code of what there is too much of, else ""."""
        ties = len(self.groups) + sum(len(group.members) for group in self.groups)
        if ties + len(self.links) > MOST_TIES:
            return "too_many_ties"
        classes = sum(group.is_class for group in self.groups)
        return "too_many_classes" if classes > MOST_CLASSES and not reading.bulk else ""


@dataclass(slots=True)
class _Tag:
    name: str
    owner: str
    members: list[int] = field(default_factory=list)


class Tags:
    """Groups that are words on their members, in the order of their first occurrence."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._tags: dict[tuple[str, str], _Tag] = {}

    def add(self, contact: ContactData, index: int) -> None:
        for name in contact.categories:
            tag = self._tags.setdefault(
                (contact.owner, fold(name)), _Tag(name=name, owner=contact.owner)
            )
            if index not in tag.members[-1:]:
                tag.members.append(index)

    def groups(self) -> list[GroupData]:
        return [
            GroupData(tag.name, tuple(tag.members), origin=self._origin, owner=tag.owner)
            for tag in self._tags.values()
        ]


class MemberIndex:
    """An index of the contacts that groups name: by address, by name, by identifier."""

    def __init__(self, contacts: Sequence[ContactData], key: Callable[[str], str]) -> None:
        self._key = key
        self._found: dict[tuple[str, str], int] = {}
        for index, contact in enumerate(contacts):
            for email in contact.emails:
                self.learn(contact.owner, email.address, index)
        for index, contact in enumerate(contacts):
            self.learn(contact.owner, contact.display_name, index)

    def learn(self, owner: str, name: str, index: int) -> None:
        if name:
            self._found.setdefault((owner, self._key(name)), index)

    def find(self, owner: str, name: str) -> int | None:
        return self._found.get((owner, self._key(name))) if name else None
