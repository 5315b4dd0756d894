"""CSV and TSV of any program, read into contacts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from addressbook import vcard
from addressbook.charsets import Decoded
from addressbook.contact_data import ContactData, GroupData
from addressbook.importers import (
    archives,
    dates,
    ent,
    families,
    headers,
    horde,
    own,
    rows,
    stacked,
    sun,
    turba,
)
from addressbook.importers.assemble import Pair, Style, contact_from
from addressbook.importers.reading import (
    MOST_RECORDS,
    FileRejected,
    Gathered,
    Reading,
    TableColumn,
    Tags,
    refused,
)
from addressbook.importers.rows import SourceRow
from mail import spreadsheets

_LOOKED_AT = 200

# The columns of Thunderbird, some releases of which write no header.
_THUNDERBIRD_TEXT = (
    "first_name last_name display_name nickname email email:2 x:IM phone:work phone:home phone:fax"
    " phone:pager phone:mobile home.street home.street2 home.city home.region home.postal_code"
    " home.country work.street work.street2 work.city work.region work.postal_code work.country"
    " job_title department organization url url birthday:y birthday:m birthday:d x:CUSTOM1"
    " x:CUSTOM2 x:CUSTOM3 x:CUSTOM4 notes"
)
_THUNDERBIRD = _THUNDERBIRD_TEXT.split()


@dataclass(frozen=True, slots=True)
class _Table:
    header: tuple[str, ...]
    fields: list[str]
    data: Sequence[SourceRow]
    source: str
    # For the product's own table: the key and the field of each column.
    own: Sequence[tuple[str, str]] = ()
    # The words above the header, and the name of a workbook's sheet.
    titles: str = ""
    sheet: str = ""


_Numbered = tuple[int, SourceRow]
"""A row with the number of its record."""


def read_table(
    decoded: Decoded, *, source: str, columns: Mapping[int, str] | None, known: Reading
) -> Reading:
    """Return the contacts of a table. ``known`` has the facts about the file so far; ``columns``
    replaces fields of columns."""
    try:
        if recipients := _recipients(decoded.text):
            one_each = rows.Rows(",", recipients)
            return read_rows(one_each, source=source, columns=columns, known=known)
        text, titles = _without_titles(decoded.text)
        table_rows = rows.split_rows(text, raw_tabs=horde.is_header)
        return read_rows(table_rows, source=source, columns=columns, known=known, titles=titles)
    except FileRejected as error:
        return refused(str(error.args[0]), replace(known, format="csv"))


def _recipients(text: str) -> list[SourceRow]:
    """Return a row for each person if the text is the recipients of a message, as mail programs
    show them; else nothing. In other texts, a row with several addresses is one person."""
    if len(text) > rows.LONGEST_HEADER:
        return []
    lines = text.strip().split("\n")
    if "@" not in lines[0] or (len(lines) > 1 and "<" not in text):
        return []
    people: list[SourceRow] = []
    for line in filter(str.strip, lines):
        recipients = vcard.recipients_in(line)
        if not recipients or len(people) > MOST_RECORDS:
            return []
        people += [
            SourceRow(len(people) + n, (person,)) for n, person in enumerate(recipients, start=1)
        ]
    return people if len(people) > len(lines) else []


_MOST_TITLES = 6


def _without_titles(text: str) -> tuple[str, str]:
    """Return the text with blank lines in the place of titles above the header, and the titles. A
    title has a single cell, and must not be the line that decides the delimiter."""
    lines = text.split("\n", _MOST_TITLES + 1)
    wide = (n for n, line in enumerate(lines[:-1]) if any(c in line for c in rows.DELIMITERS))
    first = next(wide, 0)
    titles = "\n".join(lines[:first])
    if not titles.strip() or len(titles) > 1_000 or "@" in titles or headers.known(lines[0]):
        return text, ""
    return "\n" * first + "\n".join(lines[first:]), titles


def read_rows(
    table_rows: rows.Rows,
    *,
    source: str,
    columns: Mapping[int, str] | None,
    known: Reading,
    titles: str = "",
    sheet: str = "",
) -> Reading:
    """Return the contacts of rows from a text or a workbook. ``titles`` are the words above them,
    ``sheet`` is the name of the sheet."""
    try:
        if parts := _sections(table_rows):
            return _read_sections(table_rows, parts, source, columns, known, (titles, sheet))
        return _read(table_rows, source, columns, known, (titles, sheet))
    except FileRejected as error:
        return refused(str(error.args[0]), replace(known, format=known.format or "csv"))


def _read(
    table_rows: rows.Rows,
    source: str,
    columns: Mapping[int, str] | None,
    known: Reading,
    above: tuple[str, str],
) -> Reading:
    table = _table(table_rows, source)
    table = replace(table, titles=f"{above[0]}\n{table.titles}", sheet=above[1])
    fields = list(table.fields)
    for index, name in (columns or {}).items():
        if 0 <= index < len(fields):
            fields[index] = name
    is_dump = turba.is_dump(table.header)
    reading = _described(table_rows, table, fields, known, is_dump=is_dump)
    if not any(any(row.cells) for row in table.data):
        return replace(reading, outcome="reject", reject_code="header_only")
    gathered = Gathered()
    is_school = families.is_list(fields) or ent.is_list(fields)
    fitting = list(_fitting(table, gathered, is_school=is_school))
    if not fitting:
        skipped = tuple(gathered.skipped)
        return replace(reading, outcome="reject", reject_code="wrong_delimiter", skipped=skipped)
    if not any(name and not name.startswith("_") for name in fields):
        return replace(reading, outcome="reject", reject_code="unknown_columns")
    _warn_of_cut(table_rows, fields, fitting[-1], gathered)
    if is_dump:
        _gather_dump(table_rows, table, fields, fitting, gathered)
    else:
        _gather_contacts(table, fields, fitting, gathered)
    reasons = {skipped.reason for skipped in gathered.skipped}
    return gathered.finished(reading, empty="one_name" if "one_name" in reasons else "no_contacts")


def _sections(table_rows: rows.Rows) -> list[stacked.Section]:
    """Return the tables of a list of pupils that has several; nothing for any other table."""
    parts = stacked.sections(table_rows.rows)
    is_school = all(
        families.fields_of(part.rows[0].cells, part.rows[1:]) or _names_pupils(part.rows[0].cells)
        for part in parts
    )
    return parts if is_school else []


def _names_pupils(header: Sequence[str]) -> bool:
    headings = {word for cell in header for word in families.tokens(cell)}
    return {"nom", "prenom"} <= headings or "eleve" in headings


def _read_sections(
    table_rows: rows.Rows,
    parts: Sequence[stacked.Section],
    source: str,
    columns: Mapping[int, str] | None,
    known: Reading,
    above: tuple[str, str],
) -> Reading:
    """Read each table of a sheet. Chosen columns apply to those with the header of the first."""
    readings: list[tuple[str, Reading]] = []
    for part in parts:
        part_rows = replace(table_rows, rows=part.rows)
        is_first = part.rows[0].cells == parts[0].rows[0].cells
        titles = f"{part.titles}\n{above[0]}"
        try:
            reading = _read(
                part_rows, source, columns if is_first else None, known, (titles, above[1])
            )
        except FileRejected as error:
            reading = refused(str(error.args[0]), known)
        readings.append((part.titles or above[1].strip(), reading))
    first = next(
        (reading for _name, reading in readings if not reading.reject_code), readings[0][1]
    )
    if len(readings) == 1:
        return first
    whole = archives.joined(iter(readings))
    return replace(
        first,
        outcome=whole.outcome,
        reject_code=whole.reject_code,
        contacts=whole.contacts,
        records=whole.records,
        lines=whole.lines,
        groups=whole.groups,
        warnings=whole.warnings,
        skipped=whole.skipped,
        roles=whole.roles,
        links=whole.links,
    )


def _described(
    table_rows: rows.Rows, table: _Table, fields: list[str], known: Reading, *, is_dump: bool
) -> Reading:
    """Return the facts about the file that are known before its rows are read."""
    kind = "tsv" if table_rows.delimiter == "\t" else "csv"
    return replace(
        known,
        format=f"turba_objects_{kind}" if is_dump else known.format or kind,
        source="horde" if is_dump else table.source,
        delimiter=table_rows.delimiter,
        quote_escape=table_rows.quote_escape if table.source == "horde" and not is_dump else "",
        columns=_columns(table, fields),
        bulk=is_dump,
    )


def _warn_of_cut(
    table_rows: rows.Rows, fields: Sequence[str], last: _Numbered, gathered: Gathered
) -> None:
    """Warn if the file ends in the middle of its last row."""
    number, row = last
    is_last = row.line == table_rows.rows[-1].line
    if not table_rows.ended and is_last and len(table_rows.rows[-1].cells) < len(fields):
        gathered.warn("row_cut", number)


def _gather_dump(
    table_rows: rows.Rows,
    table: _Table,
    fields: list[str],
    fitting: list[_Numbered],
    gathered: Gathered,
) -> None:
    """Gather the contacts of a dump of Turba's table, which has several owners."""
    style = _style(table, fields, fitting)
    if table_rows.delimiter == "\t" or table_rows.quote_escape == "backslash":
        fitting = [(number, _without_escapes(row)) for number, row in fitting]
    records = ((number, row.line, _pairs(fields, row, turba.NULLS)) for number, row in fitting)
    turba.gather(records, style, gathered)


