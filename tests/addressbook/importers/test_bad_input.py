"""Files that are none, damaged or hostile: a reason, never an exception, and bounded work."""

from __future__ import annotations

import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest

from addressbook import importers
from addressbook.importers import codes, reading
from tests.cases import each
from tests.mail import zip_bombs
from tests.measured import costs

HEADER = "First Name,Last Name,E-mail Address,Notes\n"
CARD = (
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Paul Martin\r\nEMAIL:paul@exemple.invalid\r\nEND:VCARD\r\n"
)
MEGABYTE = 1024 * 1024


def packed(**files: bytes) -> bytes:
    return packed_as(list(files.items()))


def packed_as(files: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


REFUSED = {
    "nothing": (b"", "empty"),
    "blanks": (b" \r\n\t\n", "empty"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "empty"),
    "NULs": (b"\0" * 1000, "empty"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000), "xls"),
    "a workbook": (
        packed_as([("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")]),
        "empty",
    ),
    "a text document": (
        packed_as([("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")]),
        "document",
    ),
    "a LibreOffice file": (packed_as([("mimetype", b"x"), ("content.xml", b"<x/>")]), "empty"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3", "pdf"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(50), "image"),
    "a JPEG": (b"\xff\xd8\xff\xe0" + bytes(50), "image"),
    "a program": (bytes(range(256)) * 20, "binary"),
    "a gzip": (b"\x1f\x8b\x08" + bytes(20), "archive"),
    "an Outlook store": (b"!BDN" + bytes(20), "outlook_pst"),
    "a calendar": (b"BEGIN:VCALENDAR\r\nORGANIZER:mailto:a@b.fr\r\n", "calendar"),
    "a sign-in page": (b"\xef\xbb\xbf\n <!DOCTYPE html><html><body>Connexion", "html"),
    "a page without doctype": (b"<HTML><head>", "html"),
    "a page in UTF-16": ("<html><body>x".encode("utf-16"), "html"),
    "a letter": (b"Bonjour,\nvoici la liste.\nCordialement, Paul", "unknown_format"),
    "a mail": (
        b"From: Paul <p@b.fr>\nTo: z@b.fr\n\nBonjour\nMerci\nPaul\nTel\nEt",
        "unknown_format",
    ),
    "a header alone": (HEADER.encode(), "header_only"),
    "another delimiter below": (b"Nom,Prenom,Mail\n" + b"M;P;p@b.fr\n" * 5, "wrong_delimiter"),
    "10,000 columns": (b",".join([b"Nom"] * 10_000) + b"\nx,y\n", "too_many_columns"),
    "columns of nothing": (b"photo,logo,phototype\nx,y,z\n", "unknown_columns"),
    "a card of nothing": (b"BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE:x\r\nEND:VCARD\r\n", "no_contacts"),
    "an LDIF of containers": (b"dn: ou=a\nobjectclass: organizationalUnit\nou: a\n", "no_contacts"),
    "a zip of zeros": (packed(a=bytes(40 * MEGABYTE)), "zip_bomb"),
    "a zip that leads out": (packed_as([("a.vcf", CARD), ("../b.vcf", CARD)]), "zip_path"),
    "a zip with a root": (packed_as([("/etc/b.vcf", CARD)]), "zip_path"),
    "a zip with a drive": (packed_as([("C:\\b.vcf", CARD)]), "zip_path"),
    "a zip with backslashes": (packed_as([("x\\..\\..\\b.vcf", CARD)]), "zip_path"),
    "a zip in a zip": (packed_as([("a.vcf", CARD), ("b.dat", packed(c=CARD))]), "zip_nested"),
    "a zip of bzip2": (packed_as([("a.vcf", CARD)], zipfile.ZIP_BZIP2), "zip_method"),
    "a zip of LZMA": (packed_as([("a.vcf", CARD)], zipfile.ZIP_LZMA), "zip_method"),
    "a zip of links": (
        zip_bombs.made([replace(zip_bombs.whole(b"a.vcf", b"/etc/passwd"), mode=0o120777)]),
        "zip_path",
    ),
    "a zip under a password": (
        zip_bombs.made([replace(zip_bombs.whole(b"a.vcf", CARD), flags=1)]),
        "zip_encrypted",
    ),
    "a zip of more files than may be": (
        packed_as([(f"{n}.vcf", b"") for n in range(2_001)]),
        "zip_too_many_files",
    ),
    "a zip of a file larger than it says": (
        zip_bombs.made([replace(zip_bombs.whole(b"a.vcf", CARD * 90), size=len(CARD))]),
        "zip_bomb",
    ),
    "a zip cut off": (packed(a=CARD * 50)[:-40], "bad_zip"),
    "a zip of nothing": (packed_as([]), "no_contacts"),
    "a zip of a page": (packed(page=b"<html>"), "html"),
}


@each("name", REFUSED)
def test_what_is_no_address_book_is_refused_by_its_name(name: str) -> None:
    content, code = REFUSED[name]
    reading = importers.read_address_book(content)
    assert (reading.outcome, reading.reject_code, reading.contacts) == ("reject", code, ())
    assert codes.REJECTS[code]


def test_a_file_beyond_the_limit_is_not_even_looked_at() -> None:
    assert importers.read_address_book(bytes(50 * MEGABYTE + 1)).reject_code == "too_large"


def test_more_rows_than_the_limit_are_refused() -> None:
    content = b"Nom;Mail\n" + b"M;m@b.fr\n" * 100_001
    assert importers.read_address_book(content).reject_code == "too_many_records"


COPY = b"COPY turba_objects (%s) FROM stdin;\n"
INSERT = b"INSERT INTO turba_objects (object_firstname, object_lastname) VALUES "
INSERT_GROUP = (
    b"INSERT INTO turba_objects (object_id, object_type, object_lastname, object_members) VALUES "
)
LISTS = range(4_000)
HOSTILE: dict[str, Callable[[], bytes]] = {
    "a chain of groups in an LDIF": lambda: b"".join(
        b"dn: cn=%d\nobjectclass: groupOfNames\ncn: %d\nmember: cn=%d\n\n" % (n, n, n + 1)
        for n in LISTS
    ),
    "a chain of group cards": lambda: b"".join(
        b"BEGIN:VCARD\nVERSION:4.0\nKIND:group\nFN:x\nUID:u%d\nMEMBER:u%d\nEND:VCARD\n" % (n, n + 1)
        for n in LISTS
    ),
    "a chain of groups in a dump": lambda: (
        INSERT_GROUP
        + b",\n".join(
            b"('%d', 'Group', 'G', 'a:1:{i:0;s:%d:\"%d\";}')" % (n, len(str(n + 1)), n + 1)
            for n in LISTS
        )
    ),
    "50 MB without a line end": lambda: b"a,b@c," * (8 * MEGABYTE),
    "a card of one endless line": lambda: b"BEGIN:VCARD\nFN:x\nNOTE:" + b"a" * (40 * MEGABYTE),
    "an LDIF of one endless line": lambda: b"dn: cn=a\ncn: " + b"a" * (40 * MEGABYTE),
    "quotes and nothing else": lambda: b'"' * (20 * MEGABYTE),
    "a quote in every cell": lambda: (HEADER + '"a,"b,"c\n' * 30_000).encode(),
    "a quote that nothing closes in every row": lambda: (
        HEADER + 'a,b,c@d.fr,"x\n' * 30_000
    ).encode(),
    "cards in cards": lambda: b"BEGIN:VCARD\n" * 50_000 + b"END:VCARD\n" * 50_000,
    "agents of agents": lambda: b"BEGIN:VCARD\nFN:x\nAGENT:\n" * 20_000,
    "10,000 pictures": lambda: (
        b"BEGIN:VCARD\nFN:x\n" + b"PHOTO;BASE64:iVBORw0KGgo\n" * 10_000 + b"END:VCARD"
    ),
    "10,000 parameters": lambda: (
        b"BEGIN:VCARD\nTEL" + b";TYPE=x" * 10_000 + b":1\nFN:x\nEND:VCARD\n"
    ),
    "soft breaks without end": lambda: b"BEGIN:VCARD\nFN;QUOTED-PRINTABLE:" + b"=\n" * 500_000,
    "folds without end": lambda: b"BEGIN:VCARD\nFN:x\n" + b" \n" * 500_000,
    "an entry of 500,000 values": lambda: b"dn: cn=a\ncn: a\n" + b"mail: a@b.fr\n" * 500_000,
    "tabs in every line": lambda: b"firstname\tlastname\talias\thomePhone\n" + b"a\n" * 100_000,
    "a dump of 10,000 copies": lambda: COPY % b"object_firstname" * 10_000,
    "a dump of 10,000 copies of two columns": lambda: (
        COPY % b"object_firstname,object_lastname" * 10_000
    ),
    "a dump of 20,000 tables that never end": lambda: (
        INSERT + b"('a','b');\n" + b"CREATE TABLE turba_objects (\n" * 20_000
    ),
    "a dump of 20,000 tables in one": lambda: (
        INSERT + b"('a','b');\n" + b"CREATE TABLE turba_objects (\n" * 20_000 + b")"
    ),
    "a dump of 20,000 inserts": lambda: INSERT * 20_000,
    "a dump of inserts in strings": lambda: (INSERT + b"('a','b'),('") * 20_000,
    "a dump of inserts that never end": lambda: (INSERT + b"('a',\"b'),('") * 20_000,
}


@each("name", HOSTILE)
def test_a_hostile_file_is_read_in_bounded_time(name: str) -> None:
    content = HOSTILE[name]()
    begun = time.process_time()
    importers.read_address_book(content)
    assert time.process_time() - begun < 10


def test_contacts_take_little_memory() -> None:
    cards = b"".join(
        CARD.replace(b"paul@", b"paul%d@" % number).replace(
            b"END:", b"NOTE:" + b"une note assez longue, " * 20 + b"\r\nTEL;TYPE=CELL:06\r\nEND:"
        )
        for number in range(2_000)
    )
    tracemalloc.start()
    reading = importers.read_address_book(cards)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(reading.contacts) == 2_000
    # 10,000 in 150 MB.
    assert peak < 30 * MEGABYTE


def test_a_directory_takes_little_more_memory_than_its_contacts() -> None:
    entry = (
        "dn: cn=Zoé Petit {0},mail=z{0}@exemple.invalid\nobjectclass: top\nobjectclass: person\n"
        "objectclass: inetOrgPerson\nobjectclass: mozillaAbPersonAlpha\ngivenName: Zoé\n"
        "sn: Petit {0}\ncn: Zoé Petit {0}\nmail: z{0}@exemple.invalid\nmobile: 06 12 34 56 78\n"
        "telephoneNumber: 01 23 45 67 89\nhomeStreet: {0} rue des Écoles\nl: Paris\n"
        "postalCode: 75005\no: Lycée Jean Moulin\ntitle: Professeure\nmodifytimestamp: 0\n"
        "description: Cours de mathématiques, aussi le soir\n\n"
    )
    content = "".join(map(entry.format, range(20_000))).encode()
    read = "addressbook.importers:read_address_book"
    assert costs(content, read)[read].megabytes < 8.5 * len(content) / MEGABYTE


def test_a_row_of_10_000_fields_does_not_stop_the_file() -> None:
    row = ",".join(["x"] * 10_000)
    reading = importers.read_address_book((HEADER + row + "\nPaul,Martin,p@b.fr,n\n").encode())
    assert [contact.display_name for contact in reading.contacts] == ["Paul Martin"]
    assert [(skipped.line, skipped.reason) for skipped in reading.skipped] == [(2, "column_count")]
    assert reading.outcome == "partial"


def test_properties_beyond_the_limit_are_left_out_and_said() -> None:
    card = b"BEGIN:VCARD\nFN:Paul\n" + b"PHOTO;BASE64:iVBORw0KGgo\n" * 10_000 + b"END:VCARD\n"
    reading = importers.read_address_book(card + CARD)
    assert [contact.display_name for contact in reading.contacts] == ["Paul", "Paul Martin"]
    assert reading.warnings[0].code == "record_cut"


def test_an_address_with_a_line_end_is_no_address() -> None:
    cell = '"p@b.fr\r\nBcc: victime@b.fr"'
    reading = importers.read_address_book((HEADER + f"Paul,Martin,{cell},\n").encode())
    assert reading.contacts[0].emails == ()
    assert [warned.code for warned in reading.warnings] == ["invalid_email"]


def test_no_address_that_is_read_holds_a_control_or_a_bracket() -> None:
    for text in ("a@b.fr\x00", "a@b.fr\x0bBcc:x@y", "<a@b.fr", "a@b.fr>\tx", "a b@c.fr", "a@@b"):
        reading = importers.read_address_book((HEADER + f'Paul,Martin,"{text}",\n').encode())
        for email in reading.contacts[0].emails:
            assert email.address.isprintable() and not set(email.address) & set('<>" ,;:')


def test_a_formula_is_kept_as_text() -> None:
    row = '=HYPERLINK("http://x"),+33,=cmd@b.fr,@SUM(A1)\n'
    contact = importers.read_address_book((HEADER + row).encode()).contacts[0]
    assert contact.first_name == '=HYPERLINK("http://x")'
    assert contact.notes == "@SUM(A1)"


def test_lists_in_a_circle_end() -> None:
    ldif = (
        "dn: cn=A\nobjectclass: groupOfNames\ncn: A\nmember: cn=B\n\n"
        "dn: cn=B\nobjectclass: groupOfNames\ncn: B\nmember: cn=A\nmember: mail=p@b.fr\n\n"
        "dn: mail=p@b.fr\nobjectclass: person\ncn: P\nmail: p@b.fr\n"
    )
    reading = importers.read_address_book(ldif.encode())
    assert [(group.name, group.members) for group in reading.groups] == [("A", (0,)), ("B", (0,))]
    assert {warned.code for warned in reading.warnings} == {"group_cycle"}


def test_lists_in_lists_are_followed_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    ldif = "".join(
        f"dn: cn={n}\nobjectclass: groupOfNames\ncn: {n}\nmember: cn={n + 1}\n\n" for n in range(3)
    )
    ldif += "dn: cn=3\nobjectclass: person\ncn: P\nmail: p@b.fr\n"
    whole = importers.read_address_book(ldif.encode())
    assert [group.members for group in whole.groups] == [(0,)] * 3
    monkeypatch.setattr(reading, "MOST_FOLLOWED", 5)
    less = importers.read_address_book(ldif.encode())
    assert [group.members for group in less.groups] == [(0,), (), (0,)]
    assert [(warned.code, warned.value) for warned in less.warnings] == [
        ("member_not_found", "cn=2")
    ]


TWO_CLASSES = "Nom;Prénom;Classe;Sexe\nMartin;Léa;4A;F\nMartin;Tom;4B;M\n"
TWO_GROUPS = "Nom;Prénom;Classe;Sexe;Groupes\nMartin;Léa;4A;F;a,b\nMartin;Tom;4A;M;a,b\n"
FAMILY = "Nom;Prénom;Classe;Nom responsable 1;Nom responsable 2\nMartin;Léa;4A;Martin;Roux\n"


@pytest.mark.parametrize(
    ("text", "ties", "classes", "code"),
    [
        (TWO_CLASSES, 4, 2, ""),
        (TWO_CLASSES, 3, 2, "too_many_ties"),
        (TWO_CLASSES, 4, 1, "too_many_classes"),
        (TWO_GROUPS, 8, 1, "too_many_ties"),
        (TWO_GROUPS, 9, 1, ""),
        (FAMILY, 3, 1, "too_many_ties"),
        (FAMILY, 4, 1, ""),
    ],
)
def test_groups_members_and_guardians_are_read_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch, text: str, ties: int, classes: int, code: str
) -> None:
    monkeypatch.setattr(reading, "MOST_TIES", ties)
    monkeypatch.setattr(reading, "MOST_CLASSES", classes)
    assert importers.read_address_book(text.encode()).reject_code == code


