"""Body structure: the tree of a message's parts, and what of it to show."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from webmail.mime import headers

DEEPEST = 50
MOST_PARTS = 2000


@dataclass(frozen=True)
class Part:
    """One node of BODYSTRUCTURE (RFC 9051 section 7.5.2), every string decoded.

    ``number`` is the IMAP part specifier: ``"1"`` for a message of one part, ``""`` for a multipart
    root, ``"2.1"`` below. ``size`` counts encoded bytes. ``file_name`` is safe to show and to save:
    no path, no control or bidirectional character; ``""`` when the part has none. ``content_id``
    may have its angle brackets or not.
    """

    number: str
    media_type: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    content_id: str = ""
    description: str = ""
    encoding: str = "7bit"
    size: int = 0
    disposition: str = ""
    file_name: str = ""
    location: str = ""
    children: tuple[Part, ...] = ()

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/")

    @property
    def charset(self) -> str:
        return self.parameters.get("charset", "")

    @property
    def cid(self) -> str:
        """The Content-ID as a ``cid:`` address names it: without brackets and blanks."""
        return self.content_id.strip("<> \t")

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in the order of the message. Any depth: no recursion."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))


@dataclass(frozen=True)
class Shown:
    """What of a message is shown: the text, its HTML twin, the images inside it, and the
    attachments.

    ``html`` is empty when no part is HTML. Each of ``text`` and ``html`` shows the whole message,
    so when parts of both kinds follow one another (a text with an HTML footer of a list) either
    holds both: ``html.join`` and ``html.join_text`` make one of them.
    """

    text: tuple[Part, ...]
    html: tuple[Part, ...]
    inline: tuple[Part, ...]
    attachments: tuple[Part, ...]


# Shown as text when they come first; other text types (calendar, vCard, CSV) are files.
_BODY_TYPES = frozenset(
    {
        "text/plain",
        "text/html",
        "text/enriched",
        "text/richtext",
        "text/markdown",
        "text/x-markdown",
    }
)
# Alternatives that only some other programs can show; the message says the same without them.
_UNSHOWN_ALTERNATIVES = frozenset({"text/x-amp-html", "text/watch-html"})


def choose(root: Part, html_uses: Collection[str] | None = None) -> Shown:
    """What to show of a message (the algorithm of RFC 8621 section 4.1.4, and images as
    attachments).

    ``html_uses`` is what the HTML refers to (``SafeHtml.inline``: content ids and locations).
    Without it every image with a Content-ID or Content-Location is taken to be inside the HTML;
    with it only those named, and the others are attachments. Nested messages stay whole, as
    attachments.
    """
    text: list[Part] = []
    html: list[Part] = []
    files: list[Part] = []
    _sort([root], "mixed", 0, (text, html), files)
    # Where no part is HTML there is one body; where no part is plain text there is no text twin.
    html = html if any(part.media_type == "text/html" for part in html) else []
    text = text if any(part.media_type != "text/html" for part in text) else []
    inline = tuple(part for part in files if html and _is_inside(part, html_uses))
    numbers = {part.number for part in inline}
    attachments = tuple(part for part in files if part.number not in numbers)
    return Shown(tuple(text), tuple(html), inline, attachments)


def _is_inside(part: Part, html_uses: Collection[str] | None) -> bool:
    if html_uses is None:
        return part.media_type.startswith("image/") and bool(part.cid or part.location)
    return (bool(part.cid) and part.cid in html_uses) or (
        bool(part.location) and part.location in html_uses
    )


Bodies = tuple[list[Part] | None, list[Part] | None]


def _sort(
    parts: list[Part],
    kind: str,
    depth: int,
    bodies: Bodies,
    files: list[Part],
    alternative: bool = False,
) -> None:
    """Sort ``parts``, children of a ``multipart/<kind>``, into the text body, the HTML body and
    ``files``."""
    text, html = bodies
    starts = (len(text or ()), len(html or ()))
    for index, part in enumerate(parts):
        if part.is_multipart and depth < DEEPEST:
            below = part.media_type.partition("/")[2]
            inner = alternative or below == "alternative"
            children = _root_first(part) if below == "related" else list(part.children)
            _sort(children, below, depth + 1, (text, html), files, inner)
        elif not _is_body(part, index, kind):
            if part.media_type not in _UNSHOWN_ALTERNATIVES and not part.is_multipart:
                files.append(part)
        elif kind == "alternative":
            body = html if part.media_type == "text/html" else text
            if body is not None:
                body.append(part)
        else:
            if alternative and part.media_type == "text/html":
                text = None
            elif alternative:
                html = None
            for body in (text, html):
                if body is not None:
                    body.append(part)
    if kind == "alternative" and text is not None and html is not None:
        if len(text) == starts[0]:
            text.extend(html[starts[1] :])
        elif len(html) == starts[1]:
            html.extend(text[starts[0] :])


def _root_first(related: Part) -> list[Part]:
    """The children of a multipart/related with the root that its ``start`` names in front (RFC
    2387)."""
    start = related.parameters.get("start", "").strip("<> ")
    children = list(related.children)
    if start:
        children.sort(key=lambda part: part.cid != start)
    return children


def _is_body(part: Part, index: int, kind: str) -> bool:
    if part.disposition == "attachment" or part.media_type not in _BODY_TYPES:
        return False
    if index == 0 or kind == "alternative":
        return True
    return (
        kind != "related" and not part.file_name and part.media_type in ("text/plain", "text/html")
    )


# --- bytes -> tree ---


@dataclass(frozen=True)
class Parsed:
    """A message taken apart: its headers, its tree, and by part number the encoded bytes of each
    leaf."""

    headers: headers.Headers
    root: Part
    bodies: Mapping[str, bytes]


def parse(raw: bytes) -> Parsed:
    """Take a whole message apart, numbered as IMAP numbers its parts.

    For a message that is no mailbox's own: one attached to another, or a file. Never raises: a
    multipart without its boundary is text, one that is never closed ends with the message; what is
    deeper than 50 levels or beyond 2000 parts is left as one part.
    """
    bodies: dict[str, bytes] = {}
    root = _parse_part(raw, 0, len(raw), "", "text/plain", 0, bodies)
    return Parsed(headers.parse(raw), root, bodies)


_HEAD_END = re.compile(rb"\r?\n\r?\n")


def _head_end(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the header of the part in ``raw[start:end]`` ends, and where its body begins."""
    for line_end in (b"\r\n", b"\n"):
        if raw.startswith(line_end, start, end):
            return start, start + len(line_end)
    found = _HEAD_END.search(raw, start, end)
    return found.span() if found else (end, end)


