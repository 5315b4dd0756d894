"""Import a staff file into the staff records: every row is checked first, then all are written or
none.

The file is read once, row by row, into the staging table (`StagedStaff`), which holds digests
instead of NUMENs and dates of birth; then the file is deleted. One transaction copies the staged
rows into `StaffRecord`. Each step may be killed at any moment and begun again: before the
transaction commits, no record has changed; afterwards, nothing is left to do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from accounts import audit, numen
from accounts.claims import Lost
from accounts.models import AuditEvent, MailDomain, StaffImport, StaffRecord, StagedStaff, User
from accounts.models.staff_imports import MOST_REFUSALS_KEPT
from accounts.sealed import files as sealed_files
from accounts.staff import file as staff_file
from accounts.staff.file import FileRefused, RowRefusal, Source, StaffFile, StaffMember, StaffRow
from accounts.staff.terms import RowProblem, StaffColumn, StaffImportFailure
from core import clock

logger = logging.getLogger(__name__)

_Value = str | int | bytes | bool | None
Progress = Callable[[StaffImport], None]
State = StaffImport.State

CONFIRMED_ABOVE = 10
"""Per cent of the active records: to deactivate more of them needs a confirmation."""
_BATCH = 1000  # rows checked and staged at a time
# A file without a job is left over from a crash, since the job is made right after its file.
_ORPHAN_SECONDS = 2 * 60 * 60
_SUFFIX = ".staff"

# The columns that are compared and written, with the same names in both tables.
_FACTS = (
    "numen_digest",
    "lookup_digest",
    "key_id",
    "first_name",
    "last_name",
    "mail_domain_id",
    "login",
    "address",
    "school_uai",
    "school_name",
    "discipline",
    "function",
    "is_active",
)


# --- what is asked for ---


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an import. ``is_trial``: check and count, but write nothing.
    ``deactivate_missing``: the file is complete, so records that it lacks are deactivated.
    ``is_confirmed``: no limit applies to the number of deactivated records."""

    is_trial: bool = False
    deactivate_missing: bool = False
    is_confirmed: bool = False


def begin(
    file_name: str,
    chunks: Iterable[bytes] | None,
    options: Options,
    by: User | None = None,
) -> StaffImport:
    """Create an import, which the caller must start. The ``chunks`` of an uploaded file are sealed
    into the spool; None means that `run` is given the file. Raises OSError when the spool cannot be
    written to."""
    spool, key = "", b""
    if chunks is not None:
        spool, key = sealed_files.new_name(), sealed_files.new_key()
        sealed_files.write(_path(spool), key, chunks)
    return StaffImport.objects.create(
        file_name=Path(file_name).name[:200] or "?",
        by=by,
        is_trial=options.is_trial,
        deactivate_missing=options.deactivate_missing,
        is_confirmed=options.is_confirmed,
        spool=spool,
        source_key=key,
    )


def run(pk: int, source: Source | None = None, progress: Progress = lambda job: None) -> None:
    """Do the next step of an import. Nothing happens if it is already done, or while another import
    runs; `tending` starts waiting imports. ``progress`` is called after each batch."""
    job = StaffImport.objects.claim(pk)
    if job is None:
        return
    try:
        if job.state == State.CHECKING:
            _check(job, source or _spooled(job), progress)
        if job.state == State.WRITING:
            _write(job)
    except FileRefused as refused:
        _fail(job, refused.failure, refused.line, refused.missing)
    except Lost:
        # The rows of a job that another attempt has claimed must not be removed.
        if StaffImport.objects.get(pk=pk).is_finished:
            _purge(job)
    except Exception:
        _fail(job, StaffImportFailure.BROKEN)
        raise


def confirm(job: StaffImport) -> bool:
    """Confirm the number of deactivated records. The caller must start the job again."""
    return job.leave([State.TO_CONFIRM], State.READY, is_confirmed=True)


