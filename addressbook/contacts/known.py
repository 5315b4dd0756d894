"""The people whom the user knows: the owners of the addresses in a message, and the people whose
names other senders use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import permutations, product
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Value

from accounts.models import StaffRecord, User
from accounts.models.prepared import Prepared
from addressbook.contacts.keeping import initial
from addressbook.folding import fold
from addressbook.importers.duplicates import CIVILITIES
from addressbook.models import CollectedRecipient, ContactAddress, DirectoryEntry, Guardianship


class Kind(StrEnum):
    """The source from which an address is known. The first of these sources that has it counts."""

    CONTACT = "contact"
    DIRECTORY = "directory"
    COLLECTED = "collected"


@dataclass(frozen=True)
class KnownAddress:
    """The owner of an address. ``name`` is "" if contacts with different names share the address.
    ``contact`` is the contact's key, 0 for other people; ``photo_digest`` is "" without a
    picture. ``is_guardian``: the owner, or one of several, has pupils."""

    kind: Kind
    name: str
    contact: int = 0
    photo_digest: str = ""
    is_guardian: bool = False


def people(user: User, addresses: Iterable[str]) -> dict[str, KnownAddress]:
    """Return the people whom the user knows, by address in lower case. One query, whatever the
    number of addresses."""
    wanted = {address.lower() for address in addresses if address}
    by_address: dict[str, KnownAddress] = {}
    for folded, rank, pk, name, digest, is_guardian in _rows(user.pk, wanted) if wanted else ():
        before = by_address.get(folded)
        if before is None:
            kind = (Kind.CONTACT, Kind.DIRECTORY, Kind.COLLECTED)[rank]
            by_address[folded] = KnownAddress(kind, name, pk, digest or "", bool(is_guardian))
        elif pk and before.contact != pk:
            is_guardian = bool(is_guardian) or before.is_guardian
            if fold(before.name) == fold(name):
                by_address[folded] = replace(before, is_guardian=is_guardian)
            else:
                # Two contacts with different names share the address: the sender may be either.
                by_address[folded] = KnownAddress(
                    Kind.CONTACT, "", before.contact, is_guardian=is_guardian
                )
    return by_address


def _of_addresses(user: int, wanted: Any) -> QuerySet:
    """Return address, rank, contact, name, picture and whether there are pupils of all people who
    have one of these addresses, the nearest first."""
    contacts = ContactAddress.objects.filter(
        user=user, folded__in=wanted, contact__deleted=None
    ).annotate(
        key=F("contact"),
        called=F("contact__display_name"),
        digest=F("contact__photo__digest"),
        guards=Exists(Guardianship.objects.filter(guardian=OuterRef("contact"))),
    )
    nobody = {
        "key": Value(0),
        "called": F("name"),
        "digest": Value(""),
        "guards": Value(value=False),
    }
    entries = DirectoryEntry.objects.filter(folded__in=wanted).annotate(**nobody)
    collected = CollectedRecipient.objects.filter(user=user, folded__in=wanted).annotate(**nobody)
    sources: Sequence[QuerySet] = (contacts, entries, collected)
    columns = ("known_as", "rank", "key", "called", "digest", "guards")
    first, *others = (
        rows.annotate(known_as=F("folded"), rank=Value(rank)).order_by().values_list(*columns)
        for rank, rows in enumerate(sources)
    )
    return first.union(*others, all=True).order_by("rank", "key")


_rows: Prepared[tuple[str, int, int, str, str | None, bool]] = Prepared(_of_addresses, int, list)


def nearest(user: User, most: int) -> tuple[str, ...]:
    """Return at most ``most`` addresses in lower case: first those to which the user writes, by
    frequency and date, then those of other contacts. Two queries."""
    written = CollectedRecipient.objects.filter(user=user).order_by("-weight")
    addresses = list(written.values_list("folded", flat=True)[:most])
    contacts = ContactAddress.objects.filter(user=user, contact__deleted=None).order_by("-pk")
    addresses += contacts.exclude(folded__in=addresses).values_list("folded", flat=True)[:most]
    return tuple(dict.fromkeys(addresses))[:most]


def is_contact(user: User, address: str) -> bool:
    """Return whether one of the user's contacts has the address."""
    rows = ContactAddress.objects.filter(user=user, folded=address.lower(), contact__deleted=None)
    return bool(address) and rows.exists()


