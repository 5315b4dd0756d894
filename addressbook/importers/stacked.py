"""Several tables in one sheet of a list of pupils: below each other, side by side, or parted by a
line with a class. A header may have two lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from addressbook.folding import fold
from addressbook.importers import families, judging
from addressbook.importers.rows import SourceRow

_MOST_ROWS = 20_000
_MOST_COLUMNS = 100
_MOST_TABLES = 60
_FEWEST_COLUMNS = 3
_NAMES = frozenset("nom prenom prenoms eleve".split())


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a sheet: its rows, the header first, and the words above it."""

    titles: str
    rows: Sequence[SourceRow]


def sections(rows: Sequence[SourceRow]) -> list[Section]:
    """Return the tables of a sheet; nothing if it has a single one with a header of one line."""
    if not 2 < len(rows) <= _MOST_ROWS or max(len(row.cells) for row in rows) > _MOST_COLUMNS:
        return []
    blocks = _side_by_side(rows)
    tables = [part for block in blocks for part in _below_each_other(_with_one_header(block))]
    if len(tables) > _MOST_TABLES:
        return []
    is_plain = len(tables) == 1 and tables[0].rows[-1:] == rows[-1:] and _is_same(tables[0], rows)
    return [] if is_plain else tables


def _is_same(section: Section, rows: Sequence[SourceRow]) -> bool:
    return section.rows[0] in rows


def _filled(row: SourceRow) -> list[str]:
    return [cell for cell in row.cells if cell.strip()]


def _is_header(row: SourceRow) -> bool:
    """Return whether a row names the columns of pupils: two cells or more, most of them known."""
    cells = _filled(row)
    if len(cells) < 2 or any("@" in cell for cell in cells):
        return False
    headings = [families.tokens(cell) for cell in cells]
    known = sum(
        bool(heading) and len(heading) < 7 and bool(families.attribute(heading))
        for heading in headings
    )
    has_name = any(set(heading) & _NAMES for heading in headings)
    return has_name and known >= max(2, len(cells) * 0.6)


# --- a header of two lines ---


def _with_one_header(rows: Sequence[SourceRow]) -> list[SourceRow]:
    """Return the rows with a header of two lines as one: ``Responsable 1`` over ``Nom``."""
    result: list[SourceRow] = []
    position = 0
    while position < len(rows):
        above, row = rows[position], rows[position + 1 : position + 2]
        if row and _is_over(above, row[0]):
            result.append(_joined_header(above, row[0]))
            position += 2
        else:
            result.append(above)
            position += 1
    return result


def _is_over(above: SourceRow, row: SourceRow) -> bool:
    labels = _filled(above)
    is_about_people = any(families.names_people(cell) for cell in labels)
    parts = [families.tokens(cell) for cell in _filled(row)]
    names = sum(bool(set(heading) & _NAMES) for heading in parts)
    return (
        1 < len(labels) < len(parts)
        and is_about_people
        and names > 1
        and _is_header(row)
        and not any("@" in cell for cell in labels)
        and not any(set(families.tokens(cell)) & {"nom", "prenom"} for cell in labels)
    )


def _joined_header(above: SourceRow, row: SourceRow) -> SourceRow:
    cells = []
    label = ""
    for index, cell in enumerate(row.cells):
        own = above.cells[index].strip() if index < len(above.cells) else ""
        label = own or label
        cells.append(f"{cell.strip()} {label}".strip() if cell.strip() else own)
    return SourceRow(row.line, tuple(cells))


# --- side by side ---


def _side_by_side(rows: Sequence[SourceRow]) -> list[list[SourceRow]]:
    """Return the tables that stand beside each other: their headers are the same, with an empty
    column between, or with three columns or more."""
    header = next((row for row in rows[:10] if _is_header(row)), None)
    if header is None:
        return [list(rows)]
    headings = [fold(cell).strip() for cell in header.cells]
    while headings and not headings[-1]:
        headings.pop()
    for width in range(2, len(headings) // 2 + 1):
        starts = _starts(headings, width)
        if starts and (starts[1] > width or width >= _FEWEST_COLUMNS):
            return [_columns(rows, start, width) for start in starts]
    return [list(rows)]


def _starts(headings: Sequence[str], width: int) -> list[int]:
    """Return where the same headings begin again, if all of the header is such a block."""
    first = list(headings[:width])
    if not all(first) or not any(set(families.tokens(cell)) & _NAMES for cell in first):
        return []
    starts = [0]
    position = width
    while position < len(headings):
        if not headings[position]:
            position += 1
        elif list(headings[position : position + width]) == first:
            starts.append(position)
            position += width
        else:
            return []
    return starts if len(starts) > 1 else []


def _columns(rows: Sequence[SourceRow], start: int, width: int) -> list[SourceRow]:
    parts = (SourceRow(row.line, tuple(row.cells[start : start + width])) for row in rows)
    return [part for part in parts if any(cell.strip() for cell in part.cells)]


# --- below each other ---


def _below_each_other(rows: Sequence[SourceRow]) -> Iterator[Section]:
    """Yield each table with the titles above it. A line that is nothing but a class begins a table
    with the same header."""
    header: SourceRow | None = None
    titles: list[str] = []
    data: list[SourceRow] = []
    for row in rows:
        is_header = _is_header(row)
        if header and not is_header and not _is_title(row):
            data.append(row)
            continue
        if header and data:
            yield Section("\n".join(titles), [header, *data])
            titles, data = [], []
        if is_header:
            header = row
        else:
            titles.append(" ".join(_filled(row)))
    if header is None:
        yield Section("", list(rows))
    elif data:
        yield Section("\n".join(titles), [header, *data])


def _is_title(row: SourceRow) -> bool:
    """Return whether a row among pupils is the title of a table: one cell, with a class."""
    cells = _filled(row)
    text = cells[0].strip() if len(cells) == 1 else ""
    return judging.is_class(text) or (":" in text and bool(judging.class_said(text)))
