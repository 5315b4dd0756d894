"""Lists of pupils as schools export them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from addressbook import importers
from addressbook.importers import families
from addressbook.importers.reading import Reading

FOLDER = Path(__file__).parents[2] / "data" / "addressbook" / "classes"


def read(name: str) -> Reading:
    return importers.read_address_book((FOLDER / name).read_bytes())


def people(reading: Reading, role: str) -> list[str]:
    pairs = zip(reading.contacts, reading.roles, strict=True)
    return [contact.display_name for contact, own in pairs if own == role]


def guardians(reading: Reading, pupil: int = 0) -> list[tuple[str, str, bool | None]]:
    return [
        (reading.contacts[link.guardian].display_name, link.relation, link.receives_mail)
        for link in reading.links
        if link.pupil == pupil
    ]


def test_a_line_with_all_guardians_is_a_pupil_with_them() -> None:
    reading = read("pronote.csv")
    assert people(reading, "pupil") == [
        *("Léa MARTIN", "Tom MARTIN", "Zoé ÉTIENNE", "Hugo BERNARD", "Hugo BERNARD"),
    ]
    assert guardians(reading) == [
        ("M. Paul MARTIN", "father", True),
        ("Mme Anne DUPONT", "mother", True),
    ]
    lea = reading.contacts[0]
    assert lea.birthday == "2014-05-12"
    assert lea.others == ("GENDER:F",)
    assert lea.notes == "Régime : DEMI-PENSIONNAIRE"


def test_a_guardian_of_two_pupils_is_one_contact() -> None:
    reading = read("pronote.csv")
    assert people(reading, "guardian").count("M. Paul MARTIN") == 1
    anne = next(one for one in reading.contacts if one.last_name == "DUPONT")
    assert [one.address for one in anne.emails] == [
        "a.dupont@exemple.invalid",
        "a.dupont@travail.invalid",
    ]
    assert anne.addresses[0].street == "3 rue des Saules 80000 Amiens"


def test_classes_hold_pupils_alone_and_groups_beside_them() -> None:
    groups = {one.name: (one.members, one.is_class) for one in read("pronote.csv").groups}
    assert {name for name, (_members, is_class) in groups.items() if is_class} == {"6e C", "6e D"}
    assert len(groups["6e C"][0]) == 2
    assert "6e C Groupe 1" in groups


def test_two_pupils_of_one_name_are_told_apart_by_their_date_of_birth() -> None:
    reading = read("pronote.csv")
    days = [one.birthday for one in reading.contacts if one.first_name == "Hugo"]
    assert days == ["2014-08-17", "2014-01-01"]
    assert sorted(one.code for one in reading.warnings) == ["no_authority", "same_name"]


def test_a_line_for_each_guardian_repeats_the_pupil() -> None:
    reading = read("siecle_responsables.csv")
    assert people(reading, "pupil") == ["Émile ZOLA", "Nana ZOLA"]
    assert [(name, relation) for name, relation, _mail in guardians(reading)] == [
        ("Mme Marie ZOLA", "mother"),
        ("M. Franz ZOLA", "father"),
    ]
    # Separated parents have addresses of their own.
    marie, franz = (
        next(one for one in reading.contacts if one.first_name == name)
        for name in ("Marie", "Franz")
    )
    assert marie.addresses[0].street == "1 rue du Port\nBâtiment B"
    assert franz.addresses[0].postal_code == "80080"
    assert [one.school_year for one in reading.groups] == [2026]


def test_what_has_no_place_of_its_own_stands_in_a_note() -> None:
    reading = read("siecle_responsables.csv")
    home = next(one for one in reading.contacts if "ASE" in one.display_name)
    assert home.notes == "pas d'adresse"
    (link,) = (one for one in reading.links if reading.contacts[one.guardian] is home)
    assert (link.relation, link.is_legal) == ("ORGANISME", False)
    noe = read("onde.csv").contacts[0]
    assert noe.notes.split("\n") == [
        "Nom d'usage élève : PETIT-GRAND",
        "INE : 123456789AB",
        "Niveau : CP",
    ]


def test_columns_of_two_guardians_without_numbers_are_told_apart() -> None:
    reading = read("onde.csv")
    assert people(reading, "guardian") == ["Sarah PETIT", "Ali GRAND"]
    assert [one.address for one in reading.contacts[2].emails] == ["a.grand@exemple.invalid"]


def test_whole_names_numbers_of_a_spreadsheet_and_bad_dates() -> None:
    reading = read("ecoledirecte.csv")
    jules, eve = (
        one for one, role in zip(reading.contacts, reading.roles, strict=True) if role == "pupil"
    )
    assert (jules.first_name, jules.last_name, jules.birthday) == ("Jules", "BONNOT", "2019-02-04")
    assert (eve.birthday, eve.notes) == ("", "32/13/2013")
    assert [one.code for one in reading.warnings] == ["invalid_date"]
    assert [(name, relation) for name, relation, _mail in guardians(reading)] == [
        ("Mme BONNOT", "mother"),
        ("M. BONNOT", "father"),
    ]


def test_a_list_without_guardians_is_one_by_its_class_and_birthdays() -> None:
    reading = importers.read_address_book(
        "Nom;Prénom;Né(e) le;Classe\nA;B;1/2/2013;4e B\n".encode()
    )
    assert reading.roles == ("pupil",)
    plain = importers.read_address_book("Nom;Prénom;Mail;Classe\nA;B;a@b.fr;4e B\n".encode())
    assert plain.roles == ()


def test_marks_alone_say_yes_and_an_empty_cell_no() -> None:
    head = "Nom élève;Prénom élève;Nom resp;Email resp;Reçoit les courriers\n"
    text = f"{head}A;B;C;c@d.fr;x\nE;F;G;g@h.fr;\n"
    reading = importers.read_address_book(text.encode())
    assert [one.receives_mail for one in reading.links] == [True, False]


def test_a_line_without_a_pupil_goes_on_with_the_one_above() -> None:
    head = "Nom élève;Prénom élève;Nom responsable;Email responsable\n"
    reading = importers.read_address_book(f"{head}A;B;C;c@d.fr\n;;E;e@f.fr\n".encode())
    assert [one.pupil for one in reading.links] == [0, 0]
    assert (
        importers.read_address_book(f"{head};;E;e@f.fr\n".encode()).skipped[0].reason == "no_pupil"
    )


def test_a_guardian_without_a_name_and_a_way_to_reach_him_is_not_lost() -> None:
    head = "Nom élève;Prénom élève;Nom responsable;Ville responsable\n"
    reading = importers.read_address_book(f"{head}A;B;;Amiens\nC;D;E;Amiens\n".encode())
    assert reading.contacts[0].notes == "Nom responsable : Amiens"


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.csv")))
def test_a_file_that_was_cut_anywhere_is_read_or_refused(name: str) -> None:
    content = (FOLDER / name).read_bytes()
    for end in range(0, len(content), 37):
        reading = importers.read_address_book(content[:end])
        assert reading.contacts or reading.reject_code


def test_the_fields_of_all_samples_may_be_chosen() -> None:
    from addressbook.imports import jobs

    for path in FOLDER.glob("*.csv"):
        for column in importers.read_address_book(path.read_bytes()).columns:
            assert column.field in ("", *jobs.FIELDS)
    assert families.guardian_of("g2:email") == (2, "email")


def test_what_is_no_answer_to_a_question_is_kept_as_a_note() -> None:
    head = "Nom élève;Prénom élève;Nom resp;Tél resp;Reçoit les courriers;Lien\n"
    reading = importers.read_address_book(
        f"{head}A;B;C;voir secrétariat;parfois;voisine\n".encode()
    )
    guardian = reading.contacts[1]
    assert guardian.notes.split("\n") == [
        "Tél resp : voir secrétariat",
        "Reçoit les courriers : parfois",
    ]
    (link,) = reading.links
    assert (link.receives_mail, link.relation) == (None, "voisine")


def test_a_list_that_repeats_one_person_without_end_is_read_in_a_bounded_time() -> None:
    head = "Nom élève;Prénom élève;Né(e) le;Remarque;Nom resp;Email resp\n"
    lines = (f"A;B;12/05/2014;note {n};C;b{n}@x.example\n" for n in range(20_000))
    began = time.process_time()
    reading = importers.read_address_book((head + "".join(lines)).encode())
    assert time.process_time() - began < 30
    assert max(len(one.emails) for one in reading.contacts) < 100
    assert "record_cut" in {one.code for one in reading.warnings}


def leas(*lines: str) -> Reading:
    head = (
        "Nom élève;Prénom élève;Né(e) le;Classe;Nom resp 1;Email resp 1;Nom resp 2;Email resp 2\n"
    )
    return importers.read_address_book((head + "\n".join(lines)).encode())


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (("MARTIN;Léa;;6e C;Martin Paul;p@x.fr;;", "MARTIN;Léa;;6e C;Martin Anne;a@x.fr;;"), 2),
        (("MARTIN;Léa;;6e C;Martin Paul;p@x.fr;;", "Martin;LEA;;6e C;Martin Anne;a@x.fr;;"), 2),
        (("MARTIN;Léa;;6e C;Martin Paul;p@x.fr;;", "MARTIN;Léa;;6e D;Martin Anne;a@x.fr;;"), 2),
        (("MARTIN;Léa;;6e C;Martin Paul;p@x.fr;;", "MARTIN;Léa;12/05/2014;6e C;Roy A;a@x.fr;;"), 2),
        (("MARTIN;Léa;;6e C;Martin Paul;p@x.fr;;", "MARTIN;Léa;;6e C;Martin Paul;q@x.fr;;"), 2),
        (("MARTIN;Léa;;6e C;;;;", "MARTIN;Léa;;6e C;;;;"), 2),
        (("MARTIN;Léa;;6e C;Paul;p@x.fr;;", "MARTIN;Léa;;6e C;Paul;;;"), 2),
        (
            ("MARTIN;Léa;;6e C;Martin Paul;p@x.fr;;", "MARTIN;Léa;;6e C;Martin Paul;;Roy A;a@x.fr"),
            1,
        ),
        (("MARTIN;Léa;;6e C;Martin Paul;p@x.fr;;", "MARTIN;Léa;;6e C;Paul Martin;p@x.fr;;"), 1),
        (("MARTIN;Léa;12/05/2014;6e C;A;a@x.fr;;", "MARTIN;Léa;12/05/2014;6e C;B;b@x.fr;;"), 1),
        (("MARTIN;Léa;12/05/2014;6e C;A;a@x.fr;;", "MARTIN;Léa;13/05/2014;6e C;A;a@x.fr;;"), 2),
    ],
)
def test_two_pupils_of_one_name_are_one_only_where_something_proves_it(
    lines: tuple[str, ...], number: int
) -> None:
    assert len(people(leas(*lines), "pupil")) == number
    assert len(people(leas(*reversed(lines)), "pupil")) == number


@pytest.mark.parametrize(
    ("header", "cell", "has_authority"),
    [
        ("Autorité parentale", "Non", False),
        ("Autorité parentale", "Oui", True),
        ("Autorité parentale 1", "0", False),
        ("Autorité parentale", "sans autorité", False),
        ("Autorité parentale", "conjointe", True),
        ("Autorité parentale", "retirée par le juge", False),
        ("Autorité parentale", "voir jugement", False),
        ("RESP_LEGAL 1", "0", False),
        ("RESP_LEGAL 1", "1", True),
        ("Responsable légal 1", "non", False),
        ("Responsable légal 1", "Oui", True),
        ("Légal", "N", False),
        ("Exerce l'autorité parentale", "X", True),
    ],
)
def test_parental_authority_is_what_the_list_says(
    header: str, cell: str, has_authority: bool
) -> None:
    head = f"Nom élève;Prénom élève;Nom responsable 1;Email responsable 1;{header}\n"
    reading = importers.read_address_book(f"{head}MARTIN;Léa;Martin Paul;p@x.fr;{cell}\n".encode())
    (link,) = reading.links
    assert link.is_legal is has_authority
    if cell == "voir jugement":
        assert reading.contacts[link.guardian].notes == f"{header} : {cell}"


def test_a_town_does_not_make_two_guardians_of_one_name_one() -> None:
    head = "Nom élève;Prénom élève;Nom responsable;Commune responsable;Adresse responsable\n"
    lines = "ROY;Ali;Martin Paul;Amiens;{}\nNOËL;Tom;Martin Paul;Amiens;{}\n"
    for street, number in (("", 2), ("3 rue Haute", 1)):
        reading = importers.read_address_book((head + lines.format(street, street)).encode())
        assert len(people(reading, "guardian")) == number
