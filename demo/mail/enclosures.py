"""Attachments ready to be enclosed, their words in French typography."""

import io
import math
import wave
from collections.abc import Sequence
from textwrap import dedent

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


def text_file(name: str, source: str) -> Enclosure:
    return Enclosure(name, "text/plain", french(dedent(source).strip()).encode() + b"\n")


def markdown_file(name: str, source: str) -> Enclosure:
    return Enclosure(name, "text/markdown", french(dedent(source).strip()).encode() + b"\n")


def rtf_file(name: str, lines: Sequence[str]) -> Enclosure:
    """Rich Text Format 1.9: what is not ASCII as `\\u` with a sign for older programs."""
    body = "\\par\n".join(map(french, lines))
    written = "".join(c if c.isascii() else f"\\u{ord(c)}?" for c in body)
    return Enclosure(name, "application/rtf", f"{{\\rtf1\\ansi\\deff0 {written}}}".encode())


def sound_file(name: str, notes: Sequence[float]) -> Enclosure:
    """A bell for each note (in Hz), half a second each: WAV, 16 bits, 11 kHz."""
    rate, length = 11025, 0.5
    samples = (
        round(12000 * math.exp(-5 * n / rate) * math.sin(2 * math.pi * note * n / rate))
        for note in notes
        for n in range(int(rate * length))
    )
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))
    return Enclosure(name, "audio/wav", file.getvalue())


def zip_file(name: str, files: Sequence[Enclosure]) -> Enclosure:
    content = office.archive({file.name: file.content for file in files})
    return Enclosure(name, "application/zip", content)
