"""The user's tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.cache import cache
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

# Mozilla Thunderbird's five tags, which every mail program names in its own language.
KNOWN_TAGS: tuple[tuple[str, str | Promise, int], ...] = (
    ("$label1", pgettext_lazy("tag", "Important"), 3),
    ("$label2", pgettext_lazy("tag", "Work"), 1),
    ("$label3", pgettext_lazy("tag", "Personal"), 5),
    ("$label4", pgettext_lazy("tag", "To do"), 6),
    ("$label5", pgettext_lazy("tag", "Later"), 4),
)
TAGS_CACHE_SECONDS = 60


class TagQuerySet(models.QuerySet["Tag"]):
    def of(self, user: AbstractBaseUser) -> TagQuerySet:
        return self.filter(user_id=user.pk)

    def shown(self, user: AbstractBaseUser) -> list[tuple[str, str, int]]:
        """Return (keyword, name, colour) of a user's tags, from the cache, so that a list costs no
        query. A change elsewhere takes effect within a minute.
        """
        rows = cache.get(_tags_key(user))
        if rows is None:
            own = {row.keyword: row for row in self.of(user)}
            rows = [
                [keyword, "", colour] for keyword, _name, colour in KNOWN_TAGS if keyword not in own
            ]
            rows += [[r.keyword, r.name, r.colour] for r in own.values() if not r.is_hidden]
            cache.set(_tags_key(user), rows, TAGS_CACHE_SECONDS)
        standard_names = {keyword: str(name) for keyword, name, _colour in KNOWN_TAGS}
        return [
            (keyword, name or standard_names.get(keyword, keyword), colour)
            for keyword, name, colour in rows
        ]

    def keep(self, user: AbstractBaseUser, keyword: str, **values: object) -> None:
        """Create or change a tag."""
        self.update_or_create(user_id=user.pk, keyword=keyword, defaults=values)
        cache.delete(_tags_key(user))

    def remove(self, user: AbstractBaseUser, keyword: str) -> None:
        """Remove a tag of the user's own, or hide one that every mail program knows. Messages keep
        the keyword.
        """
        if any(keyword == known_keyword for known_keyword, _name, _colour in KNOWN_TAGS):
            self.keep(user, keyword, is_hidden=True)
        else:
            self.of(user).filter(keyword=keyword).delete()
            cache.delete(_tags_key(user))


class Tag(models.Model):
    """A keyword of messages, with the name and colour that one user gives it."""

    COLOURS: ClassVar[int] = 6
    MOST: ClassVar[int] = 40

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="tags", verbose_name=_("user")
    )
    keyword = models.CharField(_("keyword"), max_length=60)
    name = models.CharField(_("name"), max_length=40, blank=True)
    colour = models.PositiveSmallIntegerField(_("colour"), default=1)
    is_hidden = models.BooleanField(_("hidden"), default=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["user", "keyword"], name="one_row_per_tag"),
            models.CheckConstraint(
                condition=models.Q(colour__gte=1, colour__lte=6), name="colour_of_the_six"
            ),
        )

    def __str__(self) -> str:
        return self.name or self.keyword


def _tags_key(user: AbstractBaseUser) -> str:
    return f"tags:{user.pk}"
