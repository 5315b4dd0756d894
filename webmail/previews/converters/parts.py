"""The XML parts of an Office file, read within limits; and how parts of Office Open XML name each
other."""

from __future__ import annotations

import codecs
import itertools
import re
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

    def _raw_pieces(self, member: zips.ZipMember) -> Iterator[bytes]:
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


def number(value: str | None, default: int) -> int:
    """A count that a file gives, where it gives one."""
    return (
        int(value) if value and value.isascii() and value.isdigit() and len(value) < 9 else default
    )
