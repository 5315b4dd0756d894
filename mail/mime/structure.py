"""Body structure: the tree of a message's parts, and the choice of those to show."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import islice
from urllib.parse import urljoin

from mail.mime import encoded_words, envelope, headers
from mail.mime.damage import Damage
from mail.mime.envelope import Envelope
from mail.mime.text import decode_transfer

# Dovecot and the parser of its answers read at most a hundred levels.
DEEPEST = 90
MOST_PARTS = 2000
# Texts that follow one another in one message. A digest of a list has some dozens; each costs the
# server a piece of its answer.
MOST_BODIES = 100


@dataclass(frozen=True)
class Part:
    """One node of BODYSTRUCTURE (RFC 9051 section 7.5.2), every string decoded.

    ``number`` is the IMAP part specifier: ``"1"`` for a message of one part, ``""`` for a multipart
    root, ``"2.1"`` below. ``size`` counts encoded bytes. ``file_name`` is safe to show and to save:
    no path, no control or bidirectional character; ``""`` when the part has none. ``content_id``
    may have its angle brackets or not. ``envelope`` is that of a nested message, whose only child
    is its body.
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
    envelope: Envelope | None = None

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/")

    @property
    def charset(self) -> str:
        return self.parameters.get("charset", "")

    @property
    def cid(self) -> str:
        """The Content-ID in the form of a ``cid:`` address: without brackets and spaces."""
        return self.content_id.strip("<> \t")

    def walk(self) -> Iterator[Part]:
        """Yield this part and all parts below it, in the order of the message, without
        recursion.
        """
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))


class Protection(Enum):
    """The outermost signature or encryption of a message. It is only recognised: nothing here
    checks a signature or decrypts.
    """

    NONE = "none"
    SMIME_SIGNED = "smime-signed"
    SMIME_ENCRYPTED = "smime-encrypted"
    PGP_SIGNED = "pgp-signed"
    PGP_ENCRYPTED = "pgp-encrypted"

    @property
    def is_encrypted(self) -> bool:
        """Whether the text cannot be read here."""
        return self in (Protection.SMIME_ENCRYPTED, Protection.PGP_ENCRYPTED)


@dataclass(frozen=True)
class ShownParts:
    """The parts of a message to show: the text, its HTML alternative, inline images, and
    attachments.

    ``html`` is empty when no part is HTML. Each of ``text`` and ``html`` shows the whole message,
    so when parts of both kinds follow one another (a text with an HTML footer of a list), both
    contain both: ``html.join`` and ``html.join_text`` make one document of them.

    ``reports`` are delivery reports and receipts (``report.read_report`` parses them), and
    ``messages`` the nested messages that are not marked as attachments (of a digest, of a forward):
    both may be shown below the text. They are attachments too, except a report that is the only
    text: it is in ``text``. ``signatures`` are for programs only, and no attachments if they sign
    the part before them (RFC 1847).
    """

    text: tuple[Part, ...]
    html: tuple[Part, ...]
    inline: tuple[Part, ...]
    attachments: tuple[Part, ...]
    reports: tuple[Part, ...] = ()
    messages: tuple[Part, ...] = ()
    signatures: tuple[Part, ...] = ()
    protection: Protection = Protection.NONE
    damage: frozenset[Damage] = frozenset()


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
# Alternatives that only some programs can show, and parts without meaning for users: the version of
# PGP/MIME (RFC 3156 section 4), the Finder's half of a Macintosh file (RFC 1740).
_UNSHOWN = frozenset(
    {
        "text/x-amp-html",
        "text/watch-html",
        "application/pgp-encrypted",
        "application/applefile",
    }
)
REPORT_TYPES = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
    }
)
MESSAGE_TYPES = frozenset({"message/rfc822", "message/global"})
SIGNATURE_TYPES = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
    }
)
SMIME_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def choose(
    root: Part, html_uses: Collection[str] | None = None, *, blank: Collection[str] = ()
) -> ShownParts:
    """Choose the parts of a message to show (the algorithm of RFC 8621 section 4.1.4, and images as
    attachments).

    ``html_uses`` are the parts that the HTML refers to (``SafeHtml.inline``: content ids and
    locations). Without it, every image with a Content-ID or Content-Location counts as inline; with
    it, only those named, and the others are attachments. Nested messages stay whole, as
    attachments.

    ``blank`` are numbers of parts that turned out to show nothing: an alternative to such a part is
    chosen instead (some programs send an HTML alternative with an empty body). By the structure
    alone, only parts of zero bytes are blank.
    """
    sorter = _Sorter(frozenset(blank))
    sorter.sort([root], "mixed", 0, (sorter.text, sorter.html))
    text, html, files = sorter.text, sorter.html, sorter.files
    # If no part is HTML there is one body; if no part is plain text there is no text alternative.
    html = html if any(part.media_type == "text/html" for part in html) else []
    text = text if any(part.media_type != "text/html" for part in text) else []
    reports = [part for part in files if part.media_type in REPORT_TYPES]
    if reports and not text and not html:
        text = reports
        files = [part for part in files if part.media_type not in REPORT_TYPES]
    used = None if html_uses is None else frozenset(html_uses)
    names = _names_by_number(root) if html and used is not None else {}
    inside = {part.number for part in files if html and _is_inside(part, used, names)}
    return ShownParts(
        tuple(text),
        tuple(html),
        tuple(part for part in files if part.number in inside),
        tuple(part for part in files if part.number not in inside),
        tuple(reports),
        tuple(part for part in files if _is_readable_message(part)),
        tuple(sorter.signatures),
        sorter.protection,
        frozenset(sorter.damage),
    )


