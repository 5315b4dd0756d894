"""Reading one message: what is fetched is what is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from webmail.errors import PartNotFound, TooLarge, WebmailError
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.response import UNREADABLE
from webmail.imap.values import SEEN, Fetched, MessageRef
from webmail.mailbox.letters import PLAINLY, LetterReader, Rendered, Rendering, Texts
from webmail.mime import containers, headers, text
from webmail.mime.damage import Damage
from webmail.mime.headers import Headers
from webmail.mime.report import Outcome
from webmail.mime.structure import Part, Protection, Shown


@dataclass(frozen=True)
class Opened:
    """A message in the reader: ``rendered`` is its HTML; without it ``text`` is its text.

    ``has_html``: there is HTML, even if the text was asked for. ``outcomes``: what a delivery
    report says. ``damage``: why what is shown may not be all, or not right.
    """

    fetched: Fetched
    headers: Headers
    shown: Shown
    text: str = ""
    rendered: Rendered | None = None
    has_html: bool = False
    truncated: bool = False
    damage: frozenset[Damage] = frozenset()
    protection: Protection = Protection.NONE
    outcomes: tuple[Outcome, ...] = ()


def open_message(
    imap: Connection,
    ref: MessageRef,
    *,
    mark_seen: bool = True,
    as_text: bool = False,
    rendering: Rendering = PLAINLY,
) -> Opened:
    """The message with its HTML, else its text, and marked as seen: four commands at most, and one
    more for each kind of wrapping around it.

    ``as_text``: the text although there is HTML. Raises MessageNotFound, FolderNotFound,
    FolderChanged.
    """
    fetched, raw = fetch.opened(imap, ref)
    fields = headers.parse(raw)
    letter = LetterReader.read(imap, ref, fetched.structure)
    rendered = None
    if letter.shown().html and not as_text:
        rendered = rendering.find(fetched, fields) or letter.render(rendering)
    texts = Texts() if rendered else letter.texts()
    uses = rendered.html.inline if rendered else None
    shown = letter.shown(uses)
    if mark_seen:
        fetched = _marked_seen(imap, fetched)
    protections = (shown.protection, texts.protection)
    return Opened(
        fetched=fetched,
        headers=fields,
        shown=shown,
        text=texts.joined,
        rendered=rendered,
        has_html=bool(shown.html),
        truncated=rendered.truncated if rendered else Damage.CUT in letter.damage,
        damage=frozenset(letter.damage | shown.damage) - {Damage.CUT},
        protection=next((one for one in protections if one is not Protection.NONE), protections[0]),
        outcomes=letter.outcomes(shown),
    )


def html(imap: Connection, ref: MessageRef, *, rendering: Rendering = PLAINLY) -> Rendered:
    """The message's HTML, sanitised, with the parts that its images are. PartNotFound when the
    message has no HTML.

    What is too complex for the sanitiser comes as text.
    """
    letter = LetterReader.read(imap, ref, fetch.structure(imap, ref))
    rendered = letter.render(rendering) if letter.shown().html else None
    if rendered is None:
        raise PartNotFound("The message has no HTML.")
    return rendered


def plain(imap: Connection, ref: MessageRef) -> str:
    """The message as plain text: its text, else that of its HTML."""
    return LetterReader.read(imap, ref, fetch.structure(imap, ref)).texts().joined


def quotable(imap: Connection, ref: MessageRef) -> str:
    """What is quoted of a message: its plain text without the signature."""
    return unsigned(plain(imap, ref))


def unsigned(words: str) -> str:
    """A text without the signature below ``-- ``."""
    lines = words.rstrip().split("\n")
    if "-- " in lines:
        lines = lines[: lines.index("-- ")]
    return "\n".join(lines).rstrip()


def inline_part(imap: Connection, ref: MessageRef, n: int) -> Part:
    """The part behind ``src="inline/<n>"`` of the message's HTML. Raises PartNotFound."""
    return image_part(html(imap, ref), n)


def image_part(rendered: Rendered, n: int) -> Part:
    """The same of HTML that is rendered already. No command."""
    part = rendered.inline[n] if 0 <= n < len(rendered.inline) else None
    if part is None:
        raise PartNotFound(f"The message has no image {n}.")
    return part


def find_part(imap: Connection, ref: MessageRef, number: str) -> Part:
    """The part with this number, also one inside a container (``2~1``). Raises PartNotFound."""
    if containers.is_held(number):
        return held(imap, ref, number)[0]
    return _numbered(fetch.structure(imap, ref), number)


def held(imap: Connection, ref: MessageRef, number: str) -> tuple[Part, bytes]:
    """A part inside a container, and its content, decoded. Two commands for both. PartNotFound;
    TooLarge for a container that is better left closed."""
    outer = _numbered(fetch.structure(imap, ref), containers.outer(number))
    opened = containers.unpack(outer, _outside(imap, ref, outer, containers.MOST_BYTES))
    if opened is None or number not in opened.bodies:
        raise PartNotFound(f"The message has no part {number!r}.")
    return _numbered(opened.root, number), containers.content(opened, number)


def content(imap: Connection, ref: MessageRef, part: Part, limit: int) -> bytes:
    """A part, decoded. TooLarge when it has more than ``limit`` bytes as sent."""
    if not containers.is_held(part.number):
        return _outside(imap, ref, part, limit)
    if part.size > limit:
        raise TooLarge(limit=limit)
    return held(imap, ref, part.number)[1]


def _outside(imap: Connection, ref: MessageRef, part: Part, limit: int) -> bytes:
    data, truncated = fetch.part_bytes(imap, ref, part.number, limit)
    if truncated:
        raise TooLarge(limit=limit)
    return text.decode_transfer(data, part.encoding)


def _numbered(root: Part, number: str) -> Part:
    for part in root.walk():
        if part.number == number and part is not UNREADABLE:
            return part
    raise PartNotFound(f"The message has no part {number!r}.")


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
