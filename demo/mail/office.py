"""Office files, each the least that Writer, Word, Calc and Excel open without a word."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Cell = str | int | float
Rows = Sequence[Sequence[Cell]]

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"

XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TIES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"


def archive(files: Mapping[str, bytes | str], *, stored: Sequence[str] = ()) -> bytes:
    """A zip of these files, in this order and without their times (the same bytes each time)."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            way = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            packed.writestr(zipfile.ZipInfo(name, (2024, 9, 2, 8, 0, 0)), content, way)
    return target.getvalue()


def docx(title: str, lines: Sequence[str], table: Rows = ()) -> bytes:
    """A text: title, paragraphs ("# " begins a heading), then a table with a heading row."""
    body = _docx_paragraph(title, "Title") + "".join(map(_docx_line, lines)) + _docx_table(table)
    return archive(
        {
            "[Content_Types].xml": content_types(
                {"/word/document.xml": _DOCX_MAIN, "/word/styles.xml": _WORD_STYLES_TYPE}
            ),
            "_rels/.rels": relations({"rId1": ("officeDocument", "word/document.xml")}),
            "word/_rels/document.xml.rels": relations({"rId1": ("styles", "styles.xml")}),
            "word/document.xml": (
                f'{XML_HEAD}<w:document xmlns:w="{_WORD}"><w:body>{body}<w:sectPr>'
                '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" '
                'w:bottom="1134" w:left="1134" w:header="708" w:footer="708" w:gutter="0"/>'
                "</w:sectPr></w:body></w:document>"
            ),
            "word/styles.xml": _WORD_STYLES,
        }
    )


_DOCX_MAIN = f"{DOCX}.main+xml"
_WORD_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"
_WORD_STYLES = (
    f'{XML_HEAD}<w:styles xmlns:w="{_WORD}">'
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
    '<w:pPr><w:spacing w:after="120"/></w:pPr><w:rPr><w:sz w:val="22"/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/>'
    '<w:basedOn w:val="Normal"/><w:pPr><w:spacing w:after="240"/></w:pPr>'
    '<w:rPr><w:b/><w:color w:val="1F3373"/><w:sz w:val="36"/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/>'
    '<w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="240" w:after="80"/>'
    '<w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/><w:sz w:val="26"/></w:rPr></w:style>'
    "</w:styles>"
)


def _docx_line(line: str) -> str:
    if line.startswith("# "):
        return _docx_paragraph(line[2:], "Heading1")
    return _docx_paragraph(line, "Normal")


def _docx_paragraph(text: str, style: str) -> str:
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r>'
        f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'
    )


def _docx_table(rows: Rows) -> str:
    if not rows:
        return ""
    width = 9600 // len(rows[0])
    edges = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="8090B0"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    cells = "".join(
        "<w:tr>"
        + "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
            f"{_docx_paragraph(str(cell), 'Normal')}</w:tc>"
            for cell in row
        )
        + "</w:tr>"
        for row in rows
    )
    grid = f'<w:gridCol w:w="{width}"/>' * len(rows[0])
    return (
        '<w:tbl><w:tblPr><w:tblW w:w="9600" w:type="dxa"/>'
        f"<w:tblBorders>{edges}</w:tblBorders></w:tblPr>"
        f"<w:tblGrid>{grid}</w:tblGrid>{cells}</w:tbl><w:p/>"
    )


def xlsx(sheet: str, rows: Rows) -> bytes:
    """A workbook of one sheet, printed as wide as the paper; the first row is bold. Text stands in
    the cells (inline strings)."""
    main = f"{XLSX}.main+xml"
    part = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    cells = "".join(
        f'<row r="{y}">{"".join(_xlsx_cell(x, y, cell) for x, cell in enumerate(row))}</row>'
        for y, row in enumerate(rows, 1)
    )
    columns = f'<cols><col min="1" max="{len(rows[0])}" width="22" customWidth="1"/></cols>'
    return archive(
        {
            "[Content_Types].xml": content_types(
                {
                    "/xl/workbook.xml": main,
                    "/xl/worksheets/sheet1.xml": f"{part}.worksheet+xml",
                    "/xl/styles.xml": f"{part}.styles+xml",
                }
            ),
            "_rels/.rels": relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
            "xl/_rels/workbook.xml.rels": relations(
                {"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId2": ("styles", "styles.xml")}
            ),
            "xl/workbook.xml": (
                f'{XML_HEAD}<workbook xmlns="{_SHEET}" xmlns:r="{_TIES}"><sheets>'
                f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
            ),
            "xl/worksheets/sheet1.xml": (
                f'{XML_HEAD}<worksheet xmlns="{_SHEET}"><sheetPr><pageSetUpPr fitToPage="1"/>'
                f"</sheetPr>{columns}<sheetData>{cells}</sheetData>"
                '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
            ),
            "xl/styles.xml": _SHEET_STYLES,
        }
    )


