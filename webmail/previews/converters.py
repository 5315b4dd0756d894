"""Word, Excel and OpenDocument files read by libraries, for a helper process: what a file may cost
is limited from outside (`webmail.sandbox`)."""

from __future__ import annotations

import datetime
import html
import io
import zipfile
from collections.abc import Iterator
from typing import Any

LARGEST_XML = 100_000_000
LONGEST_HTML = 700_000
MOST_SHEETS = 30
MOST_ROWS = 2_000
MOST_COLUMNS = 101
LONGEST_CELL = 2_000
MOST_CHARACTERS = 3_000_000  # of all cells together


def convert(content: bytes, extension: str) -> dict[str, Any]:
    """``{"html": ..., "is_truncated": ...}``, not yet sanitised, of a text; ``{"sheets": [{"name",
    "rows", "is_truncated"}, ...], "is_truncated": ...}`` of a workbook. Raises what the libraries
    raise for damaged files."""
    refuse_entities(content)
    result = {"docx": docx, "xlsx": xlsx, "odt": odt, "ods": ods}[extension](content)
    trim(result.get("sheets", []))
    return result


def refuse_entities(content: bytes) -> None:
    """No part of an Office file has a document type; those that do are made to unfold."""
    marks = [b"<!DOCTYPE", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be")]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            if info.filename.lower().endswith((".xml", ".rels")):
                beginning = archive.open(info).read(LARGEST_XML + 1)
                if len(beginning) > LARGEST_XML:
                    raise ValueError("a part is too large")
                if any(mark in beginning for mark in marks):
                    raise ValueError("a part declares a document type")


def docx(content: bytes) -> dict[str, Any]:
    """A Word file's text with its headings, lists and tables."""
    import mammoth

    converted = mammoth.convert_to_html(
        io.BytesIO(content),
        # Pictures would come as data: addresses, which the sanitiser drops; and the file's own map
        # of styles could make any element.
        convert_image=lambda image: [],
        include_embedded_style_map=False,
    )
    return cut(converted.value)


def cut(source: str) -> dict[str, Any]:
    """The beginning of some HTML, to the end of a paragraph."""
    if len(source) <= LONGEST_HTML:
        return {"html": source, "is_truncated": False}
    end = source.rfind("</p>", 0, LONGEST_HTML)
    return {"html": source[: end if end > 0 else LONGEST_HTML], "is_truncated": True}


# --- Excel ---


def xlsx(content: bytes) -> dict[str, Any]:
    """The visible sheets, with the values that Excel last calculated."""
    import openpyxl

    book = openpyxl.load_workbook(
        io.BytesIO(content), read_only=True, data_only=True, keep_links=False
    )
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    sheets = []
    for sheet in visible[:MOST_SHEETS]:
        # What a file says of its size is often wrong.
        sheet.reset_dimensions()
        rows = [
            [excel_value(value) for value in row]
            for row in sheet.iter_rows(
                max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS, values_only=True
            )
        ]
        sheets.append(sheet_of(str(sheet.title), rows))
    return {"sheets": sheets, "is_truncated": len(visible) > MOST_SHEETS}


def sheet_of(name: str, rows: list[list[str]]) -> dict[str, Any]:
    return {"name": name[:200], "rows": rows[:MOST_ROWS], "is_truncated": len(rows) > MOST_ROWS}


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


def excel_value(value: object) -> str:
    """A cell's value in words; dates as ISO 8601 writes them."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return value.date().isoformat() if is_day else value.isoformat(" ", "minutes")
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)[:LONGEST_CELL]


# --- OpenDocument (ODF 1.3 part 3) ---

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"


def content_xml(content: bytes) -> Any:
    """The root of an OpenDocument file's text."""
    from lxml import etree

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        source = archive.read("content.xml")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True,
        remove_comments=True,
    )  # fmt: skip
    return etree.fromstring(source, parser)


def odt(content: bytes) -> dict[str, Any]:
    """An OpenDocument text with its headings, lists, tables, links, bold and italics."""
    root = content_xml(content)
    body = root.find(f"{OFFICE}body/{OFFICE}text")
    if body is None:
        raise ValueError("no text in it")
    return cut("".join(inside(body, text_styles(root))))


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


def inside(element: Any, styles: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """The HTML of an element's content. As deep as the file: libxml2 stops at 256."""
    yield html.escape(element.text or "")
    for child in element:
        yield from odt_element(child, styles)
        yield html.escape(child.tail or "")


def odt_element(element: Any, styles: dict[str, tuple[str, ...]]) -> Iterator[str]:
    tag = element.tag
    if tag in SKIPPED:
        return
    if tag in BREAKS:
        yield BREAKS[tag]
    elif tag == f"{TEXT}s":
        yield "&nbsp;" * min(number(element.get(f"{TEXT}c"), 1), 200)
    elif tag == f"{TEXT}note":
        yield " ["
        yield from inside(element, styles)
        yield "]"
    else:
        opening, closing = around(element, styles)
        yield opening
        yield from inside(element, styles)
        yield closing


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


def ods(content: bytes) -> dict[str, Any]:
    """The sheets of an OpenDocument workbook, each cell as it was last shown."""
    root = content_xml(content)
    tables = root.findall(f"{OFFICE}body/{OFFICE}spreadsheet/{TABLE}table")
    sheets = [
        sheet_of(table.get(f"{TABLE}name", ""), list(ods_rows(table)))
        for table in tables[:MOST_SHEETS]
    ]
    return {"sheets": sheets, "is_truncated": len(tables) > MOST_SHEETS}


def ods_rows(table: Any) -> Iterator[list[str]]:
    """At most one row more than is shown; rows told to be repeated are repeated."""
    left = MOST_ROWS + 1
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
        value = "\n".join("".join(p.itertext()) for p in cell.iterchildren(f"{TEXT}p"))
        repeated = min(number(cell.get(f"{TABLE}number-columns-repeated"), 1), left)
        for _ in range(repeated):
            yield value[:LONGEST_CELL]
        left -= repeated
        if left <= 0:
            return
