"""The content of a new message: empty, the quote of a reply, a forwarded message, or a message that
is edited again. No row is written, and nothing is marked as read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext, pgettext

from accounts.models import User
from core import clock, dates
from core.preferences import Preferences
from mail.errors import ContentTooCostly
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.values import DRAFT, MessageRef
from mail.mailbox import reading
from mail.mailbox.contents import FrameHtml, MessageContent
from mail.mailbox.reading import OpenedMessage
from mail.mime import addresses, composed, priority, quoting
from mail.mime.addresses import Address
from mail.mime.envelope import Envelope
from mail.mime.headers import Headers
from mail.mime.structure import Part
from webmail.models import Identity
from webmail.writing import cleaning, files, identities, images, making, working_hours
from webmail.writing.content import WHOLE, Content

# The types of images that the reader shows.
_IMAGES = files.IMAGES | {"image/jpg", "image/bmp"}
_EMPTY = "<div><br></div>"
# The largest number of people that a reply takes over from one field: no message may have more.
MOST_ANSWERED = 1000
# The largest number of attachments that are taken over, since each is a field of the form.
MOST_KEPT = 500
# The largest number of people of one field in the lines above a forwarded message.
MOST_QUOTED = 100


@dataclass(frozen=True)
class Begun:
    """The beginning of a message. ``parts`` are the parts of the answered message that can be
    attached; those in ``content.keep`` are attached unless the user removes them. ``warnings`` are
    sentences for the user."""

    content: Content
    parts: tuple[Part, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Writer:
    """The user who begins a message, with preferences and identities."""

    user: User
    preferences: Preferences
    identities: tuple[Identity, ...]

    @classmethod
    def of(cls, user: User, preferences: Preferences) -> Writer:
        return cls(user, preferences, identities.of(user))

    @property
    def own(self) -> frozenset[str]:
        mine = {identity.address.casefold() for identity in self.identities}
        return frozenset(mine | {self.user.address.casefold()} - {""})

    @property
    def writes_html(self) -> bool:
        return self.preferences.write_format != "plain"


@dataclass(frozen=True)
class _MessageBody:
    """The body of a message as HTML and as text. ``is_rough`` says that only the words of the quote
    are left, ``is_cut`` that only its beginning is."""

    html: str
    text: str
    is_html: bool = True
    is_rough: bool = False
    is_cut: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        if self.is_cut:
            return (gettext("The message is too long: only its beginning is quoted."),)
        return (too_costly(),) if self.is_rough else ()


def too_costly() -> str:
    """Return the warning for a text whose `cleaning` took too long."""
    return gettext(
        "Laying out this text takes too long: it is here without its formatting and its images."
    )


def new(
    writer: Writer, *, to: str = "", cc: str = "", bcc: str = "", subject: str = "", text: str = ""
) -> Begun:
    """Begin a new message, perhaps with the values of a link."""
    identity = _default(writer)
    body = _MessageBody(composed.from_text(text) if text else "", text, writer.writes_html)
    content = Content(kind="new", to=to, cc=cc, bcc=bcc, subject=subject)
    return Begun(_with_body(content, identity, _signed(body, identity, at_end=bool(text))))


def reply(
    imap: Connection,
    writer: Writer,
    ref: MessageRef,
    *,
    everyone: bool = False,
    to_list: bool = False,
) -> Begun:
    """Begin a reply to the author, to ``everyone``, or to the mailing list if the message came from
    one that accepts mail. Five commands at most (`reading.open_message`)."""
    opened = _opened(imap, writer, ref)
    envelope, fields = opened.fetched.envelope, opened.headers
    posting = quoting.list_address(fields.get("List-Post")) if to_list else ""
    to, cc = ((Address("", posting),), ()) if posting else _recipients(writer, opened, everyone)
    identity = identity_for(writer, envelope, fields)
    kind = "reply_list" if posting else "reply_all" if everyone else "reply"
    content = Content(
        kind=kind,
        to=_people(to[:MOST_ANSWERED]),
        cc=_people(cc[:MOST_ANSWERED]),
        subject=quoting.reply_subject(envelope.subject),
        origin=ref,
    )
    body = _answer_body(writer, opened, identity)
    warnings = _not_all(opened if everyone else None, to, cc)
    # If ``recipients`` says that not all were read, the user may be among the others.
    if everyone and not posting and not opened.fetched.recipients:
        warnings += _in_blind_copy(writer, envelope, fields)
    return Begun(_with_body(content, identity, body), warnings=warnings + body.warnings)


def author(imap: Connection, writer: Writer, ref: MessageRef) -> str:
    """Return the recipients of an answer to the author of a message alone. Five commands at
    most."""
    to, _cc = _recipients(writer, _opened(imap, writer, ref), False)
    return _people(to[:MOST_ANSWERED])


def _forward_subject(envelope: Envelope) -> str:
    prefix = pgettext("before the subject of a forwarded message", "Fwd")
    return quoting.forward_subject(envelope.subject, prefix)


def forward(imap: Connection, writer: Writer, ref: MessageRef) -> Begun:
    """Begin a message that quotes another one and has its attachments."""
    opened = _opened(imap, writer, ref)
    envelope = opened.fetched.envelope
    identity = identity_for(writer, envelope, opened.headers)
    quoted = _original_body(opened, ref, writer)
    head, title = _head(envelope), gettext("Forwarded message")
    body = replace(
        quoted,
        html=quoting.forwarded_html(quoted.html, head, title),
        text=quoting.forwarded(quoted.text, head, title),
    )
    parts = opened.shown.attachments[:MOST_KEPT]
    content = Content(
        kind="forward",
        subject=_forward_subject(envelope),
        origin=ref,
        keep=tuple(part.number for part in parts),
    )
    written = _with_body(content, identity, _above(body, identity))
    return Begun(written, parts, _not_all_files(opened) + body.warnings)


def forward_attached(imap: Connection, writer: Writer, ref: MessageRef) -> Begun:
    """Begin a message with another one as an attachment, directly from the server."""
    opened = reading.open_message(imap, ref, mark_seen=False, as_text=True)
    envelope = opened.fetched.envelope
    identity = identity_for(writer, envelope, opened.headers)
    content = Content(
        kind="attached",
        subject=_forward_subject(envelope),
        origin=ref,
        keep=(WHOLE,),
    )
    whole = Part(WHOLE, "message/rfc822", size=opened.fetched.size, envelope=envelope)
    body = _MessageBody("", "", writer.writes_html)
    return Begun(_with_body(content, identity, _signed(body, identity)), (whole,))


def edit(imap: Connection, writer: Writer, ref: MessageRef) -> Begun:
    """Begin with a message that is edited again: one to be sent anew, or a draft of another
    program. Bcc is only taken from a draft or the user's own message, since no other message has
    it."""
    opened = _opened(imap, writer, ref)
    envelope, fields = opened.fetched.envelope, opened.headers
    mine = identities.written_to(writer.identities, [sender.address for sender in envelope.from_])
    identity = mine or _default(writer)
    is_own = mine is not None or DRAFT in opened.fetched.flags
    parts = opened.shown.attachments[:MOST_KEPT]
    content = Content(
        kind="edit",
        to=_people(envelope.to[:MOST_ANSWERED]),
        cc=_people(envelope.cc[:MOST_ANSWERED]),
        bcc=_people(fields.addresses("Bcc")) if is_own else "",
        reply_to=_people(fields.addresses("Reply-To")) if is_own else "",
        subject=envelope.subject,
        priority="high" if priority.is_urgent(fields) else "",
        wants_receipt=bool(is_own and fields.get("Disposition-Notification-To")),
        origin=ref,
        keep=tuple(part.number for part in parts),
    )
    body = _original_body(opened, ref, writer)
    if not body.is_html and not opened.has_html:
        body = replace(body, is_html=False)
    warnings = _not_all(opened, envelope.to, envelope.cc) + _not_all_files(opened)
    warnings += body.warnings
    return Begun(_with_body(content, identity, body), parts, warnings)


def enclosed(imap: Connection, writer: Writer, ref: MessageRef, part: Part) -> Begun:
    """Begin anew with the user's own message that another message encloses, with its attachments.
    Commands as in `reading.nested`."""
    if writer.writes_html:
        opened = reading.nested(imap, ref, part)
    else:
        (opened,) = reading.nested_texts(imap, ref, (part,), 1)
    envelope = opened.envelope
    senders = [sender.address for sender in envelope.from_]
    identity = identities.written_to(writer.identities, senders) or _default(writer)
    kept = opened.shown.attachments[:MOST_KEPT]
    content = Content(
        kind="edit",
        to=_people(envelope.to[:MOST_ANSWERED]),
        cc=_people(envelope.cc[:MOST_ANSWERED]),
        subject=envelope.subject,
        origin=ref,
        keep=tuple(kept_part.number for kept_part in kept),
    )
    body = _original_body(opened, ref, writer)
    if not body.is_html and not opened.has_html:
        body = replace(body, is_html=False)
    warnings = _not_all_files(opened) + body.warnings
    return Begun(_with_body(content, identity, body), kept, warnings)


def parts(imap: Connection, origin: MessageRef, numbers: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts of a message that a draft keeps, without those that are gone. One command.
    Raises MessageNotFound, FolderChanged."""
    if WHOLE in numbers:
        fetched, _raw = fetch.opened(imap, origin)
        whole = Part(WHOLE, "message/rfc822", size=fetched.size, envelope=fetched.envelope)
        return (whole,)
    by_number = {part.number: part for part in fetch.structure(imap, origin).walk()}
    return tuple(by_number[number] for number in numbers if number in by_number)


