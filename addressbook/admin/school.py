"""School holidays, to be corrected by hand when the ministry moves one."""

from __future__ import annotations

from django.contrib import admin

from addressbook.models import SchoolHoliday


@admin.register(SchoolHoliday)
class SchoolHolidayAdmin(admin.ModelAdmin):
    """The table of holidays; `load_school_holidays` fills it from a file."""

    list_display = ("name", "zone", "school_year", "begins", "resumes")
    list_editable = ("begins", "resumes")
    list_filter = ("school_year", "zone")
    ordering = ("-school_year", "begins", "zone")