def _gather_contacts(
    table: _Table, fields: list[str], fitting: list[_Numbered], gathered: Gathered
) -> None:
    """Gather the contacts of one person's table: the product's own, a school's list, or any
    other."""
    style = _style(table, fields, fitting)
    if table.own:
        _gather_own(table, fields, fitting, style, gathered)
    elif ent.is_list(fields):
        ent.UserGathering(table.header, fields, style, gathered).take_all(fitting)
    elif families.is_list(fields):
        families.Gathering(
            table.header, fields, style, gathered, table.titles, table.sheet
        ).take_all(fitting)
    else:
        _gather(table, fields, fitting, style, gathered)


def _table(table_rows: rows.Rows, source: str) -> _Table:
    """Return the header with the fields of its columns. A title line above the header, and a file
    without a header, are recognised."""
    if not table_rows.rows:
        raise FileRejected("empty")
    if own.is_header(table_rows.rows[0].cells):
        return _own_table(table_rows.rows)
    header_index = _header_at(table_rows.rows)
    if header_index < 0:
        return _headless(table_rows, source)
    header = table_rows.rows[header_index].cells
    data = table_rows.rows[header_index + 1 :]
    program = source_of(header, source)
    titles = "\n".join(" ".join(row.cells) for row in table_rows.rows[:header_index])
    is_unsure = program in ("other", "school", source)
    of_users = ent.fields_of(header, data) if is_unsure else None
    if is_unsure and (fields_of := of_users or families.fields_of(header, data)):
        return _Table(header, fields_of, data, "school", titles=titles)
    fields = _by_content(header, headers.fields_of(header), data)
    if program == "thunderbird" and _has_its_width(header) and fields[0] == "first_name":
        # Its releases give the same columns many names, and some names twice.
        fields = [*_THUNDERBIRD, ""][: len(header)]
    return _Table(header, fields, data, program)


