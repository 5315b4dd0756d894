"""The first step of an import: read the files once, and stage every row with its decision."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

from django.db import transaction

from accounts.claims import Lost
from addressbook import charsets, importers, vcard, years
from addressbook.contact_data import ContactData, LinkData
from addressbook.contacts import photos
from addressbook.folding import fold
from addressbook.importers import detect, homonyms, own, siecle
from addressbook.importers.families import GUARDIAN, PUPIL
from addressbook.importers.reading import Reading, refused
from addressbook.imports import deciding, jobs, owners
from addressbook.imports.joining import canonical, card, join
from addressbook.imports.matching import Book, Candidate, SchoolClass
from addressbook.models import (
    Group,
    ImportFile,
    ImportGroup,
    ImportJob,
    ImportLink,
    ImportPart,
    ImportRow,
)
from core import clock
from mail import sandbox

State, Decision, Fit = ImportJob.State, ImportRow.Decision, ImportRow.Fit
_Item = TypeVar("_Item")

_BATCH = 500
# The columns that matching fills.
_MATCHED = ("contact", "fit", "is_twin", "twin", "twin_row")
_LONGEST_LINE = 500
# The codes of a file that other columns can make readable.
_CORRECTABLE = frozenset({"unknown_columns", "one_name"})


def check(job: ImportJob) -> None:
    """Read and stage the files. The job's state is then READY, or FAILED if every file is
    refused."""
    _forget_attempt(job)
    began = clock.now()
    readings = list(_readings(job))
    reasons = [reading.reject_code for _file, reading, _lines in readings if reading.reject_code]
    if len(reasons) == len(readings):
        _refuse(job, reasons[0] if reasons else "empty")
        return
    staging = _Staging(job)
    for file, reading, lines in readings:
        if not reading.reject_code:
            staging.take(file, reading, lines)
    readings.clear()
    staging.put()
    with transaction.atomic():
        job.beat()
        deciding.decide(job)
        deciding.count(job)
        job.beat(
            groups=job.staged_groups.count(),
            warnings=dict(staging.warnings),
            matched=began,
            reject_code="",
            attempts=0,
        )
        _end(job, State.READY)


def rematch(job: ImportJob) -> None:
    """Compare the staged rows with an address book that has changed since."""
    began = clock.now()
    for part in job.parts.filter(problem=""):
        book = Book.of(part.user)
        rows = part.rows.exclude(decision=Decision.REFUSED).select_related("file")
        rows = rows.order_by("number")
        entries = [_Entry.of(row) for row in rows.iterator(chunk_size=_BATCH)]
        _link(entries)
        _link_families(entries, part.links.values_list("pupil", "guardian"))
        _link_classes(entries, _classes_of(part.staged_groups.all(), 0))
        _note_answers(entries, _answers(job))
        book.reserve(entry.data.uid for entry in entries if entry.is_own)
        for batch in _batches(_with_sets(entries), _BATCH):
            _match(book, batch)
            with transaction.atomic():
                job.beat()
                ImportRow.objects.bulk_update(
                    [entry.row for entry in batch], [*_MATCHED], batch_size=100
                )
    with transaction.atomic():
        job.beat(matched=began)
        deciding.decide(job)
        deciding.count(job)


def _forget_attempt(job: ImportJob) -> None:
    """Delete the rows of a killed worker, or of a reading with other columns."""
    with transaction.atomic():
        job.beat(checked=0, total=0)
        for table in (job.links, job.rows, job.staged_groups, job.parts):
            rows = table.all()
            rows._raw_delete(rows.db)


def _refuse(job: ImportJob, code: str) -> None:
    if code in _CORRECTABLE and jobs.columns(job):
        job.beat(reject_code=code, attempts=0)
        _end(job, State.READY)
        return
    job.beat(reject_code=code, finished=clock.now())
    _end(job, State.FAILED)
    jobs.purge(job)


def _end(job: ImportJob, state: str) -> None:
    job.beat(state=state, runner="")


# --- files ---

_Read = tuple[ImportFile, Reading, Sequence[str]]


def _readings(job: ImportJob) -> Iterator[_Read]:
    """Yield the reading of each file, with the lines to show for refused rows. The pupils and the
    guardians of a school may be in several files, which are then read together."""
    singly = list(_single_readings(job))
    left = importers.MOST_RECORDS
    for file, reading, lines in _together(job, singly):
        if len(reading.contacts) > left:
            reading = refused("too_many_records", reading)
        left -= len(reading.contacts)
        _note(file, reading)
        job.beat()
        yield file, reading, lines


def _single_readings(job: ImportJob) -> Iterator[_Read]:
    files = list(job.files.all())
    first = next((file for file in files if file.columns), None)
    for file in files:
        chosen = job.columns if first and _headers(file) == _headers(first) else None
        if file.reject_code == jobs.TOO_LARGE:
            yield file, refused(jobs.TOO_LARGE), ()
            continue
        content = _content(job, file)
        mapping = {int(index): name for index, name in chosen.items()} if chosen else None
        reading = _read(content, job.source, mapping)
        job.beat()
        yield file, reading, _lines(content) if job.user and reading.skipped else ()


def _together(job: ImportJob, readings: list[_Read]) -> list[_Read]:
    """Return the readings with those of one school as a whole, which the first file with pupils
    has."""
    parts = [file for file, reading, _lines_of in readings if reading.format == siecle.FORMAT]
    if len(parts) < 2:
        return readings
    contents = [_content(job, file) for file in parts]
    try:
        whole = sandbox.call(importers.read_together, sandbox.IMPORT, contents)
    except sandbox.Exhausted:
        whole = refused(importers.TOO_COSTLY)
    if whole.reject_code:
        main, beside = parts[0], whole
    else:
        main = next(
            part for part, reading, _lines_of in readings if part in parts and reading.contacts
        )
        beside = Reading(format=whole.format, source=whole.source, charset=whole.charset)
    return [
        (file, whole if file == main else beside, ()) if file in parts else (file, reading, lines)
        for file, reading, lines in readings
    ]


def _read(content: bytes, source: str, columns: Mapping[int, str] | None) -> Reading:
    """Run `importers.read_address_book` within limits of time and memory."""
    try:
        return sandbox.call(
            importers.read_address_book, sandbox.IMPORT, content, source=source, columns=columns
        )
    except sandbox.Exhausted:
        return refused(importers.TOO_COSTLY)


def _content(job: ImportJob, file: ImportFile) -> bytes:
    try:
        with jobs.open_file(file) as stream:
            return stream.read()
    except OSError as error:
        jobs.fail(job, ImportJob.Failure.GONE)
        raise Lost from error


def _headers(file: ImportFile) -> list[str]:
    return [column[1] for column in file.columns]


def _note(file: ImportFile, reading: Reading) -> None:
    file.reject_code = reading.reject_code
    file.format, file.program = reading.format, reading.source
    file.charset = reading.charset[:40]
    file.columns = [
        (column.index, column.header[:200], column.field, column.examples)
        for column in reading.columns
    ]
    file.save(update_fields=["reject_code", "format", "program", "charset", "columns"])


def _lines(content: bytes) -> Sequence[str]:
    """Return the lines of a text file; an archive has none."""
    if detect.is_zip(content):
        return ()
    return re.split("\r\n|\r|\n", charsets.decode(content).text)


# --- rows ---


@dataclass(slots=True, eq=False)
class _Entry:
    """A row that is being staged. ``combined`` is the joined data of the rows of its set; only the
    first row of a set has it."""

    row: ImportRow
    data: ContactData
    picture: str = ""
    combined: ContactData | None = None
    head: _Entry | None = None
    members: list[_Entry] = field(default_factory=list)
    wards: list[_Entry] = field(default_factory=list)
    guardians: list[_Entry] = field(default_factory=list)
    classes: dict[SchoolClass, int] = field(default_factory=dict)
    same_as: int = 0

    @property
    def family(self) -> list[ContactData]:
        """The guardians of all rows of the pupil."""
        return [guardian.data for entry in (self, *self.members) for guardian in entry.guardians]

    @property
    def is_own(self) -> bool:
        """Whether this product wrote the row, so that its UID identifies the contact."""
        return self.row.file.program == own.PROGRAM and bool(self.data.uid)

    @classmethod
    def of(cls, row: ImportRow) -> _Entry:
        """Return the entry for a staged row."""
        picture = photos.digest(bytes(row.picture)) if row.picture else ""
        combined = vcard.read_one(row.combined) if row.combined else None
        return cls(row, vcard.read_one(row.vcard), picture, combined)


_Staged = tuple[ImportFile, int, int, ContactData, list[str], str]
"""File, record, line, contact, warnings and role."""


@dataclass(slots=True)
class _Part:
    owner: owners.ContactsOwner | None
    contacts: list[_Staged] = field(default_factory=list)
    links: list[LinkData] = field(default_factory=list)
    groups: dict[str, ImportGroup] = field(default_factory=dict)


_Place = tuple[_Part, int]
"""The place of a file's contact: its part, and its index among the part's contacts."""


class _Staging:
    """The files of a job, part after part: one part for the job's owner, else one for each owner in
    the files."""

    def __init__(self, job: ImportJob) -> None:
        self.job = job
        self.warnings: Counter[str] = Counter()
        self._parts: dict[str, _Part] = {}
        self._refused: list[ImportRow] = []
        self._number = 0
        self._group_number = 0
        self._link_number = 0
        if job.user:
            self._parts[""] = _Part(None)

    def take(self, file: ImportFile, reading: Reading, lines: Sequence[str]) -> None:
        """Take the contacts, groups, links and refused rows of one file. ``lines`` is its text."""
        whose = self._owners(reading)
        places = self._take_contacts(file, reading, whose)
        self._take_groups(reading, whose, places)
        _name_class(file, reading, places)
        _take_links(reading, places)
        self._take_refused(file, reading, lines)

    def _take_contacts(
        self, file: ImportFile, reading: Reading, whose: Mapping[str, owners.ContactsOwner]
    ) -> list[_Place]:
        """Take the contacts, and return the place of each."""
        warned = self._warnings_by_record(reading)
        places: list[_Place] = []
        roles = reading.roles or ("",) * len(reading.contacts)
        for contact, record, line, role in zip(
            reading.contacts, reading.records, reading.lines, roles, strict=True
        ):
            part = self._part(whose.get(contact.owner))
            places.append((part, len(part.contacts)))
            plain = replace(contact, owner="")
            part.contacts.append((file, record, line, plain, warned.get(record, []), role))
        return places

    def _warnings_by_record(self, reading: Reading) -> dict[int, list[str]]:
        """Count all warnings, and return the codes of each record once."""
        warned: dict[int, list[str]] = {}
        for warning in reading.warnings:
            self.warnings[warning.code] += 1
            codes = warned.setdefault(warning.record, [])
            if warning.code not in codes:
                codes.append(warning.code)
        return warned

    def _take_groups(
        self, reading: Reading, whose: Mapping[str, owners.ContactsOwner], places: Sequence[_Place]
    ) -> None:
        for group in reading.groups:
            part = self._part(whose.get(group.owner))
            members = [places[index][1] for index in group.members if places[index][0] is part]
            staged = _add_group(part, group.name, members, group.external, len(group.missing))
            if staged and group.inner:
                former = [tuple(pair) for pair in staged.inner or ()]
                staged.inner = [list(pair) for pair in dict.fromkeys([*former, *group.inner])]
            if staged and group.is_class:
                staged.is_class = True
                staged.school_year = group.school_year or years.current()

    def _take_refused(self, file: ImportFile, reading: Reading, lines: Sequence[str]) -> None:
        for skipped in reading.skipped:
            text = lines[skipped.line - 1] if 0 < skipped.line <= len(lines) else ""
            self._refused.append(
                ImportRow(
                    job=self.job,
                    file=file,
                    record=skipped.record,
                    line=skipped.line,
                    decision=Decision.REFUSED,
                    reason=skipped.reason,
                    value=text[:_LONGEST_LINE] if self.job.user else "",
                )
            )

    def put(self) -> None:
        """Write the rows in batches, each with a sign of life."""
        contacts = sum(len(part.contacts) for part in self._parts.values())
        self.job.beat(total=contacts + len(self._refused))
        for number, part in enumerate(self._parts.values()):
            self._put_part(part, self._part_row(number, part))
            part.contacts.clear()
        only = self.job.parts.first() if self.job.user else None
        for batch in _batches(self._refused, _BATCH):
            for row in batch:
                row.part = only
            self._stage(batch)

    def _owners(self, reading: Reading) -> dict[str, owners.ContactsOwner]:
        if self.job.user:
            return {}
        names = dict.fromkeys(contact.owner for contact in reading.contacts)
        names.update(dict.fromkeys(group.owner for group in reading.groups))
        shares = {warning.value for warning in reading.warnings if warning.code == "owner_is_share"}
        return owners.resolve(names, shares)

    def _part(self, owner: owners.ContactsOwner | None) -> _Part:
        key = owner.key if owner else ""
        return self._parts.setdefault(key, _Part(owner))

    def _part_row(self, number: int, part: _Part) -> ImportPart:
        owner = part.owner
        return ImportPart.objects.create(
            job=self.job,
            number=number,
            owner=(owner.name if owner else str(self.job.user))[:254],
            user=owner.user if owner else self.job.user,
            problem=owner.problem if owner else "",
            is_newcomer=bool(owner and owner.is_newcomer),
            contacts=len(part.contacts),
            groups=len(part.groups),
        )

    def _put_part(self, part: _Part, row: ImportPart) -> None:
        first = self._number
        if row.problem:
            for batch in _batches(part.contacts, _BATCH):
                self._stage([self._refused_row(row, staged) for staged in batch])
            return
        entries: list[_Entry] = []
        for batch_of_contacts in _batches(part.contacts, _BATCH):
            entries += [self._entry(row, staged) for staged in batch_of_contacts]
            self.job.beat()
        _find_sets(entries, first)
        self._number += len(entries)
        links = self._put_links(part, row, first)
        _link_families(entries, ((link.pupil, link.guardian) for link in links))
        _rename_classes(row, part.groups)
        _find_pupils(entries, _answers(self.job))
        _link_classes(entries, _classes_of(part.groups.values(), first))
        book = Book.of(row.user)
        book.reserve(entry.data.uid for entry in entries if entry.is_own)
        for entries_of_batch in _batches(_with_sets(entries), _BATCH):
            _match(book, entries_of_batch)
            self._stage([entry.row for entry in entries_of_batch])
        for group in part.groups.values():
            group.job, group.part, group.number = self.job, row, self._group_number
            group.members = [first + index for index in group.members]
            self._group_number += 1
        ImportGroup.objects.bulk_create(part.groups.values(), batch_size=_BATCH)

    def _put_links(self, part: _Part, row: ImportPart, first: int) -> list[ImportLink]:
        links = [
            ImportLink(
                job=self.job,
                part=row,
                number=self._link_number + n,
                pupil=first + link.pupil,
                guardian=first + link.guardian,
                relation=link.relation[:60],
                receives_mail=link.receives_mail,
                is_legal=link.is_legal,
                position=min(link.position, 100),
            )
            for n, link in enumerate(part.links)
        ]
        self._link_number += len(links)
        ImportLink.objects.bulk_create(links, batch_size=_BATCH)
        return links

    def _refused_row(self, part: ImportPart, staged: _Staged) -> ImportRow:
        file, record, line, _data, _warned, _role = staged
        return ImportRow(
            job=self.job,
            part=part,
            file=file,
            record=record,
            line=line,
            decision=Decision.REFUSED,
            reason=part.problem,
        )

    def _entry(self, part: ImportPart, staged: _Staged) -> _Entry:
        file, record, line, data, warned, role = staged
        picture = photos.picture(data.photo) if data.photo else None
        text = card(data)
        # Rows are compared as a written card says them.
        data = vcard.read_one(text)
        row = ImportRow(
            job=self.job,
            part=part,
            file=file,
            record=record,
            line=line,
            role=role,
            name=data.display_name[:300],
            addresses=", ".join(email.address for email in data.emails),
            vcard=text,
            picture=picture.content if picture else None,
            decision=Decision.NEW,
            warnings=warned,
        )
        return _Entry(row, data, photos.digest(picture.content) if picture else "")

    def _stage(self, rows: Sequence[ImportRow]) -> None:
        """Number the rows and write them."""
        with transaction.atomic():
            for row in rows:
                if row.number is None:
                    row.number = self._number
                    self._number += 1
            self.job.beat(checked=self.job.checked + len(rows))
            ImportRow.objects.bulk_create(rows)


def _add_group(
    part: _Part, name: str, members: Iterable[int], external: Iterable[str], missing: int
) -> ImportGroup | None:
    """Add a group, or add to the group of the same name, and return it; None without a name."""
    folded = fold(name)[:200]
    if not folded:
        return None
    group = part.groups.setdefault(folded, ImportGroup(name=name[:200], folded=folded))
    group.members = list(dict.fromkeys([*group.members, *members]))
    group.external = list(dict.fromkeys([*group.external, *external]))
    group.missing += missing
    return group


def _name_class(file: ImportFile, reading: Reading, places: Sequence[_Place]) -> None:
    """Make the pupils of a list without a class a class that has the file's name."""
    if not reading.roles or any(group.is_class for group in reading.groups):
        return
    name = " ".join(re.split(r"[\s_-]+", file.name.rpartition(".")[0] or file.name)).strip()
    for (part, index), role in zip(places, reading.roles, strict=True):
        if role == PUPIL and (staged := _add_group(part, name, [index], (), 0)):
            staged.is_class, staged.school_year = True, years.current()


