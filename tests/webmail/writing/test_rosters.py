"""Files with a row for each recipient of a message to each: read, refused, kept with the draft."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from tests.mail.previews import samples
from tests.waiting import cheap
from webmail.models import DraftRoster
from webmail.writing import drafts, fields, recipients, roster_reading, rosters
from webmail.writing.content import Content
from webmail.writing.roster_reading import Roster

CSV = "Courriel;Prénom;Classe;Note de l’élève\nzoe@x.example;Zoé;6e B;15\nluc@x.example;Luc;;12,5\n"


def read(text: str | bytes) -> Roster:
    return roster_reading.read(text.encode() if isinstance(text, str) else text)


def faults(roster: Roster) -> list[tuple[int, str]]:
    return [(fault.line, fault.kind) for fault in roster.faults]


def test_the_column_of_addresses_is_found_and_the_others_are_fields() -> None:
    found = read(CSV)
    assert found.address_column == "Courriel"
    assert found.columns == ("Courriel", "Prénom", "Classe", "Note de l’élève")
    assert found.keys == ("address", "first", "classe", "notedeleleve")
    assert [(row.line, row.address, row.cells[1:]) for row in found.rows] == [
        (2, "zoe@x.example", ("Zoé", "6e B", "15")),
        (3, "luc@x.example", ("Luc", "", "12,5")),
    ]
    assert not found.faults


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_table_of_any_spreadsheet_is_read(charset: str, delimiter: str) -> None:
    text = CSV.replace("12,5", "12.5").replace(";", delimiter)
    assert read(text.encode(charset)) == read(CSV.replace("12,5", "12.5"))


@pytest.mark.parametrize("make", [lambda rows: samples.xlsx({"Liste": rows}), samples.calc])
def test_a_workbook_is_read(make: Callable[[Any], bytes]) -> None:
    rows = (("Parents de 6e B",), ("Élève", "Adresse"), ("Zoé", "zoe@x.example"), ("Luc", ""))
    found = read(make((rows[0] + ("",), *rows[1:])))
    assert found.columns == ("Élève", "Adresse")
    assert [row.cells for row in found.rows] == [("Zoé", "zoe@x.example")]
    assert faults(found) == [(4, "no_address")]


def test_a_table_without_names_has_letters() -> None:
    found = read("Zoé,zoe@x.example\nLuc,luc@x.example\n")
    assert (found.columns, found.address_column) == (("A", "B"), "B")
    assert [row.line for row in found.rows] == [1, 2]


def test_columns_of_one_name_are_told_apart() -> None:
    assert read("mail,Note,note\na@x.example,1,2\n").columns == ("mail", "Note", "note 2")


def test_a_title_above_and_a_person_without_an_address_are_no_names() -> None:
    found = read("Liste 6e B\nNom;Mail\nZoé;\nLuc;luc@x.example\n")
    assert found.columns == ("Nom", "Mail")
    assert faults(found) == [(3, "no_address")]


def test_what_is_no_address_is_named_by_its_line() -> None:
    found = read(
        "mail;nom\nzoe@x.example;A\nluc@x;B\nnobody;C\n;D\nZOE@X.example;E\n"
        "p@x.example, m@x.example;F\n"
    )
    assert [row.address for row in found.rows] == ["zoe@x.example", "p@x.example", "m@x.example"]
    assert faults(found) == [
        (3, "bad_address"),
        (4, "bad_address"),
        (5, "no_address"),
        (6, "twice"),
    ]
    with_words = [fault.words for fault in found.faults]
    assert with_words == ["luc@x", "nobody", "", "ZOE@X.example"]


@pytest.mark.parametrize("cell", ["=SUM(A1:A3)", "=A1&B1", "#REF!", "#N/D", "Err:502"])
def test_a_formula_and_its_error_are_no_value(cell: str) -> None:
    found = read(f"mail;Note\nzoe@x.example;{cell}\n")
    assert found.rows[0].cells == ("zoe@x.example", "")
    assert faults(found) == [(2, "formula")] and found.faults[0].words == "Note"


def test_what_only_begins_with_a_sign_is_a_value() -> None:
    found = read("mail;Tel\nzoe@x.example;+33 6 12\nluc@x.example;= 3\n")
    assert [row.cells[1] for row in found.rows] == ["+33 6 12", "= 3"]
    assert not found.faults


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "no_table"),
        (b"%PDF-1.7 zoe@x.example", "no_table"),
        (b"\xd0\xcf\x11\xe0" + bytes(500), "no_table"),
        (b"PK\x03\x04" + bytes(100), "no_table"),
        (b"nom;classe\nZo\xe9;6e B\n", "no_addresses"),
        (b"mail\nnobody@nowhere\n", "no_addresses"),
        (b"a@x.example;" * 51 + b"\n", "too_many_columns"),
        (b"mail\n" + b"".join(b"p%d@x.example\n" % n for n in range(1_901)), "too_many_rows"),
        (b"mail\n" + b"zoe@x.example\n" * 800_000, "too_large"),
    ],
    ids=["empty", "pdf", "xls", "zip", "names", "bad", "wide", "long", "10 MB"],
)
def test_what_is_of_no_use_is_refused(content: bytes, refusal: str) -> None:
    assert read(content).refusal == refusal


@given(st.binary(max_size=400))
def test_no_bytes_are_too_much(content: bytes) -> None:
    assert isinstance(read(content), Roster)


@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=6), max_size=8))
def test_each_row_has_a_cell_for_each_column(table: list[list[str]]) -> None:
    text = "mail;" + "\n".join(";".join(row) for row in [["x"], *table]) + "\nzoe@x.example;1"
    found = read(text)
    assert all(len(row.cells) == len(found.columns) for row in found.rows)
    assert len(set(found.keys)) == len(found.keys)


# --- kept ---


@pytest.mark.django_db
def test_a_list_is_kept_sealed_with_its_draft(claire: User) -> None:
    draft = drafts.begin(claire, uuid.uuid4())
    assert rosters.of(draft) is None
    rosters.keep(claire, draft, "C:\\Liste 6e B.csv", CSV.encode())
    kept = rosters.of(draft)
    assert kept and kept.roster == read(CSV)
    assert kept.group == "Liste 6e B: zoe@x.example, luc@x.example;"
    row = DraftRoster.objects.get()
    assert row.rows == 2 and b"zoe" not in bytes(row.sealed)
    rosters.keep(claire, draft, "autre.csv", b"mail\nbob@x.example\n")
    assert [row.address for row in rosters.of(draft).roster.rows] == ["bob@x.example"]  # type: ignore[union-attr]
    assert rosters.of(draft).group == "bob@x.example"  # type: ignore[union-attr]
    draft.delete()
    assert not DraftRoster.objects.exists()


@pytest.mark.django_db
def test_a_file_that_is_refused_leaves_the_former_list(claire: User) -> None:
    draft = drafts.begin(claire, uuid.uuid4())
    rosters.keep(claire, draft, "liste.csv", CSV.encode())
    for content in (b"", b"nom\nZo\xc3\xa9\n", b"a" * 10_000_000):
        refused = rosters.keep(claire, draft, "autre.csv", content)
        assert rosters.refusal_words(refused.roster)
    kept = rosters.of(draft)
    assert kept and kept.name == "liste.csv"


# --- fields ---


@pytest.mark.django_db
def test_a_row_says_more_than_the_contact_and_less_where_it_is_empty(claire: User) -> None:
    text = "Bonjour {Prénom} {nom}, {classe}, {note de l'élève}, {ville}, {autre}"
    content = Content(
        to="Luc ROY <luc@x.example>, zoe@x.example, bob@x.example", text=text, is_html=False
    )
    found = recipients.review(claire, content, with_names=True, roster=read(CSV))
    assert list(found.placeholders) == ["first", "last", "classe", "notedeleleve", "city"]
    luc, zoe, bob = found.members
    assert recipients.each(content, zoe).text == "Bonjour Zoé, 6e B, 15,, {autre}"
    assert (
        recipients.each(content, luc, {"classe": "?"}).text == "Bonjour Luc ROY, ?, 12,5,, {autre}"
    )
    assert [one.address for one in found.lacking("classe")] == ["luc@x.example", "bob@x.example"]
    assert bob.values["notedeleleve"] == ""


@pytest.mark.parametrize("text", ["{", "{" * 5000, "{ " * 5000, "{a" * 5000, "&nbsp;{" * 2000])
def test_braces_that_never_close_are_left(text: str) -> None:
    assert fields.filled(text, {"a": "b"}) == text


@pytest.mark.parametrize(
    "text",
    ['a;"b\n' * 100_000, "Adresse\n" + '"b;\n' * 2_000 + '"x"y;' * 300_000, "a@b.fr;x\n" * 200_000],
    ids=["quotes", "long", "rows"],
)
def test_a_list_of_many_rows_or_open_quotes_is_refused_at_once(text: str) -> None:
    with cheap(0.6):
        assert read(text).refusal in {"too_many_rows", "too_many_columns"}


def test_empty_rows_do_not_count() -> None:
    found = read("Adresse;Nom\nzoe@x.example;Zoé\n" + ";\n" * 90_000)
    assert [row.address for row in found.rows] == ["zoe@x.example"]
