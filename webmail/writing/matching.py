"""Match the documents of a message to each with recipients, by the names of the files.

Pure functions. A document goes to a recipient if the roster names it, or if its name has all words
of the recipient's name. Accents, case, order and separators do not count. Nothing is guessed: a
document that may be for two people, and two documents for one person, are left to the user.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from mail.folding import fold

_T = TypeVar("_T")
_K = TypeVar("_K")
_WORD = re.compile(r"[^\W_]+")
_LOWER_UPPER = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_MOST_WORDS = 24
_MOST_JOINED = 4
_LONGEST_NAME = 300
# The largest number of comparisons of a document with a name, and of people who are noted for a
# document. 2,000 files with usual names need some thousands.
_MOST_TRIED = 200_000
# The largest number of different names that fit one document and are compared with one another.
_MOST_NEAREST = 50
_LEAST_TELLING = 3  # letters of a word that makes a person a candidate
_MOST_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class DocumentOwner:
    """A recipient. ``key`` is the address in lower case; ``last`` and ``first`` are the name that
    documents have, which may be a child's. A parent of two children has two entries. ``file`` is
    the document that the roster names for the recipient. ``line`` is the same for people who get
    the same document: the line of the roster, or a number for each pupil; 0 for neither."""

    key: str
    last: str = ""
    first: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of the user. ``documents`` go to these recipients, or to nobody. ``opened`` are
    documents about which the user will decide, whatever their names. ``without`` are people who get
    a message without a document."""

    documents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    opened: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Matching:
    """The documents of each person in order, as ``given``, and everything that the user must
    decide.

    ``unmatched`` documents have no recipient, ``shared`` ones may be for several people,
    ``doubled`` ones are for a person who has another one, and ``lacking`` are people without a
    document. ``candidates`` are the people whom an unmatched document may mean. ``left_out`` and
    ``without`` were decided. ``absent`` are people whose document, as named by the roster, does not
    exist. ``uncompared`` counts the unmatched documents that were not compared with all names,
    since too many names are alike.
    """

    given: Mapping[str, tuple[str, ...]]
    unmatched: tuple[str, ...] = ()
    shared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    doubled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    candidates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()
    uncompared: int = 0

    @property
    def open_documents(self) -> int:
        return len(self.unmatched) + len(self.shared) + len(self.doubled)

    @property
    def is_settled(self) -> bool:
        return not self.open_documents and not self.lacking


def match(
    documents: Mapping[str, str], people: Sequence[DocumentOwner], decided: Decisions | None = None
) -> Matching:
    """Match ``documents``, a mapping of keys to names, with people. A decision about former
    recipients is ignored."""
    decided = decided or Decisions()
    by_hand = _by_hand(documents, people, decided)
    open_ones = {key: name for key, name in documents.items() if key not in by_hand}
    finder = _Finder(people)
    owners = {key: finder.whose(name) for key, name in open_ones.items()}
    candidates = {key: finder.candidates(open_ones[key]) for key, to in owners.items() if not to}
    for key in decided.opened & owners.keys():
        candidates[key] = candidates.get(key) or finder.keys(owners[key])
        owners[key] = ()
    shared = {key: finder.keys(to) for key, to in owners.items() if not _get_one_document(to)}
    sure = {key: to for key, to in owners.items() if key not in shared and to}
    doubled = {key: finder.keys(sure[key]) for key in _doubled(sure, by_hand)}
    given: dict[str, list[str]] = {}
    for key in documents:
        names_one = key in sure and key not in doubled
        for person in by_hand.get(key) or (finder.keys(sure[key]) if names_one else ()):
            given.setdefault(person, []).append(key)
    # A person who may get one of these documents lacks none until they are settled.
    expected = {person for to in _once((*doubled.values(), *shared.values())) for person in to}
    bare = list(dict.fromkeys(person.key for person in people if person.key not in given))
    return Matching(
        given={person: tuple(keys) for person, keys in given.items()},
        unmatched=tuple(key for key, to in owners.items() if not to),
        shared=shared,
        doubled=doubled,
        candidates=candidates,
        lacking=tuple(
            person for person in bare if person not in decided.without and person not in expected
        ),
        left_out=tuple(key for key, to in by_hand.items() if not to),
        without=tuple(person for person in bare if person in decided.without),
        absent=finder.absent(documents.values()),
        uncompared=finder.uncompared,
    )


def _once(groups: Iterable[tuple[_T, ...]]) -> Collection[tuple[_T, ...]]:
    """Return each group once. Documents of the same people have one and the same group, so that
    nobody is looked at for each document anew."""
    return {id(group): group for group in groups}.values()


