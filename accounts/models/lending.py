"""Passwords lent to background jobs."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.users import User
from core import clock


def in_a_day() -> datetime:
    return clock.now() + LentCredential.LONGEST


class LentCredential(models.Model):
    """A mail password, sealed for one job until the job is over (accounts/lending.py)."""

    LONGEST: ClassVar[timedelta] = timedelta(hours=24)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("user"))
    sealed = models.BinaryField()
    # The grant whose tokens were lent, if the user signed in by a provider.
    grant = models.ForeignKey("accounts.TokenGrant", models.CASCADE, null=True)
    # The time of the user's last change of the password: a later change makes the seal invalid.
    changed = models.DateTimeField(null=True)
    lent = models.DateTimeField(_("lent"), default=clock.now)
    # A day after the loan; later only for a scheduled message.
    until = models.DateTimeField(_("until"), default=in_a_day)

    class Meta:
        verbose_name = _("lent password")
        verbose_name_plural = _("lent passwords")

    def __str__(self) -> str:
        return f"{self.user_id} {self.lent:%Y-%m-%d %H:%M}"
