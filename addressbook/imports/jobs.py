"""Imports from their beginning to their end: asked for, confirmed, cancelled, undone, tended.

What takes time is done by `run`, in a worker. Who has changed a job's state here (`accept`,
`choose_columns`, `start`, `cancel`, `undo`) hands it over with
`addressbook.tasks.run_import.delay(job.pk)` while `job.is_moving`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.db import transaction

from accounts import sealed_files
from accounts.models import User
from addressbook.contacts import keeping
from addressbook.importers import LARGEST_FILE, Column, families
from addressbook.imports import deciding
from addressbook.models import ImportFile, ImportJob, ImportRow
from webmail import clock
from webmail.errors import AddressBookFull

State = ImportJob.State

MOST_FILES = 20
"""At once."""
FIELDS = (
    "display_name", "prefix", "first_name", "middle_name", "last_name", "suffix", "nickname",
    "email", "email:2", "email:home", "email:work",
    "phone:mobile", "phone:home", "phone:work", "phone:other", "phone:fax", "phone:work_fax",
    "phone:home_fax", "phone:pager",
    "home.street", "home.po_box", "home.city", "home.region", "home.postal_code", "home.country",
    "home.formatted",
    "work.street", "work.po_box", "work.city", "work.region", "work.postal_code", "work.country",
    "work.formatted",
    "other.street", "other.city", "other.region", "other.postal_code", "other.country",
    "other.formatted",
    "organization", "department", "job_title", "school", "birthday", "anniversary", "url",
    "categories",
    "notes",
    *families.FIELDS,
)  # fmt: skip
"""What a person may say that a column holds; the names of `importers.headers`."""
SUFFIX = ".contacts"
TOO_LARGE = "too_large"
# A file without a job is left from a crash: its job is made right after it.
_ORPHAN_SECONDS = 2 * 60 * 60


class Upload(Protocol):
    """An uploaded file, as Django has it."""

    @property
    def name(self) -> str | None: ...
    def chunks(self) -> Iterator[bytes]: ...


# --- asked for ---


def accept(
    user: User | None,
    files: Sequence[Upload],
    source: str = ImportJob.Source.AUTO,
    *,
    uploaded_by: User | None,
    policy: str = ImportJob.Policy.MERGE,
) -> ImportJob:
    """Files of one import, sealed into the spool, to be checked by `run`; at most `MOST_FILES` are
    taken, of 50 MB together: those beyond are refused. ``user`` None: the files say whose contacts
    they are. OSError when the spool can't be written."""
    named_chunks = [(Path(file.name or "").name[:200] or "?", file.chunks()) for file in files]
    return accept_chunks(
        user, named_chunks[:MOST_FILES], source, uploaded_by=uploaded_by, policy=policy
    )


def accept_chunks(
    user: User | None,
    files: Sequence[tuple[str, Iterable[bytes]]],
    source: str,
    *,
    uploaded_by: User | None,
    policy: str,
) -> ImportJob:
    """`accept` of names and pieces of bytes."""
    spooled: list[ImportFile] = []
    left = LARGEST_FILE
    try:
        for number, (name, chunks) in enumerate(files):
            spooled.append(ImportFile(number=number, name=name))
            left -= _spool(spooled[-1], chunks, left)
        with transaction.atomic():
            job = ImportJob.objects.create(
                user=user, uploaded_by=uploaded_by, source=source, policy=policy
            )
            for file in spooled:
                file.job = job
            ImportFile.objects.bulk_create(spooled)
    except BaseException:
        for file in spooled:
            path_of(file).unlink(missing_ok=True)
        raise
    return job


def _spool(file: ImportFile, chunks: Iterable[bytes], most: int) -> int:
    """The number of bytes that were sealed; 0 where they are more than ``most``, and the file is
    refused."""
    size = 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            size += len(chunk)
            if size > most:
                return
            yield chunk

    file.spool, file.source_key = sealed_files.new_name(), sealed_files.new_key()
    sealed_files.write(path_of(file), bytes(file.source_key), counted())
    if size <= most:
        return size
    path_of(file).unlink(missing_ok=True)
    file.spool, file.source_key, file.reject_code = "", b"", TOO_LARGE
    return 0


def find(user: User, pk: int) -> ImportJob | None:
    """A person's own import."""
    return ImportJob.objects.of(user).filter(pk=pk).first()


# --- looked at, chosen ---


def columns(job: ImportJob) -> tuple[Column, ...]:
    """The columns of the first table among the files as they were understood, with three examples
    each; () where none is a table, or the import is over."""
    table = _table(job)
    return _columns(table) if table else ()


def _table(job: ImportJob) -> ImportFile | None:
    return next((file for file in job.files.all() if file.columns), None)


def _columns(file: ImportFile) -> tuple[Column, ...]:
    return tuple(
        Column(index, header, field, tuple(examples))
        for index, header, field, examples in file.columns
    )


