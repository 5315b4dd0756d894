"""Read one message: choose the parts to fetch, and make text or HTML of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

from webmail import sandbox
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.response import UNREADABLE
from webmail.imap.values import MessageRef
from webmail.mailbox import parsing
from webmail.mime import body, containers, report, structure, text
from webmail.mime import html as html_mail
from webmail.mime.damage import Damage
from webmail.mime.envelope import Envelope
from webmail.mime.headers import Headers
from webmail.mime.html import SafeHtml
from webmail.mime.report import DeliveryOutcome
from webmail.mime.structure import REPORT_TYPES, Parsed, Part, Protection, Shown

# Bytes of a text part as sent. Nobody reads more of it on a screen; the source can be downloaded.
TEXT_LIMIT = 512 * 1024
# The sanitiser takes a million characters; base64 makes them a third longer.
HTML_LIMIT = 1400 * 1024
# Characters. HTML that shows nothing is hardly longer, and looking costs as much as cleaning.
BLANK_LIMIT = 20_000


NO_FIELDS = Headers(())


@dataclass(frozen=True)
class FrameHtml:
    """HTML ready for the frame. ``inline[n]`` is the part behind ``src="inline/<n>"``, None when
    the message has none of that name; ``simplified``: it was too complex, ``html`` is its text.
    """

    html: SafeHtml
    inline: tuple[Part | None, ...]
    truncated: bool = False
    simplified: bool = False


class Sanitiser(Protocol):
    """The way to render HTML for a reader, who may have seen it before."""

    def find(self, envelope: Envelope, fields: Headers) -> FrameHtml | None:
        """The message as it was rendered before: then none of its HTML is fetched. A nested one
        comes without ``fields``."""

    def sanitise(self, source: str, names: Collection[str]) -> SafeHtml:
        """Return what may be shown of HTML that may call parts of its message by these names.
        Raises html_mail.TooComplex, sandbox.Exhausted."""


class PlainSanitiser:
    """The sanitiser as it is, without images from elsewhere and without a memory."""

    def find(self, envelope: Envelope, fields: Headers) -> FrameHtml | None:
        return None

    def sanitise(self, source: str, names: Collection[str]) -> SafeHtml:
        return sandbox.call(html_mail.sanitise, sandbox.HTML, source, locations=tuple(names))


PLAIN_SANITISER = PlainSanitiser()


@dataclass(frozen=True)
class Texts:
    """The text parts of a message as one text."""

    joined: str = ""
    protection: Protection = Protection.NONE


# --- where a message comes from ---


class Source(Protocol):
    """The bytes of a message and of its parts, as they were sent."""

    def parts(self, numbers: Sequence[str], limit: int) -> Mapping[str, bytes]:
        """The first ``limit`` bytes of each; of a missing part ``b""``."""

    def beginning(self, limit: int) -> tuple[bytes, bool]:
        """The first ``limit`` bytes of the message, header included, and whether there is more."""


@dataclass(frozen=True)
class Stored:
    """A message on the server, or one inside it that the server knows as its part ``number``. A
    command each time."""

    imap: Connection
    ref: MessageRef
    number: str = ""

    def parts(self, numbers: Sequence[str], limit: int) -> Mapping[str, bytes]:
        return fetch.parts(self.imap, self.ref, numbers, limit)

    def beginning(self, limit: int) -> tuple[bytes, bool]:
        return fetch.part_bytes(self.imap, self.ref, self.number, limit)


@dataclass(frozen=True)
class AtHand:
    """A message that is here whole, out of a file."""

    raw: bytes
    bodies: Mapping[str, bytes]

    def parts(self, numbers: Sequence[str], limit: int) -> Mapping[str, bytes]:
        return {number: self.bodies.get(number, b"")[:limit] for number in numbers}

    def beginning(self, limit: int) -> tuple[bytes, bool]:
        return self.raw[:limit], len(self.raw) > limit


# --- reading it ---


@dataclass(frozen=True, kw_only=True)
class MessageContent:
    """The content of a message that a person is given: ``rendered`` is its HTML; without it
    ``text`` is its text.

    ``has_html``: there is HTML, even if the text was asked for. ``outcomes``: what a delivery
    report says. ``damage``: why what is shown may not be all, or not right.
    """

    envelope: Envelope
    shown: Shown
    text: str = ""
    rendered: FrameHtml | None = None
    has_html: bool = False
    truncated: bool = False
    damage: frozenset[Damage] = frozenset()
    protection: Protection = Protection.NONE
    outcomes: tuple[DeliveryOutcome, ...] = ()


@dataclass
class ContentReader:
    """A message being read: its tree with what its containers hold in their place, and the way to
    the bytes of each part. ``damage`` gathers what was found wrong on the way.
    """

    source: Source
    root: Part
    opened: dict[str, Parsed] = field(default_factory=dict)
    blank: set[str] = field(default_factory=set)
    damage: set[Damage] = field(default_factory=set)

    @classmethod
    def begin(cls, source: Source, root: Part) -> ContentReader:
        """One command if the message has containers, else none."""
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
        """Its HTML, else its text; ``as_text``: the text although there is HTML. One command for
        that, and one more for each kind of wrapping in it."""
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
        for part in containers.find(self.root):
            left -= part.size
            if left < 0:
                self.damage.add(Damage.CONTAINER)
                break
            small.append(part)
        raw = self._raw(small, containers.MOST_BYTES)
        self._graft((part, text.decode_transfer(raw[part.number], part.encoding)) for part in small)

    def _graft(self, decoded: Iterable[tuple[Part, bytes]]) -> bool:
        """Put what these parts hold into the tree; whether any holds something."""
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
        """The first ``limit`` bytes of some parts as sent, and one more where there are more. One
        command for all that are no container's."""
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
        """All of a part, decoded."""
        return text.decode_transfer(self._raw([part], part.size)[part.number], part.encoding)

    def _note_missing(self, parts: Sequence[Part], fetched: Mapping[str, bytes]) -> None:
        if any(part.size and not fetched.get(part.number, b"-") for part in parts):
            self.damage.add(Damage.NOT_CLOSED)

    def shown(self, uses: Collection[str] | None = None) -> Shown:
        """``uses``: the names that the HTML calls its images by, once that is known."""
        if self.root is UNREADABLE:
            return Shown((), (), (), ())
        return structure.choose(self.root, uses, blank=self.blank)

    def render(self, sanitiser: Sanitiser) -> FrameHtml | None:
        """The rendered HTML; None when it shows nothing and another part is there instead of it."""
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

    def _is_blank(self, shown: Shown, pieces: Sequence[tuple[Part, str]]) -> bool:
        """Whether the HTML is left for its text twin, since it shows nothing."""
        if not shown.text:
            return False
        self.blank |= {
            part.number
            for part, source in pieces
            if part.media_type == "text/html" and _shows_nothing(source)
        }
        return bool(self.blank) and not self.shown().html

    def texts(self) -> Texts:
        """The text parts, without the files uuencoded in them; the HTML's text when there is no
        other; when the structure holds nothing at all, what the source holds."""
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
            read = self._written(part, data[:limit], is_cut=len(data) > limit)
            pieces.append((part, read.text))
            protection = read.protection if protection is Protection.NONE else protection
        return Texts(self._joined(pieces), protection)

    def _written(self, part: Part, data: bytes, *, is_cut: bool = False) -> body.Body:
        read = body.read(part, data, is_cut=is_cut)
        self.damage |= read.damage
        return read

    def _joined(self, pieces: Sequence[tuple[Part, str]]) -> str:
        """Return what the pieces say together; of HTML that takes too long, how it begins."""
        try:
            return parsing.text(pieces)
        except sandbox.Exhausted:
            return self._beginning(pieces)

    def _beginning(self, pieces: Sequence[tuple[Part, str]]) -> str:
        self.damage.add(Damage.CUT)
        return parsing.beginning(pieces)

    def _rescued(self) -> Texts:
        """Text from the source of a message that the server could not take apart. Dovecot finds
        nothing in a multipart without boundary, and nothing but header in a message that has none.
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

    def outcomes(self, shown: Shown) -> tuple[DeliveryOutcome, ...]:
        """Return what the delivery reports of the message say. One command if it has any."""
        raw = self._raw(shown.reports, TEXT_LIMIT)
        return tuple(
            outcome
            for part in shown.reports
            for outcome in report.read(text.decode_transfer(raw[part.number], part.encoding))
        )


def _begun(parts: Sequence[Part], limit: int) -> list[Part]:
    """The parts that begin within ``limit`` bytes, by the sizes that the server tells."""
    begins = accumulate((part.size for part in parts), initial=0)
    return [part for part, begin in zip(parts, begins, strict=False) if begin < limit]


def leaves(root: Part) -> Iterable[Part]:
    """The parts that have content of their own."""
    return (part for part in root.walk() if not part.is_multipart)


def _shows_nothing(source: str) -> bool:
    if len(source) > BLANK_LIMIT or "<img" in source.lower():
        return False
    return not html_mail.to_text(source).strip()
