"""Opens one message, and fetches only what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from mail.errors import PartNotFound, TooLarge
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.response import UNREADABLE
from mail.imap.values import SEEN, FetchedMessage, MessageRef
from mail.mailbox import parsing, verbs
from mail.mailbox.contents import (
    PLAIN_SANITISER,
    ContentReader,
    FrameHtml,
    MessageContent,
    MessageInMemory,
    MessageOnServer,
    Sanitiser,
    leaves,
)
from mail.mime import containers, envelope, headers, text
from mail.mime.envelope import Envelope
from mail.mime.headers import Headers
from mail.mime.structure import Part

# The transfer encodings that a nested message may have (RFC 2046 section 5.2.1).
AS_IT_IS = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, kw_only=True)
class OpenedMessage(MessageContent):
    """A message of the mailbox in the reader. ``was_marked`` says that opening it marked it as
    seen. ``withheld`` are the verbs that the user may not do in its folder.
    """

    fetched: FetchedMessage
    headers: Headers
    was_marked: bool = False
    withheld: frozenset[str] = frozenset()

    @property
    def is_described(self) -> bool:
        """Whether the server sent the structure; otherwise the message is read from its source."""
        return self.fetched.structure is not UNREADABLE


def open_message(
    imap: Connection,
    ref: MessageRef,
    *,
    mark_seen: bool = True,
    as_text: bool = False,
    sanitiser: Sanitiser = PLAIN_SANITISER,
) -> OpenedMessage:
    """Open a message: its HTML, or its text, and mark it as seen. Sends at most four commands, and
    one more for each kind of container in it.

    With ``as_text``, the text is read even if there is HTML. Raises MessageNotFound, FolderNotFound
    and FolderChanged.
    """
    fetched, raw = fetch.opened(imap, ref)
    fields = headers.parse(raw)
    is_marked = mark_seen and SEEN not in fetched.flags and _begin_marking(imap, ref)
    reader = ContentReader.begin(MessageOnServer(imap, ref), fetched.structure)
    content = reader.read(fetched.envelope, fields, as_text=as_text, sanitiser=sanitiser)
    # A server that refuses (a folder of another user, a full disk) must not prevent reading.
    was_marked = is_marked and imap.settled()
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
    """Mark a message as seen that was opened without it; do nothing when it is gone. Sends at most
    two commands. Raises FolderNotFound and FolderChanged.
    """
    imap.require(ref)
    if _begin_marking(imap, ref):
        imap.settled()


def html(imap: Connection, ref: MessageRef, *, sanitiser: Sanitiser = PLAIN_SANITISER) -> FrameHtml:
    """Return the message's sanitised HTML, with the parts of its images. HTML that is too complex
    comes as text. Raises PartNotFound when the message has no HTML.
    """
    reader = ContentReader.begin(MessageOnServer(imap, ref), fetch.structure(imap, ref))
    rendered = reader.render(sanitiser) if reader.shown().html else None
    if rendered is None:
        raise PartNotFound("The message has no HTML.")
    return rendered


def plain(imap: Connection, ref: MessageRef) -> str:
    """Return the message as plain text: its text, or that of its HTML."""
    return (
        ContentReader.begin(MessageOnServer(imap, ref), fetch.structure(imap, ref)).texts().joined
    )


def unsigned(words: str) -> str:
    """Return a text without the signature below ``-- ``."""
    lines = words.rstrip().split("\n")
    if "-- " in lines:
        lines = lines[: lines.index("-- ")]
    return "\n".join(lines).rstrip()


# --- nested messages ---


def is_nested(part: Part) -> bool:
    """Return whether a part is a nested message that the server parsed. It cannot parse one in
    base64, although some servers describe parts of those.
    """
    return bool(part.envelope and part.children) and part.encoding in AS_IT_IS


def enclosing(root: Part, number: str) -> tuple[Part, ...]:
    """Return the nested messages around a part, outermost first."""
    number = containers.outer(number)
    return tuple(
        part
        for part in root.walk()
        if is_nested(part) and part.number != number and number.startswith(f"{part.number}.")
    )


def nested(
    imap: Connection, ref: MessageRef, part: Part, *, sanitiser: Sanitiser = PLAIN_SANITISER
) -> MessageContent:
    """Read a nested message, for which `is_nested` is true. Sends one command, and one more for
    each kind of container in it. Its remote images are treated like those of any message.
    """
    reader = ContentReader.begin(MessageOnServer(imap, ref, part.number), part.children[0])
    return reader.read(part.envelope or Envelope(), sanitiser=sanitiser)


def nested_texts(
    imap: Connection, ref: MessageRef, parts: Iterable[Part], most: int
) -> tuple[MessageContent, ...]:
    """Return nested messages in these parts, and those nested in them, outermost first, each as its
    text; at most ``most``. Only parts for which `is_nested` is true; others are files. Sends the
    commands of `nested` for each.
    """
    nested_parts = (
        part
        for outer in parts
        for part in outer.walk()
        if is_nested(part) and not containers.is_held(part.number)
    )
    return tuple(
        ContentReader.begin(MessageOnServer(imap, ref, part.number), part.children[0]).read(
            part.envelope or Envelope(), as_text=True
        )
        for part in islice(nested_parts, most)
    )


@dataclass(frozen=True)
class EnclosedMessage:
    """A message from a file: in an archive, in winmail.dat, or in base64. ``leaves`` are its parts,
    with those inside its containers, always in the same order.
    """

    reader: ContentReader
    envelope: Envelope
    leaves: tuple[Part, ...]

    @classmethod
    def of(cls, raw: bytes) -> EnclosedMessage:
        """Parse a message. Raises Exhausted for one that takes too long, and no other error,
        whatever the bytes are.
        """
        parsed = parsing.message(raw)
        reader = ContentReader.begin(MessageInMemory(raw, parsed.bodies), parsed.root)
        reader.damage |= parsed.damage
        reader.texts()  # opens files uuencoded in the texts
        return cls(reader, envelope.envelope_of(parsed.headers), tuple(leaves(reader.root)))

    @cached_property
    def steps(self) -> dict[str, int]:
        """Return the positions of the leaves by part number."""
        return {leaf.number: index for index, leaf in enumerate(self.leaves)}

    def message(self, sanitiser: Sanitiser = PLAIN_SANITISER) -> MessageContent:
        return self.reader.read(self.envelope, sanitiser=sanitiser)

    def content(self, part: Part) -> bytes:
        """Return the content of a leaf, decoded."""
        return self.reader.content(part)


# --- parts ---


def image_part(inline: Sequence[Part | None], n: int) -> Part:
    """Return the part for ``src="inline/<n>"`` in a message's HTML. Raises PartNotFound."""
    part = inline[n] if 0 <= n < len(inline) else None
    if part is None:
        raise PartNotFound(f"The message has no image {n}.")
    return part


