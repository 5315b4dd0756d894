"""Whom a person knows: the people behind the addresses of a mail, and names that others borrow."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import cycle, permutations, product
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet, Value
from django.db.models.expressions import RawSQL

from accounts.models import StaffRecord, User
from addressbook.contacts.keeping import initial
from addressbook.folding import fold
from addressbook.importers.duplicates import CIVILITIES
from addressbook.models import CollectedRecipient, ContactAddress, DirectoryEntry


class Kind(StrEnum):
    """Where an address is known from; the first of these that has it counts."""

    CONTACT = "contact"
    DIRECTORY = "directory"
    COLLECTED = "collected"


@dataclass(frozen=True)
class Known:
    """Who an address belongs to. ``name`` is "" where contacts of different names share it.
    ``contact`` is the contact's key, 0 for others; ``photo_digest`` is "" without a picture."""

    kind: Kind
    name: str
    contact: int = 0
    photo_digest: str = ""


def people(user: User, addresses: Iterable[str]) -> dict[str, Known]:
    """Those whom the person knows, by address in lower case: one query, however many addresses are
    asked for."""
    wanted = {address.lower() for address in addresses if address}
    found: dict[str, Known] = {}
    for folded, rank, pk, name, digest in _rows(user, wanted) if wanted else ():
        before = found.get(folded)
        if before is None:
            kind = (Kind.CONTACT, Kind.DIRECTORY, Kind.COLLECTED)[rank]
            found[folded] = Known(kind, name, pk, digest or "")
        elif pk and before.contact != pk and fold(before.name) != fold(name):
            # Two parents with one address: nobody can tell which of them writes.
            found[folded] = Known(Kind.CONTACT, "", before.contact)
    return found


_COLUMNS = ("known_as", "rank", "key", "called", "digest")
_Row = tuple[str, int, int, str, str | None]
# What stands in a statement where a person's key, addresses, names and their initials come.
_ANYBODY, _ANY_ADDRESS, _ANY_NAME, _ANY_INITIAL = -1, "\N{REPLACEMENT CHARACTER}", "?name", "?"


def _rows(user: User, wanted: Collection[str]) -> Sequence[_Row]:
    """Address, how near the person is, contact, name and picture of all who have one of these
    addresses; the nearest first."""
    rows: Sequence[_Row] = _answered(
        _statement(_room(wanted)), {_ANYBODY: [user.pk], _ANY_ADDRESS: wanted}
    )
    return rows


def _room(values: Collection[str]) -> int:
    """1, 2, 4 and so on: some values are asked for twice rather than having a statement for each
    number of them."""
    return 1 << (len(values) - 1).bit_length()


def _list(value: str, size: int) -> RawSQL:
    return RawSQL(", ".join(["%s"] * size), [value] * size)  # noqa: S611  nothing but "%s"


def _answered(
    statement: tuple[str, tuple[int | str, ...]], given: Mapping[int | str, Iterable[int | str]]
) -> list[Any]:
    """The rows of a prepared statement, with what comes in the places of its signs."""
    sql, places = statement
    several = {place: cycle(values) for place, values in given.items()}
    filled = [next(several[place]) if place in several else place for place in places]
    with connection.cursor() as cursor:
        cursor.execute(sql, filled)
        return cursor.fetchall()


@cache
def _statement(size: int) -> tuple[str, tuple[int | str, ...]]:
    """The query for as many addresses, and its parameters. Django makes it anew at each call, which
    takes ten times as long as the database does to answer it; every list asks."""
    wanted = _list(_ANY_ADDRESS, size)
    contacts = ContactAddress.objects.filter(
        user=_ANYBODY, folded__in=wanted, contact__deleted=None
    ).annotate(
        key=F("contact"), called=F("contact__display_name"), digest=F("contact__photo__digest")
    )
    nobody = {"key": Value(0), "called": F("name"), "digest": Value("")}
    entries = DirectoryEntry.objects.filter(folded__in=wanted).annotate(**nobody)
    collected = CollectedRecipient.objects.filter(user=_ANYBODY, folded__in=wanted).annotate(
        **nobody
    )
    several: Sequence[QuerySet] = (contacts, entries, collected)
    first, *others = (
        rows.annotate(known_as=F("folded"), rank=Value(rank)).order_by().values_list(*_COLUMNS)
        for rank, rows in enumerate(several)
    )
    union = first.union(*others, all=True).order_by("rank", "key")
    sql, places = union.query.sql_with_params()
    return sql, tuple(places)


def nearest(user: User, most: int) -> tuple[str, ...]:
    """Addresses in lower case of whom the person writes to, the most and the latest first, then of
    his other contacts: ``most`` of them. Two queries."""
    written = CollectedRecipient.objects.filter(user=user).order_by("-weight")
    found = list(written.values_list("folded", flat=True)[:most])
    contacts = ContactAddress.objects.filter(user=user, contact__deleted=None).order_by("-pk")
    found += contacts.exclude(folded__in=found).values_list("folded", flat=True)[:most]
    return tuple(dict.fromkeys(found))[:most]


def is_contact(user: User, address: str) -> bool:
    """Whether one of the person's contacts has the address."""
    rows = ContactAddress.objects.filter(user=user, folded=address.lower(), contact__deleted=None)
    return bool(address) and rows.exists()


def knows_domain(user: User, domain: str) -> bool:
    """Whether one of the person's contacts has an address in the domain."""
    ending = f"@{domain.lower()}"
    rows = ContactAddress.objects.filter(user=user, folded__endswith=ending, contact__deleted=None)
    return bool(domain) and rows.exists()


# --- borrowed names ---


