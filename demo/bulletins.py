"""A class's bulletins to try "a document for each recipient" with: a list of the families, and a
zip of a PDF for each pupil, one of which nobody can match by its name."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from demo import address_books
from demo.mail import pdf

FOLDER = "bulletins"
_MARKS = ("Français", "Mathématiques", "Histoire-géographie", "Anglais", "EPS")
_TERM = "Premier trimestre"


def write(folder: Path) -> None:
    """``familles-6eC.csv`` and ``bulletins-6eC.zip``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "familles-6eC.csv").write_bytes(families())
    (folder / "bulletins-6eC.zip").write_bytes(zipped())


def families() -> bytes:
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerow(["Nom", "Prénom", "Classe", "Courriel"])
    for first, last, address in _pupils():
        table.writerow([last, first, "6e C", address])
    return text.getvalue().encode("utf-8-sig")


def zipped() -> bytes:
    made = io.BytesIO()
    pupils = list(_pupils())
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (first, last, _address) in enumerate(pupils):
            is_last = number == len(pupils) - 1
            name = "scan_0417.pdf" if is_last else f"{last.upper()}_{first}_bulletin_T1.pdf"
            archive.writestr(f"Bulletins 6e C/{name}", _bulletin(first, last, number))
    return made.getvalue()


def _pupils() -> Iterator[tuple[str, str, str]]:
    """First name, last name and the family's address: those of the class list."""
    rows = csv.reader(io.StringIO(address_books.pupils().decode("cp1252")), delimiter=";")
    next(rows)
    for last, first, address, *_more in rows:
        yield first, last, address


def _bulletin(first: str, last: str, number: int) -> bytes:
    marks = [f"{subject} : {9 + (7 * number + 3 * n) % 10}/20" for n, subject in enumerate(_MARKS)]
    lines = [f"# {first} {last}, 6e C", *marks, "# Appréciation", "Un trimestre sérieux."]
    return pdf.document(f"Bulletin – {_TERM}", lines, issuer="Collège de l’Étang")
