"""People of the directory by function and school: the members of a group from the directory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q, QuerySet

from addressbook.completion import roles
from addressbook.folding import fold, words
from addressbook.models import DirectoryEntry, GroupFilter

_TERMS = "directory-terms"
_TERMS_SECONDS = 10 * 60
_MOST_SCHOOLS, _MOST_WORDS = 5_000, 1_000


def most() -> int:
    """Return the number of people that a group from the directory may have; 0 if there are no such
    groups."""
    return int(settings.DIRECTORY_GROUP_MOST)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of the directory: its schools with number and name, its disciplines and its
    functions."""

    schools: tuple[tuple[str, str], ...]
    disciplines: tuple[str, ...]
    functions: tuple[str, ...]

    def school(self, text: str) -> tuple[str, str] | None:
        """Return the school that was typed by its number, its name, or both as the list shows them;
        None if it is not unique."""
        wanted = fold(text.strip())
        named = [school for school in self.schools if wanted in _spellings(*school)]
        return named[0] if len(named) == 1 else None

    def discipline(self, text: str) -> str:
        """Return the directory's spelling of the typed discipline, or ""."""
        return next(iter(_equal_terms(text, self.disciplines)), "")

    def function(self, text: str) -> str:
        """Return the directory's spelling of the typed function. Otherwise return the typed words,
        if functions of the directory contain them, as ``Professeure agrégée`` contains
        ``Professeur``; else ""."""
        function = next(iter(_equal_terms(text, self.functions)), "")
        plain = f"{text[:1].upper()}{text[1:]}"
        return function or (plain if _containing(text, self.functions) else "")


def school_words(uai: str, name: str) -> str:
    """Return a school as it is listed: ``Collège Jean Moulin (0801234A)``."""
    return f"{name} ({uai})" if name else uai


def _spellings(uai: str, name: str) -> set[str]:
    return {fold(text) for text in (uai, name, school_words(uai, name)) if text}


def terms() -> Terms:
    """Return the terms of the directory, from the cache for ten minutes or until the next filling,
    else by three queries."""
    if cached := cache.get(_TERMS):
        schools, disciplines, functions = cached  # the cache returns lists
        pairs = tuple((uai, name) for uai, name in schools)
        return Terms(pairs, tuple(disciplines), tuple(functions))
    rows = DirectoryEntry.objects.order_by().exclude(school_uai="")
    names: dict[str, str] = {}
    for uai, name in rows.values_list("school_uai", "school_name").distinct()[:_MOST_SCHOOLS]:
        names[uai] = names.get(uai) or name
    schools = sorted(names.items(), key=lambda school: (fold(school[1]), school[0]))
    directory_terms = Terms(tuple(schools), _values("discipline"), _values("function"))
    cache.set(
        _TERMS,
        (directory_terms.schools, directory_terms.disciplines, directory_terms.functions),
        _TERMS_SECONDS,
    )
    return directory_terms


def _values(column: str) -> tuple[str, ...]:
    rows = DirectoryEntry.objects.order_by().exclude(**{column: ""})
    values = rows.values_list(column, flat=True).distinct()[:_MOST_WORDS]
    return tuple(sorted(values, key=fold))


def forget_terms() -> None:
    """Delete the cached terms, after a filling."""
    cache.delete(_TERMS)


_FEMININE = (
    ("euse", "eur"),
    ("ee", ""),
    ("trice", "teur"),
    ("ere", "er"),
    ("ienne", "ien"),
    ("e", ""),
)


def _stem(word: str) -> str:
    """Return the word without its feminine ending: ``professeure`` and ``professeur`` are one
    function."""
    for ending, other in _FEMININE:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending) + other
    return word


def _key(text: str) -> frozenset[str]:
    """Return a key that is equal for all spellings of a discipline or function, such as ``SVT`` and
    its full name."""
    plain = text.replace("(e)", "").replace("·e", "")
    return frozenset(_stem(word) for word in roles.words_of(" ".join(words(plain))))


def _equal_terms(text: str, known: Iterable[str]) -> list[str]:
    key = _key(text)
    return [term for term in known if _key(term) == key] if key else []


def _containing(text: str, known: Iterable[str]) -> list[str]:
    """Return the terms that contain every word of the text."""
    key = _key(text)
    return [term for term in known if key <= _key(term)] if key else []


def entries(wanted: GroupFilter) -> QuerySet[DirectoryEntry]:
    """Return the people of the directory who match the filter now, by last name. All spellings of a
    discipline match, and all functions that contain the words of the wanted one."""
    return DirectoryEntry.objects.filter(_condition(wanted)).order_by("sort_key", "pk")


def _condition(wanted: GroupFilter) -> Q:
    choices = terms()
    condition = Q(school_uai=wanted.school_uai) if wanted.school_uai else Q()
    if wanted.discipline:
        same = _equal_terms(wanted.discipline, choices.disciplines)
        condition &= Q(discipline__in=[wanted.discipline, *same])
    if wanted.function:
        same = _containing(wanted.function, choices.functions)
        condition &= Q(function__in=[wanted.function, *same])
    return condition


@dataclass(frozen=True, slots=True)
class DirectoryMembers:
    """The people of one group from the directory, each once, by name and address. ``count`` is
    their number; if it is above the limit, ``people`` is empty."""

    people: tuple[tuple[str, str], ...] = ()
    count: int = 0

    @property
    def is_too_large(self) -> bool:
        return self.count > most()


def find_members(wanted: GroupFilter) -> DirectoryMembers:
    """Return the people whom the filter finds, by one query, or two if there are too many. There
    are none if the administrators have turned such groups off."""
    limit = most()
    if not limit:
        return DirectoryMembers()
    rows = entries(wanted)
    people = tuple(rows.values_list("name", "address")[: limit + 1])
    if len(people) > limit:
        return DirectoryMembers((), rows.order_by().count())
    return DirectoryMembers(people, len(people))
