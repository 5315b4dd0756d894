"""Make the message that is sent, or stored in the Drafts folder, of the content that the user
wrote."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import User
from mail.errors import FolderChanged, NotFound, PartNotFound, SenderRefused, TooLarge
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.values import DRAFT, MessageRef
from mail.mailbox import reading
from mail.mime import addresses, build, composed, containers, headers
from mail.mime.build import Outgoing, OutgoingFile
from mail.mime.structure import MESSAGE_TYPES, Part
from webmail.models import Draft, Identity
from webmail.presentation.files import file_name
from webmail.writing import (
    cleaning,
    fields,
    files,
    identities,
    images,
    policies,
    whole_fields,
)
from webmail.writing.content import FORWARDS, WHOLE, Content

MOST_REFERENCES = 50
_DATA = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=\s]+)\Z")
_TAG = re.compile("<[^<>]*+>")
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}


@dataclass(frozen=True)
class Enclosed:
    """The files of a message that is being written. ``attachments`` are in order, with the images
    of the text. ``places`` has the index of an image's attachment by the address that the text
    uses."""

    attachments: tuple[OutgoingFile, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)

    def with_more(self, more: Iterable[OutgoingFile]) -> Enclosed:
        return replace(self, attachments=(*self.attachments, *more))


NOTHING = Enclosed()


@dataclass(frozen=True)
class Laid:
    """The content laid out: clean, with its images, and with the other files. ``missing`` has the
    words for each image of the text that does not exist, "" without any."""

    text: str
    html: str
    inline: tuple[OutgoingFile, ...]
    attachments: tuple[OutgoingFile, ...]
    missing: tuple[str, ...] = ()


def lay_out(content: Content, enclosed: Enclosed, message_id: str) -> Laid:
    """Lay out the content. Raises ContentTooCostly."""
    page = _Page(enclosed, message_id)
    body = cleaning.written(content.html, page.image) if content.is_html else None
    return Laid(
        text=body.text if body else content.text,
        html=body.html if body else "",
        inline=tuple(page.inline.values()),
        attachments=tuple(page.rest(is_html=content.is_html)),
        missing=tuple(page.missing.values()),
    )


def lay_out_each(
    content: Content,
    messages: Sequence[Content],
    enclosed: Enclosed,
    message_id: str,
    *,
    laid: Laid | None = None,
) -> Iterator[Laid]:
    """Yield the layouts of ``messages``, which differ only in the values of placeholders. The text
    is cleaned once, as ``content`` has it. If a placeholder stands in an attribute, such as the
    address of a link, each message is cleaned, since only that makes the value safe. ``laid`` is
    the layout of ``content``, if it exists already. Raises ContentTooCostly."""
    laid = laid or lay_out(content, enclosed, message_id)
    words = _TAG.sub("", laid.html)
    known = {key for filled in messages[:1] for key, _value in filled.names}
    is_in_words = not content.is_html or (
        fields.count(content.html, known) == fields.count(words, known)
    )
    for message in messages:
        values = dict(message.names)
        if values and not is_in_words:
            yield lay_out(message, enclosed, message_id)
        elif values:
            html = fields.filled_html(laid.html, values)
            yield replace(laid, text=fields.filled(laid.text, values), html=html)
        else:
            yield laid


def outgoing(
    user: User,
    content: Content,
    enclosed: Enclosed = NOTHING,
    *,
    message_id: str,
    date: datetime | None = None,
    references: tuple[str, ...] = (),
    identity: Identity | None = None,
    laid: Laid | None = None,
    is_draft: bool = False,
    known: Collection[str] = fields.OF_CONTACTS,
) -> Outgoing:
    """Return the message to be sent. Invalid recipients are left out, since the form has refused
    them (`webmail.forms.compose.ComposeForm`). The same arguments give the same message.
    ``identity`` is the result of `identities.check`, and ``laid`` one of `lay_out_each` if many
    messages are made at once. The footer of the administrators is added, unless it ``is_draft``.

    ``known`` are the keys of the fields whose placeholders may not leave unfilled; those of
    ``content.names`` may never.

    Raises SenderRefused for an identity that is not the user's, ContentTooCostly, and FieldsLeft.
    """
    identity = identity or identities.check(user, content.identity)
    sender = identities.sender(identity)
    laid = laid or lay_out(content, enclosed, message_id)
    subject = one_line(content.subject)
    if not is_draft:
        filled = {*known, *dict(content.names)} if known else ()
        whole_fields.check_filled(subject, laid.text, laid.html, filled)
        laid = with_footer(laid, identity.footer)
    is_enforced = policies.REPLY_TO in identity.enforced
    reply_to = ("" if is_enforced else content.reply_to) or identity.reply_to
    return Outgoing(
        sender=sender,
        to=addresses.read_recipients(content.to).valid,
        cc=addresses.read_recipients(content.cc).valid,
        bcc=addresses.read_recipients(content.bcc).valid,
        reply_to=addresses.read_recipients(reply_to).valid,
        subject=subject,
        text=laid.text,
        html=laid.html,
        inline=laid.inline,
        attachments=laid.attachments,
        date=date or timezone.localtime(),
        message_id=message_id,
        in_reply_to=references[-1] if references else "",
        references=references,
        priority=content.priority,
        receipt_to=replace(sender, name="") if content.wants_receipt else None,
        user_agent=settings.PRODUCT_NAME,
    )


def with_footer(laid: Laid, footer: str) -> Laid:
    """Return a layout with a text at its end, unless it has that already, as in a message that is
    sent again."""
    if not footer:
        return laid
    html = composed.clean(f"<div><br></div>{composed.from_text(footer)}")
    if laid.html:
        if laid.html.endswith(html):
            return laid
        return replace(laid, text=f"{laid.text.rstrip()}\n\n{footer}\n", html=laid.html + html)
    if laid.text.rstrip().endswith(f"\n\n{footer}"):
        return laid
    return replace(laid, text=f"{laid.text.rstrip()}\n\n{footer}\n")


def draft_copy(imap: Connection, user: User, draft: Draft, content: Content) -> bytes:
    """Return a draft as a message for the Drafts folder, with Bcc. Parts of the answered message
    that are gone are left out."""
    enclosed = collect(imap, draft, content, is_lenient=True)
    message_ids = references(imap, content)
    when = timezone.localtime(draft.changed)
    message_id = draft.message_id
    options: dict[str, Any] = {"message_id": message_id, "date": when, "references": message_ids}
    try:
        message = outgoing(user, content, enclosed, is_draft=True, **options)
    except SenderRefused:
        content = replace(content, identity="")
        message = outgoing(user, content, enclosed, is_draft=True, **options)
    return build.message(message, keep_bcc=True)


def one_line(text: str) -> str:
    """Return a header's value without characters that could end it."""
    return " ".join(re.sub("[\x00-\x1f\x7f-\x9f]", " ", text).split(" ")).strip()


