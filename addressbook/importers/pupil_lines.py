"""One line of a school's list: its pupils, and the guardians with what belongs to each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.folding import fold
from addressbook.importers import households, judging
from addressbook.importers.assemble import Pair
from addressbook.importers.duplicates import CIVILITIES, sex_of

_STEP = 10
_TITLES = ("prefix", "last_name", "first_name", "display_name")
_CLASS = "school:class"
SHARED = 9
"""The slot of addresses and telephones that may be of any guardian of the line."""
_MOST_CHILDREN = 12
_BETWEEN_CHILDREN = re.compile(r" ?[;/\n|] ?| et ", re.IGNORECASE)
_IN_BRACKETS = re.compile(r" ?[(\[]([^()\[\]]{1,40})[)\]]| - ([^-]{1,24})$")
_BETWEEN_PHONES = re.compile(r" ?[;/\n|] ?| (?:et|ou) ", re.IGNORECASE)


@dataclass(slots=True)
class PupilLine:
    """The parsed cells of one line, the pupil's by number 0."""

    pupil: list[Pair] = field(default_factory=list)
    guardians: dict[int, list[Pair]] = field(default_factory=dict)
    marks: dict[tuple[int, str], str] = field(default_factory=dict)
    notes: dict[int, list[str]] = field(default_factory=dict)
    # The slots of people who came out of one cell, with the slot of that cell.
    origins: dict[int, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    siblings: str = ""
    """All pupils of the guardian of this line, if there are several."""

    def slots(self) -> list[int]:
        """Return the numbers of the guardians, in their order."""
        every = self.guardians.keys() | self.notes.keys() | {slot for slot, _name in self.marks}
        return sorted(every - {0})


# --- several pupils ---


def by_child(
    line: PupilLine, children: Mapping[int, Sequence[Pair]], *, is_by_guardian: bool
) -> Iterator[PupilLine]:
    """Yield a line for each pupil. ``children`` are the pairs of the second pupil of a guardian and
    those that follow, by their number. Where lines are of guardians, several pupils may stand in
    one cell."""
    every = [line.pupil]
    whole = dict(line.pupil).get("display_name", "")
    if is_by_guardian and whole:
        others = [pair for pair in line.pupil if pair[0] != "display_name"]
        every = [_with_class(name, of_class, others) for name, of_class in children_in(whole)]
    every += [
        list(pairs)
        for _which, pairs in sorted(children.items())
        if any(name in _TITLES for name, _text in pairs)
    ]
    names = sorted(fold(" ".join(_name_of(pairs))) for pairs in every)
    for pairs in every or [line.pupil]:
        yield _for(line, pairs, " + ".join(names) if len(names) > 1 else "")


def _with_class(name: str, of_class: str, others: Sequence[Pair]) -> list[Pair]:
    own = [(_CLASS, of_class)] if of_class else []
    kept = [pair for pair in others if not own or pair[0] != _CLASS]
    return [("display_name", name), *own, *kept]


def _name_of(pairs: Sequence[Pair]) -> list[str]:
    named = dict(pairs)
    return [named.get(name, "") for name in ("last_name", "first_name", "display_name", _CLASS)]


def _for(line: PupilLine, pupil: list[Pair], siblings: str) -> PupilLine:
    is_other = pupil is not line.pupil
    notes = {slot: list(own) for slot, own in line.notes.items() if slot or not is_other}
    return replace(
        line,
        pupil=pupil,
        siblings=siblings,
        notes=notes,
        guardians={slot: list(pairs) for slot, pairs in line.guardians.items()},
        marks=dict(line.marks),
        problems=list(line.problems),
    )


def children_in(text: str) -> list[tuple[str, str]]:
    """Return the names of pupils in one cell, each with its class or "": ``MARTIN Léa (6e C) ;
    MARTIN Tom``. A comma parts two names only if each has two words."""
    if len(text) > 1_000:
        return []
    text = re.sub(r"[^\S\n]+", " ", text)
    pieces = _BETWEEN_CHILDREN.split(text)
    by_comma = text.split(",")
    if len(pieces) == 1 and len(by_comma) > 1 and all(len(piece.split()) > 1 for piece in by_comma):
        pieces = by_comma
    children = [_child(piece.strip(" ,")) for piece in pieces]
    return [pair for pair in children if pair[0]][:_MOST_CHILDREN]


def _child(piece: str) -> tuple[str, str]:
    match = _IN_BRACKETS.search(piece)
    if not match:
        return piece, ""
    inner = (match[1] or match[2]).strip()
    if match[2] and not judging.is_class(inner):
        return piece, ""
    return piece[: match.start()].strip(), inner


# --- who must not be written to ---


_NOT_TO = re.compile(
    r"\b(?:ne|n) (?:pas|plus|jamais|rien) (?:[a-z]{1,12} ){0,2}?"
    r"(?:ecrire|contacter|communiquer|envoyer|prevenir|joindre|informer|appeler|transmettre)"
    r"|\b(?:aucun|pas de) (?:contact|courrier|mail|message)s?\b"
)
_PARENTS = {
    "pere": "father", "papa": "father", "mere": "mother", "maman": "mother",
}  # fmt: skip


def forbids(text: str) -> bool:
    """Return whether a note says that somebody must not be written to."""
    return bool(_NOT_TO.search(fold(text[:2_000]).replace("’", " ").replace("'", " ")))


def heed_notes(line: PupilLine, relations: Mapping[int, str]) -> None:
    """Let no mail go to a guardian of whom a note forbids it: ``ne pas écrire au père``. A note
    that names nobody of the list for sure is told. ``relations`` are those of the guardians."""
    for slot, texts in line.notes.items():
        for text in filter(forbids, texts):
            whom = _whom(text, slot, line, relations)
            for number in whom:
                line.marks[number, "receives_mail"] = "non"
            line.problems.append("no_mail_said" if whom else "custody_note")


def _whom(text: str, slot: int, line: PupilLine, relations: Mapping[int, str]) -> list[int]:
    note_words = set(re.findall(r"[a-z]+", fold(text)))
    asked = {_PARENTS[word] for word in note_words & _PARENTS.keys()}
    if asked:
        return [number for number in line.guardians if relations.get(number, "") in asked]
    if slot:
        return [slot]
    named = [
        number
        for number, pairs in line.guardians.items()
        if _names_of(pairs) and _names_of(pairs) & note_words
    ]
    return named if len(named) == 1 else []


def _names_of(pairs: Sequence[Pair]) -> set[str]:
    contact = _contact(pairs)
    whole = fold(f"{contact.last_name or contact.display_name} {contact.first_name}")
    return {word for word in re.findall(r"[a-z]+", whole) if len(word) > 2} - CIVILITIES


# --- several guardians in one cell ---


def told_apart(line: PupilLine, surname: str, relations: Mapping[int, str]) -> PupilLine:
    """Return the line with a slot for each guardian. ``relations`` are those that the headers of
    the slots say; a column of the mother or father without a name gets that of the couple."""
    result = replace(line, guardians={}, marks={}, notes=dict(line.notes), origins={})
    names = _names_for_relations(line, surname, relations)
    for slot in line.slots():
        if slot == SHARED:
            continue
        pairs = [*names.get(slot, []), *line.guardians.get(slot, [])]
        marks = {name: text for (whose, name), text in line.marks.items() if whose == slot}
        notes = result.notes.pop(slot, [])
        if slot in names and not names[slot]:
            _keep_left(result, pairs)
            result.notes.setdefault(0, []).extend(notes)
            continue
        for place, own in enumerate(_people(pairs, surname, result)):
            number = slot * _STEP + place
            result.origins[number] = slot
            marked = {name: text for name, text in own if name == "relation"}
            result.guardians[number] = [pair for pair in own if pair[0] not in ("relation", "note")]
            result.notes[number] = list(notes) if not place else []
            result.notes[number] += [text for name, text in own if name == "note"]
            for name, text in (marks | marked).items():
                result.marks[number, name] = text
    _share_out(line.guardians.get(SHARED, []), result)
    return result


def _share_out(pairs: Sequence[Pair], line: PupilLine) -> None:
    """Share the columns that name no guardian out among all of the line."""
    numbers = [number for number, own in sorted(line.guardians.items()) if _has_name(own)]
    if not pairs or not numbers:
        line.notes.setdefault(0, []).extend(text for _name, text in pairs)
        line.problems += ["unshared"] if pairs else []
        return
    are_apart = any(households.are_apart(text) for text in line.notes.get(0, ()))
    people = [line.guardians[number] for number in numbers]
    if len(people) == 1:
        people[0] += pairs
    else:
        _share(pairs, people, line, are_apart=are_apart)


def _names_for_relations(
    line: PupilLine, surname: str, relations: Mapping[int, str]
) -> dict[int, list[Pair]]:
    """Return the names of a couple for the columns of mother and father that have none; the slot of
    the couple itself then has nothing."""
    nameless = {
        relation: slot
        for slot, relation in relations.items()
        if relation in ("mother", "father")
        and line.guardians.get(slot)
        and not _has_name(line.guardians[slot])
    }
    for slot, pairs in line.guardians.items():
        text = dict(pairs).get("display_name", "")
        shared_cell = households.household(text, surname)
        if slot in nameless.values() or not text or shared_cell.is_unsure:
            continue
        given: dict[int, list[Pair]] = {}
        for name, _relation in shared_cell.names:
            sex = sex_of(ContactData(display_name=name))
            relation = {"F": "mother", "M": "father"}.get(sex, "")
            if relation in nameless and nameless[relation] not in given:
                given[nameless[relation]] = [("display_name", name)]
        if given and len(given) == len(shared_cell.names):
            return {**given, slot: []}
    return {}


def _has_name(pairs: Sequence[Pair]) -> bool:
    return any(name in _TITLES[1:] for name, _text in pairs)


def _keep_left(line: PupilLine, pairs: Sequence[Pair]) -> None:
    """Note what stood beside a couple whose names went to the columns of mother and father."""
    for name, text in pairs:
        if name not in _TITLES:
            line.notes.setdefault(0, []).append(text)
            line.problems.append("unshared")


def _people(pairs: Sequence[Pair], surname: str, line: PupilLine) -> list[list[Pair]]:
    """Return the pairs of each person in one slot."""
    named = dict(pairs)
    if twins := _by_parts(named):
        return _share(pairs, twins, line, are_apart=False)
    text = named.get("display_name", "")
    if not text:
        return [list(pairs)]
    shared_cell = households.household(text, surname)
    if len(shared_cell.names) == 1 and forbids(shared_cell.remark):
        return [[*_renamed(pairs, shared_cell.names[0][0]), ("note", text)]]
    if shared_cell.remark or shared_cell.are_apart:
        line.notes.setdefault(0, []).append(text)
    if shared_cell.is_unsure:
        line.problems.append("several_in_cell")
    if len(shared_cell.names) == 1:
        name, relation = shared_cell.names[0]
        own = _renamed(pairs, name)
        return [[*own, ("relation", relation)] if relation else own]
    people = [
        [("display_name", name), *([("relation", relation)] if relation else [])]
        for name, relation in shared_cell.names
    ]
    return _share(pairs, people, line, are_apart=shared_cell.are_apart)


def _renamed(pairs: Sequence[Pair], name: str) -> list[Pair]:
    return [(key, name if key == "display_name" else value) for key, value in pairs]


def _by_parts(named: Mapping[str, str]) -> list[list[Pair]]:
    """Return the people whose surnames stand in one cell, and their first names in another."""
    lasts, firsts = (
        [part for part in _BETWEEN_CHILDREN.split(named.get(name, "")) if part]
        for name in ("last_name", "first_name")
    )
    if len(firsts) < 2 or len(lasts) not in (1, len(firsts)) or len(firsts) > 4:
        return []
    every = lasts * len(firsts) if len(lasts) == 1 else lasts
    return [
        [("last_name", last), ("first_name", first)]
        for last, first in zip(every, firsts, strict=True)
    ]


def _share(
    pairs: Sequence[Pair], people: list[list[Pair]], line: PupilLine, *, are_apart: bool
) -> list[list[Pair]]:
    """Share what belongs to one slot out among its people."""
    line.problems.append("several_in_cell")
    contacts = [_contact(own) for own in people]
    for kind in ("email", "phone"):
        values = [
            (name, value)
            for name, text in pairs
            if name.partition(":")[0] == kind
            for value in _values(kind, text)
        ]
        shared = households.shared_out(
            [value for _name, value in values], contacts, are_apart=are_apart
        )
        names = {value: name for name, value in values}
        for own, mine in zip(people, shared.of_each, strict=True):
            own += [(names[value], value) for value in mine]
        if shared.is_by_order:
            line.problems.append("paired_by_order")
        if shared.left:
            line.problems.append("unshared")
            line.notes.setdefault(0, []).extend(shared.left)
    together = [
        pair
        for pair in pairs
        if pair[0] not in _TITLES and pair[0].partition(":")[0] not in ("email", "phone")
    ]
    if together and are_apart:
        line.problems.append("unshared")
        line.notes.setdefault(0, []).extend(text for _name, text in together)
    elif together:
        for own in people:
            own += together
    return people


def _values(kind: str, text: str) -> list[str]:
    if kind == "email":
        return list(vcard.addresses_in(text)) or [text]
    return phones_in(text)


def phones_in(text: str) -> list[str]:
    """Return the telephones of one cell."""
    parts = _BETWEEN_PHONES.split(re.sub(r"[^\S\n]+", " ", text))
    parts = [part.strip() for part in parts if part.strip()]
    is_each_one = all(len(re.sub(r"\D", "", part)) >= 9 for part in parts)
    return parts if is_each_one else [text]


def _contact(pairs: Sequence[Pair]) -> ContactData:
    named = dict(pairs)
    whole = named.get("display_name", "")
    capitals = [word for word in whole.split() if len(word) > 1 and word == word.upper()]
    others = [
        word
        for word in whole.split()
        if word not in capitals and fold(word).strip(".") not in CIVILITIES
    ]
    return ContactData(
        display_name=whole,
        last_name=named.get("last_name", "") or " ".join(capitals),
        first_name=named.get("first_name", "") or (" ".join(others) if capitals else ""),
    )