def _take_links(reading: Reading, places: Sequence[_Place]) -> None:
    """Tie pupils to guardians if both are in one part."""
    for link in reading.links:
        (part, pupil), (other, guardian) = places[link.pupil], places[link.guardian]
        if part is other:
            part.links.append(replace(link, pupil=pupil, guardian=guardian))


def _rename_classes(part: ImportPart, staged: dict[str, ImportGroup]) -> None:
    """Give a class another name if the user has an ordinary group of that name."""
    names = [folded for folded, group in staged.items() if group.is_class]
    if not names or part.user is None:
        return
    ordinary = Group.objects.of(part.user).filter(folded__in=names, kind=Group.Kind.ORDINARY)
    for folded in ordinary.values_list("folded", flat=True):
        group = staged[folded]
        group.name = years.with_year(group.name, group.school_year or years.current())
        group.folded = fold(group.name)[:200]


def _find_sets(entries: Sequence[_Entry], first: int) -> None:
    """Number the rows, and give a row that is the same person as an earlier one the number of that
    row as its head. Rows are the same person if they have an address in common and compatible
    names, or if every word is the same; rows that this product wrote, if they have the same UID."""
    for index, entry in enumerate(entries):
        entry.row.number = first + index
    # The importer has told pupils apart already, and a pupil is never a guardian.
    strange = [
        index for index, entry in enumerate(entries) if not entry.is_own and entry.row.role != PUPIL
    ]
    found_sets = importers.duplicate_sets([entries[index].data for index in strange])
    sets = [[strange[index] for index in alike] for alike in found_sets]
    in_sets = {index for alike in sets for index in alike}
    same: dict[str, list[int]] = {}
    for index, entry in enumerate(entries):
        if index not in in_sets and _may_repeat(entry):
            key = f"UID:{entry.data.uid}" if entry.is_own else canonical(entry.data)
            same.setdefault(key, []).append(index)
    for indexes in (*sets, *(alike for alike in same.values() if len(alike) > 1)):
        head, *others = (entries[index] for index in indexes)
        combined = head.data
        for other in others:
            other.row.head = head.row.number
            combined = join(combined, other.data)
            if not head.row.picture and other.row.picture:
                head.row.picture, head.picture = other.row.picture, other.picture
        head.combined = combined
        head.row.combined = card(combined)
    _link(entries)


