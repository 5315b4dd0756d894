"""Reads one message: chooses the parts to fetch, and makes text or HTML of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

from mail import sandbox
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.response import UNREADABLE
from mail.imap.values import MessageRef
from mail.mailbox import parsing
from mail.mime import body, containers, report, structure, text
from mail.mime.damage import Damage
from mail.mime.envelope import Envelope
from mail.mime.headers import Headers
from mail.mime.hypertext import html as html_mail
from mail.mime.hypertext.html import SafeHtml
from mail.mime.report import DeliveryOutcome
from mail.mime.structure import REPORT_TYPES, ParsedMessage, Part, Protection, ShownParts

# Bytes of a text part as sent. Nobody reads more on a screen, and the source can be downloaded.
TEXT_LIMIT = 512 * 1024
# Bytes of HTML parts as sent: the sanitiser accepts a million characters, base64 adds a third.
HTML_LIMIT = 1400 * 1024
# Characters of HTML that is checked for being blank. Blank HTML is rarely longer, and the check
# costs as much as sanitising.
BLANK_LIMIT = 20_000


NO_FIELDS = Headers(())


@dataclass(frozen=True)
class FrameHtml:
    """HTML ready for the frame. ``inline[n]`` is the part for ``src="inline/<n>"``, None if the
    message has none of that name. ``simplified`` says that the HTML was too complex and ``html`` is
    its text.
    """

    html: SafeHtml
    inline: tuple[Part | None, ...]
    truncated: bool = False
    simplified: bool = False


class Sanitiser(Protocol):
    """Sanitises the HTML of a message for a user, and may remember the result."""

    def find(self, envelope: Envelope, fields: Headers) -> FrameHtml | None:
        """Return the message as it was sanitised before, so that its HTML is not fetched, or None.
        A nested message comes without ``fields``.
        """

    def sanitise(self, source: str, names: Collection[str]) -> SafeHtml:
        """Return the safe form of HTML that may refer to parts of its message by these names.
        Raises html_mail.TooComplex and sandbox.Exhausted.
        """


class PlainSanitiser:
    """The sanitiser alone, without remote images and without a memory."""

    def find(self, envelope: Envelope, fields: Headers) -> FrameHtml | None:
        return None

    def sanitise(self, source: str, names: Collection[str]) -> SafeHtml:
        return sandbox.call(html_mail.sanitise, sandbox.HTML, source, locations=tuple(names))


PLAIN_SANITISER = PlainSanitiser()


@dataclass(frozen=True)
class Texts:
    """The text parts of a message, joined."""

    joined: str = ""
    protection: Protection = Protection.NONE


# --- where a message comes from ---


class MessageSource(Protocol):
    """Gives the bytes of a message and of its parts, as sent."""

    def parts(self, numbers: Sequence[str], limit: int) -> Mapping[str, bytes]:
        """Return the first ``limit`` bytes of each part; ``b""`` for a missing part."""

    def beginning(self, limit: int) -> tuple[bytes, bool]:
        """Return the first ``limit`` bytes of the message with its header, and whether there are
        more.
        """


@dataclass(frozen=True)
class MessageOnServer:
    """A message on the server, or one nested in it as the part ``number``. Each method sends one
    command.
    """

    imap: Connection
    ref: MessageRef
    number: str = ""

    def parts(self, numbers: Sequence[str], limit: int) -> Mapping[str, bytes]:
        return fetch.parts(self.imap, self.ref, numbers, limit)

    def beginning(self, limit: int) -> tuple[bytes, bool]:
        return fetch.part_bytes(self.imap, self.ref, self.number, limit)


@dataclass(frozen=True)
class MessageInMemory:
    """A whole message in memory, from a file."""

    raw: bytes
    bodies: Mapping[str, bytes]

    def parts(self, numbers: Sequence[str], limit: int) -> Mapping[str, bytes]:
        return {number: self.bodies.get(number, b"")[:limit] for number in numbers}

    def beginning(self, limit: int) -> tuple[bytes, bool]:
        return self.raw[:limit], len(self.raw) > limit


# --- reading it ---


@dataclass(frozen=True, kw_only=True)
class MessageContent:
    """The content of a message as the user sees it: its HTML in ``rendered``, or its ``text``.

    ``has_html`` says that there is HTML, even if the text was asked for. ``outcomes`` are those of
    a delivery report. ``damage`` holds reasons why the content may be incomplete or wrong.
    """

    envelope: Envelope
    shown: ShownParts
    text: str = ""
    rendered: FrameHtml | None = None
    has_html: bool = False
    truncated: bool = False
    damage: frozenset[Damage] = frozenset()
    protection: Protection = Protection.NONE
    outcomes: tuple[DeliveryOutcome, ...] = ()


@dataclass
class ContentReader:
    """Reads one message: holds its tree, with the contents of its containers put in their place,
    and its source. ``damage`` collects the problems found.
    """

    source: MessageSource
    root: Part
    opened: dict[str, ParsedMessage] = field(default_factory=dict)
    blank: set[str] = field(default_factory=set)
    damage: set[Damage] = field(default_factory=set)

    @classmethod
    def begin(cls, source: MessageSource, root: Part) -> ContentReader:
        """Return a reader. Sends one command if the message has containers, else none."""
        reader = cls(source, root)
        if root is not UNREADABLE:
            reader._open_containers()
        return reader

    def read(
        self,
        envelope: Envelope,
        fields: Headers = NO_FIELDS,
        *,
        as_text: bool = False,
        sanitiser: Sanitiser = PLAIN_SANITISER,
    ) -> MessageContent:
        """Return the message's HTML, or its text if it has none or ``as_text`` is set. Sends one
        command, and one more for each kind of container in it.
        """
        rendered = None
        if self.shown().html and not as_text:
            rendered = sanitiser.find(envelope, fields) or self.render(sanitiser)
        texts = Texts() if rendered else self.texts()
        shown = self.shown(rendered.html.inline if rendered else None)
        outcomes = self.outcomes(shown)
        protections = (shown.protection, texts.protection)
        return MessageContent(
            envelope=envelope,
            shown=shown,
            text=texts.joined,
            rendered=rendered,
            has_html=bool(shown.html),
            truncated=rendered.truncated if rendered else Damage.CUT in self.damage,
            damage=frozenset(self.damage | shown.damage) - {Damage.CUT},
            protection=next(
                (protection for protection in protections if protection is not Protection.NONE),
                protections[0],
            ),
            outcomes=outcomes,
        )

    def _open_containers(self) -> None:
        left, small = containers.MOST_BYTES, []
        for part in containers.containers_in(self.root):
            left -= part.size
            if left < 0:
                self.damage.add(Damage.CONTAINER)
                break
            small.append(part)
        raw = self._raw(small, containers.MOST_BYTES)
        self._graft((part, text.decode_transfer(raw[part.number], part.encoding)) for part in small)

    def _graft(self, decoded: Iterable[tuple[Part, bytes]]) -> bool:
        """Put the contents of these parts into the tree. Return whether there were any."""
        unpacked = {part.number: parsing.unpacked(part, content) for part, content in decoded}
        opened = {
            number: container for number, container in unpacked.items() if container is not None
        }
        for container in opened.values():
            self.damage |= container.damage
        self.opened |= opened
        self.root = containers.graft(self.root, opened)
        return bool(opened)

    def _raw(self, parts: Sequence[Part], limit: int) -> dict[str, bytes]:
        """Return the first ``limit`` bytes of parts as sent, and one more if there are more. Sends
        one command for all parts outside containers.
        """
        inside = {
            part.number: self.opened[containers.outer(part.number)].bodies.get(part.number, b"")
            for part in parts
            if containers.is_held(part.number)
        }
        outside = [part.number for part in parts if part.number not in inside]
        fetched = self.source.parts(outside, limit + 1)
        self._note_missing(parts, fetched)
        return {**fetched, **{number: data[: limit + 1] for number, data in inside.items()}}

    def content(self, part: Part) -> bytes:
        """Return the whole of a part, decoded."""
        return text.decode_transfer(self._raw([part], part.size)[part.number], part.encoding)

    def _note_missing(self, parts: Sequence[Part], fetched: Mapping[str, bytes]) -> None:
        if any(part.size and not fetched.get(part.number, b"-") for part in parts):
            self.damage.add(Damage.NOT_CLOSED)

    def shown(self, uses: Collection[str] | None = None) -> ShownParts:
        """Return the parts to show. ``uses`` are the names by which the HTML refers to its images,
        if known.
        """
        if self.root is UNREADABLE:
            return ShownParts((), (), (), ())
        return structure.choose(self.root, uses, blank=self.blank)

    def render(self, sanitiser: Sanitiser) -> FrameHtml | None:
        """Return the sanitised HTML; None when it shows nothing and there is another part to show
        instead.
        """
        shown = self.shown()
        parts = _begun(shown.html, HTML_LIMIT)
        raw = self._raw(parts, HTML_LIMIT)
        pieces = [(part, self._source(part, raw[part.number][:HTML_LIMIT])) for part in parts]
        if self._is_blank(shown, pieces):
            return None
        truncated = len(parts) < len(shown.html) or any(
            len(data) > HTML_LIMIT for data in raw.values()
        )
        names = structure.named(self.root)
        try:
            safe = sanitiser.sanitise(html_mail.join(pieces), names)
        except html_mail.TooComplex:
            joined = self.texts().joined if shown.text else self._joined(pieces)
        except sandbox.Exhausted:
            joined = self.texts().joined if shown.text else self._beginning(pieces)
        else:
            return FrameHtml(safe, tuple(names.get(name) for name in safe.inline), truncated)
        truncated |= Damage.CUT in self.damage
        words = text.to_html(joined)
        simple = SafeHtml(words, has_links="<a " in words)
        return FrameHtml(simple, (), truncated, simplified=True)

    def _source(self, part: Part, data: bytes) -> str:
        if part.media_type == "text/html":
            return html_mail.decode(data, part.encoding, part.charset)
        return self._written(part, data).text

    def _is_blank(self, shown: ShownParts, pieces: Sequence[tuple[Part, str]]) -> bool:
        """Return whether the HTML shows nothing, so that its text alternative is shown."""
        if not shown.text:
            return False
        self.blank |= {
            part.number
            for part, source in pieces
            if part.media_type == "text/html" and _shows_nothing(source)
        }
        return bool(self.blank) and not self.shown().html

    def texts(self) -> Texts:
        """Return the text parts without files uuencoded in them.

        If there are none, return the text of the HTML; if the structure is empty, the text in the
        message's source.
        """
        if self.root is UNREADABLE or not any(part.size for part in leaves(self.root)):
            return self._rescued()
        shown = self.shown()
        parts = [part for part in shown.text or shown.html if part.media_type not in REPORT_TYPES]
        is_html = bool(shown.html) and not shown.text
        limit = HTML_LIMIT if is_html else TEXT_LIMIT
        begun = _begun(parts, limit)
        if len(begun) < len(parts):
            self.damage.add(Damage.CUT)
        parts = begun
        raw = self._raw(parts, limit)
        plain = [part for part in parts if part.media_type == "text/plain"]
        decoded = ((part, text.decode_transfer(raw[part.number], part.encoding)) for part in plain)
        if self._graft(pair for pair in decoded if not containers.is_held(pair[0].number)):
            return self.texts()
        return self._read_texts(parts, raw, limit)

    def _read_texts(self, parts: Sequence[Part], raw: Mapping[str, bytes], limit: int) -> Texts:
        pieces, protection = [], Protection.NONE
        for part in parts:
            data = raw[part.number]
            if part.media_type == "text/html":
                pieces.append((part, self._source(part, data[:limit])))
                continue
            readable = self._written(part, data[:limit], is_cut=len(data) > limit)
            pieces.append((part, readable.text))
            protection = readable.protection if protection is Protection.NONE else protection
        return Texts(self._joined(pieces), protection)

    def _written(self, part: Part, data: bytes, *, is_cut: bool = False) -> body.Body:
        readable = body.read_body(part, data, is_cut=is_cut)
        self.damage |= readable.damage
        return readable

    def _joined(self, pieces: Sequence[tuple[Part, str]]) -> str:
        """Return the text of all pieces; only its beginning if the HTML takes too long."""
        try:
            return parsing.text(pieces)
        except sandbox.Exhausted:
            return self._beginning(pieces)

    def _beginning(self, pieces: Sequence[tuple[Part, str]]) -> str:
        self.damage.add(Damage.CUT)
        return parsing.beginning(pieces)

    def _rescued(self) -> Texts:
        """Return text from the source of a message that the server could not parse. Dovecot finds
        no part in a multipart without boundary, and only a header in a message without one.
        """
        raw, truncated = self.source.beginning(TEXT_LIMIT)
        parsed = parsing.message(raw)
        shown = structure.choose(parsed.root)
        pieces = [
            (part, self._source(part, parsed.bodies[part.number]))
            for part in shown.text or shown.html
            if part.number in parsed.bodies
        ]
        if not parsed.headers.fields and not any(written.strip() for _, written in pieces):
            pieces = [(Part("1", "text/plain"), text.decode(raw, "8bit", ""))]
        readable = tuple((part, written) for part, written in pieces if written.strip())
        if readable:
            self.damage |= parsed.damage or {Damage.BOUNDARY}
        if truncated:
            self.damage.add(Damage.CUT)
        return Texts(self._joined(readable))

    def outcomes(self, shown: ShownParts) -> tuple[DeliveryOutcome, ...]:
        """Return the outcomes in the delivery reports of the message. Sends one command if it has
        any.
        """
        raw = self._raw(shown.reports, TEXT_LIMIT)
        return tuple(
            outcome
            for part in shown.reports
            for outcome in report.read_report(text.decode_transfer(raw[part.number], part.encoding))
        )


def _begun(parts: Sequence[Part], limit: int) -> list[Part]:
    """Return the parts that begin within ``limit`` bytes, by the sizes in the structure."""
    begins = accumulate((part.size for part in parts), initial=0)
    return [part for part, begin in zip(parts, begins, strict=False) if begin < limit]


def leaves(root: Part) -> Iterable[Part]:
    """Yield the parts that have content of their own."""
    return (part for part in root.walk() if not part.is_multipart)


def _shows_nothing(source: str) -> bool:
    if len(source) > BLANK_LIMIT or "<img" in source.lower():
        return False
    return not html_mail.to_text(source).strip()
