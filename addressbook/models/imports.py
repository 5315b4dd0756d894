"""Imports of old address books: the jobs, the staged rows, and the traces that undo needs."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.claims import ClaimedQuerySet, ClaimedRow
from accounts.models import User
from addressbook.models.contacts import Contact, Group, Guardianship
from core import clock


class ImportJobQuerySet(ClaimedQuerySet["ImportJob"]):
    def of(self, user: User) -> ImportJobQuerySet:
        """Return the imports into the user's own address book, the newest first."""
        return self.filter(user=user)

    def moving(self) -> ImportJobQuerySet:
        """Return the jobs that a worker runs, or should run."""
        return self.filter(state__in=ImportJob.STEPS)

    def waiting(self) -> ImportJobQuerySet:
        return super().waiting().filter(runner="")

    def dead(self) -> ImportJobQuerySet:
        return super().dead().exclude(runner="")


class ImportJob(ClaimedRow):
    """One import of one or several files of old contacts into address books.

    While it is ``uploaded`` and ``checking``, the files are read, and every row is staged with its
    effect. ``ready`` waits for the user, who sees the preview. ``writing`` leads to ``done``.
    ``undoing`` takes back what was written, because the import is undone, was cancelled or failed;
    `ends_as` is the state that follows.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("waiting to be checked")
        CHECKING = "checking", _("being checked")
        READY = "ready", _("to be confirmed")
        WRITING = "writing", _("being written")
        DONE = "done", _("done")
        UNDOING = "undoing", _("being undone")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")
        UNDONE = "undone", _("undone")

    class Policy(models.TextChoices):
        MERGE = "merge", _("merge")
        KEEP = "keep", _("keep both")
        SKIP = "skip", _("skip")
        REPLACE = "replace", _("replace")

    class Source(models.TextChoices):
        AUTO = "auto", _("recognised by itself")
        SUN = "sun", _("SUN")
        HORDE = "horde", _("HORDE")
        OTHER = "other", _("another program")
        SCHOOL = "school", _("list of a school")

    class Failure(models.TextChoices):
        """The reason of a failure that is not due to a file."""

        GONE = "gone", _("The uploaded file is no longer there: bring it again.")
        INTERRUPTED = "interrupted", _("The import was interrupted again and again.")
        BROKEN = "broken", _("Something broke on our side.")

    # A step whose worker died is begun again in its own state, once the row has no runner.
    STEPS: ClassVar[dict[str, str]] = {
        State.UPLOADED: State.CHECKING,
        State.CHECKING: State.CHECKING,
        State.WRITING: State.WRITING,
        State.UNDOING: State.UNDOING,
    }
    UNFINISHED: ClassVar[tuple[str, ...]] = (*STEPS, State.READY)
    CANCELLABLE: ClassVar[tuple[str, ...]] = (
        State.UPLOADED,
        State.CHECKING,
        State.READY,
        State.WRITING,
    )
    PATIENCE: ClassVar[timedelta] = timedelta(minutes=10)
    CONFIRMABLE: ClassVar[timedelta] = timedelta(days=1)
    """The time for which an uploaded file waits, sealed, for the user's confirmation."""
    UNDOABLE: ClassVar[timedelta] = timedelta(days=30)
    MOST_ATTEMPTS: ClassVar[int] = 4
    """The largest number of attempts in a row that wrote nothing. More mean that each is killed."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner"),
        help_text=_("Empty if the file names the owners."),
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by whom"),
    )
    source = models.CharField(
        _("source"), max_length=8, choices=Source.choices, default=Source.AUTO
    )
    policy = models.CharField(
        _("duplicates"), max_length=8, choices=Policy.choices, default=Policy.MERGE
    )
    state = models.CharField(
        _("state"), max_length=12, choices=State.choices, default=State.UPLOADED
    )
    # The state that follows undoing.
    ends_as = models.CharField(max_length=12, blank=True, editable=False)
    columns = models.JSONField(_("chosen columns"), null=True, blank=True)
    reject_code = models.CharField(_("why the file is refused"), max_length=24, blank=True)
    failure = models.CharField(
        _("why it failed"), max_length=16, choices=Failure.choices, blank=True
    )

    # Rows are processed in the order of their numbers: so many are written, and taken back.
    written = models.PositiveIntegerField(_("rows written"), default=0)
    undone = models.PositiveIntegerField(_("rows taken back"), default=0, editable=False)

    total = models.PositiveIntegerField(_("rows"), default=0)
    checked = models.PositiveIntegerField(_("rows checked"), default=0)
    new = models.PositiveIntegerField(_("new contacts"), default=0)
    merged = models.PositiveIntegerField(_("merged contacts"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged contacts"), default=0)
    refused = models.PositiveIntegerField(_("refused rows"), default=0)
    groups = models.PositiveIntegerField(_("groups"), default=0)
    added = models.PositiveIntegerField(_("added to groups"), default=0)
    moved = models.PositiveIntegerField(_("moved between groups"), default=0)
    to_check = models.PositiveIntegerField(_("in groups, to be checked"), default=0)
    kept = models.PositiveIntegerField(_("kept when it was undone"), default=0)
    warnings = models.JSONField(_("warnings by their code"), default=dict, blank=True)
    # The keys of pupils who left: those that the user ticked, and those that were archived.
    leavers = models.JSONField(_("pupils who left"), default=list, blank=True)
    archived = models.JSONField(_("archived contacts"), default=list, blank=True)
    # For the numbers of rows of pupils who the user says are another of the same name: "row" or
    # "contact", and its number or key.
    same_pupils = models.JSONField(default=dict, blank=True, editable=False)
    # The keys of contacts, each with its former date of archiving.
    brought_back = models.JSONField(
        _("contacts that came back from the archive"), null=True, blank=True, editable=False
    )

    created = models.DateTimeField(_("asked for"), auto_now_add=True)
    matched = models.DateTimeField(_("compared with the address book"), null=True, blank=True)
    finished = models.DateTimeField(_("finished"), null=True, blank=True)
    undo_until = models.DateTimeField(_("can be undone until"), null=True, blank=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("import of contacts")
        verbose_name_plural = _("imports of contacts")
        ordering = ("-created", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    state__in=(
                        "uploaded", "checking", "ready", "writing", "done", "undoing",
                        "cancelled", "failed", "undone",
                    )
                ),
                name="import_in_a_known_state",
            ),
            models.CheckConstraint(
                condition=Q(policy__in=("merge", "keep", "skip", "replace")),
                name="import_with_a_known_policy",
            ),
        )  # fmt: skip
        indexes = (models.Index(fields=["user", "-created"], name="import_of_user"),)

    def __str__(self) -> str:
        return ", ".join(file.name for file in self.files.all()[:3])

    @property
    def is_cancellable(self) -> bool:
        return self.state in self.CANCELLABLE

    @property
    def is_undoable(self) -> bool:
        until = self.undo_until
        return self.state == self.State.DONE and until is not None and clock.now() < until

    @property
    def guide(self) -> str:
        """The name of the page that explains how to export the files from the old program."""
        return self.Source.OTHER if self.source == self.Source.AUTO else self.source

    @property
    def taken(self) -> int:
        """The number of contacts that the import adds or changes."""
        return self.new + self.merged

    @property
    def is_stuck(self) -> bool:
        """Whether no worker runs the job, or its worker has been silent for too long. Beat and a
        worker take such a job up again."""
        silent = clock.now() - self.changed
        patience = self.PATIENCE if self.runner else 5 * self.AGAIN
        return self.is_moving and silent > patience

    @property
    def percent(self) -> int:
        """The share of the present step that is done, from 0 to 100."""
        done = {
            self.State.CHECKING: self.checked,
            self.State.WRITING: self.written,
            self.State.UNDOING: self.undone,
        }.get(self.State(self.state), 0)
        whole = self.written if self.state == self.State.UNDOING else self.total
        return min(100, done * 100 // whole) if whole else 0


class ImportFile(models.Model):
    """One uploaded file. It stays sealed in the spool until the import is over, at most a day."""

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="files")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(_("file"), max_length=200)
    spool = models.CharField(max_length=32, blank=True, editable=False)
    source_key = models.BinaryField(default=b"", editable=False)
    reject_code = models.CharField(_("why the file is refused"), max_length=24, blank=True)
    format = models.CharField(_("format"), max_length=24, blank=True)
    program = models.CharField(_("program"), max_length=24, blank=True)
    charset = models.CharField(_("charset"), max_length=40, blank=True)
    # The columns of a table, as [index, header, field, [examples]]; emptied together with the
    # staged rows.
    columns = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("file of an import")
        verbose_name_plural = _("files of imports")
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["job", "number"], name="one_file_per_number"),
        )

    def __str__(self) -> str:
        return self.name


class ImportPart(models.Model):
    """The part of an import for one owner. Only a file with the contacts of several people has more
    than one."""

    class Problem(models.TextChoices):
        """The reason why nothing of the part is imported."""

        NO_OWNER = "no_owner", _("The file does not say whose contacts these are.")
        SHARE = "owner_is_share", _("These belong to a shared book, not to a person.")
        DOMAIN = "unknown_domain", _("The address is in no mail domain of this webmail.")
        UNCLEAR = "unclear_owner", _("Whose these are cannot be read as a login or address.")

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    owner = models.CharField(_("owner, as named in the file"), max_length=254, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    problem = models.CharField(_("problem"), max_length=16, choices=Problem.choices, blank=True)
    is_newcomer = models.BooleanField(_("never signed in"), default=False)
    contacts = models.PositiveIntegerField(_("contacts"), default=0)
    new = models.PositiveIntegerField(_("new contacts"), default=0)
    merged = models.PositiveIntegerField(_("merged contacts"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged contacts"), default=0)
    refused = models.PositiveIntegerField(_("refused rows"), default=0)
    groups = models.PositiveIntegerField(_("groups"), default=0)
    told = models.DateTimeField(_("dismissed by the person"), null=True, blank=True)

    class Meta:
        verbose_name = _("person's part of an import")
        verbose_name_plural = _("people's parts of imports")
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["job", "number"], name="one_part_per_number"),
        )

    def __str__(self) -> str:
        return self.owner


class ImportRow(models.Model):
    """A checked record of the files. `number` counts from 0 through the whole job, part after part;
    `line` counts from 1 in its file. Rows that are not refused are deleted once the import is over.

    `fit` says what happens to the row when duplicates are merged: ``none`` (no duplicate), ``adds``
    (it adds to the contact, or to an earlier row), ``less`` (it adds nothing, but differs),
    ``same``. `head` is the number of the first row of the file that describes the same person; the
    `combined` card of all of them is in that row.
    """

    class Decision(models.TextChoices):
        NEW = "new", _("new")
        MERGE = "merge", _("to merge")
        UNCHANGED = "unchanged", _("unchanged")
        REFUSED = "refused", _("refused")

    class Fit(models.TextChoices):
        NONE = "none"
        ADDS = "adds"
        LESS = "less"
        SAME = "same"

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField()
    # For a school's list: "pupil" or "guardian".
    role = models.CharField(max_length=8, blank=True, default="")
    # None for a damaged record whose owner is unknown, in a file with the contacts of several
    # people.
    part = models.ForeignKey(ImportPart, models.CASCADE, null=True, related_name="rows")
    file = models.ForeignKey(ImportFile, models.CASCADE, related_name="+")
    record = models.PositiveIntegerField()
    line = models.PositiveIntegerField(_("line"))
    name = models.CharField(_("name"), max_length=300, blank=True)
    addresses = models.TextField(_("addresses"), blank=True)
    vcard = models.TextField(blank=True)
    combined = models.TextField(blank=True)
    picture = models.BinaryField(null=True)
    head = models.PositiveIntegerField(null=True)
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, related_name="+", verbose_name=_("merged with")
    )
    fit = models.CharField(max_length=4, choices=Fit.choices, default=Fit.NONE)
    is_twin = models.BooleanField(default=False)
    # The contact that is exactly the same, else the number of such an earlier row.
    twin = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    twin_row = models.PositiveIntegerField(null=True)
    decision = models.CharField(_("decision"), max_length=9, choices=Decision.choices)
    reason = models.CharField(_("reason"), max_length=24, blank=True)
    value = models.TextField(blank=True)
    warnings = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of imports")
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["job", "number"], name="one_row_per_number"),
        )
        indexes = (
            models.Index(fields=["job", "decision", "number"], name="import_row_by_decision"),
        )

    def __str__(self) -> str:
        return f"{self.job_id}:{self.line}"


class ImportGroup(models.Model):
    """A group of the files, and the effects of its import: `before` are the former other addresses,
    `added` and `removed` are keys of contacts."""

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="staged_groups", db_index=False)
    number = models.PositiveIntegerField()
    part = models.ForeignKey(ImportPart, models.CASCADE, related_name="staged_groups")
    name = models.CharField(_("name"), max_length=200)
    folded = models.CharField(max_length=200)
    # For a school's list: its pupils are the whole class, and pupils who are not in it have left.
    is_class = models.BooleanField(default=False)
    school_year = models.PositiveSmallIntegerField(null=True)
    # The class of a former year that had the name, and pairs of a class and the pupil who left it.
    archives = models.ForeignKey(Group, models.SET_NULL, null=True, related_name="+")
    moved_from = models.JSONField(default=list)
    # The keys of pupils who are not in the list and stay in the class.
    stayed = models.JSONField(null=True)
    members = models.JSONField(default=list)
    external = models.JSONField(default=list)
    missing = models.PositiveIntegerField(default=0)
    # The names of inner groups, each with its audience; the keys of the nestings that were made of
    # them; and the refused ones, with name and reason.
    inner = models.JSONField(null=True)
    nested = models.JSONField(null=True)
    not_nested = models.JSONField(null=True)
    group = models.ForeignKey(Group, models.SET_NULL, null=True, related_name="+")
    is_new = models.BooleanField(_("new"), default=False)
    before = models.JSONField(default=list)
    after = models.JSONField(default=list)
    added = models.JSONField(default=list)
    removed = models.JSONField(default=list)
    moved = models.PositiveIntegerField(_("moved"), default=0)
    to_check = models.PositiveIntegerField(_("to be checked"), default=0)
    is_written = models.BooleanField(default=False)
    is_undone = models.BooleanField(default=False)
    is_kept = models.BooleanField(_("kept when it was undone"), default=False)

    class Meta:
        verbose_name = _("group of an import")
        verbose_name_plural = _("groups of imports")
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["job", "number"], name="one_import_group_per_number"),
        )

    def __str__(self) -> str:
        return self.name


class ImportLink(models.Model):
    """A guardian of a pupil in the files, by the numbers of their rows, and the effect of the
    import: `before` has the former values of the guardianship, None for one that the import
    made."""

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="links", db_index=False)
    number = models.PositiveIntegerField()
    part = models.ForeignKey(ImportPart, models.CASCADE, related_name="links")
    pupil = models.PositiveIntegerField()
    guardian = models.PositiveIntegerField()
    relation = models.CharField(max_length=60, blank=True)
    # None: the file does not say it.
    receives_mail = models.BooleanField(null=True)
    is_legal = models.BooleanField(null=True)
    position = models.PositiveSmallIntegerField(default=0)
    guardianship = models.ForeignKey(Guardianship, models.SET_NULL, null=True, related_name="+")
    before = models.JSONField(null=True)
    is_written = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("guardian of an import")
        verbose_name_plural = _("guardians of imports")
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["job", "number"], name="one_import_link_per_number"),
        )

    def __str__(self) -> str:
        return f"{self.job_id}:{self.pupil}:{self.guardian}"


class ImportTrace(models.Model):
    """The trace of an import's row in a contact, kept as long as the import can be undone. `before`
    is the former card, "" for a contact that the import made; `after` is a digest of the card that
    the import left."""

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="traces", db_index=False)
    number = models.PositiveIntegerField()
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    before = models.TextField(blank=True)
    had_picture = models.BooleanField(default=False)
    # Set if the import replaced it.
    before_picture = models.BinaryField(null=True)
    after = models.BinaryField(max_length=32)
    is_kept = models.BooleanField(_("kept when it was undone"), default=False)

    class Meta:
        verbose_name = _("trace of an import")
        verbose_name_plural = _("traces of imports")
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["job", "number"], name="one_trace_per_number"),
        )

    def __str__(self) -> str:
        return f"{self.job_id}:{self.number}"
