"""Complete the text that the user types into a field of recipients."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import User
from addressbook.completion import mistakes, queries, sql
from addressbook.completion.sql import Spellings
from addressbook.contacts import audiences, families, groups, sharing
from addressbook.directory import filters
from addressbook.folding import words
from addressbook.models import (
    DirectoryEntry,
    DirectoryWord,
    Group,
)
from addressbook.models.completion import IN_ORDER

LIMIT = queries.MOST
LONGEST = 200
"""The number of typed characters that are read."""
_MOST_WORDS = 5
_MOST_NEAR = 20
_FEW = 1_000
"""The number of rows that are sorted in a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A person to write to, or a whole group with its key in ``group`` and its ``size``. ``source``
    says where it was found: ``contact``, ``group``, ``shared``, ``collected``, ``directory`` or
    ``list``. ``words`` are those by which it is found (see `Words.text`). ``audience`` is that of a
    class, otherwise "". ``owner`` is the name of the colleague who shares a group."""

    source: str
    name: str
    address: str = ""
    function: str = ""
    school: str = ""
    group: int | None = None
    size: int = 0
    words: str = ""
    audience: str = ""
    owner: str = ""


@dataclass(frozen=True)
class _RarestWord:
    """The condition that finds all people of a query by its rarest word, and whether it finds none
    or few."""

    begins: RawSQL
    is_none: bool
    is_few: bool


@dataclass(frozen=True)
class _Query:
    """One search. ``school`` is the user's own (UAI), ``domains`` are those of the directory."""

    user: User
    words: tuple[Spellings, ...]
    school: str
    domains: tuple[str, ...]

    @cached_property
    def held(self) -> RawSQL:
        """The condition that every word is in the text of a row's words (see `Words.text`)."""
        return sql.holds(self.words)

    @cached_property
    def groups(self) -> list[tuple[int, str, str, bool]]:
        """Key, name and kind of each group, and whether it is archived."""
        return list(queries.groups_of(self.user.pk))

    @cached_property
    def shared(self) -> list[tuple[int, str, str, str]]:
        """Key, name, kind and owner of each group that is shared with the user, once."""
        rows = _shared_with(self.user, self.school)
        row_of = {row[0]: row for row in reversed(rows)}
        is_seen = {pk for pk, _name, kind, with_pupils, *_owner in rows if with_pupils or not kind}
        return [
            (pk, name, kind, owner or address)
            for pk, name, kind, _pupils, owner, address in reversed(row_of.values())
            if pk in is_seen
        ]

    def is_held(self, text: str) -> bool:
        """Return whether a text outside the database has every word, as `held` does for rows."""
        return all(
            any(f" {spelling}" in text for spelling in spellings) for spellings in self.words
        )

    def is_touched(self, text: str) -> bool:
        """Return whether a text outside the database has at least one of the words."""
        return any(
            any(f" {spelling}" in text for spelling in spellings) for spellings in self.words
        )

    @cached_property
    def own(self) -> _RarestWord:
        """The rarest word among the user's contacts. Two sources use it."""
        return _rarest_word(partial(queries.own_words.count, self.user.pk), self.words)


def complete(user: User, text: str) -> tuple[Suggestion, ...]:
    """Suggest recipients for typed text, at most `LIMIT`. The words may be typed in any order; each
    must begin a word of the name or address, and one must have at least two letters. The order is:
    frequent recipients, groups, colleagues of the same school, other contacts, other addresses
    written to, the directory; each part by name. An address comes once.

    If nothing matches, the search is repeated with one mistake allowed in one word of four or more
    letters. The number of queries depends only on the number of words.
    """
    typed_words = words(text[:LONGEST])[:_MOST_WORDS]
    if max(map(len, typed_words), default=0) < 2:
        return ()
    query = _query(user, typed_words)
    return _search(query) or _search_with_a_mistake(query)


def _query(user: User, typed_words: Sequence[str]) -> _Query:
    domains = tuple(name for (name,) in queries.domains())
    school = queries.school_of(user.mail_domain_id, user.login) if domains else ()
    return _Query(
        user=user,
        words=tuple((word,) for word in typed_words),
        school=school[0][0] if school else "",
        domains=domains,
    )


