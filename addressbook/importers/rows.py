"""Rows of delimited text, even if its quotes are not escaped."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from addressbook.importers.reading import MOST_RECORDS, FileRejected

DELIMITERS = ",;\t|"
LONGEST_HEADER = 200_000
MOST_COLUMNS = 1_000
MOST_ROWS = MOST_RECORDS + 1_000
# The number of characters, over the whole file, that may be searched for closing quotes in vain:
# so many, and so many times the file's own, but no more than `_PATIENCE`.
_LEAST_PATIENCE, _TIMES, _PATIENCE = 5_000_000, 20, 100_000_000
_LONGEST_CELL = 1_000_000


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row. ``line`` is its first line, from 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows, the header first. ``quote_escape`` is how quotes inside a cell are written:
    ``doubled backslash none``, "" if unknown. ``ended`` says that the last line has a line end."""

    delimiter: str
    rows: Sequence[SourceRow]
    quote_escape: str = ""
    ended: bool = True


_SEP = re.compile(r"\s*\"?sep=([,;\t|])\"?[ \t]*\n", re.IGNORECASE)


def split_rows(
    text: str, *, raw_tabs: Callable[[Sequence[str]], bool], most_rows: int = MOST_ROWS
) -> Rows:
    """Return the rows of a text. ``raw_tabs`` tells by the header whether its program writes tabs
    without quoting. Raises FileRejected for a text that is too wide, or that has more than
    ``most_rows`` with any text; no more are read then."""
    skipped = 0
    separator_line = _SEP.match(text)
    if separator_line:
        skipped, text = separator_line[0].count("\n"), text[separator_line.end() :]
    stripped = text.lstrip("\n")
    skipped += len(text) - len(stripped)
    text = stripped
    header = text.partition("\n")[0]
    if len(header) > LONGEST_HEADER:
        raise FileRejected("unknown_format")
    delimiter = separator_line[1] if separator_line else delimiter_of(header)
    if delimiter == "\t" and raw_tabs([cell.strip() for cell in header.split("\t")]):
        rows, escape = list(_tab_rows(text)), ""
    else:
        rows, escape = _best(text, delimiter, most_rows)
    if '="' in text:
        rows = [SourceRow(row.line, tuple(map(_without_formula, row.cells))) for row in rows]
    if rows and len(rows[0].cells) > MOST_COLUMNS:
        raise FileRejected("too_many_columns")
    if skipped:
        rows = [SourceRow(row.line + skipped, row.cells) for row in rows]
    return Rows(delimiter, rows, escape, ended=text.endswith("\n"))


def _without_formula(cell: str) -> str:
    """Return ``0612`` for ``="0612"``, the form in which programs protect text from workbooks that
    would take it for a number."""
    inner = cell[2:-1]
    is_text = len(cell) > 3 and cell.startswith('="') and cell.endswith('"') and '"' not in inner
    return inner if is_text else cell


def delimiter_of(header: str) -> str:
    """Return the delimiter that gives the header most columns, outside of quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=bare.count)


def _tab_rows(text: str) -> Iterator[SourceRow]:
    """Yield the rows of Horde's TSV, where a line feed in a cell spreads the record over several
    lines."""
    width = text.partition("\n")[0].count("\t")
    held: list[str] = []
    begins, seen = 1, 0
    for number, line in enumerate(text.rstrip("\n").split("\n"), start=1):
        tabs = line.count("\t")
        if held and seen + tabs > width:
            yield SourceRow(begins, _cells_of(held))
            held, seen = [], 0
        # A line without a tab continues the last cell, even if the record is complete.
        if not held:
            begins = number
        held.append(line)
        seen += tabs
    if held:
        yield SourceRow(begins, _cells_of(held))


def _cells_of(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple("\n".join(lines).split("\t"))


# Quoting: the way that fits the header best


def _best(text: str, delimiter: str, most: int) -> tuple[list[SourceRow], str]:
    """Return the rows and the escape of the best reading: RFC 4180, then backslashes, then
    unescaped quotes. The best one has the fewest rows whose width differs from the header's; on a
    tie, the strictest."""
    tried: list[tuple[int, int, list[SourceRow], str]] = []
    for rank, (attempt, escape) in enumerate(_attempts(text, delimiter, most)):
        try:
            rows = attempt()
        except csv.Error:
            continue
        bad = _misfits(rows)
        if not bad:
            return rows, escape
        tried.append((bad, rank, rows, escape))
    if not tried:
        return [], ""
    _bad, _rank, rows, escape = min(tried, key=lambda item: item[:2])
    return rows, escape


def _attempts(
    text: str, delimiter: str, most: int
) -> Iterator[tuple[Callable[[], list[SourceRow]], str]]:
    doubled = "doubled" if '""' in text else ""
    yield lambda: _csv_rows(text, delimiter, most, strict=True), doubled
    has_backslash = '\\"' in text
    if has_backslash:
        unescaped = text.replace('\\"', '""')
        yield lambda: _csv_rows(unescaped, delimiter, most, strict=True), "backslash"
    if '"' not in text:
        return
    yield (
        lambda: _bare_rows(text, delimiter, most, has_backslash=has_backslash),
        "backslash" if has_backslash else "none",
    )
    yield lambda: _csv_rows(text, delimiter, most, strict=False), doubled


def _misfits(rows: Sequence[SourceRow]) -> int:
    width = len(rows[0].cells) if rows else 0
    return sum(len(row.cells) != width for row in rows if any(row.cells))


_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class _Kept:
    """The rows kept so far, and how many of them have any text."""

    def __init__(self, most: int) -> None:
        self.rows: list[SourceRow] = []
        self._most = most

    def add(self, line: int, cells: Sequence[str]) -> None:
        """Keep a row. Raises FileRejected beyond the limit."""
        self.rows.append(SourceRow(line, tuple(cells)))
        self._most -= any(cells)
        if self._most < 0 or len(self.rows) > MOST_ROWS:
            raise FileRejected("too_many_records")


def _csv_rows(text: str, delimiter: str, most: int, *, strict: bool) -> list[SourceRow]:
    """Return the rows. Raises csv.Error for a cell beyond the limit and, if ``strict``, for text
    that breaks RFC 4180; FileRejected for too many rows."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(
        (line[0] for line in _LINE.finditer(text)),
        delimiter=delimiter,
        strict=strict,
        skipinitialspace=not strict,
    )
    kept = _Kept(most)
    begins = 1
    for cells in reader:
        if cells:
            kept.add(begins, cells)
        begins = reader.line_num + 1
    return kept.rows


