"""The forms that a staff file may have, and what is said of one that is none."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date

import pytest

from accounts.staff import file as staff_file
from accounts.staff import terms as staff_terms
from accounts.staff.file import FileRefused, StaffFile, StaffRow
from accounts.staff.terms import RowProblem, StaffColumn, StaffImportFailure

TODAY = date(2026, 11, 25)
HEADINGS = "NUMEN;Nom;Prénom;Date de naissance;Identifiant;Adresse"
ROW = "20E0500001AAA;Lefèvre;Noël;12/05/1980;nlefevre;noel.lefevre@ac-exemple.fr"


def opened(content: bytes) -> StaffFile:
    return staff_file.open_file(lambda: io.BytesIO(content))


def rows(content: bytes | str) -> list[StaffRow]:
    raw = content.encode() if isinstance(content, str) else content
    return list(opened(raw).rows(TODAY))


def only(content: bytes | str) -> staff_file.StaffMember:
    (row,) = rows(content)
    assert row.person, row.refusals
    return row.person


def problems(row: str, headings: str = HEADINGS) -> set[tuple[StaffColumn | None, RowProblem]]:
    (row_read,) = rows(f"{headings}\n{row}\n")
    assert (row_read.person is None) == bool(row_read.refusals)
    return {(refusal.column, refusal.problem) for refusal in row_read.refusals}


def failure(content: bytes | str) -> StaffImportFailure:
    with pytest.raises(FileRefused) as refused:
        rows(content)
    return refused.value.failure


def with_cells(**cells: str) -> str:
    """The row above with other cells, by heading as a word."""
    names = ["numen", "nom", "prenom", "naissance", "identifiant", "adresse"]
    values = dict(zip(names, ROW.split(";"), strict=True)) | cells
    return ";".join(values[name] for name in names)


def test_a_row_is_read() -> None:
    person = only(f"{HEADINGS}\n{ROW}\n")
    assert person == staff_file.StaffMember(
        "20E0500001AAA",
        date(1980, 5, 12),
        "Lefèvre",
        "Noël",
        "nlefevre",
        "noel.lefevre@ac-exemple.fr",
    )


@pytest.mark.parametrize("mark", [";", ",", "\t", "|"])
def test_the_delimiter_is_found(mark: str) -> None:
    assert only(f"{HEADINGS}\n{ROW}\n".replace(";", mark)).last_name == "Lefèvre"


def test_a_delimiter_inside_quotation_marks_is_text() -> None:
    headings = (
        HEADINGS.replace(";", ",") + ',"Fonction; ou, corps; ou, grade; ou, ; rang",Discipline'
    )
    row = ROW.replace(";", ",") + ',x,"Lettres, latin; grec"'
    assert only(f"{headings}\n{row}\n").discipline == "Lettres, latin; grec"


def test_excels_line_about_the_delimiter_is_heeded_and_no_row() -> None:
    (row,) = rows(f"sep=;\r\n{HEADINGS}\r\n{ROW}\r\n")
    assert row.person
    assert row.line == 3


@pytest.mark.parametrize(
    "charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
)
def test_the_charset_is_found(charset: str) -> None:
    person = only(f"{HEADINGS}\r\n{ROW}\r\n".encode(charset))
    assert (person.last_name, person.first_name) == ("Lefèvre", "Noël")


def test_windows_quotation_marks_are_read() -> None:
    row = with_cells(nom="D’Œuvre")
    assert only(f"{HEADINGS}\n{row}\n".encode("cp1252")).last_name == "D’Œuvre"


def test_a_charset_of_old_macintoshs_is_named() -> None:
    content = "\n".join([HEADINGS, *[ROW] * 5]).encode("mac_roman")
    assert failure(content) is StaffImportFailure.MACINTOSH


def test_bytes_that_are_no_text_in_the_charset_they_claim_are_refused() -> None:
    content = b"\xef\xbb\xbf" + f"{HEADINGS}\n{ROW}\n".encode("cp1252")
    assert failure(content) is StaffImportFailure.CHARSET


def test_a_letter_that_the_charset_leaves_open_is_refused_in_its_row_alone() -> None:
    content = f"{HEADINGS}\n{ROW}\n".encode("cp1252") + with_cells(nom="Mar\x81tin").encode(
        "latin-1"
    )
    first, second = rows(content)
    assert first.person
    assert second.refusals[0].problem is RowProblem.CHARACTER


@pytest.mark.parametrize(
    "headings",
    [
        "ADRESSE;identifiant;DATE DE NAISSANCE;prenom;nom;numen",
        "Mél;Login;Né(e) le;Prénom usuel;Nom d’usage;N° NUMEN",
        "courriel;uid;date_naissance;PRENOM(S);Nom de famille;Numéro NUMEN",
        " E-mail ; Compte ;Date naissance; First name ; Last name ;Code NUMEN",
    ],
)
def test_headings_are_known_in_any_order_case_and_accents(headings: str) -> None:
    row = ";".join(reversed(with_cells().split(";")))
    cells = row.split(";")  # adresse;identifiant;naissance;prenom;nom;numen
    person = only(f"{headings}\n{';'.join(cells)}\n")
    assert (person.login, person.first_name, person.last_name) == ("nlefevre", "Noël", "Lefèvre")


def test_the_name_in_use_counts_before_the_name_at_birth() -> None:
    assert only(f"{HEADINGS};Nom d’usage\n{ROW};Moreau\n").last_name == "Moreau"


def test_headings_that_mean_nothing_here_are_told() -> None:
    file = opened(f"{HEADINGS};Échelon;Grade\n{ROW};7;Certifié\n".encode())
    assert file.ignored == ("Échelon",)


def test_missing_columns_are_named() -> None:
    with pytest.raises(FileRefused) as refused:
        rows("NUMEN;Nom\nx;y\n")
    assert refused.value.failure is StaffImportFailure.HEADINGS
    assert refused.value.missing == (StaffColumn.BORN, StaffColumn.ADDRESS)


def test_two_columns_of_one_heading_are_refused() -> None:
    assert failure(f"{HEADINGS};nom\n{ROW};x\n") is StaffImportFailure.AMBIGUOUS


@pytest.mark.parametrize(
    ("extra", "cells", "school"),
    [
        ("UAI;Nom de l’établissement", "0800001X;Collège A", ("0800001X", "Collège A")),
        ("Code RNE;Établissement", "0800001x;Collège A", ("0800001X", "Collège A")),
        ("Établissement;Libellé établissement", "0800001X;Collège A", ("0800001X", "Collège A")),
        ("Établissement", "0800001X", ("0800001X", "")),
        ("Établissement", "Collège A", ("", "Collège A")),
        ("UAI", "800001X", ("0800001X", "")),
        ("UAI", "", ("", "")),
    ],
)
def test_the_school_is_a_code_or_a_name(extra: str, cells: str, school: tuple[str, str]) -> None:
    person = only(f"{HEADINGS};{extra}\n{ROW};{cells}\n")
    assert (person.school_uai, person.school_name) == school


@pytest.mark.parametrize(
    ("word", "is_active"),
    [
        ("oui", True),
        ("", True),
        ("En activité", True),
        ("Congé de longue maladie", True),
        ("NON", False),
        ("0", False),
        ("Retraitée", False),
        ("Détachement", False),
    ],
)
def test_who_is_active_is_said_in_many_words(word: str, is_active: bool) -> None:
    assert only(f"{HEADINGS};Position\n{ROW};{word}\n").is_active is is_active


@pytest.mark.parametrize("born", ["12.5.80", "1980-05-12", "12 mai 1980", "12/05/1980 00:00:00"])
def test_dates_are_read_as_people_and_databases_write_them(born: str) -> None:
    assert only(f"{HEADINGS}\n{with_cells(naissance=born)}\n").born == date(1980, 5, 12)


@pytest.mark.parametrize(
    ("cell", "value", "column", "problem"),
    [
        ("numen", "", StaffColumn.NUMEN, RowProblem.EMPTY),
        ("numen", "20E0500001AA", StaffColumn.NUMEN, RowProblem.NUMEN),
        ("numen", "20Е0500001AAA", StaffColumn.NUMEN, RowProblem.NUMEN),  # a Cyrillic letter  # noqa: RUF001
        ("naissance", "31/02/1980", StaffColumn.BORN, RowProblem.IMPOSSIBLE),
        ("naissance", "12/05/2030", StaffColumn.BORN, RowProblem.AGE),
        ("naissance", "12/05/1850", StaffColumn.BORN, RowProblem.AGE),
        ("naissance", "29353", StaffColumn.BORN, RowProblem.FORM),
        ("nom", "", StaffColumn.LAST_NAME, RowProblem.EMPTY),
        ("nom", "=HYPERLINK(x)", StaffColumn.LAST_NAME, RowProblem.FORMULA),
        ("prenom", "@SUM(A1)", StaffColumn.FIRST_NAME, RowProblem.FORMULA),
        ("prenom", "+33", StaffColumn.FIRST_NAME, RowProblem.FORMULA),
        ("nom", "x" * 10_000, StaffColumn.LAST_NAME, RowProblem.TOO_LONG),
        ("nom", "Mar\0tin", StaffColumn.LAST_NAME, RowProblem.CHARACTER),
        ("nom", "Mar\u202etin", StaffColumn.LAST_NAME, RowProblem.CHARACTER),
        ("identifiant", "", StaffColumn.LOGIN, RowProblem.EMPTY),
        ("identifiant", "deux mots", StaffColumn.LOGIN, RowProblem.FORM),
        ("adresse", "", StaffColumn.ADDRESS, RowProblem.EMPTY),
        ("adresse", "noel.lefevre", StaffColumn.ADDRESS, RowProblem.FORM),
        ("adresse", "noël@ac-exemple.fr", StaffColumn.ADDRESS, RowProblem.FORM),
    ],
)
def test_a_cell_that_is_wrong_is_named_with_why(
    cell: str, value: str, column: StaffColumn, problem: RowProblem
) -> None:
    assert problems(with_cells(**{cell: value})) == {(column, problem)}


def test_all_that_is_wrong_in_a_row_is_told_at_once() -> None:
    row = with_cells(numen="x", naissance="31/02/1980", nom="")
    assert {column for column, _problem in problems(row)} == {
        StaffColumn.NUMEN,
        StaffColumn.BORN,
        StaffColumn.LAST_NAME,
    }


def test_a_refused_row_still_tells_whom_it_names_but_shows_nobody() -> None:
    (row,) = rows(f"{HEADINGS}\n{with_cells(naissance='31/02/1980')}\n")
    assert row.numen == "20E0500001AAA"
    assert row.address == "noel.lefevre@ac-exemple.fr"
    assert "20E0500001AAA" not in repr(row)


def test_a_person_does_not_show_numen_and_date_of_birth_in_traces() -> None:
    words = repr(only(f"{HEADINGS}\n{ROW}\n"))
    assert "20E0500001AAA" not in words
    assert "1980" not in words


def test_a_dash_stands_for_nothing() -> None:
    assert only(f"{HEADINGS}\n{with_cells(prenom='-')}\n").first_name == ""


def test_cells_beyond_the_headings_refuse_the_row_unless_empty() -> None:
    assert only(f"{HEADINGS}\n{ROW};;\n")
    assert problems(f"{ROW};x") == {(None, RowProblem.TOO_MANY_CELLS)}


def test_cells_that_are_missing_count_as_empty() -> None:
    assert problems("20E0500001AAA;Lefèvre") == {
        (StaffColumn.BORN, RowProblem.EMPTY),
        (StaffColumn.LOGIN, RowProblem.EMPTY),
        (StaffColumn.ADDRESS, RowProblem.EMPTY),
    }


def test_lines_are_numbered_as_an_editor_numbers_them() -> None:
    several = with_cells(prenom='"Noël\nMarie"')
    read = rows(f"{HEADINGS}\n\n{several}\n;;;;;\n{ROW}\n")
    assert [row.line for row in read] == [3, 6]
    assert read[0].person
    assert read[0].person.first_name == "Noël Marie"


def test_lines_that_end_as_on_old_macintoshs_are_lines() -> None:
    assert len(rows(f"{HEADINGS}\r{ROW}\r{ROW}\r")) == 2


def zipped(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", StaffImportFailure.EMPTY),
        (b"\n \r\n", StaffImportFailure.EMPTY),
        (b"\xef\xbb\xbf", StaffImportFailure.EMPTY),
        (b"sep=;\n\n", StaffImportFailure.EMPTY),
        (b"\n" * 10_000 + f"{HEADINGS}\n{ROW}\n".encode(), StaffImportFailure.EMPTY),
        (HEADINGS.encode(), StaffImportFailure.NO_ROWS),
        (zipped("xl/workbook.xml"), StaffImportFailure.SPREADSHEET),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, StaffImportFailure.SPREADSHEET),
        (b"%PDF-1.7\n", StaffImportFailure.NOT_TEXT),
        (b"\r\n<!DOCTYPE html><html>", StaffImportFailure.WEB_PAGE),
        (b"\0" * 10_000, StaffImportFailure.HEADINGS),
        (";".join(f"c{n}" for n in range(1_000_000)).encode(), StaffImportFailure.TOO_MANY_COLUMNS),
        (";".join(f"c{n}" for n in range(500)).encode(), StaffImportFailure.TOO_MANY_COLUMNS),
        (f"{HEADINGS}\n{ROW}\n".encode() + b"x;" * 1_000_000, StaffImportFailure.LONG_LINE),
        (
            f'{HEADINGS}\n"{ROW}\n'.encode() + f"{ROW}\n".encode() * 5000,
            StaffImportFailure.LONG_LINE,
        ),
    ],
    ids=lambda value: str(value)[:12] if isinstance(value, StaffImportFailure) else "",
)
def test_a_file_that_is_no_staff_file_is_refused_in_words(
    content: bytes, expected: StaffImportFailure
) -> None:
    reason = failure(content)
    assert reason is expected
    assert str(reason.label)


def test_a_long_cell_is_refused_whatever_else_this_process_has_read() -> None:
    content = f'{HEADINGS}\n"{ROW}\n'.encode() + f"{ROW}\n".encode() * 5000
    before = csv.field_size_limit(1_000_000)  # as an old address book's import leaves it
    try:
        assert failure(content) is StaffImportFailure.LONG_LINE
    finally:
        csv.field_size_limit(before)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(staff_file, "LARGEST", 300_000)
    content = "\n".join([HEADINGS, *[ROW] * 10_000]).encode()
    assert failure(content) is StaffImportFailure.TOO_LARGE


def test_no_heading_stands_for_two_columns() -> None:
    written = [heading for headings in staff_terms.HEADINGS.values() for heading in headings]
    plain = [staff_file._plain(heading) for heading in written]
    assert len(plain) == len(set(plain))