def message_id(user: User, unique: str) -> str:
    """Return a Message-ID in the domain of the user's address. Raises SenderRefused if the address
    is invalid."""
    if not addresses.is_valid(user.address):  # an unusual login, or an address typed in the admin
        raise SenderRefused
    return build.message_id(user.address.rpartition("@")[2], unique)


# --- its files ---


def needs_server(draft: Draft, content: Content) -> bool:
    """Return whether any part or file of the content is still on the mail server."""
    if content.origin is not None:
        return True
    return any(not row.spool for row in files.named(draft, content.files))


def collect(
    imap: Connection | None, draft: Draft, content: Content, *, is_lenient: bool = False
) -> Enclosed:
    """Return the content of all files of a message that is being written: kept parts of the
    answered message, its images that the text shows, and the draft's own files. Runs one command if
    there are such parts, and one for each; a connection is only needed if `needs_server`. Missing
    images are left out, and `lay_out` reports them.

    Raises PartNotFound, MessageNotFound, FolderChanged if a kept part is gone (unless
    ``is_lenient``), and TooLarge.
    """
    allowance = _Allowance(settings.MESSAGE_LIMIT)
    collected = _Collected()
    if content.origin and imap:
        try:
            for key, attachment in _of_origin(imap, content.origin, content, allowance):
                collected.add(key, attachment)
        except (NotFound, FolderChanged):
            if content.keep and not is_lenient:
                raise
    for row in files.named(draft, content.files):
        about = files.about(row)
        try:
            with files.open_(files.fetch(imap, row) if imap else row) as stream:
                data = allowance.take(stream.read())
        except PartNotFound:
            if not row.is_inline:
                raise
            continue  # an image: `lay_out` reports that it is missing
        collected.add(str(row.pk), OutgoingFile(about.name, about.media_type, data, about.cid))
    return Enclosed(tuple(collected.attachments), collected.places)


def references(imap: Connection, content: Content) -> tuple[str, ...]:
    """Return the References of a reply (RFC 5322 section 3.6.4), oldest first. A draft of another
    program keeps its own. A new or forwarded message, and one whose origin is gone, has none. One
    command at most."""
    if content.origin is None or content.kind in ("new", *FORWARDS):
        return ()
    try:
        fetched, raw = fetch.opened(imap, content.origin)
    except (NotFound, FolderChanged):
        return ()
    origin = headers.parse(raw)
    message_ids = origin.get("References") or origin.get("In-Reply-To")
    if content.kind != "edit":
        message_ids = f"{message_ids} {origin.get('Message-ID')}"
    elif DRAFT not in fetched.flags:
        message_ids = ""
    return build.message_ids(message_ids)[-MOST_REFERENCES:]


class _Allowance:
    """The number of bytes that are left for files."""

    def __init__(self, limit: int) -> None:
        self.limit = self.left = limit

    def take(self, data: bytes) -> bytes:
        """Return ``data`` if there is room for it. Raises TooLarge."""
        self.left -= build.encoded_size(len(data))
        if self.left < 0:
            raise TooLarge(limit=self.limit)
        return data


