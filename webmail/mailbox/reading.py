"""Reading one message: what is fetched is what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from urllib.parse import quote

from webmail.errors import PartNotFound, TooLarge, WebmailError
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.response import UNREADABLE
from webmail.imap.values import SEEN, Fetched, MessageRef
from webmail.mime import headers, structure, text
from webmail.mime import html as html_mail
from webmail.mime.headers import Headers
from webmail.mime.html import SafeHtml
from webmail.mime.structure import Part, Shown

# Bytes of a text part as sent. Nobody reads more of it on a screen; the source can be downloaded.
TEXT_LIMIT = 512 * 1024
# Of one text. A digest has dozens of parts, a command that asks for thousands is too long a line.
MOST_PIECES = 200
# The sanitiser takes a million characters; base64 makes them a third longer.
HTML_LIMIT = 1400 * 1024


@dataclass(frozen=True)
class Opened:
    """A message in the reader. ``text`` is empty when there is HTML: the frame asks for it itself.

    ``damaged``: the server could not take the message apart, or not give all of what it announced.
    """

    fetched: Fetched
    headers: Headers
    shown: Shown
    text: str
    text_truncated: bool
    damaged: bool
    has_html: bool


@dataclass(frozen=True)
class Rendered:
    """HTML ready for the frame. ``inline[n]`` is the part behind ``src="inline/<n>"``, None when
    the message has none of that name; ``simplified``: it was too complex, ``html`` is its text.
    """

    html: SafeHtml
    inline: tuple[Part | None, ...]
    truncated: bool = False
    simplified: bool = False


@dataclass(frozen=True)
class _Bodies:
    pieces: tuple[tuple[Part, str], ...]
    truncated: bool = False
    damaged: bool = False


_NOTHING = _Bodies(())


def open_message(imap: Connection, ref: MessageRef, *, mark_seen: bool = True) -> Opened:
    """The message with its text, when it has no HTML, and marked as seen: four commands at most.

    Raises MessageNotFound, FolderNotFound, FolderChanged.
    """
    fetched, raw = fetch.opened(imap, ref)
    root = fetched.structure
    shown = _shown(root)
    body = _NOTHING
    if not shown.html:
        body = _text(imap, ref, root, shown)
    elif shown.inline:
        shown = _refined(root, shown, _bodies(imap, ref, shown.html, HTML_LIMIT))
    if mark_seen:
        fetched = _marked_seen(imap, fetched)
    return Opened(
        fetched=fetched,
        headers=headers.parse(raw),
        shown=shown,
        text=html_mail.join_text(body.pieces),
        text_truncated=body.truncated,
        damaged=body.damaged,
        has_html=bool(shown.html),
    )


def html(imap: Connection, ref: MessageRef, *, remote: bool = False) -> Rendered:
    """The message's HTML, sanitised, with the parts that its images are. ``remote`` lets images
    from elsewhere in. PartNotFound when the message has no HTML.

    What is too complex for the sanitiser comes as text.
    """
    root = fetch.structure(imap, ref)
    shown = _shown(root)
    if not shown.html:
        raise PartNotFound("The message has no HTML.")
    body = _bodies(imap, ref, shown.html, HTML_LIMIT)
    locations = tuple(part.location for part in root.walk() if part.location)
    try:
        safe = html_mail.sanitise(html_mail.join(body.pieces), remote=remote, locations=locations)
    except html_mail.TooComplex:
        if shown.text:
            body = _bodies(imap, ref, shown.text, TEXT_LIMIT)
        safe = SafeHtml(body=text.to_html(html_mail.join_text(body.pieces)))
        return Rendered(safe, (), body.truncated, simplified=True)
    inline = tuple(_named(root, name) for name in safe.inline)
    return Rendered(safe, inline, body.truncated)


def plain(imap: Connection, ref: MessageRef) -> str:
    """The message as plain text: its text, else that of its HTML."""
    root = fetch.structure(imap, ref)
    shown = _shown(root)
    if shown.html and not shown.text:
        body = _bodies(imap, ref, shown.html, HTML_LIMIT)
    else:
        body = _text(imap, ref, root, shown)
    return html_mail.join_text(body.pieces)


def quotable(imap: Connection, ref: MessageRef) -> str:
    """What a reply quotes: the plain text without the signature below ``-- ``."""
    lines = plain(imap, ref).rstrip().split("\n")
    if "-- " in lines:
        lines = lines[: lines.index("-- ")]
    return "\n".join(lines).rstrip()


def inline_part(imap: Connection, ref: MessageRef, n: int) -> Part:
    """The part behind ``src="inline/<n>"`` of the message's HTML. Raises PartNotFound."""
    inline = html(imap, ref).inline
    part = inline[n] if 0 <= n < len(inline) else None
    if part is None:
        raise PartNotFound(f"The message has no image {n}.")
    return part


