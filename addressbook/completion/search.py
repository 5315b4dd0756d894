"""Complete what a person types into a line of recipients."""

# ruff: noqa: S608  names of tables and columns of ours alone; values are handed over beside them

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from accounts.models import StaffRecord, User
from addressbook.completion import mistakes, sql
from addressbook.completion.sql import Condition, Spellings
from addressbook.folding import words
from addressbook.models import (
    CollectedRecipient,
    Contact,
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

_CONTACT, _ADDRESS, _CONTACT_WORD, _COLLECTED, _GROUP, _ENTRY, _ENTRY_WORD, _DOMAIN, _STAFF = (
    model._meta.db_table
    for model in (
        *(Contact, ContactAddress, ContactWord, CollectedRecipient, Group),
        *(DirectoryEntry, DirectoryWord, DirectoryDomain, StaffRecord),
    )
)


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

    rows: Condition
    is_none: bool
    is_few: bool


@dataclass(frozen=True)
class _Asked:
    """What is looked for. ``school`` is the person's own (UAI), ``domains`` those of the
    directory."""

    user: User
    words: tuple[Spellings, ...]
    school: str
    domains: tuple[str, ...]

    def held_in(self, column: str) -> Condition:
        """What holds every word; in ``column`` is the text of the row's words (see
        `Words.text`)."""
        return sql.holds(column, self.words)

    @cached_property
    def own(self) -> _Way:
        """Among the person's contacts; two sources ask for it."""
        return _way(_CONTACT_WORD, Condition("word.user_id = %s", (self.user.pk,)), self.words)


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
    domains = tuple(name for (name,) in sql.rows(f"SELECT name FROM {_DOMAIN} ORDER BY name"))
    return _Asked(
        user=user,
        words=tuple((word,) for word in typed_words),
        school=_school(user) if domains else "",
        domains=domains,
    )


def _school(user: User) -> str:
    """By his staff record, "" without one."""
    found = sql.rows(
        f"SELECT school_uai FROM {_STAFF} WHERE mail_domain_id = %s AND login = %s LIMIT 1",
        *(user.mail_domain_id, user.login),
    )
    return found[0][0] if found else ""


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


def _shortest(texts: Sequence[str]) -> Spellings:
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
    at_least, below = sql.bounds()
    near = ", ".join(["(%s, %s)"] * len(texts))
    found = sql.rows(
        f"""
        WITH near (low, high) AS (VALUES {near}) SELECT low FROM near WHERE
        EXISTS (SELECT 1 FROM {_CONTACT_WORD} AS own WHERE own.user_id = %s
                AND own.word {at_least} near.low AND own.word {below} near.high)
        OR EXISTS (SELECT 1 FROM {_ENTRY_WORD} AS theirs
                   WHERE theirs.word {at_least} near.low AND theirs.word {below} near.high)
        """,
        *(end for text in texts for end in sql.between(text)),
        user.pk,
    )
    return [text for (text,) in found]


def _words_of_others(user: User) -> list[str]:
    """Of those he wrote to and of his groups, which have no rows of words: they are few."""
    collected = sql.rows(f"SELECT words FROM {_COLLECTED} WHERE user_id = %s", user.pk)
    names = sql.rows(f"SELECT folded FROM {_GROUP} WHERE user_id = %s AND deleted IS NULL", user.pk)
    known = " ".join(text for (text,) in collected).split()
    return sorted({*known, *words(" ".join(name for (name,) in names))})


def _search(asked: _Asked, limit: int) -> tuple[Suggestion, ...]:
    """Source after source, in the order of their rank, until there is enough."""
    found: dict[str, Suggestion] = {}
    for key, suggestion in chain.from_iterable(source(asked, limit) for source in _SOURCES):
        found.setdefault(key, suggestion)
        if len(found) == limit:
            break
    return _known_better(asked, found)


Found = Iterable[tuple[str, Suggestion]]


def _written_to(asked: _Asked, limit: int) -> Found:
    """Whom the person wrote to, contact or not, by weight."""
    ranked = [
        *((weight, _of_contact(*row)) for weight, *row in _contacts_written_to(asked, limit)),
        *((weight, _of_collected(*row)) for weight, *row in _collected(asked, limit)),
    ]
    ranked.sort(key=lambda one: -one[0])
    return (found for _weight, found in ranked)


# What `_of_contact` and the others make a suggestion of.
_OF_CONTACT = (
    "address.folded, contact.display_name, address.address, contact.job_title,"
    " contact.organization, address.words"
)
_OF_COLLECTED = "folded, name, address, words"
_OF_ENTRY = "folded, name, address, function, discipline, school_name, words"


def _contacts_written_to(asked: _Asked, limit: int) -> list[tuple[Any, ...]]:
    if asked.own.is_none:
        return []
    held, way = asked.held_in("address.words"), Condition("")
    if asked.own.is_few:
        # Where many have the word, ten of them are met soon among those written to.
        rows = asked.own.rows
        way = Condition(
            f"AND address.id IN (SELECT address_id FROM {_CONTACT_WORD} AS word WHERE {rows.sql})",
            rows.values,
        )
    return sql.rows(
        f"""
        SELECT address.weight, {_OF_CONTACT} FROM {_ADDRESS} AS address
        JOIN {_CONTACT} AS contact ON contact.id = address.contact_id
        WHERE address.user_id = %s AND address.weight IS NOT NULL AND {held.sql} {way.sql}
        ORDER BY address.weight DESC LIMIT %s
        """,
        *(asked.user.pk, *held.values, *way.values, limit),
    )


def _collected(asked: _Asked, limit: int) -> list[tuple[Any, ...]]:
    held = asked.held_in("words")
    return sql.rows(
        f"""
        SELECT weight, {_OF_COLLECTED} FROM {_COLLECTED}
        WHERE user_id = %s AND {held.sql} ORDER BY weight DESC LIMIT %s
        """,
        *(asked.user.pk, *held.values, limit),
    )


def _of_contact(
    folded: str, name: str, address: str, job: str, organization: str, words_of_it: str
) -> tuple[str, Suggestion]:
    return folded, Suggestion("contact", name, address, job, organization, words=words_of_it)


def _of_collected(folded: str, name: str, address: str, words_of_it: str) -> tuple[str, Suggestion]:
    return folded, Suggestion("collected", name, address, words=words_of_it)


def _of_entry(
    folded: str,
    name: str,
    address: str,
    function: str,
    discipline: str,
    school: str,
    words_of_it: str,
) -> tuple[str, Suggestion]:
    does = " · ".join(filter(None, (function, discipline)))
    return folded, Suggestion("directory", name, address, does, school, words=words_of_it)


def _groups(asked: _Asked, limit: int) -> Found:
    del limit
    named = sql.rows(
        f"""SELECT id, name FROM {_GROUP}
            WHERE user_id = %s AND deleted IS NULL ORDER BY folded, id""",
        asked.user.pk,
    )
    for pk, name in named:
        text = "".join(f" {word}" for word in words(name))
        if all(any(f" {one}" in text for one in spellings) for spellings in asked.words):
            group = Group.objects.get(pk=pk)
            size = group.contacts.filter(deleted=None).count() + len(group.external)
            if size:  # to nobody nothing is written
                yield f"group {pk}", Suggestion("group", name, group=pk, size=size, words=text)


def _colleagues(asked: _Asked, limit: int) -> Found:
    """Of the directory, those of the person's own school."""
    if not asked.school:
        return ()
    return _entries(asked, Condition("school_uai = %s", (asked.school,)), limit)


def _entries(asked: _Asked, condition: Condition, limit: int) -> Found:
    held = asked.held_in("words")
    found = sql.rows(
        f"""
        SELECT {_OF_ENTRY} FROM {_ENTRY}
        WHERE {condition.sql} AND {held.sql} ORDER BY sort_key, id LIMIT %s
        """,
        *(*condition.values, *held.values, limit),
    )
    return (_of_entry(*row) for row in found)


def _contacts(asked: _Asked, limit: int) -> Found:
    if asked.own.is_none:
        return ()
    way, held = asked.own.rows, asked.held_in("address.words")
    found = sql.rows(
        f"""
        SELECT {_OF_CONTACT} FROM {_CONTACT_WORD} AS word
        JOIN {_ADDRESS} AS address ON address.id = word.address_id
        JOIN {_CONTACT} AS contact ON contact.id = address.contact_id
        WHERE {way.sql} AND {held.sql}
        ORDER BY word.by_domain, word.sort_key, word.address_id LIMIT %s
        """,
        *(*way.values, *held.values, 2 * limit),
    )
    return (_of_contact(*row) for row in found)


def _way(table: str, all_of: Condition, drivers: Iterable[Spellings]) -> _Way:
    """By the rarest of the words ``drivers``, among the rows ``all_of`` the table.

    Few rows are sorted. Of a first name that thousands have, or of a domain, the rows of its first
    three letters are read in their order instead, which the index has, until there are enough."""
    counts = {word: _count(table, all_of, word) for word in drivers if len(word[0]) > 1}
    rarest = min(counts, key=lambda word: (counts[word], -len(word[0])))
    is_few = counts[rarest] < _FEW
    first = {spelling[:IN_ORDER] for spelling in rarest}
    in_order = not is_few and len(first) == 1
    rows = _beginning(all_of, first if in_order else rarest)
    return _Way(rows, is_none=counts[rarest] == 0, is_few=is_few)


def _count(table: str, all_of: Condition, word: Spellings) -> int:
    """Rows that begin with the word, as far as it matters how many there are."""
    rows = _beginning(all_of, word)
    counted = sql.rows(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM {table} AS word WHERE {rows.sql} LIMIT %s) AS few",
        *(*rows.values, _FEW),
    )
    return int(counted[0][0])