@dataclass(frozen=True)
class Namesake:
    """A contact or colleague whose name stands on a mail that none of his addresses sent.
    ``detail`` is what he does and where; ``is_close``: a contact, or of the person's own school."""

    name: str
    detail: str
    addresses: tuple[str, ...]
    is_close: bool


def namesake(user: User, name: str, address: str) -> Namesake | None:
    """Whose name a mail from ``address`` carries, if that is not where he writes from.

    Names are the same whatever their order, accents, capitals, hyphens and civility, with letters
    of other scripts that look like ours; one word alone is too little. None for an address among
    the person's contacts, or his own, and where one of several people of that name has it. One
    query for a name that nobody has, else up to three.
    """
    orders, folded = _orders(name), address.lower()
    bearers = _bearers(user, orders) if orders else []
    theirs = {bearer.address.lower() for bearer in bearers}
    own = user.address.lower()
    if not theirs or folded in theirs or own in {folded, *theirs}:
        return None
    sender = people(user, [address]).get(folded)
    if sender and (sender.kind is Kind.CONTACT or set(_orders(sender.name)) & set(orders)):
        return None
    return _nearest(user, bearers)


_MOST_BEARERS = 50
_MOST_ADDRESSES = 3


@dataclass(frozen=True)
class _Bearer:
    """Somebody of a name, by one of his addresses. ``school`` is a colleague's, as UAI."""

    rank: int
    key: int
    name: str
    address: str
    function: str
    place: str
    school: str

    @property
    def is_contact(self) -> bool:
        return self.rank == 0


def _bearers(user: User, orders: Sequence[str]) -> list[_Bearer]:
    """The contacts of that name with their addresses, then the colleagues."""
    initials = sorted({initial(order) for order in orders})
    statement = _statement_of_names(_room(orders), _room(initials))
    given: dict[int | str, Iterable[int | str]] = {
        _ANYBODY: [user.pk],
        _ANY_NAME: orders,
        _ANY_INITIAL: initials,
    }
    return [_Bearer(*row) for row in _answered(statement, given)]


@cache
def _statement_of_names(size: int, initials: int) -> tuple[str, tuple[int | str, ...]]:
    """As `_statement`: every message that is opened asks."""
    names = _list(_ANY_NAME, size)
    contacts = ContactAddress.objects.filter(
        contact__user=_ANYBODY,
        contact__deleted=None,
        contact__initial__in=_list(_ANY_INITIAL, initials),
        contact__sort_key__in=names,
    ).annotate(
        rank=Value(0),
        key=F("contact"),
        called=F("contact__display_name"),
        job=F("contact__job_title"),
        place=F("contact__organization"),
        school=Value(""),
    )
    entries = DirectoryEntry.objects.filter(sort_key__in=names).annotate(
        rank=Value(1),
        key=F("pk"),
        called=F("name"),
        job=F("function"),
        place=F("school_name"),
        school=F("school_uai"),
    )
    columns = ("rank", "key", "called", "address", "job", "place", "school")
    first = contacts.order_by().values_list(*columns)
    rows = first.union(entries.order_by().values_list(*columns), all=True)
    sql, places = rows.order_by("rank", "key")[:_MOST_BEARERS].query.sql_with_params()
    return sql, tuple(places)


def _nearest(user: User, bearers: Sequence[_Bearer]) -> Namesake:
    """A contact, else a colleague of the person's own school, else any."""
    near = [bearer for bearer in bearers if bearer.is_contact]
    if not near:
        record = StaffRecord.objects.all().of(user)
        school = record.school_uai if record else ""
        near = [bearer for bearer in bearers if school and bearer.school == school]
    first, *_others = near or bearers
    same = [bearer for bearer in near or bearers if bearer.name == first.name]
    detail = ", ".join(filter(None, (first.function, first.place)))
    addresses = tuple(bearer.address for bearer in same[:_MOST_ADDRESSES])
    return Namesake(first.name, detail, addresses, is_close=bool(near))


# Cyrillic and Greek letters that are drawn as ours are.
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝοανρτυχικАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshdqwoavptuxikABEKMHOPCTYXIJSABEZHIKMNOPTYX",
)
_ASIDE = re.compile(r"[(\[{][^)\]}]{0,200}[)\]}]")
_LONGEST_NAME = 100
_MOST_WORDS = 6
_MOST_PERMUTED = 4


def _orders(name: str) -> tuple[str, ...]:
    """The keys that people of this name can be sorted by (``Contact.sort_key``): its words in any
    order, a blank or a hyphen between two, or a comma behind the first; of a long name, only begun
    at another word. () for a name of one word."""
    words = list(_words(name))
    if not 2 <= len(words) <= _MOST_WORDS or sum(len(word) > 1 for word in words) < 2:
        return ()
    if len(words) <= _MOST_PERMUTED:
        several, marks = list(permutations(words)), " -"
    else:
        several = [(*words[n:], *words[:n]) for n in range(len(words))]
        marks = " "
    return tuple(dict.fromkeys(_joined(several, marks)))


def _joined(several: Iterable[Sequence[str]], marks: str) -> Iterator[str]:
    for words in several:
        keys = [f"{words[0]}, {' '.join(words[1:])}"]
        for between in product(marks, repeat=len(words) - 1):
            keys.append(words[0] + "".join(map(str.__add__, between, words[1:])))
        yield from keys
        yield from (key.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}") for key in keys)


def _words(name: str) -> Iterator[str]:
    """What counts of a name: no civility, nothing in brackets, nothing that cannot be seen."""
    seen = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    plain = fold(_ASIDE.sub(" ", seen[:_LONGEST_NAME]).translate(_LOOK_ALIKES))
    plain = plain.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for word in re.split(r"[\s\-,;:\"]+", plain):
        bare = word.strip("'.")
        if bare and bare not in CIVILITIES:
            yield bare
