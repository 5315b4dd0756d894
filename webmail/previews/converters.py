"""Word, Excel and OpenDocument files made into HTML and tables, in a helper process
(`webmail.sandbox`).

Whatever a file holds, no more of it is read than can be shown: the end of a long part is left
where it is. The budget of the helper is a second wall.
"""

from __future__ import annotations

import codecs
import contextlib
import datetime
import html
import io
import itertools
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree

from webmail import zips

MOST_MEMBERS = 10_000
LARGEST_XML = 40_000_000
"""Bytes of XML that are unpacked of one file."""
LONGEST_HTML = 700_000
MOST_SHEETS = 30
MOST_ROWS = 2_000
MOST_COLUMNS = 101
LONGEST_CELL = 2_000
MOST_CHARACTERS = 3_000_000  # of all cells together
MOST_CELLS = 200_000  # that are read of a workbook of Excel
MOST_SHARED = 300_000  # texts that its cells share, among which those that are shown are looked up


def convert(content: bytes, extension: str, *, most_rows: int = MOST_ROWS) -> dict[str, Any]:
    """Return what is shown of a file: ``{"html": ..., "is_truncated": ...}``, not yet sanitised, of
    a text; ``{"sheets": [{"name", "rows", "is_truncated"}, ...], "is_truncated": ...}`` of a
    workbook, whose sheets have ``most_rows`` at most. Raises whatever a damaged file makes the
    libraries raise."""
    if extension in ("xlsx", "ods"):
        result = {"xlsx": xlsx, "ods": ods}[extension](content, most_rows)
    else:
        result = {"docx": docx, "odt": odt}[extension](content)
    trim(result.get("sheets", []))
    return result


# --- the parts of a file ---

MOST_MARKS = 700_000
"""Of a part whose tree is held in memory; see `marks`."""
MOST_MARKS_AT_ONCE = 200_000
"""Of one element of a part that is read as it comes."""


class Parts:
    """The XML parts of an Office file, within what one conversion may take of all of them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._left = LARGEST_XML
        self.is_cut = False
        """Whether something was left unread."""
        self._members = {
            member.raw_name.decode("utf-8", "replace"): member
            for member in zips.members(content, most=MOST_MEMBERS)
        }
        self._names = frozenset(self._members)

    def names(self) -> frozenset[str]:
        return self._names

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part as UTF-8, a piece at a time, to its end or to the end of what may be read. Raises
        KeyError where there is no such part."""
        return as_utf_8(self._raw_pieces(self._members[name]))

    def _raw_pieces(self, member: zips.Member) -> Iterator[bytes]:
        read = 0
        for piece in zips.pieces(self._content, member, member.size):
            read += len(piece)
            self._left -= len(piece)
            if read > member.size:
                raise ValueError("a part is larger than it declares")
            if self._left < 0:
                self.is_cut = True
                return
            yield piece

    def tree(self, name: str) -> tuple[Any, bool]:
        """The root of a part, and whether the part goes on behind what was read."""
        source, left = bytearray(), MOST_MARKS
        for piece in self.pieces(name):
            left -= marks(piece)
            if left < 0:
                self.is_cut = True
                break
            source += piece
        is_cut = min(left, self._left) < 0
        root = etree.fromstring(bytes(source), etree.XMLParser(recover=is_cut, **OPTIONS))
        if root is None:
            raise ValueError("nothing at the beginning of a part")
        return root, is_cut

    def stream(self, name: str, tag: str) -> Iterator[Any]:
        """The elements of this local name, each gone when the next one is asked for. They end where
        one is too large, or no more may be read."""
        parser = etree.XMLPullParser(("end",), tag=f"{{*}}{tag}", **OPTIONS)
        waiting = 0
        for piece in self.pieces(name):
            count = marks(piece)
            waiting += count
            if waiting > MOST_MARKS_AT_ONCE:
                self.is_cut = True
                return
            parser.feed(piece)
            for _event, element in parser.read_events():
                waiting = count
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]


OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_pis": True,
    "remove_comments": True,
}


def marks(piece: bytes) -> int:
    """No fewer than the elements, attributes and texts of a piece of XML: each takes some 150 bytes
    of memory, and only four in the file."""
    return piece.count(b"<") + piece.count(b"=")


DOCTYPE = b"<!DOCTYPE"
DECLARATION = re.compile(
    rb"<\?xml\s[^>]{0,100}?encoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9._-]{1,40})[^>]{0,100}>"
)
# What the formats allow (ECMA-376 part 2 section 9.1.3, XML 1.0 section 4.3.3), and what some
# programs write all the same.
ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "windows-1252": "cp1252",
}


def as_utf_8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """XML in UTF-8, without its declaration. A document type is refused: no part of an Office file
    has one, and those that do are made to unfold. A charset that could hide one is refused too."""
    first = next(pieces, b"")
    encoding, start = encoding_of(first)
    decoder = codecs.getincrementaldecoder(encoding)()
    before, attributes = b"", 0
    for raw in itertools.chain([first[start:]], pieces):
        piece = decoder.decode(raw).encode()
        if not before and encoding.startswith("utf-16"):
            piece = re.sub(rb"\A(?:\xef\xbb\xbf)?<\?xml\s[^>]{0,200}>", b"", piece)
        before = before[-len(DOCTYPE) :] + piece
        if DOCTYPE in before:
            raise ValueError("a part declares a document type")
        attributes = most_attributes(piece, attributes)
        if attributes > MOST_ATTRIBUTES:
            raise ValueError("an element has too many attributes")
        yield piece


MOST_ATTRIBUTES = 1_000
"""Of one element: lxml lists them in time that grows with their square."""
ATTRIBUTE = re.compile(rb"=\s{0,9}[\"']")


def most_attributes(piece: bytes, begun: int) -> int:
    """No fewer attributes than the last element of a piece has, or more than may be where any has
    more. ``begun`` are those of the element in which the piece begins."""
    first, *others = (len(ATTRIBUTE.findall(tag)) for tag in piece.split(b"<"))
    counts = [begun + first, *others]
    return max(counts) if max(counts) > MOST_ATTRIBUTES else counts[-1]


def encoding_of(first: bytes) -> tuple[str, int]:
    """The codec of some XML, and where the text begins behind its mark and declaration."""
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", 0
    if first[:4] in (b"<\0?\0", b"\0<\0?"):
        return ("utf-16-le" if first[0] else "utf-16-be"), 0
    mark = len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
    declaration = DECLARATION.match(first, mark)
    if declaration is None:
        return "utf-8", mark
    encoding = ENCODINGS.get(declaration[1].decode().lower())
    if encoding is None:
        raise ValueError("a part in a charset of its own")
    return encoding, declaration.end()


# --- Word ---

MOST_WORD_ELEMENTS, MOST_SIDE_ELEMENTS = 30_000, 5_000
"""Of the text, and of each part beside it: styles, numbering, notes. mammoth takes a kilobyte of
memory and 40 microseconds for each."""
LONGEST_ATTRIBUTE, LONGEST_TARGET = 500, 2_000
MOST_LINKS = 5_000

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Parts of which mammoth makes nothing.
UNREAD = re.compile(
    r"(?:docProps|customXml)/|.*/(?:theme|glossary|media|charts|diagrams|embeddings|drawings)/"
    r"|.*/(?:settings|fontTable|webSettings|comments\w*|people|header\d*|footer\d*)\.xml"
)
# Elements that say how a text looks in ways that are not kept: half of most files.
LOOKS = [
    f"{WORD}{name}"
    for name in (
        "spacing", "jc", "lang", "rFonts", "sz", "szCs", "color", "bCs", "iCs", "proofErr", "kern",
        "noProof", "lastRenderedPageBreak", "sectPr", "tcW", "tcBorders", "tblBorders", "tblGrid",
        "tblCellMar", "tblLook", "vAlign", "shd", "keepNext", "keepLines", "widowControl", "tabs",
        "contextualSpacing", "snapToGrid", "pict", "latentStyles",
    )
]  # fmt: skip


