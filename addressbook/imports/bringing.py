"""The contacts of another webmail's address book, added to one here a page at a time: without a job
or a preview, in the caller's transaction.

A contact that stands twice in the other address book stays twice; `contacts.duplicates` merges such
contacts. A contact that was here before and is the same person is completed (`matching`,
`joining`), and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from accounts.models import User
from addressbook.contact_data import ContactData
from addressbook.contacts import groups, keeping, photos
from addressbook.contacts.groups import MOST_ADDRESSES
from addressbook.folding import fold
from addressbook.imports.joining import canonical, join
from addressbook.imports.matching import Book, Candidate
from addressbook.models import Contact, ContactPhoto, Group, ImportRow

Fit = ImportRow.Fit


@dataclass
class Bringing:
    """One user's address book that is being added. ``known`` and ``known_groups`` map the other
    webmail's keys to the contacts and groups that they became; those of an earlier run stay as they
    are. ``now`` has the contacts of this run only. ``refused`` counts those for which there was no
    room."""

    user: User
    known: dict[str, int] = field(default_factory=dict)
    known_groups: dict[str, int] = field(default_factory=dict)
    now: dict[str, int] = field(default_factory=dict)
    new: int = 0
    merged: int = 0
    unchanged: int = 0
    refused: int = 0
    groups: int = 0
    beyond: int = 0

    @cached_property
    def _book(self) -> Book:
        """The contacts before the first one is added."""
        return Book.of(self.user)

    @property
    def contacts(self) -> int:
        return len(self.now)

    def take(self, page: Iterable[tuple[str, ContactData]]) -> None:
        """Add contacts, given with their keys. Each is added once."""
        rows = [(key, keeping.complete(data)) for key, data in page if key not in self.known]
        if not rows:
            return
        self._book.load([Candidate(data) for _key, data in rows])
        new: list[tuple[str, ContactData]] = []
        changed: dict[int, tuple[str, ContactData]] = {}
        for key, data in rows:
            match = self._book.match(Candidate(data))
            if match.known is None:
                new.append((key, data))
            elif match.fit == Fit.ADDS or data.photo:
                changed[match.known.pk] = (key, data)
            else:
                self._note({key: match.known.pk})
                self.unchanged += 1
        if changed:
            self._change(changed)
        if new:
            self._create(new)

    def group(self, key: str, name: str, members: Iterable[str]) -> None:
        """Add a group by the keys of its contacts, to the group of the same name if there is one.
        If an earlier run added the group, only its members that are new with this run are added."""
        if (pk := self.known_groups.get(key)) is not None:
            pks = [self.now[member] for member in members if member in self.now]
            group = groups.find_group(self.user, pk) if pks else None
        else:
            group = self._group(name)
            self.known_groups[key] = group.pk
            self.groups += 1
            pks = [self.known[member] for member in members if member in self.known]
        if group is None or not pks:
            return
        room = MOST_ADDRESSES - group.contacts.count() - len(group.external)
        pks = list(dict.fromkeys(pks))
        self.beyond += max(0, len(pks) - room)
        groups.add(group, pks[: max(0, room)])

    def _group(self, name: str) -> Group:
        name = " ".join(name.split())[:200] or "?"
        there = Group.objects.of(self.user).filter(folded=fold(name)[:200]).first()
        return there or groups.create(self.user, name)

    def _note(self, became: Mapping[str, int]) -> None:
        self.known.update(became)
        self.now.update(became)

    def _create(self, new: Sequence[tuple[str, ContactData]]) -> None:
        room = keeping.room(self.user)
        self.refused += max(0, len(new) - room)
        new = new[:room]
        contacts = keeping.create_many(self.user, [data for _key, data in new])
        self._note({key: row.pk for (key, _data), row in zip(new, contacts, strict=True)})
        self.new += len(contacts)

    def _change(self, changed: Mapping[int, tuple[str, ContactData]]) -> None:
        """Complete contacts that were here before. A picture stays."""
        rows = Contact.objects.of(self.user).select_for_update().in_bulk(list(changed))
        photo_rows = ContactPhoto.objects.filter(contact__in=changed).values_list("pk", "content")
        pictures = {pk: photos.made(bytes(content)) for pk, content in photo_rows}
        pairs: list[tuple[Contact, ContactData]] = []
        for pk, contact in rows.items():
            key, data = changed[pk]
            current = replace(keeping.data_of(contact), photo=pictures.get(pk))
            result = replace(join(current, data), photo=current.photo or data.photo)
            self._note({key: pk})
            if canonical(result) == canonical(current) and result.photo == current.photo:
                self.unchanged += 1
                continue
            pairs.append((contact, result))
        keeping.update_many(pairs)
        self.merged += len(pairs)
