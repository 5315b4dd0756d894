"""Whom a person knows: the people behind the addresses of a mail, and names that others borrow."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations, product

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
    """Those whom the person knows, by address in lower case: up to three queries, however many
    addresses are asked for."""
    wanted = {address.lower() for address in addresses if address}
    found = _contacts(user, wanted) if wanted else {}
    if left := wanted - found.keys():
        entries = DirectoryEntry.objects.filter(folded__in=left).values_list("folded", "name")
        found |= {folded: Known(Kind.DIRECTORY, name) for folded, name in entries.order_by()}
    if left := wanted - found.keys():
        rows = CollectedRecipient.objects.filter(user=user, folded__in=left)
        collected = rows.order_by().values_list("folded", "name")
        found |= {folded: Known(Kind.COLLECTED, name) for folded, name in collected}
    return found


def _contacts(user: User, wanted: Iterable[str]) -> dict[str, Known]:
    rows = ContactAddress.objects.filter(user=user, folded__in=wanted, contact__deleted=None)
    found: dict[str, Known] = {}
    columns = ("folded", "contact", "contact__display_name", "contact__photo__digest")
    for folded, pk, name, digest in rows.order_by("contact", "position").values_list(*columns):
        before = found.get(folded)
        if before is None:
            found[folded] = Known(Kind.CONTACT, name, pk, digest or "")
        elif before.contact != pk and fold(before.name) != fold(name):
            # Two parents with one address: nobody can tell which of them writes.
            found[folded] = Known(Kind.CONTACT, "", before.contact)
    return found


def is_contact(user: User, address: str) -> bool:
    """Whether one of the person's contacts has the address."""
    rows = ContactAddress.objects.filter(user=user, folded=address.lower(), contact__deleted=None)
    return bool(address) and rows.exists()


# --- borrowed names ---


@dataclass(frozen=True)
class Namesake:
    """A contact or colleague whose name stands on a mail that none of his addresses sent.
    ``detail`` is what he does and where; ``is_close``: a contact, or of the person's own school."""

    name: str
    detail: str
    addresses: tuple[str, ...]
    is_close: bool


def namesake(user: User, name: str, address: str, sender: Known | None) -> Namesake | None:
    """Whose name a mail from ``address`` carries, if that is not where he writes from. ``sender``
    is whom the address belongs to, as `people` says.

    Names are the same whatever their order, accents, capitals, hyphens and civility, with letters
    of other scripts that look like ours; one word alone is too little. None for an address among
    the person's contacts, or his own, and where one of several people of that name has it. Three
    queries at most.
    """
    orders = _orders(name)
    folded = address.lower()
    if not orders or (sender and sender.kind is Kind.CONTACT):
        return None
    if sender and sender.kind is Kind.COLLECTED and set(_orders(sender.name)) & set(orders):
        return None
    contacts = _contacts_named(user, orders)
    entries = list(DirectoryEntry.objects.filter(sort_key__in=orders)[:_MOST_NAMESAKES])
    theirs = {row.folded for row in contacts} | {entry.folded for entry in entries}
    own = user.address.lower()
    if not theirs or folded in theirs or own in {folded, *theirs}:
        return None
    return _of_contacts(contacts) if contacts else _of_entries(user, entries)


_MOST_NAMESAKES = 50
_MOST_ADDRESSES = 3


def _contacts_named(user: User, orders: Sequence[str]) -> list[ContactAddress]:
    initials = {initial(order) for order in orders}
    rows = ContactAddress.objects.filter(
        contact__user=user,
        contact__deleted=None,
        contact__initial__in=initials,
        contact__sort_key__in=orders,
    )
    rows = rows.select_related("contact").order_by("contact", "position")
    return list(rows.defer("contact__vcard", "contact__search")[:_MOST_NAMESAKES])


def _of_contacts(rows: Sequence[ContactAddress]) -> Namesake:
    contact = rows[0].contact
    detail = ", ".join(filter(None, (contact.job_title, contact.organization)))
    addresses = tuple(row.address for row in rows[:_MOST_ADDRESSES])
    return Namesake(contact.display_name, detail, addresses, is_close=True)


def _of_entries(user: User, entries: Sequence[DirectoryEntry]) -> Namesake:
    """A colleague of the person's own school before others of the same name."""
    record = StaffRecord.objects.all().of(user)
    school = record.school_uai if record else ""
    near = [entry for entry in entries if school and entry.school_uai == school]
    first = (near or entries)[0]
    detail = ", ".join(filter(None, (first.function, first.school_name)))
    addresses = tuple(entry.address for entry in (near or entries)[:_MOST_ADDRESSES])
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
