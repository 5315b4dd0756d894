"""Workbooks as address books and lists of pupils: dates, sheets, and what is made to deceive."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from addressbook import importers
from addressbook.importers import workbooks
from tests.mail.previews import samples

HEAD = ["Nom élève", "Prénom élève", "Né(e) le", "Classe", "Nom resp.", "Email resp."]


def pupil(name: str, born: Any, **more: Any) -> list[Any]:
    return [name, "Léa", born, more.get("of_class", "6e C"), "Martin", "p@x.example"]


def test_dates_are_read_as_cells_as_numbers_and_as_texts() -> None:
    born = date(2014, 5, 12)
    rows = [HEAD, pupil("A", born), pupil("B", 41771), pupil("C", "12/05/2014")]
    rows.append(pupil("D", datetime(2014, 5, 12)))
    reading = importers.read_address_book(samples.xlsx({"Feuille1": rows}))
    assert (reading.format, reading.source) == ("xlsx", "school")
    days = [
        one.birthday
        for one, role in zip(reading.contacts, reading.roles, strict=True)
        if role == "pupil"
    ]
    assert days == ["2014-05-12"] * 4


def test_titles_above_the_header_tell_class_and_year() -> None:
    rows = [["Classe : 4e B"], ["Année scolaire 2026-2027"], [], [HEAD[0], HEAD[1], *HEAD[4:]]]
    rows.append(["MARTIN", "Léa", "Martin", "p@x.example"])
    (group,) = importers.read_address_book(samples.xlsx({"Liste": rows})).groups
    assert (group.name, group.is_class, group.school_year) == ("4e B", True, 2026)


def test_a_plain_address_book_may_be_a_workbook() -> None:
    rows = [["Nom", "Prénom", "Mail"], ["Martin", "Claire", "c@x.example"]]
    reading = importers.read_address_book(samples.xlsx({"a": rows, "vide": []}))
    assert [one.display_name for one in reading.contacts] == ["Claire Martin"]
    assert reading.roles == ()


def test_other_columns_are_chosen_for_a_workbook_too() -> None:
    rows = [["Nom", "Prénom", "Truc"], ["Martin", "Claire", "c@x.example"]]
    content = samples.xlsx({"a": rows})
    reading = importers.read_address_book(content, columns={2: "notes"})
    assert reading.contacts[0].notes == "c@x.example"


def test_a_workbook_of_libreoffice_is_read() -> None:
    body = (
        '<table:table table:name="a">'
        "<table:table-row><table:table-cell><text:p>Nom</text:p></table:table-cell>"
        "<table:table-cell><text:p>Mail</text:p></table:table-cell></table:table-row>"
        "<table:table-row><table:table-cell><text:p>Martin</text:p></table:table-cell>"
        "<table:table-cell><text:p>m@x.example</text:p></table:table-cell></table:table-row>"
        "</table:table>"
    )
    reading = importers.read_address_book(samples.open_document("spreadsheet", body))
    assert (reading.format, [one.display_name for one in reading.contacts]) == ("ods", ["Martin"])


def test_a_sheet_with_more_rows_than_are_read_refuses_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
    rows = [HEAD, *(pupil(str(n), "") for n in range(5))]
    assert (
        importers.read_address_book(samples.xlsx({"a": rows})).reject_code == "workbook_too_large"
    )


def test_a_row_that_is_wider_than_what_is_read_refuses_the_file() -> None:
    rows = [HEAD, [*pupil("A", ""), *("x" for _ in range(120))]]
    assert (
        importers.read_address_book(samples.xlsx({"a": rows})).reject_code == "workbook_too_large"
    )


def test_a_bomb_is_refused_in_little_time() -> None:
    parts = samples.archive_members(samples.xlsx({"a": [HEAD, pupil("A", "")]}))
    sheet = next(name for name in parts if name.endswith("sheet1.xml"))
    parts[sheet] = parts[sheet].replace(b"</sheetData>", b"<row/>" * 9_000_000 + b"</sheetData>")
    assert importers.read_address_book(samples.archive(dict(parts))).reject_code in (
        *("workbook_too_large", "bad_workbook"),
    )


@pytest.mark.parametrize("end", [30, 200, 1_000, -40])
def test_a_workbook_that_was_cut_is_refused(end: int) -> None:
    content = samples.xlsx({"a": [HEAD, pupil("A", "")]})[:end]
    assert importers.read_address_book(content).reject_code in ("bad_zip", "bad_workbook")


def test_a_formula_is_its_last_value_or_nothing() -> None:
    rows = [HEAD, ["=1+1", "Léa", "", "6e C", "=HYPERLINK(1)", "p@x.example"]]
    for contact in importers.read_address_book(samples.xlsx({"a": rows})).contacts:
        assert "=" not in contact.display_name
