"""Read a staff file: turn bytes into rows that are checked one by one, or raise an explained error.

The file is CSV as spreadsheets and staff databases write it: separated by ; , TAB or |, in UTF-8,
UTF-16 or windows-1252, with French or English headings in any order. It is read as a stream, so its
size costs no memory. Refusals consist of line, column and problem; they never contain a value of
the file, a NUMEN or a date of birth.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts import numen
from accounts.staff.terms import HEADINGS, REQUIRED, RowProblem, StaffColumn, StaffImportFailure
from mail.folding import fold

Source = Callable[[], BinaryIO]
"""A function that opens the file again, at its beginning."""

LARGEST = 100 * 1024 * 1024
"""Bytes; two hundred thousand rows take 25 MB."""
_LONGEST_CELL = 128 * 1024  # characters; a longer cell is a quotation mark that is never closed
_LONGEST_LINE = 256 * 1024  # characters; a row of staff has some hundreds
_LONGEST_HEADING_LINE = 16 * 1024
# blank lines above the headings; they are kept in memory, so their number must be limited
_MOST_ABOVE = 100
_MOST_COLUMNS = 200
_PIECE = 256 * 1024
_DELIMITERS = (";", ",", "\t", "|")


class FileRefused(Exception):
    """The whole file is refused. ``missing`` are the required columns without a heading; ``line``
    is where reading stopped, or 0. No content of rows is included."""

    def __init__(
        self, failure: StaffImportFailure, *, missing: tuple[StaffColumn, ...] = (), line: int = 0
    ) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.missing = missing
        self.line = line


@dataclass(frozen=True, slots=True)
class RowRefusal:
    """The reason why a line is refused. ``line`` counts from one in the file; ``column`` is None if
    the whole line is refused; ``other`` is the line that it conflicts with, or 0."""

    line: int
    column: StaffColumn | None
    problem: RowProblem
    other: int = 0


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A row whose cells are all valid. ``login`` and ``domain`` are empty where the file has no
    column for them; other optional cells may be empty too."""

    numen: str = field(repr=False)
    born: date = field(repr=False)
    last_name: str
    first_name: str = ""
    login: str = ""
    address: str = ""
    domain: str = ""
    school_uai: str = ""
    school_name: str = ""
    discipline: str = ""
    function: str = ""
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A row of the file. ``person`` is None if it is refused. ``numen`` and ``address`` of a
    refused row are kept as far as they could be read, so that nobody counts as missing because of a
    mistyped school."""

    line: int
    person: StaffMember | None
    refusals: tuple[RowRefusal, ...] = ()
    numen: str = field(default="", repr=False)
    address: str = field(default="", repr=False)


_LONGEST: dict[StaffColumn, int] = {
    StaffColumn.LAST_NAME: 100,
    StaffColumn.FIRST_NAME: 100,
    StaffColumn.LOGIN: 254,
    StaffColumn.ADDRESS: 254,
    StaffColumn.DOMAIN: 253,
    StaffColumn.SCHOOL_NAME: 200,
    StaffColumn.DISCIPLINE: 100,
    StaffColumn.FUNCTION: 100,
}
# Administrative positions of staff; `_read_active` handles leave separately.
_ACTIVE = frozenset(
    {"oui", "o", "vrai", "true", "yes", "y", "1", "x", "actif", "active", "activite"}
    | {"en activite", "position d activite", "en poste"}
)
_INACTIVE = frozenset(
    {"non", "n", "faux", "false", "no", "0", "inactif", "inactive", "fin de fonctions"}
    | {"detachement", "detache", "detachee", "en detachement", "disponibilite", "radie", "radiee"}
    | {"en disponibilite", "retraite", "retraitee", "en retraite", "a la retraite"}
    | {"parti", "partie", "decede", "decedee"}
)
_UAI = re.compile(r"\d{6,7}[A-Z]")
_LOGIN = re.compile(r"[a-z0-9_][a-z0-9._+'-]*(?:@[a-z0-9.-]+)?")
_DOMAIN = re.compile(r"[a-z0-9.-]+")
_MIDNIGHT = re.compile(r"[ T]0?0:00(?::00(?:\.0+)?)?\Z")


@dataclass(frozen=True, slots=True)
class StaffFile:
    """A file whose kind, charset and headings are known. ``lines`` is the approximate number of
    rows; ``ignored`` are the unknown headings, as written."""

    source: Source
    charset: str
    delimiter: str
    lines: int
    columns: dict[StaffColumn, int]
    ignored: tuple[str, ...]

    def rows(self, today: date) -> Iterator[StaffRow]:
        """Yield every row except blank ones, in the order of the file. Raises FileRefused when the
        rest cannot be read."""
        with self.source() as binary:
            lines = _lines(binary, self.charset)
            heading_line, above = _heading_line(lines)
            width = len(next(csv.reader([heading_line], delimiter=self.delimiter)))
            for line, cells in _cells(lines, self.delimiter, len(above) + 1):
                yield _row(self.columns, width, line, cells, today)


def open_file(source: Source) -> StaffFile:
    """Recognise a file. Raises FileRefused."""
    charset, lines = _examine(source)
    with source() as binary:
        heading_line, above = _heading_line(_lines(binary, charset))
    if len(heading_line) > _LONGEST_HEADING_LINE:
        raise FileRefused(StaffImportFailure.TOO_MANY_COLUMNS)
    delimiter = _delimiter(heading_line, above)
    headings = next(csv.reader([heading_line], delimiter=delimiter))
    if len(headings) > _MOST_COLUMNS:
        raise FileRefused(StaffImportFailure.TOO_MANY_COLUMNS)
    columns, ignored = _recognised(headings)
    rows = lines - len(above) - 1
    if rows < 1:
        raise FileRefused(StaffImportFailure.NO_ROWS)
    return StaffFile(source, charset, delimiter, rows, columns, ignored)


# --- the bytes ---

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_KINDS = (
    (b"PK\x03\x04", StaffImportFailure.SPREADSHEET),
    (b"\xd0\xcf\x11\xe0", StaffImportFailure.SPREADSHEET),  # Excel before 2007
    (b"\x1f\x8b", StaffImportFailure.SPREADSHEET),
    (b"7z\xbc\xaf\x27\x1c", StaffImportFailure.SPREADSHEET),
    (b"%PDF", StaffImportFailure.NOT_TEXT),
    (b"\x89PNG", StaffImportFailure.NOT_TEXT),
    (b"\xff\xd8\xff", StaffImportFailure.NOT_TEXT),
)
_ASCII = bytes(range(128))
_FRENCH = set("éèêëàâäçùûüîïôöœæÉÈÊÀÇÎÔŒ«»’“”–—…€°")


def _examine(source: Source) -> tuple[str, int]:
    """Return the charset and the number of lines, including a last line without a line ending."""
    with source() as binary:
        head = binary.read(_PIECE)
        if not head.strip():
            raise FileRefused(StaffImportFailure.EMPTY)
        for mark, failure in _OTHER_KINDS:
            if head.startswith(mark):
                raise FileRefused(failure)
        start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:15].lower()
        if start.startswith((b"<!doctype", b"<html", b"<?xml")):
            raise FileRefused(StaffImportFailure.WEB_PAGE)
        wide = _wide(head)
        survey = _Survey()
        while head:
            survey.add(head)
            if survey.size > LARGEST:
                raise FileRefused(StaffImportFailure.TOO_LARGE)
            head = binary.read(_PIECE)
    return wide or survey.charset(), survey.lines


def _wide(head: bytes) -> str | None:
    """Return UTF-16 by its byte order mark or by the NULs beside ASCII letters, UTF-8 by its mark,
    else None."""
    for mark, charset in _BOMS:
        if head.startswith(mark):
            return charset
    sample = head[:4096]
    if sample[1::2].count(0) > len(sample) // 3:
        return "utf-16-le"
    if sample[0::2].count(0) > len(sample) // 3:
        return "utf-16-be"
    return None


class _Survey:
    """The statistics of a file's bytes that reveal its charset. The rule was measured on French
    lists: valid UTF-8 is UTF-8; otherwise the charset that yields more French letters is chosen.
    Latin-1 never is, because files labelled Latin-1 contain the quotation marks and the € of
    windows-1252."""

    def __init__(self) -> None:
        self.size = 0
        self._line_feeds = self._returns = 0
        self._last = b""
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._is_utf8 = True
        self._high: Counter[int] = Counter()

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self._line_feeds += piece.count(b"\n")
        self._returns += piece.count(b"\r")
        self._last = piece[-2:]
        self._high.update(piece.translate(None, _ASCII))
        if self._is_utf8:
            self._is_utf8 = self._decodes(piece)

    @property
    def lines(self) -> int:
        """Return the number of lines, including a last line without a line ending. Old Macintosh
        programs end lines by CR."""
        ends_open = not self._last.strip(b"\0").endswith((b"\n", b"\r"))
        return max(self._line_feeds, self._returns) + ends_open

    def charset(self) -> str:
        if self._is_utf8 and self._decodes(b"", final=True):
            return "utf-8"
        if self._french("mac_roman") > self._french("cp1252"):
            raise FileRefused(StaffImportFailure.MACINTOSH)
        return "cp1252"

    def _decodes(self, piece: bytes, *, final: bool = False) -> bool:
        try:
            self._utf8.decode(piece, final)
        except UnicodeDecodeError:
            return False
        return True

    def _french(self, charset: str) -> int:
        score = 0
        for byte, times in self._high.items():
            character = bytes([byte]).decode(charset, "replace")
            score += times if character in _FRENCH else -2 * times
        return score


# --- lines and cells ---


def _lines(binary: BinaryIO, charset: str) -> Iterator[str]:
    """Yield the lines with their line endings. Bytes that windows-1252 leaves undefined become
    U+FFFD, which no cell may contain. Raises FileRefused: CHARSET, LONG_LINE."""
    errors = "replace" if charset == "cp1252" else "strict"
    with io.TextIOWrapper(binary, charset, errors, newline="") as text:
        for number in itertools.count(1):
            try:
                line = text.readline(_LONGEST_LINE)
            except UnicodeError as error:
                raise FileRefused(StaffImportFailure.CHARSET, line=number) from error
            if len(line) == _LONGEST_LINE:
                is_first = number == 1
                failure = (
                    StaffImportFailure.TOO_MANY_COLUMNS
                    if is_first
                    else StaffImportFailure.LONG_LINE
                )
                raise FileRefused(failure, line=number)
            if not line:
                return
            yield line


def _heading_line(lines: Iterator[str]) -> tuple[str, list[str]]:
    """Return the line of headings and the lines above it, which are blank or Excel's ``sep=;``."""
    above: list[str] = []
    for line in itertools.islice(lines, _MOST_ABOVE):
        words = line.strip()
        if words and not _SEPARATOR_LINE.fullmatch(words):
            return line, above
        above.append(line)
    raise FileRefused(StaffImportFailure.EMPTY)


