"""Contacts that may be one person, and one made of several."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations

from django.db import transaction

from accounts.models import User
from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.contacts import families, keeping
from addressbook.folding import words
from addressbook.importers.duplicates import compatible
from addressbook.models import Contact, ContactAddress, Group

MOST_AT_ONCE = 10
"""Contacts in one set, and side by side."""
# An address or a number that so many share is a switchboard's.
_MOST_SHARED = 50
# As `vcard.write` writes it.
_TELEPHONE = re.compile(r"^TEL[^:\r\n]*:([^\r\n]*)", re.MULTILINE)

TEXTS = (
    "display_name", "prefix", "first_name", "middle_name", "last_name", "suffix", "nickname",
    "organization", "department", "job_title", "school", "birthday", "anniversary", "notes",
)  # fmt: skip
"""Fields of which one value is kept."""
SEVERAL = ("emails", "phones", "addresses", "urls", "categories")
"""Fields whose values are kept side by side."""


class _Candidate:
    """A contact, whose card is read when its name is compared: most of an address book never is."""

    def __init__(self, contact: Contact) -> None:
        self.contact = contact

    @cached_property
    def data(self) -> ContactData:
        return vcard.read_one(self.contact.vcard)


def sets(user: User) -> list[tuple[Contact, ...]]:
    """Sets of two to ten contacts, none in two of them: an address or a telephone in common and
    names that can be one person's, or the same words as their name."""
    rows_of_contacts = (
        Contact.objects.of(user).defer("search").order_by("initial", "sort_key", "pk")
    )
    addresses: dict[int, set[str]] = {}
    rows = ContactAddress.objects.filter(contact__in=Contact.objects.of(user))
    for pk, folded in rows.order_by().values_list("contact_id", "folded"):
        addresses.setdefault(pk, set()).add(folded)
    shared: dict[tuple[str, str], list[_Candidate]] = {}
    for contact in rows_of_contacts.iterator(chunk_size=500):
        candidate = _Candidate(contact)
        for key in _keys(contact, addresses.get(contact.pk, set())):
            shared.setdefault(key, []).append(candidate)
    home: dict[int, list[_Candidate]] = {}
    for several in shared.values():
        if 1 < len(several) <= _MOST_SHARED:
            _join(several, home)
    unique = {id(members): members for members in home.values() if len(members) > 1}
    return [tuple(member.contact for member in members) for members in unique.values()]


def _keys(contact: Contact, addresses: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield what another contact must have too; each once."""
    yield from (("address", address) for address in addresses)
    numbers = {keeping.digits(number)[-1:] for number in _TELEPHONE.findall(contact.vcard)}
    yield from {("telephone", figures) for tail in numbers for figures in tail if len(figures) > 5}
    name = sorted(words(contact.display_name))
    if len(name) > 1:
        yield "name", " ".join(name)


def _join(several: Sequence[_Candidate], home: dict[int, list[_Candidate]]) -> None:
    """Bring the sets of these together where every name goes with every other."""
    for candidate, other in combinations(several, 2):
        mine = home.setdefault(candidate.contact.pk, [candidate])
        theirs = home.setdefault(other.contact.pk, [other])
        if mine is theirs or len(mine) + len(theirs) > MOST_AT_ONCE:
            continue
        if all(
            compatible(my_member.data, their_member.data)
            for my_member in mine
            for their_member in theirs
        ):
            mine += theirs
            for member in theirs:
                home[member.contact.pk] = mine


def values(datas: Iterable[ContactData], name: str) -> tuple[object, ...]:
    """The different values of a field, the first contact's first. Addresses and telephones that
    differ in their case, blanks or type alone are one."""
    by_value: dict[object, object] = {}
    for data in datas:
        value = getattr(data, name)
        for single in value if name in SEVERAL else (value,):
            if single:
                by_value.setdefault(_same(single, name), single)
    return tuple(by_value.values())


def _same(value: object, name: str) -> object:
    if name == "emails":
        return value.address.lower()  # type: ignore[attr-defined]
    if name == "phones":
        number = value.number  # type: ignore[attr-defined]
        return (keeping.digits(number) or (number,))[-1]
    return value


def combine(
    datas: Sequence[ContactData], chosen: Mapping[str, int], kept: Mapping[str, Collection[int]]
) -> ContactData:
    """Make one contact of several. ``chosen`` has the number of the value among `values` for each
    text, 0 by default; -1 keeps all notes. ``kept`` has the numbers of the values for each field
    that may have several, all by default."""
    combined = ContactData(photo=next((data.photo for data in datas if data.photo), None))
    texts: dict[str, object] = {}
    for name in TEXTS:
        several = values(datas, name)
        number = chosen.get(name, 0)
        if number == -1:
            texts[name] = "\n\n".join(str(text) for text in several)
        else:
            texts[name] = several[number] if number < len(several) else ""
    for name in SEVERAL:
        several = values(datas, name)
        numbers = kept.get(name, range(len(several)))
        texts[name] = tuple(single for number, single in enumerate(several) if number in numbers)
    others = dict.fromkeys(line for data in datas for line in data.others)
    return replace(combined, **texts, others=tuple(others))  # type: ignore[arg-type]


def merge(user: User, several: Sequence[Contact], data: ContactData) -> Contact:
    """Make a new contact in the groups of all. The contacts that it was made of go into the bin,
    and come back unchanged from there. Raises AddressBookFull."""
    with transaction.atomic():
        merged = keeping.create(user, data)
        groups = Group.objects.of(user).filter(contacts__in=several).distinct()
        merged.groups.set(groups)
        families.carry_over(merged, several)
        keeping.delete(user, [contact.pk for contact in several])
    return merged


def unmerge(user: User, merged: int, pks: Iterable[int]) -> int:
    """Undo `merge`: how many came back."""
    with transaction.atomic():
        keeping.delete(user, [merged])
        return keeping.restore(user, pks)
