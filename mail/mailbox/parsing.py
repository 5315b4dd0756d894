"""Parses mail in helper processes if its cost is not known to be small: a message made to be
expensive costs its own reader some seconds, and no other user anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from mail import sandbox
from mail.mime import containers, structure, uuencode
from mail.mime.damage import Damage
from mail.mime.hypertext import html
from mail.mime.structure import ParsedMessage, Part

Pieces = Sequence[tuple[Part, str]]
"""Text parts, each with its decoded text."""
BEGINNING = 20_000
"""Characters of a part that are read if the whole part would take too long."""
MOST_PIECES = 10


def message(raw: bytes) -> ParsedMessage:
    """Return the parts of a whole message. Raises Exhausted."""
    return sandbox.call(structure.parse, sandbox.FILE, raw)


def unpacked(part: Part, content: bytes) -> ParsedMessage | None:
    """Call `containers.unpack`. A container that takes too long counts as one that cannot be
    opened.
    """
    if not containers.is_container(part) and not uuencode.is_in(content):
        return None
    try:
        return sandbox.call(containers.unpack, sandbox.FILE, part, content)
    except sandbox.Exhausted:
        return containers.closed(part, Damage.CONTAINER)


def text(pieces: Pieces) -> str:
    """Call `html.join_text`. Raises Exhausted, if a piece is HTML."""
    if any(part.media_type == "text/html" for part, _text in pieces):
        return sandbox.call(html.join_text, sandbox.TEXT, pieces)
    return html.join_text(pieces)


def beginning(pieces: Pieces) -> str:
    """Return the beginning of the pieces without tags, in time that is linear in their length."""
    return "\n\n".join(
        html.rough_text(written[:BEGINNING])
        if part.media_type == "text/html"
        else written[:BEGINNING]
        for part, written in pieces[:MOST_PIECES]
    )
