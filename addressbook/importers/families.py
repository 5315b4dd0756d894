"""Lists of pupils as schools export them, read into pupils, guardians, their ties, and classes.

Pronote, SIECLE, ONDE and EcoleDirecte give the same column many names, and schools rename them, so
a header is recognised by its words. A line is a pupil with all guardians, a pupil with one of
them, or a guardian with several pupils. No value is dropped: a value without a field goes into the
pupil's note, after the name of its column.

The names of columns come from public programs that read these files, which
tests/data/addressbook/classes/README.md lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar

from addressbook import vcard
from addressbook.contact_data import ContactData, GroupData, LinkData
from addressbook.folding import fold
from addressbook.importers import dates, homonyms, households, judging, pupil_lines
from addressbook.importers.assemble import Pair, Style, contact_from
from addressbook.importers.duplicates import CIVILITIES
from addressbook.importers.pupil_lines import PupilLine
from addressbook.importers.reading import Gathered
from addressbook.importers.rows import SourceRow

PUPIL, GUARDIAN = "pupil", "guardian"
ONE_OF_SEVERAL = "\n"
"""What stands before the name of a sheet that is one of several."""
MOST_GUARDIANS = 4
"""The largest number of guardians in one line."""
MOST_CHILDREN = 8
"""The largest number of pupils in the line of a guardian."""
CLASS, YEAR, SEX, NOTE = "school:class", "school:year", "school:sex", "school:note"
USAGE = "usage_name"
OF_GUARDIANS = (
    "last_name", USAGE, "first_name", "display_name", "prefix", "relation", "receives_mail",
    "legal", "email", "phone:mobile", "phone:home", "phone:work", "home.street", "home.street2",
    "home.street3", "home.extended", "home.postal_code", "home.city", "home.country", "job_title",
    "note",
)  # fmt: skip
"""The fields of a guardian."""
SHAREABLE = ("email", "phone:mobile", "phone:home", "phone:work")
"""The fields of columns that name no guardian, with the prefix ``g9:``."""
OF_CHILDREN = ("last_name", USAGE, "first_name", "display_name", "birthday", CLASS, NOTE)
"""The fields of another pupil in the line of a guardian."""
FIELDS = (
    *(CLASS, YEAR, SEX, NOTE, USAGE, "home.street2", "home.street3", "home.extended"),
    *(f"g{whose}:{name}" for whose in range(1, MOST_GUARDIANS + 1) for name in OF_GUARDIANS),
    *(f"g9:{name}" for name in SHAREABLE),
    *(f"c{which}:{name}" for which in range(2, MOST_CHILDREN + 1) for name in OF_CHILDREN),
)
"""The fields of columns that only a school's list has."""
_LOOKED_AT = 200
_LONGEST_LABEL = 60

_NAMES_OF_PUPILS = ("last_name", USAGE, "first_name", "display_name")
_FEW = 2
_SAYS_NOBODY = ("display_name", "last_name", "first_name", "home.street", "email")
_MARKS = ("receives_mail", "legal")
_TOKEN = re.compile(r"[a-z]+|\d+")
_FAMILY_NAME = re.compile(r"\bnom de famille\b")
_GUARDIAN_TEXT = (
    "responsable responsables resp repr parent parents representant representants tuteur tutrice"
    " rl pere mere papa maman famille familles guardian mother father"
)
_GUARDIANS = frozenset(_GUARDIAN_TEXT.split())
_SECOND = frozenset("autre second seconde deuxieme conjoint".split())
_PUPILS = frozenset("eleve eleves enfant enfants pupil student apprenant".split())
# Nobody needs the codes by which people sign in elsewhere.
SECRETS = frozenset("passe password activation mdp login".split())
_REMARKS_TEXT = (
    "remarque remarques observation observations commentaire commentaires divers pai situation"
    " garde info infos precision precisions"
)
_REMARKS = frozenset(_REMARKS_TEXT.split())
# Telephones and names of these people are not those of a guardian.
_NOT_OF_PARENTS = frozenset(
    "urgence medecin prevenir assurance cantine nounou garderie transport nourrice".split()
)
_COUNTERS = frozenset({("n",), ("no",), ("num",), ("numero",), ("ordre",), ("rang",)})
_OTHERS = frozenset("professeur prof pp enseignant employeur tuteurs stage adulte".split())
_RELATIONS = {
    "mere": "mother", "maman": "mother", "mother": "mother", "belle mere": "other",
    "pere": "father", "papa": "father", "father": "father", "beau pere": "other",
    "tuteur": "guardian", "tutrice": "guardian", "tutelle": "guardian",
    "grand pere": "grandparent", "grand mere": "grandparent", "grand parent": "grandparent",
    "grands parents": "grandparent", "ascendant": "grandparent",
    "frere": "sibling", "soeur": "sibling", "fratrie": "sibling",
    "famille d accueil": "foster", "assistant familial": "foster", "ase": "foster",
    "assistante familiale": "foster", "autre": "other", "autre lien": "other",
    "autre cas": "other", "other": "other",
}  # fmt: skip
_EMAILS = frozenset("mail mails mel mels email emails courriel courriels electronique".split())
_PHONES = frozenset("tel telephone telephones portable mobile gsm fixe phone".split())
_MOBILE = frozenset("portable mobile gsm".split())
_WORK = frozenset("pro prof professionnel professionnelle travail bureau employeur".split())
_YES = frozenset("oui o yes y x vrai true 1 coche legal".split())
_NO = frozenset("non n no faux false 0".split())
# Words of a cell about parental authority, which make it a no or a yes.
_NOT = frozenset("non sans pas aucun aucune dechu dechue retire retiree perdu perdue ni".split())
_IS = frozenset(
    "oui conjointe conjoint commune exclusive exclusif totale pleine legal legale".split()
)
_GIRL = frozenset("f feminin fille 2 mme".split())
_BOY = frozenset("m masculin garcon g h homme 1".split())
_YEAR = re.compile(r"\b(20\d\d)\s{0,3}[-/–]\s{0,3}(?:20)?\d\d\b")
_SERIAL = re.compile(r"(\d{5})(?:[.,]0{1,6})?")
_FIRST_SERIAL = date(1899, 12, 30)
_Item = TypeVar("_Item")