def _own_table(source_rows: Sequence[SourceRow]) -> _Table:
    header = source_rows[0].cells
    keys = own.keys_of(header)
    fields = [
        own.field_of(key) if key else field
        for key, field in zip(keys, headers.fields_of(header), strict=True)
    ]
    data = [
        SourceRow(row.line, tuple(spreadsheets.from_text(cell) for cell in row.cells))
        for row in source_rows[1:]
    ]
    return _Table(header, fields, data, own.PROGRAM, list(zip(keys, fields, strict=True)))


def _header_at(source_rows: Sequence[SourceRow]) -> int:
    """Return the index of the header: the first row, unless only a row below it has known names; -1
    if there is none."""
    if any(vcard.addresses_in(cell) for cell in source_rows[0].cells[:_LOOKED_AT]):
        return -1 if _are_addresses(source_rows) else _no_table()
    counts = [
        sum(headers.known(cell) or families.known(cell) for cell in row.cells[: rows.MOST_COLUMNS])
        for row in source_rows[:8]
    ]
    best = max(range(len(counts)), key=lambda index: counts[index])
    # One known word may be part of a title: "Liste des contacts".
    if counts[0] < 2 <= counts[best] - counts[0]:
        return best
    if counts[0] or _are_addresses(source_rows[1:]):
        return 0
    return _no_table()


def _no_table() -> NoReturn:
    raise FileRejected("unknown_format")


def _are_addresses(source_rows: Sequence[SourceRow]) -> bool:
    """Return whether rows without known names above them are an address book all the same."""
    looked_at = [row for row in source_rows[:_LOOKED_AT] if any(row.cells)]
    good = sum(any(vcard.addresses_in(cell) for cell in row.cells) for row in looked_at)
    return good > len(looked_at) / 3


