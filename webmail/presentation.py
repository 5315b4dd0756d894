"""What templates show of mail: values with dates, sizes and names already put into words.

Formatting happens here once per row, not in template filters: a list page has fifty of them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from babel.numbers import format_decimal
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, pgettext

from webmail.converters import CONTROLS
from webmail.dates import day_label, when, when_long
from webmail.imap.values import (
    ANSWERED,
    DRAFT,
    FLAGGED,
    FORWARDED,
    SEEN,
    Fetched,
    MessageRef,
)
from webmail.mailbox.folders import FolderNode
from webmail.mailbox.letters import Letter
from webmail.mailbox.listing import Page
from webmail.mailbox.reading import Opened
from webmail.mime import headers, text
from webmail.mime.addresses import Address
from webmail.mime.authentication import Verdicts
from webmail.mime.build import decoded_size
from webmail.mime.damage import Damage
from webmail.mime.envelope import Envelope
from webmail.mime.html import SafeHtml
from webmail.mime.report import Outcome
from webmail.mime.structure import MESSAGE_TYPES, Part, Protection, Shown, choose

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
# What follows the name that is given to a part without one.
ENDINGS = {
    "text/plain": "txt",
    "text/html": "html",
    "text/csv": "csv",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/directory": "vcf",
    "text/markdown": "md",
    "text/rtf": "rtf",
    "application/rtf": "rtf",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "image/jpeg": "jpg",
    "image/pjpeg": "jpg",
    "image/svg+xml": "svg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "video/quicktime": "mov",
}
# Attachments drawn small on their cards: what the image reader knows, and not too much of it.
DRAWN = {
    *("image/jpeg", "image/jpg", "image/pjpeg", "image/png", "image/gif", "image/webp"),
    *("image/bmp", "image/x-bmp", "image/x-ms-bmp", "image/tiff"),
}
THUMBNAIL_LIMIT = 10_000_000
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


ZOOMS = (100, 125, 150, 200)
"""Sizes that a message is shown at, in percent of its own."""


def zoom(asked: str) -> int:
    """A size that was asked for in an address; 100 for any other."""
    return next((size for size in ZOOMS if str(size) == asked), ZOOMS[0])


@dataclass(frozen=True)
class ZoomStep:
    """One size of the open message: the reader's address with it."""

    percent: int
    url: str


def zoom_steps(url: str, *, as_text: bool) -> tuple[ZoomStep, ...]:
    """The sizes that an open message can be shown at. ``url`` is its own, without a query."""
    kept = ["view=text"] if as_text else []
    queries = [kept if percent == ZOOMS[0] else [*kept, f"zoom={percent}"] for percent in ZOOMS]
    return tuple(
        ZoomStep(percent, f"{url}?{'&'.join(query)}" if query else url)
        for percent, query in zip(ZOOMS, queries, strict=True)
    )


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
    """A file as its card shows it. ``view_url`` and ``url``, the download, are "" for one that
    can't be opened here: ``locked`` by a password, or too deep in others."""

    number: str
    name: str
    kind: str
    kind_class: str
    size: str
    url: str
    view_url: str
    thumb_url: str = ""
    locked: bool = False


def attachment_card(ref: MessageRef, part: Part) -> AttachmentCard:
    name = file_name(part)
    kind, kind_class = kind_of(name)
    octets = decoded_size(part.size) if part.encoding == "base64" else part.size
    drawn = kind_class == "k-img" and part.media_type in DRAWN and octets <= THUMBNAIL_LIMIT
    return AttachmentCard(
        number=part.number,
        name=name,
        kind=kind,
        kind_class=kind_class,
        size=size(octets),
        url=message_url(ref, "part", part.number),
        view_url=message_url(ref, "view", part.number),
        thumb_url=message_url(ref, "view_thumb", part.number) if drawn else "",
    )