# --- headers ---


def tokens(header: str) -> tuple[str, ...]:
    """Return the words and numbers of a header: tel, portable, resp, 2 for ``Tél. portable
    resp.2``. The family of "nom de famille" is nobody's, and the R of "Nom R1" a guardian's."""
    heading_words = _TOKEN.findall(_FAMILY_NAME.sub("nom", fold(header[:200]).replace("_", " ")))
    return tuple(
        "resp" if word == "r" and heading_words[n + 1 : n + 2] in (["1"], ["2"]) else word
        for n, word in enumerate(heading_words)
    )


def known(header: str) -> bool:
    """Return whether a cell is a header that only lists of pupils have."""
    heading = tokens(header)
    if not 0 < len(heading) < 8 or "@" in header:
        return False
    name = attribute(heading)
    return name in (CLASS, SEX, "birthday", "receives_mail") or bool(
        name and set(heading) & (_GUARDIANS | _PUPILS)
    )


def names_people(header: str) -> bool:
    """Return whether a cell says whose a column is: the pupil's, or a guardian's."""
    return bool(set(tokens(header)) & (_GUARDIANS | _PUPILS))


def fields_of(header: Sequence[str], data: Sequence[SourceRow]) -> list[str] | None:
    """Return the fields of the columns if they are a school's list, else None. Fields of guardians
    have the prefix ``g1:`` to ``g4:``; those of the pupil are as in any table."""
    headers = _Headers([tokens(cell) for cell in header], data)
    fields = headers.fields()
    return fields if is_list(fields) else None


def is_list(fields: Iterable[str]) -> bool:
    """Return whether these fields are a list of pupils: with guardians, or with a class and another
    field that only pupils have."""
    there = set(fields)
    if not there & {"last_name", "first_name", "display_name"}:
        return False
    has_guardians = any(guardian_of(name)[0] for name in there)
    return has_guardians or (CLASS in there and bool(there & {"birthday", SEX}))


def child_of(name: str) -> tuple[int, str]:
    """Return the number of the pupil and the field, such as 2 and ``first_name`` for
    ``c2:first_name``; 1 for a field of the first pupil, or of a guardian."""
    if len(name) > 3 and name[0] == "c" and name[1].isdigit() and name[2] == ":":
        return int(name[1]), name[3:]
    return 1, name


def guardian_of(name: str) -> tuple[int, str]:
    """Return the number of the guardian and the field, such as 2 and ``email`` for ``g2:email``; 0
    for a field of the pupil."""
    if len(name) > 3 and name[0] == "g" and name[1].isdigit() and name[2] == ":":
        return int(name[1]), name[3:]
    return 0, name


