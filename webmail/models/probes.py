"""Probes: messages that the webmail sends to itself to test whether mail is delivered."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from core import clock


class Probe(models.Model):
    """A message that the webmail sends to a mailbox of its own, finds there and deletes. One probe
    is on its way at a time.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("on its way")
        ARRIVED = "arrived", _("arrived")
        UNSENT = "unsent", _("not sent")
        MISSING = "missing", _("did not arrive in time")
        UNREAD = "unread", _("the mailbox does not open")

    FAILURES: ClassVar[tuple[str, ...]] = (State.UNSENT, State.MISSING, State.UNREAD)
    KEPT: ClassVar[timedelta] = timedelta(days=7)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    asked = models.DateTimeField(_("asked for"), default=clock.now)
    handed = models.DateTimeField(_("sent"), null=True, blank=True)
    ended = models.DateTimeField(_("ended"), null=True, blank=True)
    seconds = models.FloatField(_("seconds on its way"), null=True, blank=True)
    folder = models.CharField(_("folder"), max_length=60, blank=True)
    words = models.CharField(_("answer of the server"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("self-check mail")
        verbose_name_plural = _("self-check mails")
        ordering = ("-asked",)
        constraints = (
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(state="waiting"), name="one_probe_at_a_time"
            ),
        )
        indexes = (models.Index(fields=["state", "-asked"], name="probes_by_state"),)

    def __str__(self) -> str:
        asked = formats.date_format(timezone.localtime(self.asked), "DATETIME_FORMAT")
        return f"{asked}, {self.get_state_display()}"


class ProbeCount(models.Model):
    """The number of probes that ended in this state since the installation, for counters that never
    decrease.
    """

    state = models.CharField(max_length=8, unique=True)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("state",)

    def __str__(self) -> str:
        return f"{self.state}: {self.count}"
