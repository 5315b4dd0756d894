"""A scan of several sheets in one TIFF: its pages as a PDF, for the reader that has pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webmail.previews import images
from webmail.previews.images import Picture
from webmail.previews.pages import Pdf

MOST_PAGES = 50
LONGEST_SIDE = 2400
"""Pixels of a page's longer side: A4 at 200 dots an inch."""

_A4 = 842  # points of the longer side


def is_paged(content: bytes) -> bool:
    """Whether an image has several pages. Raises NoPreview."""
    return images.page_count(content, most=2) > 1


def pdf(content: bytes) -> Pdf:
    """The first pages of a TIFF, each as large as a sheet of paper. Raises NoPreview."""
    sheets = images.pages(content, most=MOST_PAGES, longest=LONGEST_SIDE)
    is_whole = len(sheets) == images.page_count(content, most=MOST_PAGES + 1)
    return Pdf(_written(sheets), is_truncated=not is_whole)


def _written(sheets: Sequence[Picture]) -> bytes:
    """A file of pictures alone (PDF 1.7): of each page its description, its content, its
    picture."""
    kids = " ".join(f"{3 + 3 * number} 0 R" for number in range(len(sheets)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(sheets)}>>".encode(),
    ]
    for number, sheet in enumerate(sheets):
        objects += _page(sheet, 3 + 3 * number)
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _page(sheet: Picture, first: int) -> Iterator[bytes]:
    scale = _A4 / max(sheet.width, sheet.height)
    width, height = round(sheet.width * scale, 2), round(sheet.height * scale, 2)
    yield (
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents {first + 1} 0 R"
        f"/Resources<</XObject<</I {first + 2} 0 R>>>>>>"
    ).encode()
    yield _stream("", f"{width} 0 0 {height} 0 0 cm /I Do".encode())
    yield _stream(
        f"/Type/XObject/Subtype/Image/Width {sheet.width}/Height {sheet.height}"
        "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode",
        sheet.content,
    )


def _stream(about: str, content: bytes) -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (about.encode(), len(content), content)