def _is_readable_message(part: Part) -> bool:
    return part.media_type in MESSAGE_TYPES and part.disposition != "attachment"


def _is_inside(
    part: Part, html_uses: frozenset[str] | None, names: Mapping[str, Collection[str]]
) -> bool:
    if html_uses is None:
        return part.media_type.startswith("image/") and bool(part.cid or part.location)
    return not html_uses.isdisjoint(names.get(part.number, ()))


# --- references from HTML to parts (RFC 2557) ---


def named(root: Part) -> Mapping[str, Part]:
    """Return the parts of a message by every name that its HTML may use: content ids (without
    ``cid:``), Content-Locations, and these relative to the location of the HTML.
    """
    named_parts: dict[str, Part] = {}
    for part, names in _names(root):
        for name in names:
            named_parts.setdefault(name, part)
    return named_parts


def _names_by_number(root: Part) -> dict[str, tuple[str, ...]]:
    return {part.number: names for part, names in _names(root)}


def _names(root: Part) -> Iterator[tuple[Part, tuple[str, ...]]]:
    parts = list(root.walk())
    base = _base(parts)
    folder = base[: base.rfind("/") + 1]
    for part in parts:
        names = [part.cid, part.location]
        if part.location and base:
            names.append(_joined(base, part.location))
            if folder and part.location.startswith(folder):
                names.append(part.location[len(folder) :])
        if any(names):
            yield part, tuple(name for name in names if name)


def _base(parts: Sequence[Part]) -> str:
    """Return the base of relative addresses: the location of the HTML, itself relative to that of
    the multipart around it (RFC 2557 section 5).
    """
    outer = next((part.location for part in parts if part.is_multipart and part.location), "")
    page = next(
        (part.location for part in parts if part.media_type == "text/html" and part.location), ""
    )
    return _joined(outer, page) if outer else page


def _joined(base: str, location: str) -> str:
    try:
        return urljoin(base, location)
    except ValueError:
        return ""


Bodies = tuple[list[Part] | None, list[Part] | None]