def find_part(imap: Connection, ref: MessageRef, number: str) -> Part:
    """Return the part with this number, which may be inside a container (``2~1``). Raises
    PartNotFound.
    """
    if containers.is_held(number):
        return held(imap, ref, number)[0]
    return _numbered(fetch.structure(imap, ref), number)


def held(imap: Connection, ref: MessageRef, number: str) -> tuple[Part, bytes]:
    """Return a part inside a container, and its decoded content. Sends two commands. Raises
    PartNotFound, and TooLarge for a container that is too large to open.
    """
    outer = _numbered(fetch.structure(imap, ref), containers.outer(number))
    opened = parsing.unpacked(outer, _outside(imap, ref, outer, containers.MOST_BYTES))
    if opened is None or number not in opened.bodies:
        raise PartNotFound(f"The message has no part {number!r}.")
    return _numbered(opened.root, number), containers.content(opened, number)


def content(imap: Connection, ref: MessageRef, part: Part, limit: int) -> bytes:
    """Return the decoded content of a part. Raises TooLarge if it has more than ``limit`` bytes as
    sent.
    """
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


def _begin_marking(imap: Connection, ref: MessageRef) -> bool:
    r"""Let \Seen be set in one write with the next command. Return False where it can't be."""
    if imap.known().read_only:
        return False
    imap.uid_beside("STORE", str(ref.uid), "+FLAGS.SILENT", f"({SEEN})")
    return True
