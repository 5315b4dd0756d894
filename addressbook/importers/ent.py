"""The export of a digital workspace (ENT): a line for each user, with the kind of user, and for a
parent the children.

Néo, ONE, MonBureauNumérique, Skolengo and l'Éduc'de Normandie have such lists. The columns are
those of the files for users of the public project edificeio/entcore (CSV_Eleves.csv,
CSV_Parents.csv: externalId, Childexternalid) and of lists with the columns Type or Profil, Classe
and Enfant(s).

A pupil is a line, whatever other lines have the same name. A child's name ties a parent to the
only pupil of that name, else to nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from addressbook.contact_data import ContactData, GroupData, LinkData
from addressbook.folding import fold
from addressbook.importers import families, homonyms, judging, pupil_lines
from addressbook.importers.assemble import Pair, Style, contact_from
from addressbook.importers.reading import Gathered
from addressbook.importers.rows import SourceRow

TYPE, CHILDREN, ID, CHILD_ID = "ent:type", "ent:children", "ent:id", "ent:child_id"
FIELDS = (TYPE, CHILDREN, ID, CHILD_ID)
_KINDS = frozenset("type profil profile profils categorie public statut role fonction".split())
_PUPILS = frozenset("eleve eleves student students apprenant apprenants enfant".split())
_GUARDIANS_TEXT = (
    "parent parents responsable responsables relative relatives tuteur tuteurs famille"
    " representant representants pere mere"
)
_GUARDIANS = frozenset(_GUARDIANS_TEXT.split())
_STAFF_TEXT = (
    "enseignant enseignants enseignante professeur professeurs prof personnel personnels teacher"
    " personnal personnel invite invites guest agent direction administratif administration"
)
_STAFF = frozenset(_STAFF_TEXT.split())
_LOOKED_AT = 500


def fields_of(header: Sequence[str], data: Sequence[SourceRow]) -> list[str] | None:
    """Return the fields of the columns if each line is a user of a kind, else None."""
    headings = [families.tokens(cell) for cell in header]
    kind = next((n for n, words in enumerate(headings) if _is_kind(n, words, data)), -1)
    if kind < 0:
        return None
    fields = [_field(words) for words in headings]
    fields[kind] = TYPE
    taken: set[str] = set()
    for index, name in enumerate(fields):
        several = name in (CHILD_ID, CHILDREN) or name.partition(":")[0] in ("email", "phone")
        if name and name in taken and not several:
            fields[index] = families.NOTE
        taken.add(name)
    is_named = taken & {"last_name", "display_name"}
    return fields if is_named and _has_both(fields, data, kind) else None


def is_list(fields: Sequence[str]) -> bool:
    return TYPE in fields


def _is_kind(index: int, heading: Sequence[str], data: Sequence[SourceRow]) -> bool:
    if not set(heading) & _KINDS or len(heading) > 3:
        return False
    cells = [row.cells[index].strip() for row in data[:_LOOKED_AT] if index < len(row.cells)]
    cells = [cell for cell in cells if cell]
    return bool(cells) and sum(bool(_kind(cell)) for cell in cells) > len(cells) * 0.8


def _has_both(fields: Sequence[str], data: Sequence[SourceRow], kind: int) -> bool:
    """Return whether there are pupils, or parents with children."""
    kinds = {_kind(row.cells[kind]) for row in data[:_LOOKED_AT] if kind < len(row.cells)}
    has_children = CHILDREN in fields or CHILD_ID in fields
    return families.PUPIL in kinds or (families.GUARDIAN in kinds and has_children)


def _kind(cell: str) -> str:
    """Return ``pupil``, ``guardian``, ``staff``, or "" for another word."""
    kind_words = set(re.findall(r"[a-z]+", fold(cell[:60])))
    if kind_words & _STAFF:
        return "staff"
    if kind_words & _GUARDIANS:
        return families.GUARDIAN
    return families.PUPIL if kind_words & _PUPILS else ""


def _field(heading: tuple[str, ...]) -> str:
    there = set(heading)
    joined = "".join(heading)
    if "childexternalid" in joined or (there & {"enfant", "enfants"} and there & {"id", "ident"}):
        return CHILD_ID
    if there & {"enfant", "enfants"} or ({"eleve", "eleves"} & there and "nom" not in there):
        return CHILDREN
    if joined in ("id", "externalid", "ident", "uid", "identifiantent"):
        return ID
    if there & families.SECRETS:
        return ""
    return families.attribute(heading) or families.NOTE


@dataclass(slots=True)
class _UserLine:
    number: int
    line: int
    kind: str
    pairs: list[Pair] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    children: list[tuple[str, str]] = field(default_factory=list)
    child_ids: list[str] = field(default_factory=list)
    own_id: str = ""


@dataclass(slots=True)
class UserGathering:
    """The families of a list of users while its lines are read."""

    header: Sequence[str]
    fields: Sequence[str]
    style: Style
    gathered: Gathered
    _by_id: dict[str, int] = field(default_factory=dict)
    # Pupils by their name, and by their name and class.
    _by_name: dict[str, list[int]] = field(default_factory=dict)
    _by_place: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _guardians: dict[tuple[str, str], int] = field(default_factory=dict)
    _links: dict[tuple[int, int], LinkData] = field(default_factory=dict)
    _counts: Counter[int] = field(default_factory=Counter)
    _classes: dict[str, tuple[str, list[int]]] = field(default_factory=dict)

    def take_all(self, data: Sequence[tuple[int, SourceRow]]) -> None:
        """Read the pupils first, then the parents, wherever they stand."""
        lines = [self._apart(number, row) for number, row in data]
        pupils = [line for line in lines if line.kind == families.PUPIL]
        for line in pupils:
            self._put_pupil(line)
        for line in lines:
            if line.kind == families.GUARDIAN:
                self._put_guardian(line, has_pupils=bool(pupils))
            elif line.kind != families.PUPIL:
                self.gathered.skip(line.number, line.line, "staff")
        self.gathered.links += self._links.values()
        self.gathered.groups += [
            GroupData(name, tuple(dict.fromkeys(members)), is_class=True)
            for name, members in self._classes.values()
        ]

    def _apart(self, number: int, row: SourceRow) -> _UserLine:
        line = _UserLine(number, row.line, "")
        for index, (name, cell) in enumerate(zip(self.fields, row.cells, strict=True)):
            if text := cell.strip():
                self._take_cell(line, index, name, text)
        return line

    def _take_cell(self, line: _UserLine, index: int, name: str, text: str) -> None:
        if name == TYPE:
            line.kind = _kind(text)
        elif name == CHILDREN:
            line.children += pupil_lines.children_in(text)
        elif name == CHILD_ID:
            line.child_ids += [part.strip() for part in re.split(r"[,;|\n]", text) if part.strip()]
        elif name == ID:
            line.own_id = text
        elif name == families.CLASS:
            line.classes += _classes_in(text)
        elif name == families.NOTE or _is_cut(name, text):
            line.notes.append(f"{self.header[index].strip()[:60]} : {text}")
        elif name.startswith("phone:"):
            line.pairs.append((name, judging.phone_of_cell(text)))
        elif name and not name.startswith(("_", "school:")):
            line.pairs.append((name, text))

    def _contact(self, line: _UserLine) -> ContactData:
        assembled = contact_from(line.pairs, self.style)
        for problem in assembled.problems:
            self.gathered.warn(problem, line.number)
        contact = families.split_name(assembled.contact)
        notes = "\n".join(filter(None, (contact.notes, *line.notes)))
        return replace(contact, notes=notes)

    # Pupils

    def _put_pupil(self, line: _UserLine) -> None:
        contact = self._contact(line)
        if not (contact.last_name or len(contact.display_name.split()) > 1):
            self.gathered.skip(line.number, line.line, "no_surname")
            return
        name = homonyms.name_key(contact)
        if line.own_id and line.own_id in self._by_id:
            self._learn_classes(self._by_id[line.own_id], name, line.classes)
            return
        if name in self._by_name:
            self.gathered.warn("same_name", line.number)
        index = self._add(contact, families.PUPIL, line)
        if any(map(pupil_lines.forbids, line.notes)):
            self.gathered.warn("custody_note", line.number)
        self._learn_pupil(index, name, line.classes)
        if line.own_id:
            self._by_id.setdefault(line.own_id, index)

    def _learn_pupil(self, index: int, name: str, classes: Sequence[str]) -> None:
        self._by_name.setdefault(name, []).append(index)
        self._learn_classes(index, name, classes)

    def _learn_classes(self, index: int, name: str, classes: Sequence[str]) -> None:
        for own in classes:
            self._by_place.setdefault((name, fold(own)), []).append(index)
            self._classes.setdefault(fold(own), (own, []))[1].append(index)

    def _add(self, contact: ContactData, role: str, line: _UserLine) -> int:
        index = self.gathered.add(contact, line.number, line.line)
        self.gathered.roles[index] = role
        return index

    # Guardians

    def _put_guardian(self, line: _UserLine, *, has_pupils: bool) -> None:
        indexes = list(self._pupils_of(line, has_pupils=has_pupils))
        pupils = [index for index in indexes if index >= 0]
        if not pupils:
            reason = "unsure_pupil" if -2 in indexes else "unknown_pupil"
            self.gathered.skip(line.number, line.line, reason)
            return
        guardian = self._guardian(line)
        is_forbidden = any(map(pupil_lines.forbids, line.notes))
        if is_forbidden:
            self.gathered.warn("no_mail_said", line.number)
        for pupil in pupils:
            if -2 in indexes:
                self.gathered.warn("unsure_child", self.gathered.records[pupil])
            if (pupil, guardian) not in self._links and pupil != guardian:
                position = self._counts[pupil]
                self._counts[pupil] += 1
                gets_mail = False if is_forbidden else None
                self._links[pupil, guardian] = LinkData(
                    pupil, guardian, "", gets_mail, None, position
                )

    def _guardian(self, line: _UserLine) -> int:
        contact = self._contact(line)
        name = homonyms.guardian_key(contact)
        keys = [(name, mark) for mark in homonyms.marks(contact)]
        keys += [("id", line.own_id)] if line.own_id else []
        index = next((self._guardians[key] for key in keys if key in self._guardians), -1)
        if index < 0:
            index = self._add(contact, families.GUARDIAN, line)
        for key in keys:
            self._guardians.setdefault(key, index)
        return index

    def _pupils_of(self, line: _UserLine, *, has_pupils: bool) -> Iterator[int]:
        """Yield the pupils of a parent: -1 for a child who is not in the list, -2 for one of
        several pupils of the name."""
        if line.child_ids:
            yield from (self._by_id.get(key, -1) for key in line.child_ids)
            return
        for whole, of_class in line.children:
            classes = [of_class] if of_class else line.classes
            yield self._pupil_named(whole, classes, line, has_pupils=has_pupils)

    def _pupil_named(
        self, whole: str, classes: Sequence[str], line: _UserLine, *, has_pupils: bool
    ) -> int:
        name = homonyms.key_of(whole)
        namesakes = self._by_name.get(name, [])
        if not namesakes and not has_pupils and len(name.split()) > 1:
            contact = families.split_name(ContactData(display_name=whole))
            index = self._add(contact, families.PUPIL, line)
            self._learn_pupil(index, name, classes if len(line.children) == 1 else classes[:1])
            return index
        places = {(name, fold(own)) for own in classes}
        inside = [own for place in places if (own := self._by_place.get(place))]
        is_only = len(inside) == len(inside[0]) == 1 if inside else False
        if len(namesakes) > 1 and not is_only:
            return -2
        return (inside[0][0] if is_only else namesakes[0]) if namesakes else -1


def _is_cut(name: str, text: str) -> bool:
    return name.startswith("phone:") and not judging.phone_of_cell(text)


def _classes_in(text: str) -> list[str]:
    parts = [" ".join(part.split()) for part in re.split(r"[,;|\n]", text)]
    return [part for part in parts if part]
