"""The life of an import: accepted, confirmed, cancelled, undone, tidied.

`run` does the long work in a worker. After a call of `accept`, `choose_columns`, `start`, `cancel`
or `undo`, the caller hands the job over with `tending.hand_over(tasks.run_import, job.pk)` if
`job.is_moving`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.sealed import files as sealed_files
from addressbook.contacts import keeping
from addressbook.importers import LARGEST_FILE, TableColumn, ent, families
from addressbook.imports import deciding
from addressbook.models import ImportFile, ImportJob, ImportRow
from core import clock
from mail.errors import AddressBookFull

State = ImportJob.State

MOST_FILES = 20
"""The largest number of files of one import."""
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
    *ent.FIELDS,
)  # fmt: skip
"""The fields that a user can choose for a column, by the names of `importers.headers`."""
SUFFIX = ".contacts"
TOO_LARGE = "too_large"
# The job of a file is created right after it, so a file without a job is left from a crash.
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
    """Seal files into the spool as one import, to be checked by `run`. At most `MOST_FILES` are
    taken, of 50 MB together; the others are refused. If ``user`` is None, the files name the
    owners. Raises OSError if the spool cannot be written."""
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
    """Do the same as `accept`, for names and chunks of bytes."""
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
    """Seal a file, and return the number of its bytes. A file with more than ``most`` is refused,
    and counts 0."""
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


def find_import(user: User, pk: int) -> ImportJob | None:
    """Return an import of the user."""
    return ImportJob.objects.of(user).filter(pk=pk).first()


# --- looked at, chosen ---


def columns(job: ImportJob) -> tuple[TableColumn, ...]:
    """Return the columns of the first table among the files as they were recognised, with three
    examples each; () if no file is a table, or the import is over."""
    table = _table(job)
    return _columns(table) if table else ()


def _table(job: ImportJob) -> ImportFile | None:
    return next((file for file in job.files.all() if file.columns), None)


def _columns(file: ImportFile) -> tuple[TableColumn, ...]:
    return tuple(
        TableColumn(index, header, field, tuple(examples))
        for index, header, field, examples in file.columns
    )


def choose_columns(job: ImportJob, mapping: Mapping[int, str]) -> bool:
    """Read the files again with other fields, by the index of their columns, "" for none; unknown
    fields are ignored. The choice holds for every table with the same headers. Return False if the
    import is already written or over."""
    chosen = {
        str(column.index): mapping[column.index]
        for column in columns(job)
        if mapping.get(column.index) in (column.field, "", *FIELDS)
    }
    new = {"columns": chosen, "same_pupils": {}, "attempts": 0}
    return job.leave((State.READY,), State.UPLOADED, **new)


def choose_policy(job: ImportJob, policy: str) -> bool:
    """Choose how duplicates are treated, and count the staged rows anew. Return False if it is too
    late."""
    with transaction.atomic():
        if not job.leave((State.READY,), State.READY, policy=ImportJob.Policy(policy)):
            return False
        deciding.decide(job)
        deciding.count(job)
    return True


def start(job: ImportJob, leavers: Iterable[int] = ()) -> bool:
    """Start to write, after the user has seen the preview. ``leavers`` are the people whom the user
    ticked. Return False if it is too late, or there is nothing to write. Raises AddressBookFull if
    there is no room for the new contacts."""
    if job.reject_code or not job.total:
        return False
    if job.user and job.new > keeping.room(job.user):
        raise AddressBookFull
    return job.leave((State.READY,), State.WRITING, attempts=0, leavers=sorted(set(leavers)))


def cancel(job: ImportJob) -> bool:
    """Stop an import; what is already written is taken back. Return False if it is too late."""
    now = clock.now()
    before = (State.UPLOADED, State.CHECKING, State.READY)
    if job.leave(before, State.CANCELLED, finished=now, runner=""):
        purge(job)
        return True
    return job.leave(
        (State.WRITING,), State.UNDOING, ends_as=State.CANCELLED, runner="", attempts=0
    )


def undo(job: ImportJob) -> bool:
    """Undo a whole import, within 30 days: its new contacts go into the bin, and changed ones get
    their former values. Contacts that the user has changed since stay (`kept`). Return False if it
    is too late."""
    if not job.is_undoable:
        return False
    return job.leave((State.DONE,), State.UNDOING, ends_as=State.UNDONE, runner="", attempts=0)


def fail(job: ImportJob, failure: ImportJob.Failure) -> None:
    """End a job that its worker gives up; what was written is taken back. If taking back fails, it
    is tried again until the attempts are used up."""
    given_up = {"failure": failure, "runner": ""}
    if job.end(State.UNDOING, [State.WRITING], ends_as=State.FAILED, attempts=0, **given_up):
        return
    lasting = failure == ImportJob.Failure.INTERRUPTED
    if not lasting and job.end(State.UNDOING, [State.UNDOING], runner=""):
        return
    if job.end(State.FAILED, finished=clock.now(), **given_up):
        purge(job)


# --- tidied ---


def revive(job: ImportJob) -> None:
    """Let another worker repeat the step of a dead one; `run` counts the attempts."""
    job.end(job.state, runner="")


def tidy() -> None:
    """Cancel previews that nobody confirmed, and delete leftovers."""
    now = clock.now()
    unseen = ImportJob.objects.filter(state=State.READY, changed__lt=now - ImportJob.CONFIRMABLE)
    for job in unseen:
        cancel(job)
    for job in ImportJob.objects.filter(undo_until__lt=now):
        forget_traces(job)
    _remove_leftovers()


def purge(job: ImportJob) -> None:
    """Delete all but the report and what undo needs. The names of the files in the spool go last:
    by them `tidy` finds a job whose purge was killed."""
    decided = ImportRow.objects.filter(job=job).exclude(decision=ImportRow.Decision.REFUSED)
    decided._raw_delete(decided.db)
    job.files.update(columns=[])
    _forget_files(job)


def forget_traces(job: ImportJob) -> None:
    """Delete what undo needs, so that only counts, line numbers and reasons are left."""
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
    """Open a file of the spool. Raises OSError if it is gone."""
    if not file.spool:
        raise FileNotFoundError(file.name)
    return sealed_files.read_sealed(path_of(file), bytes(file.source_key))
