"""Queries whose statement is written once: every page asks them, and Django's compiler takes ten
times as long to write one anew as the database to answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.db.models.query import ModelIterable, get_related_populators

Row = TypeVar("Row")
# What stands in a statement where the values come: nobody's key, and no text of anybody's.
_NUMBER, _TEXT = -7_301_999, "\N{REPLACEMENT CHARACTER}prepared "


class Prepared(Generic[Row]):
    """``Prepared(lambda pk: User.objects.filter(pk=pk), int)``: called with a key, the list of what
    it finds, model instances or tuples (``values_list``). The function is called once for each
    connection to the database, with a sign in place of each value; its queryset must hold the
    values as they are given, whole numbers or texts."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *kinds: type) -> None:
        self._build = build
        self._signs = tuple(
            _NUMBER - place if kind is int else f"{_TEXT}{place}"
            for place, kind in enumerate(kinds)
        )
        self._written: WeakKeyDictionary[BaseDatabaseWrapper, _Statement] = WeakKeyDictionary()

    def __call__(self, *values: int | str) -> list[Row]:
        connection = connections[DEFAULT_DB_ALIAS]
        if (statement := self._written.get(connection)) is None:
            statement = _Statement(self._build(*self._signs), self._signs)
            self._written[connection] = statement
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.filled(values))
            return list(statement.made(cursor.fetchall()))


class _Statement:
    def __init__(self, rows: QuerySet[Any, Any], signs: Sequence[int | str]) -> None:
        self._compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        self.sql, places = self._compiler.as_sql()
        missing = [sign for sign in signs if sign not in places]
        if missing:
            raise ValueError(f"not in the statement as given: {missing}")
        self._places = [(place, signs.index(place) if place in signs else -1) for place in places]
        self._is_model = issubclass(rows._iterable_class, ModelIterable)
        if self._is_model:
            klass, select = self._compiler.klass_info, self._compiler.select
            fields = klass["select_fields"]
            self._model, self._own = klass["model"], slice(fields[0], fields[-1] + 1)
            self._names = [column[0].target.attname for column in select[self._own]]
            # The stubs are of a later Django, which asks for one more.
            self._related = get_related_populators(klass, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def filled(self, values: Sequence[int | str]) -> list[Any]:
        return [place if number < 0 else values[number] for place, number in self._places]

    def made(self, rows: list[Any]) -> Iterator[Any]:
        """As Django's own iterables make them of rows."""
        converted = self._compiler.results_iter([rows], tuple_expected=not self._is_model)
        if not self._is_model:
            yield from converted
            return
        for row in converted:
            found = self._model.from_db(DEFAULT_DB_ALIAS, self._names, row[self._own])
            for populator in self._related:
                populator.populate(row, found)
            yield found