def docx(content: bytes) -> dict[str, Any]:
    """A Word file's text with its headings, lists and tables."""
    import mammoth

    light, is_cut = lightened(Parts(content))
    converted = mammoth.convert_to_html(
        io.BytesIO(light),
        # Pictures would come as data: addresses, which the sanitiser drops; and the file's own map
        # of styles could make any element.
        convert_image=lambda image: [],
        include_embedded_style_map=False,
    )
    shown = cut(converted.value)
    return {**shown, "is_truncated": shown["is_truncated"] or is_cut}


def lightened(parts: Parts) -> tuple[bytes, bool]:
    """A Word file with the parts alone of which something is shown, and whether any of them is
    cut."""
    out, is_cut = io.BytesIO(), False
    text = main_part(parts, "word/document.xml")
    with zipfile.ZipFile(out, "w") as written:
        for name in parts.names():
            if name.endswith((".xml", ".rels")) and not UNREAD.match(name):
                root, ends_early = parts.tree(name)
                etree.strip_elements(root, *LOOKS, with_tail=False)
                most = MOST_WORD_ELEMENTS if name == text else MOST_SIDE_ELEMENTS
                is_cut |= ends_early | pruned(root, most)
                without_repetition(root)
                written.writestr(name, etree.tostring(root))
    return out.getvalue(), is_cut


def pruned(root: Any, most: int) -> bool:
    """Take away what stands behind the first ``most`` elements; whether there was more."""
    last = next(itertools.islice(root.iter(), most, None), None)
    if last is None:
        return False
    for element in (last, *last.iterancestors()):
        parent = element.getparent()
        if parent is not None:
            del parent[parent.index(element) + 1 :]
    last.getparent().remove(last)
    return True


def without_repetition(root: Any) -> None:
    """Bound what a Word file says once and mammoth writes many times: notes that are called again
    and again, the addresses of links, the instructions of a field, the names of styles."""
    notes: set[tuple[str, ...]] = set()
    links, instruction = 0, 0
    for element in list(root.iter()):
        name = etree.QName(element).localname
        longest = LONGEST_TARGET if name == "Relationship" else LONGEST_ATTRIBUTE
        for attribute, value in element.items():
            if len(value) > longest:
                element.set(attribute, value[:longest])
        if name == "hyperlink":
            links += 1
            if links > MOST_LINKS:
                element.attrib.clear()
        elif name in ("footnoteReference", "endnoteReference"):
            note = (name, *element.values())
            if note in notes:
                element.getparent().remove(element)
            notes.add(note)
        elif name == "fldChar":
            instruction = 0
        elif name == "instrText":
            instruction += len(element.text or "")
            if instruction > LONGEST_TARGET:
                element.text = ""


def cut(source: str) -> dict[str, Any]:
    """The beginning of some HTML, to the end of a paragraph."""
    if len(source) <= LONGEST_HTML:
        return {"html": source, "is_truncated": False}
    end = source.rfind("</p>", 0, LONGEST_HTML)
    return {"html": source[: end if end > 0 else LONGEST_HTML], "is_truncated": True}


# --- Excel ---

# Formats of numbers that are dates in every language (ECMA-376 part 1, section 18.8.30).
DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
DURATIONS = frozenset({46})
# In a format of one's own: what is said literally, colours and conditions.
LITERAL = re.compile(r'"[^"]{0,200}"|\\.|_.|\[(?!h+\]|m+\]|s+\])[^\]]{0,100}\]', re.IGNORECASE)


