"""Ask whether pupils of one name are one pupil, before a school's list is written.

They are two unless the user says otherwise. An answer is kept in the import's row by the number of
the pupil's row, and the files are read again with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice

from django.db.models import Q

from addressbook import vcard
from addressbook.importers import homonyms
from addressbook.importers.families import PUPIL
from addressbook.models import Contact, Group, Guardianship, ImportJob, ImportPart, ImportRow

MOST_ASKED = 200
_MOST_OPTIONS = 10
_CONTACT, _ROW = "contact", "row"


@dataclass(frozen=True, slots=True)
class Namesake:
    """A pupil of the same name: the value of the answer, the line in the file, or 0 for a contact
    of the address book, the classes and the names of the guardians."""

    value: str
    line: int
    classes: tuple[str, ...]
    guardians: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PupilQuestion:
    """A pupil of the file, and the pupils of the same name who may be the same one. ``chosen`` is
    the value of the answer, "" for two pupils."""

    number: int
    name: str
    line: int
    classes: tuple[str, ...]
    guardians: tuple[str, ...]
    options: tuple[Namesake, ...]
    chosen: str = ""


@dataclass
class _Pupil:
    """A pupil of the file or of the address book. ``row`` is None for a contact."""

    value: str
    name: str
    birthday: str
    row: ImportRow | None = None
    classes: list[str] = field(default_factory=list)
    guardians: list[str] = field(default_factory=list)

    @property
    def namesake(self) -> Namesake:
        line = self.row.line if self.row else 0
        return Namesake(self.value, line, tuple(self.classes), tuple(self.guardians))


def same_names(job: ImportJob) -> list[PupilQuestion]:
    """Return a question for each pupil of the file who may be an earlier one of the file, or one of
    the address book, and of whom nothing proves it."""
    part = job.parts.filter(problem="").first()
    if part is None or job.state != ImportJob.State.READY:
        return []
    pupils = _of_file(part)
    names = Counter(pupil.name for pupil in pupils)
    unsettled = {pupil.name for pupil in pupils if pupil.row and _is_open(job, pupil.row)}
    known = _in_book(part, unsettled)
    if not known and all(names[name] == 1 for name in unsettled):
        return []
    _describe(part, pupils)
    return list(islice(_questions(job, pupils, _of_book(part, known)), MOST_ASKED))


def _is_open(job: ImportJob, row: ImportRow) -> bool:
    """Return whether nothing proves who a pupil is, or the user has said it."""
    is_answered = str(row.number) in job.same_pupils
    return is_answered or (row.head is None and row.contact_id is None)


def choose(job: ImportJob, chosen: Mapping[int, tuple[str, int]]) -> bool:
    """Read the files again with these answers. Return False if the import is written or over."""
    same = {str(number): list(answer) for number, answer in chosen.items()}
    return job.leave(
        (ImportJob.State.READY,), ImportJob.State.UPLOADED, same_pupils=same, attempts=0
    )


def answers(job: ImportJob, posted: Mapping[str, str]) -> dict[int, tuple[str, int]]:
    """Return the answers among posted values such as ``same-12``: ``row-3`` or ``contact-45``.
    Those that were not offered are left out."""
    chosen: dict[int, tuple[str, int]] = {}
    for question in same_names(job):
        value = posted.get(f"same-{question.number}", "")
        if value in {option.value for option in question.options}:
            kind, _hyphen, key = value.partition("-")
            chosen[question.number] = (kind, int(key))
    return chosen


class _Namesakes:
    """Pupils by their names, of whom those are asked for who may be a certain pupil."""

    def __init__(self) -> None:
        self._all: dict[str, list[_Pupil]] = {}
        self._born: dict[tuple[str, str], list[_Pupil]] = {}

    def add(self, pupil: _Pupil) -> None:
        self._all.setdefault(pupil.name, []).append(pupil)
        self._born.setdefault((pupil.name, pupil.birthday), []).append(pupil)

    def of(self, pupil: _Pupil) -> Iterator[_Pupil]:
        """Yield the pupils of the name who have no other date of birth."""
        if pupil.birthday:
            for birthday in (pupil.birthday, ""):
                yield from self._born.get((pupil.name, birthday), ())
        else:
            yield from self._all.get(pupil.name, ())


def _questions(
    job: ImportJob, pupils: list[_Pupil], known: Mapping[str, _Pupil]
) -> Iterator[PupilQuestion]:
    """Yield the questions. ``known`` are the pupils of the address book by their values."""
    taken = {f"{_CONTACT}-{pupil.row.contact_id}" for pupil in pupils if pupil.row}
    free, before = _Namesakes(), _Namesakes()
    for value, pupil in known.items():
        if value not in taken:
            free.add(pupil)
    for pupil in pupils:
        row = pupil.row
        assert row is not None  # noqa: S101  it is of the file
        kind, key = job.same_pupils.get(str(row.number), ("", 0))
        chosen = f"{kind}-{key}" if kind else ""
        own = [known[chosen]] if chosen in known and chosen in taken else []
        others = islice(chain(own, free.of(pupil), before.of(pupil)), _MOST_OPTIONS)
        options = tuple(other.namesake for other in others)
        if options and _is_open(job, row):
            about = pupil.namesake
            yield PupilQuestion(
                row.number,
                row.name,
                row.line,
                about.classes,
                about.guardians,
                options,
                chosen,
            )
        if row.head is None or chosen:
            before.add(pupil)


def _of_file(part: ImportPart) -> list[_Pupil]:
    """Return the pupils of the file in their order."""
    rows = part.rows.filter(role=PUPIL).exclude(decision=ImportRow.Decision.REFUSED)
    return [_of_card(f"{_ROW}-{row.number}", row.vcard, row) for row in rows.order_by("number")]


def _describe(part: ImportPart, every: Iterable[_Pupil]) -> None:
    """Add classes and guardians to pupils of the file."""
    pupils = {pupil.row.number: pupil for pupil in every if pupil.row}
    for group in part.staged_groups.filter(is_class=True):
        for number in group.members:
            if number in pupils:
                pupils[number].classes.append(group.name)
    guardians = part.rows.exclude(role=PUPIL).values_list("number", "name")
    names = dict(guardians)
    for number, guardian in part.links.values_list("pupil", "guardian"):
        if number in pupils and guardian in names:
            pupils[number].guardians.append(names[guardian])


def _in_book(part: ImportPart, wanted: Collection[str]) -> list[int]:
    """Return the pupils of the address book who have these names."""
    if part.user is None or not wanted:
        return []
    classes = Group.objects.of(part.user).filter(kind=Group.Kind.CLASS)
    in_class = Group.contacts.through.objects.filter(group__in=classes).values("contact")
    pupils = Guardianship.objects.filter(user=part.user, guardian__deleted=None).values("pupil")
    there = Contact.objects.of(part.user).filter(Q(pk__in=in_class) | Q(pk__in=pupils))
    names = there.order_by("pk").values_list("pk", "display_name")
    return [pk for pk, name in names.iterator(chunk_size=2000) if homonyms.key_of(name) in wanted]


def _of_book(part: ImportPart, pks: Collection[int]) -> dict[str, _Pupil]:
    """Return these pupils by their values, with classes and guardians."""
    cards = Contact.objects.filter(pk__in=pks).order_by("pk").values_list("pk", "vcard")
    pupils = {pk: _of_card(f"{_CONTACT}-{pk}", text, None) for pk, text in cards}
    through = Group.contacts.through.objects.filter(
        group__kind=Group.Kind.CLASS, group__deleted=None, contact__in=pks
    )
    for pk, name in through.values_list("contact_id", "group__name"):
        pupils[pk].classes.append(name)
    ties = Guardianship.objects.filter(user=part.user, guardian__deleted=None, pupil__in=pks)
    for pk, name in ties.values_list("pupil_id", "guardian__display_name"):
        pupils[pk].guardians.append(name)
    return {pupil.value: pupil for pupil in pupils.values()}


def _of_card(value: str, text: str, row: ImportRow | None) -> _Pupil:
    data = vcard.read_one(text)
    return _Pupil(value, homonyms.name_key(data), data.birthday, row)
