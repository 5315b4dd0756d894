"""A workbook of Excel or LibreOffice, read into contacts: each sheet is a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from addressbook.importers import archives, families, table
from addressbook.importers.reading import FileRejected, Reading, refused
from addressbook.importers.rows import Rows, SourceRow
from mail import zips
from mail.previews import converters
from mail.previews.converters.parts import MOST_COLUMNS

MOST_ROWS = 20_000
"""The largest number of rows in one sheet."""
_MOST_COLUMNS = MOST_COLUMNS - 1
_MOST_LISTED = 10_000


def kind_of(content: bytes) -> str:
    """Return ``xlsx`` or ``ods``, or "" for another or damaged zip."""
    try:
        names = {member.name for member in zips.members(content, most=_MOST_LISTED)}
    except zips.BadZip:
        return ""
    if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
        return "xlsx"
    return "ods" if {"mimetype", "content.xml"} <= names and "word/" not in names else ""


def read_workbook(
    content: bytes, kind: str, *, source: str, columns: Mapping[int, str] | None
) -> Reading:
    """Read the visible sheets that have contacts, with the values that were last calculated. The
    file is refused if a sheet is longer than the limit, since the user would not notice the missing
    rows. ``columns`` applies to the first sheet, and to those with the same headers."""
    begun = Reading(format=kind, charset="utf-8")
    try:
        book = _book(content, kind)
    except FileRejected as error:
        return refused(str(error.args[0]), begun)
    sheets = [sheet for sheet in book["sheets"] if any(any(row) for row in sheet["rows"])]
    if book["is_truncated"] or any(_is_cut(sheet) for sheet in sheets):
        return refused("workbook_too_large", begun)
    readings = list(_readings(sheets, source, columns, begun))
    if not readings:
        return refused("empty", begun)
    good = [reading for _name, reading in readings if not reading.reject_code]
    if len(good) < 2:
        return good[0] if good else readings[0][1]
    whole = archives.joined(iter(readings))
    return replace(whole, format=kind, columns=good[0].columns)


def _book(content: bytes, kind: str) -> dict[str, Any]:
    try:
        return converters.convert(content, kind, most_rows=MOST_ROWS)
    except MemoryError:
        raise
    except Exception as error:  # any error of a library means that the file is not a valid workbook
        raise FileRejected("bad_workbook") from error


def _is_cut(sheet: Mapping[str, Any]) -> bool:
    rows: Sequence[Sequence[str]] = sheet["rows"]
    return bool(sheet["is_truncated"]) or any(
        any(row[_MOST_COLUMNS:]) for row in rows if len(row) > _MOST_COLUMNS
    )


def _readings(
    sheets: Sequence[Mapping[str, Any]],
    source: str,
    columns: Mapping[int, str] | None,
    known: Reading,
) -> Iterator[tuple[str, Reading]]:
    first: tuple[str, ...] | None = None
    for sheet in sheets:
        cells: Sequence[Sequence[str]] = sheet["rows"]
        rows = [SourceRow(line, tuple(row)) for line, row in enumerate(cells, start=1) if any(row)]
        mark = families.ONE_OF_SEVERAL if len(sheets) > 1 else ""
        name = f"{mark}{sheet['name']}"
        plain = table.read_rows(
            Rows("", rows), source=source, columns=None, known=known, sheet=name
        )
        headers = tuple(column.header for column in plain.columns)
        if plain.columns and first is None:
            first = headers
        if columns and headers == first:
            plain = table.read_rows(
                Rows("", rows), source=source, columns=columns, known=known, sheet=name
            )
        yield str(sheet["name"]), plain