def kind_of(name: str) -> tuple[str, str]:
    """What stands on a file's card, by the ending of its name: ``("PDF", "k-pdf")``."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return ending[:4].upper() or "…", CLASS_OF_KIND.get(ending, "k-any")


def file_name(part: Part) -> str:
    """The name of an attachment, also of one that brought none."""
    return part.file_name or _unnamed(part)


def zip_name(subject: str) -> str:
    """What all attachments of a message are saved as."""
    return _short(subject, gettext("attachments")) + ".zip"


def _short(subject: str, otherwise: str) -> str:
    """A subject as the stem of a file's name."""
    return headers.safe_name(subject)[:80].strip(" .") or otherwise


def _unnamed(part: Part) -> str:
    """A name for a part that brought none, by what it is."""
    if part.media_type in MESSAGE_TYPES:
        subject = part.envelope.subject if part.envelope else ""
        return _short(subject, gettext("message")) + ".eml"
    named = _named_by_type(part.media_type)
    if named:
        return named
    ending = ENDINGS.get(part.media_type, "")
    if not ending and part.media_type.startswith(("image/", "audio/", "video/")):
        ending = part.media_type.rpartition("/")[2].removeprefix("x-")
    number = gettext("attachment %(number)s") % {"number": part.number}
    return headers.safe_name(f"{number}.{ending}" if ending else number)


def _named_by_type(media_type: str) -> str:
    """What mail programs never give a name, since it is the only one of its kind; "" for others."""
    words = {
        "text/calendar": (gettext("invitation"), ".ics"),
        "message/delivery-status": (gettext("delivery report"), ".txt"),
        "message/global-delivery-status": (gettext("delivery report"), ".txt"),
        "message/disposition-notification": (gettext("read receipt"), ".txt"),
        "message/global-disposition-notification": (gettext("read receipt"), ".txt"),
        "message/feedback-report": (gettext("abuse report"), ".txt"),
        "text/rfc822-headers": (gettext("headers of the message"), ".txt"),
        "message/global-headers": (gettext("headers of the message"), ".txt"),
        "application/pgp-signature": (gettext("signature"), ".asc"),
        "application/pgp-keys": (gettext("PGP key"), ".asc"),
        "application/pkcs7-signature": ("smime", ".p7s"),
        "application/x-pkcs7-signature": ("smime", ".p7s"),
        "application/pkcs7-mime": ("smime", ".p7m"),
        "application/x-pkcs7-mime": ("smime", ".p7m"),
        "application/ms-tnef": ("winmail", ".dat"),
    }
    return "".join(words.get(media_type, ()))


@dataclass(frozen=True)
class ImagesBar:
    """What is said of the images from elsewhere: how many are not loaded, or are; how many trackers
    never will be. ``author``: whose images may be shown always; ``chosen``: they are, by the
    reader's choice."""

    url: str
    blocked: int
    loaded: int
    trackers: int
    once: bool
    always: bool
    chosen: bool
    author: str


def images_bar(
    ref: MessageRef, safe: SafeHtml, *, once: bool, always: bool, chosen: bool, author: str
) -> ImagesBar | None:
    """None for a message that loads nothing from elsewhere."""
    if not (safe.remote or safe.trackers):
        return None
    are_shown = once or always
    return ImagesBar(
        url=message_url(ref, "images"),
        blocked=0 if are_shown else len(safe.remote),
        loaded=len(safe.remote) if are_shown else 0,
        trackers=safe.trackers,
        once=once,
        always=always,
        chosen=chosen,
        author=author,
    )


@dataclass(frozen=True)
class Caution:
    """Something that a reader should know of who wrote. ``level``: as of a banner."""

    level: str
    title: str
    text: str


_ADDRESS = re.compile(r"[\w.+'-]{1,64}@(?:[\w-]{1,63}\.){1,10}\w{2,63}")


