"""Bounds of what an address may ask of the administration."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

_MOST_FIELDS, _LONGEST = 100, 2_000
MOST_WORDS = 10
"""The words of a search that are looked for: each is compared with every field of every row."""


def check_query(request: HttpRequest) -> None:
    """Refuse an address with a NUL, which PostgreSQL has in no text, with more fields than a page
    writes, or with a longer one. Raises SuspiciousOperation, which is answered by 400."""
    fields = [text for name, values in request.GET.lists() for text in (name, *values)]
    if len(fields) > 2 * _MOST_FIELDS or any(len(text) > _LONGEST for text in fields):
        raise SuspiciousOperation("An address of the administration asks for too much.")
    _refuse_nul(request.path_info, *fields)


def _refuse_nul(*texts: str) -> None:
    if any("\0" in text for text in texts):
        raise SuspiciousOperation("The administration was asked for a NUL.")


def first_words(text: str) -> str:
    """Return the first words of a search, each once."""
    return " ".join(list(dict.fromkeys(text.split()))[:MOST_WORDS])


class BoundedAdmin(admin.ModelAdmin):
    """Bounds what a list looks for. What the database cannot compare, such as a year of twenty
    digits, is answered as Django answers a filter that there is not."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, first_words(search_term))

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Refuse rows that cannot be, which the database would not compare either."""
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.to_python(key)
            except ValidationError as error:
                raise SuspiciousOperation("No row has such a key.") from error
            _refuse_nul(key)
        return super().response_action(request, queryset, *args, **kwargs)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        try:
            return super().get_changelist_instance(request)
        except (DataError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error
