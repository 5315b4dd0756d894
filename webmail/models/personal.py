"""The file of a user's own data, made by a job."""

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


class DataExportQuerySet(ClaimedQuerySet["DataExport"]):
    def of(self, user: AbstractBaseUser) -> DataExportQuerySet:
        return self.filter(user_id=user.pk)

    def in_force(self) -> DataExportQuerySet:
        return self.filter(asked__gte=clock.now() - DataExport.KEPT)

    def overdue(self) -> DataExportQuerySet:
        return self.filter(asked__lt=clock.now() - DataExport.KEPT)


class DataExport(ClaimedRow):
    """A requested export of all data that is kept about a user: a zip file, sealed in the spool for
    a day.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    STEPS: ClassVar[dict[str, str]] = {State.WAITING: State.RUNNING}
    UNFINISHED: ClassVar[tuple[str, ...]] = (State.WAITING, State.RUNNING)
    PATIENCE: ClassVar[timedelta] = timedelta(minutes=1)
    KEPT: ClassVar[timedelta] = timedelta(hours=24)
    MOST_ATTEMPTS: ClassVar[int] = 3

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    # The key of the file, sealed with the server's key.
    sealed = models.BinaryField(default=b"")
    spool = models.CharField(_("name in the spool"), max_length=32, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    language = models.CharField(_("language"), max_length=10, default="fr")
    asked = models.DateTimeField(_("asked for"), default=clock.now)

    objects = DataExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of own data")
        verbose_name_plural = _("files of own data")
        ordering = ("-asked",)

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def until(self) -> object:
        return self.asked + self.KEPT
