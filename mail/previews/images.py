"""Encode images anew, so that a browser gets only images made here: without metadata, upright, of
limited size.

SVG is never treated as an image, since it is a document that can run scripts.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image

from mail.previews.failures import NoPreview, Reason

MOST_PIXELS = 64_000_000
"""The most pixels that a JPEG may declare; it can be read at a reduced size. Telephone cameras have
up to 50 million."""
MOST_PIXELS_WHOLE = 36_000_000
"""The most pixels of other formats, which are read whole. A sheet of A4 at 600 dots per inch has 35
million."""
MOST_BYTES = 250_000_000
"""The most bytes that a decoder may need for an image, estimated from its size, mode and format.
Together with the result that is less than 300 MB."""
LONGEST_SIDE = 4096
"""Limit of the longer side of a shown image, in pixels: enough to zoom into a page of text."""
THUMBNAIL_SIDE = 320
MOST_PIXELS_PAGED = 250_000_000
"""Limit for all pages of a scan together: thirty sheets of A4 at 300 dots per inch."""

# Limit for all frames of an animation together; beyond it only the first frame is shown.
_MOST_PIXELS_MOVING = 24_000_000
_MOST_FRAMES = 300
# A progressive JPEG usually has about ten scans. Each covers all pixels, but may be a few bytes
# long.
_MOST_SCANS = 100
_START_OF_SCAN = b"\xff\xda"
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
_MOVING = frozenset({"GIF", "WEBP"})
# Errors that Pillow's readers raise for damaged files, besides its own.
_DAMAGE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
)


Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image for a browser. ``media_type`` is one of image/jpeg, image/png, image/gif and
    image/webp. ``width`` and ``height`` are those of ``content``, ``full_width`` and
    ``full_height`` those of the original file when upright, in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int
    full_width: int
    full_height: int


def picture(content: bytes, *, longest: int = LONGEST_SIDE) -> Picture:
    """Return the image with no side longer than ``longest`` pixels. Only the first page of a TIFF
    is shown. GIF and WebP stay animated, within limits. Raises NoPreview."""
    return _read(content, lambda image: _shown(image, longest))


def thumbnail(content: bytes, *, longest: int = THUMBNAIL_SIDE) -> Picture:
    """Return a small still image as WebP. Raises NoPreview."""
    return _read(content, lambda image: _small(image, longest))


def smaller(content: bytes, *, longest: int) -> bytes | None:
    """Return an image of a document with no side longer than ``longest`` pixels, with the same size
    on paper and not rotated. None where it is small enough already. Raises NoPreview."""
    return _read(content, lambda image: _smaller(image, longest))


def page_count(content: bytes, *, most: int) -> int:
    """Return the number of pages of a TIFF, counted up to ``most``; 1 for an image without pages.
    Raises NoPreview."""
    return _read(content, lambda image: _count(image, most))


def pages(content: bytes, *, most: int, longest: int = LONGEST_SIDE) -> list[Picture]:
    """Return the pages of a TIFF as JPEG: at most ``most``, and at most `MOST_PIXELS_PAGED` pixels
    together. Raises NoPreview."""
    return _read(content, lambda image: list(_pages(image, most, longest)))


def _read(content: bytes, make: Callable[[Image.Image], Made]) -> Made:
    if content.startswith(b"\xff\xd8") and content.count(_START_OF_SCAN) > _MOST_SCANS:
        raise NoPreview(Reason.BOMB, "too many scans")
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.format in _JPEG:
                image.info[_SCANNED] = _first_scan(content)
            _check(image)
            return make(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NoPreview(Reason.BOMB, "more pixels than any photograph") from error
    except MemoryError as error:
        raise NoPreview(Reason.TOO_LARGE) from error
    except _DAMAGE as error:
        raise NoPreview(Reason.DAMAGED, type(error).__name__) from error


def _count(image: Image.Image, most: int) -> int:
    # n_frames would go through all pages; a file may have millions.
    count = 1
    with suppress(EOFError):
        while count < most:
            image.seek(count)
            count += 1
    return count


def _pages(image: Image.Image, most: int, longest: int) -> Iterator[Picture]:
    left = MOST_PIXELS_PAGED
    for number in range(_count(image, most)):
        image.seek(number)
        _check(image)
        left -= image.width * image.height
        if left < 0 and number:
            return
        yield _page(image, longest)


def _page(image: Image.Image, longest: int) -> Picture:
    full = image.size
    still = _upright(image, longest)
    paper = Image.new("RGB", still.size, "white")
    paper.paste(still, mask=still if still.mode == "RGBA" else None)
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=80, optimize=False)
    return Picture(out.getvalue(), "image/jpeg", *still.size, *full)


def _check(image: Image.Image) -> None:
    pixels = image.width * image.height
    if not pixels:
        raise NoPreview(Reason.DAMAGED, "no pixels")
    if pixels > (MOST_PIXELS if image.format in _JPEG else MOST_PIXELS_WHOLE):
        raise NoPreview(Reason.TOO_LARGE, f"{pixels} pixels")
    if pixels * _bytes_a_pixel(image) > MOST_BYTES:
        raise NoPreview(Reason.TOO_LARGE, f"{pixels} pixels of {image.mode} in {image.format}")


_JPEG = frozenset({"JPEG", "MPO"})
# Bytes that Pillow uses for a pixel in each mode; four in all other modes.
_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_PHOTOMETRIC, _RGB = 262, 2
_ROWS_A_STRIP, _TILE_WIDTH, _TILE_LENGTH = 278, 322, 323


def _bytes_a_pixel(image: Image.Image) -> float:
    """Estimate the memory needed to read an image, in bytes per pixel, including the decoder's last
    copy."""
    own = _BYTES.get(image.mode, 4)
    if image.format in _JPEG:
        # A large JPEG is read at half its width and height, see `_upright`.
        scaled = own / 4 if _is_huge(image) else own
        return scaled + (2 * _planes(image) if _is_buffered(image) else 0)
    if image.format == "WEBP":
        # Two canvases, the frame as bytes, the image, the decoder's own planes, and the converted
        # image: WebP cannot be read at a reduced size.
        return 4 * own + 4.5
    if image.format == "TIFF":
        is_turned = image.getexif().get(_ORIENTATION, 1) != 1
        return own * (1 + is_turned) + _packed(image) * _largest_piece(image)
    return own


def _packed(image: Image.Image) -> int:
    """Return the bytes per pixel in a TIFF: three for RGB colours, for which Pillow uses four."""
    is_plain = image.mode == "RGB" and image.getexif().get(_PHOTOMETRIC) == _RGB
    return 3 if is_plain else _BYTES.get(image.mode, 4)


def _largest_piece(image: Image.Image) -> float:
    """Return the share of a TIFF that is in one strip or tile, since that is unpacked at once."""
    tags = image.getexif()
    if _TILE_WIDTH in tags:
        tile = int(tags[_TILE_WIDTH]) * int(tags.get(_TILE_LENGTH, image.height))
        return tile / (image.width * image.height)
    return min(int(tags.get(_ROWS_A_STRIP, image.height)) / image.height, 1)


def _planes(image: Image.Image) -> float:
    """Return the number of components of a JPEG, where subsampled components count as fractions."""
    sampling = [across * down for _name, across, down, _table in getattr(image, "layer", [])]
    return sum(sampling) / max(sampling) if sampling else len(image.getbands())


def _is_buffered(image: Image.Image) -> bool:
    """Return whether the decoder keeps all coefficients of a JPEG until the last scan."""
    return bool(image.info.get("progressive")) or image.info.get(_SCANNED, 0) < len(
        image.getbands()
    )


_SCANNED = "components of the first scan"


def _first_scan(content: bytes) -> int:
    """Return the number of components in the first scan of a JPEG (ITU T.81 section B.2.3); 0 if
    there is no scan."""
    position = 2
    while position + 5 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker == 0xDA:
            return content[position + 4]
        # Fill bytes, and markers without a length.
        if marker == 0xFF:
            position += 1
        elif marker in (0x01, *range(0xD0, 0xD9)):
            position += 2
        else:
            position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return 0


def _shown(image: Image.Image, longest: int) -> Picture:
    if image.format in _MOVING and (moving := _animation(image, longest)):
        return moving
    full = _full_size(image)
    still = _upright(image, longest)
    # As PNG, a scan or a photograph would be many times larger than its file.
    is_photograph = image.format in ("JPEG", "MPO", "WEBP", "TIFF") and still.mode == "RGB"
    out = io.BytesIO()
    if is_photograph:
        still.save(out, "JPEG", quality=88, optimize=False)
    else:
        still.save(out, "PNG", compress_level=4)
    media_type = "image/jpeg" if is_photograph else "image/png"
    return Picture(out.getvalue(), media_type, *still.size, *full)


def _small(image: Image.Image, longest: int) -> Picture:
    full = _full_size(image)
    still = _upright(image, longest)
    out = io.BytesIO()
    still.save(out, "WEBP", quality=75, method=3)
    return Picture(out.getvalue(), "image/webp", *still.size, *full)


_DOTS_AN_INCH = 96
"""The resolution of a file that declares none, as office programs assume it."""


def _smaller(image: Image.Image, longest: int) -> bytes | None:
    full = image.size
    if max(full) <= longest:
        return None
    densities = image.info.get("dpi", (_DOTS_AN_INCH, _DOTS_AN_INCH))
    still = _as_it_lies(image, longest)
    scale = still.width / full[0]
    dpi = tuple(max(float(density) or _DOTS_AN_INCH, 1) * scale for density in densities)
    out = io.BytesIO()
    if still.mode == "RGBA":
        still.save(out, "PNG", compress_level=1, dpi=dpi)
    else:
        still.save(out, "JPEG", quality=85, dpi=tuple(max(round(density), 1) for density in dpi))
    return out.getvalue()


# EXIF orientations that rotate the image by a quarter turn (Exif 2.32, tag 0x0112).
_SIDEWAYS = frozenset({5, 6, 7, 8})
_ORIENTATION = 0x0112


def _full_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    # Pillow rotates a TIFF itself and reports the rotated size.
    is_sideways = image.format != "TIFF" and image.getexif().get(_ORIENTATION) in _SIDEWAYS
    return (height, width) if is_sideways else (width, height)


# Above this number of pixels, neighbouring pixels are merged before any other step: a better
# reduction needs several copies of the image at once.
_HUGE = 24_000_000
# Pixels that are converted at once.
_BAND = 2_000_000


def _is_huge(image: Image.Image) -> bool:
    return image.width * image.height > _HUGE


def _upright(image: Image.Image, longest: int) -> Image.Image:
    """Return the upright pixels alone, with no side longer than ``longest``, in a mode that all
    output formats support."""
    orientation = 1 if image.format == "TIFF" else image.getexif().get(_ORIENTATION, 1)
    still = _as_it_lies(image, longest)
    turn = _TURNS.get(orientation)
    return still if turn is None else still.transpose(turn)


def _as_it_lies(image: Image.Image, longest: int) -> Image.Image:
    """Return the same pixels as stored, not rotated by the EXIF orientation."""
    if image.format in _JPEG:
        least = 2 if _is_huge(image) else 1
        image.draft(
            "RGB", (min(longest, image.width // least), min(longest, image.height // least))
        )
    plain = _plain(image, max(max(image.size) // longest // 2, 1 + _is_huge(image)))
    plain.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if plain.mode == "F":
        plain = _stretched(plain)
    return plain


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _plain(image: Image.Image, factor: int) -> Image.Image:
    """Return the image in a colour mode, in which pixels can be averaged: squares of ``factor``
    times ``factor`` pixels become one. The image is converted in bands, so that there is no second
    copy of the whole."""
    mode = _plain_mode(image)
    width, height = image.size
    plain = Image.new(mode, (-(-width // factor), -(-height // factor)))
    rows = max(_BAND // width // factor, 1) * factor
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(top + rows, height)))
        band = band if band.mode == mode else band.convert(mode)
        plain.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    return plain


def _plain_mode(image: Image.Image) -> str:
    if image.mode in ("RGB", "RGBA", "L"):
        return "RGBA" if "transparency" in image.info else image.mode
    if image.mode in ("1", "LAB", "CMYK", "YCbCr", "HSV"):
        return "L" if image.mode == "1" else "RGB"
    if image.mode.startswith("I") or image.mode == "F":
        return "F"
    return "RGBA" if image.has_transparency_data else "RGB"


def _stretched(grey: Image.Image) -> Image.Image:
    """Map grey of 16 bits or more, from scanners and microscopes, to the 256 levels of a screen."""
    low, high = grey.getextrema()
    if not isinstance(low, float) or not isinstance(high, float):
        raise NoPreview(Reason.DAMAGED, "grey of several bands")
    scale = 255 / (high - low) if high > low else 1.0
    return grey.point(lambda value: value * scale - low * scale).convert("L")


def _animation(image: Image.Image, longest: int) -> Picture | None:
    """Encode all frames anew in the same format. Return None for a still image or too large an
    animation."""
    width, height = image.size
    if max(width, height) > longest or not getattr(image, "is_animated", False):
        return None
    frames: list[Image.Image] = []
    durations: list[int] = []
    most = min(_MOST_FRAMES, _MOST_PIXELS_MOVING // (width * height))
    loop = image.info.get("loop", 1 if image.format == "GIF" else 0)
    try:
        while True:
            if len(frames) == most:
                image.seek(0)
                return None
            frames.append(image.convert("RGBA"))
            duration = image.info.get("duration", 100)
            durations.append(min(max(int(duration), 20), 60_000))
            image.seek(image.tell() + 1)
    except EOFError:
        pass
    out = io.BytesIO()
    options: dict[str, object] = {"loop": min(max(int(loop), 0), 1000)}
    if image.format == "GIF":
        options["disposal"] = 2
    for frame in frames:
        frame.info.clear()
    frames[0].save(
        out,
        image.format,
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        **options,
    )
    return Picture(
        out.getvalue(), f"image/{str(image.format).lower()}", width, height, width, height
    )
