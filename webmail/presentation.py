"""What templates show of mail: values with dates, sizes and names already put into words.

Formatting happens here once per row, not in template filters: a list page has fifty of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, pgettext

from webmail.converters import CONTROLS
from webmail.imap.values import ANSWERED, DRAFT, FLAGGED, FORWARDED, SEEN, Fetched, MessageRef
from webmail.mailbox.folders import FolderNode
from webmail.mailbox.listing import Page
from webmail.mailbox.reading import Opened
from webmail.mime import text
from webmail.mime.addresses import Address
from webmail.mime.build import decoded_size
from webmail.mime.structure import Part, choose

ICONS = {
    "\\Inbox": "inbox",
    "\\Drafts": "file-pen-line",
    "\\Sent": "send",
    "\\Archive": "archive",
    "\\Junk": "shield-alert",
    "\\Trash": "trash-2",
}

KINDS = {
    "k-pdf": ("pdf",),
    "k-doc": ("doc", "docx", "odt", "rtf", "txt", "md"),
    "k-img": ("png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg", "heic"),
    "k-tab": ("xls", "xlsx", "ods", "csv", "tsv"),
}
CLASS_OF_KIND = {ending: css for css, endings in KINDS.items() for ending in endings}


def special_label(use: str) -> str:
    """The name people know a special folder by; "" for an ordinary folder."""
    return {
        "\\Inbox": pgettext("folder", "Inbox"),
        "\\Drafts": pgettext("folder", "Drafts"),
        "\\Sent": pgettext("folder", "Sent"),
        "\\Archive": pgettext("folder", "Archives"),
        "\\Junk": pgettext("folder", "Junk"),
        "\\Trash": pgettext("folder", "Trash"),
    }.get(use, "")


def size(octets: int) -> str:
    """``2,4 Mo``: bytes in words of the language, a no-break space before the unit."""
    units = (pgettext("unit", "B"), pgettext("unit", "KB"), pgettext("unit", "MB"))
    value, unit = float(octets), pgettext("unit", "GB")
    for smaller in units:
        if value < 999.5:  # what would be shown as 1 000 belongs to the next unit
            unit = smaller
            break
        value /= 1000
    digits = 1 if unit not in units[:2] and value < 100 else 0
    number = format_decimal(round(value, digits), locale=get_language() or "fr", format="#,##0.#")
    return f"{number}\N{NO-BREAK SPACE}{unit}"


def when(moment: datetime | None, *, full: bool = False) -> str:
    """14:32 today; ``mar. 17:20`` within six days; ``ven. 20 nov.`` this year; else 12/05/2024."""
    if moment is None:
        return ""
    locale, local, today = get_language() or "fr", timezone.localtime(moment), timezone.localdate()
    if full:
        return format_datetime(local, "dd/MM/yyyy HH:mm", locale=locale)
    if local.date() == today:
        return local.strftime("%H:%M")
    if 0 < (today - local.date()).days < 7:
        return format_datetime(local, "EEE HH:mm", locale=locale)
    if local.year == today.year:
        return format_datetime(local, "EEE d MMM", locale=locale)
    return format_datetime(local, "dd/MM/yyyy", locale=locale)


def when_long(moment: datetime | None) -> str:
    """``mer. 25 nov. 2026, 09:58``."""
    if moment is None:
        return gettext("date unknown")
    local = timezone.localtime(moment)
    return format_datetime(local, "EEE d MMM y, HH:mm", locale=get_language() or "fr")


def day_in_full(moment: datetime) -> str:
    """``mercredi 25 novembre 2026``."""
    local = timezone.localtime(moment)
    return format_date(local, "EEEE d MMMM y", locale=get_language() or "fr")


def day_label(day: date | None) -> str:
    """The heading above messages: today, yesterday, this week's days, last week, then months."""
    if day is None:
        return gettext("Date unknown")
    locale, today = get_language() or "fr", timezone.localdate()
    age = (today - day).days
    if age <= 0:
        return gettext("Today")
    if age == 1:
        return gettext("Yesterday")
    if age <= today.weekday():
        return _capital(format_date(day, "EEEE d MMMM", locale=locale))
    if age <= today.weekday() + 7:
        return gettext("Last week")
    return _capital(format_date(day, "LLLL y", locale=locale))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def hue(address: str) -> int:
    """1 to 6, the same for the same address."""
    return zlib.crc32(address.lower().encode()) % 6 + 1