class _Headers:
    """The headers of a table from left to right. A column that names no person belongs to the
    person of the column before it."""

    def __init__(self, headers: Sequence[tuple[str, ...]], data: Sequence[SourceRow]) -> None:
        self._headers = headers
        self._data = data
        self._slots: dict[str, int] = {}
        self._taken: dict[int, set[str]] = {}
        self._whose = 0
        self._index = 0
        self._child = 1
        self._children: dict[int, set[str]] = {}
        self._has_second_address = ("cp", "2") in headers
        self._names_pupil = any(
            set(header) & _PUPILS and not set(header) & _GUARDIANS and "nom" in header
            for header in headers
        ) or any(self._is_pupil_beside(index) for index in range(len(headers)))

    def _is_pupil_beside(self, index: int) -> bool:
        """Return whether a column has the whole names of pupils, beside columns of plain names that
        are then those of guardians: ``Civilité;Nom;Prénom;Lien;Élève``."""
        heading = self._headers[index]
        if not set(heading) & _PUPILS or attribute(heading) != "who":
            return False
        cells = self._cells(index)
        are_names = sum(len(cell.split()) > 1 for cell in cells) > len(cells) / 2
        others = {attribute(other) for n, other in enumerate(self._headers) if n != index}
        return are_names and {"last_name", "first_name"} <= others and "relation" in others

    def fields(self) -> list[str]:
        return [self._field(index, header) for index, header in enumerate(self._headers)]

    def _field(self, index: int, heading: tuple[str, ...]) -> str:
        self._index = index
        cells = self._cells(index)
        if not heading and not cells:
            return ""
        if set(heading) & SECRETS or heading in _COUNTERS:
            return ""
        name = attribute(heading)
        if set(heading) & _NOT_OF_PARENTS or (
            set(heading) & _OTHERS and name == "email" and not set(heading) & _GUARDIANS
        ):
            return NOTE if cells else ""
        if not name and set(heading) & _REMARKS and not set(heading) & _GUARDIANS:
            return NOTE if cells else ""
        if another := self._of_another_child(heading, name):
            return another
        whose = self._owner(heading, name)
        if self._has_second_address and not whose and heading[-1:] == ("2",):
            name = name.replace("home.street2", "home.street").replace("home.", "other.")
        if name == "who":
            name = _by_content(cells) if whose else "display_name"
        if not whose and name in ("relation", "receives_mail", "legal"):
            name = ""
        if whose and name in (CLASS, YEAR, SEX, "birthday", "categories", "school"):
            # A column about the pupil may stand after those of the guardians.
            whose = 0 if not set(heading) & _GUARDIANS else whose
            name = name if not whose else ""
        if not name or self._is_taken(whose, name):
            name = "note" if whose else NOTE
            return (f"g{whose}:{name}" if whose else name) if cells else ""
        self._taken.setdefault(whose, set()).add(name)
        return f"g{whose}:{name}" if whose else name

    def _of_another_child(self, heading: tuple[str, ...], name: str) -> str:
        """Return the field of a second pupil in the line of a guardian: the columns of the first
        one are repeated."""
        if not set(heading) & _PUPILS or set(heading) & _GUARDIANS or name not in OF_CHILDREN:
            return ""
        taken = self._taken.get(0, set()) if self._child == 1 else self._children[self._child]
        if name in taken and self._child < MOST_CHILDREN and self._slots:
            self._child += 1
        if self._child == 1:
            return ""
        mine = self._children.setdefault(self._child, set())
        if name in mine:
            name = NOTE
        mine.add(name)
        return f"c{self._child}:{name}"

    def _is_taken(self, whose: int, name: str) -> bool:
        several = name.partition(":")[0] in ("email", "phone") or name in ("categories", NOTE)
        return not several and name in self._taken.get(whose, ())

    def _owner(self, heading: tuple[str, ...], name: str) -> int:
        there = set(heading)
        is_name = name in ("last_name", USAGE, "first_name", "display_name", "prefix", "who")
        if there & _OTHERS and not there & _GUARDIANS - {"tuteur"} and name != "phone:work":
            return 0
        is_mark = name == "legal" and bool(_number(heading) or self._whose)
        if there & _GUARDIANS or name in ("relation", "receives_mail") or is_mark:
            self._whose = self._slot(heading, name if is_name else "")
        elif there & _PUPILS:
            self._whose = 0
        elif self._names_pupil and is_name:
            self._whose = self._slot(("responsable",), name)
        elif (owner := self._unowned(heading, name)) > 0:
            return owner
        elif self._is_second_name(name):
            self._whose = self._slot(("responsable",), name)
        elif is_name and self._whose and not self._names_pupil and not self._taken.get(0):
            self._whose = 0
        return self._whose

    def _is_second_name(self, name: str) -> bool:
        """Return whether a name repeats that of the pupil: a plain table has a guardian's there."""
        return (
            name in ("last_name", "display_name")
            and not self._slots
            and name in self._taken.get(0, ())
        )

    def _unowned(self, heading: tuple[str, ...], name: str) -> int:
        """Return whose an address or a telephone is whose heading names nobody, behind the columns
        of several guardians: by its number, by its place among as many as guardians, or of any of
        them. Return 0 if it belongs to the person before."""
        if len(self._slots) < 2 or name not in SHAREABLE:
            return 0
        slots = list(dict.fromkeys(self._slots.values()))
        number = _number(heading)
        if number and number <= len(slots):
            return self._slots.get(str(number), slots[number - 1])
        alike = [index for index, other in enumerate(self._headers) if self._is_alike(other, name)]
        if len(alike) == len(slots):
            return slots[alike.index(self._index)]
        is_new = not any(
            own.partition(":")[0] == name.partition(":")[0]
            for slot in slots
            for own in self._taken.get(slot, ())
        )
        return pupil_lines.SHARED if len(alike) == 1 and is_new else 0

    def _is_alike(self, other: tuple[str, ...], name: str) -> bool:
        return attribute(other) == name and not set(other) & (_GUARDIANS | _PUPILS)

    def _slot(self, heading: tuple[str, ...], name: str) -> int:
        """Return the number of the guardian: as written, or by the word for the guardian, or the
        next number if the column of a name repeats."""
        number = _number(heading) or (2 if set(heading) & _SECOND else 0)
        word = next(
            (relation for relation in heading if relation in ("mere", "pere", "maman", "papa")), ""
        )
        key = str(number) if number else _RELATIONS.get(word, "")
        if not key:
            if not self._whose:
                return self._new_slot("?1") if not self._slots else max(self._slots.values())
            is_next = name in ("last_name", USAGE, "display_name", "prefix", "first_name")
            if is_next and name in self._taken.get(self._whose, ()):
                return self._new_slot(f"?{len(self._slots) + 1}")
            return self._whose
        return self._slots[key] if key in self._slots else self._new_slot(key)

    def _new_slot(self, key: str) -> int:
        self._slots[key] = min(len(self._slots) + 1, MOST_GUARDIANS)
        return self._slots[key]

    def _cells(self, index: int) -> list[str]:
        rows = self._data[:_LOOKED_AT]
        cells = (row.cells[index].strip() for row in rows if index < len(row.cells))
        return [cell for cell in cells if cell]