def _may_repeat(entry: _Entry) -> bool:
    """Return whether equal data make two rows one person: never two pupils, nor two guardians of
    whom the list has nothing but a name."""
    if entry.row.role == GUARDIAN:
        return any(True for _mark in homonyms.marks(entry.data))
    return entry.row.role != PUPIL


def _link(entries: Sequence[_Entry]) -> None:
    """Link the rows of each set to their head."""
    by_number = {entry.row.number: entry for entry in entries}
    for entry in entries:
        if entry.row.head is not None:
            entry.head = by_number[entry.row.head]
            entry.head.members.append(entry)


def _link_families(entries: Sequence[_Entry], pairs: Iterable[tuple[int, int]]) -> None:
    """Link guardians to their pupils, by the numbers of their rows."""
    by_number = {entry.row.number: entry for entry in entries}
    for pupil, guardian in pairs:
        if pupil in by_number and guardian in by_number:
            by_number[guardian].wards.append(by_number[pupil])
            by_number[pupil].guardians.append(by_number[guardian])


def _classes_of(groups: Iterable[ImportGroup], first: int) -> dict[int, list[SchoolClass]]:
    """Return the classes of each row by its number."""
    classes: dict[int, list[SchoolClass]] = {}
    for group in groups:
        for member in group.members if group.is_class else ():
            own = classes.setdefault(first + member, [])
            own.append((group.folded, group.school_year or 0))
    return classes


