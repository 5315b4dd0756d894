"""Columns for the lists of the admin."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Field, Model


def counted(model: type[Model], *names: str) -> tuple[Callable[[Model], str], ...]:
    """Return columns of numbers with thousands separators. Django's own setting
    (USE_THOUSAND_SEPARATOR) applies to the whole project, and to every number that a template
    writes into an address or a form."""
    return tuple(_column(model._meta.get_field(name)) for name in names)


def _column(field: object) -> Callable[[Model], str]:
    assert isinstance(field, Field)  # noqa: S101  counts are no relations
    name = field.name

    @admin.display(description=field.verbose_name, ordering=name)
    def column(row: Model) -> str:
        return intcomma(getattr(row, name))

    column.__name__ = name
    return column