def _by_hand(
    documents: Mapping[str, str], people: Sequence[DocumentOwner], decided: Decisions
) -> dict[str, tuple[str, ...]]:
    """Return the documents about which the user decided, with their recipients; () for a document
    that goes to nobody. A decision is left out if none of its people is a recipient any more."""
    everybody = {person.key for person in people}
    by_hand = {}
    for key in documents:
        if key in decided.documents:
            chosen = decided.documents[key]
            present = tuple(recipient for recipient in chosen if recipient in everybody)
            if present or not chosen:
                by_hand[key] = present
    return by_hand


def _doubled(
    sure: Mapping[str, tuple[DocumentOwner, ...]], by_hand: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Return the documents whose person would get another one for the same line, or was assigned
    one by hand."""
    handed = {person for to in _once(by_hand.values()) for person in to}
    times = Counter(id(to) for to in sure.values())
    number: Counter[tuple[str, int]] = Counter()
    for to in _once(sure.values()):
        for owner in to:
            number[owner.key, owner.line] += times[id(to)]
    return [
        key
        for key, to in sure.items()
        if any(owner.key in handed or number[owner.key, owner.line] > 1 for owner in to)
    ]


def names_person(name: str, person: DocumentOwner, *, is_lenient: bool = False) -> bool:
    """Return whether the name of a document has all words of a person's name. With ``is_lenient``,
    one of several first names is enough."""
    fits = _how_far_fits(_Words.of(name), _Name.of(person))
    return fits == _WHOLE or (is_lenient and fits == _PARTLY)


def in_a_row(text: str) -> str:
    """Return the folded words of a text, with a blank around each, for `is_in`."""
    return f" {' '.join(fold(word) for word in _WORD.findall(text))} "


def is_in(words: str, first: str, last: str) -> bool:
    """Return whether a name is in a text, with the first name before or after the last."""
    return any(f" {row} " in words for row in rows_of(first, last))


def rows_of(first: str, last: str) -> tuple[str, str]:
    """Return a name as it may stand among the words of `in_a_row`: with the first name before the
    last, and after it."""
    first_words, last_words = " ".join(_parts(first)), " ".join(_parts(last))
    return f"{first_words} {last_words}", f"{last_words} {first_words}"


# --- whose a document is ---


_NOT, _PARTLY, _WHOLE = 0, 1, 2


class _Finder:
    """Finds the people of documents. Each name of a person is folded once, and people of one name
    are one group.

    ``uncompared`` counts the documents that came after `_MOST_TRIED` comparisons.
    """

    def __init__(self, people: Sequence[DocumentOwner]) -> None:
        self.uncompared = 0
        self._named = _grouped((_exact(person.file), person) for person in people if person.file)
        self._index = _Index(person for person in people if not person.file)
        self._keys: dict[int, tuple[str, ...]] = {}

    def whose(self, name: str) -> tuple[DocumentOwner, ...]:
        """Return the people of a document, none or several."""
        if named := self._named.get(_exact(name)):
            return named
        if self._index.is_exhausted:
            self.uncompared += 1
            return ()
        owners = self._index.whose(_Words.of(name))
        self.uncompared += self._index.is_exhausted and not owners
        return owners

    def candidates(self, name: str) -> tuple[str, ...]:
        """Return the keys of the people whom a document without a person may mean."""
        return self._index.candidates(_Words.of(name))

    def keys(self, people: tuple[DocumentOwner, ...]) -> tuple[str, ...]:
        """Return the keys of a group that `whose` returned, each once."""
        if id(people) not in self._keys:
            self._keys[id(people)] = tuple(dict.fromkeys(person.key for person in people))
        return self._keys[id(people)]

    def absent(self, names: Iterable[str]) -> frozenset[str]:
        """Return the people whose own document does not exist."""
        gone = self._named.keys() - {_exact(name) for name in names}
        return frozenset(person.key for name in gone for person in self._named[name])


def _grouped(
    pairs: Iterable[tuple[_K, DocumentOwner]],
) -> dict[_K, tuple[DocumentOwner, ...]]:
    groups: dict[_K, list[DocumentOwner]] = {}
    for key, person in pairs:
        groups.setdefault(key, []).append(person)
    return {key: tuple(group) for key, group in groups.items()}


def _exact(name: str) -> str:
    """Return a file's name in one form, since macOS and other systems write it differently."""
    return unicodedata.normalize("NFC", name.strip())


def _get_one_document(people: Sequence[DocumentOwner]) -> bool:
    """Return whether all these people get the document: one person, the people of one line of the
    roster or of one pupil (such as both parents), or those for whom the roster names the same
    document."""
    first = people[0] if people else None
    if first is None or len(people) == 1:
        return True
    if first.file:
        return True
    return bool(first.line) and all(person.line == first.line for person in people)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a file's name, and adjacent words joined: ``LE_GOFF`` and ``LeGoff`` are one
    name."""

    single: frozenset[str]
    joined: frozenset[str]

    @classmethod
    def of(cls, name: str) -> _Words:
        stem = name.rpartition(".")[0] or name
        words: list[str] = []
        for chunk in _WORD.findall(unicodedata.normalize("NFC", stem[:_LONGEST_NAME])):
            words += _LOWER_UPPER.split(chunk)
        words = [fold(word) for word in words[:_MOST_WORDS]]
        joined = {
            "".join(words[start:end])
            for start in range(len(words))
            for end in range(start + 1, min(start + _MOST_JOINED, len(words)) + 1)
        }
        return cls(frozenset(words), frozenset(joined))

    def has(self, name: Sequence[str]) -> bool:
        return all(word in self.joined for word in name) or "".join(name) in self.joined


def _parts(name: str) -> tuple[str, ...]:
    return tuple(fold(word) for word in _WORD.findall(name[:_LONGEST_NAME])[:_MOST_WORDS])


@dataclass(frozen=True, slots=True)
class _Name:
    """The folded words of a person's name."""

    last: tuple[str, ...]
    first: tuple[str, ...]

    @classmethod
    def of(cls, person: DocumentOwner) -> _Name:
        return cls(_parts(person.last), _parts(person.first))

    @property
    def words(self) -> frozenset[str]:
        return frozenset((*self.last, *self.first))

    @property
    def telling(self) -> frozenset[str]:
        return frozenset((*self.words, "".join(self.last), "".join(self.first))) - {""}


def _how_far_fits(words: _Words, name: _Name) -> int:
    """Return how far a name fits. `_PARTLY` stands for the last name and the first of several first
    names."""
    last, first = name.last, name.first
    if len(last) + len(first) < 2 or not words.has(last):
        return _NOT
    if words.has(first):
        return _WHOLE
    return _PARTLY if last and len(first) > 1 and first[0] in words.single else _NOT


class _Index:
    """People by the words of their names, so that no document is compared with all of them, and
    with people of one name once."""

    def __init__(self, people: Iterable[DocumentOwner]) -> None:
        self._left = _MOST_TRIED
        self._people = _grouped((_Name.of(person), person) for person in people)
        self._order = {name: place for place, name in enumerate(self._people)}
        self._groups: dict[tuple[_Name, ...], tuple[DocumentOwner, ...]] = {}
        self._telling: dict[str, list[_Name]] = {}
        # A name that fits has one of its first two keys, and one of the other two, in the document.
        self._places: dict[str, dict[str, list[_Name]]] = {}
        for name in self._people:
            for word in name.telling:
                self._telling.setdefault(word, []).append(name)
            for last in _keys_of(name.last):
                places = self._places.setdefault(last, {})
                for first in _keys_of(name.first):
                    places.setdefault(first, []).append(name)

    @property
    def is_exhausted(self) -> bool:
        return self._left < 0

    def whose(self, words: _Words) -> tuple[DocumentOwner, ...]:
        fits = {name: _how_far_fits(words, name) for name in self._possible(words)}
        best = max(fits.values(), default=_NOT)
        if best == _NOT or self.is_exhausted:  # a name that was not tried might fit better
            return ()
        nearest = [name for name, how in fits.items() if how == best]
        names = _largest(sorted(nearest, key=self._order.__getitem__))
        if names not in self._groups:
            group = tuple(person for name in names for person in self._people[name])
            self._left -= len(group)
            self._groups[names] = group
        return self._groups[names]

    def _possible(self, words: _Words) -> Iterator[_Name]:
        """Yield the names that may fit."""
        joined = words.joined | {""}
        for last in joined & self._places.keys():
            places = self._places[last]
            for first in joined & places.keys():
                for name in places[first]:
                    self._left -= 1
                    if self._left < 0:
                        return
                    yield name

    def candidates(self, words: _Words) -> tuple[str, ...]:
        telling = {word for word in words.joined if len(word) >= _LEAST_TELLING}
        rarest = sorted(telling & self._telling.keys(), key=lambda word: len(self._telling[word]))
        near: dict[str, None] = {}
        for word in rarest:
            for name in self._telling[word][:_MOST_CANDIDATES]:
                near |= {person.key: None for person in self._people[name][:_MOST_CANDIDATES]}
            if len(near) >= _MOST_CANDIDATES:
                break
        return tuple(near)[:_MOST_CANDIDATES]


def _keys_of(words: tuple[str, ...]) -> frozenset[str]:
    """Return the words of which a document has one, if it has these words."""
    return frozenset(("".join(words), words[0] if words else ""))


def _largest(names: Sequence[_Name]) -> tuple[_Name, ...]:
    """Return the names without those that another one has all words of. If both ``Léa Dupont`` and
    ``Léa-Marie Dupont`` fit, the second is meant."""
    if len(names) > _MOST_NEAREST:
        return tuple(names)
    words = {name: name.words for name in names}
    return tuple(name for name in names if not any(words[name] < words[other] for other in names))