def _number(heading: Sequence[str]) -> int:
    """Return the number of a guardian: the one after the word, else the only number in the
    heading."""
    for position, word in enumerate(heading):
        if word in _GUARDIANS:
            behind = [
                follower
                for follower in heading[position + 1 : position + 4]
                if follower not in ("legal", "n", "no")
            ]
            if behind and behind[0] in ("1", "2", "3", "4"):
                return int(behind[0])
    numbers = [figure for figure in heading if figure.isdigit()]
    return int(numbers[0]) if len(numbers) == 1 and numbers[0] in ("1", "2", "3", "4") else 0


def attribute(heading: tuple[str, ...]) -> str:
    """Return the field of a column about a person, or ``who`` if its heading only names the
    person."""
    there = set(heading)
    if not there or there & {"sms", "autorisation", "accepte", "autorise"}:
        return ""
    if there & _EMAILS:
        return "email"
    if there & {"courrier", "courriers", "destinataire"}:
        return "receives_mail"
    for part in (_of_phone, _of_address, _of_name, _of_school):
        if name := part(there, heading):
            return name
    if "autorite" in there:
        return "legal"
    if there & {"legal", "legale"} and not there & {"responsable", "resp", "representant"}:
        return "legal"
    return "who" if there & (_GUARDIANS | _PUPILS) else ""


def _of_phone(there: set[str], _found: Sequence[str]) -> str:
    if not there & _PHONES:
        return ""
    if there & _WORK:
        return "phone:work"
    return "phone:mobile" if there & _MOBILE else "phone:home"


def _of_address(there: set[str], heading: Sequence[str]) -> str:
    if there & {"naissance", "nationalite", "etablissement"}:
        return ""
    if "cp" in there or {"code", "postal"} <= there:
        return "home.postal_code"
    if there & {"ville", "commune", "localite"}:
        return "home.city"
    if "pays" in there:
        return "home.country"
    if there & {"adresse", "rue", "voie"}:
        position = next(
            (n for n, word in enumerate(heading) if word in ("ligne", "adresse", "rue")), 0
        )
        number = next(
            (
                follower
                for follower in heading[position + 1 : position + 3]
                if follower in ("2", "3", "4")
            ),
            "",
        )
        if there & _GUARDIANS and "ligne" not in there:
            number = ""
        return {"2": "home.street2", "3": "home.street3", "4": "home.extended"}.get(
            number, "home.street"
        )
    return ""


def _of_name(there: set[str], _found: Sequence[str]) -> str:
    if there & {"civilite", "civ", "titre"}:
        return "prefix"
    first = there & {"prenom", "prenoms"}
    if first and "nom" in there:
        return "display_name"
    if first:
        is_second = bool(there & {"2", "3", "second", "deuxieme"}) and not there & _GUARDIANS
        return "middle_name" if is_second else "first_name"
    if "nom" in there and not there & {"etablissement", "classe", "groupe"}:
        return USAGE if there & {"usage", "usuel", "marital", "epouse"} else "last_name"
    if there & {"lien", "parente", "qualite"}:
        return "relation"
    return "job_title" if there & {"profession", "metier", "csp"} else ""


def _of_school(there: set[str], heading: Sequence[str]) -> str:
    if there & {"sexe", "genre"}:
        return SEX
    if there & {"naissance", "ddn"} and not there & {"lieu", "ville", "commune", "pays", "dept"}:
        return "" if there & {"departement", "code", "insee"} else "birthday"
    if heading[:1] in (("ne",), ("nee",)) and "le" in there:
        return "birthday"
    if "annee" in there and "scolaire" in there:
        return YEAR
    if there & {"classe", "classes", "class", "division", "div"} and not there & _NO_CLASS:
        return CLASS
    if there & {"groupe", "groupes"}:
        return "categories"
    return "school" if "etablissement" in there and "code" not in there else ""


_NO_CLASS = frozenset("niveau code identifiant id cycle mef effectif".split())


def _by_content(cells: Sequence[str]) -> str:
    """Return the field of a column such as "Responsable légal" by its cells: names, yes and no,
    addresses or telephones."""
    if not cells:
        return "display_name"
    if all(_is_mark(cell) for cell in cells):
        return "legal"
    if sum("@" in cell for cell in cells) > len(cells) / 2:
        return "email"
    if sum(not re.search(r"[^\W\d_]", cell) for cell in cells) > len(cells) / 2:
        return "phone:home"
    return "display_name"


def _is_mark(cell: str) -> bool:
    plain = fold(cell).strip(" .")
    return plain in _YES or plain in _NO or plain in ("2", "3", "legal 1", "legal 2")


# --- rows ---


def _pairs(line: PupilLine, whose: int) -> list[Pair]:
    return line.guardians.setdefault(whose, []) if whose else line.pupil


def _put_usage(line: PupilLine, pairs: list[Pair], whose: int, text: str, title: str) -> None:
    """Take a name of usage for the surname if there is no other, else note it."""
    surname = next((own for name, own in pairs if name in ("last_name", "display_name")), "")
    if not surname:
        pairs.insert(0, ("last_name", text))
    elif fold(surname) != fold(text):
        line.notes.setdefault(whose, []).insert(0, f"{title} : {text}")