def _beginning(all_of: Condition, texts: Iterable[str]) -> Condition:
    word = sql.begins("word.word", texts)
    return Condition(f"{all_of.sql} AND {word.sql}", (*all_of.values, *word.values))


def _directory(asked: _Asked, limit: int) -> Found:
    """By name; then, where each word begins a domain of the directory, by that."""
    long = [word for word in asked.words if len(word[0]) > 1]
    if by_name := [word for word in long if not _begins_domain(word, asked.domains)]:
        yield from _of_words(asked, by_name, limit)
        return
    for word in long:
        yield from _of_words(asked, [word], limit)
    for domain in asked.domains:
        yield from _entries(asked, Condition("domain = %s", (domain,)), limit)


def _begins_domain(word: Spellings, domains: Iterable[str]) -> bool:
    parts = {part for domain in domains for part in words(domain)}
    return any(part.startswith(spelling) for part in parts for spelling in word)


def _of_words(asked: _Asked, drivers: Sequence[Spellings], limit: int) -> Found:
    way = _way(_ENTRY_WORD, Condition("TRUE"), drivers)
    if way.is_none:
        return ()
    held = asked.held_in("entry.words")
    columns = ", ".join(f"entry.{column}" for column in _OF_ENTRY.split(", "))
    found = sql.rows(
        f"""
        SELECT {columns} FROM {_ENTRY_WORD} AS word
        JOIN {_ENTRY} AS entry ON entry.id = word.entry_id
        WHERE {way.rows.sql} AND {held.sql} ORDER BY word.sort_key, word.entry_id LIMIT %s
        """,
        *(*way.rows.values, *held.values, 2 * limit),
    )
    return (_of_entry(*row) for row in found)


