"""Old address books to try the import with, as SUN, HORDE and a spreadsheet wrote them.

Some of their people are already in the demo's address book: one gets a telephone number, two share
an address, one row is broken. All of them are invented, and the same at each start.
"""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from addressbook.folding import fold

FOLDER = "address_books"
_FIRST_NAMES = (
    "Amélie", "Bastien", "Capucine", "Djamel", "Élise", "Farid", "Gaëlle", "Hervé", "Inès",
    "Joachim", "Karima", "Loïc", "Maëlle", "Noël", "Odile", "Pascal", "Rose", "Samuel", "Thaïs",
    "Yvan",
)  # fmt: skip
_LAST_NAMES = (
    "Aubert", "Bonnafous", "Chérif", "Delaunay", "Escoffier", "Fauré", "Garnier", "Huët", "Imbert",
    "Jacquet", "Kerboul", "Leclercq", "Maçon", "N’Diaye", "Ollivier",
)  # fmt: skip
_CLASSES = ("6e C", "5e A", "4e B", "3e D")
_HORDE = (
    "firstname", "lastname", "name", "alias", "birthday", "homeStreet", "homePostalCode",
    "homeCity", "homeCountry", "email", "homePhone", "workPhone", "cellPhone", "title", "company",
    "category", "notes",
)  # fmt: skip


def write(folder: Path) -> None:
    """Write ``horde.csv``, ``sun.ldif``, ``classe-6eC.csv`` and ``pronote-5eC.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "horde.csv").write_bytes(horde())
    (folder / "sun.ldif").write_bytes(sun())
    (folder / "classe-6eC.csv").write_bytes(pupils())
    (folder / "pronote-5eC.csv").write_bytes(school_list())


def _people() -> Iterator[tuple[str, str, int]]:
    """Yield 300 pairs of first and last names, each once, with their number."""
    for number in range(len(_FIRST_NAMES) * len(_LAST_NAMES)):
        yield _FIRST_NAMES[number % 20], _LAST_NAMES[number // 20], number


def _address(first: str, last: str) -> str:
    local = f"{first}.{last}".replace("’", "").replace(" ", "-")
    return f"{fold(local)}@fai.example"


def _telephone(number: int) -> str:
    """Return a telephone number from the range that ARCEP reserves for fiction."""
    return f"06 39 98 {number // 100:02} {number % 100:02}"


def horde() -> bytes:
    """Return a CSV file of Turba: cells that are not empty are quoted, quotes inside get a
    backslash, and a list is a row with nothing but its name."""
    rows = [_horde_row(first, last, number) for first, last, number in _people()]
    rows += [
        # Contacts that are in the demo's address book: one with a second telephone number, one
        # unchanged, and one at an address that another person has.
        {
            "firstname": "Sophie", "lastname": "Lambert-Petit", "homePhone": "03 53 01 55 18",
            "email": "s.lambert-petit@courriel.example",
        },
        {"firstname": "Mei", "lastname": "Zhang", "email": "m.zhang@courriel.example"},
        {
            "firstname": "Rémi", "lastname": "Petit", "email": "s.lambert-petit@courriel.example",
            "notes": "Père de Maël : \"plutôt le soir\"\nNe pas appeler le mercredi.",
        },
        {"lastname": "Parents délégués"},
        {"notes": "sans nom ni adresse"},
    ]  # fmt: skip
    lines = [",".join(f'"{name}"' for name in _HORDE)]
    lines += [",".join(_horde_cell(row.get(name, "")) for name in _HORDE) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _horde_row(first: str, last: str, number: int) -> dict[str, str]:
    row = {
        "firstname": first,
        "lastname": last,
        "name": f"{first} {last}",
        "email": _address(first, last),
        "category": _CLASSES[number % len(_CLASSES)],
    }
    if number % 3 == 0:
        row["cellPhone"] = _telephone(number)
    if number % 7 == 0:
        row |= {"homeStreet": f"{number + 1}, rue des Saules", "homePostalCode": "80999"}
        row |= {"homeCity": "Valmont", "homeCountry": "FR"}
    if number % 11 == 0:
        row |= {"company": "Mairie de Valmont", "title": "Élu, délégué à l’école"}
    return row


def _horde_cell(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"' if text else ""


def sun() -> bytes:
    """Return a personal address book (o=pab), in which each person's entry names the person's
    groups."""
    base = "ou=fdurand,ou=people,o=ac-exemple.fr,o=pab"
    groups = {"group1": "Conseil pédagogique", "group2": "Échange avec Hillbrook"}
    entries = [
        f"dn: un={name},{base}\nobjectClass: top\nobjectClass: pabGroup\nun: {name}\n"
        f"{_ldif('cn', title)}"
        for name, title in groups.items()
    ]
    for first, last, number in _people():
        if number % 6 == 0:
            entries.append(_sun_person(base, first, last, number))
    return ("version: 1\n\n" + "\n\n".join(entries) + "\n").encode()


def _sun_person(base: str, first: str, last: str, number: int) -> str:
    name = f"contact{number:04}"
    lines = [f"dn: un={name},{base}", "objectClass: top", "objectClass: pabPerson", f"un: {name}"]
    lines += [_ldif("cn", f"{first} {last}"), _ldif("givenName", first), _ldif("sn", last)]
    lines += [f"mail: {_address(first, last)}", f"homePhone: {_telephone(number)}"]
    lines += [f"memberOfPABGroup: group{number // 6 % 2 + 1}", "memberOfPAB: All"]
    return "\n".join(lines)


def _ldif(name: str, value: str) -> str:
    """Return a line of LDIF (RFC 2849); a value that is not plain ASCII is written in base64."""
    if value.isascii():
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"


def pupils() -> bytes:
    """Return the families of a class from a spreadsheet: semicolons, windows-1252, and a column
    that only its author understands."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerow(["Nom", "Prénom", "Mél", "Tél. mobile", "Classe", "Divers"])
    for first, last, number in _people():
        if number % 12 == 0:
            row = [last, first, _address(first, last), _telephone(number), "6e C"]
            table.writerow([*row, "cantine" if number % 24 else "externe"])
    return text.getvalue().encode("cp1252")