def cancel(job: StaffImport, before: Sequence[str] = StaffImport.CANCELLABLE) -> bool:
    """Cancel an import. Return False when it is too late, because it is written or being written.
    The process that writes it may cancel it after stopping, by passing its states as ``before``."""
    if not job.leave(before, State.CANCELLED):
        return False
    _purge(job)
    return True


def tidy() -> None:
    """Cancel the imports that nobody has confirmed, and remove leftovers."""
    for job in StaffImport.objects.filter(
        state=State.TO_CONFIRM, changed__lt=clock.now() - StaffImport.CONFIRMABLE
    ):
        cancel(job)
    _remove_leftovers()


def revive(job: StaffImport) -> None:
    """Queue again an import whose process is gone. After too many attempts, the file itself seems
    to kill the process, and the import fails."""
    is_check = job.state == State.CHECKING
    is_lost = is_check and not job.spool  # the file belonged to the command that died
    if is_lost or job.attempts >= StaffImport.MOST_ATTEMPTS:
        _fail(job, StaffImportFailure.INTERRUPTED)
    else:
        job.end(State.WAITING if is_check else State.READY)


def _fail(
    job: StaffImport,
    failure: StaffImportFailure,
    line: int = 0,
    missing: tuple[StaffColumn, ...] = (),
) -> None:
    report = {
        "failure": failure,
        "failure_line": line,
        "missing_columns": [column.value for column in missing],
    }
    if job.end(State.FAILED, **report):
        _purge(job)


def _purge(job: StaffImport) -> None:
    """Delete everything of an import except the report."""
    _forget_file(job)
    StagedStaff.objects.filter(job=job).delete()
    job.spared.clear()
    job.giving_way.clear()


def _forget_file(job: StaffImport) -> None:
    if job.spool:
        _path(job.spool).unlink(missing_ok=True)
        StaffImport.objects.filter(pk=job.pk).update(source_key=b"")


def _remove_leftovers() -> None:
    for job in StaffImport.objects.exclude(state__in=StaffImport.UNFINISHED).filter(
        Exists(StagedStaff.objects.filter(job=OuterRef("pk"))) | ~models.Q(source_key=b"")
    ):
        _purge(job)
    spooled = set(StaffImport.objects.unfinished().values_list("spool", flat=True))
    for path in settings.SPOOL.glob(f"*{_SUFFIX}"):
        if path.stem not in spooled:
            sealed_files.remove_older(settings.SPOOL, path.name, _ORPHAN_SECONDS)


def _path(spool: str) -> Path:
    return Path(settings.SPOOL) / f"{spool}{_SUFFIX}"


def _spooled(job: StaffImport) -> Source:
    path, key = _path(job.spool), bytes(job.source_key)
    if not (job.spool and key and path.exists()):
        raise FileRefused(StaffImportFailure.GONE)
    return lambda: sealed_files.read_sealed(path, key)


# --- the first step: every row checked, and staged ---


@dataclass
class _CheckState:
    """The state of a check, which remembers all rows read: 200,000 of them take about 100 MB."""

    job: StaffImport
    keys: tuple[numen.NumenKey, ...]
    domains: dict[str, MailDomain]
    has_logins: bool
    # Maps a NUMEN's digest, a mailbox or an address to its first line; for NUMENs with a
    # fingerprint of the line's other values.
    numens: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    logins: dict[tuple[int, str], int] = field(default_factory=dict)
    addresses: dict[str, int] = field(default_factory=dict)
    # Lines that a later line contradicts, and the claims of lines to the values of other records.
    contradicted: set[int] = field(default_factory=set)
    claims: list[_Claim] = field(default_factory=list)
    records: set[int] = field(default_factory=set)
    spared: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    early: list[RowRefusal] = field(default_factory=list)
    late: list[RowRefusal] = field(default_factory=list)
    rows: int = 0

    def refuse(self, *refusals: RowRefusal) -> None:
        for refusal in refusals:
            self.refused.add(refusal.line)
            if len(self.early) < MOST_REFUSALS_KEPT:
                self.early.append(refusal)

    def refuse_late(self, refusal: RowRefusal) -> None:
        """Refuse a line that had been accepted before."""
        self.refused.add(refusal.line)
        if len(self.late) < MOST_REFUSALS_KEPT:
            self.late.append(refusal)

    @property
    def kept_refusals(self) -> list[tuple[int, str, str, int]]:
        refusals = sorted(self.early + self.late, key=lambda refusal: refusal.line)
        return [
            (
                refusal.line,
                refusal.column.value if refusal.column else "",
                refusal.problem.value,
                refusal.other,
            )
            for refusal in refusals[:MOST_REFUSALS_KEPT]
        ]