def _has_its_width(cells: Sequence[str]) -> bool:
    """Return whether the columns are as many as Thunderbird's: old releases have one less, and a
    comma at the end of each row adds one."""
    return abs(len(cells) - len(_THUNDERBIRD)) <= 1


def _headless(table_rows: rows.Rows, source: str) -> _Table:
    width = len(table_rows.rows[0].cells)
    if _has_its_width(table_rows.rows[0].cells):
        fields = [*_THUNDERBIRD, ""][:width]
        return _Table(("",) * width, fields, table_rows.rows, "thunderbird")
    fields = _by_content(("",) * width, [""] * width, table_rows.rows)
    return _Table(("",) * width, fields, table_rows.rows, source if source != "auto" else "other")


def _by_content(header: Sequence[str], fields: list[str], data: Sequence[SourceRow]) -> list[str]:
    """Correct the fields by the cells. "Adresse" may be an e-mail or a postal address; a column of
    addresses is e-mail whatever its name, and the first text beside it is the name."""
    fields = list(fields)
    for index, name in enumerate(fields):
        cells = [row.cells[index] for row in data[:_LOOKED_AT] if index < len(row.cells)]
        cells = [cell for cell in cells if cell.strip()]
        if not cells:
            continue
        mails = sum("@" in cell for cell in cells)
        is_address = headers.normal(header[index]).startswith("adresse")
        if name.startswith("email") and not mails and is_address and "mail" not in header[index]:
            fields[index] = "work.street" if name == "email:work" else "home.street"
        elif name.endswith((".street", ".formatted")) and mails == len(cells):
            fields[index] = "email:work" if name.startswith("work") else "email:home"
        elif not name and mails > len(cells) / 2:
            fields[index] = "email"
    nameless = any(name.startswith("email") for name in fields) and not _names_somebody(fields)
    if nameless and (first := _first_texts(fields, data)) is not None:
        fields[first] = "display_name"
    return fields


def _names_somebody(fields: Sequence[str]) -> bool:
    kinds = ("_name", "nickname", "organization")
    return any(name.endswith(kinds) for name in fields)


def _first_texts(fields: Sequence[str], data: Sequence[SourceRow]) -> int | None:
    for index, name in enumerate(fields):
        cells = [row.cells[index] for row in data[:_LOOKED_AT] if index < len(row.cells)]
        letters = sum(bool(re.search(r"[^\W\d_]{2}", cell)) for cell in cells)
        if not name and letters > len(cells) / 2:
            return index
    return None


def _columns(table: _Table, fields: Sequence[str]) -> tuple[TableColumn, ...]:
    return tuple(
        TableColumn(index, table.header[index].strip(), name, _examples(table.data, index))
        for index, name in enumerate(fields)
    )


def _examples(data: Sequence[SourceRow], index: int) -> tuple[str, ...]:
    examples: list[str] = []
    for row in data[:2_000]:
        if index < len(row.cells) and (cell := row.cells[index].strip()):
            examples.append(cell[:100])
            if len(examples) == 3:
                break
    return tuple(examples)


def _fitting(table: _Table, gathered: Gathered, *, is_school: bool) -> Iterator[_Numbered]:
    """Yield the rows that fit the header, with their record numbers. Programs leave out empty cells
    at the end, or write one too many. A lone cell in a list of pupils is judged later."""
    width = len(table.fields)
    for number, row in enumerate(table.data):
        cells = row.cells
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            cells = cells[:width]
        # Exports that were pasted together repeat the header.
        if not any(cell.strip() for cell in cells) or (cells == table.header and any(cells)):
            continue
        if len(cells) > width or (len(cells) == 1 and width > 2 and not is_school):
            gathered.skip(number, row.line, "column_count", str(len(cells)))
            continue
        if cells is row.cells and len(cells) == width:
            yield number, row
        else:
            yield number, SourceRow(row.line, (*cells, *[""] * (width - len(cells))))


def _pairs(fields: Sequence[str], row: SourceRow, nulls: Sequence[str] = ()) -> list[Pair]:
    """Return the canonical fields of a row. ``nulls`` are the texts that a database writes for
    NULL."""
    return [
        (name, cell)
        for name, cell in zip(fields, row.cells, strict=True)
        if cell and name and cell not in nulls
    ]


def _without_escapes(row: SourceRow) -> SourceRow:
    return SourceRow(row.line, tuple(turba.unescaped(cell) for cell in row.cells))


_ENGLISH = {"birthday", "date of birth", "anniversary"}


