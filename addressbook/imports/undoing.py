"""Take back what an import wrote: after an undo, a cancellation while it was written, or a
failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import AuditEvent
from addressbook import vcard
from addressbook.contacts import archiving, keeping, photos
from addressbook.imports import grouping, jobs, linking
from addressbook.imports.joining import mark
from addressbook.models import Contact, ContactPhoto, ImportJob, ImportPart, ImportTrace
from core import clock

State = ImportJob.State

BATCH = 500


def take_back(job: ImportJob) -> None:
    """Take back an import. Its state is then `ends_as`. If it is undone, its new contacts and
    groups go into the bin; if it never finished, they are deleted, since nobody has seen them.
    Contacts and groups that the user has changed since stay, marked as kept."""
    for part in job.parts.order_by("-number"):
        _take_back_groups(job, part)
    while _take_back_rows(job):
        pass
    _finish(job)


def _erases(job: ImportJob) -> bool:
    return job.ends_as != State.UNDONE


def _take_back_groups(job: ImportJob, part: ImportPart) -> None:
    with transaction.atomic():
        job.beat()
        archiving.unarchive_contacts(part.user, job.archived)
        kept_count = grouping.take_back(part, erase=_erases(job))
        linking.take_back(part)
        archiving.archive_as_before(part.user, _archived_before(job))
        job.beat(kept=job.kept + kept_count)


def _archived_before(job: ImportJob) -> dict[int, datetime]:
    pairs = job.brought_back or ()
    return {pk: datetime.fromisoformat(when) for pk, when in pairs if pk not in job.archived}


def _take_back_rows(job: ImportJob) -> bool:
    """Undo the last traces in one transaction. Return False if none is left."""
    with transaction.atomic():
        job.beat()
        traces = list(job.traces.filter(is_kept=False).order_by("-number")[:BATCH])
        if not traces:
            return False
        kept_traces = _undo(job, traces)
        job.traces.filter(pk__in=[trace.pk for trace in kept_traces]).update(is_kept=True)
        done = {trace.pk for trace in traces} - {trace.pk for trace in kept_traces}
        job.traces.filter(pk__in=done).delete()
        job.beat(kept=job.kept + len(kept_traces), undone=job.undone + len(traces), attempts=0)
    return True


def _undo(job: ImportJob, traces: Sequence[ImportTrace]) -> list[ImportTrace]:
    """Undo ``traces``, and return those of contacts that the user has changed since, which stay."""
    pks = [trace.contact_id for trace in traces if trace.contact_id]
    contacts = Contact.objects.select_for_update().in_bulk(pks)
    digests = dict(ContactPhoto.objects.filter(contact__in=pks).values_list("pk", "digest"))
    kept_traces: list[ImportTrace] = []
    new_contacts: list[int] = []
    changed: list[tuple[ImportTrace, Contact]] = []
    for trace in traces:
        contact = contacts.get(trace.contact_id or 0)
        if contact is None:  # deleted for good since
            continue
        if mark(contact.vcard, digests.get(contact.pk, "")) != bytes(trace.after):
            kept_traces.append(trace)
        elif trace.before:
            changed.append((trace, contact))
        else:
            new_contacts.append(contact.pk)
    _remove(job, new_contacts)
    _restore(changed)
    return kept_traces


def _remove(job: ImportJob, pks: Sequence[int]) -> None:
    contacts = Contact.objects.filter(pk__in=pks)
    if _erases(job):
        contacts.delete()
    else:
        contacts.filter(deleted=None).update(deleted=clock.now())


def _restore(changed: Sequence[tuple[ImportTrace, Contact]]) -> None:
    contacts = [contact for _trace, contact in changed]
    rows = ContactPhoto.objects.filter(contact__in=contacts).values_list("pk", "content")
    pictures = {pk: bytes(content) for pk, content in rows}
    pairs = []
    for trace, contact in changed:
        data = vcard.read_one(trace.before)
        if trace.before_picture:
            content: bytes | None = bytes(trace.before_picture)
        else:
            content = pictures.get(contact.pk) if trace.had_picture else None
        pairs.append((contact, replace(data, photo=photos.made(content) if content else None)))
    keeping.update_many(pairs)


def _finish(job: ImportJob) -> None:
    with transaction.atomic():
        job.beat(finished=clock.now())
        if job.ends_as == State.UNDONE:
            _note(job)
        else:
            job.traces.all().delete()
            job.staged_groups.all().delete()
            job.links.all().delete()
        job.beat(state=job.ends_as, runner="")
    jobs.purge(job)


def _note(job: ImportJob) -> None:
    audit.record(
        AuditEvent.Kind.CONTACTS_IMPORT_UNDONE,
        actor=job.uploaded_by,
        target=str(job.user or ""),
        key=job.pk,
        created=job.new,
        updated=job.merged,
        kept=job.kept,
    )
