"""Convert a scan of several pages in one TIFF to a PDF, since the PDF viewer can turn pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mail.previews import images
from mail.previews.images import Picture
from mail.previews.pages import Pdf

MOST_PAGES = 50
LONGEST_SIDE = 2400
"""Longer side of a page in pixels: A4 at 200 dots per inch."""

_A4 = 842  # longer side of A4 in points


def is_paged(content: bytes) -> bool:
    """Return whether an image has several pages. Raises NoPreview."""
    return images.page_count(content, most=2) > 1


def pdf(content: bytes) -> Pdf:
    """Return the first pages of a TIFF as a PDF, each on a sheet of A4. Raises NoPreview."""
    sheets = images.pages(content, most=MOST_PAGES, longest=LONGEST_SIDE)
    is_whole = len(sheets) == images.page_count(content, most=MOST_PAGES + 1)
    return Pdf(_written(sheets), is_truncated=not is_whole)


def _written(sheets: Sequence[Picture]) -> bytes:
    """Write a PDF 1.7 file that contains only pictures. Each page has three objects: its
    description, its content and its picture."""
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