@pytest.mark.parametrize(
    "members",
    [
        'O:8:"stdClass":0:{}',
        'a:1:{i:0;O:1:"A":0:{}}',
        'a:1:{i:0;C:1:"A":0:{}}',
        "a:1:{i:0;R:1;}",
        "a:1:{i:0;a:0:{}}",
        "a:1:{i:0;b:1;}",
        'a:1:{i:0;s:99:"x";}',
        'a:5:{i:0;s:1:"x";}',
        'a:1:{i:0;s:1:"x";',
        "N;",
    ],
)
def test_serialised_php_beyond_arrays_of_strings_is_refused(members: str) -> None:
    cell = members.replace('"', '""')
    dump = (
        "object_id,owner_id,object_type,object_lastname,object_members,object_email\n"
        "1,u,Object,Martin,,p@b.fr\n"
        f'2,u,Group,Liste,"{cell}",\n'
    )
    reading = importers.read_address_book(dump.encode())
    assert [contact.last_name for contact in reading.contacts] == ["Martin"]
    assert reading.groups == ()
    assert [(skipped.reason, skipped.value) for skipped in reading.skipped] == [
        ("serialized_php", "Liste")
    ]


def test_a_url_in_a_file_is_never_read() -> None:
    ldif = "dn: cn=P\nobjectclass: person\ncn: P\nmail: p@b.fr\ndescription:< file:///etc/passwd\n"
    assert importers.read_address_book(ldif.encode()).contacts[0].notes == ""


