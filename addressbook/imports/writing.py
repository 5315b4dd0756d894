"""The second step of an import: staged rows become contacts, 500 in a transaction, each once by its
number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.models import AuditEvent, User
from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.contacts import keeping, photos
from addressbook.imports import checking, deciding, grouping, jobs, linking, owners
from addressbook.imports.joining import canonical, join, mark
from addressbook.models import Contact, ContactPhoto, ImportJob, ImportPart, ImportRow, ImportTrace
from core import clock

State, Decision, Policy = ImportJob.State, ImportRow.Decision, ImportJob.Policy

BATCH = 500
FULL = "book_full"
"""The reason of a row for which there is no room."""


def write(job: ImportJob) -> None:
    """Write the import. The job is then done, or still waiting while another import writes into the
    same address book."""
    if not job.written:
        if _must_wait(job):
            job.beat(runner="", attempts=0)
            return
        if _has_changed(job):
            checking.rematch(job)
    while _write_batch(job):
        pass
    for part in job.parts.filter(problem="").exclude(user=None).order_by("number"):
        _write_groups(job, part)
    _finish(job)


def _must_wait(job: ImportJob) -> bool:
    """Return whether an earlier import for one of these users is not yet written, since both would
    create the same contacts. `tending` starts this one again."""
    people = job.parts.exclude(user=None).values("user")
    others = ImportJob.objects.filter(state=State.WRITING, parts__user__in=people)
    return others.filter(Q(pk__lt=job.pk) | Q(written__gt=0)).exclude(pk=job.pk).exists()


def _has_changed(job: ImportJob) -> bool:
    """Return whether an address book has changed since it was compared."""
    since = job.matched
    changed = Contact.objects.filter(user__in=job.parts.values("user"))
    return changed.filter(Q(updated__gte=since) | Q(deleted__gte=since)).exists()


@dataclass(slots=True)
class _Batch:
    """The changes of a batch: new contacts, changed contacts, and rows whose decision has
    changed."""

    new: list[tuple[ImportRow, ContactData]] = field(default_factory=list)
    changed: list[tuple[ImportRow, Contact, ContactData]] = field(default_factory=list)
    decided: list[ImportRow] = field(default_factory=list)

    def decide(self, row: ImportRow, decision: str, reason: str = "") -> None:
        if row.decision != decision:
            row.decision, row.reason = decision, reason
            self.decided.append(row)


def _write_batch(job: ImportJob) -> bool:
    """Write one batch. Return False if all rows are written."""
    with transaction.atomic():
        job.beat()
        unwritten = job.rows.filter(number__gte=job.written).select_related("part")
        rows = list(unwritten.order_by("number")[:BATCH])
        if not rows:
            return False
        part = rows[0].part
        rows = [row for row in rows if row.part_id == rows[0].part_id]
        if part and not part.problem:
            _write_rows(job, part, rows)
        job.beat(written=rows[-1].number + 1, attempts=0)
    return True


def _write_rows(job: ImportJob, part: ImportPart, rows: Sequence[ImportRow]) -> None:
    user = _user_of(part)
    batch = _plan(job, user, rows)
    room = keeping.room(user)
    for row, _data in batch.new[room:]:
        batch.decide(row, Decision.REFUSED, FULL)
    new = batch.new[:room]
    contacts = keeping.create_many(user, [data for _row, data in new])
    traces = [
        ImportTrace(
            job=job,
            number=row.number,
            contact=contact,
            after=_mark(contact, photos.digest(data.photo.content) if data.photo else ""),
        )
        for (row, data), contact in zip(new, contacts, strict=True)
    ]
    traces += _change(job, batch)
    ImportTrace.objects.bulk_create(traces)
    ImportRow.objects.bulk_update(batch.decided, ["decision", "reason"], batch_size=100)


def _user_of(part: ImportPart) -> User:
    """Return the user of a part. A user who has never signed in is created only now, since a dry
    run must create nobody."""
    if part.user is None:
        part.user = owners.ensure(owners.find_owner(part.owner))
        part.save(update_fields=["user"])
    return part.user


def _plan(job: ImportJob, user: User, rows: Sequence[ImportRow]) -> _Batch:
    batch = _Batch()
    keeps_both = job.policy == Policy.KEEP
    targets = [row.contact_id for row in rows if row.contact_id]
    there = Contact.objects.of(user).select_for_update().in_bulk(targets)
    for row in rows:
        if row.decision == Decision.REFUSED or (row.head is not None and not keeps_both):
            continue
        contact = there.get(row.contact_id or 0)
        if keeps_both:
            if row.decision == Decision.NEW:
                batch.new.append((row, _data(row, row.vcard)))
        elif contact is None:
            # New, or the contact was deleted in the meantime.
            batch.decide(row, Decision.NEW)
            batch.new.append((row, _data(row, row.combined or row.vcard)))
        elif row.decision == Decision.MERGE:
            batch.changed.append((row, contact, _data(row, row.combined or row.vcard)))
    return batch


def _data(row: ImportRow, text: str) -> ContactData:
    data = vcard.read_one(text)
    return replace(data, photo=photos.made(bytes(row.picture))) if row.picture else data


def _change(job: ImportJob, batch: _Batch) -> list[ImportTrace]:
    """Merge rows into the present contacts, or replace these. A picture stays if the file has
    none."""
    contacts = [contact for _row, contact, _data in batch.changed]
    photo_rows = ContactPhoto.objects.filter(contact__in=contacts).values_list("pk", "content")
    pictures = {pk: photos.made(bytes(content)) for pk, content in photo_rows}
    pairs: list[tuple[Contact, ContactData]] = []
    traces: list[ImportTrace] = []
    for row, contact, data in batch.changed:
        current = replace(vcard.read_one(contact.vcard), photo=pictures.get(contact.pk))
        replaces = job.policy == Policy.REPLACE
        result = data if replaces else join(current, data, is_list=bool(row.role))
        photo = data.photo if replaces and data.photo else current.photo or data.photo
        if canonical(result) == canonical(current) and photo == current.photo:
            batch.decide(row, Decision.UNCHANGED)
            continue
        trace = ImportTrace(
            job=job,
            number=row.number,
            contact=contact,
            before=contact.vcard,
            had_picture=current.photo is not None,
        )
        if current.photo and photo != current.photo:
            trace.before_picture = current.photo.content
        pairs.append((contact, replace(result, photo=photo)))
        traces.append(trace)
    keeping.update_many(pairs)
    for trace, (contact, data) in zip(traces, pairs, strict=True):
        trace.after = _mark(contact, photos.digest(data.photo.content) if data.photo else "")
    return traces


def _mark(contact: Contact, picture: str) -> bytes:
    return mark(contact.vcard, picture)


def _write_groups(job: ImportJob, part: ImportPart) -> None:
    with transaction.atomic():
        job.beat()
        has_groups = part.staged_groups.filter(is_written=False).exists()
        if has_groups or part.links.filter(is_written=False).exists():
            numbers = part.rows.values("number")
            traces = job.traces.filter(number__in=numbers, contact__isnull=False)
            written = dict(traces.values_list("number", "contact_id"))
            leavers = frozenset(job.leavers)
            archived = linking.leave(part, job.policy, written, leavers) if part.user else []
            linking.apply(part, job.policy, written)
            left, beyond = grouping.apply(part, job.policy, written, leavers)
            beyond += job.warnings.get("group_full", 0)
            back = grouping.bring_back(part, job.policy, written)
            pairs = [[pk, when.isoformat()] for pk, when in back.items()]
            job.beat(
                archived=[*job.archived, *archived, *left],
                brought_back=[*(job.brought_back or ()), *pairs],
                warnings=job.warnings | ({"group_full": beyond} if beyond else {}),
            )


def _finish(job: ImportJob) -> None:
    now = clock.now()
    with transaction.atomic():
        job.beat()
        deciding.count(job)
        groups = list(job.staged_groups.values_list("added", "moved", "to_check"))
        moved = sum(count for _added, count, _to_check in groups)
        job.beat(
            added=sum(len(added) for added, _moved, _to_check in groups) - moved,
            moved=moved,
            to_check=sum(count for _added, _moved, count in groups),
            finished=now,
            undo_until=now + ImportJob.UNDOABLE,
        )
        _note(job)
        job.beat(state=State.DONE, runner="")
    jobs.purge(job)


def _note(job: ImportJob) -> None:
    audit.record(
        AuditEvent.Kind.CONTACTS_IMPORTED,
        actor=job.uploaded_by,
        target=str(job.user or ""),
        key=job.pk,
        rows=job.total,
        created=job.new,
        updated=job.merged,
        unchanged=job.unchanged,
        refused=job.refused,
        groups=job.groups,
    )
