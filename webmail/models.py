"""What the mail app keeps in the database: no mail."""

from __future__ import annotations

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from webmail.preferences import BY_NAME, AdministratorsChoice

CACHE_KEY, CACHE_SECONDS = "preference-defaults", 60


class PreferenceDefaultQuerySet(models.QuerySet["PreferenceDefault"]):
    def in_force(self) -> dict[str, AdministratorsChoice]:
        """By name; from the cache: a page costs no query. A change shows within a minute."""
        rows = cache.get(CACHE_KEY)
        if rows is None:
            rows = [list(row) for row in self.values_list("name", "value", "locked")]
            cache.set(CACHE_KEY, rows, CACHE_SECONDS)
        return {name: AdministratorsChoice(value, locked) for name, value, locked in rows}


class PreferenceDefault(models.Model):
    """A preference's value for everybody who chose none, or, locked, for everybody."""

    name = models.CharField(_("preference"), max_length=40, unique=True)
    value = models.CharField(_("value"), max_length=60)
    locked = models.BooleanField(
        _("locked"), default=False, help_text=_("People see it and cannot change it.")
    )

    objects = PreferenceDefaultQuerySet.as_manager()

    class Meta:
        verbose_name = _("preference default")
        verbose_name_plural = _("preference defaults")
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"

    def clean(self) -> None:
        preference = BY_NAME.get(self.name)
        if preference and not preference.allows(self.value):
            allowed = [option for option, _words in preference.options()]
            shown = ", ".join(allowed[:12]) + ("…" if len(allowed) > 12 else "")
            raise ValidationError({"value": _("Allowed: %(values)s.") % {"values": shown}})
