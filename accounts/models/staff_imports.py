"""Imports of staff files: the jobs, and the rows that wait to be written."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, NamedTuple

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Case, When
from django.utils.translation import gettext_lazy as _

from accounts.claims import ClaimedQuerySet, ClaimedRow
from accounts.models.staff import StaffFacts, StaffRecord
from accounts.staff.terms import RowProblem, StaffColumn, StaffImportFailure

MOST_REFUSALS_KEPT = 1000


class ReportedRefusal(NamedTuple):
    """A refused row in a job's report. `column` and `other` may be empty."""

    line: int
    column: str
    problem: str
    other: int

    @property
    def words(self) -> str:
        return str(RowProblem(self.problem).label)

    @property
    def column_words(self) -> str:
        return str(StaffColumn(self.column).label) if self.column else ""


class StaffImportQuerySet(ClaimedQuerySet["StaffImport"]):
    def due(self) -> list[int]:
        """Return the oldest import that waits; the file of a command is with the command."""
        waiting = self.waiting().exclude(state=StaffImport.State.WAITING, spool="")
        return list(waiting.order_by("asked").values_list("pk", flat=True)[:1])

    def claim(self, pk: object) -> StaffImport | None:
        """Return None also while another import runs."""
        try:
            with transaction.atomic():
                return super().claim(pk)
        except IntegrityError:
            return None


class StaffImport(ClaimedRow):
    """An import of one staff file, and its result. It holds no content of rows, only line numbers,
    columns and reasons."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        CHECKING = "checking", _("being checked")
        TO_CONFIRM = "to-confirm", _("to be confirmed")
        READY = "ready", _("confirmed, waiting to be written")
        WRITING = "writing", _("being written")
        DONE = "done", _("done")
        TRIED = "tried", _("tried, nothing written")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    UNFINISHED: ClassVar[tuple[str, ...]] = (
        State.WAITING,
        State.CHECKING,
        State.TO_CONFIRM,
        State.READY,
        State.WRITING,
    )
    CANCELLABLE: ClassVar[tuple[str, ...]] = (
        State.WAITING,
        State.CHECKING,
        State.TO_CONFIRM,
        State.READY,
    )
    STEPS: ClassVar[dict[str, str]] = {State.WAITING: State.CHECKING, State.READY: State.WRITING}
    PATIENCE: ClassVar[timedelta] = timedelta(minutes=10)
    CONFIRMABLE: ClassVar[timedelta] = timedelta(days=3)
    MOST_ATTEMPTS: ClassVar[int] = 4
    """The limit on attempts. Checking and writing count one each; more attempts mean that each one
    was killed."""

    file_name = models.CharField(_("file"), max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by whom"),
    )
    is_trial = models.BooleanField(
        _("only try"),
        default=False,
        help_text=_("Check the file and count its rows, but write nothing."),
    )
    deactivate_missing = models.BooleanField(
        _("deactivate missing records"),
        default=False,
        help_text=_(
            "The file is complete: staff records that are not in it are deactivated, and the"
            " account lookup no longer finds them."
        ),
    )
    is_confirmed = models.BooleanField(_("confirmed"), default=False)
    spool = models.CharField(_("name in the spool"), max_length=32, blank=True)
    source_key = models.BinaryField(_("key of the spooled file"), default=b"")
    state = models.CharField(
        _("state"), max_length=12, choices=State.choices, default=State.WAITING
    )
    failure = models.CharField(
        _("why it failed"), max_length=20, choices=StaffImportFailure.choices, blank=True
    )
    failure_line = models.PositiveIntegerField(_("line"), default=0)
    missing_columns = models.JSONField(_("columns without a heading"), default=list, blank=True)
    ignored_headings = models.JSONField(_("headings not used"), default=list, blank=True)
    refusals = models.JSONField(_("report of refused rows"), default=list, blank=True)
    spared = models.ManyToManyField(
        StaffRecord, related_name="+", verbose_name=_("records that refused rows name")
    )
    giving_way = models.ManyToManyField(
        StaffRecord,
        related_name="+",
        verbose_name=_("former records whose address or login now belongs to another person"),
    )
    total = models.PositiveIntegerField(_("approximate rows in the file"), default=0)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    refused = models.PositiveIntegerField(_("refused rows"), default=0)
    created = models.PositiveIntegerField(_("new records"), default=0)
    updated = models.PositiveIntegerField(_("changed records"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged records"), default=0)
    deactivated = models.PositiveIntegerField(_("deactivated records"), default=0)
    replaced = models.PositiveIntegerField(_("replaced records"), default=0)
    asked = models.DateTimeField(_("asked for"), auto_now_add=True)
    checked = models.DateTimeField(_("checked"), null=True, blank=True)

    objects = StaffImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import of staff records")
        verbose_name_plural = _("imports of staff records")
        ordering = ("-asked", "-pk")
        # The value is the same for all running imports, so that the database prevents a second
        # import beside the first.
        constraints = (
            models.UniqueConstraint(
                Case(When(state__in=("checking", "writing"), then=True)),
                name="one_staff_import_runs",
            ),
        )

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_cancellable(self) -> bool:
        return self.state in self.CANCELLABLE

    @property
    def percent(self) -> int:
        """Return the checked share of the file in percent. It is approximate, since a cell may
        contain line breaks."""
        return min(100, self.rows * 100 // self.total) if self.total else 0

    @property
    def kept_refusals(self) -> list[ReportedRefusal]:
        """Return the first thousand refusals, by line."""
        return [ReportedRefusal(*row) for row in self.refusals]

    @property
    def is_report_cut(self) -> bool:
        return len(self.refusals) >= MOST_REFUSALS_KEPT

    @property
    def missing_words(self) -> list[str]:
        return [str(StaffColumn(name).label) for name in self.missing_columns]


class StagedStaff(StaffFacts):
    """A checked row that waits until all rows are written together."""

    job = models.ForeignKey(StaffImport, models.CASCADE, related_name="staged", db_index=False)
    line = models.PositiveIntegerField()
    record = models.ForeignKey(
        StaffRecord, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    numen_digest = models.BinaryField(max_length=32)
    lookup_digest = models.BinaryField(max_length=32)
    address = models.EmailField()

    class Meta:
        # With both columns: an index of jobs alone, which all rows share, makes SQLite read all of
        # them for each record.
        indexes = (models.Index(fields=["record", "job"], name="staged_by_record"),)

    def __str__(self) -> str:
        return f"{self.job_id}:{self.line}"