def test_a_zip_joins_its_files_and_names_the_owners() -> None:
    reading = importers.read_address_book(
        packed_as(
            [
                ("anne.duval@ac-exemple.fr.vcf", CARD),
                ("books/paul@ac-exemple.fr/contacts.csv", b"Nom;Mail;Groupe\nZ;z@b.fr;Amis\n"),
                ("books/readme.html", b"<html>"),
                ("__MACOSX/._x", b"\0\0"),
            ]
        )
    )
    assert [(contact.owner, contact.display_name) for contact in reading.contacts] == [
        ("anne.duval@ac-exemple.fr", "Paul Martin"),
        ("paul@ac-exemple.fr", "Z"),
    ]
    assert [(group.owner, group.members) for group in reading.groups] == [
        ("paul@ac-exemple.fr", (1,))
    ]
    assert reading.bulk and reading.outcome == "partial"
    assert [(skipped.reason, skipped.value) for skipped in reading.skipped] == [
        ("html", "books/readme.html")
    ]


@pytest.mark.parametrize("cut", range(60, 1800, 97))
def test_a_file_cut_anywhere_keeps_what_was_whole(cut: int) -> None:
    cards = b"".join(CARD.replace(b"paul@", b"p%d@" % number) for number in range(20))
    reading = importers.read_address_book(cards[:cut])
    whole = cards[:cut].count(b"END:VCARD\r\n")
    assert len(reading.contacts) >= whole
