"""Zip files, and office files, which are zip files too."""

import bz2
import functools
import struct
import zipfile
import zlib
from collections.abc import Iterable

from tests.mail.previews import samples
from tools.bench.cost.attacks import attached

STORED, DEFLATE = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
BZIP2, LZMA = zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA
UNFOLDED = 900_000_000  # bytes of the bombs: enough to see whether they are held
ODT = "application/vnd.oasis.opendocument.text"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@functools.cache
def bzip2_bomb() -> bytes:
    """Some hundred bytes."""
    squeeze = bz2.BZ2Compressor()
    pieces = [squeeze.compress(bytes(10_000_000)) for _ in range(UNFOLDED // 10_000_000)]
    return b"".join(pieces) + squeeze.flush()


@functools.cache
def deflate_bomb() -> bytes:
    """A thousandth of what it unfolds to."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    pieces = [squeeze.compress(bytes(10_000_000)) for _ in range(UNFOLDED // 10_000_000)]
    return b"".join(pieces) + squeeze.flush()


def zip_of(members: Iterable[tuple[bytes, int, bytes, int]], at: int | None = None) -> bytes:
    """A zip whose members claim what they like: name, method, packed bytes, unfolded size. ``at``:
    where all of them claim to begin."""
    body, index, count = bytearray(), bytearray(), 0
    for name, method, packed, size in members:
        checksum = zlib.crc32(packed) if method == STORED else 0
        told = struct.pack("<HHHHHIII", 20, 0, method, 0, 0, checksum, len(packed), size)
        place = len(body) if at is None else at
        body += b"PK\3\4" + told + struct.pack("<HH", len(name), 0) + name + packed
        index += b"PK\1\2\x14\0" + told
        index += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, place) + name
        count += 1
    shown = min(count, 0xFFFF)
    end = struct.pack("<HHHHIIH", 0, 0, shown, shown, len(index), len(body), 0)
    return bytes(body + index) + b"PK\5\6" + end


def stored(name: str, content: bytes) -> tuple[bytes, int, bytes, int]:
    return name.encode(), STORED, content, len(content)


@attached("a.zip", "application/zip")
def bzip2_member() -> bytes:
    """A bzip2 member that unfolds to a gigabyte and claims 1 kB."""
    return zip_of([(b"a.txt", BZIP2, bzip2_bomb(), 1_000)])


@attached("a.odt", ODT)
def odt_bzip2_manifest() -> bytes:
    """A document whose manifest is such a member."""
    manifest = (b"META-INF/manifest.xml", BZIP2, bzip2_bomb(), 1_000)
    content = stored("content.xml", b"<a/>")
    return zip_of([stored("mimetype", ODT.encode()), content, manifest])


@attached("a.odt", ODT)
def odt_bzip2_content() -> bytes:
    """A document whose content is such a member."""
    content = (b"content.xml", BZIP2, bzip2_bomb(), 1_000)
    return zip_of([stored("mimetype", ODT.encode()), content])


@attached("a.docx")
def docx_deflated() -> bytes:
    """A text that unfolds to a gigabyte and claims 1 kB."""
    document = (b"word/document.xml", DEFLATE, deflate_bomb(), 1_000)
    return zip_of([stored("[Content_Types].xml", b"<Types/>"), document])


@attached("a.zip", "application/zip")
def deflated_member() -> bytes:
    """A deflated member that unfolds to a gigabyte and claims 1 kB."""
    return zip_of([(b"a.txt", DEFLATE, deflate_bomb(), 1_000)])


@attached("a.zip", "application/zip")
def lzma_member() -> bytes:
    """A member in LZMA with a dictionary of 4 GB."""
    packed = b"\x09\x04\x05\x00" + b"\x5d\xff\xff\xff\xff" + bytes(1_000)
    return zip_of([(b"a.txt", LZMA, packed, 1_000)])


@attached("a.zip", "application/zip")
def members() -> bytes:
    """65,000 members."""
    return zip_of(stored(f"{n}.txt", b"a") for n in range(65_000))


@attached("a.zip", "application/zip")
def overlapping() -> bytes:
    """2,000 members that are one."""
    one = zlib.compress(bytes(900_000))[2:-4]
    return zip_of(((b"a.txt", DEFLATE, one, 900_000) for _ in range(2_000)), at=0)


@attached("a.zip", "application/zip")
def long_names() -> bytes:
    """300 members with names of 60,000 characters."""
    return zip_of(stored("a/" * 30_000 + str(n), b"a") for n in range(300))


@attached("a.zip", "application/zip")
def nested() -> bytes:
    """Zips in zips, twenty deep."""
    content = b"a"
    for _ in range(20):
        content = samples.archive({"a.zip": content})
    return content


@attached("a.zip", "application/zip")
def full_comment() -> bytes:
    """Marks of an archive's end, none of which is one."""
    return b"PK\3\4" + b"PK\5\6" * 2_000_000


@attached("a.docx")
def docx_deep() -> bytes:
    """A Word file of elements in one another."""
    return samples.docx("<w:tbl><w:tr><w:tc>" * 30_000)


@attached("a.docx")
def docx_paragraphs() -> bytes:
    """A Word file of 300,000 paragraphs."""
    return samples.docx(samples.word_paragraph("a") * 300_000)


@attached("a.docx")
def docx_entities() -> bytes:
    """A Word file with entities that multiply."""
    steps = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    prologue = f'<!DOCTYPE a [<!ENTITY e0 "aaaaaaaaaa">{steps}]>'
    return samples.docx(samples.word_paragraph("&e9;"), prologue)


@attached("a.docx")
def docx_entities_in_utf16() -> bytes:
    """The same in UTF-16, where a search for bytes finds no entity."""
    files = samples.archive_members(docx_entities())
    text = files["word/document.xml"].decode().replace("UTF-8", "UTF-16")
    return samples.archive({**files, "word/document.xml": text.encode("utf-16")})


@attached("a.docx")
def docx_attributes() -> bytes:
    """A Word file with a run of 200,000 attributes."""
    return samples.docx("<w:p " + " ".join(f'w:a{n}=""' for n in range(200_000)) + "/>")


@attached("a.xlsx", XLSX)
def xlsx_rows() -> bytes:
    """A workbook of 100,000 rows."""
    return samples.xlsx({"a": [[n, "a", "b"] for n in range(100_000)]})


@attached("a.xlsx", XLSX)
def xlsx_wide() -> bytes:
    """A workbook whose only cell is the last that there may be."""
    files = samples.archive_members(samples.xlsx({"a": [["a"]]}))
    name = "xl/worksheets/sheet1.xml"
    files[name] = (
        files[name].replace(b'r="A1"', b'r="XFD1048576"').replace(b'r="1"', b'r="1048576"')
    )
    return samples.archive(dict(files))


@attached("a.xlsx", XLSX)
def xlsx_shared_strings() -> bytes:
    """A workbook with two million shared strings."""
    files: dict[str, bytes | str] = dict(samples.archive_members(samples.xlsx({"a": [["a"]]})))
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    files["xl/sharedStrings.xml"] = f'<sst xmlns="{name}">{"<si><t>a</t></si>" * 2_000_000}</sst>'
    return samples.archive(files)


@attached("a.xlsx", XLSX)
def xlsx_styles() -> bytes:
    """A workbook with 500,000 styles."""
    files = samples.archive_members(samples.xlsx({"a": [["a"]]}))
    name = "xl/styles.xml"
    files[name] = files[name].replace(b"<cellXfs", b"<cellXfs" + b' count="1"' * 0, 1)
    files[name] = files[name].replace(
        b"</cellXfs>", b'<xf numFmtId="14"/>' * 500_000 + b"</cellXfs>"
    )
    return samples.archive(dict(files))


@attached("a.ods", "application/vnd.oasis.opendocument.spreadsheet")
def ods_repeated() -> bytes:
    """A table whose one row and one cell are repeated a million times each."""
    cell = '<table:table-cell table:number-columns-repeated="16384" office:value-type="string">'
    row = '<table:table-row table:number-rows-repeated="1048576">'
    inner = f"{row}{cell}<text:p>a</text:p></table:table-cell></table:table-row>"
    body = f'<table:table table:name="a">{inner}</table:table>'
    return samples.open_document("spreadsheet", body)


@attached("a.odt", ODT)
def odt_spaces() -> bytes:
    """A text with a run of two billion blanks, as one element says."""
    return samples.open_document("text", '<text:p>a<text:s text:c="2000000000"/>b</text:p>')


@attached("a.odt", ODT)
def odt_deep() -> bytes:
    """A text of sections in one another."""
    return samples.open_document("text", "<text:section>" * 20_000 + "</text:section>" * 20_000)


@attached("a.odt", ODT)
def odt_entities() -> bytes:
    """A text with entities that multiply."""
    steps = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    prologue = f'<!DOCTYPE a [<!ENTITY e0 "aaaaaaaaaa">{steps}]>'
    return samples.open_document("text", "<text:p>&e9;</text:p>", prologue=prologue)


@attached("a.doc", "application/msword")
def old_word() -> bytes:
    """An old Word file of 20 MB that is nothing but its head."""
    return samples.ole("WordDocument") + bytes(20_000_000)
