"""Attachments ready to be enclosed, their words in French typography."""

from collections.abc import Sequence

from demo.mail import office, pdf, pictures
from demo.mail.office import Rows
from demo.mail.typography import french, paragraphs
from demo.mail.writing import Enclosure

SCHOOL = "Collège des Aubépines – Montclair-sur-Orle"
RECTORATE = "Académie d’Exemple – Rectorat"


def text_of(source: str) -> list[str]:
    """The paragraphs and list items of an indented literal."""
    return [line for line in french(paragraphs(source)).splitlines() if line]


def pdf_file(name: str, title: str, source: str, issuer: str = SCHOOL) -> Enclosure:
    content = pdf.document(french(title), text_of(source), issuer=issuer)
    return Enclosure(name, "application/pdf", content)


def docx_file(name: str, title: str, source: str, table: Rows = ()) -> Enclosure:
    return Enclosure(name, office.DOCX, office.docx(french(title), text_of(source), table))


def odt_file(name: str, title: str, source: str, table: Rows = ()) -> Enclosure:
    return Enclosure(name, office.ODT, office.odt(french(title), text_of(source), table))


def xlsx_file(name: str, sheet: str, rows: Rows) -> Enclosure:
    return Enclosure(name, office.XLSX, office.xlsx(sheet, rows))


def ods_file(name: str, sheet: str, rows: Rows) -> Enclosure:
    return Enclosure(name, office.ODS, office.ods(sheet, rows))


def csv_file(name: str, rows: Rows) -> Enclosure:
    """Semicolons and a byte order mark, as a French Excel writes them."""
    lines = "".join(";".join(map(str, row)) + "\r\n" for row in rows)
    return Enclosure(name, "text/csv", b"\xef\xbb\xbf" + lines.encode())


def picture(name: str, canvas: pictures.Canvas, cid: str = "") -> Enclosure:
    return Enclosure(name, "image/png", canvas.png(), cid)


def photograph(name: str, cid: str = "") -> Enclosure:
    return Enclosure(name, "image/jpeg", pictures.POND_JPEG.read_bytes(), cid)


def zip_file(name: str, files: Sequence[Enclosure]) -> Enclosure:
    content = office.archive({file.name: file.content for file in files})
    return Enclosure(name, "application/zip", content)