def choose_columns(job: ImportJob, mapping: Mapping[int, str]) -> bool:
    """Read the files again with other fields, by the index of their columns, "" for none; unknown
    ones count for nothing. It holds for every table with the same headers. False when it was too
    late: it is being written, or over."""
    chosen = {
        str(column.index): mapping[column.index]
        for column in columns(job)
        if mapping.get(column.index) in (column.field, "", *FIELDS)
    }
    return job.leave((State.READY,), State.UPLOADED, columns=chosen, attempts=0)


def choose_policy(job: ImportJob, policy: str) -> bool:
    """Choose how duplicates are treated, and count the staged rows anew. False when it was too
    late."""
    with transaction.atomic():
        if not job.leave((State.READY,), State.READY, policy=ImportJob.Policy(policy)):
            return False
        deciding.decide(job)
        deciding.count(job)
    return True


def start(job: ImportJob, leavers: Iterable[int] = ()) -> bool:
    """Start to write after the user saw the preview; ``leavers`` are the pupils that the user
    ticked. False when it was too late, or nothing is to be written. Raises AddressBookFull, when
    the new contacts are more than there is room for."""
    if job.reject_code or not job.total:
        return False
    if job.user and job.new > keeping.room(job.user):
        raise AddressBookFull
    return job.leave((State.READY,), State.WRITING, attempts=0, leavers=sorted(set(leavers)))


def cancel(job: ImportJob) -> bool:
    """Stop it; what was written already is taken back. False when it was too late."""
    now = clock.now()
    before = (State.UPLOADED, State.CHECKING, State.READY)
    if job.leave(before, State.CANCELLED, finished=now, runner=""):
        purge(job)
        return True
    return job.leave(
        (State.WRITING,), State.UNDOING, ends_as=State.CANCELLED, runner="", attempts=0
    )


def undo(job: ImportJob) -> bool:
    """Take a whole import back, within 30 days: what it made goes into the bin, what it changed is
    as before; what was changed by hand since stays as it is (`kept`). False when it is too late."""
    if not job.is_undoable:
        return False
    return job.leave((State.DONE,), State.UNDOING, ends_as=State.UNDONE, runner="", attempts=0)


def fail(job: ImportJob, failure: ImportJob.Failure) -> None:
    """The worker that has it gives it up; what was written is taken back. If that fails, it is
    tried again until the attempts are over."""
    given_up = {"failure": failure, "runner": ""}
    if job.end(State.UNDOING, [State.WRITING], ends_as=State.FAILED, attempts=0, **given_up):
        return
    lasting = failure == ImportJob.Failure.INTERRUPTED
    if not lasting and job.end(State.UNDOING, [State.UNDOING], runner=""):
        return
    if job.end(State.FAILED, finished=clock.now(), **given_up):
        purge(job)


# --- tended ---


def tend() -> list[int]:
    """Take up what died, give up what waits in vain, remove what is left over; the jobs that the
    caller should start."""
    now = clock.now()
    ImportJob.objects.dead().update(runner="")
    unseen = ImportJob.objects.filter(state=State.READY, changed__lt=now - ImportJob.CONFIRMABLE)
    for job in unseen:
        cancel(job)
    for job in ImportJob.objects.filter(undo_until__lt=now):
        forget_traces(job)
    _remove_leftovers()
    # One that was asked for this minute is in the queue already.
    waiting = ImportJob.objects.waiting().filter(changed__lt=now - ImportJob.QUEUED)
    return list(waiting.order_by("created").values_list("pk", flat=True))


def purge(job: ImportJob) -> None:
    """All but the report, and what undo needs. The files' names in the spool go last: by them
    `tend` knows a job whose purge was killed."""
    decided = ImportRow.objects.filter(job=job).exclude(decision=ImportRow.Decision.REFUSED)
    decided._raw_delete(decided.db)
    job.files.update(columns=[])
    _forget_files(job)


def forget_traces(job: ImportJob) -> None:
    """Forget what undo needs: counts, line numbers and reasons alone are left of the import."""
    job.traces.all().delete()
    job.staged_groups.all().delete()
    job.links.all().delete()
    job.rows.update(name="", value="")
    ImportJob.objects.filter(pk=job.pk).update(undo_until=None, brought_back=None)


def _forget_files(job: ImportJob) -> None:
    for file in job.files.exclude(spool=""):
        path_of(file).unlink(missing_ok=True)
    job.files.update(source_key=b"", spool="")


def _remove_leftovers() -> None:
    over = ImportJob.objects.exclude(state__in=ImportJob.UNFINISHED)
    for job in over.exclude(files=None).exclude(files__spool="").distinct():
        purge(job)
    spooled = set(ImportFile.objects.exclude(spool="").values_list("spool", flat=True))
    for path in settings.SPOOL.glob(f"*{SUFFIX}"):
        if path.stem not in spooled:
            sealed_files.remove_older(settings.SPOOL, path.name, _ORPHAN_SECONDS)


# --- files ---


def path_of(file: ImportFile) -> Path:
    return Path(settings.SPOOL) / f"{file.spool}{SUFFIX}"


def open_file(file: ImportFile) -> BinaryIO:
    """OSError when it is gone."""
    if not file.spool:
        raise FileNotFoundError(file.name)
    return sealed_files.read(path_of(file), bytes(file.source_key))