def entries(user: User, text: str) -> QuerySet[DirectoryEntry]:
    """Of the directory, those with every word of the text, by last name; all for no words."""
    asked = _asked(user, words(text[:LONGEST])[:_MOST_WORDS])
    found = DirectoryEntry.objects.filter(_every_word(asked.words))
    for word in asked.words:
        rows = DirectoryWord.objects.filter(typed(*word))
        is_driver = len(word[0]) > 1 and not _begins_domain(word, asked.domains)
        if is_driver and rows[:_FEW].count() < _FEW:
            found = found.filter(pk__in=rows.values("entry"))
            break
    return found.order_by("sort_key", "pk")


def _every_word(several: Iterable[Spellings]) -> Q:
    """As `sql.holds`, for a query of Django's."""
    condition = Q()
    for spellings in several:
        one = Q()
        for spelling in spellings:
            one |= Q(GreaterThan(StrIndex(F("words"), Value(f" {spelling}")), 0))
        condition &= one
    return condition


_SOURCES: tuple[Callable[[_Asked, int], Found], ...] = (
    _written_to,
    _groups,
    _colleagues,
    _contacts,
    _directory,
)


def _known_better(asked: _Asked, found: dict[str, Suggestion]) -> tuple[Suggestion, ...]:
    """Each by the best that is known of its address: a contact's name, the directory's function
    and school."""
    addresses = [key for key, one in found.items() if one.group is None]
    if not addresses:
        return tuple(found.values())
    listed = sql.listed(addresses)
    mine = sql.rows(
        f"""
        SELECT {_OF_CONTACT} FROM {_ADDRESS} AS address
        JOIN {_CONTACT} AS contact ON contact.id = address.contact_id
        WHERE address.user_id = %s AND address.folded IN {listed.sql} AND contact.deleted IS NULL
        ORDER BY address.position
        """,
        *(asked.user.pk, *listed.values),
    )
    theirs = f"SELECT {_OF_ENTRY} FROM {_ENTRY} WHERE folded IN {listed.sql}"
    contacts = dict(_of_contact(*row) for row in mine)
    entries = dict(_of_entry(*row) for row in sql.rows(theirs, *listed.values))
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