class _Collected:
    """Attachments, with the index of each by its key."""

    def __init__(self) -> None:
        self.attachments: list[OutgoingFile] = []
        self.places: dict[str, int] = {}

    def add(self, key: str, attachment: OutgoingFile) -> None:
        self.places[key] = len(self.attachments)
        self.attachments.append(attachment)


def _of_origin(
    imap: Connection, origin: MessageRef, content: Content, allowance: _Allowance
) -> Iterator[tuple[str, OutgoingFile]]:
    shown = images.parts(origin, content.html) if content.is_html else ()
    if content.kind == "attached" and WHOLE in content.keep:
        yield WHOLE, _whole(imap, origin, allowance)
    numbers = [number for number in content.keep if number != WHOLE]
    if not numbers and not shown:
        return
    parts = {part.number: part for part in fetch.structure(imap, origin).walk()}
    for number in numbers:
        part = parts.get(number) or reading.find_part(imap, origin, number)
        yield f"keep {number}", _read(imap, origin, part, allowance)
    for number in shown:
        with suppress(NotFound):
            part = parts.get(number) or _held(imap, origin, number)
            if part.media_type.startswith("image/"):
                read = _read(imap, origin, part, allowance)
                yield images.part_address(origin, number), replace(read, cid="-")


def _held(imap: Connection, origin: MessageRef, number: str) -> Part:
    """Return a part inside a container, without a command for a number that cannot be one. Raises
    PartNotFound."""
    if not containers.is_held(number):
        raise PartNotFound
    return reading.find_part(imap, origin, number)


def _read(imap: Connection, origin: MessageRef, part: Part, allowance: _Allowance) -> OutgoingFile:
    data = allowance.take(reading.content(imap, origin, part, limit=max(0, allowance.left)))
    media_type = part.media_type if part.media_type not in MESSAGE_TYPES else "message/rfc822"
    return OutgoingFile(file_name(part), media_type, data)


def _whole(imap: Connection, origin: MessageRef, allowance: _Allowance) -> OutgoingFile:
    data, truncated = fetch.part_bytes(imap, origin, "", max(0, allowance.left))
    if truncated:
        raise TooLarge(limit=allowance.limit)
    subject = headers.safe_name(headers.parse(data).get("Subject"))[:80].strip(" ._")
    name = f"{subject or gettext('message')}.eml"
    return OutgoingFile(name, "message/rfc822", allowance.take(data))


# --- images in the text ---


class _Page:
    """The images of a text that is being laid out. Each gets one Content-ID, however often it is
    shown."""

    def __init__(self, enclosed: Enclosed, message_id: str) -> None:
        self._enclosed = enclosed
        self._message_id = message_id
        self._used: set[int] = set()
        self.inline: dict[str, OutgoingFile] = {}
        self.missing: dict[str, str] = {}

    def image(self, address: str, words: str) -> str | None:
        """Return the address of an image of the editor in the message that leaves."""
        key = images.upload(address) or address
        image = self._find(key)
        if image is None:
            if images.is_ours(address):
                self.missing[address] = words
            return None
        placed = self.inline.setdefault(key, replace(image, cid=self._cid(key)))
        return f"cid:{placed.cid}"

    def rest(self, *, is_html: bool) -> Iterator[OutgoingFile]:
        """Yield the files that are not images in the text. An image that the text no longer shows
        is left out; in plain text all files are attachments."""
        for place, attachment in enumerate(self._enclosed.attachments):
            if place in self._used or (is_html and attachment.cid):
                continue
            if not is_html and attachment.cid == "-":  # of the quote, which plain text lacks
                continue
            yield replace(attachment, cid="")

    def _find(self, address: str) -> OutgoingFile | None:
        place = self._enclosed.places.get(address)
        if place is not None:
            attachment = self._enclosed.attachments[place]
            if not attachment.media_type.startswith("image/"):
                return None
            self._used.add(place)
            return attachment
        if address.startswith("cid:"):
            return self._called(address[4:])
        return _from_data(address)

    def _called(self, cid: str) -> OutgoingFile | None:
        for place, attachment in enumerate(self._enclosed.attachments):
            if attachment.cid == cid:
                self._used.add(place)
                return attachment
        return None

    def _cid(self, address: str) -> str:
        seed = f"{self._message_id} {address}".encode()
        domain = self._message_id.strip("<>").rpartition("@")[2]
        return f"{hashlib.sha256(seed).hexdigest()[:24]}@{domain}"


def _from_data(address: str) -> OutgoingFile | None:
    """Return a small image whose data is in the text, as in signatures."""
    match = _DATA.match(address)
    if match is None:
        return None
    try:
        data = base64.b64decode(match[2])
    except binascii.Error:
        return None
    return OutgoingFile(f"image.{_ENDINGS[match[1]]}", match[1], data)
