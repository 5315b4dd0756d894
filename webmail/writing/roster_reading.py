"""Read a roster from a CSV file or a workbook: a row for each recipient of a message to each.

Pure functions, for a helper process: no Django, no files. Nothing in the file is trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from addressbook import charsets
from addressbook.importers import detect as texts
from addressbook.importers import rows as text_rows
from addressbook.importers.reading import FileRejected
from mail.mime import addresses
from mail.previews import detect, office
from mail.previews.failures import NoPreview
from webmail.writing import fields

LARGEST = 2_000_000
"""The largest size of a file in bytes."""
MOST_ROWS = 1_900  # of the 2,000 that are read of a workbook, with titles above them
MOST_ABOVE = 200  # rows above them, such as titles and people without an address
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
# The texts that a spreadsheet writes for a value that it cannot calculate, in English and French.
_ERRORS = frozenset(
    "#DIV/0! #N/A #NAME? #NULL! #NUM! #REF! #VALUE! #SPILL! #CALC!"
    " #N/D #NOM? #NUL! #NOMBRE! #VALEUR! #EPARS! Err:502 Err:504 Err:508 Err:522".split()
)
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d:\d\d))?")


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One recipient: the line of the file, from 1, the address, and a cell for each column."""

    line: int
    address: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RosterFault:
    """A line without a usable address, or a cell that counts as empty. ``kind`` is one of
    `NO_ADDRESS`, `BAD_ADDRESS`, `TWICE` and `FORMULA`. ``words`` is the text of the cell, or the
    name of its column."""

    line: int
    kind: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """The rows of a file. ``columns`` are the names of fields from the file's header, and
    ``address_column`` is the one with the recipients' addresses. ``refusal`` is the reason why the
    file is unusable, or ""."""

    columns: tuple[str, ...] = ()
    rows: tuple[RosterRow, ...] = ()
    faults: tuple[RosterFault, ...] = ()
    address_column: str = ""
    refusal: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The key of each column's field (`webmail.writing.fields`)."""
        return tuple(fields.key_of(name) for name in self.columns)


@dataclass(frozen=True, slots=True)
class _TableLine:
    number: int
    cells: tuple[str, ...]


def read(content: bytes) -> Roster:
    """Read the rows of a CSV, XLSX or ODS file. No content makes it raise."""
    if len(content) > LARGEST:
        return Roster(refusal=TOO_LARGE)
    try:
        lines = [line for line in _lines(content) if any(line.cells)]
    except (FileRejected, NoPreview) as error:
        return Roster(refusal=_REFUSALS.get(str(error.args[0]), NO_TABLE))
    width = max((len(line.cells) for line in lines), default=0)
    if width > MOST_COLUMNS:
        return Roster(refusal=TOO_MANY_COLUMNS)
    lines = [
        _TableLine(line.number, line.cells + ("",) * (width - len(line.cells))) for line in lines
    ]
    return _of_lines(lines, width)


def _lines(content: bytes) -> Iterator[_TableLine]:
    """Yield the rows without the marks that spreadsheets put around values. Raises Refused,
    NoPreview."""
    if texts.is_zip(content):
        yield from _of_workbook(content)
        return
    if code := texts.reject_code(content):
        raise FileRejected(code)
    text = _without_title(charsets.decode(content).text)
    most = MOST_ROWS + MOST_ABOVE
    table = text_rows.split_rows(text, raw_tabs=lambda _header: False, most_rows=most)
    for row in table.rows:
        yield _TableLine(row.line, _trimmed(row.cells))


def _without_title(text: str) -> str:
    """Replace lines of one cell above the header by blank lines, since the first line decides the
    delimiter."""
    lines = text.split("\n", _MOST_TITLES + 1)
    wide = (n for n, line in enumerate(lines[:-1]) if any(c in line for c in _DELIMITERS))
    first = next(wide, 0)
    if "@" in "".join(lines[: first + 1]):
        return text
    return "\n".join(["" for _title in lines[:first]] + lines[first:])


