"""A CSV file or a workbook -> a roster: a row for each recipient of a message to each.

Pure functions, for a helper process: no Django, no files. Nothing in the file is trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from addressbook import charsets
from addressbook.importers import detect as texts
from addressbook.importers import rows as text_rows
from addressbook.importers.reading import Refused
from webmail.mime import addresses
from webmail.previews import detect, office
from webmail.previews.failures import NoPreview
from webmail.writing import fields

LARGEST = 2_000_000
"""Bytes of a file."""
MOST_ROWS = 1_900  # of a workbook's 2,000 that are read, titles above them among them
MOST_COLUMNS = 50
LONGEST_CELL = 1_000
MOST_FAULTS = 200
_MOST_IN_CELL = 5
_LONGEST_NAME = 60
_LOOKED_AT = 200
_MOST_TITLES = 5
_DELIMITERS = text_rows.DELIMITERS

TOO_LARGE, NO_TABLE, NO_ADDRESSES = "too_large", "no_table", "no_addresses"
TOO_MANY_ROWS, TOO_MANY_COLUMNS = "too_many_rows", "too_many_columns"
NO_ADDRESS, BAD_ADDRESS, TWICE, FORMULA = "no_address", "bad_address", "twice", "formula"

_WORKBOOKS = frozenset({"xlsx", "ods"})
_REFUSALS = {"too_many_columns": TOO_MANY_COLUMNS, "too_many_records": TOO_MANY_ROWS}
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]+")
_BRACES = re.compile(r"[{}<>]+")
# What a spreadsheet writes in place of a value that it cannot calculate, in English and French.
_ERRORS = frozenset(
    "#DIV/0! #N/A #NAME? #NULL! #NUM! #REF! #VALUE! #SPILL! #CALC!"
    " #N/D #NOM? #NUL! #NOMBRE! #VALEUR! #EPARS! Err:502 Err:504 Err:508 Err:522".split()
)
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d:\d\d))?")


@dataclass(frozen=True, slots=True)
class Row:
    """One recipient: the line of the file, from 1, and a cell for each column."""

    line: int
    address: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that names nobody whom a message can go to, or a cell that counts as empty. ``kind``
    is one of `NO_ADDRESS`, `BAD_ADDRESS`, `TWICE` and `FORMULA`; ``words`` are of the cell, or the
    name of its column."""

    line: int
    kind: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """``columns`` are the names of fields, as the file's first row has them, ``address_column`` the
    one that the recipients' addresses stand in. ``refusal``: why the file as a whole is of no use,
    "" where it is."""

    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    faults: tuple[Fault, ...] = ()
    address_column: str = ""
    refusal: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The key of each column's field (`webmail.writing.fields`)."""
        return tuple(fields.key_of(name) for name in self.columns)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cells: tuple[str, ...]


def read(content: bytes) -> Roster:
    """Read the rows of a CSV, XLSX or ODS file. Never raises for what it holds."""
    if len(content) > LARGEST:
        return Roster(refusal=TOO_LARGE)
    try:
        lines = [line for line in _lines(content) if any(line.cells)]
    except (Refused, NoPreview) as error:
        return Roster(refusal=_REFUSALS.get(str(error.args[0]), NO_TABLE))
    width = max((len(line.cells) for line in lines), default=0)
    if width > MOST_COLUMNS:
        return Roster(refusal=TOO_MANY_COLUMNS)
    lines = [_Line(line.number, line.cells + ("",) * (width - len(line.cells))) for line in lines]
    return _of_lines(lines, width)


def _lines(content: bytes) -> Iterator[_Line]:
    """The rows, with what spreadsheets put around values taken off. Raises Refused, NoPreview."""
    if texts.is_zip(content):
        yield from _of_workbook(content)
        return
    if code := texts.reject_code(content):
        raise Refused(code)
    text = _without_title(charsets.decode(content).text)
    table = text_rows.read(text, raw_tabs=lambda _header: False)
    for row in table.rows:
        yield _Line(row.line, _trimmed(row.cells))


def _without_title(text: str) -> str:
    """Blank lines in place of those of one cell above the names: what separates cells is told by
    the first line."""
    lines = text.split("\n", _MOST_TITLES + 1)
    wide = (n for n, line in enumerate(lines[:-1]) if any(c in line for c in _DELIMITERS))
    first = next(wide, 0)
    if "@" in "".join(lines[: first + 1]):
        return text
    return "\n".join(["" for _title in lines[:first]] + lines[first:])


