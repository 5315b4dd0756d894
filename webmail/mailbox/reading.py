"""Read one message: only what is shown is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from webmail.errors import PartNotFound, TooLarge, WebmailError
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.response import UNREADABLE
from webmail.imap.values import SEEN, Fetched, MessageRef
from webmail.mailbox import parsing, verbs
from webmail.mailbox.contents import (
    PLAIN_SANITISER,
    AtHand,
    ContentReader,
    FrameHtml,
    MessageContent,
    Sanitiser,
    Stored,
    leaves,
)
from webmail.mime import containers, envelope, headers, text
from webmail.mime.envelope import Envelope
from webmail.mime.headers import Headers
from webmail.mime.structure import Part

# Transfer encodings in which a message can stand in another (RFC 2046 section 5.2.1).
AS_IT_IS = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, kw_only=True)
class OpenedMessage(MessageContent):
    """A message of the mailbox in the reader. ``was_marked``: its opening marked it as seen.
    ``withheld``: the verbs that the user may not do in its folder."""

    fetched: Fetched
    headers: Headers
    was_marked: bool = False
    withheld: frozenset[str] = frozenset()

    @property
    def is_described(self) -> bool:
        """Whether the server could tell its parts; else it is read from its source."""
        return self.fetched.structure is not UNREADABLE


def open_message(
    imap: Connection,
    ref: MessageRef,
    *,
    mark_seen: bool = True,
    as_text: bool = False,
    sanitiser: Sanitiser = PLAIN_SANITISER,
) -> OpenedMessage:
    """The message with its HTML, else its text, and marked as seen: four commands at most, and one
    more for each kind of wrapping around it.

    ``as_text``: the text although there is HTML. Raises MessageNotFound, FolderNotFound,
    FolderChanged.
    """
    fetched, raw = fetch.opened(imap, ref)
    fields = headers.parse(raw)
    reader = ContentReader.begin(Stored(imap, ref), fetched.structure)
    content = reader.read(fetched.envelope, fields, as_text=as_text, sanitiser=sanitiser)
    was_marked = mark_seen and SEEN not in fetched.flags and _mark_seen(imap, ref)
    if was_marked:
        fetched = replace(fetched, flags=fetched.flags | {SEEN})
    return OpenedMessage(
        **vars(content),
        fetched=fetched,
        headers=fields,
        was_marked=was_marked,
        withheld=verbs.withheld(imap.known()),
    )


def show(imap: Connection, ref: MessageRef) -> None:
    """Mark a message as seen that was opened without: two commands at most. FolderNotFound,
    FolderChanged; nothing when the message is gone by now."""
    imap.require(ref)
    _mark_seen(imap, ref)


def html(imap: Connection, ref: MessageRef, *, sanitiser: Sanitiser = PLAIN_SANITISER) -> FrameHtml:
    """The message's HTML, sanitised, with the parts that its images are. PartNotFound when the
    message has no HTML.

    What is too complex for the sanitiser comes as text.
    """
    reader = ContentReader.begin(Stored(imap, ref), fetch.structure(imap, ref))
    rendered = reader.render(sanitiser) if reader.shown().html else None
    if rendered is None:
        raise PartNotFound("The message has no HTML.")
    return rendered


def plain(imap: Connection, ref: MessageRef) -> str:
    """The message as plain text: its text, else that of its HTML."""
    return ContentReader.begin(Stored(imap, ref), fetch.structure(imap, ref)).texts().joined


def unsigned(words: str) -> str:
    """A text without the signature below ``-- ``."""
    lines = words.rstrip().split("\n")
    if "-- " in lines:
        lines = lines[: lines.index("-- ")]
    return "\n".join(lines).rstrip()


# --- messages inside it ---


def is_nested(part: Part) -> bool:
    """Whether a part is a message that the server took apart. One in base64 it could not, though
    some describe what they found in the messages."""
    return bool(part.envelope and part.children) and part.encoding in AS_IT_IS


def enclosing(root: Part, number: str) -> tuple[Part, ...]:
    """The nested messages that a part lies in, outermost first."""
    number = containers.outer(number)
    return tuple(
        part
        for part in root.walk()
        if is_nested(part) and part.number != number and number.startswith(f"{part.number}.")
    )


def nested(
    imap: Connection, ref: MessageRef, part: Part, *, sanitiser: Sanitiser = PLAIN_SANITISER
) -> MessageContent:
    """A message inside another, read as any: of a part that `is_nested`. One command, and one more
    for each kind of wrapping in it; what it brings is fetched no more than a message's."""
    reader = ContentReader.begin(Stored(imap, ref, part.number), part.children[0])
    return reader.read(part.envelope or Envelope(), sanitiser=sanitiser)


def nested_texts(
    imap: Connection, ref: MessageRef, parts: Iterable[Part], most: int
) -> tuple[MessageContent, ...]:
    """The messages in these parts and those in them, outermost first, each as its text; ``most`` of
    them. Only those that `is_nested`: others are files. Commands as of `nested` for each."""
    nested_parts = (
        part
        for outer in parts
        for part in outer.walk()
        if is_nested(part) and not containers.is_held(part.number)
    )
    return tuple(
        ContentReader.begin(Stored(imap, ref, part.number), part.children[0]).read(
            part.envelope or Envelope(), as_text=True
        )
        for part in islice(nested_parts, most)
    )


@dataclass(frozen=True)
class Enclosed:
    """A message out of a file: in an archive, in winmail.dat, in base64. ``leaves`` are its parts,
    those inside its containers too, always in the same order."""

    reader: ContentReader
    envelope: Envelope
    leaves: tuple[Part, ...]

    @classmethod
    def of(cls, raw: bytes) -> Enclosed:
        """Raises Exhausted for a message that takes too long to take apart, and nothing else,
        whatever the bytes are."""
        parsed = parsing.message(raw)
        reader = ContentReader.begin(AtHand(raw, parsed.bodies), parsed.root)
        reader.damage |= parsed.damage
        reader.texts()  # opens what is uuencoded in them
        return cls(reader, envelope.read(parsed.headers), tuple(leaves(reader.root)))

    @cached_property
    def steps(self) -> dict[str, int]:
        """The places of the leaves, by their numbers."""
        return {leaf.number: index for index, leaf in enumerate(self.leaves)}

    def message(self, sanitiser: Sanitiser = PLAIN_SANITISER) -> MessageContent:
        return self.reader.read(self.envelope, sanitiser=sanitiser)

    def content(self, part: Part) -> bytes:
        """One of the leaves, decoded."""
        return self.reader.content(part)


# --- its parts ---


def image_part(inline: Sequence[Part | None], n: int) -> Part:
    """The part behind ``src="inline/<n>"`` of a message's HTML. Raises PartNotFound."""
    part = inline[n] if 0 <= n < len(inline) else None
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
    opened = parsing.unpacked(outer, _outside(imap, ref, outer, containers.MOST_BYTES))
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


def _mark_seen(imap: Connection, ref: MessageRef) -> bool:
    """Set \\Seen; whether it was. A server that will not (a folder of others, a full disk) hinders
    nobody's reading.
    """
    if imap.known().read_only:
        return False
    try:
        imap.uid("STORE", str(ref.uid), "+FLAGS.SILENT", f"({SEEN})", changes=True)
    except WebmailError:
        return False
    return True
