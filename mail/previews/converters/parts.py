"""Read the XML parts of an Office file within limits, and resolve the relations between parts of
Office Open XML."""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from mail import zips

MOST_MEMBERS = 10_000
LARGEST_XML = 40_000_000
"""Limit of unpacked XML for one file, in bytes."""
LONGEST_HTML = 700_000
MOST_SHEETS = 30
MOST_ROWS = 2_000
MOST_COLUMNS = 101
LONGEST_CELL = 2_000
MOST_CHARACTERS = 3_000_000  # for all cells together
MOST_CELLS = 200_000  # cells that are read of an Excel workbook
MOST_SHARED = 300_000  # shared texts of a workbook that are searched for those of the shown cells
MOST_MARKS = 700_000
"""Limit for a part whose tree is held in memory; see `marks`."""
MOST_MARKS_AT_ONCE = 200_000
"""Limit for one element of a part that is read as a stream."""


class Parts:
    """The XML parts of an Office file, within the limits of one conversion."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._left = LARGEST_XML
        self.is_cut = False
        """Whether anything was left unread."""
        self._members = {
            member.raw_name.decode("utf-8", "replace"): member
            for member in zips.members(content, most=MOST_MEMBERS)
        }
        self._names = frozenset(self._members)

    def names(self) -> frozenset[str]:
        return self._names

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a part as UTF-8, piece by piece, to its end or to the limit. Raises KeyError where
        there is no such part."""
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
        """Return the root element of a part, and whether the part is longer than what was read."""
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
        """Yield the elements with this local name; each is freed when the next one is requested.
        Stops at an element that is too large, or at the limit."""
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
    """Return an upper bound for the number of elements, attributes and texts in a piece of XML.
    Each takes some 150 bytes of memory, and as few as four in the file."""
    return piece.count(b"<") + piece.count(b"=")


DOCTYPE = b"<!DOCTYPE"
DECLARATION = re.compile(
    rb"<\?xml\s[^>]{0,100}?encoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9._-]{1,40})[^>]{0,100}>"
)
# The encodings that the formats allow (ECMA-376 part 2 section 9.1.3, XML 1.0 section 4.3.3), and
# others that some programs write.
ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "windows-1252": "cp1252",
}


def as_utf_8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield XML as UTF-8, without its declaration. Raises ValueError for a document type: no part
    of an Office file has one, and entities could expand without limit. A charset that could hide a
    document type is refused too."""
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
"""Limit for one element: lxml takes time that grows with the square of the number of attributes."""
ATTRIBUTE = re.compile(rb"=\s{0,9}[\"']")


def most_attributes(piece: bytes, begun: int) -> int:
    """Return an upper bound for the number of attributes of the last element in a piece, or a
    number above MOST_ATTRIBUTES if any element has too many. ``begun`` counts the attributes of the
    element in which the piece begins."""
    first, *others = (len(ATTRIBUTE.findall(tag)) for tag in piece.split(b"<"))
    counts = [begun + first, *others]
    return max(counts) if max(counts) > MOST_ATTRIBUTES else counts[-1]


def encoding_of(first: bytes) -> tuple[str, int]:
    """Return the codec of some XML, and the position of the text after byte order mark and
    declaration."""
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
    """Return the ``r:id`` of an element, which is in either of two namespaces of relations."""
    return next((v for name, v in element.items() if name.endswith("/relationships}id")), "")


def main_part(parts: Parts, usual: str) -> str:
    """Return the path of the part that holds the text or lists the sheets."""
    relations = targets(parts, "").values()
    return next((path for kind, path in relations if kind.endswith("/officeDocument")), usual)


def targets(parts: Parts, name: str) -> dict[str, tuple[str, str]]:
    """Return the relations of a part, or of the whole file for ``""``: their type and the path of
    the target part, by their identifier."""
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
    """Return a count that the file gives, or ``default``."""
    return (
        int(value) if value and value.isascii() and value.isdigit() and len(value) < 9 else default
    )
