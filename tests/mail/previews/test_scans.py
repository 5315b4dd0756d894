"""Scans of several pages: each is shown, and no file has more than so many."""

from __future__ import annotations

import io
import shutil
import subprocess

import pytest
from PIL import Image

from mail.previews import images, scans
from mail.previews.failures import NoPreview, Reason
from tests.waiting import LONGEST_S, cheap

SHEET = Image.new("1", (827, 1169), 1)


def tiff(*sheets: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    first, *rest = sheets
    first.save(out, "TIFF", save_all=True, append_images=rest, **options)
    return out.getvalue()


def test_a_page_alone_is_no_scan_of_pages() -> None:
    assert not scans.is_paged(tiff(SHEET))
    assert scans.is_paged(tiff(SHEET, SHEET))


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "CMYK", "I;16"])
def test_pages_of_every_kind_become_pages_of_a_pdf(mode: str) -> None:
    sheet = Image.new(mode, (200, 100), 1)
    made = scans.pdf(tiff(sheet, sheet.rotate(90, expand=True)))
    assert made.content.count(b"/Type/Page/") == 2
    # Each lies or stands as it did, on a sheet of A4.
    assert b"MediaBox[0 0 842.0 421.0]" in made.content
    assert b"MediaBox[0 0 421.0 842.0]" in made.content
    assert not made.is_truncated


@pytest.mark.usefixtures("poppler")
def test_other_readers_find_the_pages_too() -> None:
    made = scans.pdf(tiff(SHEET, SHEET, SHEET))
    program = shutil.which("pdfinfo") or ""
    done = subprocess.run(  # noqa: S603  # our own words
        [program, "-"], input=made.content, capture_output=True, check=True, timeout=LONGEST_S
    )
    assert b"Pages:           3" in done.stdout
    assert done.stderr == b""


def test_pages_beyond_the_limit_are_left_out() -> None:
    sheets = [Image.new("1", (10, 10)) for _ in range(scans.MOST_PAGES + 1)]
    assert scans.pdf(tiff(*sheets)).is_truncated
    assert not scans.pdf(tiff(*sheets[:-1])).is_truncated


def test_a_page_that_is_too_large_is_refused_before_it_is_read() -> None:
    side = 7_000
    huge = tiff(Image.new("1", (10, 10)), Image.new("1", (side, side)), compression="group4")
    assert side * side > images.MOST_PIXELS_WHOLE and len(huge) < 20_000
    with pytest.raises(NoPreview) as refused:
        scans.pdf(huge)
    assert refused.value.reason is Reason.TOO_LARGE


def test_many_large_pages_are_cut_where_they_take_too_long() -> None:
    sheets = [Image.new("1", (5_900, 5_900)) for _ in range(20)]
    with cheap(30):
        made = scans.pdf(tiff(*sheets, compression="group4"))
        assert made.is_truncated
        assert made.content.count(b"/Type/Page/") == images.MOST_PIXELS_PAGED // 5_900**2


def test_pages_that_follow_each_other_for_ever_are_no_scan() -> None:
    content = bytearray(tiff(Image.new("1", (10, 10))))
    first = int.from_bytes(content[4:8], "little")
    entries = int.from_bytes(content[first : first + 2], "little")
    link = first + 2 + 12 * entries
    content[link : link + 4] = first.to_bytes(4, "little")
    assert images.page_count(bytes(content), most=1000) == 1


@pytest.mark.parametrize("content", [b"", b"II*\x00", b"no image"])
def test_what_is_no_image_is_refused(content: bytes) -> None:
    with pytest.raises(NoPreview):
        scans.is_paged(content)