class _Sorter:
    """Sorts the parts of one message into its text, its HTML and its files."""

    def __init__(self, blank: frozenset[str]) -> None:
        self.text: list[Part] = []
        self.html: list[Part] = []
        self.files: list[Part] = []
        self.signatures: list[Part] = []
        self.protection = Protection.NONE
        self.damage: set[Damage] = set()
        self._blank = blank
        self._seen = 0

    def sort(
        self,
        parts: Collection[Part],
        kind: str,
        depth: int,
        bodies: Bodies,
        alternative: bool = False,
    ) -> None:
        """Sort ``parts``, children of a ``multipart/<kind>``, into ``bodies`` and the files."""
        text, html = bodies
        starts = (len(text or ()), len(html or ()))
        skipped = self._blank_alternatives(parts) if kind == "alternative" else frozenset()
        for index, part in enumerate(parts):
            self._seen += 1
            if self._seen > MOST_PARTS:
                self.damage.add(Damage.TOO_MANY_PARTS)
            self._note(part)
            if part.is_multipart:
                self._sort_multipart(part, depth, (text, html), alternative)
            elif part.number in skipped or part.media_type in _UNSHOWN:
                continue
            elif kind == "signed" and index and part.media_type in SIGNATURE_TYPES:
                self.signatures.append(part)
            elif not _is_body(part, index, kind) or self._has_too_many(text, html):
                self.files.append(part)
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

    def _sort_multipart(self, part: Part, depth: int, bodies: Bodies, alternative: bool) -> None:
        if not part.children:
            self.damage.add(Damage.BOUNDARY)
        if depth >= DEEPEST:
            # Its parts are not read, but it is kept as a file.
            self.damage.add(Damage.TOO_DEEP)
            leaves = (leaf for leaf in part.walk() if not leaf.is_multipart)
            self.files.extend(islice(leaves, MOST_PARTS))
            return
        kind = part.media_type.partition("/")[2]
        children = _root_first(part) if kind == "related" else list(part.children)
        self.sort(children, kind, depth + 1, bodies, alternative or kind == "alternative")

    def _blank_alternatives(self, parts: Collection[Part]) -> frozenset[str]:
        """Return the alternatives that show nothing, unless all are such."""
        bodies = [part for part in parts if part.is_multipart or _is_body(part, 0, "alternative")]
        # If all have zero bytes, their sizes are unknown.
        has_sizes = any(part.size for part in bodies)
        blank = frozenset(
            part.number
            for part in bodies
            if part.number in self._blank
            or (has_sizes and part.size == 0 and not part.is_multipart)
        )
        return blank if len(blank) < len(bodies) else frozenset()

    def _has_too_many(self, *bodies: list[Part] | None) -> bool:
        too_many = any(len(body or ()) >= MOST_BODIES for body in bodies)
        if too_many:
            self.damage.add(Damage.TOO_MANY_PARTS)
        return too_many

    def _note(self, part: Part) -> None:
        """Record how the message is protected: the outermost way, encrypted before signed."""
        of_part = protection(part)
        if self.protection is Protection.NONE or (
            of_part.is_encrypted and not self.protection.is_encrypted
        ):
            self.protection = of_part


def protection(part: Part) -> Protection:
    """Return the protection that a part itself declares (RFC 1847, 3156, 8551)."""
    if part.media_type == "application/pgp-encrypted":
        return Protection.PGP_ENCRYPTED
    if part.media_type == "multipart/encrypted":
        is_smime = "pkcs7" in part.parameters.get("protocol", "").lower()
        return Protection.SMIME_ENCRYPTED if is_smime else Protection.PGP_ENCRYPTED
    if part.media_type == "multipart/signed":
        # The protocol is named here; if a program forgot it, the signature's type tells.
        named = [
            part.parameters.get("protocol", ""),
            *(child.media_type for child in part.children),
        ]
        is_pgp = any("pgp-signature" in type_name.lower() for type_name in named)
        return Protection.PGP_SIGNED if is_pgp else Protection.SMIME_SIGNED
    if part.media_type in SMIME_TYPES:
        kind = part.parameters.get("smime-type", "").strip().lower()
        if kind in ("enveloped-data", "authenveloped-data", "encrypted-data"):
            return Protection.SMIME_ENCRYPTED
        if kind == "signed-data":
            return Protection.SMIME_SIGNED
    return Protection.NONE


def _root_first(related: Part) -> list[Part]:
    """Return the children of a multipart/related with its root first."""
    index = next(_roots(related), 0)
    others = [*related.children[:index], *related.children[index + 1 :]]
    return [_undisposed(root, others) for root in related.children[index : index + 1]] + others


def _roots(related: Part) -> Iterator[int]:
    """Yield the indexes of the root: the part named by ``start``, else the first (RFC 2387). Some
    programs put the images first and name nothing; then the root is the first part of the declared
    ``type``, or the first that can be shown.
    """
    children = related.children
    start = related.parameters.get("start", "").strip("<> \t")
    yield from (index for index, part in enumerate(children) if start and part.cid == start)
    yield from (index for index, part in enumerate(children[:1]) if _may_be_root(part))
    root_type = related.parameters.get("type", "").strip().lower()
    yield from (
        index
        for index, part in enumerate(children)
        if part.media_type == root_type and (_may_be_root(part) or root_type == "text/html")
    )
    yield from (index for index, part in enumerate(children) if _may_be_root(part))


