"""The demo's old address books: what the import makes of each."""

from __future__ import annotations

import zipfile
from pathlib import Path

from addressbook import importers
from demo import address_books
from demo.mail.files import DATA
from webmail.writing import matching, roster_reading


def test_each_is_recognised_by_its_content(tmp_path: Path) -> None:
    address_books.write(tmp_path)
    read = {
        path.name: importers.read_address_book(path.read_bytes()) for path in tmp_path.iterdir()
    }
    recognised = {
        name: (reading.source, reading.format, len(reading.contacts))
        for name, reading in read.items()
    }
    assert recognised == {
        "horde.csv": ("horde", "csv", 303),
        "sun.ldif": ("sun", "ldif", 50),
        "classe-6eC.csv": ("other", "csv", 25),
        "pronote-5eC.csv": ("school", "csv", 13),
    }


def test_the_one_of_horde_has_a_note_of_two_lines_and_a_row_that_is_refused() -> None:
    read = importers.read_address_book(address_books.horde())
    assert read.contacts[-1].notes == 'Père de Maël : "plutôt le soir"\nNe pas appeler le mercredi.'
    assert [row.reason for row in read.skipped] == ["nothing_to_keep"]
    assert read.groups[0].name == "6e C"


def test_the_one_of_sun_has_two_groups_with_everybody_in_one() -> None:
    read = importers.read_address_book(address_books.sun())
    assert [(group.name, len(group.members)) for group in read.groups] == [
        ("Conseil pédagogique", 25),
        ("Échange avec Hillbrook", 25),
    ]


def test_the_class_list_has_a_column_that_must_be_explained() -> None:
    read = importers.read_address_book(address_books.pupils())
    assert (read.charset, read.groups[0].name) == ("windows-1252", "6e C")
    assert [column.header for column in read.columns if not column.field] == ["Divers"]


def test_all_bulletins_but_one_are_matched_with_their_families() -> None:
    folder = DATA / "bulletins"
    found = roster_reading.read((folder / "familles-6eC.csv").read_bytes())
    with zipfile.ZipFile(folder / "bulletins-6eC.zip") as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist()]
    people = [
        matching.DocumentOwner(row.address, last=row.cells[0], first=row.cells[1])
        for row in found.rows
    ]
    result = matching.match(dict(zip(names, names, strict=True)), people)
    assert len(result.given) == 24 and result.unmatched == ("scan_0417.pdf",)
    assert len(result.lacking) == 1