def _shared_with(user: User, school: str) -> list[tuple[int, str, str, bool, str, str]]:
    nobody = queries.NOBODY
    address = user.address.lower() if user.mail_domain_id else ""
    return queries.shared_with(user.pk, address or nobody, school or nobody)


def _search_with_a_mistake(query: _Query) -> tuple[Suggestion, ...]:
    """Search again with one typing mistake allowed: in the only word that matches nobody, or, if
    every word matches somebody, in one of the two longest."""
    spelt = [word[0] for word in query.words]
    others = _words_of_others(query)
    existing = _known_beginnings(query.user, spelt, others)
    missing = [
        word
        for word in spelt
        if word not in existing and not _begins_domain((word,), query.domains)
    ]
    if len(missing) > 1:
        return ()
    for word in missing or sorted(spelt, key=len, reverse=True)[:2]:
        if near := _shortest(_known_beginnings(query.user, mistakes.near(word), others))[
            :_MOST_NEAR
        ]:
            corrected = tuple(
                near if spellings == (word,) else spellings for spellings in query.words
            )
            if suggestions := _search(replace(query, words=corrected)):
                return suggestions
    return ()


def _shortest(texts: Sequence[str]) -> Spellings:
    """Return the spellings that do not begin with another one: all that begins with ``martine``
    also begins with ``martin``."""
    return tuple(
        text
        for text in texts
        if not any(text != other and text.startswith(other) for other in texts)
    )