def _parse_part(
    raw: bytes,
    start: int,
    end: int,
    number: str,
    default: str,
    depth: int,
    bodies: dict[str, bytes],
) -> Part:
    """The part in ``raw[start:end]``. Offsets, since fifty levels would be fifty copies."""
    head_end, body = _head_end(raw, start, end)
    fields = headers.parse(raw[start:head_end])
    part = replace(_described(fields, default), number=number or "1", size=end - body)
    if part.is_multipart and depth < DEEPEST and len(bodies) < MOST_PARTS:
        below = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        prefix = f"{number}." if number else ""
        children = tuple(
            _parse_part(raw, *piece, f"{prefix}{index}", below, depth + 1, bodies)
            for index, piece in enumerate(_pieces(raw, body, end, part.parameters), 1)
        )
        if children:
            return replace(part, number=number, children=children)
    if part.is_multipart:
        part = replace(part, media_type="text/plain")
    bodies[part.number] = raw[body:end]
    return part


def _described(fields: headers.Headers, default: str) -> Part:
    media_type, parameters = headers.parse_value(fields.raw("Content-Type"))
    if not re.fullmatch(r"[\w!#$&^.+-]{1,80}/[\w!#$&^.+-]{1,120}", media_type):
        media_type = default
    disposition, more = headers.parse_value(fields.raw("Content-Disposition"))
    return Part(
        number="",
        media_type=media_type,
        parameters={name: headers.decode(value) for name, value in parameters.items()},
        content_id=fields.get("Content-ID"),
        description=fields.get("Content-Description"),
        encoding=(fields.get("Content-Transfer-Encoding").split() or ["7bit"])[0].lower(),
        disposition=disposition,
        file_name=headers.file_name({**parameters, **more}),
        location=fields.get("Content-Location"),
    )


def _pieces(
    raw: bytes, start: int, end: int, parameters: Mapping[str, str]
) -> list[tuple[int, int]]:
    """From where to where the parts of a multipart body stretch (RFC 2046 section 5.1.1)."""
    boundary = parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
    pieces: list[tuple[int, int]] = []
    begun = -1
    for line, after, is_last in _boundary_lines(raw, start, end, boundary) if boundary else ():
        if begun >= 0:
            # The line break before a boundary belongs to the boundary.
            cut = line - 1 if raw.startswith(b"\n", line - 1) else line
            cut = cut - 1 if raw.startswith(b"\r", cut - 1) else cut
            pieces.append((begun, max(cut, begun)))
        begun = -1 if is_last else after
        if is_last or len(pieces) >= MOST_PARTS:
            break
    return [*pieces, (begun, end)] if begun >= 0 else pieces


def _boundary_lines(
    raw: bytes, start: int, end: int, boundary: bytes
) -> Iterator[tuple[int, int, bool]]:
    """Each boundary line: where it begins, where the line after it does, and whether it is the last
    one."""
    line = re.compile(rb"--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    position = raw.find(b"--" + boundary, start, end)
    while position >= 0:
        is_at_start = position == start or raw[position - 1 : position] in (b"\n", b"\r")
        if is_at_start and (match := line.match(raw, position, end)):
            yield position, match.end(), bool(match[1])
        position = raw.find(b"--" + boundary, position + 2, end)