def cautions(envelope: Envelope, domains: Collection[str], *, refused: bool) -> tuple[Caution, ...]:
    """What does not fit together in who wrote. ``domains`` are the authority's; ``refused``: the
    sender's domain disowns the message."""
    found = []
    sender = envelope.from_[0] if envelope.from_ else Address("", "")
    if refused:
        domain = {"domain": sender.address.rpartition("@")[2]}
        found.append(
            Caution(
                "bad",
                gettext("The sender may be forged."),
                gettext(
                    "The mail server could not confirm that this message comes from %(domain)s."
                )
                % domain,
            )
        )
    named = _ADDRESS.search(sender.name)
    if named and named[0].casefold() != sender.address.casefold():
        found.append(
            Caution(
                "warn",
                gettext("The sender’s name is another address."),
                gettext("It says %(named)s, but the message was sent from %(address)s.")
                % {"named": named[0], "address": sender.address or gettext("no address")},
            )
        )
    elsewhere = [one.address for one in envelope.reply_to if _leads_away(one, sender, domains)]
    if elsewhere:
        found.append(
            Caution(
                "warn",
                gettext("A reply would go elsewhere."),
                gettext("The sender asks for replies to %(addresses)s, which is another domain.")
                % {"addresses": ", ".join(elsewhere[:3])},
            )
        )
    return tuple(found)


def _leads_away(reply_to: Address, sender: Address, domains: Collection[str]) -> bool:
    theirs, own = _domain(reply_to.address), _domain(sender.address)
    if not theirs or not own or {theirs, own} <= set(domains):
        return False
    return not (f".{theirs}".endswith(f".{own}") or f".{own}".endswith(f".{theirs}"))


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower().rstrip(".") if "@" in address else ""


def damage_words(damage: Iterable[Damage]) -> list[str]:
    """Why what is shown may not be all, or not right."""
    words = {
        Damage.BOUNDARY: gettext("Its parts cannot be told apart."),
        Damage.NOT_CLOSED: gettext("Its end is missing."),
        Damage.TOO_DEEP: gettext("Its parts are nested too deeply."),
        Damage.TOO_MANY_PARTS: gettext("It has too many parts."),
        Damage.ENCODING: gettext("Its encoding has errors."),
        Damage.CHARSET: gettext("Some of its characters are lost."),
        Damage.CONTAINER: gettext("A file in it could not be opened."),
    }
    return [text for kind, text in words.items() if kind in set(damage)]


def protection_words(protection: Protection) -> str:
    """How the message is signed or encrypted; "" when it is neither."""
    return {
        Protection.SMIME_SIGNED: gettext("Signed with S/MIME. The signature is not checked here."),
        Protection.PGP_SIGNED: gettext("Signed with PGP. The signature is not checked here."),
        Protection.SMIME_ENCRYPTED: gettext("Encrypted with S/MIME."),
        Protection.PGP_ENCRYPTED: gettext("Encrypted with PGP."),
    }.get(protection, "")


@dataclass(frozen=True)
class OutcomeLine:
    """What became of a message for one recipient, of a delivery report."""

    text: str
    reason: str
    failed: bool


def outcome_line(outcome: Outcome) -> OutcomeLine:
    words = {
        "failed": gettext("Not delivered to %(recipient)s."),
        "delayed": gettext("Not delivered to %(recipient)s yet: the server goes on trying."),
        "delivered": gettext("Delivered to %(recipient)s."),
        "relayed": gettext("Handed on for %(recipient)s."),
        "expanded": gettext("Delivered to the list %(recipient)s."),
        "displayed": gettext("Opened by %(recipient)s."),
        "deleted": gettext("Deleted by %(recipient)s."),
    }.get(outcome.action, gettext("%(recipient)s: %(action)s."))
    text = words % {"recipient": outcome.recipient, "action": outcome.action}
    return OutcomeLine(text, f"{outcome.status} {outcome.reason}".strip(), outcome.is_permanent)


@dataclass(frozen=True)
class NestedLine:
    """A message inside another, before it is fetched: its head below the text. ``letter_url``
    gives the rest; ``open``: as soon as it comes into sight."""

    number: str
    subject: str
    sender: str
    when: str
    size: str
    view_url: str
    letter_url: str
    open: bool


MOST_NESTED = 100
"""Messages inside a message that are shown below its text; a digest has some dozens."""


