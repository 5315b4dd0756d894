"""Passwords lent to background jobs."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.users import User
from webmail import clock


def in_a_day() -> datetime:
    return clock.now() + LentCredential.LONGEST


class LentCredential(models.Model):
    """One mail password, sealed for one job (accounts/lending.py), until the job is over."""

    LONGEST: ClassVar[timedelta] = timedelta(hours=24)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("user"))
    sealed = models.BinaryField()
    # The sign-in whose tokens were lent, where it was by a provider.
    grant = models.ForeignKey("accounts.TokenGrant", models.CASCADE, null=True)
    # When the person had last changed the password: a later change makes the seal worthless.
    changed = models.DateTimeField(null=True)
    lent = models.DateTimeField(_("lent"), default=timezone.now)
    # A day, but for a message that is to leave later.
    until = models.DateTimeField(_("until"), default=in_a_day)

    class Meta:
        verbose_name = _("lent password")
        verbose_name_plural = _("lent passwords")

    def __str__(self) -> str:
        return f"{self.user_id} {self.lent:%Y-%m-%d %H:%M}"