def _may_be_root(part: Part) -> bool:
    return part.is_multipart or _is_body(part, 0, "related")


def _undisposed(root: Part, others: Sequence[Part]) -> Part:
    """Return the root of a page with its images, which is shown even if it is marked as an
    attachment (RFC 2387 section 3.4).
    """
    is_page = root.media_type == "text/html" and any(
        other.cid or other.location for other in others
    )
    return replace(root, disposition="") if is_page else root


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
class ParsedMessage:
    """A parsed message: its headers, its tree, and the encoded bytes of each leaf by part number.
    ``damage`` holds the problems found.
    """

    headers: headers.Headers
    root: Part
    bodies: Mapping[str, bytes]
    damage: frozenset[Damage] = frozenset()


def parse(raw: bytes, prefix: str = "") -> ParsedMessage:
    """Parse a whole message, with parts numbered as IMAP numbers them.

    It is meant for a message outside a mailbox: attached to another, or in a file. Never raises: a
    multipart without its boundary is text, one that is not closed ends with the message, and parts
    deeper than 90 levels or beyond 2000 parts stay one part. ``prefix`` is put before every number.
    """
    parser = _Parser(raw, prefix)
    root = parser.part(0, len(raw), "", "text/plain", 0)
    return ParsedMessage(headers.parse(raw), root, parser.bodies, frozenset(parser.damage))


@dataclass(frozen=True)
class Piece:
    """The content of a part that is no MIME part itself: a text, or a file with its name."""

    media_type: str
    content: bytes
    name: str = ""
    content_id: str = ""


def assemble(
    texts: Sequence[Piece],
    files: Sequence[Piece],
    prefix: str = "",
    damage: Collection[Damage] = (),
) -> ParsedMessage:
    """Return pieces as the tree of a message with the same contents: the ``texts`` (UTF-8) are
    alternatives of each other, the ``files`` attachments.
    """
    bodies: dict[str, bytes] = {}
    texts = [*texts] or [Piece("text/plain", b"")]
    body = [
        _assembled(piece, f"{prefix}{'1.' * (len(texts) > 1)}{index}", bodies)
        for index, piece in enumerate(texts, 1)
    ]
    if len(body) > 1:
        body = [Part(f"{prefix}1", "multipart/alternative", children=tuple(body))]
    attached = [
        _assembled(piece, f"{prefix}{index}", bodies)
        for index, piece in enumerate(islice(files, MOST_PARTS), 2)
    ]
    root = Part(prefix, "multipart/mixed", children=(*body, *attached))
    return ParsedMessage(headers.Headers(()), root, bodies, frozenset(damage))


def _assembled(piece: Piece, number: str, bodies: dict[str, bytes]) -> Part:
    bodies[number] = piece.content
    is_text = not piece.name and piece.media_type.startswith("text/")
    return Part(
        number=number,
        media_type=piece.media_type,
        parameters={"charset": "utf-8"} if is_text else {},
        content_id=piece.content_id,
        encoding="binary",
        size=len(piece.content),
        disposition="" if is_text or piece.content_id else "attachment",
        file_name=headers.safe_name(piece.name),
        envelope=_envelope(piece.content) if piece.media_type in MESSAGE_TYPES else None,
    )


def _envelope(message: bytes) -> Envelope:
    """Return the envelope of a nested message, which is not parsed itself."""
    return envelope.envelope_of(headers.parse(message[:_LONGEST_HEAD]))


# Bytes of a nested message in which its header is searched for.
_LONGEST_HEAD = 64 * 1024
_EMPTY_LINE = re.compile(rb"\r*\n")


