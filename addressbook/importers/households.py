"""Guardians who share one cell of a list that was made by hand: who is in it, and whose is which
address.

Nothing is guessed: what the words do not tell is left together, or in a note, and said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from addressbook.contact_data import ContactData
from addressbook.folding import fold, words
from addressbook.importers.duplicates import CIVILITIES

_LONGEST = 300
_MOST_PEOPLE = 4
_MOST_WORDS = 6
_REMARK = re.compile(r"\(([^()]{0,80})\)")
_APART = re.compile(r"\b(?:parents )?(?:s[ée]par[ée]e?s?|divorc[ée]e?s?)\b[ :]?", re.IGNORECASE)
_BETWEEN = re.compile(r" ?[/;&+\n] ?| (?:et|ou|and) ", re.IGNORECASE)
_GLUED = re.compile(r"\b(M|Mr|Mme)\. ?(?=et )", re.IGNORECASE)
_RELATIONS = {"pere": "père", "papa": "père", "mere": "mère", "maman": "mère"}


@dataclass(frozen=True, slots=True)
class Household:
    """The people of a cell: whole names, each with its relation as the cell says it, or "".
    ``remark`` is what else stands there. ``are_apart`` says that they are separated, ``is_unsure``
    that a name may be wrong."""

    names: tuple[tuple[str, str], ...]
    remark: str = ""
    are_apart: bool = False
    is_unsure: bool = False


def household(text: str, surname: str = "") -> Household:
    """Return the people of a cell such as ``M. et Mme MARTIN`` or ``Mme DUPONT / M. MARTIN
    (séparés)``. ``surname`` is the pupil's."""
    if len(text) > _LONGEST:
        return Household(((text, ""),))
    plain, remark = _without_remarks(text)
    is_apart = bool(_APART.search(plain) or _APART.search(remark))
    plain = _APART.sub("", plain).strip(" -–,:;")
    pieces = [piece.strip(" -–,:") for piece in _pieces(plain)]
    pieces = [piece for piece in pieces if piece]
    if not 1 < len(pieces) <= _MOST_PEOPLE or any(
        len(piece.split()) > _MOST_WORDS for piece in pieces
    ):
        name, relation = _own_relation(text if not remark else plain or text)
        return Household(((name, relation),), remark, is_apart)
    named, is_unsure = _named(pieces, surname)
    if not named:
        return Household(((text, ""),), is_unsure=True)
    return Household(tuple(map(_own_relation, named)), remark, is_apart, is_unsure)


def are_apart(text: str) -> bool:
    """Return whether a remark says that the parents are separated."""
    return bool(_APART.search(text[:_LONGEST]))


def _without_remarks(text: str) -> tuple[str, str]:
    """Return the text with blanks made one, and what stood in brackets. The word for a relation
    stays with its name."""
    text = re.sub(r"[^\S\n]+", " ", text)
    remarks: list[str] = []

    def kept(match: re.Match[str]) -> str:
        if fold(match[1]) in _RELATIONS:
            return f" {_RELATIONS[fold(match[1])]}"
        remarks.append(match[1].strip())
        return ""

    plain = _GLUED.sub(r"\1. ", _REMARK.sub(kept, text))
    return plain.strip(), " ; ".join(remarks)


def _pieces(plain: str) -> list[str]:
    pieces = _BETWEEN.split(plain)
    by_comma = plain.split(",")
    if len(pieces) == 1 and len(by_comma) > 1 and all(len(piece.split()) > 1 for piece in by_comma):
        return by_comma
    return pieces


def _own_relation(name: str) -> tuple[str, str]:
    """Return a name and the relation that stands with it: ``Paul MARTIN (père)``."""
    name_words = name.split()
    relation = next((word for word in name_words if word in ("père", "mère")), "")
    kept = [word for word in name_words if word != relation] if relation else name_words
    return (" ".join(kept), relation) if kept else (name, "")


