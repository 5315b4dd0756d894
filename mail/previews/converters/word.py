"""Word (Office Open XML) -> HTML."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from typing import Any

from lxml import etree

from mail.previews.converters.parts import LONGEST_HTML, Parts, main_part

MOST_WORD_ELEMENTS, MOST_SIDE_ELEMENTS = 30_000, 5_000
"""Limits of elements in the text, and in each other part: styles, numbering, notes. mammoth takes a
kilobyte of memory and 40 microseconds for each."""
LONGEST_ATTRIBUTE, LONGEST_TARGET = 500, 2_000
MOST_LINKS = 5_000
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Parts that mammoth ignores.
UNREAD = re.compile(
    r"(?:docProps|customXml)/|.*/(?:theme|glossary|media|charts|diagrams|embeddings|drawings)/"
    r"|.*/(?:settings|fontTable|webSettings|comments\w*|people|header\d*|footer\d*)\.xml"
)
# Elements for formatting that the HTML does not keep. They are half of most files.
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
    """Convert a Word file's text with its headings, lists and tables."""
    import mammoth

    light, is_cut = lightened(Parts(content))
    converted = mammoth.convert_to_html(
        io.BytesIO(light),
        # Pictures would become data: URLs, which the sanitiser drops; the file's own style map
        # could produce any element.
        convert_image=lambda image: [],
        include_embedded_style_map=False,
    )
    result = cut(converted.value)
    return {**result, "is_truncated": result["is_truncated"] or is_cut}


def lightened(parts: Parts) -> tuple[bytes, bool]:
    """Return a Word file that has only the parts that are shown, and whether any of them is cut."""
    out, is_cut = io.BytesIO(), False
    text = main_part(parts, "word/document.xml")
    with zipfile.ZipFile(out, "w") as archive:
        for name in parts.names():
            if name.endswith((".xml", ".rels")) and not UNREAD.match(name):
                root, ends_early = parts.tree(name)
                etree.strip_elements(root, *LOOKS, with_tail=False)
                most = MOST_WORD_ELEMENTS if name == text else MOST_SIDE_ELEMENTS
                is_cut |= ends_early | pruned(root, most)
                without_repetition(root)
                archive.writestr(name, etree.tostring(root))
    return out.getvalue(), is_cut


def pruned(root: Any, most: int) -> bool:
    """Remove everything after the first ``most`` elements. Return whether anything was removed."""
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
    """Limit content that a Word file holds once and mammoth writes many times: notes that are
    referenced repeatedly, the addresses of links, the instructions of a field, the names of
    styles."""
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
    """Cut HTML that is too long, at the end of a paragraph."""
    if len(source) <= LONGEST_HTML:
        return {"html": source, "is_truncated": False}
    end = source.rfind("</p>", 0, LONGEST_HTML)
    return {"html": source[: end if end > 0 else LONGEST_HTML], "is_truncated": True}
