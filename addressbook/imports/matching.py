"""Which contact of an address book a row of a file is, and what the row would add to it.

A row is a contact when they share an address, or a UID, and their names can be one person's: two
parents who share an address are two people. A row without any address is the contact of the same
name that has one of its telephones, or to which it adds nothing. Of several, that of its UID comes
first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from accounts.models import User
from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.contacts import keeping
from addressbook.folding import words
from addressbook.importers.duplicates import compatible
from addressbook.imports.joining import canonical, join
from addressbook.models import Contact, ContactAddress, ImportRow

Fit = ImportRow.Fit

# An address that so many share is a switchboard's.
_MOST_CANDIDATES = 100


class KnownContact:
    """A contact that a row may be; its card is read when it is looked at."""

    def __init__(self, pk: int, text: str, picture: str) -> None:
        self.pk = pk
        self.picture = picture
        self._text = text

    @cached_property
    def data(self) -> ContactData:
        return vcard.read_one(self._text)

    @cached_property
    def canonical(self) -> str:
        return canonical(self.data)


@dataclass(slots=True)
class Candidate:
    """A row, or the first of several that are one person, with what they say together. ``picture``
    is its digest, "" where it has none."""

    data: ContactData
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """``known`` None: nobody is there."""

    known: KnownContact | None
    fit: str


@dataclass
class Book:
    """What must be remembered of one person's address book: of 10,000 contacts some 5 MB."""

    by_address: dict[str, list[int]] = field(default_factory=dict)
    by_uid: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, list[int]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    _reserved: dict[int, str] = field(default_factory=dict)
    _known: dict[int, KnownContact] = field(default_factory=dict)

    @classmethod
    def of(cls, user: User | None) -> Book:
        """The contacts that are not in the bin: what was deleted is made anew."""
        book = cls()
        if user is None:
            return book
        found = Contact.objects.of(user).order_by("pk")
        names = found.values_list("pk", "uid", "display_name")
        for pk, uid, name in names.iterator(chunk_size=2000):
            book.by_uid[uid] = pk
            book.by_name.setdefault(_name_key(name), []).append(pk)
        rows = ContactAddress.objects.filter(user=user, contact__deleted=None).order_by("contact")
        for pk, address in rows.values_list("contact_id", "folded").iterator(chunk_size=2000):
            book.by_address.setdefault(address, []).append(pk)
        return book

    def reserve(self, uids: Iterable[str]) -> None:
        """Keep the contacts of these UIDs for the rows that have them: an export of this address
        book says of each row which contact it is."""
        self._reserved |= {pk: uid for uid in uids if (pk := self.by_uid.get(uid))}

    def load(self, datas: Iterable[ContactData]) -> None:
        """Read the cards that these may be; those of the batch before are forgotten."""
        wanted = {pk for data in datas for pk in self._candidates(data)}
        rows = Contact.objects.filter(pk__in=wanted).values_list("pk", "vcard", "photo__digest")
        self._known = {pk: KnownContact(pk, text, digest or "") for pk, text, digest in rows}

    def match(self, one: Candidate) -> Match:
        """The contact that the row is, which no other row is then: the one of its UID, else the
        one that says the same, else the one of the same name, else the oldest."""
        name = _name_key(one.data.display_name)
        found = [known for known in self._fitting(one.data) if known.pk not in self.taken]
        if not found:
            return Match(None, Fit.NONE)
        own = canonical(one.data)
        best = min(
            found,
            key=lambda known: (
                known.pk != self.by_uid.get(one.data.uid),
                known.canonical != own,
                _name_key(known.data.display_name) != name,
                known.pk,
            ),
        )
        self.taken.add(best.pk)
        return Match(best, fit_of(best, one))

    def twin(self, one: Candidate) -> KnownContact | None:
        """A contact that says exactly the same."""
        own = canonical(one.data)
        return next(
            (
                known
                for known in self._of(self._candidates(one.data))
                if known.canonical == own and one.picture in ("", known.picture)
            ),
            None,
        )

    def _fitting(self, data: ContactData) -> Iterator[KnownContact]:
        for known in self._of(self._candidates(data)):
            if self._reserved.get(known.pk, data.uid) != data.uid:
                continue
            if compatible(known.data, data) and (data.emails or self._is_surely(known, data)):
                yield known

    def _is_surely(self, known: KnownContact, data: ContactData) -> bool:
        if data.uid and known.pk == self.by_uid.get(data.uid):
            return True
        shared = _numbers(known.data) & _numbers(data)
        return bool(shared) or canonical(join(known.data, data)) == known.canonical

    def _candidates(self, data: ContactData) -> list[int]:
        found: dict[int, None] = {}
        if data.uid and (pk := self.by_uid.get(data.uid)):
            found[pk] = None
        for email in data.emails:
            found.update(dict.fromkeys(self.by_address.get(email.address.lower(), ())))
        if not data.emails:
            key = _name_key(data.display_name)  # "" of who has none: a mere telephone
            found.update(dict.fromkeys(self.by_name.get(key, ())))
        return list(found)[:_MOST_CANDIDATES]

    def _of(self, pks: Sequence[int]) -> Iterator[KnownContact]:
        return (self._known[pk] for pk in pks if pk in self._known)


def fit_of(known: KnownContact, one: Candidate) -> str:
    """What the row is to the contact."""
    if canonical(one.data) == known.canonical and one.picture in ("", known.picture):
        return Fit.SAME
    adds_picture = bool(one.picture) and not known.picture
    if not adds_picture and canonical(join(known.data, one.data)) == known.canonical:
        return Fit.LESS
    return Fit.ADDS


def _name_key(name: str) -> str:
    return " ".join(sorted(words(name)))


def _numbers(data: ContactData) -> set[str]:
    found = (keeping.digits(phone.number)[-1:] for phone in data.phones)
    return {figures for tail in found for figures in tail if len(figures) > 5}