def xlsx(content: bytes, most_rows: int = MOST_ROWS) -> dict[str, Any]:
    """The visible sheets, with the values that Excel last calculated."""
    parts = Parts(content)
    book = main_part(parts, "xl/workbook.xml")
    root, _is_cut = parts.tree(book)
    relations = targets(parts, book)
    visible = [
        (sheet.get("name", ""), relations[relation][1])
        for sheet in root.iterfind("{*}sheets/{*}sheet")
        if sheet.get("state", "visible") == "visible"
        and (relation := related(sheet)) in relations
        and relations[relation][0].endswith("/worksheet")
    ]
    folder = book.rpartition("/")[0]
    kinds = {name: joined(folder, f"{name}.xml") for name in ("styles", "sharedStrings")}
    kinds |= {kind.rpartition("/")[2]: path for kind, path in relations.values()}
    is_1904 = any(
        properties.get("date1904") in ("1", "true") for properties in root.iterfind("{*}workbookPr")
    )
    formats = Formats(parts, kinds["styles"], is_1904)
    cells = itertools.count()
    read = [
        (name, *excel_rows(parts, path, formats, cells, most_rows))
        for name, path in visible[:MOST_SHEETS]
    ]
    texts = shared_texts(
        Parts(content), kinds["sharedStrings"], [rows for _name, rows, _cut in read]
    )
    sheets = [
        sheet_of(name, [[texts.get(cell, "") if isinstance(cell, int) else cell for cell in row]
                        for row in rows], is_cut, most_rows)
        for name, rows, is_cut in read
    ]  # fmt: skip
    return {"sheets": sheets, "is_truncated": len(visible) > MOST_SHEETS}


def related(element: Any) -> str:
    """The ``r:id`` of an element, in either of the two namespaces of relations."""
    return next((v for name, v in element.items() if name.endswith("/relationships}id")), "")


def main_part(parts: Parts, usual: str) -> str:
    """The part that holds the text or names the sheets."""
    relations = targets(parts, "").values()
    return next((path for kind, path in relations if kind.endswith("/officeDocument")), usual)


def targets(parts: Parts, name: str) -> dict[str, tuple[str, str]]:
    """The relations of a part (``""``: of the whole file): by their identifier the type, and the
    path of the part that is meant."""
    folder, _slash, base = name.rpartition("/")
    path = f"{folder}/_rels/{base}.rels".lstrip("/")
    if path not in parts.names():
        return {}
    root, _is_cut = parts.tree(path)
    return {
        element.get("Id", ""): (element.get("Type", ""), joined(folder, element.get("Target", "")))
        for element in root.iterfind("{*}Relationship")
    }


def joined(folder: str, target: str) -> str:
    steps: list[str] = [] if target.startswith("/") else folder.split("/")
    for step in target.split("/")[:20]:
        if step == "..":
            steps = steps[:-1]
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(step for step in steps if step)


class Formats:
    """The formats by which the numbers of a workbook are to be read: which styles of cells are
    dates."""

    def __init__(self, parts: Parts, path: str, is_1904: bool) -> None:
        self.epoch = datetime.datetime(1904, 1, 1) if is_1904 else datetime.datetime(1899, 12, 30)
        self.is_1904 = is_1904
        self.dates: set[int] = set()
        self.durations: set[int] = set()
        if path not in parts.names():
            return
        root, _is_cut = parts.tree(path)
        codes = {
            number(element.get("numFmtId"), 0): LITERAL.sub("", element.get("formatCode", "")[:300])
            for element in root.iterfind("{*}numFmts/{*}numFmt")
        }
        dates = {key for key, code in codes.items() if re.search("[dmhys]", code.lower())}
        durations = {key for key, code in codes.items() if re.search(r"\[[hms]", code.lower())}
        for index, style in enumerate(root.iterfind("{*}cellXfs/{*}xf")):
            kind = number(style.get("numFmtId"), 0)
            if kind in durations or (kind in DURATIONS and kind not in codes):
                self.durations.add(index)
            elif kind in dates or (kind in DATES and kind not in codes):
                self.dates.add(index)

    def text(self, written: str, style: int) -> str:
        """A number as it stands in the file, in words; dates as ISO 8601 writes them."""
        if style not in self.dates and style not in self.durations:
            return plain_number(written)
        try:
            days = float(written)
            if style in self.durations:
                return str(datetime.timedelta(seconds=round(days * 86_400)))
            return self._date(days)
        except (ValueError, OverflowError):
            return written[:LONGEST_CELL]

    def _date(self, days: float) -> str:
        is_time = 0 <= days < 1
        # Excel's 1900 has a 29th of February.
        days += 1 if 0 < days < 60 and not self.is_1904 else 0
        moment = self.epoch + datetime.timedelta(seconds=round(days * 86_400))
        if is_time:
            return moment.time().isoformat("minutes")
        is_day = moment.time() == datetime.time()
        return moment.date().isoformat() if is_day else moment.isoformat(" ", "minutes")


