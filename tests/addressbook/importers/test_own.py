"""Files that the product itself made are read back without a loss."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addressbook import importers, vcard
from addressbook.contact_data import ContactData, Email
from addressbook.importers import own
from mail import spreadsheets
from tests.addressbook.any_contact import CONTACT, CONTACTS, TEXT
from tests.examples import up_to

NAMES = st.lists(TEXT.map(lambda text: " ".join(text.split())).filter(bool), unique=True)
LANGUAGES = st.sampled_from(("en", "fr", "fr-ca"))


def table(rows: list[own.OwnRow], language: str = "fr") -> bytes:
    return "".join(spreadsheets.lines(own.table(rows, language))).encode()


@up_to(150)
@given(CONTACT, st.sampled_from(("3.0", "4.0")))
def test_any_contact_comes_back_from_a_card(contact: ContactData, version: str) -> None:
    (got,) = importers.read_address_book(vcard.write(contact, version, own=True).encode()).contacts
    assert got == contact


@up_to(150)
@given(CONTACTS, LANGUAGES)
def test_any_contacts_come_back_from_a_table(contacts: list[ContactData], language: str) -> None:
    reading = importers.read_address_book(
        table([own.OwnRow(contact) for contact in contacts], language)
    )
    assert list(reading.contacts) == contacts
    assert (reading.source, reading.groups) == ("webmail", ())
    assert not (reading.warnings or reading.skipped)
    assert all(column.field for column in reading.columns)


@up_to(60)
@given(NAMES)
def test_names_of_groups_come_back_from_a_table(names: list[str]) -> None:
    ann = ContactData("Ann", categories=("Chorale",), uid="1")
    header, cells = own.table([own.OwnRow(ann, tuple(names))], "fr")
    got = own.read_own_row(dict(zip(own.keys_of(header), cells, strict=True)))
    assert (got.contact, got.groups) == (ann, tuple(names))


@given(st.text(alphabet="'=+-@\t\r\n a", max_size=6))
def test_the_guard_against_formulas_is_undone_exactly(cell: str) -> None:
    guarded = spreadsheets.as_text(cell)
    assert spreadsheets.from_text(guarded) == cell
    assert guarded.lstrip(" ")[:1] not in tuple("=+-@\t\r\n")


def test_categories_stay_categories_and_groups_are_groups() -> None:
    rows = [
        own.OwnRow(ContactData("Ann", categories=("Chorale",), uid="1"), ("4e B", "A; b\\")),
        own.OwnRow(ContactData("Bob", categories=("Chorale",), uid="2"), ("4e B",)),
        own.OwnRow(None, ("4e B",), ("x@y.fr", "z@y.fr")),
        own.OwnRow(None, ("Vide",)),
    ]
    reading = importers.read_address_book(table(rows))
    got = [(group.name, group.members, group.external) for group in reading.groups]
    assert got == [
        ("4e B", (0, 1), ("x@y.fr", "z@y.fr")), ("A; b\\", (0,), ()), ("Vide", (), ())
    ]  # fmt: skip
    assert [contact.categories for contact in reading.contacts] == [("Chorale",)] * 2


def test_own_cards_make_no_groups_of_categories() -> None:
    content = vcard.write(ContactData("Ann", categories=("Starred", "Chorale")), own=True)
    reading = importers.read_address_book(content.encode())
    assert (reading.groups, reading.source) == ((), "webmail")
    assert reading.contacts[0].categories == ("Starred", "Chorale")


def test_a_group_card_of_our_own_says_all_there_is_to_say() -> None:
    """No address of it is looked up among the contacts, and an empty one misses nobody."""
    cards = vcard.write(ContactData("Ann", emails=(Email("a@b.fr"),), uid="1"), own=True)
    cards += vcard.write_group("4e B", "g", ["1"], ["x@y.fr", "a@b.fr"], own=True)
    cards += vcard.write_group("Vide", "h", [], [], own=True)
    reading = importers.read_address_book(cards.encode())
    got = [(group.name, group.members, group.external) for group in reading.groups]
    assert got == [("4e B", (0,), ("x@y.fr", "a@b.fr")), ("Vide", (), ())]
    assert not reading.warnings


def test_the_headers_are_french_for_the_french() -> None:
    ann = own.OwnRow(ContactData("Ann", birthday="--02-28", school="Collège", uid="1"))
    (french, cells) = csv.reader(io.StringIO(table([ann]).decode("utf-8-sig")), delimiter=";")
    got = dict(zip(french, cells, strict=True))
    assert (got["Nom affiché"], got["Établissement"]) == ("Ann", "Collège")
    assert got["Date de naissance"] == "'--02-28"
    english = next(own.table([], "en"))
    assert len(english) == len(french) and "Display Name" in english


@pytest.mark.parametrize(
    ("written", "date"), [("12/05/2009", "2009-05-12"), ("2009-05-12", "2009-05-12"), ("-", "")]
)
def test_a_spreadsheet_may_write_dates_its_own_way(written: str, date: str) -> None:
    text = table([own.OwnRow(ContactData("Ann", birthday="2001-01-01", uid="1"))]).decode()
    (got,) = importers.read_address_book(text.replace("2001-01-01", written).encode()).contacts
    assert got.birthday == date


def test_columns_may_be_moved_left_out_and_added() -> None:
    text = "Prénom;Portable;Identifiant du contact;Nom affiché;Couleur\nAnn;06;1;Ann B;rouge\n"
    reading = importers.read_address_book(text.encode())
    (got,) = reading.contacts
    assert (got.first_name, got.display_name, got.uid) == ("Ann", "Ann B", "1")
    assert [phone.number for phone in got.phones] == ["06"]
    assert [column.field for column in reading.columns if not column.field] == [""]


def test_a_column_may_be_chosen_otherwise() -> None:
    text = table(
        [own.OwnRow(ContactData("Ann", nickname="Nana", job_title="Chef", uid="1"))]
    ).decode()
    header = next(own.table([], "fr"))
    columns = {header.index("Surnom"): "", header.index("Fonction"): "notes"}
    (got,) = importers.read_address_book(text.encode(), columns=columns).contacts
    assert (got.nickname, got.job_title, got.notes) == ("", "", "Chef")


@pytest.mark.parametrize(
    "notes", ["BEGIN:VCARD\nFN:Bob", "dn: cn=Bob", "INSERT INTO turba_objects"]
)
def test_what_a_cell_says_makes_no_other_format_of_a_table(notes: str) -> None:
    contact = ContactData("Ann", notes=notes, uid="1")
    assert importers.read_address_book(table([own.OwnRow(contact)])).contacts == (contact,)


def test_a_long_note_comes_back() -> None:
    contact = ContactData("Ann", notes='a "b";;\n"c"\n' * 20_000 + "c", uid="1")
    assert importers.read_address_book(table([own.OwnRow(contact)])).contacts == (contact,)