def _style(table: _Table, fields: Sequence[str], data: Sequence[_Numbered]) -> Style:
    """Return the style of a table. Outlook in English writes the month first; a day above 12
    decides for the whole file."""
    date_columns = [
        index for index, name in enumerate(fields) if name in ("birthday", "anniversary")
    ]
    is_english = any(
        headers.normal(table.header[index]) in _ENGLISH for index in date_columns
    ) and table.source in ("outlook", "wab", "yahoo", "google", "other")
    cells = (row.cells[index] for _number, row in data for index in date_columns)
    by_comma = table.source in ("yahoo", "roundcube")
    separators = (";", ",") if by_comma else (";", ":::")
    return Style(separators, day_first=dates.day_first(cells, assumed=not is_english))


def _gather(
    table: _Table,
    fields: Sequence[str],
    data: Sequence[_Numbered],
    style: Style,
    gathered: Gathered,
) -> None:
    tags = Tags("labels" if table.source == "google" else "categories")
    lists: list[GroupData] = []
    for number, row in data:
        assembled = contact_from(_pairs(fields, row), style)
        contact = assembled.contact
        if table.source == "horde" and horde.is_list(contact):
            lists.append(GroupData(contact.last_name or contact.display_name))
            gathered.warn("group_without_members", number)
            continue
        for problem in assembled.problems:
            gathered.warn(problem, number)
        if vcard.has_something(contact):
            index = gathered.add(contact, number, row.line)
            tags.add(contact, index)
        elif contact != ContactData() or assembled.problems:
            gathered.skip(number, row.line, "nothing_to_keep")
    gathered.groups += [*tags.groups(), *lists]


def _gather_own(
    table: _Table,
    fields: Sequence[str],
    data: Sequence[_Numbered],
    style: Style,
    gathered: Gathered,
) -> None:
    """Gather the rows of the product's own table. Columns that the user added or reassigned are
    read as in any other table."""
    keys = [
        key if field == name else "" for (key, field), name in zip(table.own, fields, strict=True)
    ]
    others = ["" if key else name for key, name in zip(keys, fields, strict=True)]
    groups = own.OwnGroups()
    for number, line in data:
        row = own.read_own_row(
            {key: cell for key, cell in zip(keys, line.cells, strict=True) if key}
        )
        contact, problems = row.contact, row.problems
        if pairs := _pairs(others, line):
            assembled = contact_from(pairs, style)
            contact = own.with_more(contact or ContactData(), assembled.contact)
            problems += assembled.problems
        for problem in problems:
            gathered.warn(problem, number)
        if contact is None:
            groups.add(row)
        elif vcard.has_something(contact):
            groups.add(row, gathered.add(contact, number, line.line))
        else:
            gathered.skip(number, line.line, "nothing_to_keep")
    gathered.groups += groups.all()


def source_of(header: Sequence[str], asked_source: str) -> str:
    """Return the program that wrote this header: ``horde sun google thunderbird outlook yahoo kmail
    wab roundcube other``."""
    if horde.is_header(header) or horde.is_outlook_header(header):
        return "horde"
    names = {headers.normal(cell) for cell in header}
    if sun.is_header(names):
        return "sun"
    for program, needed in _PROGRAMS:
        if any(marks <= names for marks in needed):
            return program
    return asked_source if asked_source != "auto" else "other"


_PROGRAMS: tuple[tuple[str, tuple[set[str], ...]], ...] = (
    ("google", ({"e-mail 1 - value"}, {"given name", "group membership"}, {"labels", "file as"})),
    ("yahoo", ({"messenger id"}, {"yahoo! phone"})),
    ("kmail", ({"formatted name", "family name"}, {"additional names", "honorific prefixes"})),
    (
        "thunderbird",
        (
            {"display name", "primary email"},
            {"nom a afficher", "surnom"},
            {"nom a afficher", "adresse electronique principale"},
            {"nom a afficher", "premiere adresse electronique"},
        ),
    ),
    (
        "wab",
        (
            {"name", "e-mail address"},
            {"personal web page"},
            {"surnom", "adresse de messagerie"},
        ),
    ),
    (
        "outlook",
        (
            {"adresse de messagerie", "prenom"},
            {"adresse de messagerie", "type de messagerie"},
            {"e-mail address", "e-mail 2 address"},
            {"e-mail address", "e-mail type"},
            {"first name", "last name", "e-mail address"},
            {"first name", "business street"},
            {"rue (bureau)"},
        ),
    ),
)
