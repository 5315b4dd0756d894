"""Actions on thousands of messages, done by a job."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.claims import ClaimedQuerySet, ClaimedRow

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class MailJobQuerySet(ClaimedQuerySet["MailJob"]):
    def of(self, user: AbstractBaseUser) -> MailJobQuerySet:
        return self.filter(user_id=user.pk)

    def waiting(self) -> MailJobQuerySet:
        """Return the jobs that a worker may claim. One job of a user runs at a time, so that no
        user occupies all workers; the user's other jobs are started when it is over.
        """
        running = MailJob.objects.filter(state=MailJob.State.RUNNING)
        return super().waiting().exclude(user__in=running.values("user"))


class MailJob(ClaimedRow):
    """An action on many messages that continues without its user: its progress, and the data to
    undo it. It holds folders and UIDs, but no content of messages.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        PASSWORD = "password", _("waiting for the password")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    STEPS: ClassVar[dict[str, str]] = {State.WAITING: State.RUNNING}
    UNFINISHED: ClassVar[tuple[str, ...]] = (State.WAITING, State.RUNNING, State.PASSWORD)
    PATIENCE: ClassVar[timedelta] = timedelta(seconds=30)
    AGAIN: ClassVar[timedelta] = timedelta(seconds=10)
    MOST_ATTEMPTS: ClassVar[int] = 6
    KEPT: ClassVar[timedelta] = timedelta(days=7)
    """The time in which the action can be undone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"))
    credential = models.ForeignKey(
        "accounts.LentCredential",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lent password"),
    )
    verb = models.CharField(_("what is done"), max_length=12)
    folder = models.TextField(_("folder"), blank=True)
    to = models.TextField(_("to the folder"), blank=True)
    # The remaining work and its undo data, written by webmail/jobs/mail_jobs.py.
    work = models.JSONField(default=dict)
    total = models.PositiveIntegerField(_("messages"), default=0)
    done = models.PositiveIntegerField(_("messages done"), default=0)
    gone = models.PositiveIntegerField(_("messages no longer there"), default=0)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    failure = models.CharField(_("why it failed"), max_length=40, blank=True)
    is_undone = models.BooleanField(_("taken back"), default=False)
    asked = models.DateTimeField(_("asked for"), auto_now_add=True)

    objects = MailJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job in a mailbox")
        verbose_name_plural = _("jobs in mailboxes")
        ordering = ("-asked", "-pk")

    def __str__(self) -> str:
        return f"{self.pk}, {self.get_state_display()}, {self.done}/{self.total}"

    @property
    def percent(self) -> int:
        return min(100, (self.done + self.gone) * 100 // self.total) if self.total else 0

    @property
    def can_be_undone(self) -> bool:
        return self.is_finished and not self.is_undone and bool(self.work.get("undo"))
