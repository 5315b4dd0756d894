"""Pictures drawn by the code: a small canvas, its PNG and BMP forms, and a few scenes."""

import functools
import math
import struct
import zlib
from pathlib import Path

Colour = tuple[int, int, int]

# The first is `landscape()`, turned once into forms that the standard library cannot write.
POND_JPEG = Path(__file__).with_name("etang.jpg")
POND_WEBP = Path(__file__).with_name("etang.webp")


class Canvas:
    """Rows of RGB pixels; what falls outside is cut off."""

    def __init__(self, width: int, height: int, colour: Colour = (255, 255, 255)) -> None:
        self.width = width
        self.height = height
        self.rows = [bytearray(bytes(colour) * width) for _ in range(height)]

    def span(self, y: int, left: int, right: int, colour: Colour) -> None:
        """Colour the pixels left..right-1 of row y."""
        left, right = max(left, 0), min(right, self.width)
        if 0 <= y < self.height and left < right:
            self.rows[y][3 * left : 3 * right] = bytes(colour) * (right - left)

    def gradient(self, top: Colour, bottom: Colour, first: int = 0, last: int = 0) -> None:
        """Fill the rows first..last-1 (all of them by default) from one colour to another."""
        last = last or self.height
        for y in range(first, last):
            share = (y - first) / max(last - first - 1, 1)
            red, green, blue = (
                round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True)
            )
            self.span(y, 0, self.width, (red, green, blue))

    def rectangle(self, left: int, top: int, width: int, height: int, colour: Colour) -> None:
        for y in range(top, top + height):
            self.span(y, left, left + width, colour)

    def ellipse(self, x: int, y: int, across: int, down: int, colour: Colour) -> None:
        """Centre x, y; half axes across and down."""
        for row in range(-down, down + 1):
            half = round(across * math.sqrt(1 - (row / down) ** 2))
            self.span(y + row, x - half, x + half, colour)

    def triangle(self, x: int, top: int, half: int, height: int, colour: Colour) -> None:
        """Standing on its base, its point at x, top."""
        for row in range(height):
            wide = round(half * row / height)
            self.span(top + row, x - wide, x + wide + 1, colour)

    def png(self) -> bytes:
        rows = b"".join(b"\0" + row for row in self.rows)
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n"
            + _chunk(b"IHDR", header)
            + _chunk(b"IDAT", zlib.compress(rows, 9))
            + _chunk(b"IEND", b"")
        )

    def bmp(self) -> bytes:
        """Uncompressed, 24 bits a pixel, rows from the bottom up and filled to four bytes."""
        filling = b"\0" * (-3 * self.width % 4)
        pixels = b"".join(_blue_first(row) + filling for row in reversed(self.rows))
        head = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54)
        form = (40, self.width, self.height, 1, 24, 0, len(pixels), 2835, 2835, 0, 0)
        return head + struct.pack("<IiiHHIIiiII", *form) + pixels


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _blue_first(row: bytearray) -> bytes:
    turned = bytearray(row)
    turned[0::3], turned[2::3] = row[2::3], row[0::3]
    return bytes(turned)


@functools.cache
def landscape(width: int = 640, height: int = 400) -> Canvas:
    """A pond under hills at the end of the day."""
    canvas = Canvas(width, height)
    shore = height * 62 // 100
    canvas.gradient((250, 214, 165), (247, 240, 225), 0, shore)
    canvas.ellipse(
        width * 70 // 100, height * 30 // 100, height // 11, height // 11, (255, 247, 214)
    )
    canvas.ellipse(
        width * 20 // 100, shore + 20, width * 40 // 100, height * 34 // 100, (150, 178, 170)
    )
    canvas.ellipse(
        width * 85 // 100, shore + 30, width * 46 // 100, height * 28 // 100, (110, 150, 142)
    )
    canvas.ellipse(
        width * 45 // 100, shore + 26, width * 34 // 100, height * 15 // 100, (78, 122, 110)
    )
    for place, size in ((8, 24), (14, 34), (19, 27), (88, 36), (94, 26)):
        top = shore - height * size // 130
        canvas.triangle(width * place // 100, top, width // 28, shore - top + 4, (44, 86, 76))
    canvas.gradient((146, 190, 200), (52, 104, 124), shore, height)
    for row, (left, right) in enumerate(((58, 82), (62, 79), (60, 84), (65, 76), (63, 80))):
        y = shore + 10 + row * height // 22
        canvas.rectangle(width * left // 100, y, width * (right - left) // 100, 2, (246, 226, 190))
    for stem in range(7):
        x = width * (4 + 3 * stem) // 100
        tall = height * (18 + 5 * (stem % 3)) // 100
        canvas.rectangle(x, height - tall, 2, tall, (38, 66, 48))
        canvas.ellipse(x + 1, height - tall, 4, 14, (104, 70, 44))
    return canvas


@functools.cache
def poster(width: int = 420, height: int = 594) -> Canvas:
    """A poster for the concert: a moon, a stage, five voices."""
    canvas = Canvas(width, height)
    canvas.gradient((28, 34, 82), (122, 60, 110))
    canvas.ellipse(width // 2, height // 3, width // 4, width // 4, (252, 231, 170))
    canvas.ellipse(width * 58 // 100, height * 30 // 100, width // 5, width // 5, (52, 42, 90))
    canvas.rectangle(0, height * 78 // 100, width, height * 22 // 100, (20, 22, 48))
    voices = ((236, 112, 99), (245, 176, 65), (88, 214, 141), (93, 173, 226), (195, 155, 211))
    for index, colour in enumerate(voices):
        x = width * (18 + 16 * index) // 100
        canvas.triangle(x, height * 58 // 100, width // 16, height * 22 // 100, colour)
        canvas.ellipse(x, height * 57 // 100, width // 30, width // 30, (250, 219, 190))
    return canvas


@functools.cache
def logo(size: int = 96) -> Canvas:
    """The school's hawthorn: five petals round a heart."""
    canvas = Canvas(size, size)
    middle = size // 2
    canvas.ellipse(middle, middle, middle - 1, middle - 1, (31, 94, 86))
    for petal in range(5):
        angle = math.tau * petal / 5 - math.pi / 2
        x = middle + round(math.cos(angle) * size * 0.21)
        y = middle + round(math.sin(angle) * size * 0.21)
        canvas.ellipse(x, y, size * 15 // 100, size * 15 // 100, (250, 240, 244))
    canvas.ellipse(middle, middle, size // 10, size // 10, (214, 96, 132))
    return canvas


@functools.cache
def chart(width: int = 560, height: int = 260) -> Canvas:
    """Books borrowed a month, as bars."""
    canvas = Canvas(width, height, (250, 250, 252))
    for line in range(1, 5):
        canvas.rectangle(30, height - 30 - line * 45, width - 50, 1, (222, 226, 236))
    for index, loans in enumerate((62, 118, 96, 140, 171, 152, 190, 168, 203, 120)):
        colour = (45, 72, 160) if index % 2 else (92, 124, 214)
        canvas.rectangle(44 + index * 50, height - 30 - loans, 32, loans, colour)
    canvas.rectangle(30, height - 30, width - 50, 2, (90, 98, 120))
    return canvas
