"""Excel (Office Open XML) -> tables."""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from mail.previews.converters.parts import (
    LONGEST_CELL,
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHARED,
    MOST_SHEETS,
    Parts,
    joined,
    main_part,
    number,
    related,
    targets,
)
from mail.previews.converters.sheets import first_words, sheet_of

# Number formats that are dates in every language (ECMA-376 part 1, section 18.8.30).
DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
DURATIONS = frozenset({46})
# In a custom number format: literal text, colours and conditions.
LITERAL = re.compile(r'"[^"]{0,200}"|\\.|_.|\[(?!h+\]|m+\]|s+\])[^\]]{0,100}\]', re.IGNORECASE)


def xlsx(content: bytes, most_rows: int = MOST_ROWS) -> dict[str, Any]:
    """Return the visible sheets, with the values that Excel last calculated."""
    parts = Parts(content)
    book = main_part(parts, "xl/workbook.xml")
    root, _is_cut = parts.tree(book)
    relations = targets(parts, book)
    visible = [
        (sheet.get("name", ""), relations[relation][1])
        for sheet in root.iterfind("{*}sheets/{*}sheet")
        if sheet.get("state", "visible") == "visible"
        and (relation := related(sheet)) in relations
        and relations[relation][0].endswith("/worksheet")
    ]
    folder = book.rpartition("/")[0]
    kinds = {name: joined(folder, f"{name}.xml") for name in ("styles", "sharedStrings")}
    kinds |= {kind.rpartition("/")[2]: path for kind, path in relations.values()}
    is_1904 = any(
        properties.get("date1904") in ("1", "true") for properties in root.iterfind("{*}workbookPr")
    )
    formats = Formats(parts, kinds["styles"], is_1904)
    cells = itertools.count()
    read = [
        (name, *excel_rows(parts, path, formats, cells, most_rows))
        for name, path in visible[:MOST_SHEETS]
    ]
    texts = shared_texts(
        Parts(content), kinds["sharedStrings"], [rows for _name, rows, _cut in read]
    )
    sheets = [
        sheet_of(name, [[texts.get(cell, "") if isinstance(cell, int) else cell for cell in row]
                        for row in rows], is_cut, most_rows)
        for name, rows, is_cut in read
    ]  # fmt: skip
    return {"sheets": sheets, "is_truncated": len(visible) > MOST_SHEETS}


class Formats:
    """The number formats of a workbook: which cell styles are dates."""

    def __init__(self, parts: Parts, path: str, is_1904: bool) -> None:
        self.epoch = datetime.datetime(1904, 1, 1) if is_1904 else datetime.datetime(1899, 12, 30)
        self.is_1904 = is_1904
        self.dates: set[int] = set()
        self.durations: set[int] = set()
        if path not in parts.names():
            return
        root, _is_cut = parts.tree(path)
        codes = {
            number(element.get("numFmtId"), 0): LITERAL.sub("", element.get("formatCode", "")[:300])
            for element in root.iterfind("{*}numFmts/{*}numFmt")
        }
        dates = {key for key, code in codes.items() if re.search("[dmhys]", code.lower())}
        durations = {key for key, code in codes.items() if re.search(r"\[[hms]", code.lower())}
        for index, style in enumerate(root.iterfind("{*}cellXfs/{*}xf")):
            kind = number(style.get("numFmtId"), 0)
            if kind in durations or (kind in DURATIONS and kind not in codes):
                self.durations.add(index)
            elif kind in dates or (kind in DATES and kind not in codes):
                self.dates.add(index)

    def text(self, written: str, style: int) -> str:
        """Return a number of the file as text; dates are in ISO 8601."""
        if style not in self.dates and style not in self.durations:
            return plain_number(written)
        try:
            days = float(written)
            if style in self.durations:
                return str(datetime.timedelta(seconds=round(days * 86_400)))
            return self._date(days)
        except (ValueError, OverflowError):
            return written[:LONGEST_CELL]

    def _date(self, days: float) -> str:
        is_time = 0 <= days < 1
        # Excel treats 1900 as a leap year, so its serial numbers before 1 March 1900 are one too
        # low.
        days += 1 if 0 < days < 60 and not self.is_1904 else 0
        moment = self.epoch + datetime.timedelta(seconds=round(days * 86_400))
        if is_time:
            return moment.time().isoformat("minutes")
        is_day = moment.time() == datetime.time()
        return moment.date().isoformat() if is_day else moment.isoformat(" ", "minutes")


