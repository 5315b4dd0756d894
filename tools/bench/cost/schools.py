"""The school's files and lists of pupils that are brought to be imported."""

import io
import zipfile
from collections.abc import Iterable

from tools.bench.cost.attacks import imported

_PUPIL = '<ELEVE ELEVE_ID="{0}"><NOM>A{0}</NOM><PRENOM>B</PRENOM></ELEVE>'
_IN_CLASSES = '<STRUCTURES_ELEVE ELEVE_ID="{0}">{1}</STRUCTURES_ELEVE>'
_CLASS = (
    "<STRUCTURE><CODE_STRUCTURE>{0}</CODE_STRUCTURE><TYPE_STRUCTURE>D</TYPE_STRUCTURE></STRUCTURE>"
)
_GUARDIAN = '<PERSONNE PERSONNE_ID="{0}"><NOM>P{0}</NOM></PERSONNE>'
_TIE = (
    "<RESPONSABLE_ELEVE><ELEVE_ID>{0}</ELEVE_ID><PERSONNE_ID>{1}</PERSONNE_ID></RESPONSABLE_ELEVE>"
)
_HEADER = "Nom;Prénom;Classe;Nom responsable 1;Prénom responsable 1;Courriel responsable 1\n"


def siecle(kind: str, parts: Iterable[str]) -> bytes:
    """An export of SIECLE, in UTF-8."""
    return (
        f"<BEE_{kind}><PARAMETRES><UAJ>0330000A</UAJ><ANNEE_SCOLAIRE>2026</ANNEE_SCOLAIRE>"
        f"</PARAMETRES><DONNEES>{''.join(parts)}</DONNEES></BEE_{kind}>"
    ).encode()


def pupils(count: int, *classes: str) -> bytes:
    structures = "".join(map(_CLASS.format, classes or ("4B",)))
    texts = (_PUPIL.format(n) + _IN_CLASSES.format(n, structures) for n in range(count))
    return siecle("ELEVES", texts)


def zipped(exports: Iterable[bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, export in enumerate(exports):
            archive.writestr(f"{number}.xml", export)
    return out.getvalue()


@imported("eleves.xml")
def siecle_many() -> bytes:
    """More pupils than a file may have."""
    return pupils(100_001)


@imported("eleves.xml")
def siecle_classes() -> bytes:
    """A pupil in half a million classes."""
    return pupils(1, *map(str, range(500_000)))


@imported("eleves.xml")
def siecle_all_classes() -> bytes:
    """2,000 pupils, each in 200 classes."""
    return pupils(2_000, *map(str, range(200)))


@imported("siecle.zip")
def siecle_ties() -> bytes:
    """700 pupils, each with the same 700 guardians."""
    ties = (_TIE.format(pupil, guardian) for pupil in range(700) for guardian in range(700))
    guardians = siecle("RESPONSABLES", [*map(_GUARDIAN.format, range(700)), *ties])
    return zipped([pupils(700), guardians])


@imported("siecle.zip")
def siecle_exports() -> bytes:
    """A zip of 1,900 exports of one school."""
    return zipped([pupils(20)] * 1_900)


@imported("eleves.xml")
def siecle_deep() -> bytes:
    """Pupils in one another."""
    return siecle("ELEVES", ['<ELEVE ELEVE_ID="1">' * 500_000])


@imported("eleves.xml")
def siecle_attributes() -> bytes:
    """A pupil with 300,000 attributes."""
    attributes = " ".join(f'a{n}="1"' for n in range(300_000))
    return siecle("ELEVES", [f"<ELEVE {attributes}/>"])


@imported("eleves.xml")
def siecle_entities() -> bytes:
    """Entities that multiply, in UTF-16."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<!DOCTYPE a [<!ENTITY a0 "ha">{entities}]><BEE_ELEVES>&a11;</BEE_ELEVES>'
    return text.encode("utf-16")


@imported("classe.csv")
def namesakes() -> bytes:
    """40,000 pupils of one name and one class, each with a guardian of one name."""
    lines = (f"Martin;Léa;4B;Martin;Anne;a{n}@b.fr\n" for n in range(40_000))
    return (_HEADER + "".join(lines)).encode()


@imported("classe.csv")
def one_guardian() -> bytes:
    """A guardian with 40,000 children."""
    lines = (f"Martin{n};Léa;4B;Martin;Anne;a@b.fr\n" for n in range(40_000))
    return (_HEADER + "".join(lines)).encode()


@imported("classe.csv")
def many_classes() -> bytes:
    """40,000 pupils, each with a class of their own."""
    lines = (f"Martin{n};Léa;C{n};Martin;Anne;a{n}@b.fr\n" for n in range(40_000))
    return (_HEADER + "".join(lines)).encode()


@imported("classe.csv")
def groups_in_a_cell() -> bytes:
    """1,000 pupils, each in the same 4,000 groups."""
    groups = ",".join(map(str, range(4_000)))
    lines = (f"Martin{n};Léa;4B;F;{groups}\n" for n in range(1_000))
    return ("Nom;Prénom;Classe;Sexe;Groupes\n" + "".join(lines)).encode()


@imported("classe.csv")
def notes() -> bytes:
    """Two lines about one pupil, each with a note of 400,000 lines."""
    notes = "\n".join(map(str, range(400_000)))
    line = f'Martin;Léa;4B;2015-01-01;"{notes}"\n'
    return ("Nom;Prénom;Classe;Date de naissance;Remarques\n" + line * 2).encode()


@imported("classe.csv")
def wide() -> bytes:
    """Guardians in 990 columns, of 20,000 pupils."""
    header = ";".join(("Nom", "Prénom", "Classe", *["Note responsable 1"] * 987))
    line = ";".join(("A", "B", "4B", *"x" * 987))
    return "\n".join((header, *[line] * 20_000)).encode()


@imported("classe.csv")
def children_in_a_cell() -> bytes:
    """20,000 lines of guardians, each with cells full of children."""
    children = ", ".join(f"MARTIN Léa{n}" for n in range(100))
    lines = (f'DURAND;Anne;a{n}@b.fr;"{children}";Mère\n' for n in range(20_000))
    return ("Nom;Prénom;Courriel;Élève;Lien\n" + "".join(lines)).encode()


@imported("ent.csv")
def workspace_children() -> bytes:
    """10,000 parents of a digital workspace, each with the same 300 children."""
    pupils = "".join(f"Élève;N{n};Léa;4B;\n" for n in range(300))
    children = ",".join(f"N{n} Léa" for n in range(300))
    parents = "".join(f'Parent;P{n};Anne;;"{children}"\n' for n in range(10_000))
    return ("Profil;Nom;Prénom;Classe;Enfant(s)\n" + pupils + parents).encode()


@imported("classe.csv")
def stacked() -> bytes:
    """10,000 tables below each other."""
    return (_HEADER + "Martin;Léa;4B;Martin;Anne;a@b.fr\n").encode() * 10_000
