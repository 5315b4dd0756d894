"""Rows of delimited text, whatever their program made of quotes."""

from __future__ import annotations

import pytest

from addressbook.importers import horde, rows

CELLS = [("one", "two", "three"), ("four", 'five"six', 'seven\n"eight"')]


@pytest.mark.parametrize(
    ("text", "escape"),
    [
        ('"one","two","three"\n"four","five""six","seven\n""eight"""\n', "doubled"),
        ('"one","two","three"\n"four","five\\"six","seven\n\\"eight\\""\n', "backslash"),
        ('"one","two","three"\n"four","five"six","seven\n"eight""\n', "none"),
    ],
)
def test_a_quote_in_a_cell_is_written_in_three_ways(text: str, escape: str) -> None:
    read = rows.split_rows(text, raw_tabs=horde.is_header)
    assert ([row.cells for row in read.rows], read.quote_escape) == (CELLS, escape)


def test_a_backslash_before_the_closing_quote_is_one() -> None:
    text = '"a","b","c"\n"C:\\dir\\","dit \\"oui\\"","x"\n'
    read = rows.split_rows(text, raw_tabs=horde.is_header)
    assert read.rows[1].cells == ("C:\\dir\\", 'dit "oui"', "x")


def test_one_broken_row_leaves_the_others_as_they_are() -> None:
    text = 'a,b,c\n1,"x, ""y""",3\n4,"z" z,6\n7,8,9\n'
    read = rows.split_rows(text, raw_tabs=horde.is_header)
    assert read.rows[1].cells == ("1", 'x, "y"', "3")
    assert read.rows[3].cells == ("7", "8", "9")


def test_a_record_of_tabs_goes_on_until_its_columns_are_there() -> None:
    text = (
        "firstname\tlastname\thomePhone\tworkPhone\nA\tx\ny\t1\t2\nB\tb\t3\tfin\nde B\nC\tc\t\t\n"
    )
    read = rows.split_rows(text, raw_tabs=horde.is_header)
    assert [row.cells for row in read.rows[1:]] == [
        ("A", "x\ny", "1", "2"),
        ("B", "b", "3", "fin\nde B"),
        ("C", "c", "", ""),
    ]
    assert [row.line for row in read.rows] == [1, 2, 4, 6]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_gives_the_header_most_columns(delimiter: str) -> None:
    header = delimiter.join(('"Nom, prénom; ou | nom"', "Mail", "Notes"))
    assert rows.delimiter_of(header) == delimiter


def test_a_line_that_names_the_delimiter_is_believed() -> None:
    read = rows.split_rows("sep=;\nNom, prénom;Mail\nA;a@x.fr\n", raw_tabs=horde.is_header)
    assert (read.delimiter, read.rows[0].line) == (";", 2)


@pytest.mark.parametrize("cell", ['="0612131415"', '"=""0612131415"""'])
def test_a_text_that_was_kept_from_being_a_number_is_that_text(cell: str) -> None:
    read = rows.split_rows(f'Nom;Portable\n"Zoé";{cell}\n', raw_tabs=horde.is_header)
    assert [row.cells for row in read.rows] == [("Nom", "Portable"), ("Zoé", "0612131415")]


def test_a_formula_stays_as_it_is() -> None:
    read = rows.split_rows('Nom;Mail\n="a"&"b";z@x.fr\n', raw_tabs=horde.is_header)
    assert read.rows[1].cells == ('="a"&"b"', "z@x.fr")