@dataclass(slots=True)
class Gathering:
    """The people of a school's list while its lines are read."""

    header: Sequence[str]
    fields: Sequence[str]
    style: Style
    gathered: Gathered
    titles: str = ""
    sheet: str = ""
    # The columns in which an empty cell means no, since their other cells only say yes.
    empty_is_no: frozenset[int] = frozenset()
    # Pupils by their name, and a date of birth or a trace.
    _pupils: dict[tuple[str, str], int] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _guardians: dict[tuple[str, str], int] = field(default_factory=dict)
    _links: dict[tuple[int, int], LinkData] = field(default_factory=dict)
    _counts: dict[int, int] = field(default_factory=dict)
    _classes: dict[str, tuple[str, list[int]]] = field(default_factory=dict)
    _tags: dict[str, tuple[str, list[int]]] = field(default_factory=dict)
    _years: list[str] = field(default_factory=list)
    _last: int = -1
    _number: int = 0
    _is_merged: bool = False
    _class_above: str = ""

    def take_all(self, data: Sequence[tuple[int, SourceRow]]) -> None:
        """Read all lines, then make the classes and groups."""
        self.empty_is_no = self._columns_of_yes(data)
        one_name = self._has_one_name(data)
        self._is_merged = self._has_merged_classes(data)
        for number, row in data:
            if reason := one_name or judging.no_pupil(row.cells, self.fields):
                self.gathered.skip(number, row.line, reason)
            else:
                self._take(number, row)
        self.gathered.links += self._links.values()
        self.gathered.groups += self._groups()

    def _has_one_name(self, data: Sequence[tuple[int, SourceRow]]) -> str:
        """Return the reason why no line is a pupil: all have one name, so that another column than
        that of the names was taken for it."""
        parts = [n for n, name in enumerate(self.fields) if name in _NAMES_OF_PUPILS]
        names = {tuple(fold(row.cells[n]) for n in parts) for _number, row in data}
        is_each_one = all(guardian_of(name)[0] == 0 for name in self.fields)
        return "one_name" if is_each_one and len(data) > _FEW and len(names) == 1 else ""

    def _has_merged_classes(self, data: Sequence[tuple[int, SourceRow]]) -> bool:
        """Return whether the class stands at the first of its pupils alone, as merged cells do."""
        if CLASS not in self.fields:
            return False
        column = self.fields.index(CLASS)
        cells = [row.cells[column].strip() for _number, row in data]
        filled = [cell for cell in cells if cell]
        is_sparse = len(filled) < len(cells) and bool(cells and cells[0])
        return is_sparse and len(set(filled)) == len(filled)

    def _columns_of_yes(self, data: Sequence[tuple[int, SourceRow]]) -> frozenset[int]:
        marked = []
        for index, name in enumerate(self.fields):
            if guardian_of(name)[1] in _MARKS:
                cells = {fold(row.cells[index]).strip() for _number, row in data}
                if cells - {""} and cells - {""} <= _YES:
                    marked.append(index)
        return frozenset(marked)

    def _take(self, number: int, row: SourceRow) -> None:
        self._number = number
        line, children = self._apart(row)
        for pupil_line in pupil_lines.by_child(
            line, children, is_by_guardian=self._is_by_guardian()
        ):
            self._take_pupil(pupil_line, number, row.line)

    def _take_pupil(self, line: PupilLine, number: int, begins: int) -> None:
        pupil, problems = self._pupil(line)
        line = pupil_lines.told_apart(line, pupil.last_name, self._relations())
        of_guardians = {
            whose: self._relation(line, whose, line.marks.get((whose, "relation"), ""))
            for whose in line.slots()
        }
        pupil_lines.heed_notes(line, of_guardians)
        for problem in (*problems, *line.problems):
            self.gathered.warn(problem, number)
        more = [text for text in line.notes.get(0, ()) if text not in pupil.notes.split("\n")]
        pupil = replace(pupil, notes="\n".join(filter(None, (pupil.notes, *more))))
        index = self._put_pupil(pupil, line, number, begins)
        if index < 0:
            self.gathered.skip(number, begins, "no_pupil")
            return
        self._last = index
        for whose in line.slots():
            self._put_guardian(index, whose, line, number, begins)

    def _relations(self) -> dict[int, str]:
        """Return the relations that the headers say of the guardians."""
        slots = {guardian_of(name)[0] for name in self.fields} - {0}
        return {slot: _relation("", self.header, self.fields, slot) for slot in slots}

    def _apart(self, row: SourceRow) -> tuple[PupilLine, dict[int, list[Pair]]]:
        """Return the cells of a line, and those of its second pupil and the following ones."""
        line, children = PupilLine(), dict[int, list[Pair]]()
        usages: list[tuple[int, int, int, str]] = []
        for index, (name, cell) in enumerate(zip(self.fields, row.cells, strict=True)):
            which, plain = child_of(name)
            whose, own = guardian_of(plain)
            text = cell.strip()
            if own == USAGE and text:
                usages.append((whose, which, index, text))
            elif which > 1 and text:
                children.setdefault(which, []).append((own, text))
            elif which == 1:
                self._put_cell(line, index, whose, own, text)
        for whose, which, index, text in usages:
            own_pairs = children.setdefault(which, []) if which > 1 else _pairs(line, whose)
            _put_usage(line, own_pairs, whose, text, self._title(index))
        return line, children

    def _put_cell(self, line: PupilLine, index: int, whose: int, own: str, text: str) -> None:
        if not text and index in self.empty_is_no:
            line.marks[whose, own] = "non"
        elif not text or not own or own.startswith("_"):
            return
        elif own == "relation" or (own in _MARKS and _yes_or_no(text) is not None):
            line.marks[whose, own] = text
        elif own == "legal":
            # What nobody can read is no authority.
            line.marks[whose, own] = "oui" if _has_authority(text) else "non"
            self._put_note(line, index, whose, text)
        elif whose and own in _SAYS_NOBODY and judging.is_nobody(text):
            self._put_nobody(line, index, text)
        elif own.startswith(("email", "phone:")):
            self._put_way(line, index, whose, own, text)
        elif own in ("note", NOTE, *_MARKS):
            self._put_note(line, index, whose, text)
        else:
            _pairs(line, whose).append((own, text))

    def _put_nobody(self, line: PupilLine, index: int, text: str) -> None:
        """Note that a guardian has died or is unknown; a dash says nothing."""
        if re.search(r"\w{2}", text):
            self._put_note(line, index, 0, text)

    def _put_way(self, line: PupilLine, index: int, whose: int, own: str, text: str) -> None:
        """Keep addresses or telephones, and a note beside them that somebody must not be written
        to."""
        if pupil_lines.forbids(text):
            self._put_note(line, index, whose, text)
            if not re.search(r"[\d@]", text):
                return
        if own.startswith("phone:"):
            self._put_phone(line, index, whose, own, text)
        else:
            _pairs(line, whose).append((own, text))

    def _put_phone(self, line: PupilLine, index: int, whose: int, own: str, text: str) -> None:
        whole = judging.phone_of_cell(text)
        if not whole:
            line.problems.append("cut_number")
        if not whole or not re.search(r"\d", whole):
            self._put_note(line, index, whose, text)
            return
        for phone in pupil_lines.phones_in(whole):
            _pairs(line, whose).append((own, phone))

    def _put_note(self, line: PupilLine, index: int, whose: int, text: str) -> None:
        title = self._title(index)
        line.notes.setdefault(whose, []).append(f"{title} : {text}" if title else text)

    def _title(self, index: int) -> str:
        return self.header[index].strip()[:_LONGEST_LABEL]

    # Pupils

    def _pupil(self, line: PupilLine) -> tuple[ContactData, tuple[str, ...]]:
        pairs: list[Pair] = []
        others: list[str] = []
        notes = list(line.notes.get(0, ()))
        problems: list[str] = []
        for name, text in line.pupil:
            if name == SEX:
                sex = _sex(text)
                others += [f"GENDER:{sex}"] if sex else []
                notes += [] if sex else [text]
            elif name == "birthday":
                day = _day(text, self.style)
                if day or dates.is_none(text):
                    pairs.append((name, day))
                else:
                    notes.append(text)
                    problems.append("invalid_date")
            elif name not in (CLASS, YEAR, "categories"):
                pairs.append((name, text))
        assembled = contact_from(pairs, self.style)
        contact = split_name(assembled.contact)
        joined = "\n".join(filter(None, (contact.notes, *notes)))
        contact = replace(contact, notes=joined, others=(*contact.others, *others))
        return contact, (*problems, *assembled.problems)

    def _put_pupil(self, pupil: ContactData, line: PupilLine, number: int, begins: int) -> int:
        """Add the pupil, and return the index; -1 if it is unknown whose line it is. A line without
        a pupil continues the one above, as merged cells of a spreadsheet do."""
        name = homonyms.name_key(pupil)
        if not name:
            is_more = bool(line.guardians) and not line.pupil and self._last >= 0
            if not is_more or self._is_by_guardian():
                return -1
            self.gathered.warn("continued", self.gathered.records[self._last])
            self._join(self._last, pupil)
            return self._last
        guardians = [self._guardian(line, whose) for whose in line.guardians]
        traces = homonyms.traces(pupil, guardians, line.siblings, self._class_of(line))
        index = self._same_pupil(name, pupil, traces)
        if index >= 0:
            self._join(index, pupil)
        else:
            index = self._add(pupil, PUPIL, number, begins)
            if name in self._names:
                self.gathered.warn("same_name", number)
            self._names.add(name)
        for mark in traces.offered | ({pupil.birthday} - {""}):
            self._pupils.setdefault((name, mark), index)
        self._note_groups(index, line)
        return index

    def _class_of(self, line: PupilLine) -> str:
        """Return the class of a line; a list without such a column is of one class."""
        of_class = next((fold(text) for name, text in line.pupil if name == CLASS), "")
        return of_class if CLASS in self.fields else "whole list"

    def _is_by_guardian(self) -> bool:
        """Return whether the lines are of guardians, each with the pupils behind."""
        named = (guardian_of(name)[0] for name in self.fields if name.endswith("_name"))
        return bool(next(named, 0))

    def _same_pupil(self, name: str, pupil: ContactData, traces: homonyms.Traces) -> int:
        """Return the index of a pupil of a line before who is surely the same, else -1."""
        born = [pupil.birthday] if pupil.birthday else []
        for mark in (*born, *sorted(traces.sought)):
            index = self._pupils.get((name, mark), -1)
            if index >= 0 and self._may_be(index, pupil):
                return index
        return -1

    def _may_be(self, index: int, pupil: ContactData) -> bool:
        before = self.gathered.contacts[index]
        return not homonyms.differ(before.birthday, pupil.birthday) and not homonyms.contradict(
            before, pupil
        )

    def _add(self, data: ContactData, role: str, number: int, begins: int) -> int:
        index = self.gathered.add(data, number, begins)
        self.gathered.roles[index] = role
        return index

    def _join(self, index: int, more: ContactData) -> None:
        if _is_full(self.gathered.contacts[index]):
            self.gathered.warn("record_cut", self._number)
        else:
            self.gathered.contacts[index] = joined(self.gathered.contacts[index], more)

    def _note_groups(self, index: int, line: PupilLine) -> None:
        of_class = next((text for name, text in line.pupil if name == CLASS), "")
        self._class_above = of_class or self._class_above
        if self._is_merged and not of_class:
            self.gathered.warn("class_continued", self._number)
            _put(self._classes, " ".join(self._class_above.split()), index)
        for name, text in line.pupil:
            if name == YEAR:
                self._years.append(text)
            elif name == CLASS:
                _put(self._classes, " ".join(text.split()), index)
            elif name == "categories":
                for tag in re.split(r"[,;|]", text):
                    _put(self._tags, " ".join(tag.split()), index)

    # Guardians

    def _guardian(self, line: PupilLine, whose: int) -> ContactData:
        return split_name(contact_from(line.guardians.get(whose, []), self.style).contact)

    def _put_guardian(
        self, pupil: int, whose: int, line: PupilLine, number: int, begins: int
    ) -> None:
        notes = line.notes.get(whose, [])
        for problem in contact_from(line.guardians.get(whose, []), self.style).problems:
            self.gathered.warn(problem, number)
        data = self._guardian(line, whose)
        data = replace(data, notes="\n".join(filter(None, (data.notes, *notes))))
        marks = {name: text for (slot, name), text in line.marks.items() if slot == whose}
        if not (data.display_name or data.emails or data.phones):
            relation = [marks["relation"]] if "relation" in marks else []
            self._keep_in_note(pupil, whose, line, [*relation, *notes])
            return
        if len(data.emails) > 1 and not all(
            households.fits(email.address, data) for email in data.emails
        ):
            self.gathered.warn("several_addresses", number)
        index = self._same_guardian(pupil, data)
        if index < 0:
            index = self._add(data, GUARDIAN, number, begins)
        else:
            self._join(index, data)
        self._learn(pupil, index)
        if index == pupil or (pupil, index) in self._links:
            return
        position = self._counts.get(pupil, 0)
        self._counts[pupil] = position + 1
        if _yes_or_no(marks.get("legal", "")) is False:
            self.gathered.warn("no_authority", number)
        self._links[pupil, index] = LinkData(
            pupil,
            index,
            self._relation(line, whose, marks.get("relation", "")),
            _yes_or_no(marks.get("receives_mail", "")),
            _yes_or_no(marks.get("legal", "")),
            position,
        )

    def _relation(self, line: PupilLine, whose: int, cell: str) -> str:
        """Return the relation that a cell says, else the header. The header of a column with two
        people says nothing about either."""
        origin = line.origins.get(whose, whose)
        is_only = list(line.origins.values()).count(origin) < 2
        return _relation(cell, self.header, self.fields, origin if is_only else -1)

    def _keep_in_note(self, pupil: int, whose: int, line: PupilLine, notes: Iterable[str]) -> None:
        """Put the words about a guardian without name, address and telephone into the note of the
        pupil."""
        texts = [text for name, text in line.guardians.get(whose, []) if name != "prefix"]
        if text := " ; ".join([*texts, *notes]):
            title = next(
                self.header[n]
                for n, name in enumerate(self.fields)
                if guardian_of(name)[0] == line.origins.get(whose, whose)
            )
            self._join(pupil, ContactData(notes=f"{title.strip()[:_LONGEST_LABEL]} : {text}"))

    def _same_guardian(self, pupil: int, data: ContactData) -> int:
        """Return the index of a guardian who is in the list already: of the same name, with an
        address, a telephone or a pupil in common; else -1."""
        name = homonyms.guardian_key(data)
        for mark in (f"pupil {pupil}", *homonyms.marks(data)):
            index = self._guardians.get((name, mark), -1)
            if index >= 0 and not _is_full(self.gathered.contacts[index]):
                return index
        return -1

    def _learn(self, pupil: int, index: int) -> None:
        data = self.gathered.contacts[index]
        name = homonyms.guardian_key(data)
        for mark in (f"pupil {pupil}", *homonyms.marks(data)):
            self._guardians.setdefault((name, mark), index)

    # Groups

    def _class_of_titles(self) -> str:
        """Return the class that a title or the name of the sheet says. The name of one of several
        sheets is a class, whatever it is."""
        sheet = self.sheet.removeprefix(ONE_OF_SEVERAL).strip()
        of_title = judging.class_said(self.titles)
        of_sheet = sheet if judging.is_class(sheet) else judging.class_said(sheet)
        several = sheet if self.sheet.startswith(ONE_OF_SEVERAL) else ""
        return of_title or of_sheet or judging.class_in(self.titles) or several

    def _groups(self) -> Iterator[GroupData]:
        year = _year(" ".join(self._years[:1]) or self.titles)
        classes = dict(self._classes)
        if not classes and (name := self._class_of_titles()):
            members = [index for index, role in self.gathered.roles.items() if role == PUPIL]
            classes[fold(name)] = (name, members)
        for name, members in classes.values():
            own = tuple(dict.fromkeys(members))
            yield GroupData(name, own, is_class=True, school_year=year)
        for name, members in self._tags.values():
            if fold(name) not in classes:
                yield GroupData(name, tuple(dict.fromkeys(members)), origin="categories")


