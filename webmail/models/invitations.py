"""The events that a user was invited to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class InvitedEventQuerySet(models.QuerySet["InvitedEvent"]):
    def of(self, user: AbstractBaseUser) -> InvitedEventQuerySet:
        return self.filter(user_id=user.pk)

    def during(self, start: datetime, end: datetime) -> InvitedEventQuerySet:
        """Return the events that overlap this time, take place, and were not declined."""
        overlapping = self.filter(start__lt=end, end__gt=start, is_cancelled=False)
        return overlapping.exclude(answer=InvitedEvent.Answer.DECLINED)


class InvitedEvent(models.Model):
    """An event that a user was invited to, by the newest message about it: its time, and the user's
    answer. No text of the mail is stored.
    """

    class Answer(models.TextChoices):
        """The values of PARTSTAT (RFC 5545)."""

        NONE = "", _("no answer yet")
        ACCEPTED = "accepted", _("accepted")
        TENTATIVE = "tentative", _("perhaps")
        DECLINED = "declined", _("declined")

    KEPT: ClassVar[timedelta] = timedelta(days=400)
    """The time that an event is kept after the last message about it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="invited_events",
        verbose_name=_("user"),
    )
    # A digest of organiser, UID and occurrence.
    digest = models.CharField(_("digest"), max_length=40)
    sequence = models.PositiveIntegerField(_("version"), default=0)
    start = models.DateTimeField(_("start"), null=True)
    end = models.DateTimeField(_("end"), null=True)
    is_cancelled = models.BooleanField(_("cancelled"), default=False)
    answer = models.CharField(
        _("answer"), max_length=10, choices=Answer.choices, default=Answer.NONE, blank=True
    )
    answered_sequence = models.PositiveIntegerField(_("answered version"), default=0)
    # The place of the newest message about it.
    folder = models.TextField(_("folder"))
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    changed = models.DateTimeField(_("last change"), auto_now=True)

    objects = InvitedEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event of an invitation")
        verbose_name_plural = _("events of invitations")
        ordering = ("-start", "-pk")
        constraints = (
            models.UniqueConstraint(fields=["user", "digest"], name="one_row_per_invited_event"),
        )
        indexes = (models.Index(fields=["user", "start"], name="invited_events_by_time"),)

    def __str__(self) -> str:
        return f"{self.start} {self.answer}"

    @property
    def is_answered(self) -> bool:
        """Whether the user has answered the newest version."""
        return bool(self.answer) and self.answered_sequence == self.sequence
