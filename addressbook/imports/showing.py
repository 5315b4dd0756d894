"""The values of an import for its pages: the preview, the report, and the line after sign-in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.importers import codes
from addressbook.imports import grouping, linking
from addressbook.imports.grouping import GroupChange
from addressbook.imports.joining import join
from addressbook.imports.writing import FULL
from addressbook.models import (
    Contact,
    Group,
    Guardianship,
    ImportGroup,
    ImportJob,
    ImportPart,
    ImportRow,
)
from core import clock
from mail import spreadsheets

Decision, Policy, Fit = ImportRow.Decision, ImportJob.Policy, ImportRow.Fit

PAGE_SIZE = 50
_FULL_WORDS = _("There is no room for it: 100,000 contacts at most, those in the bin included.")


@dataclass(frozen=True)
class PreviewRow:
    """A row of the preview. ``reason`` is a sentence or "", ``warnings`` are sentences. ``mine`` is
    the existing contact (``contact`` is its key), and ``result`` is that contact after the import.
    For a duplicate in the file itself, ``same_as`` is the line of the first row. Missing values are
    None and 0."""

    line: int
    file: str
    name: str
    addresses: str
    decision: str
    reason: str
    warnings: tuple[str, ...]
    contact: int | None
    data: ContactData | None
    mine: ContactData | None
    result: ContactData | None
    same_as: int


@dataclass(frozen=True)
class ClassChange:
    """The changes that a list makes in a class: the names of pupils who come, the names of those
    who change class with their former class, and keys and names of those who are not in the list.

    ``archives_year`` is the year of the former class that is archived, 0 for none. ``size`` is the
    present number of pupils. ``guardians`` are those who are not in the list: key, name, and the
    names of their pupils in this class.
    """

    name: str
    came: tuple[str, ...]
    moved: tuple[tuple[str, str], ...]
    left: tuple[tuple[int, str], ...]
    archives_year: int = 0
    size: int = 0
    guardians: tuple[tuple[int, str, tuple[str, ...]], ...] = ()
    """Only guardians of pupils who stay are listed."""


@dataclass(frozen=True)
class ClassOutcome:
    """The effects of a list on the pupils of a class, with keys and names: those who came, who
    changed class (with the former class), who left and are archived, who left the class and are not
    archived, and who stay in the class without being in the list."""

    name: str
    came: tuple[tuple[int, str], ...]
    moved: tuple[tuple[int, str, str], ...]
    archived: tuple[tuple[int, str], ...]
    left: tuple[tuple[int, str], ...]
    stayed: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class OthersOutcome:
    """The effects of a school's list on people of all classes: guardians who are archived,
    guardians who get no more mail about these pupils, and people who came back from the archive."""

    archived: tuple[tuple[int, str], ...]
    silenced: tuple[tuple[int, str], ...]
    back: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class ImportPreviewPage:
    """One page, numbered from 1, of the rows with one decision."""

    rows: tuple[PreviewRow, ...]
    number: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


def preview(job: ImportJob, decision: str, page: int = 1) -> ImportPreviewPage:
    """Return the rows with a ``new``, ``merge``, ``unchanged`` or ``refused`` decision, in the
    order of the files. After the import only the refused ones exist."""
    decided = job.rows.filter(decision=decision)
    total = decided.count()
    page = max(1, min(page, -(-total // PAGE_SIZE)))
    start = (page - 1) * PAGE_SIZE
    rows = list(decided.select_related("file", "contact", "twin")[start : start + PAGE_SIZE])
    heads = job.rows.filter(number__in=[row.head for row in rows if row.head is not None])
    lines = dict(heads.values_list("number", "line"))
    shown = tuple(_preview_row(job, row, lines.get(row.head or 0, 0)) for row in rows)
    return ImportPreviewPage(shown, page, total)


def _preview_row(job: ImportJob, row: ImportRow, head_line: int) -> PreviewRow:
    data = vcard.read_one(row.combined or row.vcard) if row.vcard else None
    contact = row.twin if job.policy == Policy.KEEP else row.contact
    mine = vcard.read_one(contact.vcard) if contact and contact.deleted is None else None
    is_member = row.head is not None and job.policy != Policy.KEEP
    result = None
    if data and mine and row.decision == Decision.MERGE:
        replaces = job.policy == Policy.REPLACE
        joined = join(mine, data, is_list=bool(row.role))
        result = replace(data, uid=mine.uid) if replaces else joined
    return PreviewRow(
        line=row.line,
        file=row.file.name,
        name=row.name,
        addresses=row.addresses,
        decision=row.decision,
        reason=_reason(job, row, is_member),
        warnings=tuple(gettext(codes.WARNINGS[code]) for code in row.warnings),
        contact=contact.pk if mine and contact else None,
        data=data,
        mine=mine,
        result=result,
        same_as=head_line if is_member else 0,
    )


def _reason(job: ImportJob, row: ImportRow, is_member: bool) -> str:
    if row.decision == Decision.REFUSED:
        return reason_words(row.reason)
    if is_member:
        return gettext("The same person stands in the file twice.")
    if row.decision != Decision.UNCHANGED:
        return ""
    if job.policy == Policy.SKIP and row.fit == Fit.ADDS:
        return gettext("You have this contact already: it is skipped.")
    return gettext("Everything in it is in your address book already.")


def reason_words(code: str) -> str:
    """Return the sentence that says why a record is left out."""
    if code == FULL:
        return str(_FULL_WORDS)
    if code in ImportPart.Problem.values:
        return str(ImportPart.Problem(code).label)
    return gettext((codes.SKIPS | codes.REJECTS)[code])


def refused_csv(job: ImportJob) -> Iterator[str]:
    """Yield the refused rows as CSV: file, line, name, reason, and the text of the line."""
    return spreadsheets.lines(_refused_cells(job))


def _refused_cells(job: ImportJob) -> Iterator[list[str]]:
    yield [
        *(gettext("File"), gettext("Line"), gettext("Name")),
        *(gettext("Reason"), gettext("As it was")),
    ]
    rows = job.rows.filter(decision=Decision.REFUSED).select_related("file").order_by("number")
    for row in rows.iterator(chunk_size=500):
        yield [row.file.name, str(row.line or ""), row.name, reason_words(row.reason), row.value]


def classes(job: ImportJob) -> list[Group]:
    """Return the existing classes that an import of a school's list wrote."""
    if job.state != ImportJob.State.DONE:
        return []
    written = job.staged_groups.filter(is_class=True, is_written=True)
    there = written.filter(group__deleted=None, group__archived=None).exclude(group=None)
    return [staged.group for staged in there.select_related("group") if staged.group]