def _known_beginnings(user: User, texts: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Return the texts that begin a word of anybody whom the user can find. ``others`` are sorted
    words."""
    if not texts:
        return ()
    existing = set(queries.in_index(user, texts))
    for text in texts:
        place = bisect_left(others, text)
        if place < len(others) and others[place].startswith(text):
            existing.add(text)
    return tuple(text for text in texts if text in existing)


def _words_of_others(query: _Query) -> list[str]:
    """Return the words of collected recipients and of groups, sorted. They have no rows of words,
    since they are few."""
    collected = " ".join(text for (text,) in queries.words_of_collected(query.user.pk))
    names = " ".join([*(row[1] for row in query.groups), *(row[1] for row in query.shared)])
    return sorted({*collected.split(), *words(names)})


def _search(query: _Query) -> tuple[Suggestion, ...]:
    """Ask one source after the other, in the order of their rank, until there are `LIMIT`
    suggestions."""
    suggestions: dict[str, Suggestion] = {}
    for key, suggestion in chain.from_iterable(source(query) for source in _SOURCES):
        suggestions.setdefault(key, suggestion)
        if len(suggestions) == LIMIT:
            break
    return _completed(query, suggestions)


Suggestions = Iterable[tuple[str, Suggestion]]


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


def _written_to(query: _Query) -> Suggestions:
    """Return the people to whom the user wrote, contacts or not, by weight."""
    user, held, own = query.user.pk, query.held, query.own
    contacts: list[queries.Row] = []
    if not own.is_few:  # so many rows match that the ten with the highest weight are found soon
        contacts = queries.weighed(user, held)
    elif not own.is_none:
        contacts = queries.weighed_of_few(user, held, own.begins)
    ranked = [
        *((weight, _of_contact(*row)) for weight, *row in contacts),
        *((weight, _of_collected(*row)) for weight, *row in queries.collected(user, held)),
    ]
    ranked.sort(key=lambda pair: -pair[0])
    return (suggestion for _weight, suggestion in ranked)


def _groups(query: _Query) -> Suggestions:
    return chain(_groups_that(query, are_archived=False), _shared_groups(query))


def _groups_of_owners(query: _Query) -> Suggestions:
    """Return shared groups that match only by their owner's name. They come last, since a user who
    types a colleague's name most likely means the colleague."""
    return _shared_groups(query, by_owner=True)


def _shared_groups(query: _Query, *, by_owner: bool = False) -> Suggestions:
    """Return the groups that colleagues share: those that match by a word of their names, or with
    ``by_owner`` those that match by the owner's name alone."""
    matches = {}
    for pk, name, _kind, owner in query.shared:
        text = _text(f"{name} {owner}")
        if query.is_held(text) and query.is_touched(_text(name)) != by_owner:
            matches[pk] = (text, owner)
    shared_by_key = {seen.group.pk: seen for seen in sharing.seen_by(query.user)} if matches else {}
    for keys in _in_parts([pk for pk in matches if pk in shared_by_key]):
        shared = [shared_by_key[pk] for pk in keys]
        sizes = sharing.sizes(seen for seen in shared if not seen.group.is_class)
        pupils = families.of_classes([seen.group for seen in shared if seen.group.is_class])
        for seen in shared:
            group, (text, owner) = seen.group, matches[seen.group.pk]
            if group.is_class:
                suggestions = _audiences_of(group, pupils[group.pk], "shared")
            else:
                suggestions = _whole(group, sizes[group.pk], "shared")
            for key, suggestion in suggestions:
                yield key, replace(suggestion, words=text, owner=owner)


def _in_parts(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the keys of groups in chunks of `LIMIT`, so that a chunk takes one query of each
    kind."""
    for start in range(0, len(keys), LIMIT):
        yield keys[start : start + LIMIT]


def _whole(group: Group, size: int, source: str) -> Suggestions:
    if size:  # a group without recipients is not suggested
        yield f"{source} {group.pk}", Suggestion(source, group.name, group=group.pk, size=size)


def _audiences_of(group: Group, pupils: Sequence[families.Family], source: str) -> Suggestions:
    """Yield the suggestions for a class: its guardians, its pupils and both, if they have
    recipients."""
    for audience in audiences.Audience:
        if size := len(audiences.recipients_among(group, pupils, audience).recipients):
            name = audiences.label(group, audience)
            suggestion = Suggestion(source, name, group=group.pk, size=size, audience=audience)
            yield f"{source} {group.pk} {audience}", suggestion


def _lists(query: _Query) -> Suggestions:
    """Yield groups of the LDAP directory: by an address of their own, else by their members."""
    most = filters.most()
    for pk, name, address, size, words_of_it in queries.lists(query.held) if most else ():
        if address:
            yield address.lower(), Suggestion("list", name, address, size=size, words=words_of_it)
        elif 0 < size <= most:
            yield (
                f"list {pk}",
                Suggestion("list", name, group=pk, size=size, words=words_of_it),
            )


def _archived_groups(query: _Query) -> Suggestions:
    """Return the classes of former years, which come last."""
    return _groups_that(query, are_archived=True)


def _groups_that(query: _Query, *, are_archived: bool) -> Suggestions:
    parts = " ".join(map(audiences.words_for, audiences.Audience))
    texts = {}
    for pk, name, kind, is_archived in query.groups:
        is_class = kind == Group.Kind.CLASS
        text = _text(f"{name} {parts}" if is_class else name)
        if is_archived == are_archived and query.is_held(text):
            texts[pk] = text
    for keys in _in_parts(list(texts)):
        groups_by_key = Group.objects.in_bulk(keys)
        own = [groups_by_key[pk] for pk in keys if pk in groups_by_key]
        sizes = groups.sizes([group for group in own if not group.is_class])
        pupils = families.of_classes([group for group in own if group.is_class])
        for group in own:
            if group.pk in pupils:
                yield from _matching_audiences(query, group, pupils[group.pk])
            else:
                for key, suggestion in _whole(group, sizes[group.pk], "group"):
                    yield key, replace(suggestion, words=texts[group.pk])


def _matching_audiences(
    query: _Query, group: Group, pupils: Sequence[families.Family]
) -> Suggestions:
    """Yield the audiences of one of the user's classes that match. The audience of both is left out
    if it has as many recipients as another one."""
    sizes: set[int] = set()
    for key, suggestion in _audiences_of(group, pupils, "group"):
        text = _text(suggestion.name)
        is_both = suggestion.audience == audiences.Audience.BOTH
        if query.is_held(text) and not (is_both and suggestion.size in sizes):
            sizes.add(suggestion.size)
            yield key, replace(suggestion, words=text)


def _text(name: str) -> str:
    """Return the words of a name in the form that `_Search.is_held` reads."""
    return "".join(f" {word}" for word in words(name))


def _colleagues(query: _Query) -> Suggestions:
    """Return the colleagues of the user's own school, from the directory."""
    rows = queries.of_school(query.school, query.held) if query.school else ()
    return (_of_entry(*row) for row in rows)


def _contacts(query: _Query) -> Suggestions:
    if query.own.is_none:
        return ()
    rows = queries.by_own_words(query.user.pk, query.own.begins, query.held)
    return (_of_contact(*row) for row in rows)


def _rarest_word(count: Callable[..., int], drivers: Iterable[Spellings]) -> _RarestWord:
    """Return the condition of the rarest of the words ``drivers``, among the rows that ``count``
    counts.

    If the word has few rows, they are sorted. For a domain, or a first name that thousands have,
    the rows that begin with its first three letters are read instead: the index has them in order,
    and reading ends at the limit.
    """
    counts = {word: count(sql.begins(word), most=_FEW) for word in drivers if len(word[0]) > 1}
    rarest = min(counts, key=lambda word: (counts[word], -len(word[0])))
    is_few = counts[rarest] < _FEW
    first = {spelling[:IN_ORDER] for spelling in rarest}
    in_order = not is_few and len(first) == 1
    begins = sql.begins(first if in_order else rarest)
    return _RarestWord(begins, is_none=counts[rarest] == 0, is_few=is_few)


def _directory(query: _Query) -> Suggestions:
    """Yield the people of the directory by name, or by domain if each word begins one of the
    directory's domains."""
    long = [word for word in query.words if len(word[0]) > 1]
    if by_name := [word for word in long if not _begins_domain(word, query.domains)]:
        yield from _of_words(query, by_name)
        return
    for word in long:
        yield from _of_words(query, [word])
    for domain in query.domains:
        yield from (_of_entry(*row) for row in queries.of_domain(domain, query.held))


def _begins_domain(word: Spellings, domains: Iterable[str]) -> bool:
    parts = {part for domain in domains for part in words(domain)}
    return any(part.startswith(spelling) for part in parts for spelling in word)


def _of_words(query: _Query, drivers: Sequence[Spellings]) -> Suggestions:
    rarest = _rarest_word(queries.their_words.count, drivers)
    rows = () if rarest.is_none else queries.by_their_words(rarest.begins, query.held)
    return (_of_entry(*row) for row in rows)


def entries(user: User, text: str) -> QuerySet[DirectoryEntry]:
    """Return the people of the directory who have every word of the text, by last name; all of them
    if there is no word."""
    query = _query(user, words(text[:LONGEST])[:_MOST_WORDS])
    matching = DirectoryEntry.objects.filter(query.held)
    for word in query.words:
        is_driver = len(word[0]) > 1 and not _begins_domain(word, query.domains)
        if is_driver and queries.their_words.count(begins := sql.begins(word), most=_FEW) < _FEW:
            matching = matching.filter(pk__in=DirectoryWord.objects.filter(begins).values("entry"))
            break
    return matching.order_by("sort_key", "pk")


_SOURCES: tuple[Callable[[_Query], Suggestions], ...] = (
    _written_to,
    _groups,
    _colleagues,
    _contacts,
    _lists,
    _directory,
    _groups_of_owners,
    _archived_groups,
)


def _completed(query: _Query, suggestions: dict[str, Suggestion]) -> tuple[Suggestion, ...]:
    """Complete each suggestion with the best that is known of its address: a contact's name, and
    the function and school of the directory."""
    addresses = [key for key, suggestion in suggestions.items() if suggestion.group is None]
    if not addresses:
        return tuple(suggestions.values())
    contacts = dict(_of_contact(*row) for row in queries.contacts_of(query.user.pk, addresses))
    entries = dict(_of_entry(*row) for row in queries.entries_of(addresses))
    return tuple(
        _merged(suggestion, contacts.get(key), entries.get(key))
        for key, suggestion in suggestions.items()
    )


def _merged(
    suggestion: Suggestion, contact: Suggestion | None, entry: Suggestion | None
) -> Suggestion:
    words_of_all = "".join(
        dict.fromkeys(part.words for part in (suggestion, contact, entry) if part)
    )
    shown = contact or suggestion
    if entry is not None:
        shown = replace(
            shown,
            name=shown.name or entry.name,
            function=shown.function or entry.function,
            school=shown.school or entry.school,
        )
    return replace(shown, words=words_of_all)