def _link_classes(entries: Sequence[_Entry], classes: Mapping[int, list[SchoolClass]]) -> None:
    """Give each pupil its classes, with the number of pupils of the same name there."""
    counts: Counter[tuple[str, SchoolClass]] = Counter()
    pupils = [entry for entry in entries if entry.row.role == PUPIL and entry.head is None]
    for entry in pupils:
        rows = (entry, *entry.members)
        entry.classes = {
            place: 1 for row_entry in rows for place in classes.get(row_entry.row.number, ())
        }
        counts.update((homonyms.name_key(entry.data), place) for place in entry.classes)
    for entry in pupils:
        name = homonyms.name_key(entry.data)
        entry.classes = {place: counts[name, place] for place in entry.classes}


_Answers = Mapping[int, tuple[str, int]]


def _answers(job: ImportJob) -> _Answers:
    return {int(number): (kind, key) for number, (kind, key) in job.same_pupils.items()}


def _note_answers(entries: Sequence[_Entry], answers: _Answers) -> None:
    """Note which contacts the user says that pupils are."""
    for entry in entries:
        kind, key = answers.get(entry.row.number, ("", 0))
        if kind == "contact" and entry.row.role == PUPIL:
            entry.same_as = key


def _find_pupils(entries: Sequence[_Entry], answers: _Answers) -> None:
    """Give a pupil who is surely one of an earlier row, or is said to be by the user, that row as
    head. Several sheets and files may name the same pupil."""
    _note_answers(entries, answers)
    heads: dict[tuple[str, str], _Entry] = {}
    by_number = {entry.row.number: entry for entry in entries if entry.row.role == PUPIL}
    for entry in by_number.values():
        name = homonyms.name_key(entry.data)
        traces = homonyms.traces(entry.data, entry.family)
        head = _said_head(entry, answers, by_number) or _same_head(entry, name, traces, heads)
        if head:
            _put_together(head, entry)
        for mark in (*traces.offered, *filter(None, [entry.data.birthday])):
            heads.setdefault((name, mark), head or entry)


