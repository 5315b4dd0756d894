"""Users of another webmail whose identities, contacts and preferences were moved here."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock


class MovedUser(models.Model):
    """A user of another webmail, and what was moved. Each thing is moved once, so that a second
    move does not overwrite what the user has changed or deleted since."""

    COUNTS: ClassVar[tuple[str, ...]] = (
        "contacts", "groups", "identities", "preferences", "canned", "recipients", "senders",
    )  # fmt: skip

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    source = models.CharField(_("former webmail"), max_length=60)
    origin = models.CharField(
        _("login there"),
        max_length=300,
        help_text=_("With the mail server, if the former webmail had several."),
    )
    # Maps each kind to what was moved: contacts and groups to the primary keys of the rows here,
    # all other kinds to their keys in the former webmail.
    brought = models.JSONField(default=dict, editable=False)
    contacts = models.PositiveIntegerField(_("contacts"), default=0)
    groups = models.PositiveIntegerField(_("groups"), default=0)
    identities = models.PositiveIntegerField(_("identities"), default=0)
    preferences = models.PositiveIntegerField(_("preferences"), default=0)
    canned = models.PositiveIntegerField(_("canned answers"), default=0)
    recipients = models.PositiveIntegerField(_("recipients"), default=0)
    senders = models.PositiveIntegerField(_("senders whose images are shown"), default=0)
    left_out = models.PositiveIntegerField(_("left out"), default=0)
    moved = models.DateTimeField(_("brought"), default=clock.now)
    told = models.DateTimeField(_("dismissed by the user"), null=True, blank=True)

    class Meta:
        verbose_name = _("user moved from another webmail")
        verbose_name_plural = _("users moved from another webmail")
        ordering = ("-moved", "-pk")
        constraints = (
            models.UniqueConstraint(fields=["source", "origin"], name="one_move_per_origin"),
        )
        indexes = (models.Index(fields=["user", "told"], name="moves_to_tell"),)

    def __str__(self) -> str:
        return f"{self.source}: {self.origin}"