@dataclass(frozen=True, slots=True)
class _RecordHolder:
    """A record that already has an address or a login."""

    pk: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class _Claim:
    """A line that claims the address or login of another person's record."""

    line: int
    column: StaffColumn
    record: int | None
    holder: _RecordHolder


def _check(job: StaffImport, source: Source, progress: Progress) -> None:
    """Check the file and stage its rows. The job ends in the state WRITING, TO_CONFIRM or TRIED.
    Raises FileRefused, Lost."""
    if not settings.NUMEN_KEYS:
        raise FileRefused(StaffImportFailure.NO_KEY)
    StagedStaff.objects.filter(job=job).delete()  # of an attempt that was killed
    try:
        file = staff_file.open_file(source)
        job.beat(
            total=file.lines,
            ignored_headings=list(file.ignored),
            refused=0,
        )
        check = _CheckState(job, settings.NUMEN_KEYS, _domains(), StaffColumn.LOGIN in file.columns)
        for rows in _batches(file):
            _stage(check, rows)
            progress(job)
    except OSError as error:
        raise FileRefused(StaffImportFailure.GONE) from error
    _drop(check, check.contradicted)
    giving_way = _settle_claims(check)
    _conclude(check, giving_way)
    _forget_file(job)


def _domains() -> dict[str, MailDomain]:
    return {domain.name: domain for domain in MailDomain.objects.all()}


def _batches(file: StaffFile) -> Iterator[list[StaffRow]]:
    rows = file.rows(timezone.localdate())
    while batch := list(islice(rows, _BATCH)):
        yield batch


@dataclass(slots=True)
class _StagedRow:
    """A row before it is written to the staging table. It is no model instance, because there are
    many. ``digests`` are those of the NUMEN, one by each key, the key in use first."""

    line: int
    person: StaffMember
    domain: int
    login: str
    key_id: str
    digests: list[bytes]
    lookup_digest: bytes
    record: int | None = None

    @property
    def mailbox(self) -> tuple[int, str]:
        return self.domain, self.login

    def values(self, job: int) -> tuple[_Value, ...]:
        """Return the values in the order of `_STAGED_COLUMNS`."""
        person = self.person
        return (
            job, self.line, self.record, self.digests[0], self.lookup_digest, self.key_id,
            person.first_name, person.last_name, self.domain, self.login, person.address,
            person.school_uai, person.school_name, person.discipline, person.function,
            person.is_active,
        )  # fmt: skip


def _stage(check: _CheckState, rows: list[StaffRow]) -> None:
    check.rows += len(rows)
    several: list[_StagedRow] = []
    for row in rows:
        check.refuse(*row.refusals)
        staged = _staged(check, row.line, row.person) if row.person else None
        if staged:
            several.append(staged)
    _match(check, several)
    _spare(check, [row for row in rows if row.line in check.refused])
    with transaction.atomic():
        check.job.beat(rows=check.rows, refused=len(check.refused))
        _put_aside([staged.values(check.job.pk) for staged in several])


def _put_aside(rows: list[tuple[_Value, ...]]) -> None:
    """Insert rows into the staging table by the fastest way of the database. As model instances,
    they would take as long as all the rest."""
    columns = ", ".join(_STAGED_COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {_STAGED} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(_STAGED_COLUMNS))
            cursor.executemany(f"INSERT INTO {_STAGED} ({columns}) VALUES ({places})", rows)  # noqa: S608  names of ours alone


