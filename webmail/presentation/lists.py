"""The folder list and the message list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext

from webmail.converters import CONTROLS
from webmail.dates import day_label, when
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
from webmail.mailbox.listing import Page
from webmail.mime.structure import choose
from webmail.presentation.links import message_url, ref_segment
from webmail.presentation.words import names_of, size, special_label, subject_of

ICONS = {
    "\\Inbox": "inbox",
    "\\Drafts": "file-pen-line",
    "\\Sent": "send",
    "\\Archive": "archive",
    "\\Junk": "shield-alert",
    "\\Trash": "trash-2",
}


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
    folder: str = ""


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


def message_row(
    fetched: Fetched, *, own_mail: bool, full_dates: bool, current: MessageRef | None
) -> MessageRow:
    """``own_mail``: the folder holds what its owner wrote, so the other people are named."""
    envelope, flags = fetched.envelope, fetched.flags
    if own_mail:
        people = names_of((*envelope.to, *envelope.cc)) or gettext("nobody yet")
        sender = gettext("To: %(people)s") % {"people": people}
    else:
        sender = names_of(envelope.from_) or gettext("(unknown sender)")
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