def nested_lines(ref: MessageRef, shown: Shown) -> tuple[NestedLine, ...]:
    """The messages in a message, closed, but for a single one that its author did not call an
    attachment and that is not what a report is about."""
    found = [part for part in shown.attachments if part.media_type in MESSAGE_TYPES][:MOST_NESTED]
    opens = len(found) == 1 and bool(shown.messages) and not shown.reports
    return tuple(
        nested_line(
            part,
            view_url=message_url(ref, "view", part.number),
            letter_url=message_url(ref, "view_letter", part.number),
            opens=opens,
        )
        for part in found
    )


def nested_line(part: Part, *, view_url: str, letter_url: str, opens: bool = False) -> NestedLine:
    envelope = part.envelope or Envelope()
    known = bool(envelope.from_ or envelope.subject or envelope.date)
    return NestedLine(
        number=part.number,
        subject=subject_of(envelope.subject) if known else file_name(part),
        sender=_people(envelope.from_),
        when=when_long(envelope.date) if envelope.date else "",
        size=size(part.size),
        view_url=view_url,
        letter_url=letter_url,
        open=opens,
    )


@dataclass(frozen=True)
class NestedLetter:
    """A message inside another, as it is shown within it. ``text_html`` or ``frame_url`` is what it
    says; ``files`` what it brings, ``nested`` the messages in it."""

    subject: str
    sender: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    date_long: str
    files: tuple[AttachmentCard, ...]
    nested: tuple[NestedLine, ...]
    images: ImagesBar | None
    outcomes: tuple[OutcomeLine, ...]
    protection: str
    encrypted: bool
    text_html: str
    frame_url: str
    designed: bool
    truncated: bool
    simplified: bool
    damage: tuple[str, ...]
    download_url: str


def nested_letter(
    letter: Letter,
    *,
    files: tuple[AttachmentCard, ...],
    nested: tuple[NestedLine, ...],
    images: ImagesBar | None,
    frame_url: str,
    download_url: str,
    compose_prefix: str,
) -> NestedLetter:
    envelope, rendered = letter.envelope, letter.rendered
    return NestedLetter(
        subject=subject_of(envelope.subject),
        sender=envelope.from_,
        to=envelope.to,
        cc=envelope.cc,
        date_long=when_long(envelope.date) if envelope.date else "",
        files=files,
        nested=nested,
        images=images,
        outcomes=tuple(outcome_line(outcome) for outcome in letter.outcomes),
        protection=protection_words(letter.protection),
        encrypted=letter.protection.is_encrypted,
        text_html="" if rendered else text_html(letter.text, compose_prefix),
        frame_url=frame_url if rendered else "",
        designed=bool(rendered and rendered.html.designed),
        truncated=letter.truncated,
        simplified=bool(rendered and rendered.simplified),
        damage=tuple(damage_words(letter.damage)),
        download_url=download_url,
    )


@dataclass(frozen=True)
class OpenedMessage:
    """The open message as the reader shows it. ``text_html`` or ``frame_url`` is what it says;
    ``other_url``: the same as text, or from the text back to the HTML."""

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
    verdicts: tuple[str, ...]
    cautions: tuple[Caution, ...]
    attachments: tuple[AttachmentCard, ...]
    nested: tuple[NestedLine, ...]
    zip_url: str
    images: ImagesBar | None
    outcomes: tuple[OutcomeLine, ...]
    protection: str
    signatures: tuple[AttachmentCard, ...]
    encrypted: bool
    text_html: str
    frame_url: str
    designed: bool
    other_url: str
    truncated: bool
    simplified: bool
    damage: tuple[str, ...]
    flagged: bool
    unread: bool
    draft: bool
    source_url: str
    headers_url: str
    print_url: str
    reply_url: str
    reply_all_url: str
    forward_url: str


