"""The people to whom a user wrote, kept apart from the contacts, with the number of messages."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class CollectedQuerySet(models.QuerySet["CollectedRecipient"]):
    def of(self, user: User) -> CollectedQuerySet:
        return self.filter(user=user)


class CollectedRecipient(models.Model):
    """An address to which the user wrote, a contact's or not. It ranks completions.

    ``weight`` is high for addresses that the user writes to often and lately. It is the logarithm
    of a sum in which each message weighs twice as much as one of a month before. The order of two
    addresses therefore does not change with time, and an index can hold it.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    address = models.CharField(_("address"), max_length=254)
    folded = models.CharField(_("address in lower case"), max_length=254)
    name = models.CharField(_("name"), max_length=300, blank=True)
    times = models.PositiveIntegerField(_("times written to"), default=1)
    last = models.DateTimeField(_("last written to"))
    weight = models.FloatField(_("weight"), default=0.0)
    words = models.TextField(_("words of name and address"), blank=True)

    objects = CollectedQuerySet.as_manager()

    class Meta:
        verbose_name = _("collected recipient")
        verbose_name_plural = _("collected recipients")
        ordering = ("-last",)
        constraints = (
            models.UniqueConstraint(fields=["user", "folded"], name="one_row_per_recipient"),
        )
        indexes = (models.Index(fields=["user", "-weight"], name="collected_by_weight"),)

    def __str__(self) -> str:
        return self.address
