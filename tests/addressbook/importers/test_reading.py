"""Dates, duplicates, headers and members, and the reader with any bytes at all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addressbook import importers
from addressbook.contact_data import ContactData, Email
from addressbook.importers import dates, headers, turba
from addressbook.importers.describe import describe
from tests.examples import up_to


def person(name: str, *addresses: str, owner: str = "") -> ContactData:
    emails = tuple(Email(address) for address in addresses)
    return ContactData(display_name=name, emails=emails, owner=owner)


def test_the_same_address_and_name_are_one_person() -> None:
    people = [
        person("Zoé Ménard", "zoe@x.fr"),
        person("Mme MENARD Zoe", "ZOE@x.fr"),
        person("Z. Ménard", "zoe@x.fr"),
        person("zoe@x.fr", "zoe@x.fr"),
    ]
    assert importers.duplicate_sets(people) == ((0, 1, 2, 3),)


def test_two_parents_who_share_an_address_are_two_people() -> None:
    people = [person("Paul Martin", "m@x.fr"), person("Claire Martin", "m@x.fr")]
    assert importers.duplicate_sets(people) == ()


def test_a_short_name_never_joins_two_people() -> None:
    people = [
        person("Paul Martin", "m@x.fr"),
        person("Claire Martin", "m@x.fr"),
        person("Martin", "m@x.fr"),
    ]
    assert all(not {0, 1} <= set(indexes) for indexes in importers.duplicate_sets(people))


def test_homonyms_and_other_peoples_contacts_are_no_duplicates() -> None:
    people = [
        person("Paul Martin", "a@x.fr"),
        person("Paul Martin", "b@x.fr"),
        person("Paul Martin", "a@x.fr", owner="autre"),
    ]
    assert importers.duplicate_sets(people) == ()


def test_thousands_behind_one_address_are_compared_in_time() -> None:
    people = [person(f"Personne {number}", "accueil@x.fr") for number in range(20_000)]
    assert importers.duplicate_sets(people) == ()


def test_a_contact_kept_a_thousand_times_is_one() -> None:
    assert importers.duplicate_sets([person("Paul Martin", "p@x.fr")] * 20_000) == (
        tuple(range(20_000)),
    )


def test_a_part_over_12_decides_for_the_file() -> None:
    assert not dates.day_first(["3/4/1975", "4/13/1975"], assumed=True)
    assert dates.day_first(["3/4/1975", "13/4/1975"], assumed=False)
    assert dates.day_first(["3/4/1975"], assumed=True)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("14/07/1975", "1975-07-14"),
        ("7/14/1975", "1975-07-14"),
        ("14.7.75", "1975-07-14"),
        ("1er janvier 1980", "1980-01-01"),
        ("July 14, 1975", "1975-07-14"),
        ("14 août", "--08-14"),
        ("14/07", "--07-14"),
        ("29/02/1981", ""),
        ("demain", ""),
    ],
)
def test_a_date_is_read_as_people_write_it(text: str, date: str) -> None:
    assert dates.read_date(text) == date


@pytest.mark.parametrize("text", ["0/0/00", "00/00/0000", "0000-00-00", "-", ""])
def test_no_date_is_written_in_many_ways(text: str) -> None:
    assert dates.is_none(text)


def test_a_title_is_a_civility_or_a_function_by_what_stands_beside() -> None:
    for header, place, field in (
        ("Title,First Name,Last Name,Job Title", 0, "prefix"),
        ("Title,First Name,Last Name", 0, "prefix"),
        ("First Name,Last Name,Title,Company", 2, "job_title"),
        ("namePrefix,firstname,title", 2, "job_title"),
    ):
        assert headers.fields_of(header.split(","))[place] == field


def test_members_are_counted_in_bytes() -> None:
    assert turba.members_of('a:2:{i:0;s:4:"Zoé";i:1;s:2:"ab";}') == ("Zoé", "ab")


def test_columns_that_were_chosen_replace_those_that_were_guessed() -> None:
    content = "Identité;Contact\nPaul Martin;p@x.fr\n".encode()
    chosen = importers.read_address_book(content, columns={0: "display_name", 1: "email:work"})
    assert [column.field for column in chosen.columns] == ["display_name", "email:work"]
    expected = ContactData(display_name="Paul Martin", emails=(Email("p@x.fr", "work"),))
    assert chosen.contacts == (expected,)


def test_the_columns_are_shown_with_examples() -> None:
    content = "Nom;Mail;Loisir\n" + "".join(f"N{n};n{n}@x.fr;\n" for n in range(9))
    columns = importers.read_address_book(content.encode()).columns
    assert [(column.header, column.field) for column in columns] == [
        ("Nom", "last_name"),
        ("Mail", "email"),
        ("Loisir", ""),
    ]
    assert columns[1].examples == ("n0@x.fr", "n1@x.fr", "n2@x.fr")
    assert columns[2].examples == ()


HORDE = "firstname,lastname,alias,email,homePhone,workPhone\n"


def test_a_contact_of_horde_whose_address_is_none_stays_a_contact() -> None:
    reading = importers.read_address_book(
        (HORDE + ",Martin,,voir le secrétariat,,\n,6e B,,,,\n").encode()
    )
    assert [(contact.last_name, contact.notes) for contact in reading.contacts] == [
        ("Martin", "voir le secrétariat")
    ]
    assert [group.name for group in reading.groups] == ["6e B"]
    assert ("invalid_email", 0) in [(warned.code, warned.record) for warned in reading.warnings]


@pytest.mark.parametrize("text", ["voir le secrétariat", "a@x.fr\\nBcc: c@x.fr"])
def test_a_card_of_horde_whose_address_is_none_stays_a_contact(text: str) -> None:
    card = f"BEGIN:VCARD\nVERSION:3.0\nFN:Martin\nEMAIL:{text}\nN:Martin;;;;\nEND:VCARD\n"
    reading = importers.read_address_book(card.encode(), source="horde")
    assert [contact.notes for contact in reading.contacts] == [text.replace("\\n", "\n")]
    assert not reading.groups


def test_an_address_of_exchange_is_no_note() -> None:
    reading = importers.read_address_book((HORDE + "Zoé,Martin,,/o=Rectorat/cn=zoe,,\n").encode())
    assert reading.contacts[0].notes == ""


GOOGLE = (
    "First Name,Middle Name,Last Name,Name Prefix,Name Suffix,File As,Labels,E-mail 1 - Value\n"
)


@pytest.mark.parametrize(
    ("row", "name", "others"),
    [
        ('Jean,Paul,Dupont,M.,fils,"Dupont, Jean",,j@x.fr', "M. Jean Paul Dupont fils", ()),
        (
            'Jean,,Dupont,,,"Dupont, Papa de Zoé",,',
            "Jean Dupont",
            ("X-FILE-AS:Dupont\\, Papa de Zoé",),
        ),
        (",,,,,Secrétariat,,s@x.fr", "Secrétariat", ()),
    ],
)
def test_a_name_in_the_order_of_a_list_replaces_no_other(
    row: str, name: str, others: tuple[str, ...]
) -> None:
    (contact,) = importers.read_address_book((GOOGLE + row + "\n").encode()).contacts
    assert (contact.display_name, contact.others) == (name, others)


@pytest.mark.parametrize(
    "line",
    [
        "Zoé Lefèvre <z@x.fr>, Luc Petit <l@x.fr>, c@x.fr",
        "Zoé Lefèvre <z@x.fr>; Luc Petit <l@x.fr>; c@x.fr;\n",
        "Zoé Lefèvre <z@x.fr>, Luc Petit <l@x.fr>; c@x.fr",
        '"Zoé Lefèvre" <z@x.fr>, "Luc Petit" <l@x.fr>,\n c@x.fr',
        "Zoé Lefèvre <z@x.fr>, Luc Petit <l@x.fr>,\n c@x.fr\n",
    ],
)
def test_a_line_of_recipients_is_one_contact_for_each(line: str) -> None:
    reading = importers.read_address_book(line.encode())
    assert [(each.display_name, each.emails) for each in reading.contacts] == [
        ("Zoé Lefèvre", (Email("z@x.fr"),)),
        ("Luc Petit", (Email("l@x.fr"),)),
        ("c@x.fr", (Email("c@x.fr"),)),
    ]


@pytest.mark.parametrize("mark", [";", ","])
def test_recipients_whose_names_hold_the_comma_are_told_apart(mark: str) -> None:
    line = f'"Lefèvre, Zoé" <z@x.fr>{mark} "Petit, Luc" <l@x.fr>'
    reading = importers.read_address_book(line.encode())
    assert [(each.display_name, each.emails) for each in reading.contacts] == [
        ("Lefèvre, Zoé", (Email("z@x.fr"),)),
        ("Petit, Luc", (Email("l@x.fr"),)),
    ]


def test_the_addresses_of_one_person_in_a_row_stay_together() -> None:
    reading = importers.read_address_book(b"Zo\xc3\xa9;z@x.fr;z@y.fr\nLuc;l@x.fr;l@y.fr\n")
    assert [len(each.emails) for each in reading.contacts] == [2, 2]


def test_lines_are_those_of_the_file() -> None:
    content = b'Nom;Mail;Notes\nA;a@x.fr;"x\ny"\n\nB;b@x.fr;\nC;c;d;e\n'
    reading = importers.read_address_book(content)
    assert (reading.lines, [skipped.line for skipped in reading.skipped]) == ((2, 5), [6])


PIECES = st.sampled_from(
    [
        b"dn: cn=a,mail=a@b.fr\n", b"objectclass: groupOfNames\n", b"objectclass: person\n",
        b"member: cn=a\n", b"cn:: w6k=\n", b"cn:: ???\n", b"version: 1\n", b"-\n", b" ", b"\n",
        b"un=a,ou=b,o=pab", b"o=PiServerDb", b"memberOfPABGroup: g\n", b"piEmail1: a@b.fr\n",
        b"INSERT INTO turba_objects VALUES (", b"'a\\'',", b"NULL", b");", b"object_id,owner_id\n",
        b"Nom;Mail;Notes\n", b"firstname,lastname,alias,homePhone,email\n", b'"', b'\\"', b'""',
        b",", b";", b"\t", b"sep=;\n", b"a@b.fr", b"\xe9", b"\xc3\xa9", b"\0", b"PK\x03\x04",
        b"E-mail 1 - Value,E-mail 1 - Type\n", b" ::: ", b"1/2/1980", b"BEGIN:VCARD\n", b"FN:a\n",
        b"\xff\xfe", b'a:1:{i:0;s:1:"1";}', b"COPY turba_objects FROM stdin;\n", b"\\N\t",
    ]
)  # fmt: skip


@up_to(500)
@given(
    st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=50).map(b"".join),
    st.sampled_from(("auto", "sun", "horde", "other")),
)
def test_no_bytes_make_the_reader_fail(content: bytes, source: str) -> None:
    reading = importers.read_address_book(content, source=source)
    described = describe(reading)
    json.dumps(described).encode()
    assert reading.outcome in ("ok", "partial", "reject")
    assert (reading.outcome == "reject") == bool(reading.reject_code)
    assert len(reading.contacts) == len(reading.records) == len(reading.lines)
    for group in reading.groups:
        assert all(0 <= member < len(reading.contacts) for member in group.members)
    for contact in reading.contacts:
        for email in contact.emails:
            assert "\n" not in email.address and "\r" not in email.address
