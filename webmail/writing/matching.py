"""Match the documents of a message to each with recipients, by the names of the files.

Pure functions. A document goes to a recipient if the roster names it, or if its name has all words
of the recipient's name. Accents, case, order and separators do not count. Nothing is guessed: a
document that may be for two people, and two documents for one person, are left to the user.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from webmail.folding import fold

_WORD = re.compile(r"[^\W_]+")
_LOWER_UPPER = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_MOST_WORDS = 24
_MOST_JOINED = 4
_LONGEST_NAME = 300
# The largest number of comparisons of a document with a person. 2,000 files with usual names need
# some thousands.
_MOST_TRIED = 200_000
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
    exist.
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
    owners, candidates, absent = _owners(
        {key: name for key, name in documents.items() if key not in by_hand}, people
    )
    for key in decided.opened & owners.keys():
        candidates[key] = candidates.get(key) or _keys(owners[key])
        owners[key] = ()
    shared = {key: _keys(to) for key, to in owners.items() if not _get_one_document(to)}
    sure = {key: to for key, to in owners.items() if key not in shared and to}
    doubled = _doubled(sure, by_hand)
    given: dict[str, list[str]] = {}
    for key in documents:
        names_one = key in sure and key not in doubled
        for person in by_hand.get(key) or (_keys(sure[key]) if names_one else ()):
            given.setdefault(person, []).append(key)
    # A person who may get one of these documents lacks none until they are settled.
    expected = {person for to in (*doubled.values(), *shared.values()) for person in to}
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
        absent=absent,
    )


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
    sure: Mapping[str, Sequence[DocumentOwner]], by_hand: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return the documents whose person would get another one for the same line, or was assigned
    one by hand."""
    handed = {person for to in by_hand.values() for person in to}
    number = Counter((owner.key, owner.line) for to in sure.values() for owner in to)
    return {
        key: _keys(to)
        for key, to in sure.items()
        if any(owner.key in handed or number[owner.key, owner.line] > 1 for owner in to)
    }


def names_person(name: str, person: DocumentOwner, *, is_lenient: bool = False) -> bool:
    """Return whether the name of a document has all words of a person's name. With ``is_lenient``,
    one of several first names is enough."""
    fits = _how_far_fits(_Words.of(name), person)
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


def _owners(
    documents: Mapping[str, str], people: Sequence[DocumentOwner]
) -> tuple[dict[str, tuple[DocumentOwner, ...]], dict[str, tuple[str, ...]], frozenset[str]]:
    """Return the people of each document, none or several; the candidates for each document without
    a person; and the people whose own document does not exist."""
    named = {_exact(person.file) for person in people if person.file}
    owners: dict[str, tuple[DocumentOwner, ...]] = {}
    index = _Index(person for person in people if not person.file)
    candidates: dict[str, tuple[str, ...]] = {}
    for key, name in documents.items():
        if _exact(name) in named:
            owners[key] = tuple(person for person in people if _exact(person.file) == _exact(name))
            continue
        words = _Words.of(name)
        owners[key] = index.whose(words)
        if not owners[key]:
            candidates[key] = index.candidates(words)
    there = {_exact(name) for name in documents.values()}
    absent = frozenset(
        person.key for person in people if person.file and _exact(person.file) not in there
    )
    return owners, candidates, absent


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


def _keys(people: Iterable[DocumentOwner]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(person.key for person in people))


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


def _how_far_fits(words: _Words, person: DocumentOwner) -> int:
    """Return how far a name fits. `_PARTLY` stands for the last name and the first of several first
    names."""
    last, first = _parts(person.last), _parts(person.first)
    if len(last) + len(first) < 2 or not words.has(last):
        return _NOT
    if words.has(first):
        return _WHOLE
    return _PARTLY if last and len(first) > 1 and first[0] in words.single else _NOT


class _Index:
    """People by the words of their names, so that no document is compared with all of them."""

    def __init__(self, people: Iterable[DocumentOwner]) -> None:
        self._left = _MOST_TRIED
        self._people: dict[str, list[DocumentOwner]] = {}
        for person in people:
            for word in self._telling(person):
                self._people.setdefault(word, []).append(person)

    @staticmethod
    def _telling(person: DocumentOwner) -> set[str]:
        last, first = _parts(person.last), _parts(person.first)
        return {*last, *first, "".join(last), "".join(first)} - {""}

    def _near(self, words: _Words) -> Iterator[DocumentOwner]:
        """Yield the people who share a word with the document, each once."""
        seen: set[DocumentOwner] = set()
        for word in sorted(words.joined, key=lambda joined: len(self._people.get(joined, ()))):
            for person in self._people.get(word, ()):
                if person in seen:
                    continue
                seen.add(person)
                self._left -= 1
                if self._left < 0:
                    return
                yield person

    def whose(self, words: _Words) -> tuple[DocumentOwner, ...]:
        fits = [(_how_far_fits(words, person), person) for person in self._near(words)]
        best = max((how for how, _person in fits), default=_NOT)
        if best == _NOT:
            return ()
        nearest = [person for how, person in fits if how == best]
        return tuple(
            person for person in nearest if not any(_is_within(person, other) for other in nearest)
        )

    def candidates(self, words: _Words) -> tuple[str, ...]:
        telling = _Words(
            frozenset(),
            frozenset(word for word in words.joined if len(word) >= _LEAST_TELLING),
        )
        near: dict[str, None] = {}
        for person in self._near(telling):
            near[person.key] = None
            if len(near) == _MOST_CANDIDATES:
                break
        return tuple(near)


def _is_within(person: DocumentOwner, other: DocumentOwner) -> bool:
    """Return whether the other name has all words of this one, and more. If both ``Léa Dupont`` and
    ``Léa-Marie Dupont`` fit, the second is meant."""
    mine = {*_parts(person.last), *_parts(person.first)}
    others = {*_parts(other.last), *_parts(other.first)}
    return mine < others