def plain_number(written: str) -> str:
    if re.fullmatch(r"-?\d{1,15}", written):
        return written
    try:
        return f"{float(written):.12g}"
    except ValueError:
        return written[:LONGEST_CELL]


Cell = str | int
"""The text of a cell, or the number of a text that several share."""


def excel_rows(
    parts: Parts, path: str, formats: Formats, seen: Iterator[int], most_rows: int = MOST_ROWS
) -> tuple[list[list[Cell]], bool]:
    """One row more than is shown, if there are as many; and whether the sheet is cut before.
    ``seen`` counts the cells of all sheets."""
    rows: list[list[Cell]] = []
    if path not in parts.names():
        return rows, False
    for row in parts.stream(path, "row"):
        at = number(row.get("r"), len(rows) + 1)
        if at > most_rows or len(rows) > most_rows:
            return rows, True
        rows += [[] for _ in range(len(rows), at - 1)]
        rows.append(excel_cells(row, formats, seen))
        if next(seen) > MOST_CELLS:
            return rows, True
    return rows, parts.is_cut


def excel_cells(row: Any, formats: Formats, seen: Iterator[int]) -> list[Cell]:
    cells: list[Cell] = []
    elements = itertools.islice(row.iterchildren("{*}c"), MOST_COLUMNS)
    for cell, _count in zip(elements, seen, strict=False):
        column = column_of(cell.get("r", "")) or len(cells) + 1
        if column > MOST_COLUMNS:
            break
        cells += [""] * (column - 1 - len(cells))
        cells[column - 1 :] = [excel_value(cell, formats)]
    return cells