def _staged(check: _CheckState, line: int, person: StaffMember) -> _StagedRow | None:
    """Return the row for the staging table; None when it is refused."""
    domain = check.domains.get(person.domain or person.address.rpartition("@")[2])
    if domain is None:
        column = StaffColumn.DOMAIN if person.domain else StaffColumn.ADDRESS
        check.refuse(RowRefusal(line, column, RowProblem.UNKNOWN_DOMAIN))
        return None
    if not check.has_logins and domain.login_form == MailDomain.LoginForm.TYPED:
        check.refuse(RowRefusal(line, StaffColumn.LOGIN, RowProblem.EMPTY))
        return None
    staged = _StagedRow(
        line=line,
        person=person,
        domain=domain.pk,
        login=domain.server_login(person.login or person.address),
        key_id=check.keys[0].id,
        digests=[numen.digest_of_numen(key, person.numen) for key in check.keys],
        lookup_digest=numen.digest_of_person(check.keys[0], person.numen, person.born),
    )
    return None if _contradicts(check, staged) else staged


def _contradicts(check: _CheckState, staged: _StagedRow) -> bool:
    """Return whether an earlier line contradicts this one. The earlier line is then refused too,
    because it is unknown which is right. A person who is listed twice with the same mailbox, as a
    teacher of two schools, is taken once."""
    line, address = staged.line, staged.person.address
    fingerprint = hash((staged.lookup_digest, staged.mailbox, address))
    first, former = check.numens.setdefault(staged.digests[0], (line, fingerprint))
    if first != line:
        check.refuse(RowRefusal(line, StaffColumn.NUMEN, RowProblem.REPEATED, first))
        if former != fingerprint:
            check.contradicted.add(first)
            check.refuse_late(RowRefusal(first, StaffColumn.NUMEN, RowProblem.REPEATED, line))
        return True
    by_login = check.logins.setdefault(staged.mailbox, line)
    by_address = check.addresses.setdefault(address, line)
    contradicts = False
    for first, column in ((by_login, StaffColumn.LOGIN), (by_address, StaffColumn.ADDRESS)):
        if first != line:
            contradicts = True
            check.contradicted.add(first)
            check.refuse(RowRefusal(line, column, RowProblem.REPEATED, first))
            check.refuse_late(RowRefusal(first, column, RowProblem.REPEATED, line))
    return contradicts


def _match(check: _CheckState, several: list[_StagedRow]) -> None:
    """Find the record of each row by the NUMEN's digest with any key, and note the records whose
    login or address the row claims."""
    records = StaffRecord.objects.values_list(
        "pk", "numen_digest", "mail_domain_id", "login", "address", "is_active"
    )
    by_digest = {
        bytes(digest): pk
        for pk, digest, *_others in records.filter(
            numen_digest__in=[digest for staged in several for digest in staged.digests]
        )
    }
    holders: dict[tuple[int, str] | str, _RecordHolder] = {}
    for named in (
        records.filter(_of_mailboxes(several)),
        records.filter(address__in=[staged.person.address for staged in several]),
    ):
        for pk, _digest, domain, login, address, is_active in named:
            holders[domain, login] = holders[address] = _RecordHolder(pk, is_active)
    for staged in several:
        keys = (by_digest[digest] for digest in staged.digests if digest in by_digest)
        staged.record = next(keys, None)
        if staged.record:
            check.records.add(staged.record)
        for column, key in (
            (StaffColumn.LOGIN, staged.mailbox),
            (StaffColumn.ADDRESS, staged.person.address),
        ):
            holder = holders.get(key)
            if holder and holder.pk != staged.record:
                check.claims.append(_Claim(staged.line, column, staged.record, holder))


def _of_mailboxes(several: list[_StagedRow]) -> models.Q:
    """Return a condition for mailboxes that uses the index of domain and login: with the login
    alone, the database would read the whole table."""
    logins: dict[int, list[str]] = {}
    for staged in several:
        logins.setdefault(staged.domain, []).append(staged.login)
    wanted = models.Q(pk__in=())
    for domain, names in logins.items():
        wanted |= models.Q(mail_domain=domain, login__in=names)
    return wanted