def _of_workbook(content: bytes) -> Iterator[_Line]:
    """The first sheet that has an address."""
    extension = detect.detect(content).extension
    if extension not in _WORKBOOKS:
        raise Refused("document")
    for table in office.light_sheets(content, extension).tables:
        lines = [_Line(n, _trimmed(row)) for n, row in enumerate(table.rows, start=1)]
        if any(_addresses(cell) for line in lines for cell in line.cells):
            if table.is_truncated and table.columns > MOST_COLUMNS:
                raise Refused("too_many_columns")
            for line in lines:
                yield _Line(line.number, tuple(_DAY.sub(_in_french, cell) for cell in line.cells))
            return


def _in_french(day: re.Match[str]) -> str:
    return f"{day[3]}/{day[2]}/{day[1]}" + (f" {day[4]}" if day[4] else "")


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """Each cell on one line, those that are empty at the end left out."""
    clean = [" ".join(_CONTROLS.sub(" ", cell[:LONGEST_CELL]).split()) for cell in cells]
    while clean and not clean[-1]:
        clean.pop()
    return tuple(clean)


def _of_lines(lines: Sequence[_Line], width: int) -> Roster:
    first = next((n for n, line in enumerate(lines) if any(map(_addresses, line.cells))), None)
    if first is None:
        return Roster(refusal=NO_ADDRESSES if lines else NO_TABLE)
    header = _header_at(lines[:first])
    data = lines[header + 1 :]
    if len(data) > MOST_ROWS:
        return Roster(refusal=TOO_MANY_ROWS)
    names = _names(lines[header].cells if header >= 0 else ("",) * width)
    at = _address_column(data, width)
    faults: list[Fault] = []
    rows = tuple(_rows(data, at, names, faults))
    if not rows:
        return Roster(refusal=NO_ADDRESSES)
    return Roster(names, rows, tuple(faults[:MOST_FAULTS]), names[at])


def _header_at(above: Sequence[_Line]) -> int:
    """The row of the names, among those above the first address: the first of the widest, since a
    title has fewer cells, and so has a person without an address. -1 where there is none."""
    counts = [sum(map(bool, line.cells)) for line in above]
    return counts.index(max(counts)) if counts else -1


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns, each once; one without a name has its letter, as spreadsheets
    show it."""
    names: list[str] = []
    keys: set[str] = set()
    for index, cell in enumerate(cells):
        name = _BRACES.sub("", cell)[:_LONGEST_NAME].strip()
        name = name if fields.key_of(name) else _letter(index)
        number, wanted = 2, name
        while fields.key_of(name) in keys:
            name, number = f"{wanted} {number}", number + 1
        keys.add(fields.key_of(name))
        names.append(name)
    return tuple(names)


def _letter(index: int) -> str:
    return (chr(64 + index // 26) if index >= 26 else "") + chr(65 + index % 26)


def _address_column(data: Sequence[_Line], width: int) -> int:
    """The column with the most addresses, the first of several."""
    looked_at = data[:_LOOKED_AT]
    counts = [sum(bool(_addresses(line.cells[n])) for line in looked_at) for n in range(width)]
    return counts.index(max(counts))


def _rows(
    data: Sequence[_Line], at: int, names: Sequence[str], faults: list[Fault]
) -> Iterator[Row]:
    seen: set[str] = set()
    for line in data:
        recipients = _addresses(line.cells[at])
        if not recipients:
            written = line.cells[at]
            faults.append(Fault(line.number, BAD_ADDRESS if written else NO_ADDRESS, written[:80]))
            continue
        cells = tuple(_value(line, n, names, faults) for n in range(len(names)))
        for address in recipients:
            if address.casefold() in seen:
                faults.append(Fault(line.number, TWICE, address))
                continue
            seen.add(address.casefold())
            yield Row(line.number, address, cells)


def _value(line: _Line, column: int, names: Sequence[str], faults: list[Fault]) -> str:
    """A cell; what is a formula, or its error, is no value."""
    cell = line.cells[column]
    if cell in _ERRORS or re.match(r"=[^=\s]", cell):
        faults.append(Fault(line.number, FORMULA, names[column]))
        return ""
    return cell


def _addresses(cell: str) -> tuple[str, ...]:
    """The addresses of a cell: a few, where both parents stand in one; none where anything else
    stands beside them."""
    if "@" not in cell:
        return ()
    line = addresses.read_recipients(cell)
    if line.invalid or len(line.valid) > _MOST_IN_CELL:
        return ()
    return tuple(person.address for person in line.valid)