def _said_head(entry: _Entry, answers: _Answers, by_number: Mapping[int, _Entry]) -> _Entry | None:
    kind, number = answers.get(entry.row.number, ("", 0))
    head = by_number.get(number) if kind == "row" else None
    if head is None or head.row.number >= entry.row.number:
        return None
    return head.head or head


def _same_head(
    entry: _Entry, name: str, traces: homonyms.Traces, heads: Mapping[tuple[str, str], _Entry]
) -> _Entry | None:
    birthday = entry.data.birthday
    if not name:
        return None
    born = [birthday] if birthday else []
    candidates = (heads.get((name, mark)) for mark in (*born, *sorted(traces.sought)))
    return next((head for head in candidates if head and not _differ(head, entry.data)), None)


def _differ(head: _Entry, pupil: ContactData) -> bool:
    """Return whether dates of birth or national identifiers tell that these are two pupils."""
    rows = (head, *head.members)
    return any(
        homonyms.differ(entry.data.birthday, pupil.birthday)
        or homonyms.contradict(entry.data, pupil)
        for entry in rows
    )


def _put_together(head: _Entry, entry: _Entry) -> None:
    """Make a row another one of the person of its head."""
    entry.row.head, entry.head = head.row.number, head
    head.members.append(entry)
    head.combined = join(head.combined or head.data, entry.data)
    head.row.combined = card(head.combined)


