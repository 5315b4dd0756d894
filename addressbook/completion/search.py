"""Complete what a person types into a line of recipients."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from django.db import connection
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from accounts.models import StaffRecord, User
from addressbook.completion import mistakes
from addressbook.folding import words
from addressbook.models import (
    CollectedRecipient,
    ContactAddress,
    ContactWord,
    DirectoryDomain,
    DirectoryEntry,
    DirectoryWord,
    Group,
)
from addressbook.models.completion import IN_ORDER, typed

LIMIT = 10
LONGEST = 200
"""Characters of what is typed that are read."""
_MOST_WORDS = 5
_MOST_NEAR = 20
_FEW = 1_000
"""Rows that are sorted in a few milliseconds."""

_Spellings = tuple[str, ...]
"""Of one word: as it was typed, or all it may have been meant for."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody to write to, or with ``group`` its key and ``size`` a whole group. ``source`` says
    where it was found: ``contact``, ``group``, ``collected`` or ``directory``; ``words`` are those
    it is found by (see `Words.text`)."""

    source: str
    name: str
    address: str = ""
    function: str = ""
    school: str = ""
    group: int | None = None
    size: int = 0
    words: str = ""


@dataclass(frozen=True)
class _Way:
    """Rows of words among which is all that is asked for; whether there are any, and few."""

    rows: Q
    is_none: bool
    is_few: bool


@dataclass(frozen=True)
class _Asked:
    """What is looked for: every word, each in one of its spellings, begins a word of what is
    found.

    `LIKE` would say the same. PostgreSQL thinks that it lets next to nothing pass and sorts all
    that an index gives, in place of reading the first of it in its order.

    ``school`` is the person's own (UAI), ``domains`` those of the directory."""

    user: User
    words: tuple[_Spellings, ...]
    school: str
    domains: tuple[str, ...]

    def filter(self, path: str = "words") -> Q:
        """What holds every word; ``path`` is the text of the row's words (see `Words.text`)."""
        condition = Q()
        for spellings in self.words:
            one = Q()
            for spelling in spellings:
                one |= Q(GreaterThan(StrIndex(F(path), Value(f" {spelling}")), 0))
            condition &= one
        return condition

    @cached_property
    def own(self) -> _Way:
        """Among the person's contacts; two sources ask for it."""
        return _way(ContactWord.objects.filter(user=self.user), self.words)


def complete(user: User, text: str, limit: int = LIMIT) -> tuple[Suggestion, ...]:
    """Whom the person may mean, at most ``limit``: words typed in any order, each the beginning of
    a word of name or address, two letters at least. First whom he writes to often and lately, then
    groups, colleagues of the same school, his other contacts, whom he wrote to, and the directory;
    each by name. An address comes once.

    When nothing fits, one mistake in one word of four letters or more is forgiven. The number of
    queries depends on the number of words alone.
    """
    typed_words = words(text[:LONGEST])[:_MOST_WORDS]
    if max(map(len, typed_words), default=0) < 2:
        return ()
    asked = _asked(user, typed_words)
    return _search(asked, limit) or _forgiving(asked, limit)


def _asked(user: User, typed_words: Sequence[str]) -> _Asked:
    record = StaffRecord.objects.of(user)
    domains = DirectoryDomain.objects.values_list("name", flat=True)
    return _Asked(
        user=user,
        words=tuple((word,) for word in typed_words),
        school=record.school_uai if record else "",
        domains=tuple(domains),
    )


def _forgiving(asked: _Asked, limit: int) -> tuple[Suggestion, ...]:
    """The same with one mistake: in the word that nobody has; where everybody has his, in one of
    the two longest."""
    spelt = [word[0] for word in asked.words]
    others = _words_of_others(asked.user)
    there = _there(asked.user, spelt, others)
    missing = [
        word for word in spelt if word not in there and not _begins_domain((word,), asked.domains)
    ]
    if len(missing) > 1:
        return ()
    for word in missing or sorted(spelt, key=len, reverse=True)[:2]:
        if near := _shortest(_there(asked.user, mistakes.near(word), others))[:_MOST_NEAR]:
            meant = tuple(near if one == (word,) else one for one in asked.words)
            if found := _search(replace(asked, words=meant), limit):
                return found
    return ()


def _shortest(texts: Sequence[str]) -> _Spellings:
    """Without those that others begin: what begins with ``martine`` begins with ``martin``."""
    return tuple(
        text for text in texts if not any(text != one and text.startswith(one) for one in texts)
    )


