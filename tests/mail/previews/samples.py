"""Attachments made here, one of each format and some that are hostile: none is kept as a file."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
from PIL import Image


def image(
    format: str, size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any
) -> bytes:
    """An image whose upper left quarter is red, the rest white."""
    picture = Image.new("RGB", size, "white")
    picture.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    out = io.BytesIO()
    picture.convert(mode).save(out, format, **options)
    return out.getvalue()


def animation(format: str, frames: int, size: tuple[int, int] = (20, 20)) -> bytes:
    pictures = [Image.new("RGB", size, (n * 5 % 256, n // 50, 0)) for n in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, format, save_all=True, append_images=pictures[1:], duration=50, loop=0)
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has that many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 1_000_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def photograph(width: int, height: int) -> bytes:
    """A JPEG that is no other one, with as much in it as a camera's."""
    grain = Image.frombytes(
        "RGB", (width // 8, height // 8), os.urandom(width // 8 * (height // 8) * 3)
    )
    out = io.BytesIO()
    grain.resize((width, height), Image.Resampling.BILINEAR).save(out, "JPEG", quality=80)
    return out.getvalue()


def archive(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as written:
        for name, content in files.items():
            written.writestr(name, content)
    return out.getvalue()


def open_document(kind: str, body: str, styles: str = "", prologue: str = "") -> bytes:
    """An OpenDocument file; ``kind`` is text, spreadsheet or presentation."""
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"'
        for name, urn in (
            ("office", "office"),
            ("text", "text"),
            ("table", "table"),
            ("style", "style"),
            ("draw", "drawing"),
            ("svg", "svg-compatible"),
            ("fo", "xsl-fo-compatible"),
            ("script", "script"),
        )
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{prologue}<office:document-content {names} '
        'xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3">'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
        "</office:document-content>"
    )
    manifest = (
        '<?xml version="1.0"?><manifest:manifest manifest:version="1.3" '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr(zipfile.ZipInfo("mimetype"), media_type)
        written.writestr("content.xml", content)
        written.writestr("META-INF/manifest.xml", manifest)
    return out.getvalue()


def with_macro(target: Path) -> bytes:
    """A text of OpenDocument that writes a file as soon as it is opened, where macros may run."""
    event = (
        '<office:event-listeners><script:event-listener script:language="ooo:script" '
        'script:event-name="dom:load" xlink:type="simple" xlink:href="vnd.sun.star.script:'
        'Standard.Module1.Main?language=Basic&amp;location=document"/></office:event-listeners>'
    )
    plain = archive_members(open_document("text", "<text:p>Bonjour</text:p>"))
    content = plain["content.xml"].replace(
        b"<office:automatic-styles>",
        f"<office:scripts>{event}</office:scripts><office:automatic-styles>".encode(),
    )
    content = content.replace(b"<office:document-content ", _EVENTS, 1)
    library = 'xmlns:library="http://openoffice.org/2000/library" library:name="Standard"'
    basic = {
        "Basic/script-lc.xml": (
            '<library:libraries xmlns:library="http://openoffice.org/2000/library">'
            '<library:library library:name="Standard" library:link="false"/></library:libraries>'
        ),
        "Basic/Standard/script-lb.xml": (
            f'<library:library {library}><library:element library:name="Module1"/>'
            "</library:library>"
        ),
        "Basic/Standard/Module1.xml": (
            '<script:module xmlns:script="http://openoffice.org/2000/script" '
            'script:name="Module1" script:language="StarBasic">Sub Main\n'
            f"Open &quot;{target}&quot; For Output As #1\nPrint #1, &quot;ran&quot;\n"
            "Close #1\nEnd Sub\n</script:module>"
        ),
    }
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>'
        for name in basic
    )
    manifest = plain["META-INF/manifest.xml"].replace(
        b"</manifest:manifest>", f"{entries}</manifest:manifest>".encode()
    )
    files: dict[str, bytes | str] = {**plain, "content.xml": content}
    return archive(files | basic | {"META-INF/manifest.xml": manifest})


_EVENTS = (
    b'<office:document-content xmlns:dom="http://www.w3.org/2001/xml-events" '
    b'xmlns:ooo="http://openoffice.org/2004/office" '
)


def with_pictures(pictures: dict[str, bytes]) -> bytes:
    """A text of OpenDocument that shows these files."""
    body = "".join(
        '<text:p><draw:frame svg:width="15cm" svg:height="11cm">'
        f'<draw:image xlink:href="{name}" xlink:type="simple"/></draw:frame></text:p>'
        for name in pictures
    )
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="image/jpeg"/>'
        for name in pictures
    )
    files = archive_members(open_document("text", body))
    manifest = files["META-INF/manifest.xml"].replace(
        b"</manifest:manifest>", f"{entries}</manifest:manifest>".encode()
    )
    return archive({**files, **pictures, "META-INF/manifest.xml": manifest})


def archive_members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def docx(body: str, prologue: str = "") -> bytes:
    types = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    return archive(
        {
            "[Content_Types].xml": (
                '<?xml version="1.0"?>'
                '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                '<Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/word/document.xml" ContentType="{types}"/></Types>'
            ),
            "_rels/.rels": (
                '<?xml version="1.0"?><Relationships '
                'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                f'<Relationship Id="r1" Type="{relation}" Target="word/document.xml"/>'
                "</Relationships>"
            ),
            "word/document.xml": (
                f'<?xml version="1.0" encoding="UTF-8"?>{prologue}<w:document '
                'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
                f"<w:body>{body}</w:body></w:document>"
            ),
        }
    )


def word_paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def word(*lines: str) -> bytes:
    return docx("".join(map(word_paragraph, lines)))


def writer(*lines: str) -> bytes:
    return open_document("text", "".join(f"<text:p>{line}</text:p>" for line in lines))


def calc(rows: Iterable[Iterable[str]]) -> bytes:
    """A workbook of OpenDocument with cells of text."""
    cells = [
        "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p>'
            "</table:table-cell>"
            for cell in row
        )
        for row in rows
    ]
    table = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
    return open_document("spreadsheet", f'<table:table table:name="A">{table}</table:table>')


def xlsx(sheets: Mapping[str, Iterable[Iterable[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def pptx() -> bytes:
    """No more than a presentation is told by."""
    return archive({"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<p/>"})


def ole(stream: str) -> bytes:
    """The head of an old Office file, and the name of its stream in the directory."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream.encode("utf-16-le") + bytes(64)


RTF = rb"{\rtf1\ansi Bonjour \'e0 tous.\par}"
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
WAV = b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(28)
MP4 = struct.pack(">I", 24) + b"ftypisom" + bytes(12)
WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"
MESSAGE = b"From: a@exemple.fr\r\nTo: b@exemple.fr\r\nSubject: Bonjour\r\n\r\nTexte\r\n"
VCARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Zo\xc3\xa9 Petit\r\nEND:VCARD\r\n"
CALENDAR = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PAGE = b"<!doctype html><html><script>alert(1)</script></html>"
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(120) + b"PE\x00\x00"


def pdf(pages: list[str], *, catalogue: str = "", annotation: str = "") -> bytes:
    """A PDF of pages with one line of text each; ``annotation`` goes onto the first."""
    objects = [f"<</Type/Catalog/Pages 2 0 R {catalogue}>>", ""]
    kids = []
    for number, text in enumerate(pages):
        stream = f"BT /F1 24 Tf 40 700 Td ({text}) Tj ET"
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
        annotations = f"/Annots[{annotation}]" if annotation and not number else ""
        objects.append(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]"
            f"/Contents {len(objects)} 0 R{annotations}"
            "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>"
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj{content}endobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
