"""Recent searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class RecentSearchQuerySet(models.QuerySet["RecentSearch"]):
    def of(self, user: AbstractBaseUser) -> RecentSearchQuerySet:
        return self.filter(user_id=user.pk)

    def note(self, user: AbstractBaseUser, text: str) -> None:
        """The person has just searched for this; the `RecentSearch.MOST` latest are kept."""
        if len(text) > RecentSearch.LONGEST:
            return
        self.bulk_create(
            [self.model(user_id=user.pk, text=text, when=timezone.now())],
            update_conflicts=True,
            unique_fields=["user", "text"],
            update_fields=["when"],
        )
        keys = list(self.of(user).order_by("-when", "-pk").values_list("pk", flat=True))
        if older := keys[RecentSearch.MOST :]:
            self.filter(pk__in=older).delete()


class RecentSearch(models.Model):
    """A recent search of one user, as it was typed. Searches on a shared computer are not kept."""

    MOST: ClassVar[int] = 10
    LONGEST: ClassVar[int] = 200

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="recent_searches",
        verbose_name=_("user"),
    )
    text = models.CharField(_("what was looked for"), max_length=LONGEST)
    when = models.DateTimeField(_("last time"))

    objects = RecentSearchQuerySet.as_manager()

    class Meta:
        verbose_name = _("recent search")
        verbose_name_plural = _("recent searches")
        ordering = ("-when", "-pk")
        constraints = (
            models.UniqueConstraint(fields=["user", "text"], name="one_row_per_recent_search"),
        )

    def __str__(self) -> str:
        return self.text
