"""Mail that a job moves out of a mailbox or into it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.claims import ClaimedQuerySet, ClaimedRow
from core import clock

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class TransferQuerySet(ClaimedQuerySet["Transfer"]):
    def of(self, user: AbstractBaseUser) -> TransferQuerySet:
        return self.filter(user_id=user.pk)

    def waiting(self) -> TransferQuerySet:
        """Return the transfers that a worker may claim: one of each user runs at a time, and
        servers elsewhere, which may be slow, never keep all workers."""
        running = Transfer.objects.filter(state=Transfer.State.RUNNING)
        rows = super().waiting().exclude(user__in=running.values("user"))
        if running.filter(kind=Transfer.Kind.ACCOUNT).count() >= Transfer.MOST_ACCOUNTS:
            return rows.exclude(kind=Transfer.Kind.ACCOUNT)
        return rows


class Transfer(ClaimedRow):
    """An export, an import, or a fetch of mail from another account. It holds folders and numbers
    of messages, but no content of messages; its files are sealed in the spool.
    """

    class Kind(models.TextChoices):
        EXPORT = "export", _("export")
        IMPORT = "import", _("import")
        ACCOUNT = "account", _("from another account")

    class Form(models.TextChoices):
        MBOX = "mbox", "mbox"
        EML = "eml", "zip"
        MAILDIR = "maildir", "Maildir"

    class State(models.TextChoices):
        UPLOADING = "uploading", _("being uploaded")
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        PASSWORD = "password", _("waiting for the password")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    STEPS: ClassVar[dict[str, str]] = {State.WAITING: State.RUNNING}
    UNFINISHED: ClassVar[tuple[str, ...]] = (
        State.UPLOADING,
        State.WAITING,
        State.RUNNING,
        State.PASSWORD,
    )
    PATIENCE: ClassVar[timedelta] = timedelta(seconds=30)
    AGAIN: ClassVar[timedelta] = timedelta(seconds=20)
    MOST_ATTEMPTS: ClassVar[int] = 6
    MOST_ACCOUNTS: ClassVar[int] = 3
    """The number of other accounts that are fetched at once; one worker less than there are."""
    KEPT: ClassVar[timedelta] = timedelta(days=30)
    """The time in which imported mail can be removed again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"))
    credential = models.ForeignKey(
        "accounts.LentCredential",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lent password"),
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    form = models.CharField(_("format"), max_length=8, choices=Form.choices, blank=True)
    # The folder that is exported, or imported into; "" for the whole mailbox.
    folder = models.TextField(_("folder"), blank=True)
    # The name of the file, as shown to the user.
    name = models.CharField(_("name"), max_length=200, blank=True)
    key = models.BinaryField(default=bytes)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    # The progress of the job, written by webmail/transfer/.
    work = models.JSONField(default=dict)
    # The messages of an export, or the bytes of an import: their number, and how many were
    # processed.
    total = models.PositiveBigIntegerField(_("total"), default=0)
    passed = models.PositiveBigIntegerField(_("gone through"), default=0)
    done = models.PositiveIntegerField(_("messages done"), default=0)
    known = models.PositiveIntegerField(_("messages that were there already"), default=0)
    refused = models.PositiveIntegerField(_("messages refused"), default=0)
    # The password of the other account, sealed for this row alone, until the job is over.
    sealed = models.BinaryField(default=bytes)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    failure = models.CharField(_("why it failed"), max_length=40, blank=True)
    is_undone = models.BooleanField(_("taken back"), default=False)
    asked = models.DateTimeField(_("asked for"), auto_now_add=True)
    # The time until which an export can be downloaded.
    until = models.DateTimeField(_("until"), null=True, blank=True)

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer of mail")
        verbose_name_plural = _("transfers of mail")
        ordering = ("-asked", "-pk")

    def __str__(self) -> str:
        return f"{self.kind} {self.done} {self.state}"

    @property
    def percent(self) -> int:
        return min(100, self.passed * 100 // self.total) if self.total else 0

    @property
    def has_begun(self) -> bool:
        """Return whether the other account was signed in to, and its folders are known."""
        return "folders" in self.work

    @property
    def can_be_undone(self) -> bool:
        return self.is_finished and not self.is_undone and bool(self.work.get("added"))

    @property
    def can_be_downloaded(self) -> bool:
        is_whole = self.kind == self.Kind.EXPORT and self.state == self.State.DONE
        return is_whole and self.until is not None and self.until > clock.now()