def _put(groups: dict[str, tuple[str, list[int]]], name: str, index: int) -> None:
    if name:
        members = groups.setdefault(fold(name), (name, []))[1]
        if index not in members[-1:]:
            members.append(index)


_TEXTS = (
    "prefix", "first_name", "last_name", "middle_name", "birthday", "school", "job_title",
    "display_name",
)  # fmt: skip


def joined(first: ContactData, more: ContactData) -> ContactData:
    """Join the contacts of two lines about one person: the first one gets what only the second one
    has."""
    texts: dict[str, Any] = {name: getattr(first, name) or getattr(more, name) for name in _TEXTS}
    notes = first.notes
    differing = [
        getattr(more, name)
        for name in _TEXTS
        if name != "display_name" and fold(getattr(more, name)) not in ("", fold(texts[name]))
    ]
    for line in (*more.notes.split("\n"), *differing):
        if line and line not in notes.split("\n"):
            notes = f"{notes}\n{line}" if notes else line
    return replace(
        first,
        **texts,
        notes=notes,
        emails=_more(first.emails, more.emails, lambda email: email.address.lower()),
        phones=_more(first.phones, more.phones, lambda phone: re.sub(r"\D", "", phone.number)),
        addresses=tuple(dict.fromkeys((*first.addresses, *more.addresses))),
        others=tuple(dict.fromkeys((*first.others, *more.others))),
    )