def _of_workbook(content: bytes) -> Iterator[_TableLine]:
    """Yield the rows of the first sheet that has an address."""
    extension = detect.detect(content).extension
    if extension not in _WORKBOOKS:
        raise FileRejected("document")
    for table in office.light_sheets(content, extension).tables:
        lines = [_TableLine(n, _trimmed(row)) for n, row in enumerate(table.rows, start=1)]
        if any(_addresses(cell) for line in lines for cell in line.cells):
            if table.is_truncated and table.columns > MOST_COLUMNS:
                raise FileRejected("too_many_columns")
            for line in lines:
                yield _TableLine(
                    line.number, tuple(_DAY.sub(_in_french, cell) for cell in line.cells)
                )
            return


def _in_french(day: re.Match[str]) -> str:
    return f"{day[3]}/{day[2]}/{day[1]}" + (f" {day[4]}" if day[4] else "")


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """Return each cell on one line, without empty ones at the end."""
    clean = [" ".join(_CONTROLS.sub(" ", cell[:LONGEST_CELL]).split()) for cell in cells]
    while clean and not clean[-1]:
        clean.pop()
    return tuple(clean)


def _of_lines(lines: Sequence[_TableLine], width: int) -> Roster:
    first = next((n for n, line in enumerate(lines) if any(map(_addresses, line.cells))), None)
    if first is None:
        return Roster(refusal=NO_ADDRESSES if lines else NO_TABLE)
    header = _header_at(lines[:first])
    data = lines[header + 1 :]
    if len(data) > MOST_ROWS:
        return Roster(refusal=TOO_MANY_ROWS)
    names = _names(lines[header].cells if header >= 0 else ("",) * width)
    at = _address_column(data, width)
    faults: list[RosterFault] = []
    rows = tuple(_rows(data, at, names, faults))
    if not rows:
        return Roster(refusal=NO_ADDRESSES)
    return Roster(names, rows, tuple(faults[:MOST_FAULTS]), names[at])


def _header_at(above: Sequence[_TableLine]) -> int:
    """Return the index of the header above the first address: the first of the widest rows, since
    titles, and people without an address, have fewer cells. -1 if there is none."""
    counts = [sum(map(bool, line.cells)) for line in above]
    return counts.index(max(counts)) if counts else -1


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return unique names of the columns. A column without a name gets its letter, as in
    spreadsheets."""
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


def _address_column(data: Sequence[_TableLine], width: int) -> int:
    """Return the index of the column with the most addresses, the first one on a tie."""
    looked_at = data[:_LOOKED_AT]
    counts = [sum(bool(_addresses(line.cells[n])) for line in looked_at) for n in range(width)]
    return counts.index(max(counts))


def _rows(
    data: Sequence[_TableLine], at: int, names: Sequence[str], faults: list[RosterFault]
) -> Iterator[RosterRow]:
    seen: set[str] = set()
    for line in data:
        recipients = _addresses(line.cells[at])
        if not recipients:
            written = line.cells[at]
            faults.append(
                RosterFault(line.number, BAD_ADDRESS if written else NO_ADDRESS, written[:80])
            )
            continue
        cells = tuple(_value(line, n, names, faults) for n in range(len(names)))
        for address in recipients:
            if address.casefold() in seen:
                faults.append(RosterFault(line.number, TWICE, address))
                continue
            seen.add(address.casefold())
            yield RosterRow(line.number, address, cells)


def _value(line: _TableLine, column: int, names: Sequence[str], faults: list[RosterFault]) -> str:
    """Return the value of a cell. A formula or its error has none."""
    cell = line.cells[column]
    if cell in _ERRORS or re.match(r"=[^=\s]", cell):
        faults.append(RosterFault(line.number, FORMULA, names[column]))
        return ""
    return cell


def _addresses(cell: str) -> tuple[str, ...]:
    """Return the addresses of a cell: a few if both parents are in one cell, none if it has other
    text too."""
    if "@" not in cell:
        return ()
    line = addresses.read_recipients(cell)
    if line.invalid or len(line.valid) > _MOST_IN_CELL:
        return ()
    return tuple(person.address for person in line.valid)