_SEPARATOR_LINE = re.compile(r"\"?sep=([;,\t|])\"?", re.IGNORECASE)


def _delimiter(heading_line: str, above: list[str]) -> str:
    """Return the delimiter of ``sep=``, else the one that yields most headings, respecting
    quotation marks."""
    for line in above:
        if match := _SEPARATOR_LINE.fullmatch(line.strip("\r\n ")):
            return match[1]
    return max(_DELIMITERS, key=lambda mark: len(next(csv.reader([heading_line], delimiter=mark))))


def _cells(lines: Iterator[str], delimiter: str, above: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with its first line in the file; ``above`` lines
    precede them."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        begins = above + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        # a cell beyond the csv module's limit, which other code of the process may set
        except csv.Error as error:
            raise FileRefused(StaffImportFailure.LONG_LINE, line=begins) from error
        if any(len(cell) > _LONGEST_CELL for cell in cells):
            raise FileRefused(StaffImportFailure.LONG_LINE, line=begins)
        if any(cell.strip() for cell in cells):
            yield begins, cells


def _recognised(headings: list[str]) -> tuple[dict[StaffColumn, int], tuple[str, ...]]:
    """Return the place of each column, and the headings that are not used."""
    plain = [_plain(heading) for heading in headings]
    recognised = [heading for heading in plain if heading in _KNOWN]
    if len(set(recognised)) != len(recognised):
        raise FileRefused(StaffImportFailure.AMBIGUOUS)
    columns: dict[StaffColumn, int] = {}
    for column, names in _PLAIN_HEADINGS.items():
        place = next((plain.index(name) for name in names if name in plain), None)
        if place is not None:
            columns[column] = place
    if missing := tuple(column for column in REQUIRED if column not in columns):
        raise FileRefused(StaffImportFailure.HEADINGS, missing=missing)
    _settle_school(columns)
    used = set(columns.values())
    others = (heading.strip() for place, heading in enumerate(headings) if place not in used)
    return columns, tuple(heading[:60] for heading in others if heading)[:_MOST_IGNORED]


_MOST_IGNORED = 30


def _settle_school(columns: dict[StaffColumn, int]) -> None:
    """Decide whether the column "Établissement" contains codes or names. Beside a column of codes
    it contains names, beside a column of names it contains codes; alone it may contain either."""
    if StaffColumn.SCHOOL not in columns:
        return
    if StaffColumn.UAI in columns:
        columns.setdefault(StaffColumn.SCHOOL_NAME, columns[StaffColumn.SCHOOL])
        del columns[StaffColumn.SCHOOL]
    elif StaffColumn.SCHOOL_NAME in columns:
        columns[StaffColumn.UAI] = columns.pop(StaffColumn.SCHOOL)


def _plain(text: str) -> str:
    """Return the text without case, accents and punctuation: ``Né(e) le`` -> ``ne e le``."""
    letters = (c if c.isalnum() else " " for c in fold(text[:200]))
    return " ".join("".join(letters).split())


_PLAIN_HEADINGS = {
    column: tuple(_plain(heading) for heading in headings) for column, headings in HEADINGS.items()
}
_KNOWN = frozenset(heading for headings in _PLAIN_HEADINGS.values() for heading in headings)


# --- a row ---


class _CellRefused(Exception):
    def __init__(self, problem: RowProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def _row(
    columns: dict[StaffColumn, int], width: int, line: int, cells: list[str], today: date
) -> StaffRow:
    if any(cell.strip() for cell in cells[width:]):
        return StaffRow(line, None, (RowRefusal(line, None, RowProblem.TOO_MANY_CELLS),))
    values: dict[StaffColumn, object] = {}
    refusals: list[RowRefusal] = []
    for column, place in columns.items():
        try:
            text = _text(cells[place] if place < len(cells) else "", column)
            values[column] = _READERS[column](text, today)
        except _CellRefused as refused:
            refusals.append(RowRefusal(line, column, refused.problem))
    known_numen = str(values.get(StaffColumn.NUMEN, ""))
    known_address = str(values.get(StaffColumn.ADDRESS, ""))
    if refusals:
        return StaffRow(line, None, tuple(refusals), known_numen, known_address)
    school = str(values.pop(StaffColumn.SCHOOL, ""))
    if school:
        values[StaffColumn.UAI if _UAI.fullmatch(school.upper()) else StaffColumn.SCHOOL_NAME] = (
            school
        )
    person = StaffMember(**{column.value: value for column, value in values.items()})  # type: ignore[arg-type]
    return StaffRow(line, person, (), known_numen, known_address)


def _text(cell: str, column: StaffColumn) -> str:
    """Return the text of a cell with single spaces and composed letters. Raises _CellRefused for
    invisible characters, formulas and long texts."""
    text = " ".join(cell.split())
    if not text or not text.strip("-"):  # a dash stands for an empty cell
        return ""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable() or "\ufffd" in text:
        raise _CellRefused(RowProblem.CHARACTER)
    if text[0] in "=+-@":
        raise _CellRefused(RowProblem.FORMULA)
    if len(text) > _LONGEST.get(column, 200):
        raise _CellRefused(RowProblem.TOO_LONG)
    return text


def _read_numen(text: str, today: date) -> str:
    try:
        return numen.normalise(text)
    except numen.NumenError as error:
        is_empty = error.code == "empty"
        raise _CellRefused(RowProblem.EMPTY if is_empty else RowProblem.NUMEN) from None


def _read_birth_date(text: str, today: date) -> date:
    try:
        return numen.birth_date(_MIDNIGHT.sub("", text), today)
    except numen.BirthDateError as error:
        raise _CellRefused(_OF_A_DATE[error.code]) from None


_OF_A_DATE = {
    "empty": RowProblem.EMPTY,
    "form": RowProblem.FORM,
    "impossible": RowProblem.IMPOSSIBLE,
    "future": RowProblem.AGE,
    "age": RowProblem.AGE,
}


def _read_words(text: str, today: date) -> str:
    return text


def _read_needed_words(text: str, today: date) -> str:
    if not text:
        raise _CellRefused(RowProblem.EMPTY)
    return text


def _read_login(text: str, today: date) -> str:
    """Return the login. An empty cell in a column of logins is a mistake, so no login is
    guessed."""
    login = text.lower()
    if not login:
        raise _CellRefused(RowProblem.EMPTY)
    if not _LOGIN.fullmatch(login):
        raise _CellRefused(RowProblem.FORM)
    return login


def _read_address(text: str, today: date) -> str:
    address = text.lower()
    if not address:
        raise _CellRefused(RowProblem.EMPTY)
    try:
        validate_email(address)
    except ValidationError:
        raise _CellRefused(RowProblem.FORM) from None
    if not address.isascii():
        raise _CellRefused(RowProblem.FORM)
    return address


def _read_domain(text: str, today: date) -> str:
    domain = text.lower().removeprefix("@")
    if domain and not _DOMAIN.fullmatch(domain):
        raise _CellRefused(RowProblem.FORM)
    return domain


def _read_uai(text: str, today: date) -> str:
    """Return the UAI of seven digits and a letter. A spreadsheet may have removed the zero of
    0800001X."""
    uai = text.replace(" ", "").upper()
    if uai and not _UAI.fullmatch(uai):
        raise _CellRefused(RowProblem.FORM)
    return uai.zfill(8) if uai else ""


def _read_school(text: str, today: date) -> str:
    code = text.replace(" ", "").upper()
    return code.zfill(8) if _UAI.fullmatch(code) else text


def _read_active(text: str, today: date) -> bool:
    """Return whether a person is active. Staff on leave still read mail, and an empty cell means
    active."""
    words = _plain(text)
    if not words or words in _ACTIVE or words.startswith("conge"):
        return True
    if words in _INACTIVE:
        return False
    raise _CellRefused(RowProblem.FORM)


_READERS: dict[StaffColumn, Callable[[str, date], object]] = {
    StaffColumn.NUMEN: _read_numen,
    StaffColumn.BORN: _read_birth_date,
    StaffColumn.LAST_NAME: _read_needed_words,
    StaffColumn.FIRST_NAME: _read_words,
    StaffColumn.LOGIN: _read_login,
    StaffColumn.ADDRESS: _read_address,
    StaffColumn.DOMAIN: _read_domain,
    StaffColumn.UAI: _read_uai,
    StaffColumn.SCHOOL: _read_school,
    StaffColumn.SCHOOL_NAME: _read_words,
    StaffColumn.DISCIPLINE: _read_words,
    StaffColumn.FUNCTION: _read_words,
    StaffColumn.ACTIVE: _read_active,
}
