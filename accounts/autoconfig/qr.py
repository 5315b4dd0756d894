"""QR codes (ISO 18004) of addresses, as squares for a picture or a page of paper."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import qrcode
from qrcode.constants import ERROR_CORRECT_M

QUIET = 4  # width of the white border in modules; scanners need it


def runs(text: str) -> tuple[int, list[tuple[int, int, int]]]:
    """Return the width of the code in modules, with its border, and its dark runs: (x,
    y, length)."""
    code = qrcode.QRCode(border=QUIET, error_correction=ERROR_CORRECT_M)
    code.add_data(text)
    code.make(fit=True)
    matrix: list[list[bool]] = code.get_matrix()
    return len(matrix), [(x, y, n) for y, row in enumerate(matrix) for x, n in _dark(row)]


def _dark(row: list[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for x, is_dark in enumerate([*row, False]):
        if is_dark and start is None:
            start = x
        elif not is_dark and start is not None:
            yield start, x - start
            start = None


def data_uri(text: str) -> str:
    """Return the code as an SVG picture, dark on white in all themes, as scanners expect."""
    width, dark = runs(text)
    path = "".join(f"M{x} {y}h{n}v1h-{n}z" for x, y, n in dark)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {width}"'
        f' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{width}v{width}H0z"/>'
        f'<path d="{path}"/></svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