def _more(
    first: tuple[_Item, ...], more: tuple[_Item, ...], key: Callable[[_Item], Hashable]
) -> tuple[_Item, ...]:
    there = {key(item) for item in first}
    return (*first, *(item for item in more if key(item) not in there))


_FULL_NOTE, _FULL = 20_000, 60


def _is_full(data: ContactData) -> bool:
    """Return whether a contact has reached its limits, as in a list that repeats one person a
    thousand times."""
    many = len(data.emails) + len(data.phones) + len(data.addresses) + len(data.others)
    return many > _FULL or len(data.notes) > _FULL_NOTE


def split_name(data: ContactData) -> ContactData:
    """Split a whole name if its letters show the parts: ``Mme LE GOFF Zoé``."""
    if data.first_name or data.last_name or "@" in data.display_name:
        return data
    name_words = data.display_name.split()
    civility = [word for word in name_words[:1] if fold(word).strip(".") in CIVILITIES]
    bare = name_words[len(civility) :]
    capitals = [word for word in bare if len(word) > 1 and word == word.upper() != word.lower()]
    if not capitals or len(capitals) == len(bare):
        return data
    first = [word for word in bare if word not in capitals]
    parted = replace(
        data,
        display_name="",
        prefix=data.prefix or " ".join(civility),
        first_name=" ".join(first),
        last_name=" ".join(capitals),
    )
    return replace(parted, display_name=vcard.full_name(parted))