def plain_number(written: str) -> str:
    if re.fullmatch(r"-?\d{1,15}", written):
        return written
    try:
        return f"{float(written):.12g}"
    except ValueError:
        return written[:LONGEST_CELL]


Cell = str | int
"""The text of a cell, or the index of a text that several cells share."""


def excel_rows(
    parts: Parts, path: str, formats: Formats, seen: Iterator[int], most_rows: int = MOST_ROWS
) -> tuple[list[list[Cell]], bool]:
    """Return the rows of a sheet, at most one more than is shown, and whether the sheet goes on.
    ``seen`` counts the cells of all sheets."""
    rows: list[list[Cell]] = []
    if path not in parts.names():
        return rows, False
    for row in parts.stream(path, "row"):
        at = number(row.get("r"), len(rows) + 1)
        if at > most_rows or len(rows) > most_rows:
            return rows, True
        rows += [[] for _ in range(len(rows), at - 1)]
        rows.append(excel_cells(row, formats, seen))
        if next(seen) > MOST_CELLS:
            return rows, True
    return rows, parts.is_cut


def excel_cells(row: Any, formats: Formats, seen: Iterator[int]) -> list[Cell]:
    cells: list[Cell] = []
    elements = itertools.islice(row.iterchildren("{*}c"), MOST_COLUMNS)
    for cell, _count in zip(elements, seen, strict=False):
        column = column_of(cell.get("r", "")) or len(cells) + 1
        if column > MOST_COLUMNS:
            break
        cells += [""] * (column - 1 - len(cells))
        cells[column - 1 :] = [excel_value(cell, formats)]
    return cells


def column_of(reference: str) -> int:
    """``"AB12"`` -> 28; 0 where the reference names no column."""
    letters = re.match("[A-Za-z]{1,3}", reference)
    column = 0
    for letter in letters[0].upper() if letters else "":
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def excel_value(cell: Any, formats: Formats) -> Cell:
    """Return the value of a cell (ECMA-376 part 1, section 18.3.1.4)."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return text_of(cell)
    text = cell.findtext("{*}v", "").strip()
    if kind == "s" and text.isascii() and text.isdigit() and len(text) < 9:
        return int(text)
    if kind == "b":
        return "True" if text == "1" else "False"
    if kind == "n" and text:
        return formats.text(text[:LONGEST_CELL], number(cell.get("s"), 0))
    return text[:LONGEST_CELL]


def text_of(element: Any) -> str:
    """Return the joined text runs of an element, without their phonetic reading."""
    runs = itertools.chain(element.iterfind(".//{*}t"))
    words = (run.text or "" for run in runs if etree.QName(run.getparent()).localname != "rPh")
    return first_words(words)


def shared_texts(parts: Parts, path: str, sheets: list[list[list[Cell]]]) -> dict[int, str]:
    """Return the shared texts (ECMA-376's shared strings) that the shown cells refer to."""
    wanted = {cell for rows in sheets for row in rows for cell in row if isinstance(cell, int)}
    texts: dict[int, str] = {}
    if not wanted or path not in parts.names():
        return texts
    # Excel numbers them in order of use, so that the first cells of sheets have low numbers.
    last = min(max(wanted), MOST_SHARED)
    for index, element in enumerate(parts.stream(path, "si")):
        if index in wanted:
            texts[index] = text_of(element)
        if index >= last:
            break
    return texts