def find_part(imap: Connection, ref: MessageRef, number: str) -> Part:
    """The part with this number. Raises PartNotFound."""
    for part in fetch.structure(imap, ref).walk():
        if part.number == number and part is not UNREADABLE:
            return part
    raise PartNotFound(f"The message has no part {number!r}.")


def content(imap: Connection, ref: MessageRef, part: Part, limit: int) -> bytes:
    """A part, decoded. TooLarge when it has more than ``limit`` bytes as sent."""
    data, truncated = fetch.part_bytes(imap, ref, part.number, limit)
    if truncated:
        raise TooLarge(limit=limit)
    return text.decode_transfer(data, part.encoding)


def _shown(root: Part) -> Shown:
    return Shown((), (), (), ()) if root is UNREADABLE else structure.choose(root)


def _text(imap: Connection, ref: MessageRef, root: Part, shown: Shown) -> _Bodies:
    """The text parts; when the structure holds nothing at all, what the source holds."""
    if any(part.size for part in root.walk() if not part.is_multipart) and root is not UNREADABLE:
        return _bodies(imap, ref, shown.text, TEXT_LIMIT)
    return _rescued(imap, ref)


def _rescued(imap: Connection, ref: MessageRef) -> _Bodies:
    """Text from the source of a message that the server could not take apart. Dovecot finds nothing
    in a multipart without boundary, and nothing but header in a message that has none.
    """
    raw, truncated = fetch.part_bytes(imap, ref, "", TEXT_LIMIT)
    parsed = structure.parse(raw)
    shown = structure.choose(parsed.root)
    pieces = [
        (part, _decoded(part, parsed.bodies[part.number]))
        for part in shown.text or shown.html
        if part.number in parsed.bodies
    ]
    if not parsed.headers.fields and not any(written.strip() for _, written in pieces):
        pieces = [(Part("1", "text/plain"), text.decode(raw, "8bit", ""))]
    found = tuple((part, written) for part, written in pieces if written.strip())
    return _Bodies(found, truncated, damaged=bool(found))


def _bodies(imap: Connection, ref: MessageRef, parts: Sequence[Part], limit: int) -> _Bodies:
    """The decoded text of some parts, each cut at ``limit`` bytes as sent; those that begin beyond
    it are left out. One command.
    """
    read = _first(parts, limit)
    raw = fetch.parts(imap, ref, [part.number for part in read], limit + 1)
    return _Bodies(
        pieces=tuple((part, _decoded(part, raw[part.number][:limit])) for part in read),
        truncated=len(read) < len(parts) or any(len(data) > limit for data in raw.values()),
        damaged=any(part.size and not raw[part.number] for part in read),
    )


def _first(parts: Sequence[Part], limit: int) -> list[Part]:
    """The parts that begin within ``limit`` bytes, by the sizes that the server tells."""
    begins = accumulate((part.size for part in parts), initial=0)
    return [part for part, begin in zip(parts[:MOST_PIECES], begins, strict=False) if begin < limit]


def _decoded(part: Part, data: bytes) -> str:
    decoded = text.decode(data, part.encoding, part.charset)
    if part.media_type == "text/plain" and _says(part, "format", "flowed"):
        return text.unflow(decoded, delsp=_says(part, "delsp", "yes"))
    return decoded


def _says(part: Part, name: str, value: str) -> bool:
    return part.parameters.get(name, "").strip().lower() == value


def _refined(root: Part, shown: Shown, body: _Bodies) -> Shown:
    """An image with a Content-ID that the HTML does not name is an attachment: it would be seen
    nowhere else. Whether the HTML names it is looked up in its source, which is not rendered here.
    """
    source = html_mail.join(body.pieces)
    names = {name for part in shown.inline for name in (part.cid, part.location) if name}
    used = {name for name in names if name in source or quote(name) in source}
    return structure.choose(root, html_uses=used)


def _named(root: Part, name: str) -> Part | None:
    """The part that a ``cid:`` or a location in HTML means."""
    return next((part for part in root.walk() if name in (part.cid, part.location)), None)


def _marked_seen(imap: Connection, fetched: Fetched) -> Fetched:
    """Set \\Seen. A server that will not (a folder of others, a full disk) hinders nobody's
    reading.
    """
    if SEEN in fetched.flags or imap.known().read_only:
        return fetched
    try:
        imap.uid("STORE", str(fetched.ref.uid), "+FLAGS.SILENT", f"({SEEN})", changes=True)
    except WebmailError:
        return fetched
    return replace(fetched, flags=fetched.flags | {SEEN})
