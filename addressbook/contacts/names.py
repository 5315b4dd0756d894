"""First and last names of recipients, for the fields of a message to each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.db.models import Exists, Q

from accounts.models import User
from addressbook import vcard
from addressbook.folding import fold
from addressbook.importers.duplicates import CIVILITIES
from addressbook.models import Contact, ContactAddress, DirectoryEntry, Group

_BATCH = 500


@dataclass(frozen=True, slots=True)
class RecipientName:
    """The name of a recipient. ``shown`` is the whole name; ``first`` and ``last`` are "" if they
    cannot be told apart. ``more`` has other values of the contact, each with its key: ``civility
    function organization school phone city``."""

    shown: str
    first: str = ""
    last: str = ""
    more: tuple[tuple[str, str], ...] = ()


def recipient_names(user: User, addresses: Iterable[str]) -> dict[str, RecipientName]:
    """Return the names of the user's contacts, or of people of the directory, by address in lower
    case. An address that several contacts share has no name, since either may read it."""
    wanted = sorted({address.lower() for address in addresses if address})
    names: dict[str, RecipientName] = {}
    for start in range(0, len(wanted), _BATCH):
        names |= _batch(user, wanted[start : start + _BATCH])
    return names


def beside(user: User, addresses: Iterable[str], most: int) -> tuple[RecipientName, ...]:
    """Return the contacts who are in a group with one of the people at these addresses, or with a
    pupil of theirs, without these people themselves: the first ``most`` by name. If one of the
    groups is a current class, the contacts in the user's other current classes are included. One
    query."""
    wanted = {address.lower() for address in addresses if address}
    of_guardians = "guardianships__guardian__addresses__folded__in"
    theirs = Group.objects.filter(
        Q(contacts__addresses__folded__in=wanted) | Q(**{f"contacts__{of_guardians}": wanted}),
        user=user,
        deleted=None,
        contacts__deleted=None,
    )
    current = {"kind": Group.Kind.CLASS, "archived": None}
    shared = Group.objects.filter(user=user, deleted=None).filter(
        Q(pk__in=theirs.values("pk")) | Q(Exists(theirs.filter(**current)), **current)
    )
    together = Contact.objects.filter(user=user, deleted=None, groups__in=shared)
    others = together.exclude(addresses__folded__in=wanted).exclude(**{of_guardians: wanted})
    others = others.order_by("sort_key").distinct()
    return tuple(by_order(*row) for row in others.values_list("display_name", "sort_key")[:most])


def in_directory(address: str) -> str:
    """Return the name that the authority's directory has for an address, or ""."""
    entries = DirectoryEntry.objects.filter(folded=address.lower())
    return entries.values_list("name", flat=True).first() or ""


def _batch(user: User, wanted: list[str]) -> dict[str, RecipientName]:
    entries = DirectoryEntry.objects.filter(folded__in=wanted)
    names = {
        folded: by_order(name, sort_key)
        for folded, name, sort_key in entries.values_list("folded", "name", "sort_key")
    }
    mine = ContactAddress.objects.filter(user=user, folded__in=wanted, contact__deleted=None)
    seen: dict[str, int] = {}
    for folded, pk, card in mine.values_list("folded", "contact", "contact__vcard"):
        if seen.setdefault(folded, pk) == pk:
            names[folded] = _of_card(card)
        else:
            names.pop(folded, None)
    return names


def _of_card(card: str) -> RecipientName:
    data = vcard.read_one(card)
    values = {
        "civility": data.prefix,
        "function": data.job_title,
        "organization": data.organization,
        "school": data.school,
        "phone": next((phone.number for phone in data.phones), ""),
        "city": next((place.city for place in data.addresses if place.city), ""),
    }
    more = tuple((key, words) for key, words in values.items() if words)
    if data.first_name or data.last_name:
        return RecipientName(data.display_name, data.first_name, data.last_name, more)
    return replace(split(data.display_name), more=more)


def by_order(name: str, sort_key: str) -> RecipientName:
    """Split a whole name by its sort key, which has the last name first: ``Jeanne Le Goff`` with
    ``le goff jeanne``."""
    words = name.split()
    for n in range(1, len(words)):
        if fold(" ".join([*words[n:], *words[:n]])) == sort_key:
            return RecipientName(name, " ".join(words[:n]), " ".join(words[n:]))
    return split(name)


def split(name: str) -> RecipientName:
    """Split a name as it is usually written into first and last: ``Zoé Le Goff``, ``LE GOFF Zoé``,
    ``Le Goff, Zoé``, ``Mme Le Goff`` (no first name). A text that names no single person, such as
    ``Parents de Zoé`` or ``Vie scolaire 6e``, is not split."""
    shown = " ".join(name.split())
    before, comma, after = (part.strip() for part in shown.partition(","))
    if comma and before and after and "," not in after:
        return RecipientName(shown, after, " ".join(_without_civility(before.split())))
    words = shown.split()
    bare = list(_without_civility(words))
    if not bare or comma or "@" in shown or _is_no_person(bare):
        return RecipientName(shown)
    capitals = [word for word in bare if len(word) > 1 and word == word.upper()]
    if capitals and len(capitals) < len(bare):
        first = " ".join(word for word in bare if word not in capitals)
        return RecipientName(shown, first, " ".join(capitals))
    if len(bare) == 1:
        has_civility = len(bare) < len(words)
        return (
            RecipientName(shown, last=bare[0])
            if has_civility
            else RecipientName(shown, first=bare[0])
        )
    if len(bare) < len(words):
        # What follows "Mme" is the last name, however many words it has.
        return RecipientName(shown, last=" ".join(bare))
    return RecipientName(shown, bare[0], " ".join(bare[1:]))


_NO_PERSON_TEXT = (
    "parents parent famille familles classe vie service secretariat direction college lycee ecole"
    " mairie equipe groupe liste contact info accueil rectorat"
)
_NO_PERSON = frozenset(_NO_PERSON_TEXT.split())


def _is_no_person(words: list[str]) -> bool:
    plain = {fold(word).strip("'.") for word in words}
    return bool(plain & _NO_PERSON) or any(re.search(r"\d", word) for word in words)


def _without_civility(words: list[str]) -> Iterator[str]:
    """Yield the words of a name without a civility at its beginning, such as ``M. et Mme``."""
    begun = False
    for word in words:
        plain = fold(word).strip("'.")
        if not begun and (plain in CIVILITIES or plain == "et"):
            continue
        begun = True
        yield word