# --- whom it goes to, and from ---


def _recipients(
    writer: Writer, opened: OpenedMessage, everyone: bool
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    envelope, fields = opened.fetched.envelope, opened.headers
    return quoting.reply_recipients(
        from_=envelope.from_,
        reply_to=envelope.reply_to,
        to=envelope.to,
        cc=envelope.cc,
        own=writer.own,
        everyone=everyone,
        followup_to=_valid(fields.addresses("Mail-Followup-To")),
        own_reply_to=_own_reply_to(writer, envelope),
    )


def _own_reply_to(writer: Writer, envelope: Envelope) -> frozenset[str]:
    """Return the user's own addresses to which replies to the message were to go. There are none
    for a message of another sender."""
    if not any(sender.address.casefold() in writer.own for sender in envelope.from_):
        return frozenset()
    read = (addresses.read_recipients(identity.reply_to).valid for identity in writer.identities)
    return frozenset(person.address for people in read for person in people)


def _valid(people: Iterable[Address]) -> tuple[Address, ...]:
    return tuple(person for person in people if addresses.is_valid(person.address))


def identity_for(writer: Writer, envelope: Envelope, fields: Headers) -> Identity | None:
    """Return the identity to which the message was written; for the user's own message the one that
    wrote it; else the default."""
    named = [*envelope.to, *envelope.cc]
    for field in ("Delivered-To", "X-Original-To", "Envelope-To"):
        named += fields.addresses(field)
    people = [person.address for person in (*envelope.from_, *named)]
    return identities.written_to(writer.identities, people) or _default(writer)


def _default(writer: Writer) -> Identity | None:
    return writer.identities[0] if writer.identities else None


def _not_all(opened: OpenedMessage | None, *fields: Sequence[Address]) -> tuple[str, ...]:
    """Return the warning if not all people of these fields are taken over, or ``opened`` does not
    have all of them."""
    is_cut = any(len(people) > MOST_ANSWERED for people in fields)
    if not is_cut and not (opened and opened.fetched.recipients):
        return ()
    return (
        gettext(
            "The message names more people than can be taken over here: only the first of them are."
        ),
    )


def _not_all_files(opened: MessageContent) -> tuple[str, ...]:
    count = len(opened.shown.attachments)
    if count <= MOST_KEPT:
        return ()
    words = gettext(
        "The message has %(count)s attachments: only the first %(most)s are taken over. As an"
        " attachment of yours, it is forwarded whole."
    )
    return (words % {"count": intcomma(count), "most": MOST_KEPT},)


def _in_blind_copy(writer: Writer, envelope: Envelope, fields: Headers) -> tuple[str, ...]:
    """Return the warning for a user who replies to all, but was not visible among them."""
    named = (*envelope.from_, *envelope.to, *envelope.cc)
    if any(person.address.casefold() in writer.own for person in named):
        return ()
    if fields.get("List-Id") or fields.get("List-Post"):
        return ()
    return (
        gettext(
            "You received this message as a blind copy: if you reply to all, they will all see"
            " that you received it."
        ),
    )


def _people(people: Sequence[Address]) -> str:
    """Return the people as they are typed into a field, without characters that no field may
    have."""
    cleaned = (
        Address(making.one_line(person.name), "".join(making.one_line(person.address).split()))
        for person in people
    )
    return ", ".join(addresses.format(person) for person in cleaned if person.address)


# --- its text ---


def _opened(imap: Connection, writer: Writer, ref: MessageRef) -> OpenedMessage:
    return reading.open_message(imap, ref, mark_seen=False, as_text=not writer.writes_html)


def _with_body(content: Content, identity: Identity | None, body: _MessageBody) -> Content:
    """Return the content with both HTML and text. Without scripts, the user continues with the
    text."""
    return replace(
        content,
        identity=identity.address if identity else "",
        is_html=body.is_html,
        html=body.html,
        text=body.text,
    )


def _original_body(
    opened: MessageContent, ref: MessageRef, writer: Writer, *, is_signed: bool = True
) -> _MessageBody:
    """Return the body of the message, cleaned. It is plain text if the message has nothing else and
    the user prefers that, or if the user always writes plain text."""
    if rendered := opened.rendered:
        source = rendered.html.body
        if rendered.simplified:  # only words, which took long enough to make
            body = _in_words(source)
        else:
            body = _quoted_body(source, _images(ref, rendered), is_signed=is_signed)
        return replace(body, is_cut=opened.truncated)
    text = opened.text if is_signed else reading.unsigned(opened.text)
    is_html = writer.writes_html and writer.preferences.write_format != "same"
    return _MessageBody(composed.from_text(text), text, is_html, is_cut=opened.truncated)


def _quoted_body(body: str, images: composed.Images, *, is_signed: bool) -> _MessageBody:
    try:
        quote = cleaning.quoted(body, images, is_signed=is_signed)
    except ContentTooCostly:
        return _in_words(body)
    return _MessageBody(quote.html, quote.text)


def _in_words(body: str) -> _MessageBody:
    quote = cleaning.rough(body)
    return _MessageBody(quote.html, quote.text, is_rough=True)


def _images(ref: MessageRef, rendered: FrameHtml) -> composed.Images:
    """Return the addresses at which the composer shows the images of the quote, by their names in
    it."""
    return {
        f"inline/{n}": images.part_address(ref, part.number)
        for n, part in enumerate(rendered.inline)
        if part and part.media_type in _IMAGES
    }


def _answer_body(writer: Writer, opened: OpenedMessage, identity: Identity | None) -> _MessageBody:
    original = _original_body(opened, opened.fetched.ref, writer, is_signed=False)
    line = working_hours.line(writer.preferences, clock.now())
    if writer.preferences.reply_quote == "none":
        return _signed(_MessageBody("", "", original.is_html), identity, line=line)
    attribution = _attribution(opened.fetched.envelope)
    quoted = replace(
        original,
        html=quoting.quote_html(original.html, attribution),
        text=quoting.quote(original.text, attribution),
    )
    if writer.preferences.reply_place == "below":
        below = replace(quoted, html=quoted.html + _EMPTY, text=quoted.text + "\n")
        return _signed(below, identity, line=line)
    if writer.preferences.signature_place == "end":
        above = _above(quoted, None, line=line)
        return _signed(above, identity, at_end=True)
    return _above(quoted, identity, line=line)


def _above(body: _MessageBody, identity: Identity | None, *, line: str = "") -> _MessageBody:
    """Put an empty line for the reply, the ``line`` and the signature above a text."""
    signature, plain = _signature(identity)
    ending = _line_html(line) + signature
    html = (_EMPTY + ending if ending else "") + _EMPTY
    text = "".join(f"\n\n{words}" for words in (line, plain) if words)
    return replace(body, html=html + body.html, text=f"{text}\n\n{body.text}")


def _signed(
    body: _MessageBody, identity: Identity | None, *, at_end: bool = False, line: str = ""
) -> _MessageBody:
    """Put the ``line`` and the signature below a text. ``at_end`` says that the text is not the
    user's own."""
    signature, plain = _signature(identity)
    if not signature and not line:
        return body
    room = _EMPTY if at_end or not body.html else ""
    text = f"{body.text.rstrip(chr(10))}\n\n{line}" if line else body.text
    if plain:
        text = f"{text.rstrip(chr(10))}\n\n-- \n{plain}"
    return replace(body, html=f"{body.html}{room}{_line_html(line)}{signature}", text=text)


def _line_html(line: str) -> str:
    """Return a line as HTML, with an empty line before it."""
    return f"{_EMPTY}<div>{escape(line)}</div>" if line else ""


def _signature(identity: Identity | None) -> tuple[str, str]:
    """Return the signature as HTML and as text, both "" if there is none."""
    html = identity.signature if identity else ""
    if not html:
        return "", ""
    return f'<div class="{composed.SIGNATURE}">{html}</div>', composed.to_text(html)


def _head(envelope: Envelope) -> list[tuple[str, str]]:
    return [
        (pgettext("sender", "From:"), _people(envelope.from_)),
        (gettext("Date:"), dates.when_long(envelope.date)),
        (pgettext("recipients", "To:"), _first_people(envelope.to)),
        (gettext("Cc:"), _first_people(envelope.cc)),
        (gettext("Subject:"), envelope.subject),
    ]


def _first_people(people: Sequence[Address]) -> str:
    return _people(people[:MOST_QUOTED]) + ", …" * (len(people) > MOST_QUOTED)


def _attribution(envelope: Envelope) -> str:
    sender = envelope.from_[0].shown if envelope.from_ else gettext("(unknown sender)")
    if envelope.date is None:
        return gettext("%(sender)s wrote:") % {"sender": sender}
    return gettext("On %(day)s at %(time)s, %(sender)s wrote:") % {
        "day": dates.day_in_full(envelope.date),
        "time": timezone.localtime(envelope.date).strftime("%H:%M"),
        "sender": sender,
    }
