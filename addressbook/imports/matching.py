"""Find the contact of the address book that a row of a file is, and what the row would add to it.

A row is a contact if they share an address or a UID, and have compatible names: two parents who
share an address are two people. A row without an address is the contact of the same name with which
it shares a telephone, or to which it adds nothing. Of several contacts, the one with the row's UID
comes first.

In a school's list, a pupil is the pupil of the same name and date of birth. If one of the dates is
missing, something must prove that they are one (`homonyms`), or both are in one class that has no
other pupil of the name, and have not two families; else they are two pupils unless the user says
otherwise. A guardian is also the guardian of that name whom the pupil has; the name alone proves
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from accounts.models import User
from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.contacts import keeping
from addressbook.folding import words
from addressbook.importers import homonyms
from addressbook.importers.duplicates import CIVILITIES, compatible
from addressbook.importers.families import GUARDIAN, PUPIL
from addressbook.imports.joining import canonical, join
from addressbook.models import Contact, ContactAddress, Group, Guardianship, ImportRow

Fit = ImportRow.Fit

# An address that more contacts share belongs to a switchboard.
_MOST_CANDIDATES = 100


SchoolClass = tuple[str, int]
"""The folded name of a class, and its school year."""


class KnownContact:
    """A contact that a row may be. Its card is read when it is needed."""

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
    """A row, or the first of several rows of one person, with their joined data. ``picture`` is its
    digest, or "". For a school's list, ``role`` says whether it is a pupil or a guardian,
    ``wards`` are the contacts of a guardian's pupils, ``family`` the guardians of a pupil, and
    ``classes`` the classes of a pupil, each with the number of its pupils of this name. ``same_as``
    is the contact that the user says the pupil is, 0 for none."""

    data: ContactData
    picture: str = ""
    role: str = ""
    wards: Sequence[int] = ()
    family: Sequence[ContactData] = ()
    classes: Mapping[SchoolClass, int] = field(default_factory=dict)
    same_as: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """The contact that a row is, None for a new one, and the fit of the row."""

    known: KnownContact | None
    fit: str


@dataclass
class Book:
    """The part of one user's address book that matching needs; some 5 MB for 10,000 contacts."""

    by_address: dict[str, list[int]] = field(default_factory=dict)
    by_uid: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, list[int]] = field(default_factory=dict)
    guardians: dict[int, list[int]] = field(default_factory=dict)
    pupils: set[int] = field(default_factory=set)
    classes: dict[int, set[SchoolClass]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    _reserved: dict[int, str] = field(default_factory=dict)
    _known: dict[int, KnownContact] = field(default_factory=dict)

    @classmethod
    def of(cls, user: User | None) -> Book:
        """Return the contacts outside the bin: a deleted contact is created anew."""
        book = cls()
        if user is None:
            return book
        contacts = Contact.objects.of(user).order_by("pk")
        names = contacts.values_list("pk", "uid", "display_name")
        for pk, uid, name in names.iterator(chunk_size=2000):
            book.by_uid[uid] = pk
            book.by_name.setdefault(_bare_key(name), []).append(pk)
        rows = ContactAddress.objects.filter(user=user, contact__deleted=None).order_by("contact")
        for pk, address in rows.values_list("contact_id", "folded").iterator(chunk_size=2000):
            book.by_address.setdefault(address, []).append(pk)
        ties = Guardianship.objects.filter(user=user, guardian__deleted=None).order_by("pk")
        for pupil, guardian in ties.values_list("pupil_id", "guardian_id"):
            book.guardians.setdefault(pupil, []).append(guardian)
        classes = Group.objects.of(user).filter(kind=Group.Kind.CLASS)
        in_class = Group.contacts.through.objects.filter(group__in=classes)
        memberships = in_class.values_list("contact_id", "group__folded", "group__school_year")
        for pk, folded, year in memberships:
            book.classes.setdefault(pk, set()).add((folded, year or 0))
        book.pupils = {*book.guardians, *book.classes}
        return book

    def reserve(self, uids: Iterable[str]) -> None:
        """Reserve the contacts with these UIDs for the rows that have them, since an export of this
        address book names the contact of each row."""
        self._reserved |= {pk: uid for uid in uids if (pk := self.by_uid.get(uid))}

    def load(self, several: Iterable[Candidate]) -> None:
        """Read the cards of the contacts that these rows may be, in the place of those of the batch
        before."""
        wanted: set[int] = set()
        for candidate in several:
            pks = self._candidates(candidate)
            wanted.update(pks)
            if candidate.role == PUPIL:
                # The guardians of a pupil may be needed too.
                wanted.update(pk for pupil in pks for pk in self.guardians.get(pupil, ()))
        rows = Contact.objects.filter(pk__in=wanted).values_list("pk", "vcard", "photo__digest")
        self._known = {pk: KnownContact(pk, text, digest or "") for pk, text, digest in rows}

    def match(self, candidate: Candidate) -> Match:
        """Return the contact that the row is, and take it, so that no other row matches it. The
        contact with the row's UID comes first, then one with the same data, then one of the same
        name, then the oldest."""
        name = _name_key(candidate.data.display_name)
        fitting = [known for known in self._fitting(candidate) if known.pk not in self.taken]
        if candidate.role == PUPIL and len(fitting) > 1 and self._has_families(fitting, candidate):
            fitting = []  # with several contacts of one name, any of them may be the pupil
        if not fitting:
            return Match(None, Fit.NONE)
        own = canonical(candidate.data)
        best = min(
            fitting,
            key=lambda known: (
                known.pk != self.by_uid.get(candidate.data.uid),
                known.canonical != own,
                _name_key(known.data.display_name) != name,
                known.pk,
            ),
        )
        self.taken.add(best.pk)
        return Match(best, fit_of(best, candidate))

    def _has_families(self, fitting: Sequence[KnownContact], candidate: Candidate) -> bool:
        if candidate.data.birthday or candidate.same_as:
            return False
        return bool(candidate.family) or any(self.guardians.get(known.pk) for known in fitting)

    def twin(self, candidate: Candidate) -> KnownContact | None:
        """Return a contact with exactly the same data, or None."""
        own = canonical(candidate.data)
        return next(
            (
                known
                for known in self._of(self._candidates(candidate))
                if known.canonical == own
                and candidate.picture in ("", known.picture)
                and (not candidate.role or self._is_the_same(known, candidate))
            ),
            None,
        )

    def _fitting(self, candidate: Candidate) -> Iterator[KnownContact]:
        data = candidate.data
        for known in self._of(self._candidates(candidate)):
            if self._reserved.get(known.pk, data.uid) != data.uid:
                continue
            if compatible(known.data, data) and self._is_the_same(known, candidate):
                yield known

    def _is_the_same(self, known: KnownContact, candidate: Candidate) -> bool:
        """Return whether two people with compatible names are the same."""
        data = candidate.data
        if not candidate.role:
            return bool(data.emails) or self._is_surely(known, data)
        dates = {day for day in (known.data.birthday, data.birthday) if day}
        if len(dates) > 1:
            return False
        if candidate.role == PUPIL:
            return self._is_the_pupil(known, candidate)
        if known.pk in self.pupils:
            return False
        if any(known.pk in self.guardians.get(pupil, ()) for pupil in candidate.wards):
            return True
        return self._shares_address(known, data) or self._has_uid_or_number(known, data)

    def _is_the_pupil(self, known: KnownContact, candidate: Candidate) -> bool:
        data = candidate.data
        if candidate.same_as:
            return known.pk == candidate.same_as
        if _bare_key(known.data.display_name) != _bare_key(data.display_name):
            return False
        if (known.data.birthday and data.birthday) or known.pk == self.by_uid.get(data.uid):
            return True
        if known.pk not in self.pupils:
            return False
        family = [guardian.data for guardian in self._of(self.guardians.get(known.pk, ()))]
        mine = homonyms.traces(data, candidate.family)
        if mine.prove(homonyms.traces(known.data, family)):
            return True
        return self._is_alone_in_class(known, family, candidate)

    def _is_alone_in_class(
        self, known: KnownContact, family: Sequence[ContactData], candidate: Candidate
    ) -> bool:
        """Return whether both are the only pupil of the name in the same class, and have not two
        families; or each is one of as many, and nobody has a family."""
        own = self.by_name.get(_bare_key(known.data.display_name), ())
        has_one = not (family and candidate.family)
        has_none = not (family or candidate.family)
        may_be = has_one or homonyms.share_name(family, candidate.family)
        for place in self.classes.get(known.pk, set()) & candidate.classes.keys():
            there = sum(place in self.classes.get(pk, ()) for pk in own)
            if there == candidate.classes[place] and (may_be if there == 1 else has_none):
                return True
        return False

    def _shares_address(self, known: KnownContact, data: ContactData) -> bool:
        mine = {email.address.lower() for email in known.data.emails}
        return any(email.address.lower() in mine for email in data.emails)

    def _is_surely(self, known: KnownContact, data: ContactData) -> bool:
        if self._has_uid_or_number(known, data):
            return True
        return canonical(join(known.data, data)) == known.canonical

    def _has_uid_or_number(self, known: KnownContact, data: ContactData) -> bool:
        if data.uid and known.pk == self.by_uid.get(data.uid):
            return True
        return bool(_numbers(known.data) & _numbers(data))

    def _candidates(self, candidate: Candidate) -> list[int]:
        data = candidate.data
        pks: dict[int, None] = {}
        if candidate.role == GUARDIAN:
            for pupil in candidate.wards:
                pks.update(dict.fromkeys(self.guardians.get(pupil, ())))
        if candidate.same_as:
            pks[candidate.same_as] = None
        if data.uid and (pk := self.by_uid.get(data.uid)):
            pks[pk] = None
        for email in data.emails:
            pks.update(dict.fromkeys(self.by_address.get(email.address.lower(), ())))
        if candidate.role or not data.emails:
            key = _bare_key(data.display_name)  # "" without a name: a telephone alone
            pks.update(dict.fromkeys(self.by_name.get(key, ())))
        return list(pks)[:_MOST_CANDIDATES]

    def _of(self, pks: Sequence[int]) -> Iterator[KnownContact]:
        return (self._known[pk] for pk in pks if pk in self._known)


def fit_of(known: KnownContact, candidate: Candidate) -> str:
    """Return the fit of a row to a contact."""
    if canonical(candidate.data) == known.canonical and candidate.picture in ("", known.picture):
        return Fit.SAME
    adds_picture = bool(candidate.picture) and not known.picture
    joined = join(known.data, candidate.data, is_list=bool(candidate.role))
    if not adds_picture and canonical(joined) == known.canonical:
        return Fit.LESS
    return Fit.ADDS


def _name_key(name: str) -> str:
    return " ".join(sorted(words(name)))


def _bare_key(name: str) -> str:
    """Return the key of a name without civility."""
    return " ".join(sorted(word for word in words(name) if word not in CIVILITIES))


def _numbers(data: ContactData) -> set[str]:
    tails = (keeping.digits(phone.number)[-1:] for phone in data.phones)
    return {figures for tail in tails for figures in tail if len(figures) > 5}
