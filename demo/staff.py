"""The academy's staff as in its staff file, for the account lookup and the import.

NUMENs, dates of birth and schools are invented, and the same at each start.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from email.headerregistry import Address

from demo import academy
from demo.mail import people
from mail.folding import without_accents


@dataclass(frozen=True)
class School:
    uai: str
    name: str


@dataclass(frozen=True)
class Member:
    """A line of the staff file."""

    numen: str
    born: date
    first_name: str
    last_name: str
    login: str
    address: str
    school: School
    discipline: str
    function: str
    is_active: bool = True


COLLEGE = School("0800101A", "Collège Les Aubépines, Sept-Ponts")
SCHOOLS = (
    COLLEGE,
    School("0800102B", "Collège Jeanne-Barret, Port-Garance"),
    School("0800103C", "Collège du Vieux-Moulin, Valorle"),
    School("0800104D", "Lycée Émilie-du-Châtelet, Sept-Ponts"),
    School("0800105E", "Lycée professionnel des Tanneurs, Valorle"),
    School("0800106F", "École élémentaire Jules-Verne, Sept-Ponts"),
    School("0800107G", "École maternelle des Peupliers, Port-Garance"),
    School("0800108H", "Rectorat de l’académie d’Exemple"),
)
SIZE = 203
"""The number of people in the file, including the academy's three."""

# The staff of the academy's first school, three of whom have mail in the demo.
_POSTS: tuple[tuple[Address, date | None, str, str], ...] = (
    (people.DURAND, date(1980, 5, 12), "Lettres modernes", "Professeure certifiée"),
    (people.MORVAN, date(1975, 9, 3), "Sciences de la vie et de la Terre", "Professeure agrégée"),
    (people.GUERIN, date(1968, 2, 21), "", "Principale"),
    (people.BENALI, None, "Mathématiques", "Professeur certifié"),
    (people.VASSEUR, None, "Histoire-géographie", "Professeure certifiée"),
    (people.ROCHE, None, "Éducation physique et sportive", "Professeur d’EPS"),
    (people.THUILLIER, None, "Documentation", "Professeure documentaliste"),
    (people.LEFORT, None, "Technologie", "Professeur certifié"),
    (people.PHAM, None, "Anglais", "Professeure contractuelle"),
    (people.DELATTRE, None, "", "Conseiller principal d’éducation"),
    (people.CARON, None, "", "Infirmière"),
)
_DISCIPLINES = (
    "Lettres modernes", "Mathématiques", "Anglais", "Espagnol", "Allemand", "Arts plastiques",
    "Histoire-géographie", "Physique-chimie", "Éducation musicale", "Philosophie",
    "Sciences économiques et sociales", "Sciences de la vie et de la Terre",
)  # fmt: skip
_FIRST_NAMES = (
    "Agnès", "Amélie", "Antoine", "Aurélie", "Bénédicte", "Benoît", "Bruno", "Céline", "Chloé",
    "Damien", "Delphine", "Émeline", "Fatima", "Florent", "Gaëlle", "Grégoire", "Hélène",
    "Ibrahim", "Isabelle", "Jean-Marc", "Jérôme", "Laëtitia", "Loïc", "Maël", "Marie-Laure",
    "Mathilde", "Nadia", "Noël", "Olivier", "Pascale", "Rémi", "Samira", "Sylvain", "Zoé",
)  # fmt: skip
_LAST_NAMES = (
    "Aubert", "Bélanger", "Bertin", "Boulanger", "Carpentier", "Chevalier", "Collet", "Dubois",
    "D’Hervilly", "Fauquet", "Garçon", "Gérard", "Haddad", "Hénin", "Jacob", "Lagrange",
    "Le Goff", "Legrand", "Lemaître", "Mercier", "Noël", "Olivier", "Petit", "Poirée", "Prévost",
    "Quénot", "Renard", "Rousseau", "Sellier", "Tavernier", "Traoré", "Vannier", "Wattelle",
)  # fmt: skip


def of(person: academy.Person) -> Member:
    """Return the staff member who is this person of the academy."""
    return next(member for member in STAFF if member.address == person.address)


def addresses() -> set[str]:
    """Return the addresses of all people in the directory and of the school's offices: they all
    receive mail, though few sign in."""
    offices = (people.SCHOOL_LIFE, people.STORES)
    return {member.address for member in STAFF} | {office.addr_spec for office in offices}


def csv_file() -> bytes:
    """Return the staff as a staff database exports it: semicolons, French headings, dates with the
    day first, UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(
        [
            "NUMEN", "Nom", "Prénom", "Date de naissance", "Identifiant", "Adresse", "UAI",
            "Nom de l’établissement", "Discipline", "Fonction", "Actif",
        ]
    )  # fmt: skip
    for person in STAFF:
        writer.writerow(
            [
                person.numen, person.last_name, person.first_name, f"{person.born:%d/%m/%Y}",
                person.login, person.address, person.school.uai, person.school.name,
                person.discipline, person.function, "oui" if person.is_active else "non",
            ]
        )  # fmt: skip
    return text.getvalue().encode()


def _members() -> Iterator[Member]:
    draw = random.Random(2026)  # noqa: S311  invented people, always the same
    taken: set[str] = set()
    for n, (address, born, discipline, function) in enumerate(_POSTS, start=1):
        first_name, _, last_name = address.display_name.partition(",")[0].partition(" ")
        login = f"{_plain(first_name)[0]}{_plain(last_name)}"
        taken |= {login, address.username}
        yield Member(
            numen=_numen(n),
            born=born or _birthday(draw),
            first_name=first_name,
            last_name=last_name,
            login=login,
            address=address.addr_spec,
            school=COLLEGE,
            discipline=discipline,
            function=function,
        )
    for n in range(len(_POSTS) + 1, SIZE + 1):
        yield _colleague(n, draw, taken)


def _colleague(n: int, draw: random.Random, taken: set[str]) -> Member:
    first_name, last_name = draw.choice(_FIRST_NAMES), draw.choice(_LAST_NAMES)
    local = _free(f"{_plain(first_name)}.{_plain(last_name)}", taken)
    school = SCHOOLS[n % len(SCHOOLS)]
    teaches = school is not SCHOOLS[-1]
    return Member(
        numen=_numen(n),
        born=_birthday(draw),
        first_name=first_name,
        last_name=last_name,
        login=_free(f"{_plain(first_name)[0]}{_plain(last_name).replace('-', '')}", taken),
        address=f"{local}@{academy.DOMAIN}",
        school=school,
        discipline=draw.choice(_DISCIPLINES) if teaches else "",
        function="Enseignement" if teaches else "Administration",
        is_active=n % 40 != 0,
    )


def _numen(n: int) -> str:
    """Return a NUMEN of the right form that nobody has. The first three are easy to type."""
    letter = chr(ord("A") + (n - 1) % 26)
    return f"20E05{n:05}{letter * 3}"


def _birthday(draw: random.Random) -> date:
    return date(draw.randint(1961, 2001), draw.randint(1, 12), draw.randint(1, 28))


def _plain(name: str) -> str:
    """Return a name in the form of logins and addresses: ``Marie-Hélène`` -> ``marie-helene``."""
    return without_accents(name.lower().replace("’", "").replace(" ", "-"))


def _free(wanted: str, taken: set[str]) -> str:
    """Return a free login or address. Homonyms get a number, as in academies."""
    login, number = wanted, 0
    while login in taken:
        number += 1
        login = f"{wanted}{number}"
    taken.add(login)
    return login


STAFF: tuple[Member, ...] = tuple(_members())
