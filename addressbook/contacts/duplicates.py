"""Contacts that may be one person, and the merge of several contacts into one."""

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
from addressbook.contacts import keeping, ties
from addressbook.folding import words
from addressbook.importers.duplicates import compatible
from addressbook.models import Contact, ContactAddress, Group

MOST_AT_ONCE = 10
"""The largest number of contacts in one set."""
# An address or a number that more contacts share belongs to a switchboard.
_MOST_SHARED = 50
# The line of a telephone as `vcard.write` writes it.
_TELEPHONE = re.compile(r"^TEL[^:\r\n]*:([^\r\n]*)", re.MULTILINE)

TEXTS = (
    "display_name", "prefix", "first_name", "middle_name", "last_name", "suffix", "nickname",
    "organization", "department", "job_title", "school", "birthday", "anniversary", "notes",
)  # fmt: skip
"""Fields of which a merged contact keeps one value."""
SEVERAL = ("emails", "phones", "addresses", "urls", "categories")
"""Fields of which a merged contact keeps several values."""


class _Candidate:
    """A contact whose card is read only when its name is compared, since most cards never are."""

    def __init__(self, contact: Contact) -> None:
        self.contact = contact

    @cached_property
    def data(self) -> ContactData:
        return vcard.read_one(self.contact.vcard)


def sets(user: User) -> list[tuple[Contact, ...]]:
    """Return disjoint sets of two to ten contacts that may be one person. They have an address or a
    telephone in common and compatible names, or their names have the same words."""
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
    for candidates in shared.values():
        if 1 < len(candidates) <= _MOST_SHARED:
            _join(candidates, home)
    unique = {id(members): members for members in home.values() if len(members) > 1}
    return [tuple(member.contact for member in members) for members in unique.values()]


def _keys(contact: Contact, addresses: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the keys by which a duplicate is found, each once: an address, a telephone, the words
    of a name."""
    yield from (("address", address) for address in addresses)
    numbers = {keeping.digits(number)[-1:] for number in _TELEPHONE.findall(contact.vcard)}
    yield from {("telephone", figures) for tail in numbers for figures in tail if len(figures) > 5}
    name = sorted(words(contact.display_name))
    if len(name) > 1:
        yield "name", " ".join(name)


def _join(candidates: Sequence[_Candidate], home: dict[int, list[_Candidate]]) -> None:
    """Join the sets of these contacts, as long as every name is compatible with every other."""
    for candidate, other in combinations(candidates, 2):
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
    """Return the different values of a field, in the order of the contacts. Addresses and
    telephones that differ only in case, blanks or type count as one value."""
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
    """Make one contact of several. ``chosen`` has, for each field of text, the number of the value
    among `values`: 0 by default, and -1 to keep all notes. ``kept`` has, for each field of several
    values, the numbers of the values to keep: all by default."""
    combined = ContactData(photo=next((data.photo for data in datas if data.photo), None))
    texts: dict[str, object] = {}
    for name in TEXTS:
        different = values(datas, name)
        number = chosen.get(name, 0)
        if number == -1:
            texts[name] = "\n\n".join(str(text) for text in different)
        else:
            texts[name] = different[number] if number < len(different) else ""
    for name in SEVERAL:
        different = values(datas, name)
        numbers = kept.get(name, range(len(different)))
        texts[name] = tuple(single for number, single in enumerate(different) if number in numbers)
    others = dict.fromkeys(line for data in datas for line in data.others)
    return replace(combined, **texts, others=tuple(others))  # type: ignore[arg-type]


def merge(user: User, contacts: Sequence[Contact], data: ContactData) -> Contact:
    """Create a contact that is in the groups of all the given contacts, and put these into the bin.
    Restored from there, they are unchanged. Raises AddressBookFull."""
    with transaction.atomic():
        merged = keeping.create(user, data)
        groups = Group.objects.of(user).filter(contacts__in=contacts).distinct()
        merged.groups.set(groups)
        ties.carry_over(merged, contacts)
        keeping.delete(user, [contact.pk for contact in contacts])
    return merged


def unmerge(user: User, merged: int, pks: Iterable[int]) -> int:
    """Undo `merge`, and return how many contacts came back."""
    with transaction.atomic():
        keeping.delete(user, [merged])
        return keeping.restore(user, pks)
