"""Lists of classes in the layouts of the programs, each with the families that it must give."""

from __future__ import annotations

import time
from pathlib import Path
from zipfile import ZIP_STORED

import pytest

from addressbook import importers
from tests.addressbook.importers.school_families import families_text
from tests.addressbook.importers.test_bad_input import packed_as

FOLDER = Path(__file__).parents[2] / "data" / "addressbook" / "classes"
EXPECTED = sorted(FOLDER.glob("*.families.txt"))


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.name.split(".families")[0])
def test_a_file_of_a_school_gives_its_families(expected: Path) -> None:
    content = expected.with_name(expected.name.removesuffix(".families.txt")).read_bytes()
    assert families_text(importers.read_address_book(content)) == expected.read_text("utf-8")


def test_every_file_is_listed_with_the_source_of_its_layout() -> None:
    listed = (FOLDER / "README.md").read_text("utf-8")
    names = [path.name for path in FOLDER.iterdir() if path.suffix not in (".md", ".txt")]
    assert [name for name in sorted(names) if f"`{name}`" not in listed] == []


def test_the_number_of_a_class_is_not_that_of_a_pupil() -> None:
    head = "Nom élève;Prénom élève;Libellé classe;Identifiant classe;Nom resp;Email resp\n"
    line = "MARTIN;Léa;CP A;99901;{0} Paul;{0}@x.example\n"
    text = head + line.format("Martin") + line.format("Roy")
    reading = importers.read_address_book(text.encode())
    assert reading.roles.count("pupil") == 2


def test_two_identifiers_are_two_pupils_whatever_else_is_the_same() -> None:
    head = "Nom élève;Prénom élève;Né(e) le;INE;Classe;Nom resp;Email resp\n"
    line = "MARTIN;Léa;12/05/2014;{};6e C;Martin Paul;p@x.example\n"
    for other, number in (("000000002BB", 2), ("000000001AA", 1), ("", 1)):
        text = head + line.format("000000001AA") + line.format(other)
        reading = importers.read_address_book(text.encode())
        assert reading.roles.count("pupil") == number


@pytest.mark.parametrize(
    ("mail", "phone"),
    [
        ("m.dubois@x.example; ne pas écrire au père", ""),
        ("ne pas écrire au père", ""),
        ("m.dubois@x.example", "06 11 22 33 44 (ne pas appeler le père)"),
        ("m.dubois@x.example", "ne pas appeler le père"),
    ],
)
def test_a_note_beside_an_address_or_a_telephone_is_heeded(mail: str, phone: str) -> None:
    head = "Nom;Prénom;Classe;Père;Courriel père;Tél père\n"
    text = f'{head}DUBOIS;Tom;4B;Marc DUBOIS;"{mail}";"{phone}"\n'
    (link,) = importers.read_address_book(text.encode()).links
    assert link.receives_mail is False


def test_a_note_in_the_list_of_a_workspace_is_heeded() -> None:
    text = (
        "Nom;Prénom;Type;Classe;Enfants;Mail;Remarque\n"
        "ROUX;Lina;Élève;4C;;;ne pas écrire au père\n"
        "ROUX;Marc;Parent;4C;ROUX Lina;m@x.example;ne pas contacter\n"
        "FAURE;Inès;Parent;4C;ROUX Lina;i@x.example;\n"
    )
    reading = importers.read_address_book(text.encode())
    assert [link.receives_mail for link in reading.links] == [False, None]
    assert {one.code for one in reading.warnings} == {"custody_note", "no_mail_said"}


def test_a_guardian_without_a_pupil_is_never_tied_to_the_pupil_of_the_line_above() -> None:
    head = "Nom responsable;Prénom responsable;Courriel;Nom de famille enfant;Prénom enfant\n"
    lines = "PETIT;Ali;a@x.example;PETIT;Noé\nSEUL;Jean;j@x.example;;\n"
    reading = importers.read_address_book((head + lines).encode())
    assert [one.reason for one in reading.skipped] == ["no_pupil"]
    assert len(reading.links) == 1


def test_two_guardians_of_one_pupil_without_proof_are_of_two_pupils() -> None:
    head = "Nom responsable;Prénom responsable;Courriel;Nom de famille enfant;Prénom enfant\n"
    lines = "PETIT;Ali;a@x.example;PETIT;Noé\nSERRA;Ana;s@x.example;PETIT;Noé\n"
    reading = importers.read_address_book((head + lines).encode())
    assert reading.roles.count("pupil") == 2
    assert {one.code for one in reading.warnings} == {"same_name"}


def export(inner: str, kind: str = "ELEVES", uaj: str = "0800000X", head: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="ISO-8859-15"?>{head}<BEE_{kind} VERSION="3.0"><PARAMETRES>'
        f"<UAJ>{uaj}</UAJ><ANNEE_SCOLAIRE>2026</ANNEE_SCOLAIRE></PARAMETRES><DONNEES>{inner}"
        f"</DONNEES></BEE_{kind}>"
    ).encode("iso-8859-15")