def _bare_rows(text: str, delimiter: str, most: int, *, has_backslash: bool) -> list[SourceRow]:
    """Return the rows of a text with unescaped quotes. A quote closes a cell only before a
    delimiter that is followed by a quote, a delimiter or a line end, or before the line end of a
    complete row."""
    mark = re.escape(delimiter)
    header = _csv_rows(text.partition("\n")[0], delimiter, most, strict=False)
    scanner = _Scanner(
        text=text,
        delimiter=delimiter,
        closing=re.compile(rf'"[ ]*(?={mark}(?:"|{mark}|\n|\Z)|\n|\Z)'),
        plain=re.compile(rf"[^{mark}\n]*"),
        last=len(header[0].cells) - 1 if header else 0,
    )
    escape = '\\"' if has_backslash else '""'
    kept = _Kept(most)
    line = 1
    for cells, feeds in scanner.rows():
        if any(cells):
            kept.add(line, [cell.replace(escape, '"') for cell in cells])
        line += feeds
    return kept.rows


@dataclass(slots=True)
class _Scanner:
    text: str
    delimiter: str
    closing: re.Pattern[str]
    plain: re.Pattern[str]
    last: int
    patience: int = 0

    def __post_init__(self) -> None:
        self.patience = min(_PATIENCE, _LEAST_PATIENCE + _TIMES * len(self.text))

    def rows(self) -> Iterator[tuple[list[str], int]]:
        """Yield the cells of each row, and the number of its line feeds."""
        position, cells, begins = 0, list[str](), 0
        while position < len(self.text):
            cell, position = self._cell(position, len(cells))
            cells.append(cell)
            if self.text[position : position + 1] == self.delimiter:
                position += 1
                if position == len(self.text):
                    cells.append("")
                else:
                    continue
            elif self.text[position : position + 1] == "\n":
                position += 1
            yield cells, self.text.count("\n", begins, position)
            cells, begins = [], position

    def _cell(self, position: int, column: int) -> tuple[str, int]:
        if self.text[position] == '"':
            end, after = self._close(position + 1, column)
            if end >= 0:
                return self.text[position + 1 : end], after
        match = self.plain.match(self.text, position)
        after = match.end() if match else position
        cell = self.text[position:after]
        # A cell that a cut-off file leaves open began with a quote; elsewhere the quote may be
        # text.
        return (cell[1:] if after == len(self.text) and cell[:1] == '"' else cell), after

    def _close(self, position: int, column: int) -> tuple[int, int]:
        """Return where the cell ends and where to go on, or (-1, -1)."""
        start = position
        limit = min(len(self.text), start + min(_LONGEST_CELL, self.patience))
        while match := self.closing.search(self.text, position, limit + 2):
            sign = self.text[match.end() : match.end() + 1]
            ends = self.text[match.end() + 1 : match.end() + 2] in ("\n", "")
            # A delimiter at the end of a line must leave room for exactly one empty cell.
            if sign == self.delimiter and (
                column == self.last - 1 or (not ends and column < self.last)
            ):
                return match.start(), match.end()
            if sign != self.delimiter and (column >= self.last or not sign):
                return match.start(), match.end()
            position = match.end()
        self.patience -= limit - start
        return -1, -1
