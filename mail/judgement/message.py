"""A message as it is judged: its fields, what a reader sees of it, where its links lead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from mail.judgement import attachments, page
from mail.judgement.attachments import Attachment
from mail.judgement.page import HtmlContent, Link
from mail.mime import body, links, structure
from mail.mime.addresses import Address
from mail.mime.headers import Headers
from mail.mime.structure import Part
from mail.mime.text import decode_transfer

# Bytes of a message that are looked at; what an advert says, it says at the beginning.
LARGEST = 500_000
# Bytes of one text as sent, and characters of all text: the beginning, and the end, where the
# line stands that lets one out of a list.
_LONGEST_PART = 120_000
_BEGINNING, _END = 24_000, 6_000
_MOST_TEXTS = 6
_MOST_FILES = 12
_MOST_ANSWERED = 50
_MOST_LINKS = 200
# The least number of characters above a quote that count as a text of the sender.
_LEAST_OWN = 20
_BARE_LINK = re.compile(r"https?://[^\s<>\"')\]]{1,500}", re.IGNORECASE)
_QUOTED = re.compile(r"^[ \t]{0,8}>.*$", re.MULTILINE)
_ANSWERED = re.compile(
    r"^(?:Le .{5,150} a écrit\s?:|On .{5,150} wrote:|-{2,}\s?(?:Message d.origine|Original Message"
    r"|Message transf[ée]r[ée]|Forwarded message)"
    r"|D[ée]but du message transf[ée]r[ée]\s?:|Begin forwarded message:|_{10,})",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True)
class Message:
    """``text`` is the sender's own, without quotes; ``hidden`` the number of letters that nobody
    sees."""

    headers: Headers
    subject: str
    sender: Address
    text: str
    has_quote: bool
    links: tuple[Link, ...]
    attachments: tuple[Attachment, ...]
    is_html_only: bool
    pictures: int
    pixels: int
    hidden: int = 0
    scanned: int = 0

    @property
    def files(self) -> tuple[str, ...]:
        """The media types of attachments."""
        return tuple(attachment.media_type for attachment in self.attachments)

    @property
    def domain(self) -> str:
        """The domain of the sender's address in lower case; ``""`` where there is none."""
        return self.sender.address.rpartition("@")[2].lower()

    def hosts(self) -> list[str]:
        """The hosts that links lead to, one for each link."""
        return self._hosts

    @cached_property
    def _hosts(self) -> list[str]:
        return [host for link in self.links if (host := host_of(link.address))]

    @cached_property
    def reply_domains(self) -> tuple[str, ...]:
        """The domains that answers go to, of the first addresses."""
        people = self.headers.addresses("Reply-To", _MOST_ANSWERED)
        return tuple(person.address.rpartition("@")[2].lower() for person in people)


def host_of(address: str) -> str:
    """The host of a web address in small letters, ``""`` for anything else."""
    match = re.match(r"https?:[/\\]*([^/\\?#]*)", address, re.IGNORECASE)
    return links.host(match[1].rpartition("@")[2]) if match else ""


def read_message(raw: bytes, scanned: Sequence[str] = ()) -> Message:
    """Never raises, and reads a bounded part of ``raw``. ``scanned``: addresses that its pictures
    show as codes (`codes`), which are links as well."""
    parsed = structure.parse(raw[:LARGEST].lstrip(b"\r\n"))
    shown = structure.choose(parsed.root)
    texts = [part for part in shown.text if part.media_type != "text/html"]
    pages = [part for part in shown.html if part.media_type == "text/html"]
    read_pages = [page.read_page(text) for text in _texts(pages, parsed.bodies)]
    plain = "\n".join(_texts(texts, parsed.bodies))
    written = "\n".join(html_page.words() for html_page in read_pages)
    # The twin in plain text is often a stub ("your program shows no HTML").
    own, has_quote = _own_words(written if len(written) > len(plain) else plain)
    senders = parsed.headers.addresses("From", 1) or parsed.headers.addresses("Sender", 1)
    page_links = [link for html_page in read_pages for link in _page_links(html_page)]
    return Message(
        headers=parsed.headers,
        subject=parsed.headers.get("Subject")[:500],
        sender=senders[0] if senders else Address("", ""),
        text=own,
        has_quote=has_quote,
        links=(*(Link(address, "") for address in scanned), *(page_links or _bare_links(plain))),
        scanned=len(scanned),
        attachments=tuple(
            _attachment(part, parsed.bodies) for part in shown.attachments[:_MOST_FILES]
        ),
        is_html_only=bool(pages) and not plain.strip(),
        pictures=sum(html_page.pictures for html_page in read_pages),
        pixels=sum(html_page.pixels for html_page in read_pages),
        hidden=sum(html_page.hidden for html_page in read_pages),
    )


def _texts(parts: list[Part], bodies: Mapping[str, bytes]) -> Iterator[str]:
    for part in parts[:_MOST_TEXTS]:
        data = bodies.get(part.number, b"")
        yield body.read_body(part, data[:_LONGEST_PART], is_cut=len(data) > _LONGEST_PART).text


def _attachment(part: Part, bodies: Mapping[str, bytes]) -> Attachment:
    # A third more: base64 makes four bytes of three, and a line break of every 76.
    data = bodies.get(part.number, b"")[: attachments.LONGEST * 7 // 5]
    decoded = decode_transfer(data, part.encoding)[: attachments.LONGEST]
    return Attachment(part.file_name, part.media_type, decoded)


def _page_links(html_page: HtmlContent) -> list[Link]:
    if not html_page.links:
        return []
    text = html_page.words()[:_BEGINNING]
    end = _end_of_own(text)
    return [
        replace(
            link,
            is_quoted=link.is_quoted or link.place > end or _is_in_quote(text, link.place),
        )
        for link in html_page.links
    ]


def _bare_links(text: str) -> list[Link]:
    text = text[:_BEGINNING]
    end = _end_of_own(text)
    places = ((match[0], match.start()) for match in _BARE_LINK.finditer(text))
    return [
        Link(address, address, place, place > end or _is_in_quote(text, place))
        for address, place in islice(places, _MOST_LINKS)
    ]


def _is_in_quote(text: str, place: int) -> bool:
    """Whether the line that has this place begins with ``>`` (RFC 3676), or it stands between « and
    »."""
    is_cited = text.rfind("«", 0, place) > text.rfind("»", 0, place) and text.find("»", place) > 0
    return is_cited or text.startswith(">", text.rfind("\n", 0, place) + 1)


def _end_of_own(text: str) -> int:
    """Where what somebody else wrote begins; where it has no end, beyond all text."""
    answered = _ANSWERED.search(text)
    return answered.start() if answered and answered.start() > _LEAST_OWN else LARGEST


def _own_words(text: str) -> tuple[str, bool]:
    """The text without quotes, bounded, and whether there were any."""
    if len(text) > _BEGINNING + _END:
        text = f"{text[:_BEGINNING]}\n{text[-_END:]}"
    own = text[: _end_of_own(text)]
    bare = _QUOTED.sub("", own)
    return bare, _ANSWERED.search(text) is not None or len(bare) < len(own)