def initials(person: Address) -> str:
    words = person.name.replace("-", " ").split() or [person.address[:1]]
    words = [word for word in words if word[:1].isalnum()] or [""]
    letters = [word[:1] for word in (words[0], words[-1])]
    return "".join(letters[: 1 if len(words) == 1 else 2]).upper() or "?"


@dataclass(frozen=True)
class FolderRow:
    """One line of the folder list."""

    name: str
    label: str
    url: str
    icon: str
    special_use: str
    unseen: int
    messages: int | None
    current: bool
    usable: bool
    open: bool
    children: tuple[FolderRow, ...] = ()


@dataclass(frozen=True)
class FolderList:
    """The two halves of the folder list, and a way to find one row."""

    special: tuple[FolderRow, ...]
    own: tuple[FolderRow, ...]

    def find(self, name: str) -> FolderRow | None:
        return next((row for row in _walk((*self.special, *self.own)) if row.name == name), None)


def _walk(rows: Iterable[FolderRow]) -> Iterable[FolderRow]:
    for row in rows:
        yield row
        yield from _walk(row.children)


def _folder_url(name: str) -> str:
    """ "" for a name that no address can say: empty, or longer than any server ought to have."""
    try:
        return reverse("mail:folder", args=[name])
    except NoReverseMatch:
        return ""


def folder_row(node: FolderNode, current: str) -> FolderRow:
    folder = node.folder
    children = tuple(folder_row(child, current) for child in node.children)
    label = special_label(folder.special_use) or node.label
    url = _folder_url(folder.name) if node.usable and folder.selectable else ""
    return FolderRow(
        name=folder.name,
        label=CONTROLS.sub("\N{REPLACEMENT CHARACTER}", label),
        url=url,
        icon=ICONS.get(folder.special_use, "folder"),
        special_use=folder.special_use,
        unseen=folder.unseen or 0,
        messages=folder.messages,
        current=folder.name == current,
        usable=bool(url),
        open=any(row.current or row.open or row.unseen for row in children),
        children=children,
    )


def folder_list(tree: Iterable[FolderNode], current: str) -> FolderList:
    rows = [folder_row(node, current) for node in tree]
    return FolderList(
        special=tuple(row for row in rows if row.special_use),
        own=tuple(row for row in rows if not row.special_use),
    )


@dataclass(frozen=True)
class MessageRow:
    """One line of the message list."""

    ref: str
    uid: int
    url: str
    sender: str
    subject: str
    when: str
    when_iso: str
    size: str
    day: date | None
    unread: bool
    flagged: bool
    answered: bool
    forwarded: bool
    draft: bool
    attachment: bool
    selected: bool


@dataclass(frozen=True)
class MailPage:
    """One page of a folder."""

    label: str
    url: str
    number: int
    total: int
    unseen: int
    next_url: str
    groups: tuple[tuple[str, tuple[MessageRow, ...]], ...] = field(default=())


def ref_segment(ref: MessageRef) -> str:
    return f"{ref.uidvalidity}-{ref.uid}"


def message_url(ref: MessageRef, view: str = "message", *more: object) -> str:
    return reverse(f"mail:{view}", args=[ref.folder, ref_segment(ref), *more])


def subject_of(subject: str) -> str:
    return subject.strip() or gettext("(no subject)")


def _people(people: Iterable[Address]) -> str:
    return ", ".join(person.shown for person in people if person.shown)


def message_row(
    fetched: Fetched, *, own_mail: bool, full_dates: bool, current: MessageRef | None
) -> MessageRow:
    """``own_mail``: the folder holds what its owner wrote, so the other people are named."""
    envelope, flags = fetched.envelope, fetched.flags
    if own_mail:
        people = _people((*envelope.to, *envelope.cc)) or gettext("nobody yet")
        sender = gettext("To: %(people)s") % {"people": people}
    else:
        sender = _people(envelope.from_) or gettext("(unknown sender)")
    received = fetched.received
    return MessageRow(
        ref=ref_segment(fetched.ref),
        uid=fetched.ref.uid,
        url=message_url(fetched.ref),
        sender=sender,
        subject=subject_of(envelope.subject),
        when=when(received, full=full_dates),
        when_iso=received.isoformat() if received else "",
        size=size(fetched.size),
        day=timezone.localtime(received).date() if received else None,
        unread=SEEN not in flags,
        flagged=FLAGGED in flags,
        answered=ANSWERED in flags,
        forwarded=FORWARDED in flags,
        draft=DRAFT in flags,
        attachment=bool(choose(fetched.structure).attachments),
        selected=fetched.ref == current,
    )