def not_nested(job: ImportJob) -> list[tuple[str, str, str]]:
    """Return the groups that an import could not put into others: inner group, outer group, and the
    code of the reason (`nesting.add_allowed`)."""
    rows = job.staged_groups.filter(is_written=True).exclude(not_nested=None).order_by("number")
    return [(name, group.name, code) for group in rows for name, code in group.not_nested or ()]


def class_changes(job: ImportJob) -> list[ClassChange]:
    """Return the changes of the classes of a school's list before it is written. Twelve queries,
    whatever the number of classes."""
    part = job.parts.filter(problem="").first()
    if part is None:
        return []
    every = grouping.changes(part, job.policy, {})
    changes = [change for change in every if change.staged.is_class]
    if not changes:
        return []
    affected = {pk for change in changes for kind, pk in change.keys if kind == "contact"}
    affected |= {pk for change in changes for pk in change.stayers}
    affected |= {pk for change in changes for _group, pk in change.behind}
    names = dict(Contact.objects.filter(pk__in=affected).values_list("pk", "display_name"))
    numbers = [number for change in changes for kind, number in change.keys if kind == "row"]
    rows = dict(job.rows.filter(number__in=numbers).values_list("number", "name"))
    from_groups = {
        group for change in changes for group, _pk in (*change.moved_from, *change.behind)
    }
    classes = dict(Group.objects.filter(pk__in=from_groups).values_list("pk", "name"))
    leaving = {pk: change.name for change in every for pk in change.removed}
    missing = linking.missing(part, job.policy, {})
    keys = grouping.keys(part, job.policy, {}) if missing else {}
    ties_of: dict[int, list[Guardianship]] = {}
    for tie in chain.from_iterable(missing.values()):
        ties_of.setdefault(tie.pupil_id, []).append(tie)
    return [
        replace(
            _class_change(change, names, rows, classes, leaving),
            guardians=_guardians(change, keys, ties_of),
        )
        for change in changes
    ]


