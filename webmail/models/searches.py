"""Recent and saved searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class RecentSearchQuerySet(models.QuerySet["RecentSearch"]):
    def of(self, user: AbstractBaseUser) -> RecentSearchQuerySet:
        return self.filter(user_id=user.pk)

    def note(self, user: AbstractBaseUser, text: str) -> None:
        """Store a search that the user has just done; the latest `RecentSearch.MOST` are kept."""
        if len(text) > RecentSearch.LONGEST:
            return
        self.bulk_create(
            [self.model(user_id=user.pk, text=text, when=clock.now())],
            update_conflicts=True,
            unique_fields=["user", "text"],
            update_fields=["when"],
        )
        keys = list(self.of(user).order_by("-when", "-pk").values_list("pk", flat=True))
        if older := keys[RecentSearch.MOST :]:
            self.filter(pk__in=older).delete()


class RecentSearch(models.Model):
    """A user's recent search, as typed. Searches on a shared computer are not stored."""

    MOST: ClassVar[int] = 10
    LONGEST: ClassVar[int] = 200

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="recent_searches",
        verbose_name=_("user"),
    )
    text = models.CharField(_("text searched for"), max_length=LONGEST)
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


class SavedSearchQuerySet(models.QuerySet["SavedSearch"]):
    def of(self, user: AbstractBaseUser) -> SavedSearchQuerySet:
        return self.filter(user_id=user.pk)

    def keep(
        self, user: AbstractBaseUser, name: str, *, text: str, reach: str, folder: str
    ) -> bool:
        """Save a search, replacing one of the same name. Return whether there was room for it."""
        own = self.of(user)
        if own.count() >= SavedSearch.MOST and not own.filter(name=name).exists():
            return False
        values = {"text": text, "reach": reach, "folder": folder}
        self.update_or_create(user_id=user.pk, name=name, defaults=values)
        return True

    def move(self, before: str, now: str, delimiter: str) -> None:
        """Rename the folder of saved searches of a renamed folder and of the folders inside it."""
        for row in self.filter(folder__startswith=before):
            if row.folder == before or (delimiter and row.folder.startswith(before + delimiter)):
                self.filter(pk=row.pk).update(folder=now + row.folder.removeprefix(before))


class SavedSearch(models.Model):
    """A search that a user saved under a name. ``reach`` and ``folder`` are those of its
    address.
    """

    MOST: ClassVar[int] = 20
    LONGEST_NAME: ClassVar[int] = 60

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="saved_searches",
        verbose_name=_("user"),
    )
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    text = models.TextField(_("text searched for"))
    reach = models.CharField(_("where"), max_length=10)
    folder = models.TextField(_("folder"), blank=True)

    objects = SavedSearchQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved search")
        verbose_name_plural = _("saved searches")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["user", "name"], name="one_saved_search_of_a_name"),
        )

    def __str__(self) -> str:
        return self.name