def _day(text: str, style: Style) -> str:
    """Return a date, also from the serial number by which a spreadsheet stores it."""
    if (serial := _SERIAL.fullmatch(text)) and 20_000 < int(serial[1]) < 60_000:
        return (_FIRST_SERIAL + timedelta(days=int(serial[1]))).isoformat()
    return dates.read_date(
        text.split(" ")[0] if ":" in text else text, day_comes_first=style.day_first
    )


def _sex(text: str) -> str:
    plain = fold(text).strip(" .")
    return "F" if plain in _GIRL else "M" if plain in _BOY else ""


def _yes_or_no(text: str) -> bool | None:
    """Return the meaning of a cell; None if it has none."""
    plain = fold(text).strip(" .")
    if plain in _NO or plain == "3":
        return False
    return True if plain in _YES or plain in ("2", "legal 1", "legal 2") else None


def _has_authority(text: str) -> bool:
    """Return whether the words of a cell say that a guardian has parental authority."""
    cell_words = set(_TOKEN.findall(fold(text)))
    return bool(cell_words & _IS) and not cell_words & _NOT


def relation_of(text: str) -> str:
    """Return the relation that some words name, or the words."""
    plain = " ".join(_TOKEN.findall(fold(text)))
    return _RELATIONS.get(plain, text[:60])


def _relation(text: str, header: Sequence[str], fields: Sequence[str], whose: int) -> str:
    """Return the relation of the list, else the one that a header has: ``Mère – portable``."""
    if text:
        return relation_of(text)
    for index, name in enumerate(fields):
        if guardian_of(name)[0] == whose:
            for word in tokens(header[index]):
                if word in ("mere", "pere", "maman", "papa", "mother", "father"):
                    return _RELATIONS[word]
    return ""


def _year(text: str) -> int:
    match = _YEAR.search(text)
    return int(match[1]) if match else 0