def _guardians(
    change: GroupChange,
    keys: Mapping[int, grouping.Key],
    ties_of: Mapping[int, list[Guardianship]],
) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    """Return the missing guardians of the pupils of one class. ``ties_of`` has their ties by
    pupil."""
    pupils = dict.fromkeys(keys[number][1] for number in change.staged.members if number in keys)
    guardians: dict[int, tuple[str, list[str]]] = {}
    for tie in chain.from_iterable(ties_of.get(pupil, ()) for pupil in pupils):
        of_guardian = guardians.setdefault(tie.guardian_id, (tie.guardian.display_name, []))
        of_guardian[1].append(tie.pupil.display_name)
    return tuple((pk, name, tuple(names)) for pk, (name, names) in guardians.items())


def _class_change(
    change: GroupChange,
    names: Mapping[int, str],
    rows: Mapping[int, str],
    classes: Mapping[int, str],
    leaving: Mapping[int, str],
) -> ClassChange:
    origins = {pk: classes.get(group, "") for group, pk in change.moved_from}
    origins |= {pk: leaving[pk] for kind, pk in change.keys if kind == "contact" and pk in leaving}
    behind = sorted(change.behind, key=lambda pair: names.get(pair[1], ""))
    came = [
        rows.get(pk, "") if kind == "row" else names.get(pk, "")
        for kind, pk in change.keys
        if kind == "row" or pk not in origins
    ]
    return ClassChange(
        change.name,
        tuple(came),
        tuple((names.get(pk, ""), origin) for pk, origin in origins.items()),
        (
            *((pk, names.get(pk, "")) for pk in change.stayers),
            *((pk, f"{names.get(pk, '')} ({classes.get(group, '')})") for group, pk in behind),
        ),
        (change.archives.school_year or 0) if change.archives else 0,
        change.size + change.behind_size,
    )


def class_outcomes(job: ImportJob) -> tuple[list[ClassOutcome], OthersOutcome | None]:
    """Return the effects of a school's list after it is written, with the present names of
    contacts. Four queries, whatever the number of classes; none for another import."""
    if job.state != ImportJob.State.DONE:
        return [], None
    staged = list(job.staged_groups.filter(is_written=True).order_by("number"))
    classes = [row for row in staged if row.is_class]
    if not classes:
        return [], None
    archived, leavers = set(job.archived), frozenset(job.leavers)
    silenced = {
        guardian
        for (guardian,) in job.links.filter(pupil=0, guardian=0, is_written=True)
        .exclude(before=None)
        .values_list("guardianship__guardian")
    }
    back = {pk for pk, _when in job.brought_back or ()} - archived
    affected = archived | silenced | back
    for school_class in classes:
        affected |= {*school_class.added, *school_class.removed, *(school_class.stayed or ())}
        affected |= {pk for _group, pk in school_class.moved_from}
    names = _names(job, affected)
    origins = _origins(staged, leavers)
    outcomes = [
        _outcome(school_class, names, origins, archived, leavers) for school_class in classes
    ]
    pupils = {pk for school_class in classes for pk in school_class.removed}
    pupils |= {pk for school_class in classes for _group, pk in school_class.moved_from}
    others = OthersOutcome(
        archived=_pairs_of(archived - pupils, names),
        silenced=_pairs_of(silenced - archived, names),
        back=_pairs_of(back, names),
    )
    return outcomes, others