_SHEET_STYLES = (
    f'{XML_HEAD}<styleSheet xmlns="{_SHEET}"><fonts count="2">'
    '<font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


def _xlsx_cell(x: int, y: int, cell: Cell) -> str:
    place = f'r="{chr(65 + x)}{y}" s="{1 if y == 1 else 0}"'
    if isinstance(cell, str):
        return f'<c {place} t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    return f"<c {place}><v>{cell}</v></c>"


def odt(title: str, lines: Sequence[str], table: Rows = ()) -> bytes:
    """A text: title, paragraphs ("# " begins a heading), then a table."""
    body = _odt_paragraph(title, "Titre") + "".join(map(_odt_line, lines)) + _od_table(table)
    return open_document(ODT, f"<office:text>{body}</office:text>")


def ods(sheet: str, rows: Rows) -> bytes:
    """A workbook of one sheet."""
    return open_document(ODS, f"<office:spreadsheet>{_od_table(rows, sheet)}</office:spreadsheet>")


def _odt_line(line: str) -> str:
    if line.startswith("# "):
        return (
            f'<text:h text:style-name="Rubrique" text:outline-level="1">{escape(line[2:])}</text:h>'
        )
    return _odt_paragraph(line, "Standard")


def _odt_paragraph(text: str, style: str) -> str:
    return f'<text:p text:style-name="{style}">{escape(text)}</text:p>'


def _od_table(rows: Rows, name: str = "Tableau") -> str:
    if not rows:
        return ""
    columns = f'<table:table-column table:number-columns-repeated="{len(rows[0])}"/>'
    cells = "".join(
        f"<table:table-row>{''.join(map(_od_cell, row))}</table:table-row>" for row in rows
    )
    return f'<table:table table:name="{escape(name)}">{columns}{cells}</table:table>'


def _od_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        kind = 'office:value-type="string"'
    else:
        kind = f'office:value-type="float" office:value="{cell}"'
    return f"<table:table-cell {kind}><text:p>{escape(str(cell))}</text:p></table:table-cell>"


def open_document(media_type: str, body: str, *, automatic: str = "", page: str = "") -> bytes:
    """OpenDocument 1.2: `mimetype` comes first and uncompressed, so that it can be recognised.
    `automatic` are the styles of the text alone, `page` is what else stands beside the named ones.
    """
    spaces = "".join(
        f' xmlns:{name}="{_OASIS}:{urn}:1.0"'
        for name, urn in (
            *((same, same) for same in ("office", "style", "text", "table", "presentation")),
            *(("draw", "drawing"), ("svg", "svg-compatible"), ("fo", "xsl-fo-compatible")),
        )
    )
    manifest = f"{_OASIS}:manifest:1.0"
    return archive(
        {
            "mimetype": media_type,
            "content.xml": (
                f'{XML_HEAD}<office:document-content{spaces} office:version="1.2">'
                f"<office:automatic-styles>{automatic}</office:automatic-styles>"
                f"<office:body>{body}</office:body></office:document-content>"
            ),
            "styles.xml": (
                f'{XML_HEAD}<office:document-styles{spaces} office:version="1.2"><office:styles>'
                '<style:style style:name="Standard" style:family="paragraph">'
                '<style:paragraph-properties fo:margin-bottom="0.2cm"/></style:style>'
                '<style:style style:name="Titre" style:family="paragraph">'
                '<style:text-properties fo:font-size="18pt" fo:font-weight="bold"/></style:style>'
                '<style:style style:name="Rubrique" style:family="paragraph">'
                '<style:text-properties fo:font-size="13pt" fo:font-weight="bold"/></style:style>'
                f"</office:styles>{page}</office:document-styles>"
            ),
            "META-INF/manifest.xml": (
                f'{XML_HEAD}<manifest:manifest xmlns:manifest="{manifest}" manifest:version="1.2">'
                f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/>'
                '<manifest:file-entry manifest:full-path="content.xml" '
                'manifest:media-type="text/xml"/><manifest:file-entry '
                'manifest:full-path="styles.xml" manifest:media-type="text/xml"/>'
                "</manifest:manifest>"
            ),
        },
        stored=("mimetype",),
    )


def content_types(parts: Mapping[str, str]) -> str:
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in parts.items()
    )
    ties = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        f'{XML_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="{ties}"/><Default Extension="xml" ContentType="application/xml"/>'
        f"{overrides}</Types>"
    )


def relations(ties: Mapping[str, tuple[str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="{key}" Type="{_TIES}/{kind}" Target="{target}"/>'
        for key, (kind, target) in ties.items()
    )
    return f'{XML_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'