def column_of(reference: str) -> int:
    """``"AB12"`` -> 28; 0 where no column is named."""
    letters = re.match("[A-Za-z]{1,3}", reference)
    column = 0
    for letter in letters[0].upper() if letters else "":
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def excel_value(cell: Any, formats: Formats) -> Cell:
    """A cell's value (ECMA-376 part 1, section 18.3.1.4)."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return text_of(cell)
    written = cell.findtext("{*}v", "").strip()
    if kind == "s" and written.isascii() and written.isdigit() and len(written) < 9:
        return int(written)
    if kind == "b":
        return "True" if written == "1" else "False"
    if kind == "n" and written:
        return formats.text(written[:LONGEST_CELL], number(cell.get("s"), 0))
    return written[:LONGEST_CELL]


def text_of(element: Any) -> str:
    """A text with its runs, without its phonetic reading."""
    runs = itertools.chain(element.iterfind(".//{*}t"))
    words = (run.text or "" for run in runs if etree.QName(run.getparent()).localname != "rPh")
    return first_words(words)


def first_words(pieces: Iterator[str]) -> str:
    """No more of some texts joined than a cell shows."""
    beginnings, left = [], LONGEST_CELL
    for piece in pieces:
        beginnings.append(piece[:left])
        left -= len(piece)
        if left <= 0:
            break
    return "".join(beginnings)


def shared_texts(parts: Parts, path: str, sheets: list[list[list[Cell]]]) -> dict[int, str]:
    """The texts that several cells share, those alone that are shown."""
    wanted = {cell for rows in sheets for row in rows for cell in row if isinstance(cell, int)}
    texts: dict[int, str] = {}
    if not wanted or path not in parts.names():
        return texts
    # Excel numbers them as they come: what stands at the beginning of sheets has low numbers.
    last = min(max(wanted), MOST_SHARED)
    for index, element in enumerate(parts.stream(path, "si")):
        if index in wanted:
            texts[index] = text_of(element)
        if index >= last:
            break
    return texts


def sheet_of(
    name: str, rows: list[list[str]], is_cut: bool = False, most_rows: int = MOST_ROWS
) -> dict[str, Any]:
    return {
        "name": name[:200],
        "rows": rows[:most_rows],
        "is_truncated": is_cut or len(rows) > most_rows,
    }


def trim(sheets: list[dict[str, Any]]) -> None:
    """Cut the sheets where all their text together is too long: one cell may be repeated a million
    times."""
    left = MOST_CHARACTERS
    for sheet in sheets:
        for position, row in enumerate(sheet["rows"]):
            left -= sum(len(cell) + 1 for cell in row)
            if left < 0:
                del sheet["rows"][position:]
                sheet["is_truncated"] = True
                break


# --- OpenDocument (ODF 1.3 part 3) ---

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"


def odt(content: bytes) -> dict[str, Any]:
    """An OpenDocument text with its headings, lists, tables, links, bold and italics."""
    root, is_cut = Parts(content).tree("content.xml")
    body = root.find(f"{OFFICE}body/{OFFICE}text")
    if body is None:
        raise ValueError("no text in it")
    written = Written()
    with contextlib.suppress(Full):
        inside(body, text_styles(root), written)
    shown = cut("".join(written.pieces))
    return {**shown, "is_truncated": shown["is_truncated"] or is_cut}


class Full(Exception):
    """As much is written as is shown."""


class Written:
    """HTML as it is written. Raises Full beyond what is shown."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._left = LONGEST_HTML

    def add(self, piece: str) -> None:
        self.pieces.append(piece)
        self._left -= len(piece)
        if self._left < 0:
            raise Full


def text_styles(root: Any) -> dict[str, tuple[str, ...]]:
    """The elements that stand for each automatic style."""
    styles = {}
    for style in root.iterfind(f"{OFFICE}automatic-styles/{STYLE}style"):
        properties = style.find(f"{STYLE}text-properties")
        if properties is not None:
            styles[style.get(f"{STYLE}name", "")] = tuple(
                element
                for element, is_on in (
                    ("b", properties.get(f"{FO}font-weight") == "bold"),
                    ("i", properties.get(f"{FO}font-style") == "italic"),
                    (
                        "u",
                        properties.get(f"{STYLE}text-underline-style", "none") != "none",
                    ),
                )
                if is_on
            )
    return styles


# Elements that become one of HTML's, and those that are not text of the page.
PLAIN = {
    f"{TEXT}list": "ul",
    f"{TEXT}list-item": "li",
    f"{TEXT}list-header": "li",
    f"{TABLE}table": "table",
    f"{TABLE}table-row": "tr",
    f"{DRAW}text-box": "div",
}
SKIPPED = {
    f"{TEXT}tracked-changes",
    f"{TEXT}sequence-decls",
    f"{TEXT}variable-decls",
    f"{TEXT}user-field-decls",
    f"{TEXT}note-citation",
    f"{OFFICE}annotation",
    f"{OFFICE}forms",
    f"{TABLE}covered-table-cell",
}
BREAKS = {f"{TEXT}line-break": "<br>", f"{TEXT}tab": "&emsp;"}


def inside(element: Any, styles: dict[str, tuple[str, ...]], out: Written) -> None:
    """The HTML of an element's content. As deep as the file: libxml2 stops at 256."""
    out.add(html.escape(element.text or ""))
    for child in element:
        odt_element(child, styles, out)
        out.add(html.escape(child.tail or ""))