_Names = Mapping[int, tuple[int, str]]
"""The place of each contact in the address book, and the name, by key."""


def _names(job: ImportJob, pks: Collection[int]) -> _Names:
    users = job.parts.exclude(user=None).values("user")
    contacts = Contact.objects.filter(user__in=users, pk__in=pks, deleted=None)
    ordered = contacts.order_by("initial", "sort_key", "pk").values_list("pk", "display_name")
    return {pk: (place, name) for place, (pk, name) in enumerate(ordered)}


def _origins(staged: Iterable[ImportGroup], leavers: Collection[int]) -> dict[int, str]:
    """Return the former class of each pupil who changed class, by the pupil's key."""
    staged = list(staged)
    groups = {group for row in staged for group, _pk in row.moved_from}
    labels = dict(Group.objects.filter(pk__in=groups).values_list("pk", "name"))
    origins = {pk: labels.get(group, "") for row in staged for group, pk in row.moved_from}
    arrived = {pk for row in staged for pk in row.added}
    return origins | {
        pk: row.name for row in staged for pk in row.removed if pk in arrived and pk not in leavers
    }


def _outcome(
    staged: ImportGroup,
    names: _Names,
    origins: Mapping[int, str],
    archived: Collection[int],
    leavers: frozenset[int],
) -> ClassOutcome:
    gone = leavers.intersection([*staged.removed, *(pk for _group, pk in staged.moved_from)])
    moved = _pairs_of({pk for pk in staged.added if pk in origins}, names)
    return ClassOutcome(
        name=staged.name,
        came=_pairs_of({pk for pk in staged.added if pk not in origins}, names),
        moved=tuple((pk, name, origins[pk]) for pk, name in moved),
        archived=_pairs_of(gone.intersection(archived), names),
        left=_pairs_of(gone.difference(archived), names),
        stayed=_pairs_of(set(staged.stayed or ()), names),
    )


def _pairs_of(pks: Collection[int], names: _Names) -> tuple[tuple[int, str], ...]:
    """Return key and name of each contact that there still is, in the order of the address
    book."""
    there = sorted((pk for pk in set(pks) if pk in names), key=lambda pk: names[pk][0])
    return tuple((pk, names[pk][1]) for pk in there)


def group_changes(job: ImportJob) -> list[GroupChange]:
    """Return the change of each group, while the import waits for the user's confirmation."""
    parts = job.parts.filter(problem="").select_related("user")
    return [change for part in parts for change in grouping.changes(part, job.policy, {})]


@dataclass(frozen=True)
class KeptAfterUndo:
    """The contacts and groups that undoing left alone, because the user has changed them since."""

    contacts: tuple[Contact, ...]
    groups: tuple[ImportGroup, ...]


def kept(job: ImportJob) -> KeptAfterUndo:
    """Return the kept contacts, at most a hundred by name, and all kept groups."""
    contacts: QuerySet[Contact] = Contact.objects.filter(
        pk__in=job.traces.filter(is_kept=True).values("contact")
    )
    return KeptAfterUndo(
        tuple(contacts.order_by("initial", "sort_key", "pk")[:100]),
        tuple(job.staged_groups.filter(is_kept=True).select_related("group")),
    )


def to_tell(user: User) -> ImportPart | None:
    """Return the last import that an administrator made for this user, until the user dismisses
    it."""
    return (
        ImportPart.objects.filter(user=user, told=None, problem="", job__state=ImportJob.State.DONE)
        .exclude(job__uploaded_by=user)
        .filter(new__gt=0)
        .select_related("job")
        .order_by("-job")
        .first()
    )


def dismiss(user: User) -> None:
    """Dismiss the line about imports."""
    ImportPart.objects.filter(user=user, told=None).update(told=clock.now())
