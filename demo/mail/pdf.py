"""A small PDF writer: pages of text in Helvetica, enough for a circular or a summons."""

import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 595, 842, 64  # A4 in points
NEW_PAGE = "* * *"

# Advance widths of Helvetica from " " to "~", in thousandths of the size (Adobe's font metrics).
_WIDTHS = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556),
    *(1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556),
    *(333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556),
    *(556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584),
)


@dataclass(frozen=True)
class _Style:
    font: str
    size: float
    before: float
    colour: str


_TITLE = _Style("F2", 18, 8, "0.12 0.20 0.45")
_HEADING = _Style("F2", 12.5, 16, "0.12 0.37 0.34")
_BODY = _Style("F1", 11, 7, "0.10 0.11 0.14")
_FOOT = _Style("F1", 8.5, 0, "0.40 0.42 0.48")


def document(title: str, lines: Sequence[str], *, issuer: str) -> bytes:
    """A PDF file: a title, then paragraphs; one that begins with "# " is a heading.

    Pages follow each other as the text needs them. A line of "* * *" begins a new one.
    """
    pages = list(_pages(title, lines))
    count = len(pages)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (fr-FR) >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>"
        % (b" ".join(b"%d 0 R" % (6 + 2 * n) for n in range(count)), count),
        _font(b"Helvetica"),
        _font(b"Helvetica-Bold"),
        b"<< /Title %s /Author %s >>" % (_information(title), _information(issuer)),
    ]
    for number, content in enumerate(pages, 1):
        objects += _page(content + _foot(issuer, number, count), 5 + 2 * number)
    return _file(objects)


def _pages(title: str, lines: Sequence[str]) -> Iterator[bytes]:
    content, y = _rule(), HEIGHT - MARGIN - 24.0
    for style, text in [(_TITLE, title), *map(_styled, lines)]:
        y -= style.before
        for line in _wrapped(text, style):
            # A heading wants a few lines of its text on the same page.
            if y < MARGIN + (70 if style is _HEADING else 20) or line == NEW_PAGE:
                yield content
                content, y = b"", HEIGHT - MARGIN
            if line != NEW_PAGE:
                content += _shown(line, style, MARGIN, y)
                y -= style.size * 1.4
    yield content


def _styled(line: str) -> tuple[_Style, str]:
    return (_HEADING, line[2:]) if line.startswith("# ") else (_BODY, line)


def _wrapped(text: str, style: _Style) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and _width(longer, style) > WIDTH - 2 * MARGIN:
            yield line
            line = word
        else:
            line = longer
    yield line


def _width(text: str, style: _Style) -> float:
    """Points; accented letters are as wide as bare ones, bold ones a little wider."""
    bare = unicodedata.normalize("NFD", text)
    units = sum(_WIDTHS[ord(c) - 32] if " " <= c <= "~" else 400 for c in bare if ord(c) < 0x300)
    return units * style.size / 1000 * (1.07 if style.font == "F2" else 1)


def _encoded(text: str) -> bytes:
    wide = text.replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")
    raw = wide.encode("cp1252", "replace")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _shown(line: str, style: _Style, x: float, y: float) -> bytes:
    place = f"BT {style.colour} rg /{style.font} {style.size} Tf {x:.1f} {y:.1f} Td ("
    return place.encode() + _encoded(line) + b") Tj ET\n"


def _rule() -> bytes:
    return f"0.12 0.20 0.45 rg {MARGIN} {HEIGHT - MARGIN} 120 3 re f\n".encode()


def _foot(issuer: str, number: int, count: int) -> bytes:
    return _shown(issuer, _FOOT, MARGIN, 40) + _shown(
        f"page {number} / {count}", _FOOT, WIDTH - MARGIN - 50, 40
    )


def _font(name: bytes) -> bytes:
    return b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>" % name


def _information(text: str) -> bytes:
    return b"<" + (b"\xfe\xff" + text.encode("utf-16-be")).hex().encode() + b">"


def _page(content: bytes, stream: int) -> list[bytes]:
    """A page and its text: the text takes object number `stream`, the page the one before."""
    packed = zlib.compress(content, 9)
    return [
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R "
        b"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>" % (WIDTH, HEIGHT, stream),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
    ]


def _file(objects: Sequence[bytes]) -> bytes:
    """Objects 1, 2, 3… (catalogue first, information fifth), cross-reference table, trailer."""
    body = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        + table
        + b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\n" % (len(objects) + 1)
        + b"startxref\n%d\n%%%%EOF\n" % len(body)
    )