def _with_sets(entries: Sequence[_Entry]) -> Iterator[_Entry]:
    """Yield the entries in their order, but the members of a set directly after their head."""
    for entry in entries:
        if entry.head is None:
            yield entry
            yield from entry.members


def _match(book: Book, entries: Sequence[_Entry]) -> None:
    """Compare rows with the address book. The members of a set follow their head, maybe in the next
    batch, and are compared with its result."""
    book.load(
        _candidate(entry, data)
        for entry in entries
        for data in (entry.data, entry.combined)
        if data
    )
    for entry in entries:
        twin = book.twin(_candidate(entry, entry.data))
        entry.row.twin_id = twin.pk if twin else None
        entry.row.twin_row = _repeated(entry)
        entry.row.is_twin = twin is not None or entry.row.twin_row is not None
        if entry.head is None:
            _match_head(book, entry)


def _candidate(entry: _Entry, data: ContactData) -> Candidate:
    wards = [ward.row.contact_id for ward in entry.wards if ward.row.contact_id]
    return Candidate(
        data,
        entry.picture,
        entry.row.role,
        wards,
        family=entry.family,
        classes=entry.classes,
        same_as=entry.same_as,
    )


def _match_head(book: Book, entry: _Entry) -> None:
    match = book.match(_candidate(entry, entry.combined or entry.data))
    entry.row.contact_id = match.known.pk if match.known else None
    entry.row.fit = match.fit
    is_list = bool(entry.row.role)
    base = join(match.known.data, entry.data, is_list=is_list) if match.known else entry.data
    for member in entry.members:
        joined = join(base, member.data)
        member.row.fit = Fit.ADDS if canonical(joined) != canonical(base) else Fit.SAME
        member.row.contact_id = entry.row.contact_id
        base = joined


def _repeated(entry: _Entry) -> int | None:
    """Return the number of the earlier row of its set that has the same data; None if there is
    none."""
    if entry.head is None:
        return None
    own = canonical(entry.data)
    for other in (entry.head, *entry.head.members):
        if other.row.number < entry.row.number and canonical(other.data) == own:
            return other.row.number
    return None


def _batches(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