def school_list() -> bytes:
    """Return the class 5e C as exported by Pronote: one pupil of the demo's address book has left,
    and two are new."""
    rows = (
        "Nom;Prénom;Né(e) le;Classe;Sexe;Régime;Responsable 1 Nom;Responsable 1 Prénom;"
        "Lien responsable 1;Email responsable 1;Tél. portable responsable 1;"
        "Reçoit les courriers 1;Responsable 2 Nom;Responsable 2 Prénom;Email responsable 2;"
        "Commentaire",
        "KOWALSKI;Lila;14/03/2013;5e C;F;DEMI-PENSIONNAIRE;KOWALSKI;Ewa;Mère;"
        "ewa.kowalski@courriel.example;06 39 98 60 10;Oui;KOWALSKI;Piotr;"
        "piotr.kowalski@courriel.example;",
        "MERCIER;Sacha;02/07/2013;5e C;M;EXTERNE;MERCIER;Julie;Mère;"
        "julie.mercier@courriel.example;;Oui;MERCIER;Denis;;",
        "PEREIRA;Ana;23/11/2013;5e C;F;EXTERNE;PEREIRA;Teresa;Mère;"
        "teresa.pereira@courriel.example;;Oui;;;;",
        "PEREIRA;Rui;23/11/2013;5e C;M;EXTERNE;PEREIRA;Teresa;Mère;"
        "teresa.pereira@courriel.example;;Oui;;;;",
        "FAURE;Nino;08/08/2013;5e C;M;DEMI-PENSIONNAIRE;FAURE;Cléa;Mère;"
        "clea.faure@courriel.example;06 39 98 70 10;Oui;;;;",
        "BASTIDE;Noa;19/05/2013;5e C;F;EXTERNE;BASTIDE;Yann;Père;"
        "yann.bastide@courriel.example;06 39 98 71 10;Oui;;;;",
    )
    return ("\r\n".join(rows) + "\r\n").encode("cp1252")
