"""Queries that every page, or every typed character, runs: Django compiles their statement once.

Compiling it anew would take ten times as long as the database takes to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.query import ModelIterable, get_related_populators

Row = TypeVar("Row")
Given: TypeAlias = int | str | Collection[str] | RawSQL | None
# Placeholders for values in a compiled statement: a number that is no primary key, and a text that
# no user has.
_NUMBER, _TEXT = -7_301_999, "\N{REPLACEMENT CHARACTER}prepared "
_BOOLEAN = BooleanField()


def condition(sql: str, values: Sequence[Any] = ()) -> RawSQL:
    """Return a condition for ``filter``, of a normal or a prepared query. ``sql`` must not contain
    values."""
    return RawSQL(sql, values, _BOOLEAN)  # noqa: S611


class Prepared(Generic[Row]):
    """A query that is compiled once, such as ``Prepared(lambda pk: User.objects.filter(pk=pk),
    int)``. A call with a key returns the list of rows, model instances or tuples (``values_list``).

    The function is called once for each connection to the database, with a placeholder for each
    value, and its queryset must contain the placeholders unchanged. The kinds of values are a whole
    number (``int``), a text (``str``), any number of texts for ``…__in`` (``list``), and a
    `condition` (``RawSQL``) that is alone in ``filter``. The last two change the statement at each
    call.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *kinds: type) -> None:
        self._build = build
        self._marks: list[int | str] = [
            _NUMBER - place if kind is int else f"{_TEXT}{place}"
            for place, kind in enumerate(kinds)
        ]
        self._signs = [
            mark if kind in (int, str) else condition("%s", [mark])
            for mark, kind in zip(self._marks, kinds, strict=True)
        ]
        self._written: WeakKeyDictionary[BaseDatabaseWrapper, _Statement] = WeakKeyDictionary()

    def __call__(self, *values: Given) -> list[Row]:
        connection = connections[DEFAULT_DB_ALIAS]
        statement = self._statement(connection)
        return list(statement.made(_rows(connection, *statement.filled(values))))

    def count(self, *values: Given, most: int) -> int:
        """Return the number of rows, counting no further than ``most``."""
        connection = connections[DEFAULT_DB_ALIAS]
        sql, filled = self._statement(connection).filled(values)
        counted = f"SELECT COUNT(*) FROM ({sql} LIMIT %s) AS found"  # noqa: S608  Django's own
        return int(_rows(connection, counted, [*filled, most])[0][0])

    def _statement(self, connection: BaseDatabaseWrapper) -> _Statement:
        if (statement := self._written.get(connection)) is None:
            statement = _Statement(self._build(*self._signs), self._marks)
            self._written[connection] = statement
        return statement


def _rows(connection: BaseDatabaseWrapper, sql: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


class _Statement:
    def __init__(self, rows: QuerySet[Any, Any], marks: Sequence[int | str]) -> None:
        self._sql, places, self.made = _compiled(rows)
        if missing := [mark for mark in marks if mark not in places]:
            raise ValueError(f"not in the statement as given: {missing}")
        self._places = [(place, marks.index(place) if place in marks else -1) for place in places]

    def filled(self, values: Sequence[Given]) -> tuple[str, list[Any]]:
        """Return the statement for these values, and its parameters."""
        filled: list[Any] = []
        pieces = []
        for place, number in self._places:
            value = place if number < 0 else values[number]
            if number < 0 or isinstance(value, int | str | None):
                pieces.append("%s")
                filled.append(value)
            elif isinstance(value, RawSQL):
                pieces.append(value.sql)
                filled += value.params
            else:
                pieces.append(", ".join(["%s"] * len(value)))
                filled += value
        return self._sql % tuple(pieces), filled


def _compiled(
    rows: QuerySet[Any, Any],
) -> tuple[str, tuple[Any, ...], Callable[[list[Any]], Iterable[Any]]]:
    """Return the statement of a queryset, with ``%`` doubled once more; its parameters; and a
    function that converts rows of the database to what the queryset yields.

    This is the only code here that depends on undocumented parts of Django: `ModelIterable` and
    `SQLCompiler.results_iter` of Django 5.2 do the same.
    """
    compiler: Any = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    sql, places = compiler.as_sql()
    sql = sql.replace("%%", "%%%%")
    select = compiler.select
    converters = compiler.get_converters([column[0] for column in select])

    def converted(rows_of_database: list[Any]) -> Iterable[Any]:
        return (
            map(tuple, compiler.apply_converters(rows_of_database, converters))
            if converters
            else rows_of_database
        )

    if not issubclass(rows._iterable_class, ModelIterable):
        return sql, places, converted
    klass = compiler.klass_info
    model, fields = klass["model"], klass["select_fields"]
    own_columns = slice(fields[0], fields[-1] + 1)
    names = [column[0].target.attname for column in select[own_columns]]
    # The stubs are for a later Django, whose function has one more parameter.
    related = get_related_populators(klass, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def made(rows_of_database: list[Any]) -> Iterator[Any]:
        for row in converted(rows_of_database):
            instance = model.from_db(DEFAULT_DB_ALIAS, names, row[own_columns])
            for populator in related:
                populator.populate(row, instance)
            yield instance

    return sql, places, made
