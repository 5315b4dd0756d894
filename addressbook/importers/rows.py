"""Delimited text -> rows, also where quotes were not escaped."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from addressbook.importers.reading import MOST_RECORDS, Refused

DELIMITERS = ",;\t|"
LONGEST_HEADER = 200_000
MOST_COLUMNS = 1_000
# How far may be searched in vain for closing quotes, over the whole file.
_PATIENCE = 100_000_000
_LONGEST_CELL = 1_000_000


@dataclass(frozen=True, slots=True)
class SourceRow:
    """``line`` is where it begins, from 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows, the header first; ``quote_escape`` is how quotes inside a cell are written:
    ``doubled backslash none``, "" where it cannot be seen; ``ended``: the last line has its end."""

    delimiter: str
    rows: Sequence[SourceRow]
    quote_escape: str = ""
    ended: bool = True


_SEP = re.compile(r"\s*\"?sep=([,;\t|])\"?[ \t]*\n", re.IGNORECASE)


def read(text: str, *, raw_tabs: Callable[[Sequence[str]], bool]) -> Rows:
    """The rows of a text. ``raw_tabs`` says of a header whether its program writes tabs without
    any quoting. Raises Refused for what is too wide or too long."""
    skipped = 0
    separator_line = _SEP.match(text)
    if separator_line:
        skipped, text = separator_line[0].count("\n"), text[separator_line.end() :]
    stripped = text.lstrip("\n")
    skipped += len(text) - len(stripped)
    text = stripped
    header = text.partition("\n")[0]
    if len(header) > LONGEST_HEADER:
        raise Refused("unknown_format")
    delimiter = separator_line[1] if separator_line else delimiter_of(header)
    if delimiter == "\t" and raw_tabs([cell.strip() for cell in header.split("\t")]):
        rows, escape = list(_tab_rows(text)), ""
    else:
        rows, escape = _best(text, delimiter)
    if '="' in text:
        rows = [SourceRow(row.line, tuple(map(_without_formula, row.cells))) for row in rows]
    if rows and len(rows[0].cells) > MOST_COLUMNS:
        raise Refused("too_many_columns")
    if skipped:
        rows = [SourceRow(row.line + skipped, row.cells) for row in rows]
    return Rows(delimiter, rows, escape, ended=text.endswith("\n"))


def _without_formula(cell: str) -> str:
    """``="0612"`` -> ``0612``: programs write so what a workbook must not take for a number."""
    inner = cell[2:-1]
    is_text = len(cell) > 3 and cell.startswith('="') and cell.endswith('"') and '"' not in inner
    return inner if is_text else cell


def delimiter_of(header: str) -> str:
    """The delimiter that gives the header most columns, quotes honoured."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=bare.count)


def _tab_rows(text: str) -> Iterator[SourceRow]:
    """Horde's TSV: a line feed in a cell cuts the record over several lines."""
    width = text.partition("\n")[0].count("\t")
    held: list[str] = []
    begins, seen = 1, 0
    for number, line in enumerate(text.rstrip("\n").split("\n"), start=1):
        tabs = line.count("\t")
        if held and seen + tabs > width:
            yield SourceRow(begins, _cells_of(held))
            held, seen = [], 0
        # A line without a tab goes on in the last cell, also where the record is complete.
        if not held:
            begins = number
        held.append(line)
        seen += tabs
    if held:
        yield SourceRow(begins, _cells_of(held))


