"""QR codes, read as a camera reads them."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from accounts.autoconfig import qr

ADDRESSES = ["https://w.fr/", "https://webmail.ac-exemple.fr/phone/" + "aB3-_" * 5 + "xy/"]


def drawn(width: int, dark: list[tuple[int, int, int]], module: int = 4) -> Image.Image:
    picture = Image.new("L", (width * module, width * module), 255)
    draw = ImageDraw.Draw(picture)
    for x, y, length in dark:
        right, bottom = (x + length) * module - 1, (y + 1) * module - 1
        draw.rectangle((x * module, y * module, right, bottom), fill=0)
    return picture


@pytest.mark.parametrize("text", ADDRESSES)
def test_a_camera_reads_the_address(text: str) -> None:
    (barcode,) = zxingcpp.read_barcodes(drawn(*qr.runs(text)))
    assert (barcode.text, barcode.format) == (text, zxingcpp.BarcodeFormat.QRCode)


def test_the_code_stands_in_the_white_that_scanners_need() -> None:
    width, dark = qr.runs(ADDRESSES[0])
    assert min(min(x, y) for x, y, _n in dark) == 4
    assert max(max(x + n, y + 1) for x, y, n in dark) == width - 4


def test_the_picture_draws_the_same_squares_dark_on_white() -> None:
    head, data = qr.data_uri(ADDRESSES[1]).split(",")
    assert head == "data:image/svg+xml;base64"
    ground, squares = ElementTree.fromstring(base64.b64decode(data))  # noqa: S314  our own
    width, dark = qr.runs(ADDRESSES[1])
    assert ground.attrib == {"fill": "#fff", "d": f"M0 0h{width}v{width}H0z"}
    assert squares.get("d") == "".join(f"M{x} {y}h{n}v1h-{n}z" for x, y, n in dark)
