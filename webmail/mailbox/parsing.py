"""Parsing of mail that is not proven cheap, in helper processes: a message made to cost much costs
its own reader some seconds, and nobody else anything."""

from __future__ import annotations

from collections.abc import Sequence

from webmail import sandbox
from webmail.mime import containers, html, structure, uuencode
from webmail.mime.damage import Damage
from webmail.mime.structure import Parsed, Part

Pieces = Sequence[tuple[Part, str]]
"""Text parts with their decoded text."""
BEGINNING = 20_000
"""Characters of a part that are read where all of it would take too long."""
MOST_PIECES = 10


def message(raw: bytes) -> Parsed:
    """The parts of a message that is here whole. Raises Exhausted."""
    return sandbox.call(structure.parse, sandbox.FILE, raw)


def unpacked(part: Part, content: bytes) -> Parsed | None:
    """`containers.unpack`. One that takes too long to open comes back as one that cannot be
    opened."""
    if not containers.is_container(part) and not uuencode.is_in(content):
        return None
    try:
        return sandbox.call(containers.unpack, sandbox.FILE, part, content)
    except sandbox.Exhausted:
        return containers.closed(part, Damage.CONTAINER)


def text(pieces: Pieces) -> str:
    """`html.join_text`. Raises Exhausted, where a piece is HTML."""
    if any(part.media_type == "text/html" for part, _text in pieces):
        return sandbox.call(html.join_text, sandbox.TEXT, pieces)
    return html.join_text(pieces)


def beginning(pieces: Pieces) -> str:
    """Return how the pieces begin, without their tags: in time that grows with their length
    alone."""
    return "\n\n".join(
        html.rough_text(written[:BEGINNING])
        if part.media_type == "text/html"
        else written[:BEGINNING]
        for part, written in pieces[:MOST_PIECES]
    )