def _cells_of(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple("\n".join(lines).split("\t"))


# Quoting: what fits the header best


def _best(text: str, delimiter: str) -> tuple[list[SourceRow], str]:
    """RFC 4180, then backslashes, then quotes that nothing escapes: the reading with the
    fewest rows that differ from the header's width, the stricter one on a tie."""
    tried: list[tuple[int, int, list[SourceRow], str]] = []
    for rank, (attempt, escape) in enumerate(_attempts(text, delimiter)):
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


def _attempts(text: str, delimiter: str) -> Iterator[tuple[Callable[[], list[SourceRow]], str]]:
    doubled = "doubled" if '""' in text else ""
    yield lambda: _csv_rows(text, delimiter, strict=True), doubled
    has_backslash = '\\"' in text
    if has_backslash:
        yield lambda: _csv_rows(text.replace('\\"', '""'), delimiter, strict=True), "backslash"
    if '"' not in text:
        return
    yield (
        lambda: _bare_rows(text, delimiter, has_backslash=has_backslash),
        "backslash" if has_backslash else "none",
    )
    yield lambda: _csv_rows(text, delimiter, strict=False), doubled


def _misfits(rows: Sequence[SourceRow]) -> int:
    width = len(rows[0].cells) if rows else 0
    return sum(len(row.cells) != width for row in rows if any(row.cells))


def _check(number: int) -> None:
    if number > MOST_RECORDS + 1_000:
        raise Refused("too_many_records")


_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def _csv_rows(text: str, delimiter: str, *, strict: bool) -> list[SourceRow]:
    """Raises csv.Error for a cell beyond the limit, and for what is no RFC 4180 if ``strict``."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(
        (line[0] for line in _LINE.finditer(text)),
        delimiter=delimiter,
        strict=strict,
        skipinitialspace=not strict,
    )
    rows: list[SourceRow] = []
    begins = 1
    for cells in reader:
        if cells:
            rows.append(SourceRow(begins, tuple(cells)))
            _check(len(rows))
        begins = reader.line_num + 1
    return rows


def _bare_rows(text: str, delimiter: str, *, has_backslash: bool) -> list[SourceRow]:
    """Quotes that nothing escapes: one closes a cell only before a delimiter that a quote, a
    delimiter or a line end follows, or before the end of the line once the row is complete."""
    mark = re.escape(delimiter)
    header = _csv_rows(text.partition("\n")[0], delimiter, strict=False)
    scanner = _Scanner(
        text=text,
        delimiter=delimiter,
        closing=re.compile(rf'"[ ]*(?={mark}(?:"|{mark}|\n|\Z)|\n|\Z)'),
        plain=re.compile(rf"[^{mark}\n]*"),
        last=len(header[0].cells) - 1 if header else 0,
    )
    escape = '\\"' if has_backslash else '""'
    rows: list[SourceRow] = []
    line = 1
    for cells, feeds in scanner.rows():
        if any(cells):
            rows.append(SourceRow(line, tuple(cell.replace(escape, '"') for cell in cells)))
            _check(len(rows))
        line += feeds
    return rows


@dataclass(slots=True)
class _Scanner:
    text: str
    delimiter: str
    closing: re.Pattern[str]
    plain: re.Pattern[str]
    last: int
    patience: int = _PATIENCE

    def rows(self) -> Iterator[tuple[list[str], int]]:
        """Cells, and the line feeds that the row took."""
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
        # What a cut-off file leaves open was a quote; elsewhere it may be part of the text.
        return (cell[1:] if after == len(self.text) and cell[:1] == '"' else cell), after

    def _close(self, position: int, column: int) -> tuple[int, int]:
        """(where the cell ends, where to go on), or (-1, -1)."""
        start = position
        limit = min(len(self.text), start + min(_LONGEST_CELL, self.patience))
        while match := self.closing.search(self.text, position, limit + 2):
            sign = self.text[match.end() : match.end() + 1]
            ends = self.text[match.end() + 1 : match.end() + 2] in ("\n", "")
            # Before a delimiter at the end of a line there must be room for one empty cell alone.
            if sign == self.delimiter and (
                column == self.last - 1 or (not ends and column < self.last)
            ):
                return match.start(), match.end()
            if sign != self.delimiter and (column >= self.last or not sign):
                return match.start(), match.end()
            position = match.end()
        self.patience -= limit - start
        return -1, -1