PUPIL_OF_SIECLE = (
    '<ELEVES><ELEVE ELEVE_ID="1"><NOM_DE_FAMILLE>{}</NOM_DE_FAMILLE><PRENOM>Léa</PRENOM></ELEVE>'
    '</ELEVES><STRUCTURES><STRUCTURES_ELEVE ELEVE_ID="1"><STRUCTURE><CODE_STRUCTURE>4A'
    "</CODE_STRUCTURE><TYPE_STRUCTURE>D</TYPE_STRUCTURE></STRUCTURE></STRUCTURES_ELEVE></STRUCTURES>"
)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("&a;", '<!DOCTYPE b [<!ENTITY a "MARTIN">]>'),
        ("&a;", '<!doctype b SYSTEM "file:///etc/passwd">'),
        ("&a;", ""),
        ("<b>" * 400 + "</b>" * 400, ""),
        ("<b " + " ".join(f'a{n}="1"' for n in range(2_000)) + "/>", ""),
        ("MARTIN</NOM_DE_FAMILLE>", ""),
    ],
)
def test_xml_that_is_made_to_deceive_is_refused(name: str, head: str) -> None:
    content = export(PUPIL_OF_SIECLE.format(name), head=head)
    assert importers.read_address_book(content).reject_code == "bad_xml"


def test_more_pupils_than_a_file_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = export(PUPIL_OF_SIECLE.format("MARTIN"))
    monkeypatch.setattr("addressbook.importers.reading.MOST_RECORDS", 1)
    assert importers.read_address_book(content).reject_code == ""
    monkeypatch.setattr("addressbook.importers.reading.MOST_RECORDS", 0)
    assert importers.read_address_book(content).reject_code == "too_many_records"


def test_a_damaged_export_in_a_zip_is_said_to_be_damaged() -> None:
    content = packed_as([("eleves.xml", export(PUPIL_OF_SIECLE.format("MARTIN")))], ZIP_STORED)
    assert importers.read_address_book(content).reject_code == ""
    damaged = content.replace(b"MARTIN", b"MERTIN")
    assert importers.read_address_book(damaged).reject_code == "bad_zip"


def test_exports_of_two_schools_are_never_read_together() -> None:
    pupils = export(PUPIL_OF_SIECLE.format("MARTIN"))
    people = '<PERSONNES><PERSONNE PERSONNE_ID="5"><NOM>ROY</NOM></PERSONNE></PERSONNES>'
    tie = "<RESPONSABLES><RESPONSABLE_ELEVE><ELEVE_ID>1</ELEVE_ID><PERSONNE_ID>5</PERSONNE_ID>"
    people += f"{tie}</RESPONSABLE_ELEVE></RESPONSABLES>"
    same, other = (export(people, "RESPONSABLES", uaj) for uaj in ("0800000X", "0800001Y"))
    assert len(importers.read_together([same, pupils]).links) == 1
    assert importers.read_together([other, pupils]).reject_code == "siecle_mixed"


def test_the_words_of_relations_come_from_the_nomenclature() -> None:
    words = (
        '<LIENS_PARENTE><LIEN_PARENTE CODE_PARENTE="77"><LIBELLE_LONG>GRAND-MERE</LIBELLE_LONG>'
        "</LIEN_PARENTE></LIENS_PARENTE>"
    )
    people = '<PERSONNES><PERSONNE PERSONNE_ID="5"><NOM>ROY</NOM></PERSONNE></PERSONNES>'
    tie = "<RESPONSABLE_ELEVE><ELEVE_ID>1</ELEVE_ID><PERSONNE_ID>5</PERSONNE_ID>"
    people += f"{tie}<CODE_PARENTE>77</CODE_PARENTE></RESPONSABLE_ELEVE>"
    files = [
        export(words, "NOMENCLATURES"),
        export(people, "RESPONSABLES"),
        export(PUPIL_OF_SIECLE.format("MARTIN")),
    ]
    (link,) = importers.read_together(files).links
    assert link.relation == "grandparent"


def test_codes_of_access_are_no_notes() -> None:
    head = "Nom élève;Prénom élève;Classe;Né(e) le;Mot de passe;Login\n"
    reading = importers.read_address_book(f"{head}A;B;4e B;1/2/2013;geheim;b.a\n".encode())
    assert reading.contacts[0].notes == ""
    users = (FOLDER / "ent_utilisateurs.csv").read_bytes()
    assert not any("ab12" in one.notes for one in importers.read_address_book(users).contacts)


@pytest.mark.parametrize(
    "text",
    [
        "Nom;Prénom;Type;Classe;Enfants;Mail\n"
        + "N;P;Élève;4A;;\n" * 8_000
        + "N;Q;Parent;;N P;q@x.example\n" * 8_000,
        "Nom;Prénom;Mère;Mail\n" + "4e B\nN;P;A;a@x.example\n" * 8_000,
        "Nom;Prénom;Parents;Mail\nA;B;" + "( " * 60_000 + ";x\nC;D;" + " et " * 50_000 + ";\n",
    ],
    ids=["namesakes", "classes", "cells"],
)
def test_lists_that_are_made_to_deceive_are_read_in_a_bounded_time(text: str) -> None:
    began = time.process_time()
    importers.read_address_book(text.encode())
    assert time.process_time() - began < 15
