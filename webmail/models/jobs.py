"""Actions on thousands of messages, done by a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class MailJobQuerySet(models.QuerySet["MailJob"]):
    def of(self, user: AbstractBaseUser) -> MailJobQuerySet:
        return self.filter(user_id=user.pk)

    def unfinished(self) -> MailJobQuerySet:
        return self.filter(state__in=MailJob.UNFINISHED)

    def claim(self, pk: int) -> MailJob | None:
        """The job, for whoever asks first. What comes back is as it was claimed: a worker frozen
        here would else take the attempt of another for his own. One job of a person runs at a
        time, so that nobody's keep all workers; the others are started again when it is over."""
        waiting = self.filter(pk=pk, state=MailJob.State.WAITING)
        job = waiting.select_related("user__mail_domain", "credential").first()
        if job is None or self.filter(user=job.user, state=MailJob.State.RUNNING).exists():
            return None
        taken = {
            "state": MailJob.State.RUNNING,
            "attempts": job.attempts + 1,
            "changed": timezone.now(),
        }
        if not waiting.filter(changed=job.changed).update(**taken):
            return None
        for name, value in taken.items():
            setattr(job, name, value)
        return job


class MailJob(models.Model):
    """Something done to many messages that goes on without its person: how far it is, and what
    takes it back. It knows folders and numbers of messages, nothing of what is in them."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        PASSWORD = "password", _("waiting for the password")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    UNFINISHED: ClassVar[tuple[str, ...]] = (State.WAITING, State.RUNNING, State.PASSWORD)
    PATIENCE: ClassVar[timedelta] = timedelta(seconds=30)
    """Without a sign of life, after which whoever had the job is thought gone."""
    MOST_ATTEMPTS: ClassVar[int] = 6
    KEPT: ClassVar[timedelta] = timedelta(days=7)
    """How long what was done can be taken back."""

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
    # As webmail/jobs/mail_jobs.py writes it: what is left, what takes back the rest.
    work = models.JSONField(default=dict)
    total = models.PositiveIntegerField(_("messages"), default=0)
    done = models.PositiveIntegerField(_("messages done"), default=0)
    gone = models.PositiveIntegerField(_("messages no longer there"), default=0)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    failure = models.CharField(_("why it failed"), max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    is_undone = models.BooleanField(_("taken back"), default=False)
    asked = models.DateTimeField(_("asked for"), auto_now_add=True)
    changed = models.DateTimeField(_("last change"), default=timezone.now)

    objects = MailJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job in a mailbox")
        verbose_name_plural = _("jobs in mailboxes")
        ordering = ("-asked", "-pk")

    def __str__(self) -> str:
        return f"{self.verb} {self.done}/{self.total} {self.state}"

    @property
    def is_finished(self) -> bool:
        return self.state not in self.UNFINISHED

    @property
    def percent(self) -> int:
        return min(100, (self.done + self.gone) * 100 // self.total) if self.total else 0

    @property
    def can_be_undone(self) -> bool:
        return self.is_finished and not self.is_undone and bool(self.work.get("undo"))

    def leave(self, before: Sequence[str], after: str, **values: object) -> bool:
        """Change the state unless somebody else did; False when he was first."""
        values |= {"state": after, "changed": timezone.now()}
        if not MailJob.objects.filter(pk=self.pk, state__in=before).update(**values):
            return False
        self.refresh_from_db()
        return True