def _spare(check: _CheckState, refused: list[StaffRow]) -> None:
    """Note the records that a refused row names, since they are not missing from the file."""
    digests = [
        numen.digest_of_numen(key, row.numen) for row in refused if row.numen for key in check.keys
    ]
    addresses = [row.address for row in refused if row.address]
    for named in (
        StaffRecord.objects.filter(numen_digest__in=digests),
        StaffRecord.objects.filter(address__in=addresses),
    ):
        check.spared.update(named.values_list("pk", flat=True))


def _drop(check: _CheckState, lines: Iterable[int]) -> None:
    """Delete staged rows that are refused after all, and leave their records unchanged."""
    ordered = iter(sorted(lines))
    while batch := list(islice(ordered, _BATCH)):
        with transaction.atomic():
            check.job.beat()
            dropped = StagedStaff.objects.filter(job=check.job, line__in=batch)
            records = {pk for pk in dropped.values_list("record", flat=True) if pk}
            dropped.delete()
        check.records -= records
        check.spared |= records


def _settle_claims(check: _CheckState) -> set[int]:
    """Return the records that give way to lines that claim their address or login.

    A record gives way when the file does not name it and it is inactive or will be. A record that
    the file names gets another address or login from its own line. All other claims are refused.
    Each refusal leaves a record unchanged, which may in turn refuse another claim.
    """
    claims = [claim for claim in check.claims if claim.line not in check.refused]
    on_holder: dict[int, list[_Claim]] = {}
    for claim in claims:
        on_holder.setdefault(claim.holder.pk, []).append(claim)
    lost = [claim for claim in claims if not _may_claim(check, claim.holder)]
    lines: set[int] = set()
    while lost:
        claim = lost.pop()
        if claim.line in lines:
            continue
        lines.add(claim.line)
        check.refuse_late(RowRefusal(claim.line, claim.column, RowProblem.TAKEN))
        if claim.record:
            lost += on_holder.get(claim.record, ())
    _drop(check, lines)
    return {claim.holder.pk for claim in claims if claim.line not in lines} - check.records


def _may_claim(check: _CheckState, holder: _RecordHolder) -> bool:
    if holder.pk in check.spared:
        return False
    return holder.pk in check.records or not holder.is_active or check.job.deactivate_missing


def _conclude(check: _CheckState, giving_way: set[int]) -> None:
    """Write the report. The job is then ready to be written, or waits for a confirmation."""
    job = check.job
    if not check.rows:
        raise FileRefused(StaffImportFailure.NO_ROWS)
    report = {"rows": check.rows, "total": check.rows, "refused": len(check.refused)}
    job.beat(refusals=check.kept_refusals, **report)
    if not StagedStaff.objects.filter(job=job).exists():
        raise FileRefused(StaffImportFailure.ALL_REFUSED)
    with transaction.atomic():
        job.beat()
        job.spared.set(check.spared)
        job.giving_way.set(giving_way)
        _count(job)
        next_state = _next_state(job)
        job.beat(
            state=next_state,
            checked=clock.now(),
        )
    if next_state == State.TRIED:
        _purge(job)


def _next_state(job: StaffImport) -> str:
    if job.is_trial:
        return State.TRIED
    active = StaffRecord.objects.active().count()
    if not job.is_confirmed and job.deactivated * 100 > active * CONFIRMED_ABOVE:
        return State.TO_CONFIRM
    return State.WRITING


def _missing(job: StaffImport) -> models.QuerySet[StaffRecord]:
    """Return the active records that the file does not name, if it is declared complete."""
    if not job.deactivate_missing:
        return StaffRecord.objects.none()
    staged = StagedStaff.objects.filter(job=job, record=OuterRef("pk"))
    spared = job.spared.through.objects.filter(staffimport_id=job.pk, staffrecord_id=OuterRef("pk"))
    return StaffRecord.objects.active().filter(~Exists(staged), ~Exists(spared))


