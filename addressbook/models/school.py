"""The school year: its holidays in the three zones, as in the ministry's calendar."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SchoolHoliday(models.Model):
    """A holiday of one zone, in the words of the ministry: ``begins`` is the day after whose
    lessons it begins, ``resumes`` the day on whose morning lessons resume."""

    class Zone(models.TextChoices):
        A = "A", "A"
        B = "B", "B"
        C = "C", "C"

    zone = models.CharField(_("zone"), max_length=1, choices=Zone.choices)
    school_year = models.PositiveSmallIntegerField(
        _("school year"), help_text=_("The year in which it begins.")
    )
    name = models.CharField(_("holiday"), max_length=60)
    begins = models.DateField(_("begins after the lessons of"))
    resumes = models.DateField(_("lessons resume on"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("school holiday")
        verbose_name_plural = _("school holidays")
        ordering = ("begins", "zone")
        constraints = (
            models.UniqueConstraint(
                fields=["zone", "school_year", "name"], name="one_holiday_a_zone"
            ),
            models.CheckConstraint(
                condition=models.Q(resumes=None) | models.Q(resumes__gt=models.F("begins")),
                name="holiday_ends_after_it_begins",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.zone})"
