"""Transfers from their beginning to their end: created, run, stopped, resumed, undone, cleaned up.

`run`, in a worker, does the work. The caller hands over a job by
`tending.hand_over(tasks.do_transfer, job.pk)` once its row is committed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser

from accounts import lending, session
from accounts.claims import Heartbeat, Lost
from accounts.http import SignedInRequest
from accounts.sealed import files as sealed_files
from core import clock
from mail.errors import MessageNotFound, ServerUnavailable, SignInNeeded, TooLarge, WebmailError
from mail.imap import uid_sets
from mail.imap.connection import Connection
from mail.mailbox.actions import DELETE, MailStep
from mail.mailbox.bulk import MOST_MESSAGES
from webmail.jobs import mail_jobs
from webmail.jobs.mail_jobs import ActionProgress, RequestedAction
from webmail.models import Transfer
from webmail.transfer import collecting, exporting, importing, store
from webmail.transfer.exporting import ExportPlace

State = Transfer.State
Kind = Transfer.Kind

Unwritable = sealed_files.Unwritable
"""The spool cannot be written to."""
SPOOL_FULL = "SpoolFull"
_UPLOAD = timedelta(hours=6)
"""The time after which an upload that does not continue is cancelled."""
MOST_KEPT = 10
"""The most exports of a user whose files are in the spool; a new one replaces the oldest."""


def export(
    request: SignedInRequest,
    places: Sequence[ExportPlace],
    form: str,
    *,
    name: str,
    folder: str,
    total: int,
    fallback: str,
) -> Transfer:
    """Create an export, which waits for a worker. ``name`` is that of the file, ``fallback``
    replaces an empty subject, and ``total`` is the number of messages as far as it is known."""
    _make_room(request)
    work = {"places": exporting.packed(places), "fallback": fallback}
    return Transfer.objects.create(
        user=request.user,
        credential=lending.lend(request),
        kind=Kind.EXPORT,
        form=form,
        folder=folder,
        name=name,
        key=sealed_files.new_key(),
        total=total,
        work=work,
    )


def _make_room(request: SignedInRequest) -> None:
    exports = Transfer.objects.all().of(request.user).filter(kind=Kind.EXPORT)
    for job in exports.exclude(until=None)[MOST_KEPT - 1 :]:
        _forget_files(job)


def bring(request: SignedInRequest, folder: str, name: str, chunks: Iterable[bytes]) -> Transfer:
    """Create an import of an uploaded file, which waits for a worker. Raises TooLarge, and
    sealed_files.Unwritable when the spool is full; then nothing is left behind."""
    key = sealed_files.new_key()
    segments: list[store.Segment] = []
    try:
        for pieces in _segmented(chunks):
            segments.append(store.write(key, pieces))
            if sum(size for _name, size in segments) > settings.IMPORT_LIMIT:
                raise TooLarge(limit=settings.IMPORT_LIMIT)
        size = sum(size for _name, size in segments)
        return _import(request, folder, name, key, segments, size, State.WAITING)
    except BaseException:
        store.remove(segments)
        raise


def begin_upload(request: SignedInRequest, folder: str, name: str, size: int) -> Transfer:
    """Create an import of a file that is uploaded in pieces. Raises TooLarge."""
    if size > settings.IMPORT_LIMIT:
        raise TooLarge(limit=settings.IMPORT_LIMIT)
    job = _import(request, folder, name, sealed_files.new_key(), [], size, State.UPLOADING)
    Transfer.objects.filter(pk=job.pk).update(size=0)
    job.size = 0
    return job


def collect(
    request: SignedInRequest, folder: str, server: str, port: int, login: str, password: str
) -> Transfer:
    """Create a transfer of the mail of another account, which waits for a worker."""
    job = Transfer(
        user=request.user,
        credential=lending.lend(request),
        kind=Kind.ACCOUNT,
        folder=folder,
        name=f"{login} ({server})"[:200],
        work={"other": {"server": server, "port": port, "login": login}},
    )
    job.sealed = collecting.seal(job, password)
    job.save(force_insert=True)
    return job


def add_piece(job: Transfer, at: int, chunks: Iterable[bytes]) -> bool:
    """Add the next piece of a file, which begins at byte ``at``. After the last piece the job waits
    for a worker. Return False where another piece is expected. Raises TooLarge,
    sealed_files.Unwritable."""
    if job.state != State.UPLOADING or at != job.size:
        return False
    segment = store.write(bytes(job.key), chunks)
    size = job.size + segment[1]
    own = Transfer.objects.filter(pk=job.pk, state=State.UPLOADING, size=at)
    work = {**job.work, "segments": [*job.work["segments"], segment]}
    state = State.WAITING if size == job.total else State.UPLOADING
    if size > job.total or not segment[1]:
        store.remove([segment])
        raise TooLarge(limit=job.total)
    if not own.update(work=work, size=size, state=state, changed=clock.now()):
        store.remove([segment])
        return False
    job.refresh_from_db()
    return True


def _segmented(chunks: Iterable[bytes]) -> Iterator[Iterator[bytes]]:
    """Group chunks into segments. Each group must be read before the next one is requested."""
    source = iter(chunks)
    for first in source:

        def group(first: bytes = first) -> Iterator[bytes]:
            size = len(first)
            yield first
            while size < store.SEGMENT and (chunk := next(source, None)) is not None:
                size += len(chunk)
                yield chunk

        yield group()


def _import(
    request: SignedInRequest,
    folder: str,
    name: str,
    key: bytes,
    segments: Sequence[store.Segment],
    size: int,
    state: Transfer.State,
) -> Transfer:
    return Transfer.objects.create(
        user=request.user,
        credential=lending.lend(request),
        kind=Kind.IMPORT,
        folder=folder,
        name=name[:200],
        key=key,
        size=size,
        total=size,
        state=state,
        work={"segments": segments},
    )


def run(pk: uuid.UUID) -> None:
    """Run a job, or the rest of it. Do nothing when it is done, or while another worker runs it."""
    job = Transfer.objects.select_related("user__mail_domain", "credential").claim(pk)
    if job is None:
        return
    try:
        with Heartbeat(job) as heartbeat, session.imap_for(job) as imap:
            _STEPS[Kind(job.kind)](job, imap, _going_on(job, heartbeat))
            _stop(job, State.DONE)
    except Lost:
        _clean_up(job)
    except SignInNeeded:
        _stop(job, State.PASSWORD)
    except sealed_files.Unwritable:
        _stop(job, State.FAILED, SPOOL_FULL)
    except (ServerUnavailable, MessageNotFound, collecting.OtherUnavailable) as error:
        wait_again(job, type(error).__name__)
    except WebmailError as error:
        _stop(job, State.FAILED, type(error).__name__)
    except Exception:
        _stop(job, State.FAILED, "Broken")
        raise


_STEPS: dict[Kind, Callable[[Transfer, Connection, Callable[..., None]], None]] = {
    Kind.EXPORT: exporting.run,
    Kind.IMPORT: importing.run,
    Kind.ACCOUNT: collecting.run,
}


def _going_on(job: Transfer, heartbeat: Heartbeat) -> Callable[..., None]:
    def go_on(**columns: Any) -> None:
        heartbeat.got_on()
        job.beat(**columns)

    return go_on


def wait_again(job: Transfer, failure: str = "Broken") -> None:
    """Try again later. The user who has just typed the name of another server is told at once that
    it does not answer."""
    is_tried = job.kind != Kind.ACCOUNT or job.has_begun or failure != "OtherUnavailable"
    if is_tried and job.attempts < Transfer.MOST_ATTEMPTS:
        job.end(State.WAITING)
    else:
        _stop(job, State.FAILED, failure)


def cancel(job: Transfer) -> bool:
    """Stop a job. Imported messages stay, and can be undone; the file that they come from is kept
    for a while, so that the job can be resumed. Exported files are deleted. Return False when the
    job was over already."""
    if not job.leave(Transfer.UNFINISHED, State.CANCELLED, sealed=b""):
        return False
    lending.give_back(job.credential)
    job.refresh_from_db()
    _clean_up(job)
    return True


def resume(request: SignedInRequest, job: Transfer, password: str = "") -> bool:
    """Resume a job that waits for the password, or that failed and still has its files, with the
    password of this session. ``password`` is that of the other account, which was deleted when the
    job failed. The caller starts the job. Return False when the job cannot be resumed."""
    lent = lending.lend(request)
    if needs_password(job):
        job.sealed = collecting.seal(job, password)
    if job.leave(_RESUMABLE, State.WAITING, attempts=0, credential=lent,
                 failure="", sealed=job.sealed):  # fmt: skip
        return True
    lending.give_back(lent)
    return False


_RESUMABLE = (State.PASSWORD, State.FAILED, State.CANCELLED)
_FINAL = (
    "TooLarge",
    "FolderChanged",
    "NoMessages",
    "OtherClosed",
    "OutlookStore",
    "MacOutlookStore",
)
"""Failures after which a further try would fail as well."""


def needs_password(job: Transfer) -> bool:
    """Return whether `resume` needs the password of the other account."""
    return job.kind == Kind.ACCOUNT and not job.sealed


def can_be_resumed(job: Transfer) -> bool:
    """Return whether the job can be resumed."""
    if job.is_undone or (job.kind == Kind.IMPORT and not job.work.get("segments")):
        return False
    if job.kind == Kind.IMPORT and job.size < job.total:
        return False  # its upload was stopped
    return job.state in _RESUMABLE and job.failure not in _FINAL


def way_back(job: Transfer) -> tuple[MailStep, ...]:
    """Return the steps that remove the messages that a job stored."""
    return tuple(
        MailStep(DELETE, folder, uidvalidity, uid_sets.expanded(uids, MOST_MESSAGES))
        for folder, (uidvalidity, uids) in job.work.get("added", {}).items()
        if uids
    )


def folders_made(job: Transfer) -> tuple[tuple[str, int], ...]:
    """Return the folders that a job made, as name and UIDVALIDITY; 0 for one that only contains
    folders."""
    marks = job.work.get("marks", {})
    return tuple((name, marks.get(name, [0])[0]) for name in job.work.get("made", []))


def undo(request: SignedInRequest, imap: Connection, job: Transfer) -> ActionProgress | None:
    """Remove the messages and folders that a job stored, once; that may take a job of its own.
    Return None when it was done already, or the job still runs. Raises the errors of
    `mail_jobs.do`; then it can be tried again."""
    own = Transfer.objects.filter(pk=job.pk, is_undone=False)
    if not own.exclude(state__in=Transfer.UNFINISHED).update(is_undone=True):
        return None
    job.refresh_from_db()
    _clean_up(job)
    try:
        made_folders = folders_made(job)
        return mail_jobs.do(
            request,
            imap,
            RequestedAction("undo", job.folder or "INBOX"),
            way_back(job),
            emptied=made_folders,
        )
    except MessageNotFound:
        return None
    except WebmailError:
        Transfer.objects.filter(pk=job.pk).update(is_undone=False)
        raise


def is_kept(job: Transfer) -> bool:
    """Return whether the file of an export can be downloaded."""
    return job.can_be_downloaded and store.are_there(job.work.get("segments", []))


def content(job: Transfer) -> Iterator[bytes]:
    """Yield the bytes of an export."""
    return store.read(bytes(job.key), job.work.get("segments", []))


def tidy() -> None:
    """Delete expired jobs and files, and cancel uploads that do not continue."""
    now = clock.now()
    for job in Transfer.objects.filter(until__lt=now):
        _forget_files(job)
    given_up = now - timedelta(days=settings.EXPORT_DAYS)
    for job in Transfer.objects.filter(state__in=_STOPPED, changed__lt=given_up):
        _forget_files(job)
    late = Transfer.objects.filter(state=State.UPLOADING, changed__lt=now - _UPLOAD)
    for job in late:
        cancel(job)
    waited = now - timedelta(days=1)
    Transfer.objects.filter(state=State.PASSWORD, changed__lt=waited).exclude(sealed=b"").update(
        state=State.FAILED, failure="OtherRefused", sealed=b""
    )
    over = Transfer.objects.filter(changed__lt=now - Transfer.KEPT).exclude(state=State.RUNNING)
    for job in over:
        _forget_files(job)
        lending.give_back(job.credential)
        job.delete()
    _finish()
    store.sweep(_known_files())


def _finish() -> None:
    """Clean up after workers that died just after the end of their job."""
    over = Transfer.objects.exclude(state__in=Transfer.UNFINISHED)
    for job in over.exclude(credential=None).select_related("credential"):
        lending.give_back(job.credential)
    for job in over:
        if "segments" in job.work and not _keeps_file(job):
            _forget_files(job)


_STOPPED = (State.FAILED, State.CANCELLED)


def _keeps_file(job: Transfer) -> bool:
    """Return whether the file of a job that is over is still of use: an export to download, or an
    import that can be resumed."""
    if job.kind == Kind.EXPORT:
        return job.state in (State.DONE, State.FAILED)
    return job.state == State.FAILED or (job.state == State.CANCELLED and can_be_resumed(job))


def _known_files() -> set[str]:
    named = set()
    for work in Transfer.objects.values_list("work", flat=True).iterator():
        for kind in _FILES:
            named |= {name for name, _size in work.get(kind, [])}
    return named


_FILES = ("segments", "records")


def paths_of(user: AbstractBaseUser) -> list[Path]:
    """Return the files of all transfers of a user in the spool."""
    works = Transfer.objects.all().of(user).values_list("work", flat=True)
    return [
        store.path_of(str(name))
        for work in works
        for kind in _FILES
        for name, _size in work.get(kind, [])
    ]


def _forget_files(job: Transfer) -> None:
    """Delete the files of a finished job, and what its row says of them. If an export is resumed
    later, it starts from the beginning."""
    files = [file for kind in _FILES for file in job.work.get(kind, [])]
    gone = (*_FILES, "position", "writer", "is_whole")
    work = {name: value for name, value in job.work.items() if name not in gone}
    if Transfer.objects.filter(pk=job.pk, changed=job.changed).update(work=work, until=None):
        store.remove(files)


def _clean_up(job: Transfer) -> None:
    """Delete the files of a job that needs them no longer."""
    job = Transfer.objects.get(pk=job.pk)
    if job.is_finished and not _keeps_file(job):
        _forget_files(job)


def _stop(job: Transfer, state: Transfer.State, failure: str = "") -> None:
    """End a job, or let it wait for its user, and give back the lent passwords. A job that was
    stopped, or that another worker has, is left alone."""
    # A job that waits for the user's own password still needs that of the other account.
    forgotten = {} if state == State.PASSWORD else {"sealed": b""}
    if job.end(state, failure=failure, **forgotten):
        lending.give_back(job.credential)
    _clean_up(job)