def mail_page(
    page: Page,
    *,
    label: str,
    unseen: int,
    special_use: str,
    full_dates: bool,
    current: MessageRef | None = None,
) -> MailPage:
    own_mail = special_use in {"\\Sent", "\\Drafts"}
    rows = [
        message_row(fetched, own_mail=own_mail, full_dates=full_dates, current=current)
        for fetched in page.rows
    ]
    url = reverse("mail:folder", args=[page.folder])
    following = (
        f"{url}?page={page.number + 1}&after={rows[-1].uid}" if page.has_next and rows else ""
    )
    return MailPage(
        label=label,
        url=url,
        number=page.number,
        total=page.exists,
        unseen=unseen,
        next_url=following,
        groups=tuple(
            (heading, tuple(group))
            for heading, group in groupby(rows, key=lambda row: day_label(row.day))
        ),
    )


@dataclass(frozen=True)
class AttachmentCard:
    """An attachment as its card shows it."""

    number: str
    name: str
    kind: str
    kind_class: str
    size: str
    url: str


def attachment_card(ref: MessageRef, part: Part) -> AttachmentCard:
    name = part.file_name or _unnamed(part)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    octets = decoded_size(part.size) if part.encoding == "base64" else part.size
    return AttachmentCard(
        number=part.number,
        name=name,
        kind=ending[:4].upper() or "…",
        kind_class=CLASS_OF_KIND.get(ending, "k-any"),
        size=size(octets),
        url=message_url(ref, "part", part.number),
    )


def _unnamed(part: Part) -> str:
    """A name for a part that brought none, by its type."""
    if part.media_type == "message/rfc822":
        return gettext("message") + ".eml"
    ending = {"text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics"}.get(
        part.media_type,
        "." + part.media_type.rpartition("/")[2] if part.media_type.startswith("image/") else "",
    )
    return gettext("attachment %(number)s") % {"number": part.number} + ending


@dataclass(frozen=True)
class OpenedMessage:
    """The open message as the reader shows it."""

    ref: str
    url: str
    subject: str
    from_name: str
    from_address: str
    initials: str
    hue: int
    external: bool
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    date_long: str
    date_iso: str
    attachments: tuple[AttachmentCard, ...]
    text_html: str
    frame_url: str
    truncated: bool
    damaged: bool
    flagged: bool
    unread: bool
    draft: bool
    source_url: str
    reply_url: str
    reply_all_url: str
    forward_url: str


def opened_message(opened: Opened, *, own_domain: str) -> OpenedMessage:
    fetched, envelope = opened.fetched, opened.fetched.envelope
    ref = fetched.ref
    unknown = Address(gettext("(unknown sender)"), "")
    sender = next((person for person in envelope.from_ if person.shown), unknown)
    date = envelope.date or fetched.received
    reply = message_url(ref, "reply")
    return OpenedMessage(
        ref=ref_segment(ref),
        url=message_url(ref),
        subject=subject_of(envelope.subject),
        from_name=sender.name,
        from_address=sender.address,
        initials=initials(sender),
        hue=hue(sender.address),
        external=bool(sender.address) and not _belongs(sender.address, own_domain),
        to=envelope.to,
        cc=envelope.cc,
        date_long=when_long(date),
        date_iso=date.isoformat() if date else "",
        attachments=tuple(attachment_card(ref, part) for part in opened.shown.attachments),
        text_html="" if opened.has_html else _text_html(opened.text),
        frame_url=message_url(ref, "message_frame") if opened.has_html else "",
        truncated=opened.text_truncated,
        damaged=opened.damaged,
        flagged=FLAGGED in fetched.flags,
        unread=False,
        draft=DRAFT in fetched.flags,
        source_url=message_url(ref, "source"),
        reply_url=reply,
        reply_all_url=f"{reply}?all=1",
        forward_url=message_url(ref, "forward"),
    )


def _text_html(words: str) -> str:
    return text.to_html(words, quote_label=gettext("Show the quoted text"))


def _belongs(address: str, domain: str) -> bool:
    return address.rpartition("@")[2].lower() == domain