def _count(job: StaffImport) -> None:
    """Store in the job the number of records that writing would create, change and deactivate.
    Records that give way count as deactivated."""
    staged = StagedStaff.objects.filter(job=job)
    updates = staged.filter(record__isnull=False)
    same = updates.filter(**{name: F(f"record__{name}") for name in _FACTS}).count()
    by_file = updates.filter(record__is_active=True, is_active=False).count()
    giving_way = job.giving_way.count()
    job.created = staged.filter(record=None).count()
    job.unchanged = same
    job.updated = updates.count() - same
    job.replaced = giving_way
    missing = _missing(job).count()
    if not job.deactivate_missing:  # otherwise those that give way are among the missing
        missing += job.giving_way.filter(is_active=True).count()
    job.deactivated = by_file + missing
    job.save(update_fields=["created", "unchanged", "updated", "replaced", "deactivated"])


# --- the second step: all at once ---


def _write(job: StaffImport) -> None:
    """Write the staged rows in one transaction, which also ends the job. Raises FileRefused:
    OVERTAKEN, when the records have changed since the check; nothing is written then."""
    try:
        with transaction.atomic():
            # A worker that considers this one dead waits here, and then finds the job done.
            job.beat()
            later = StaffImport.objects.filter(state=State.DONE, changed__gt=job.checked)
            if later.exists():
                raise FileRefused(StaffImportFailure.OVERTAKEN)
            _count(job)
            _swap(job)
            job.beat(state=State.DONE)
            _note(job)
            _purge(job)
    except IntegrityError as error:
        logger.warning("staff import %s: the records have changed since it was checked", job.pk)
        raise FileRefused(StaffImportFailure.OVERTAKEN) from error


def _swap(job: StaffImport) -> None:
    job.giving_way.all().delete()
    _missing(job).update(is_active=False, updated=clock.now())
    _step_aside(job)
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [clock.now(), job.pk])
        cursor.execute(_INSERT, [clock.now(), job.pk])


def _step_aside(job: StaffImport) -> None:
    """Move records that get another address or login to unique temporary ones first: two persons
    may exchange theirs, and the database checks uniqueness row by row."""
    moving = StagedStaff.objects.filter(job=job, record=OuterRef("pk")).exclude(
        address=OuterRef("address"),
        login=OuterRef("login"),
        mail_domain_id=OuterRef("mail_domain_id"),
    )
    number = Cast("pk", models.CharField())
    StaffRecord.objects.filter(Exists(moving)).update(
        address=Concat(models.Value("moving-"), number, models.Value("@invalid")),
        login=Concat(models.Value("moving-"), number, models.Value("@invalid")),
    )


def _of(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in _FACTS)


# Statements on sets of rows, which Django's query language cannot express; SQLite and PostgreSQL
# support them.
_RECORDS, _STAGED = StaffRecord._meta.db_table, StagedStaff._meta.db_table
_STAGED_COLUMNS = ("job_id", "line", "record_id", *_FACTS)
_UPDATE = f"""
    UPDATE {_RECORDS} SET updated = %s, {", ".join(f"{name} = staged.{name}" for name in _FACTS)}
    FROM {_STAGED} AS staged
    WHERE staged.job_id = %s AND staged.record_id = {_RECORDS}.id
    AND ({_of(_RECORDS)}) <> ({_of("staged")})
"""  # noqa: S608  names of ours alone
_INSERT = f"""
    INSERT INTO {_RECORDS} (updated, {", ".join(_FACTS)})
    SELECT %s, {_of("staged")} FROM {_STAGED} AS staged
    WHERE staged.job_id = %s AND staged.record_id IS NULL
    ORDER BY staged.line
"""  # noqa: S608  names of ours alone


def _note(job: StaffImport) -> None:
    audit.record(
        AuditEvent.Kind.STAFF_IMPORTED,
        actor=job.by,
        file=job.file_name,
        rows=job.rows,
        refused=job.refused,
        created=job.created,
        updated=job.updated,
        unchanged=job.unchanged,
        deactivated=job.deactivated,
        replaced=job.replaced,
    )
