"""Find contacts by words of any field, in pages in the order of the index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, QuerySet

from accounts.models import User
from addressbook.folding import words
from addressbook.models import Contact, ContactAddress, Group

PAGE_SIZE = 100
_ADDRESSES_AT_ONCE = 1000
_MOST_WORDS = 10


@dataclass(frozen=True)
class InitialLetter:
    """A letter of the index: the number of its contacts, and the page on which they begin."""

    letter: str
    count: int
    page: int


@dataclass(frozen=True)
class ContactPage:
    """One page of the contacts that match, numbered from 1."""

    rows: tuple[Contact, ...]
    letters: tuple[InitialLetter, ...]
    number: int
    total: int

    @property
    def has_next(self) -> bool:
        return self.number * PAGE_SIZE < self.total


def matching(user: User, query: str = "", group: Group | None = None) -> QuerySet[Contact]:
    """Return the user's contacts, or those of a group, that contain every word of ``query`` in some
    field. A word may stand inside another one; accents and case do not count."""
    contacts = Contact.objects.of(user)
    if group:
        contacts = contacts.filter(groups=group)
    for word in words(query)[:_MOST_WORDS]:
        contacts = contacts.filter(search__contains=word)
    return contacts.order_by("initial", "sort_key", "pk")


def page(contacts: QuerySet[Contact], number: int) -> ContactPage:
    """Return a page of `matching`, with the digest of each picture; two queries, whatever the
    number. A number beyond the last page gives the last page."""
    counts = contacts.order_by("initial").values_list("initial").annotate(Count("pk"))
    letters, before = [], 0
    for letter, count in counts:
        letters.append(InitialLetter(letter, count, before // PAGE_SIZE + 1))
        before += count
    number = max(1, min(number, -(-before // PAGE_SIZE)))
    start = (number - 1) * PAGE_SIZE
    rows = contacts.annotate(photo_digest=F("photo__digest")).defer("vcard", "search")
    return ContactPage(tuple(rows[start : start + PAGE_SIZE]), tuple(letters), number, before)


def page_of(contacts: QuerySet[Contact], contact: Contact) -> int:
    """Return the number of the page on which a contact stands."""
    before = contacts.filter(initial__lt=contact.initial).count()
    letter = contacts.filter(initial=contact.initial)
    before += letter.filter(sort_key__lt=contact.sort_key).count()
    before += letter.filter(sort_key=contact.sort_key, pk__lt=contact.pk).count()
    return before // PAGE_SIZE + 1


def by_address(user: User, addresses: Iterable[str]) -> QuerySet[Contact]:
    """Return the user's contacts that have one of these addresses."""
    folded = {address.lower() for address in addresses}
    return Contact.objects.of(user).filter(addresses__folded__in=folded).distinct()


def owners(user: User, addresses: Iterable[str]) -> dict[str, Contact]:
    """Return the user's contacts by address in lower case. Of several contacts with one address,
    the oldest counts. Runs a query for each thousand addresses."""
    folded = list(dict.fromkeys(address.lower() for address in addresses))
    contacts_by_address: dict[str, Contact] = {}
    for start in range(0, len(folded), _ADDRESSES_AT_ONCE):
        rows = ContactAddress.objects.filter(
            user=user,
            folded__in=folded[start : start + _ADDRESSES_AT_ONCE],
            contact__deleted=None,
        )
        for row in rows.select_related("contact").order_by("contact"):
            contacts_by_address.setdefault(row.folded, row.contact)
    return contacts_by_address


def newest_addresses(user: User, most: int) -> tuple[str, ...]:
    """Return addresses of the user's contacts in lower case, those of the contacts changed last
    first. One query."""
    rows = ContactAddress.objects.filter(contact__in=Contact.objects.of(user))
    addresses = rows.order_by("-contact__updated", "pk").values_list("folded", flat=True)
    return tuple(dict.fromkeys(addresses[:most]))