def opened_message(
    opened: Opened,
    *,
    domains: Collection[str],
    verdicts: Verdicts,
    images: ImagesBar | None,
    compose_prefix: str,
) -> OpenedMessage:
    """``domains`` are those of the authority's mail; ``verdicts`` its server's on the sender;
    ``compose_prefix`` comes before ``to=`` in the address of the composer."""
    fetched, envelope, rendered = opened.fetched, opened.fetched.envelope, opened.rendered
    ref = fetched.ref
    unknown = Address(gettext("(unknown sender)"), "")
    sender = next((person for person in envelope.from_ if person.shown), unknown)
    date = envelope.date or fetched.received
    reply, url = message_url(ref, "reply"), message_url(ref)
    as_text = f"{url}?view=text"
    in_print = message_url(ref, "print")
    return OpenedMessage(
        ref=ref_segment(ref),
        url=url,
        subject=subject_of(envelope.subject),
        from_name=sender.name,
        from_address=sender.address,
        initials=initials(sender),
        hue=hue(sender.address),
        external=bool(sender.address) and _domain(sender.address) not in domains,
        to=envelope.to,
        cc=envelope.cc,
        date_long=when_long(date),
        date_iso=date.isoformat() if date else "",
        verdicts=verdict_words(verdicts),
        cautions=cautions(envelope, domains, refused=verdicts.is_refused),
        attachments=tuple(attachment_card(ref, part) for part in opened.shown.attachments),
        nested=nested_lines(ref, opened.shown),
        zip_url=message_url(ref, "zip"),
        images=images,
        outcomes=tuple(outcome_line(outcome) for outcome in opened.outcomes),
        protection=protection_words(opened.protection),
        signatures=tuple(attachment_card(ref, part) for part in opened.shown.signatures),
        encrypted=opened.protection.is_encrypted,
        text_html="" if rendered else text_html(opened.text, compose_prefix),
        frame_url=message_url(ref, "message_frame") if rendered else "",
        designed=bool(rendered and rendered.html.designed),
        other_url=(as_text if rendered else url) if opened.has_html else "",
        truncated=opened.truncated,
        simplified=bool(rendered and rendered.simplified),
        damage=tuple(damage_words(opened.damage)),
        flagged=FLAGGED in fetched.flags,
        unread=False,
        draft=DRAFT in fetched.flags,
        source_url=message_url(ref, "source"),
        headers_url=message_url(ref, "headers"),
        print_url=in_print if rendered or not opened.has_html else f"{in_print}?view=text",
        reply_url=reply,
        reply_all_url=f"{reply}?all=1",
        forward_url=message_url(ref, "forward"),
    )


def verdict_words(verdicts: Verdicts) -> tuple[str, ...]:
    """A sentence for each check that the server told of (RFC 8601 section 2.7)."""
    said = (("SPF", verdicts.spf), ("DKIM", verdicts.dkim), ("DMARC", verdicts.dmarc))
    return tuple(_verdict(check, result) for check, result in said if result)


def _verdict(check: str, result: str) -> str:
    words = {
        "pass": gettext("%(check)s: passed."),
        "fail": gettext("%(check)s: failed, the sender’s domain does not vouch for this message."),
        "softfail": gettext(
            "%(check)s: doubtful, the sender’s domain does not expect mail from there."
        ),
        "neutral": gettext("%(check)s: undecided, the sender’s domain says neither yes nor no."),
        "none": gettext("%(check)s: not set up by the sender."),
        "policy": gettext("%(check)s: not accepted by the rules of our mail server."),
        "temperror": gettext("%(check)s: could not be done, a server did not answer in time."),
        "permerror": gettext("%(check)s: could not be done, the sender’s settings have an error."),
    }.get(result, gettext("%(check)s: the mail server answered “%(result)s”."))
    return words % {"check": check, "result": result}


def quote_label() -> str:
    """What stands on a folded quote."""
    return gettext("Show the quoted text")


def text_html(words: str, compose_prefix: str) -> str:
    """The text of a message as safe HTML."""
    return text.to_html(
        words,
        quote_label=quote_label(),
        cut_label=gettext("The rest of this text is not shown."),
        mailto=f"{compose_prefix}to=",
    )
