"""The small converters with files made to cost memory or time, and with what Excel writes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mail.previews import converters
from mail.previews.converters.parts import MOST_ROWS, Parts
from tests.cases import each
from tests.mail.previews import samples
from tests.measured import costs

MEGABYTES = 300
SECONDS = 6  # of the processor; the process may take five


def with_parts(content: bytes, **parts: str | bytes) -> bytes:
    """A file with more parts, or others; ``word__styles`` is word/styles.xml."""
    files: dict[str, str | bytes] = {**samples.archive_members(content)}
    for name, part in parts.items():
        files[name.replace("__", "/") + ("" if "." in name else ".xml")] = part
    return samples.archive(files)


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
RELATIONS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
BOOK = samples.xlsx({"A": [[1]]})


def noise(count: int, pattern: str) -> str:
    """A pattern again and again, with another number each time: it does not pack too well."""
    return "".join(pattern % ((n * 7919) % 1_000_003) for n in range(count))


def notes(count: int) -> bytes:
    """One long note, called again and again."""
    relation = (
        f'<Relationships {RELATIONS}><Relationship Id="n" Target="footnotes.xml" Type="http://'
        'schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"/></Relationships>'
    )
    return samples.archive(
        {
            **samples.archive_members(
                samples.docx(
                    "<w:p>" + '<w:r><w:footnoteReference w:id="1"/></w:r>' * count + "</w:p>"
                )
            ),
            "word/_rels/document.xml.rels": relation,
            "word/footnotes.xml": f'<w:footnotes {W}><w:footnote w:id="1">'
            + noise(4_000, "<w:p><w:r><w:t>%d</w:t></w:r></w:p>")
            + "</w:footnote></w:footnotes>",
        }
    )


def links(count: int) -> bytes:
    """One long address that many links share."""
    link = (
        '<w:hyperlink r:id="l" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships"><w:r><w:t>%d</w:t></w:r></w:hyperlink>'
    )
    relation = (
        f'<Relationships {RELATIONS}><Relationship Id="l" TargetMode="External" Type="http://'
        'schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" '
        f'Target="http://a.fr/{noise(100_000, "%d")}"/></Relationships>'
    )
    return samples.archive(
        {
            **samples.archive_members(samples.docx(f"<w:p>{noise(count, link)}</w:p>")),
            "word/_rels/document.xml.rels": relation,
        }
    )


FIELD = (
    '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK "http://a/'
    + noise(50_000, "%d")
    + '"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    + noise(9_000, "<w:r><w:t>%d</w:t></w:r>")
    + "</w:p>"
)
SHEET = f"<worksheet {S}><sheetData>%s</sheetData></worksheet>"
MANY_SHEETS = (
    f'<workbook {S} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    "<sheets>"
    + noise(100_000, '<sheet name="%d" sheetId="1" r:id="rId1"/>')
    + "</sheets></workbook>"
)
CELLS = "<table:table><table:table-row>%s</table:table-row></table:table>"

HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "paragraphs": ("docx", lambda: samples.docx(noise(900_000, "<w:p/>%d"))),
    "runs": ("docx", lambda: samples.docx(noise(300_000, "<w:r><w:t>%d</w:t></w:r>"))),
    "attributes": (
        "docx",
        lambda: samples.docx("<w:p " + "".join(f'a{n}="" ' for n in range(900_000)) + "/>"),
    ),
    "a table of one row": (
        "docx",
        lambda: samples.docx(
            f"<w:tbl><w:tr>{noise(300_000, '<w:tc><w:p/></w:tc>%d')}</w:tr></w:tbl>"
        ),
    ),
    "styles": (
        "docx",
        lambda: with_parts(
            samples.docx(samples.word_paragraph("a")),
            word__styles=f"<w:styles {W}>"
            + noise(300_000, '<w:style w:type="paragraph" w:styleId="s%d"/>')
            + "</w:styles>",
        ),
    ),
    "a long name of a style, used often": (
        "docx",
        lambda: with_parts(
            samples.docx('<w:p><w:pPr><w:pStyle w:val="s"/></w:pPr></w:p>' * 9_000),
            word__styles=f'<w:styles {W}><w:style w:type="paragraph" w:styleId="s"><w:name '
            f'w:val="{noise(300_000, "%d")}"/></w:style></w:styles>',
        ),
    ),
    "one note called often": ("docx", lambda: notes(9_000)),
    "one address linked often": ("docx", lambda: links(9_000)),
    "a field that never ends": ("docx", lambda: samples.docx(FIELD)),
    "text": ("docx", lambda: samples.docx(samples.word_paragraph(noise(5_000_000, "%d")))),
    "rows": (
        "xlsx",
        lambda: with_parts(BOOK, xl__worksheets__sheet1=SHEET % noise(1_000_000, "<row/>%d")),
    ),
    "cells of one row": (
        "xlsx",
        lambda: with_parts(
            BOOK, xl__worksheets__sheet1=SHEET % f"<row>{noise(900_000, '<c><v>%d</v></c>')}</row>"
        ),
    ),
    "cells": (
        "xlsx",
        lambda: with_parts(
            BOOK,
            xl__worksheets__sheet1=SHEET % (f"<row>{noise(100, '<c><v>%d</v></c>')}</row>" * 2_000),
        ),
    ),
    "sheets": ("xlsx", lambda: with_parts(BOOK, xl__workbook=MANY_SHEETS)),
    "shared texts": (
        "xlsx",
        lambda: with_parts(
            BOOK,
            xl__worksheets__sheet1=SHEET % '<row><c t="s"><v>99999999</v></c></row>',
            xl__sharedStrings=f"<sst {S}>{noise(3_000_000, '<si/>%d')}</sst>",
        ),
    ),
    "a shared text of many runs": (
        "xlsx",
        lambda: with_parts(
            BOOK,
            xl__worksheets__sheet1=SHEET % '<row><c t="s"><v>0</v></c></row>',
            xl__sharedStrings=f"<sst {S}><si>{noise(1_000_000, '<r><t>%d</t></r>')}</si></sst>",
        ),
    ),
    "styles of cells": (
        "xlsx",
        lambda: with_parts(
            BOOK,
            xl__styles=f"<styleSheet {S}><cellXfs>"
            + noise(900_000, "<xf/>%d")
            + "</cellXfs></styleSheet>",
        ),
    ),
    "a row at the end of the world": (
        "xlsx",
        lambda: with_parts(
            BOOK, xl__worksheets__sheet1=SHEET % '<row r="1"/><row r="99999999"><c r="ZZZ9"/></row>'
        ),
    ),
    "elements": ("odt", lambda: samples.open_document("text", noise(2_000_000, "<text:p/>%d"))),
    "blanks": ("odt", lambda: samples.open_document("text", '<text:s text:c="200"/>' * 90_000)),
    "depth": (
        "odt",
        lambda: samples.open_document(
            "text", ("<text:span>" * 240 + noise(2_000, "<text:s/>%d") + "</text:span>" * 240) * 50
        ),
    ),
    "styles of text": (
        "odt",
        lambda: samples.open_document(
            "text", "<text:p/>", styles=noise(300_000, '<style:style style:name="s%d"/>')
        ),
    ),
    "repeated cells": (
        "ods",
        lambda: samples.open_document(
            "spreadsheet",
            '<table:table><table:table-row table:number-rows-repeated="99999"><table:table-cell '
            'table:number-columns-repeated="999"><text:p>a</text:p></table:table-cell>'
            "</table:table-row></table:table>" * 60,
        ),
    ),
    "cells in cells": (
        "ods",
        lambda: samples.open_document(
            "spreadsheet",
            "<table:table>"
            + "<table:table-row><table:table-cell><text:p>" * 60
            + noise(300_000, "%d")
            + "</text:p></table:table-cell></table:table-row>" * 60
            + "</table:table>",
        ),
    ),
    "cells of one row of OpenDocument": (
        "ods",
        lambda: samples.open_document(
            "spreadsheet", CELLS % noise(900_000, "<table:table-cell/>%d")
        ),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_takes_more_memory_or_time_than_is_set_aside_for_it(name: str) -> None:
    extension, make = HOSTILE[name]
    call = f'mail.previews.converters:convert:"{extension}"'
    cost = costs(make(), call)[call]
    assert cost.megabytes < MEGABYTES, cost
    assert cost.seconds < SECONDS, cost


# What Excel writes

STYLES = (
    f'<styleSheet {S}><numFmts count="4"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/>'
    '<numFmt numFmtId="165" formatCode="[h]:mm"/>'
    '<numFmt numFmtId="166" formatCode="0.00&quot; jours&quot;"/>'
    '<numFmt numFmtId="167" formatCode="[Red]#,##0\\ &quot;mois&quot;"/></numFmts><cellXfs>'
    + "".join(f'<xf numFmtId="{kind}"/>' for kind in (0, 164, 165, 166, 167, 14, 20, 22))
    + "</cellXfs></styleSheet>"
)


def book(cells: str, *, texts: str = "", properties: str = "") -> bytes:
    sheets = '<sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets>'
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return with_parts(
        BOOK,
        xl__workbook=f'<workbook {S} xmlns:r="{relations}">{properties}{sheets}</workbook>',
        xl__worksheets__sheet1=SHEET % cells,
        xl__sharedStrings=f"<sst {S}>{texts}</sst>",
        xl__styles=STYLES,
    )


def rows_of(content: bytes) -> list[list[str]]:
    (sheet,) = converters.convert(content, "xlsx")["sheets"]
    return list(sheet["rows"])


@each(
    ("cell", "shown"),
    [
        ("<c><v>12</v></c>", "12"),
        ("<c><v>12.5</v></c>", "12.5"),
        ("<c><v>0.30000000000000004</v></c>", "0.3"),
        ("<c><v>1E+20</v></c>", "1e+20"),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ("<c><f>1+1</f></c>", ""),
        ('<c t="s"><v>1</v></c>', "Élève modèle"),
        ('<c t="s"><v>7</v></c>', ""),
        ('<c t="str"><f>A1</f><v>texte</v></c>', "texte"),
        ('<c t="inlineStr"><is><r><t>un </t></r><r><t>deux</t></r></is></c>', "un deux"),
        ('<c t="b"><v>1</v></c>', "True"),
        ('<c t="e"><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c t="d"><v>2027-01-11</v></c>', "2027-01-11"),
        ('<c s="1"><v>46398</v></c>', "2027-01-11"),
        ('<c s="5"><v>46398.5</v></c>', "2027-01-11 12:00"),
        ('<c s="7"><v>46398.354166666664</v></c>', "2027-01-11 08:30"),
        ('<c s="6"><v>0.3541666667</v></c>', "08:30"),
        ('<c s="2"><v>1.5</v></c>', "1 day, 12:00:00"),
        ('<c s="3"><v>3</v></c>', "3"),
        ('<c s="4"><v>3</v></c>', "3"),
        ('<c s="1"><v>1e99</v></c>', "1e99"),
        ('<c s="1"><v>nan</v></c>', "nan"),
        ('<c s="99"><v>4</v></c>', "4"),
    ],
)
def test_a_cell_is_shown_as_it_was_calculated(cell: str, shown: str) -> None:
    texts = "<si><t>a</t></si><si><r><t>Élève </t></r><r><t>modèle</t></r><rPh><t>x</t></rPh></si>"
    assert rows_of(book(f"<row>{cell}</row>", texts=texts)) == [[shown]]


def test_a_workbook_that_counts_from_1904_is_read() -> None:
    properties = '<workbookPr date1904="1"/>'
    cell = '<row><c s="1"><v>44936</v></c></row>'
    assert rows_of(book(cell, properties=properties)) == [["2027-01-11"]]


def test_cells_and_rows_stand_where_they_say() -> None:
    cells = (
        '<row r="2"><c r="B2"><v>1</v></c><c r="D2"><v>2</v></c></row><row><c><v>3</v></c></row>'
    )
    assert rows_of(book(cells)) == [[], ["", "1", "", "2"], ["3"]]


def test_a_sheet_that_is_too_long_is_shown_to_a_row() -> None:
    cells = f"<row>{noise(50, '<c><v>%d</v></c>')}</row>" * 9_000
    (sheet,) = converters.convert(book(cells), "xlsx")["sheets"]
    assert (len(sheet["rows"]), sheet["is_truncated"]) == (MOST_ROWS, True)


def test_a_long_word_file_is_shown_to_a_paragraph() -> None:
    converted = converters.convert(
        samples.docx(noise(40_000, samples.word_paragraph("%d"))), "docx"
    )
    assert converted["is_truncated"]
    assert converted["html"].startswith("<p>0</p><p>7919</p>")
    assert converted["html"].endswith("</p>")


def test_what_says_how_a_text_looks_is_left_out_without_its_text() -> None:
    body = (
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/><w:jc w:val="both"/></w:pPr><w:r><w:rPr><w:b/>'
        '<w:lang w:val="fr-FR"/></w:rPr><w:t>Titre</w:t></w:r><w:proofErr w:type="x"/></w:p>'
        '<w:tbl><w:tr><w:tc><w:tcPr><w:tcW w:w="9"/><w:gridSpan w:val="2"/></w:tcPr>'
        "<w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    styles = (
        f'<w:styles {W}><w:style w:type="paragraph" w:styleId="Heading1"><w:name '
        'w:val="heading 1"/></w:style></w:styles>'
    )
    converted = converters.convert(with_parts(samples.docx(body), word__styles=styles), "docx")
    assert "<h1><strong>Titre</strong></h1>" in converted["html"]
    assert 'colspan="2"' in converted["html"]
    assert not converted["is_truncated"]


ENTITIES = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1"])
def test_a_document_type_is_seen_in_every_charset_that_is_read(encoding: str) -> None:
    plain = f'<?xml version="1.0" encoding="{encoding[:6] if "16" in encoding else encoding}"?>'
    text = f'{plain}<a xmlns="urn:x">é</a>'
    parts = Parts(samples.archive({"content.xml": text.encode(encoding)}))
    assert parts.tree("content.xml")[0].text == "é"
    hidden = text.replace("<a ", f"<!--{'x' * 65_530}-->{ENTITIES}<a ")
    parts = Parts(samples.archive({"content.xml": hidden.encode(encoding)}))
    with pytest.raises(ValueError, match="document type"):
        parts.tree("content.xml")


@pytest.mark.parametrize("encoding", ["utf-7", "cp037", "utf-32", "gb18030"])
def test_a_charset_that_could_hide_a_document_type_is_refused(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{ENTITIES}<a>&b;</a>'
    parts = Parts(samples.archive({"content.xml": text.encode(encoding)}))
    with pytest.raises((ValueError, SyntaxError)):
        parts.tree("content.xml")