def knows_domain(user: User, domain: str) -> bool:
    """Return whether one of the user's contacts has an address in the domain."""
    ending = f"@{domain.lower()}"
    rows = ContactAddress.objects.filter(user=user, folded__endswith=ending, contact__deleted=None)
    return bool(domain) and rows.exists()


# --- borrowed names ---


@dataclass(frozen=True)
class Namesake:
    """A contact or colleague whose name stands on a mail from an address that is not theirs.
    ``detail`` is the person's function and place. ``is_close`` holds for contacts and for
    colleagues of the user's own school."""

    name: str
    detail: str
    addresses: tuple[str, ...]
    is_close: bool


def namesake(user: User, name: str, address: str) -> Namesake | None:
    """Return the known person whose name a mail from ``address`` carries, if the address is not one
    of theirs.

    Names are compared without regard to order, accents, case, hyphens and civility, and letters of
    other scripts count as the Latin letters that they look like. A single word is no name. The
    result is None for an address of the user or of a contact, and if one of several people of that
    name has the address. Runs one query for a name that nobody has, else up to three.
    """
    orders, folded = _orders(name), address.lower()
    initials = {initial(order) for order in orders}
    rows = _bearers(user.pk, orders, initials) if orders else ()
    bearers = [_Bearer(*row) for row in rows]
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
    """A person of a given name, with one of the person's addresses. ``school`` is a colleague's, as
    UAI."""

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


def _of_names(user: int, names: Any, initials: Any) -> QuerySet:
    """Return the contacts of these names with their addresses, then the colleagues."""
    contacts = ContactAddress.objects.filter(
        contact__user=user,
        contact__deleted=None,
        contact__initial__in=initials,
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
    return rows.order_by("rank", "key")[:_MOST_BEARERS]


_bearers: Prepared[tuple[int, int, str, str, str, str, str]] = Prepared(_of_names, int, list, list)


def _nearest(user: User, bearers: Sequence[_Bearer]) -> Namesake:
    """Return a contact, else a colleague of the user's own school, else any colleague."""
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


# Cyrillic and Greek letters that look like Latin ones.
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝοανρτυχικАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshdqwoavptuxikABEKMHOPCTYXIJSABEZHIKMNOPTYX",
)
_ASIDE = re.compile(r"[(\[{][^)\]}]{0,200}[)\]}]")
_LONGEST_NAME = 100
_MOST_WORDS = 6
_MOST_PERMUTED = 4


def _orders(name: str) -> tuple[str, ...]:
    """Return the keys by which people of this name may be sorted (``Contact.sort_key``): the words
    in any order, with a blank or a hyphen between two, or a comma after the first. A long name is
    only rotated. The result is empty for a name of one word."""
    words = list(_words(name))
    if not 2 <= len(words) <= _MOST_WORDS or sum(len(word) > 1 for word in words) < 2:
        return ()
    if len(words) <= _MOST_PERMUTED:
        orders, marks = list(permutations(words)), " -"
    else:
        orders = [(*words[n:], *words[:n]) for n in range(len(words))]
        marks = " "
    return tuple(dict.fromkeys(_joined(orders, marks)))


def _joined(orders: Iterable[Sequence[str]], marks: str) -> Iterator[str]:
    for words in orders:
        keys = [f"{words[0]}, {' '.join(words[1:])}"]
        for between in product(marks, repeat=len(words) - 1):
            keys.append(words[0] + "".join(map(str.__add__, between, words[1:])))
        yield from keys
        yield from (key.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}") for key in keys)


def _words(name: str) -> Iterator[str]:
    """Yield the words of a name that count, without civility, text in brackets and invisible
    characters."""
    seen = "".join(character for character in name if unicodedata.category(character) != "Cf")
    plain = fold(_ASIDE.sub(" ", seen[:_LONGEST_NAME]).translate(_LOOK_ALIKES))
    plain = plain.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for word in re.split(r"[\s\-,;:\"]+", plain):
        bare = word.strip("'.")
        if bare and bare not in CIVILITIES:
            yield bare