def _there(user: User, texts: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Those of the texts that begin a word of anybody whom the person can find; ``others`` are
    words in their order."""
    if not texts:
        return ()
    there = set(_in_index(user, texts))
    for text in texts:
        place = bisect_left(others, text)
        if place < len(others) and others[place].startswith(text):
            there.add(text)
    return tuple(text for text in texts if text in there)


def _in_index(user: User, texts: Sequence[str]) -> list[str]:
    """Of the person's contacts and of the directory."""
    at_least, below = ("~>=~", "~<~") if connection.vendor == "postgresql" else (">=", "<")
    rows = ", ".join(["(%s, %s)"] * len(texts))
    bounds = [end for text in texts for end in (text, text[:-1] + chr(ord(text[-1]) + 1))]
    sql = f"""
        WITH near (low, high) AS (VALUES {rows}) SELECT low FROM near WHERE
        EXISTS (SELECT 1 FROM {ContactWord._meta.db_table} AS own WHERE own.user_id = %s
                AND own.word {at_least} near.low AND own.word {below} near.high)
        OR EXISTS (SELECT 1 FROM {DirectoryWord._meta.db_table} AS theirs
                   WHERE theirs.word {at_least} near.low AND theirs.word {below} near.high)
    """  # noqa: S608  names and operators of ours alone
    with connection.cursor() as cursor:
        cursor.execute(sql, [*bounds, user.pk])
        return [row[0] for row in cursor.fetchall()]


def _words_of_others(user: User) -> list[str]:
    """Of those he wrote to and of his groups, which have no rows of words: they are few."""
    collected = CollectedRecipient.objects.of(user).order_by().values_list("words", flat=True)
    names = Group.objects.of(user).order_by().values_list("folded", flat=True)
    return sorted({*" ".join(collected).split(), *words(" ".join(names))})


def _search(asked: _Asked, limit: int) -> tuple[Suggestion, ...]:
    """Source after source, in the order of their rank, until there is enough."""
    found: dict[str, Suggestion] = {}
    for key, suggestion in chain.from_iterable(source(asked, limit) for source in _SOURCES):
        found.setdefault(key, suggestion)
        if len(found) == limit:
            break
    return _known_better(asked.user, found)


Found = Iterable[tuple[str, Suggestion]]


def _written_to(asked: _Asked, limit: int) -> Found:
    """Whom the person wrote to, contact or not, by weight."""
    ranked = [
        (row.weight or 0.0, row.folded, _of_contact(row))
        for row in _contacts_written_to(asked)[:limit]
    ]
    collected = CollectedRecipient.objects.of(asked.user).filter(asked.filter())
    ranked += [
        (row.weight, row.folded, _of_collected(row))
        for row in collected.order_by("-weight")[:limit]
    ]
    ranked.sort(key=lambda one: -one[0])
    return ((folded, suggestion) for _weight, folded, suggestion in ranked)


def _contacts_written_to(asked: _Asked) -> QuerySet[ContactAddress]:
    if asked.own.is_none:
        return ContactAddress.objects.none()
    found = ContactAddress.objects.filter(asked.filter(), user=asked.user, weight__isnull=False)
    if asked.own.is_few:
        # Where many have the word, ten of them are met soon among those written to.
        rows = ContactWord.objects.filter(asked.own.rows, user=asked.user)
        found = found.filter(pk__in=rows.values("address"))
    found = found.select_related("contact").defer(*_unread("contact__"))
    return found.order_by("-weight")


def _unread(contact: str) -> tuple[str, str]:
    """The large columns of a contact, which nobody sees here; sorting would carry them along."""
    return (f"{contact}vcard", f"{contact}search")


def _of_contact(row: ContactAddress) -> Suggestion:
    contact = row.contact
    return Suggestion(
        "contact",
        contact.display_name,
        row.address,
        contact.job_title,
        contact.organization,
        words=row.words,
    )


def _of_collected(row: CollectedRecipient) -> Suggestion:
    return Suggestion("collected", row.name, row.address, words=row.words)


def _groups(asked: _Asked, limit: int) -> Found:
    del limit
    for group in Group.objects.of(asked.user):
        text = "".join(f" {word}" for word in words(group.name))
        if all(any(f" {one}" in text for one in spellings) for spellings in asked.words):
            size = group.contacts.filter(deleted=None).count() + len(group.external)
            shown = Suggestion("group", group.name, group=group.pk, size=size, words=text)
            if size:  # to nobody nothing is written
                yield f"group {group.pk}", shown


def _colleagues(asked: _Asked, limit: int) -> Found:
    """Of the directory, those of the person's own school."""
    if not asked.school:
        return ()
    found = DirectoryEntry.objects.filter(asked.filter(), school_uai=asked.school)
    return _of_entries(found.order_by("sort_key", "pk")[:limit])


def _of_entries(entries: Iterable[DirectoryEntry]) -> Found:
    for entry in entries:
        yield (
            entry.folded,
            Suggestion(
                "directory",
                entry.name,
                entry.address,
                " · ".join(filter(None, (entry.function, entry.discipline))),
                entry.school_name,
                words=entry.words,
            ),
        )


def _contacts(asked: _Asked, limit: int) -> Found:
    if asked.own.is_none:
        return ()
    mine = ContactWord.objects.filter(user=asked.user)
    rows = mine.filter(asked.own.rows, asked.filter("address__words"))
    rows = rows.order_by("by_domain", "sort_key", "address_id")
    rows = rows.select_related("address__contact").defer(*_unread("address__contact__"))
    return ((row.address.folded, _of_contact(row.address)) for row in rows[: 2 * limit])


def _way(
    rows: QuerySet[ContactWord] | QuerySet[DirectoryWord], drivers: Iterable[_Spellings]
) -> _Way:
    """By the rarest of the words ``drivers``.

    Few rows are sorted. Of a first name that thousands have, or of a domain, the rows of its first
    three letters are read in their order instead, which the index has, until there are enough."""
    counts = {
        word: rows.filter(typed(*word))[:_FEW].count() for word in drivers if len(word[0]) > 1
    }
    rarest = min(counts, key=lambda word: (counts[word], -len(word[0])))
    is_few = counts[rarest] < _FEW
    first = {spelling[:IN_ORDER] for spelling in rarest}
    in_order = not is_few and len(first) == 1
    return _Way(typed(*(first if in_order else rarest)), is_none=counts[rarest] == 0, is_few=is_few)


def _directory(asked: _Asked, limit: int) -> Found:
    """By name; then, where each word begins a domain of the directory, by that."""
    long = [word for word in asked.words if len(word[0]) > 1]
    if by_name := [word for word in long if not _begins_domain(word, asked.domains)]:
        yield from _of_words(asked, by_name, limit)
        return
    for word in long:
        yield from _of_words(asked, [word], limit)
    for domain in asked.domains:
        found = DirectoryEntry.objects.filter(asked.filter(), domain=domain)
        yield from _of_entries(found.order_by("sort_key")[:limit])


def _begins_domain(word: _Spellings, domains: Iterable[str]) -> bool:
    parts = {part for domain in domains for part in words(domain)}
    return any(part.startswith(spelling) for part in parts for spelling in word)


def _of_words(asked: _Asked, drivers: Sequence[_Spellings], limit: int) -> Found:
    every = DirectoryWord.objects.all()
    way = _way(every, drivers)
    if way.is_none:
        return ()
    rows = every.filter(way.rows, asked.filter("entry__words"))
    rows = rows.order_by("sort_key", "entry_id").select_related("entry")
    return _of_entries(row.entry for row in rows[: 2 * limit])


def entries(user: User, text: str) -> QuerySet[DirectoryEntry]:
    """Of the directory, those with every word of the text, by last name; all for no words."""
    asked = _asked(user, words(text[:LONGEST])[:_MOST_WORDS])
    found = DirectoryEntry.objects.filter(asked.filter())
    for word in asked.words:
        rows = DirectoryWord.objects.filter(typed(*word))
        is_driver = len(word[0]) > 1 and not _begins_domain(word, asked.domains)
        if is_driver and rows[:_FEW].count() < _FEW:
            found = found.filter(pk__in=rows.values("entry"))
            break
    return found.order_by("sort_key", "pk")


_SOURCES: tuple[Callable[[_Asked, int], Found], ...] = (
    _written_to,
    _groups,
    _colleagues,
    _contacts,
    _directory,
)


def _known_better(user: User, found: dict[str, Suggestion]) -> tuple[Suggestion, ...]:
    """Each by the best that is known of its address: a contact's name, the directory's function
    and school."""
    addresses = [key for key, one in found.items() if one.group is None]
    if not addresses:
        return tuple(found.values())
    mine = ContactAddress.objects.filter(user=user, folded__in=addresses, contact__deleted=None)
    mine = mine.select_related("contact").defer(*_unread("contact__"))
    contacts = {row.folded: _of_contact(row) for row in mine}
    entries = dict(_of_entries(DirectoryEntry.objects.filter(folded__in=addresses)))
    return tuple(_merged(one, contacts.get(key), entries.get(key)) for key, one in found.items())


def _merged(one: Suggestion, contact: Suggestion | None, entry: Suggestion | None) -> Suggestion:
    words_of_all = "".join(dict.fromkeys(part.words for part in (one, contact, entry) if part))
    shown = contact or one
    if entry is not None:
        shown = replace(
            shown,
            name=shown.name or entry.name,
            function=shown.function or entry.function,
            school=shown.school or entry.school,
        )
    return replace(shown, words=words_of_all)