def _named(pieces: Sequence[str], surname: str) -> tuple[list[str], bool]:
    """Return the whole names of several people, and whether one may be wrong; nothing if the pieces
    are no names."""
    named: list[str] = []
    is_unsure = False
    for position, piece in enumerate(pieces):
        civility, bare = _parted(piece)
        if not bare:
            following = next((other for other in pieces[position + 1 :] if _parted(other)[1]), "")
            borrowed = _surname(following, surname)
            if not borrowed:
                return [], True
            named.append(f"{civility} {borrowed}")
        elif position and not _parted(pieces[position - 1])[1]:
            # In "M. et Mme Paul MARTIN" the first name is that of one of them.
            own = _surname(piece, surname)
            is_unsure = is_unsure or fold(own) != fold(bare)
            named.append(f"{civility} {own}".strip())
        elif not civility and len(bare.split()) == 1 and not _is_surname(bare, surname):
            others = (_surname(other, surname, strict=True) for other in pieces if other != piece)
            borrowed = next(filter(None, others), "")
            if not borrowed:
                return [], True
            named.append(f"{bare} {borrowed}")
        else:
            named.append(piece)
    return named, is_unsure


def _parted(piece: str) -> tuple[str, str]:
    """Return the civility and the rest of a name."""
    name_words = piece.split()
    if name_words and fold(name_words[0]).strip(".") in CIVILITIES:
        return name_words[0], " ".join(name_words[1:])
    return "", piece


def _is_surname(word: str, surname: str) -> bool:
    is_capital = len(word) > 1 and word == word.upper() != word.lower()
    return is_capital or bool(surname and fold(word) == fold(surname))


def _surname(piece: str, surname: str, *, strict: bool = False) -> str:
    """Return the surname in a name: its capitals, or the pupil's surname. Otherwise the whole, or
    nothing if it must be ``strict``."""
    bare = _parted(piece)[1]
    name_words = bare.split()
    capitals = [
        word for word in name_words if len(word) > 1 and word == word.upper() != word.lower()
    ]
    if capitals:
        return " ".join(capitals)
    if surname and fold(bare).endswith(fold(surname)):
        return surname
    return "" if strict else bare


@dataclass(frozen=True, slots=True)
class SharedOut:
    """The values of each person, those that are nobody's for sure, and whether only the order told
    whose is whose."""

    of_each: tuple[tuple[str, ...], ...]
    left: tuple[str, ...] = ()
    is_by_order: bool = False


def shared_out(
    values: Sequence[str], people: Sequence[ContactData], *, are_apart: bool
) -> SharedOut:
    """Share addresses or telephones out among people. A name in an address tells whose it is; as
    many values as people are theirs in their order; a single value belongs to both parents who live
    together."""
    mine: list[list[str]] = [[] for _person in people]
    left = []
    for value in values:
        index = _whose(value, people)
        if index < 0:
            left.append(value)
        else:
            mine[index].append(value)
    without = [index for index, own in enumerate(mine) if not own]
    is_by_order = bool(left) and len(left) == len(without) and (not are_apart or len(left) > 1)
    if is_by_order:
        for index, value in zip(without, left, strict=True):
            mine[index].append(value)
        left = []
    elif len(left) == len(values) == 1 and not are_apart:
        mine, left = [[left[0]] for _person in people], []
    return SharedOut(tuple(map(tuple, mine)), tuple(left), is_by_order)


def _whose(value: str, people: Sequence[ContactData]) -> int:
    """Return the index of the only person whose name an address tells, else -1."""
    if "@" not in value:
        return -1
    local = fold(value.partition("@")[0])
    scores = [_score(local, person) for person in people]
    best = max(scores)
    return scores.index(best) if best and scores.count(best) == 1 else -1


def fits(address: str, person: ContactData) -> bool:
    """Return whether an address has a name of this person."""
    return _score(fold(address.partition("@")[0]), person) > 0


def _score(local: str, person: ContactData) -> int:
    """Return how well an address fits a name: by the first name, the surname, or both."""
    parts = re.findall(r"[a-z]+", local)
    whole = "".join(parts)
    firsts = [word for word in words(person.first_name) if len(word) > 2]
    lasts = [word for word in words(person.last_name or person.display_name) if len(word) > 2]
    lasts = [word for word in lasts if word not in CIVILITIES]
    score = 4 * any(word in whole for word in firsts) + 2 * any(word in whole for word in lasts)
    if score == 2 and person.first_name:
        initial = fold(person.first_name)[:1]
        score += int(any(part == initial for part in parts) or whole.startswith(initial))
    return score
