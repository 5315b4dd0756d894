"""Imports of contacts on the administrators' page of jobs, whose app does not know the address
book."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.db.models import Q, QuerySet

from addressbook.models import ImportJob
from core import clock

register = template.Library()
_SHOWN = 20


@register.simple_tag
def unfinished_imports() -> QuerySet[ImportJob]:
    """Return the imports that are running, wait for a confirmation or failed this week, the newest
    first."""
    since = clock.now() - timedelta(days=7)
    failed = Q(state=ImportJob.State.FAILED, finished__gt=since)
    jobs = ImportJob.objects.filter(failed | Q(state__in=ImportJob.UNFINISHED))
    return jobs.select_related("user", "uploaded_by").prefetch_related("files")[:_SHOWN]
