"""Pulls of reported messages from mailboxes: their criteria, the mailboxes, and the progress."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.claims import ClaimedQuerySet, ClaimedRow
from core import clock


class PullQuerySet(ClaimedQuerySet["Pull"]):
    def at_work(self) -> PullQuerySet:
        """Return the pulls that are carried out, or undone, whenever users look into their
        mailboxes.
        """
        now = clock.now()
        recent = models.Q(state=Pull.State.DONE, confirmed__gte=now - Pull.SEEN_FOR)
        undone = models.Q(state__in=Pull.TAKEN_BACK, confirmed__gte=now - Pull.KEPT)
        return self.filter(recent | undone)


class Pull(ClaimedRow):
    """A pull of messages from all mailboxes into the folders for junk, started by an
    administrator.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("to be counted")
        COUNTING = "counting", _("being counted")
        COUNTED = "counted", _("counted, to be confirmed")
        CONFIRMED = "confirmed", _("to be pulled")
        PULLING = "pulling", _("being pulled")
        DONE = "done", _("pulled")
        UNDO = "undo", _("to be put back")
        UNDOING = "undoing", _("being put back")
        UNDONE = "undone", _("put back")
        FAILED = "failed", _("failed")
        WITHDRAWN = "withdrawn", _("withdrawn")
        REFUSED = "refused", _("refused by another administrator")
        LAPSED = "lapsed", _("lapsed without a confirmation")

    STEPS: ClassVar[dict[str, str]] = {
        State.ASKED: State.COUNTING,
        State.CONFIRMED: State.PULLING,
        State.UNDO: State.UNDOING,
    }
    UNFINISHED: ClassVar[tuple[str, ...]] = (*STEPS, *STEPS.values())
    TAKEN_BACK: ClassVar[tuple[str, ...]] = (State.UNDO, State.UNDOING, State.UNDONE)
    PATIENCE: ClassVar[timedelta] = timedelta(minutes=2)
    MOST_ATTEMPTS: ClassVar[int] = 20
    KEPT: ClassVar[timedelta] = timedelta(days=30)
    """The time in which a pull can be undone; then its rows are deleted."""
    VALID: ClassVar[timedelta] = timedelta(days=1)
    """The time in which a pull can be confirmed; then it lapses."""
    OPEN: ClassVar[tuple[str, ...]] = (State.ASKED, State.COUNTING, State.COUNTED)
    """The states in which a pull can still be withdrawn or refused."""
    SEEN_FOR: ClassVar[timedelta] = timedelta(days=7)
    """The time in which a pull is carried out whenever users look into their mailboxes, for later
    arrivals and for servers without a master user.
    """

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("by whom"),
    )
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.ASKED)
    # `Criteria` (webmail/adverts/campaigns.py) that the messages have in common.
    criteria = models.JSONField(default=dict)
    by_master = models.BooleanField(_("by the master user"), default=False)
    # The user whose mailbox was processed last: a job that is taken up continues after it.
    at_user = models.BigIntegerField(default=0)
    messages = models.PositiveIntegerField(_("messages"), default=0)
    people = models.PositiveIntegerField(_("people"), default=0)
    closed_boxes = models.PositiveIntegerField(_("mailboxes not opened"), default=0)
    asked = models.DateTimeField(_("asked for"), default=clock.now)
    confirmed = models.DateTimeField(_("confirmed"), null=True, blank=True)
    decider = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
        help_text=_("Who confirmed, refused or withdrew it."),
    )

    objects = PullQuerySet.as_manager()

    class Meta:
        verbose_name = _("pull of reported messages")
        verbose_name_plural = _("pulls of reported messages")
        ordering = ("-asked", "-pk")

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def can_be_undone(self) -> bool:
        confirmed = self.confirmed
        return (
            self.state in (self.State.DONE, self.State.PULLING, self.State.CONFIRMED)
            and confirmed is not None
            and confirmed > clock.now() - self.KEPT
        )

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def lapses(self) -> datetime:
        """The moment after which it can no longer be confirmed."""
        return self.asked + self.VALID

    @property
    def until(self) -> object:
        """The moment after which it can no longer be undone."""
        return self.confirmed + self.KEPT if self.confirmed else None


class PullSight(models.Model):
    """The progress of a pull in the mailbox of a user who looks into it: the other folders once,
    the inbox up to the UID ``seen``.
    """

    pull = models.ForeignKey(Pull, models.CASCADE, related_name="sights")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    uidvalidity = models.PositiveBigIntegerField(default=0)
    seen = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("pull carried out for a user")
        verbose_name_plural = _("pulls carried out for users")
        constraints = (
            models.UniqueConstraint(fields=["pull", "user"], name="one_sight_per_pull_and_user"),
        )

    def __str__(self) -> str:
        return f"{self.pull_id} {self.user_id}"


class PulledMessage(models.Model):
    """One pulled message: its former folder and its present one. A keyed digest identifies it."""

    pull = models.ForeignKey(Pull, models.CASCADE, related_name="pulled")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(_("keyed digest of the message’s identity"), max_length=40)
    origin = models.TextField(_("folder"))
    folder = models.TextField(_("to the folder"))
    uidvalidity = models.PositiveBigIntegerField(default=0)
    uid = models.PositiveBigIntegerField(default=0)
    when = models.DateTimeField(_("when"), default=clock.now)
    is_told = models.BooleanField(_("its user was told"), default=False)
    is_undone = models.BooleanField(_("put back"), default=False)

    class Meta:
        verbose_name = _("pulled message")
        verbose_name_plural = _("pulled messages")
        constraints = (
            models.UniqueConstraint(
                fields=["pull", "user", "digest"], name="one_row_per_pulled_message"
            ),
        )
        indexes = (models.Index(fields=["user", "is_told"], name="pulled_untold"),)

    def __str__(self) -> str:
        return f"{self.pull_id} {self.user_id}"