def header_span(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return the end of the header of the part in ``raw[start:end]``, and the start of its body."""
    if line := _EMPTY_LINE.match(raw, start, end):
        return line.span()
    match = headers.HEAD_END.search(raw, start, end)
    return match.span() if match else (end, end)


class _Parser:
    """Parses one message. It works on offsets, since ninety levels would make ninety copies."""

    def __init__(self, raw: bytes, prefix: str) -> None:
        self.bodies: dict[str, bytes] = {}
        self.damage: set[Damage] = set()
        self._raw = raw
        self._prefix = prefix

    def part(self, start: int, end: int, number: str, default: str, depth: int) -> Part:
        """Return the part in ``raw[start:end]``."""
        head_end, body = header_span(self._raw, start, end)
        fields = headers.parse(self._raw[start:head_end])
        told = described(fields, default)
        part = replace(told, number=f"{self._prefix}{number or '1'}", size=end - body)
        if part.media_type in MESSAGE_TYPES:
            head = self._raw[body : min(end, body + _LONGEST_HEAD)]
            part = replace(part, envelope=_envelope(decode_transfer(head, part.encoding)))
        if part.is_multipart:
            children = self._children(part, body, end, number, depth)
            if children:
                return replace(part, number=f"{self._prefix}{number}", children=children)
            part = replace(part, media_type="text/plain")
        self.bodies[part.number] = self._raw[body:end]
        return part

    def _children(
        self, part: Part, start: int, end: int, number: str, depth: int
    ) -> tuple[Part, ...]:
        if depth >= DEEPEST:
            self.damage.add(Damage.TOO_DEEP)
            return ()
        if len(self.bodies) >= MOST_PARTS:
            self.damage.add(Damage.TOO_MANY_PARTS)
            return ()
        pieces, is_closed = boundary_pieces(self._raw, start, end, part.parameters)
        if len(pieces) >= MOST_PARTS:
            self.damage.add(Damage.TOO_MANY_PARTS)
        elif not is_closed:
            self.damage.add(Damage.NOT_CLOSED if pieces else Damage.BOUNDARY)
        below = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        before = f"{number}." if number else ""
        return tuple(
            self.part(*piece, f"{before}{index}", below, depth + 1)
            for index, piece in enumerate(pieces, 1)
        )


def described(fields: headers.Headers, default: str = "text/plain") -> Part:
    """Return a part as its own header describes it, without number, size and children."""
    media_type, parameters = headers.parse_value(fields.raw("Content-Type"))
    if not re.fullmatch(r"[\w!#$&^.+-]{1,80}/[\w!#$&^.+-]{1,120}", media_type):
        media_type = default
    disposition, more = headers.parse_value(fields.raw("Content-Disposition"))
    return Part(
        number="",
        media_type=media_type,
        parameters={name: encoded_words.decode(value) for name, value in parameters.items()},
        content_id=fields.get("Content-ID"),
        description=fields.get("Content-Description"),
        encoding=(fields.get("Content-Transfer-Encoding").split() or ["7bit"])[0].lower(),
        disposition=disposition,
        file_name=headers.file_name({**parameters, **more}),
        location=fields.get("Content-Location"),
    )


def boundary_pieces(
    raw: bytes, start: int, end: int, parameters: Mapping[str, str]
) -> tuple[list[tuple[int, int]], bool]:
    """Return the beginnings and ends of the parts of a multipart body (RFC 2046 section 5.1.1), and
    whether the last boundary is there.
    """
    boundary = parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
    pieces: list[tuple[int, int]] = []
    begun = -1
    is_last = False
    for line, after, is_last in _boundary_lines(raw, start, end, boundary) if boundary else ():
        if begun >= 0:
            # The line break before a boundary belongs to the boundary.
            cut = line - 1 if raw.startswith(b"\n", line - 1) else line
            cut = cut - 1 if raw.startswith(b"\r", cut - 1) else cut
            pieces.append((begun, max(cut, begun)))
        begun = -1 if is_last else after
        if is_last or len(pieces) >= MOST_PARTS:
            break
    return ([*pieces, (begun, end)] if begun >= 0 else pieces), is_last


def _boundary_lines(
    raw: bytes, start: int, end: int, boundary: bytes
) -> Iterator[tuple[int, int, bool]]:
    """Yield for each boundary line its start, the start of the next line, and whether it is the
    last.
    """
    line = re.compile(rb"--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r*\n|\Z)")
    position = raw.find(b"--" + boundary, start, end)
    while position >= 0:
        is_at_start = position == start or raw[position - 1 : position] in (b"\n", b"\r")
        if is_at_start and (match := line.match(raw, position, end)):
            yield position, match.end(), bool(match[1])
        position = raw.find(b"--" + boundary, position + 2, end)
