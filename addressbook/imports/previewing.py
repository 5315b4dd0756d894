"""The families of a school's list as they will be, shown before anything is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext

from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.importers import codes
from addressbook.importers.families import PUPIL
from addressbook.imports.showing import reason_words
from addressbook.models import Guardianship, ImportJob, ImportLink, ImportPart, ImportRow

FAMILIES_ON_A_PAGE = 20
_MOST_LEFT_OUT = 100


@dataclass(frozen=True)
class PreviewGuardian:
    """A guardian as it will be. ``gets_mail`` is whether a letter about the pupil goes to the
    guardian."""

    name: str
    relation: str
    addresses: tuple[str, ...]
    phones: tuple[str, ...]
    gets_mail: bool
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class PreviewFamily:
    """A pupil with the guardians. ``doubts`` are sentences on what is uncertain."""

    line: int
    file: str
    name: str
    birthday: str
    classes: tuple[str, ...]
    doubts: tuple[str, ...]
    guardians: tuple[PreviewGuardian, ...]
    is_known: bool

    @property
    def is_unsure(self) -> bool:
        return bool(self.doubts) or any(guardian.doubts for guardian in self.guardians)


@dataclass(frozen=True)
class LeftOutLine:
    """A line that is not imported, with the reason."""

    line: int
    file: str
    reason: str
    text: str


@dataclass(frozen=True)
class FamiliesPage:
    """One page of families, those with a doubt first, and the lines that were left out.
    ``unsure`` is the number of families with a doubt."""

    families: tuple[PreviewFamily, ...]
    number: int
    total: int
    unsure: int
    left_out: tuple[LeftOutLine, ...]
    left_out_total: int
    has_several_files: bool
    size: int = FAMILIES_ON_A_PAGE

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))


def family_page(
    job: ImportJob, page: int = 1, size: int = FAMILIES_ON_A_PAGE
) -> FamiliesPage | None:
    """Return families of a list that waits for the user's confirmation; None for other imports."""
    part = job.parts.filter(problem="").first()
    if part is None or job.state != ImportJob.State.READY:
        return None
    order, unsure = _order(part)
    if not order:
        return None
    page = max(1, min(page, -(-len(order) // size)))
    refused = job.rows.filter(decision=ImportRow.Decision.REFUSED).select_related("file")
    left_out = refused.order_by("number")[:_MOST_LEFT_OUT] if job.refused else ()
    return FamiliesPage(
        families=_families(part, order[(page - 1) * size : page * size]),
        number=page,
        total=len(order),
        unsure=unsure,
        left_out=tuple(
            LeftOutLine(row.line, row.file.name, reason_words(row.reason), row.value)
            for row in left_out
        ),
        left_out_total=job.refused,
        has_several_files=job.files.count() > 1,
        size=size,
    )


def _order(part: ImportPart) -> tuple[list[int], int]:
    """Return the numbers of the pupils, those with a doubt first, and the number of these."""
    rows = part.rows.exclude(decision=ImportRow.Decision.REFUSED)
    pupils: dict[int, bool] = {}
    doubtful: set[int] = set()
    heads: dict[int, int] = {}
    for number, role, head, warnings in rows.order_by("number").values_list(
        "number", "role", "head", "warnings"
    ):
        if warnings:
            doubtful.add(number)
        if role == PUPIL:
            heads[number] = number if head is None else head
            pupils[heads[number]] = pupils.get(heads[number], False) or bool(warnings)
    for pupil, guardian in part.links.values_list("pupil", "guardian"):
        if pupil in heads and guardian in doubtful:
            pupils[heads[pupil]] = True
    return sorted(pupils, key=lambda number: not pupils[number]), sum(pupils.values())


def _families(part: ImportPart, numbers: list[int]) -> tuple[PreviewFamily, ...]:
    """Return these pupils with what all rows of each say."""
    whole = Q(number__in=numbers) | Q(role=PUPIL, head__in=numbers)
    rows = list(part.rows.filter(whole).select_related("file"))
    heads = {row.number: row.number if row.head is None else row.head for row in rows}
    links = list(part.links.filter(pupil__in=heads).order_by("number"))
    guardians = _guardian_rows(part, {link.guardian for link in links})
    classes: dict[int, list[str]] = {}
    for group in part.staged_groups.filter(is_class=True):
        for number in group.members:
            if number in heads:
                classes.setdefault(heads[number], []).append(group.name)
    by_number = {row.number: row for row in rows}
    doubts = _doubts_of(rows, heads)
    return tuple(
        _family(
            by_number[number],
            dict.fromkeys(classes.get(number, ())),
            doubts.get(number, ()),
            [link for link in links if heads[link.pupil] == number],
            guardians,
        )
        for number in numbers
        if number in by_number
    )


def _doubts_of(rows: Iterable[ImportRow], heads: Mapping[int, int]) -> dict[int, tuple[str, ...]]:
    doubts: dict[int, list[str]] = {}
    for row in rows:
        doubts.setdefault(heads[row.number], []).extend(row.warnings)
    return {number: _sentences(own) for number, own in doubts.items()}


def _sentences(warnings: Iterable[str]) -> tuple[str, ...]:
    return tuple(gettext(codes.WARNINGS[code]) for code in dict.fromkeys(warnings))


def _guardian_rows(part: ImportPart, numbers: Collection[int]) -> dict[int, ImportRow]:
    """Return the rows of guardians by their numbers; the row of the head where there is one."""
    rows = {row.number: row for row in part.rows.filter(number__in=numbers)}
    heads = {row.head for row in rows.values() if row.head is not None} - rows.keys()
    rows |= {row.number: row for row in part.rows.filter(number__in=heads)}
    return rows


def _family(
    row: ImportRow,
    classes: Iterable[str],
    doubts: tuple[str, ...],
    links: Iterable[ImportLink],
    guardians: Mapping[int, ImportRow],
) -> PreviewFamily:
    data = _data(row)
    seen: dict[int, PreviewGuardian] = {}
    for link in links:
        own = guardians.get(link.guardian)
        head = guardians.get(own.head, own) if own and own.head is not None else own
        if own and head:
            # A guardian's doubt that the pupil has too is said once.
            seen.setdefault(head.number, _guardian(link, own, head, row))
    return PreviewFamily(
        line=row.line,
        file=row.file.name,
        name=row.name,
        birthday=data.birthday,
        classes=tuple(classes),
        doubts=doubts,
        guardians=tuple(seen.values()),
        is_known=row.contact_id is not None,
    )


def _guardian(
    link: ImportLink, own: ImportRow, head: ImportRow, pupil: ImportRow
) -> PreviewGuardian:
    data = _data(head)
    own_warnings = [code for code in own.warnings if code not in pupil.warnings]
    gets_mail = link.receives_mail if link.receives_mail is not None else link.is_legal is not False
    tie = Guardianship(relation=link.relation)
    return PreviewGuardian(
        name=head.name,
        relation=tie.relation_words,
        addresses=tuple(email.address for email in data.emails),
        phones=tuple(phone.number for phone in data.phones),
        gets_mail=gets_mail,
        doubts=_sentences(own_warnings),
    )


def _data(row: ImportRow) -> ContactData:
    return vcard.read_one(row.combined or row.vcard)
