"""OpenDocument texts and workbooks (ODF 1.3 part 3) -> HTML and tables."""

from __future__ import annotations

import contextlib
import html
import itertools
from collections.abc import Iterator
from typing import Any

from mail.previews.converters.parts import (
    LONGEST_HTML,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHEETS,
    Parts,
    number,
)
from mail.previews.converters.sheets import first_words, sheet_of
from mail.previews.converters.word import cut

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"


def odt(content: bytes) -> dict[str, Any]:
    """Convert an OpenDocument text with its headings, lists, tables, links, bold and italics."""
    root, is_cut = Parts(content).tree("content.xml")
    body = root.find(f"{OFFICE}body/{OFFICE}text")
    if body is None:
        raise ValueError("no text in it")
    writer = HtmlWriter()
    with contextlib.suppress(Full):
        write_content(body, text_styles(root), writer)
    result = cut("".join(writer.pieces))
    return {**result, "is_truncated": result["is_truncated"] or is_cut}


class Full(Exception):
    """Raised when as much HTML has been written as is shown."""


class HtmlWriter:
    """Collects HTML. Raises Full when it is longer than is shown."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._left = LONGEST_HTML

    def add(self, piece: str) -> None:
        self.pieces.append(piece)
        self._left -= len(piece)
        if self._left < 0:
            raise Full


def text_styles(root: Any) -> dict[str, tuple[str, ...]]:
    """Return the HTML elements that represent each automatic style, by the style's name."""
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


# Elements that become one HTML element, and elements that are not part of the text.
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


def write_content(element: Any, styles: dict[str, tuple[str, ...]], out: HtmlWriter) -> None:
    """Write the HTML of an element's content. The recursion is as deep as the file: libxml2 stops
    at 256 levels."""
    out.add(html.escape(element.text or ""))
    for child in element:
        odt_element(child, styles, out)
        out.add(html.escape(child.tail or ""))


def odt_element(element: Any, styles: dict[str, tuple[str, ...]], out: HtmlWriter) -> None:
    tag = element.tag
    if tag in SKIPPED:
        return
    if tag in BREAKS:
        out.add(BREAKS[tag])
    elif tag == f"{TEXT}s":
        out.add("&nbsp;" * min(number(element.get(f"{TEXT}c"), 1), 200))
    elif tag == f"{TEXT}note":
        out.add(" [")
        write_content(element, styles, out)
        out.add("]")
    else:
        opening, closing = around(element, styles)
        out.add(opening)
        write_content(element, styles, out)
        out.add(closing)


def around(element: Any, styles: dict[str, tuple[str, ...]]) -> tuple[str, str]:
    """Return the opening and closing tags for an element."""
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


def ods(content: bytes, most_rows: int = MOST_ROWS) -> dict[str, Any]:
    """Convert the sheets of an OpenDocument workbook, each cell as it was last displayed."""
    root, is_cut = Parts(content).tree("content.xml")
    tables = root.findall(f"{OFFICE}body/{OFFICE}spreadsheet/{TABLE}table")
    visible = tables[:MOST_SHEETS]
    sheets = [
        # Only the last sheet that was read can be incomplete.
        sheet_of(
            table.get(f"{TABLE}name", ""),
            list(ods_rows(table, most_rows)),
            is_cut and table is visible[-1],
            most_rows,
        )
        for table in visible
    ]
    return {"sheets": sheets, "is_truncated": len(tables) > MOST_SHEETS or is_cut}


def ods_rows(table: Any, most_rows: int = MOST_ROWS) -> Iterator[list[str]]:
    """Yield the rows of a sheet, at most one more than is shown. Repeated rows are repeated."""
    left = most_rows + 1
    for row in table.iter(f"{TABLE}table-row"):
        cells = list(ods_cells(row))
        # The empty rest of a sheet is a single row that is repeated a million times.
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
