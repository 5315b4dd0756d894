"""The people to whom the user wrote. They are kept apart from the contacts, and rank
completions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from addressbook.completion.index import words_of
from addressbook.folding import words
from addressbook.models import CollectedRecipient, ContactAddress, DirectoryEntry
from core import clock

MOST = 2_000
"""The largest number of rows of one user. Beyond it, the rows with the lowest weight are
deleted."""
HALF_LIFE = timedelta(days=30)

_BATCH = 500
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def record(user: User, recipients: Iterable[tuple[str, str]], now: datetime | None = None) -> None:
    """Count a message that has left to these people, given by name and address. An address that
    stands twice in one message counts once."""
    now = now or clock.now()
    names: dict[str, tuple[str, str]] = {}
    for name, address in recipients:
        if len(address) <= 254 and not names.get(address.lower(), ("", ""))[0]:
            names[address.lower()] = (" ".join(name.split())[:300], address)
    folded = list(names)
    with transaction.atomic():
        for start in range(0, len(folded), _BATCH):
            _record(user, {key: names[key] for key in folded[start : start + _BATCH]}, now)
        _trim(user)


def _record(user: User, names: dict[str, tuple[str, str]], now: datetime) -> None:
    before = {row.folded: row for row in _of(user, names).select_for_update()}
    contact_names = _known_names(user, [key for key, (name, _address) in names.items() if not name])
    rows = []
    for folded, (name, address) in names.items():
        row = before.get(folded) or CollectedRecipient(
            user=user, folded=folded, times=0, weight=-math.inf
        )
        row.address = address
        row.name = name or row.name or contact_names.get(folded, "")
        row.times += 1
        row.last = now
        row.weight = weight(row.weight, now)
        row.words = words_of(row.name, address).text
        rows.append(row)
    CollectedRecipient.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["user", "folded"],
        update_fields=["address", "name", "times", "last", "weight", "words"],
    )
    _rank_contacts(user, {row.folded: row.weight for row in rows})


def _of(user: User, folded: Iterable[str]) -> QuerySet[CollectedRecipient]:
    return CollectedRecipient.objects.of(user).filter(folded__in=list(folded))


def weight(before: float, now: datetime) -> float:
    """Return the weight after one more message; see `CollectedRecipient`."""
    new = (now - _EPOCH) / HALF_LIFE
    high, low = max(before, new), min(before, new)
    return high + math.log2(1 + 2 ** (low - high))


def _known_names(user: User, folded: list[str]) -> dict[str, str]:
    """Return the names for addresses that were typed without one: the name of the contact, else
    that of the directory."""
    entries = DirectoryEntry.objects.filter(folded__in=folded)
    mine = ContactAddress.objects.filter(user=user, folded__in=folded, contact__deleted=None)
    return {
        **dict(entries.values_list("folded", "name")),
        **dict(mine.values_list("folded", "contact__display_name")),
    }


def _trim(user: User) -> None:
    beyond = list(CollectedRecipient.objects.of(user).order_by("-weight")[MOST:])
    if beyond:
        CollectedRecipient.objects.filter(pk__in=[row.pk for row in beyond]).delete()
        _rank_contacts(user, {row.folded: None for row in beyond})


def matching(user: User, query: str = "") -> QuerySet[CollectedRecipient]:
    """Return the recipients who are no contacts, the latest first. Every word of ``query`` must
    begin a word of the name or address."""
    contacts = ContactAddress.objects.filter(
        user=user, folded=OuterRef("folded"), contact__deleted=None
    )
    recipients = CollectedRecipient.objects.of(user).exclude(Exists(contacts))
    for word in words(query)[:10]:
        recipients = recipients.filter(words__contains=f" {word}")
    return recipients.order_by("-last", "pk")


def delete(user: User, pks: Iterable[int]) -> list[CollectedRecipient]:
    """Delete these rows, and return them for `put_back`. A contact that has one of the addresses
    loses its rank too."""
    with transaction.atomic():
        rows = list(CollectedRecipient.objects.of(user).filter(pk__in=list(pks)))
        CollectedRecipient.objects.filter(pk__in=[row.pk for row in rows]).delete()
        _rank_contacts(user, {row.folded: None for row in rows})
    return rows


def put_back(user: User, rows: Iterable[CollectedRecipient]) -> int:
    """Put back the rows that `delete` returned, and return how many were given. A person to whom
    the user wrote meanwhile keeps the new row."""
    new = [
        CollectedRecipient(
            user=user,
            address=row.address,
            folded=row.address.lower(),
            name=row.name,
            times=row.times,
            last=row.last,
            weight=row.weight,
            words=words_of(row.name, row.address).text,
        )
        for row in rows
    ]
    with transaction.atomic():
        CollectedRecipient.objects.bulk_create(new, ignore_conflicts=True)
        restored = _of(user, [row.folded for row in new])
        _rank_contacts(user, dict(restored.values_list("folded", "weight")))
    return len(new)


def bring(user: User, recipients: Iterable[tuple[str, str, datetime, int]]) -> int:
    """Add people to whom the user wrote in another webmail: name, address, last time and number of
    times. Return how many are new. People to whom the user already wrote here stay unchanged."""
    new: dict[str, CollectedRecipient] = {}
    for name, address, last, times in recipients:
        if len(address) > 254 or address.lower() in new:
            continue
        name = " ".join(name.split())[:300]
        new[address.lower()] = CollectedRecipient(
            user=user,
            address=address,
            folded=address.lower(),
            name=name,
            times=times,
            last=last,
            weight=weight(-math.inf, last),
            words=words_of(name, address).text,
        )
    with transaction.atomic():
        for folded in _of(user, new).values_list("folded", flat=True):
            del new[folded]
        CollectedRecipient.objects.bulk_create(
            new.values(), batch_size=_BATCH, ignore_conflicts=True
        )
        _rank_contacts(user, {folded: row.weight for folded, row in new.items()})
        _trim(user)
    return len(new)


def _rank_contacts(user: User, weights: Mapping[str, float | None]) -> None:
    mine = list(
        ContactAddress.objects.filter(
            user=user, folded__in=weights, contact__deleted=None, contact__archived=None
        )
    )
    for address in mine:
        address.weight = weights[address.folded]
    ContactAddress.objects.bulk_update(mine, ["weight"])
