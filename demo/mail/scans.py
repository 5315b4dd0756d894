"""Pictures as cameras, scanners, printers and microscopes hand them over."""

import functools
import io
import math

from PIL import Image, ImageDraw, ImageFont

from demo.mail import pictures
from demo.mail.pictures import Canvas

_ORIENTATION = 0x0112  # Exif 2.32
_A4_AT_100_DPI = (827, 1169)


def _image(canvas: Canvas) -> Image.Image:
    pixels = b"".join(map(bytes, canvas.rows))
    return Image.frombytes("RGB", (canvas.width, canvas.height), pixels)


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@functools.cache
def held_upright() -> bytes:
    """A JPEG of a telephone held upright: its pixels lie on their side, Exif says so."""
    poster = _image(pictures.poster(600, 848))
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    exif[0x010F], exif[0x0110] = "Luciole", "Téléphone"
    return _saved(poster.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=80, exif=exif)


@functools.cache
def for_print() -> bytes:
    """A JPEG in the four inks of a printing press."""
    return _saved(_image(pictures.landscape(800, 500)).convert("CMYK"), "JPEG", quality=80)


@functools.cache
def under_the_microscope(size: int = 320) -> bytes:
    """Grey in 65 536 steps, as a microscope's camera writes it, none of them very bright: a PNG."""
    grey = bytearray()
    for y in range(size):
        for x in range(size):
            wave = math.sin(x / 11) * math.cos(y / 13) + math.sin((x + y) / 37)
            inside = math.hypot(x - size / 2, y - size / 2) < size * 0.47
            grey += (round(3000 + 900 * wave) if inside else 200).to_bytes(2, "little")
    return _saved(Image.frombytes("I;16", (size, size), bytes(grey)), "PNG")


@functools.cache
def scanned(*pages: tuple[str, ...]) -> bytes:
    """Sheets in black and white in one TIFF, as the copier of the staff room sends them: of each
    page its lines, the first of them large. Pillow's own font has no accented letters."""
    sheets = [_sheet(lines, number) for number, lines in enumerate(pages, 1)]
    first, *rest = sheets
    return _saved(
        first, "TIFF", save_all=True, append_images=rest, compression="group4", dpi=(100, 100)
    )


def _sheet(lines: tuple[str, ...], number: int) -> Image.Image:
    sheet = Image.new("1", _A4_AT_100_DPI, 1)
    pen = ImageDraw.Draw(sheet)
    top = 110
    for line in lines:
        size = 34 if top == 110 else 19
        pen.text((90, top), line, 0, ImageFont.load_default(size))
        top += 2 * size
    # A signature, and the copier's dirt along the edge.
    points = [(470 + 2 * n, 960 + 26 * math.sin(n / 5) * math.cos(n / 17)) for n in range(110)]
    pen.line(points, 0, 3)
    for speck in range(60):
        y = 37 * speck * number % _A4_AT_100_DPI[1]
        pen.point((8 + 13 * speck % 11, y), 0)
    return sheet


@functools.cache
def spinning(form: str) -> bytes:
    """The school's flower turning once in two seconds: an animated "GIF" or "WEBP"."""
    flower = _image(pictures.logo(120))
    frames = [
        flower.rotate(-72 * n / 12, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
        for n in range(12)
    ]
    if form == "GIF":
        frames = [frame.quantize(32) for frame in frames]
    first, *rest = frames
    return _saved(first, form, save_all=True, append_images=rest, duration=160, loop=0)
