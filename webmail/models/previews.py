"""Office files being converted for a preview."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.claims import ClaimedQuerySet, ClaimedRow
from core import clock

OFFICE_PREVIEWS_KEPT = timedelta(hours=1)


class OfficePreviewQuerySet(ClaimedQuerySet["OfficePreview"]):
    def in_force(self) -> OfficePreviewQuerySet:
        """The previews whose results are still kept."""
        return self.filter(created__gte=clock.now() - OFFICE_PREVIEWS_KEPT)

    def overdue(self) -> OfficePreviewQuerySet:
        """Return the previews that a worker should have finished long ago."""
        late = clock.now() - OfficePreview.PATIENCE
        return self.in_force().unfinished().filter(changed__lt=late)


class OfficePreview(ClaimedRow):
    """An attachment being converted into a PDF, or converted within the last hour. Its files are
    sealed in the spool; the row does not name the file or its message.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    STEPS: ClassVar[dict[str, str]] = {State.WAITING: State.RUNNING}
    UNFINISHED: ClassVar[tuple[str, ...]] = (State.WAITING, State.RUNNING)
    PATIENCE: ClassVar[timedelta] = timedelta(minutes=5)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"))
    name = models.CharField(_("keyed digest of the file’s address"), max_length=64)
    extension = models.CharField(_("kind"), max_length=8)
    spool = models.CharField(_("name in the spool"), max_length=32, unique=True)
    source_key = models.BinaryField(_("key of the spooled file"))
    reader = models.BinaryField(_("key that the result is encrypted for"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(_("reason of the failure"), max_length=16, blank=True)
    is_truncated = models.BooleanField(_("has more pages"), default=False)
    created = models.DateTimeField(_("asked for"), auto_now_add=True)

    objects = OfficePreviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("office preview")
        verbose_name_plural = _("office previews")
        ordering = ("-created",)
        constraints = (
            models.UniqueConstraint(fields=["user", "name"], name="one_office_preview_per_file"),
        )

    def __str__(self) -> str:
        return f"{self.extension}, {self.get_state_display()}"

    @property
    def is_in_force(self) -> bool:
        return self.created >= clock.now() - OFFICE_PREVIEWS_KEPT

    @property
    def is_stuck(self) -> bool:
        """Whether the worker of the job seems to have died."""
        return self.state in self.UNFINISHED and self.changed < clock.now() - self.PATIENCE

    def finish(self, *, is_truncated: bool) -> None:
        self._end(self.State.DONE, is_truncated=is_truncated)

    def fail(self, reason: str) -> None:
        self._end(self.State.FAILED, reason=reason)

    def _end(self, state: State, **values: object) -> None:
        """Delete the key of the spooled file, which is no longer needed."""
        self.leave(self.UNFINISHED, state, source_key=b"", **values)
