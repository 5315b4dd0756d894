"""A short silent film without an encoder of films: pictures in a row, in a WebM file.

A lossy WebP picture is one key frame of VP8 in a RIFF file (RFC 9649), and WebM wants nothing more
than such frames and their times (Matroska, RFC 9559).
"""

import functools
import io
import struct
from collections.abc import Iterable, Sequence

from PIL import Image

from demo.mail.pictures import Canvas

WIDTH, HEIGHT = 320, 180
RATE = 8  # pictures a second
_MILLISECONDS = 1000 // RATE


@functools.cache
def day_at_the_pond(seconds: int = 6) -> bytes:
    """The sun goes over the pond and a boat crosses it, as a WebM file."""
    count = seconds * RATE
    return webm([_vp8(_scene(number / (count - 1))) for number in range(count)])


def _scene(share: float) -> Canvas:
    """The pond when `share` of the day is over."""
    canvas = Canvas(WIDTH, HEIGHT)
    shore = 112
    evening = max(0.0, share - 0.6) * 2.5
    canvas.gradient(
        (round(120 + 60 * evening), round(180 - 80 * evening), round(226 - 110 * evening)),
        (round(214 + 30 * evening), round(232 - 70 * evening), round(240 - 120 * evening)),
        0,
        shore,
    )
    # A parabola: low in the morning and in the evening.
    height = round(80 - 240 * share * (1 - share))
    canvas.ellipse(round(20 + 280 * share), height + 16, 13, 13, (255, 244, 200))
    canvas.ellipse(70, shore + 8, 120, 46, (150, 178, 150))
    canvas.ellipse(270, shore + 10, 130, 38, (110, 150, 132))
    canvas.gradient((140, 186, 200), (48, 100, 122), shore, HEIGHT)
    boat = round(-30 + 370 * share)
    canvas.rectangle(boat, 132, 34, 7, (122, 60, 44))
    canvas.triangle(boat + 16, 104, 12, 26, (252, 248, 240))
    for stem in range(6):
        canvas.rectangle(12 + 9 * stem, 150 - 4 * (stem % 3), 2, 34, (38, 66, 48))
        canvas.ellipse(13 + 9 * stem, 150 - 4 * (stem % 3), 3, 9, (104, 70, 44))
    return canvas


def _vp8(canvas: Canvas) -> bytes:
    """One picture as a key frame."""
    pixels = b"".join(map(bytes, canvas.rows))
    picture = Image.frombytes("RGB", (canvas.width, canvas.height), pixels)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=70, method=4)
    content = file.getvalue()
    if content[12:16] != b"VP8 ":
        raise ValueError("The picture was not written as one frame of VP8.")
    return content[20 : 20 + int.from_bytes(content[16:20], "little")]


# --- Matroska ---


def webm(frames: Sequence[bytes]) -> bytes:
    """The frames one after the other, with an index so that players can jump."""
    head = _element(
        "1A45DFA3",
        _number("4286", 1) + _number("42F7", 1) + _number("42F2", 4) + _number("42F3", 8),
        _element("4282", b"webm") + _number("4287", 2) + _number("4285", 2),
    )
    clusters = [
        _cluster(at * _MILLISECONDS, frames[at : at + RATE]) for at in range(0, len(frames), RATE)
    ]
    before = _info(len(frames) * _MILLISECONDS) + _tracks()
    # The index stands before what it leads to; its numbers have a fixed width.
    start = len(before) + len(_cues(clusters, 0))
    return head + _element("18538067", before + _cues(clusters, start), *clusters)


def _info(milliseconds: int) -> bytes:
    return _element(
        "1549A966",
        _number("2AD7B1", 1_000_000),
        _element("4489", struct.pack(">d", milliseconds)),
        _element("4D80", b"demo") + _element("5741", b"demo"),
    )


def _tracks() -> bytes:
    size = _number("B0", WIDTH) + _number("BA", HEIGHT)
    return _element(
        "1654AE6B",
        _element(
            "AE",
            _number("D7", 1) + _number("73C5", 1) + _number("83", 1),
            _element("86", b"V_VP8") + _element("E0", size),
        ),
    )


def _cluster(begins: int, frames: Iterable[bytes]) -> bytes:
    """Some frames, the first `begins` milliseconds after the film's beginning."""
    blocks = (
        _element("A3", b"\x81" + struct.pack(">hB", n * _MILLISECONDS, 0x80) + frame)
        for n, frame in enumerate(frames)
    )
    return _element("1F43B675", _number("E7", begins), *blocks)


def _cues(clusters: Sequence[bytes], start: int) -> bytes:
    points = b""
    for number, cluster in enumerate(clusters):
        place = _number("F7", 1) + _element("F1", start.to_bytes(4))
        time = _element("B3", (number * RATE * _MILLISECONDS).to_bytes(4))
        points += _element("BB", time, _element("B7", place))
        start += len(cluster)
    return _element("1C53BB6B", points)


def _element(name: str, *contents: bytes) -> bytes:
    """`name` in hexadecimal; the size always takes eight bytes."""
    content = b"".join(contents)
    return bytes.fromhex(name) + (1 << 56 | len(content)).to_bytes(8) + content


def _number(name: str, value: int) -> bytes:
    return _element(name, value.to_bytes(max(1, (value.bit_length() + 7) // 8)))
