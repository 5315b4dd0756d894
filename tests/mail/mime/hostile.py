"""The hostile pieces of ``tests/data/hostile``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "data" / "hostile"
ADDRESS = "http://tracker.example/"


@dataclass(frozen=True)
class Piece:
    """One attack. ``name`` tells its kind and its number in it."""

    name: str
    source: str


def _pieces() -> Iterator[Piece]:
    kind, pieces = "", list[tuple[str, str]]()
    for line in (FOLDER / "pieces.txt").read_text().split("\n"):
        if line.startswith("## "):
            kind = line[3:]
        elif line.startswith("<"):
            pieces.append((kind, line))
        elif line:
            pieces[-1] = (pieces[-1][0], f"{pieces[-1][1]}\n{line}")
    for number, (kind, html) in enumerate(pieces, 1):
        yield Piece(f"{kind}-{number}", _told(html, number))


def _lines(name: str) -> Iterator[Piece]:
    for number, line in enumerate((FOLDER / name).read_text().splitlines(), 1):
        yield Piece(f"{name.partition('.')[0]}-{number}", _told(line, 1000 + number))


def _told(source: str, number: int) -> str:
    return source.replace("RAN", f"__ran({number})").replace("LEAK", f"{ADDRESS}{number}")


PIECES = tuple(_pieces())
TEXTS = tuple(_lines("texts.txt"))
VALUES = tuple(_lines("values.txt"))
