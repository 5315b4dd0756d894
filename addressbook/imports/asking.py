"""Ask whether pupils of one name are one pupil, before a school's list is written.

They are two unless the user says otherwise. An answer is kept in the import's row by the number of
the pupil's row, and the files are read again with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

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
    if not pupils:
        return []
    known = _of_book(part, {pupil.name for pupil in pupils})
    return list(_questions(job, pupils, known))[:MOST_ASKED]


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


def _questions(
    job: ImportJob, pupils: list[_Pupil], known: Mapping[str, list[_Pupil]]
) -> Iterator[PupilQuestion]:
    taken = {f"{_CONTACT}-{pupil.row.contact_id}" for pupil in pupils if pupil.row}
    before: dict[str, list[_Pupil]] = {}
    for pupil in pupils:
        row = pupil.row
        assert row is not None  # noqa: S101  it is of the file
        kind, key = job.same_pupils.get(str(row.number), ("", 0))
        chosen = f"{kind}-{key}" if kind else ""
        earlier = before.setdefault(pupil.name, [])
        of_book = [
            one
            for one in known.get(pupil.name, ())
            if one.value not in taken or one.value == chosen
        ]
        options = [
            one.namesake
            for one in (*of_book, *earlier)
            if not homonyms.differ(one.birthday, pupil.birthday)
        ][:_MOST_OPTIONS]
        is_settled = not chosen and (row.head is not None or row.contact_id is not None)
        if options and not is_settled:
            about = pupil.namesake
            yield PupilQuestion(
                row.number,
                row.name,
                row.line,
                about.classes,
                about.guardians,
                tuple(options),
                chosen,
            )
        if row.head is None or chosen:
            earlier.append(pupil)


def _of_file(part: ImportPart) -> list[_Pupil]:
    """Return the pupils of the file in their order, with classes and guardians."""
    rows = part.rows.filter(role=PUPIL).exclude(decision=ImportRow.Decision.REFUSED)
    pupils = {
        row.number: _of_card(f"{_ROW}-{row.number}", row.vcard, row)
        for row in rows.order_by("number")
    }
    for group in part.staged_groups.filter(is_class=True):
        for number in group.members:
            if number in pupils:
                pupils[number].classes.append(group.name)
    links = list(part.links.values_list("pupil", "guardian"))
    names = dict(
        part.rows.filter(number__in={guardian for _pupil, guardian in links}).values_list(
            "number", "name"
        )
    )
    for number, guardian in links:
        if number in pupils and guardian in names:
            pupils[number].guardians.append(names[guardian])
    return list(pupils.values())


def _of_book(part: ImportPart, wanted: Iterable[str]) -> dict[str, list[_Pupil]]:
    """Return the pupils of the address book who have these names."""
    if part.user is None:
        return {}
    classes = Group.objects.of(part.user).filter(kind=Group.Kind.CLASS)
    ties = Guardianship.objects.filter(user=part.user, guardian__deleted=None)
    there = Contact.objects.of(part.user).filter(
        Q(pk__in=Group.contacts.through.objects.filter(group__in=classes).values("contact"))
        | Q(pk__in=ties.values("pupil"))
    )
    keys = set(wanted)
    names = there.order_by("pk").values_list("pk", "display_name")
    pks = [pk for pk, name in names if homonyms.key_of(name) in keys]
    cards = Contact.objects.filter(pk__in=pks).order_by("pk").values_list("pk", "vcard")
    pupils = {pk: _of_card(f"{_CONTACT}-{pk}", text, None) for pk, text in cards}
    through = Group.contacts.through.objects.filter(group__in=classes, contact__in=pks)
    for pk, name in through.values_list("contact_id", "group__name"):
        pupils[pk].classes.append(name)
    for pk, name in ties.filter(pupil__in=pks).values_list("pupil_id", "guardian__display_name"):
        pupils[pk].guardians.append(name)
    by_name: dict[str, list[_Pupil]] = {}
    for pupil in pupils.values():
        by_name.setdefault(pupil.name, []).append(pupil)
    return by_name


def _of_card(value: str, text: str, row: ImportRow | None) -> _Pupil:
    data = vcard.read_one(text)
    return _Pupil(value, homonyms.name_key(data), data.birthday, row)
