"""The words by which completion finds addresses, updated with contacts and directory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TypeVar

from django.db import connection

from accounts.models import User
from addressbook.completion import roles
from addressbook.contact_data import FORMER
from addressbook.folding import words
from addressbook.models import (
    CollectedRecipient,
    ContactAddress,
    ContactWord,
    DirectoryEntry,
    DirectoryWord,
)
from addressbook.models.completion import LONGEST_SORT_KEY, Word, beginnings

BATCH = 2_000
_LONGEST_TEXT = 1_000

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a name and an address, folded. ``own`` are the words of the name and of the part
    before the @, ``domain`` those of the part after it, ``role`` those of function, discipline and
    school."""

    own: tuple[str, ...]
    domain: tuple[str, ...]
    role: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All words, each after a blank: a word that begins with ``du`` is found as `` du``."""
        every = (*self.own, *self.domain, *self.role)
        return "".join(f" {word}" for word in dict.fromkeys(every))[:_LONGEST_TEXT]


def words_of(name: str, address: str) -> Words:
    local, _, domain = address.rpartition("@")
    return Words(words(f"{name} {local}"), words(domain))


def save_addresses(user: User, addresses: Sequence[ContactAddress]) -> None:
    """Save new addresses of the user's contacts, with the words by which they are found."""
    weights = _weights(user, addresses)
    for address in addresses:
        address.words = _contact_words(address).text
        address.weight = weights.get(address.folded) if _is_completed(address) else None
    created = ContactAddress.objects.bulk_create(addresses, batch_size=BATCH)
    _write_contact_words(created)


def _is_completed(address: ContactAddress) -> bool:
    return address.contact.archived is None and address.type != FORMER


def _weights(user: User, addresses: Sequence[ContactAddress]) -> dict[str, float]:
    folded = {address.folded for address in addresses}
    written_to = CollectedRecipient.objects.of(user).filter(folded__in=folded)
    return dict(written_to.values_list("folded", "weight"))


def _contact_words(address: ContactAddress) -> Words:
    """Return the words by which a contact is found: of its name as shown and as sorted, so that a
    nickname does not hide the last name, and of function, school and nickname."""
    contact = address.contact
    named = words_of(f"{contact.display_name} {contact.sort_key}", address.address)
    nickname = _NICKNAME.search(contact.vcard)
    role = f"{contact.job_title} {contact.organization} {nickname[1] if nickname else ''}"
    return replace(named, role=roles.words_of(role))


# The line of a nickname as `vcard.write` writes it.
_NICKNAME = re.compile(r"^NICKNAME:([^\r\n]{0,100})", re.MULTILINE)


def _write_contact_words(addresses: Iterable[ContactAddress]) -> None:
    rows: list[tuple[str | int, ...]] = []
    for address in addresses:
        if not _is_completed(address):
            continue
        texts_of_address = _contact_words(address)
        own = beginnings(texts_of_address.own)
        key = address.contact.sort_key[:LONGEST_SORT_KEY]
        # Contacts found only by function or school come last, as those found only by the domain.
        others = beginnings((*texts_of_address.domain, *texts_of_address.role)) - own
        for by_domain, texts in ((False, own), (True, others)):
            rows += [(address.user_id, address.pk, text, by_domain, key) for text in texts]
    _insert(ContactWord, ("user_id", "address_id", "word", "by_domain", "sort_key"), rows)


def _insert(
    model: type[Word], columns: tuple[str, ...], rows: Sequence[tuple[str | int, ...]]
) -> None:
    """Insert many small rows five times as fast as `bulk_create`, which makes an object of each."""
    # Sorted rows write each page of the database's index once, not once for each row.
    rows = sorted(rows, key=itemgetter(columns.index("word")))
    table = connection.ops.quote_name(model._meta.db_table)
    placeholders = f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        for part in _batches(rows):
            cursor.execute(
                # Only names of this project are in the text; values are passed beside it.
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608
                + ", ".join([placeholders] * len(part)),
                [value for row in part for value in row],
            )


def _batches(rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def forget(contacts: Iterable[int]) -> None:
    """Remove contacts that are in the bin or archived from completion."""
    pks = list(contacts)
    ContactWord.objects.filter(address__contact__in=pks).delete()
    ContactAddress.objects.filter(contact__in=pks, weight__isnull=False).update(weight=None)


def remember(user: User, contacts: Iterable[int]) -> None:
    """Add contacts that came out of the bin or the archive to completion again."""
    pks = list(contacts)
    forget(pks)
    rows = ContactAddress.objects.filter(contact__in=pks, contact__deleted=None)
    addresses = list(rows.select_related("contact"))
    _write_contact_words(addresses)
    weights = _weights(user, addresses)
    ranked = [
        address for address in addresses if address.folded in weights and _is_completed(address)
    ]
    for address in ranked:
        address.weight = weights[address.folded]
    ContactAddress.objects.bulk_update(ranked, ["weight"], batch_size=BATCH)


def entry_words(entry: DirectoryEntry) -> Words:
    """Return the words of a person of the directory, with those of function and discipline."""
    role = roles.words_of(f"{entry.function} {entry.discipline}")
    return replace(words_of(entry.name, entry.address), role=role)


def entry_text(entry: DirectoryEntry) -> str:
    """Return all words of a person of the directory, with those of the school. A search by the
    school alone would find too many; its words only narrow a search."""
    shown_words = entry_words(entry)
    school = roles.words_of(entry.school_name)
    return replace(shown_words, role=tuple(dict.fromkeys((*shown_words.role, *school)))).text


def save_entries(entries: Sequence[DirectoryEntry]) -> None:
    """Save new entries of the directory, with the words by which they are found."""
    words_of_entries = [entry_words(entry) for entry in entries]
    for entry in entries:
        entry.words = entry_text(entry)
    created = DirectoryEntry.objects.bulk_create(entries, batch_size=BATCH)
    rows = [
        (entry.pk, text, entry.sort_key[:LONGEST_SORT_KEY])
        for entry, texts in zip(created, words_of_entries, strict=True)
        for text in beginnings((*texts.own, *texts.role))
    ]
    _insert(DirectoryWord, ("entry_id", "word", "sort_key"), rows)
