"""Logs of a user's connections to the mail servers, which an administrator switched on."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class WireLogQuerySet(models.QuerySet["WireLog"]):
    def before(self, moment: datetime) -> WireLogQuerySet:
        """Return the logs that are kept no longer."""
        return self.filter(until__lt=moment - WireLog.KEPT)


class WireLog(models.Model):
    """The masked lines of a user's connections for an hour. Who began it and why stands in the
    audit log."""

    LASTS: ClassVar = timedelta(hours=1)
    KEPT: ClassVar = timedelta(days=1)
    MOST_BYTES: ClassVar = 2_000_000
    MOST_LINES: ClassVar = 20_000

    number = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    begun = models.DateTimeField(_("begun"))
    until = models.DateTimeField(_("until"))
    lines = models.PositiveIntegerField(default=0)
    size = models.PositiveIntegerField(default=0)

    objects = WireLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("log of connections")
        verbose_name_plural = _("logs of connections")
        ordering = ("-begun", "-pk")
        indexes = (models.Index(fields=["user", "-begun"], name="wire_log_by_user"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.begun:%Y-%m-%d %H:%M}"


class WireLogPiece(models.Model):
    """Some lines of a log, sealed (`accounts.sealed.rows`)."""

    log = models.ForeignKey(WireLog, models.CASCADE, related_name="pieces")
    sealed = models.BinaryField()

    class Meta:
        verbose_name = _("lines of a log of connections")
        verbose_name_plural = _("lines of logs of connections")
        ordering = ("pk",)

    def __str__(self) -> str:
        return str(self.pk)