def odt_element(element: Any, styles: dict[str, tuple[str, ...]], out: Written) -> None:
    tag = element.tag
    if tag in SKIPPED:
        return
    if tag in BREAKS:
        out.add(BREAKS[tag])
    elif tag == f"{TEXT}s":
        out.add("&nbsp;" * min(number(element.get(f"{TEXT}c"), 1), 200))
    elif tag == f"{TEXT}note":
        out.add(" [")
        inside(element, styles, out)
        out.add("]")
    else:
        opening, closing = around(element, styles)
        out.add(opening)
        inside(element, styles, out)
        out.add(closing)


def around(element: Any, styles: dict[str, tuple[str, ...]]) -> tuple[str, str]:
    """The tags that stand around an element's content."""
    tag = element.tag
    if tag in PLAIN:
        return f"<{PLAIN[tag]}>", f"</{PLAIN[tag]}>"
    if tag == f"{TABLE}table-cell":
        columns = min(number(element.get(f"{TABLE}number-columns-spanned"), 1), 100)
        rows = min(number(element.get(f"{TABLE}number-rows-spanned"), 1), 100)
        return f'<td colspan="{columns}" rowspan="{rows}">', "</td>"
    if tag == f"{TEXT}a":
        return f'<a href="{html.escape(element.get(f"{XLINK}href", ""))}">', "</a>"
    wanted = styles.get(element.get(f"{TEXT}style-name", ""), ())
    if tag == f"{TEXT}h":
        wanted = (f"h{min(max(number(element.get(f'{TEXT}outline-level'), 1), 1), 6)}",)
    elif tag == f"{TEXT}p":
        wanted = ("p", *wanted)
    elif tag != f"{TEXT}span":
        wanted = ()
    return (
        "".join(f"<{name}>" for name in wanted),
        "".join(f"</{name}>" for name in reversed(wanted)),
    )


def number(value: str | None, default: int) -> int:
    """A count that a file gives, where it gives one."""
    return (
        int(value) if value and value.isascii() and value.isdigit() and len(value) < 9 else default
    )


def ods(content: bytes, most_rows: int = MOST_ROWS) -> dict[str, Any]:
    """The sheets of an OpenDocument workbook, each cell as it was last shown."""
    root, is_cut = Parts(content).tree("content.xml")
    tables = root.findall(f"{OFFICE}body/{OFFICE}spreadsheet/{TABLE}table")
    shown = tables[:MOST_SHEETS]
    sheets = [
        # The last one that was read is the one that is cut.
        sheet_of(
            table.get(f"{TABLE}name", ""),
            list(ods_rows(table, most_rows)),
            is_cut and table is shown[-1],
            most_rows,
        )
        for table in shown
    ]
    return {"sheets": sheets, "is_truncated": len(tables) > MOST_SHEETS or is_cut}


def ods_rows(table: Any, most_rows: int = MOST_ROWS) -> Iterator[list[str]]:
    """At most one row more than is shown; rows told to be repeated are repeated."""
    left = most_rows + 1
    for row in table.iter(f"{TABLE}table-row"):
        cells = list(ods_cells(row))
        # The rest of the sheet down to its last row is one row, repeated a million times.
        repeated = min(number(row.get(f"{TABLE}number-rows-repeated"), 1), left)
        if not any(cells) and repeated > 100:
            repeated = 1
        for _ in range(repeated):
            yield cells
        left -= repeated
        if left <= 0:
            return


def ods_cells(row: Any) -> Iterator[str]:
    left = MOST_COLUMNS
    for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
        value = first_words(
            words
            for index, paragraph in enumerate(cell.iterchildren(f"{TEXT}p"))
            for words in itertools.chain(["\n"] if index else [], paragraph.itertext())
        )
        repeated = min(number(cell.get(f"{TABLE}number-columns-repeated"), 1), left)
        for _ in range(repeated):
            yield value
        left -= repeated
        if left <= 0:
            return
