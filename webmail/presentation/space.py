"""The space that mail takes up, in words: senders, years, the largest messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext

from core.dates import when
from mail.imap.values import FetchedMessage
from mail.mailbox import space
from mail.mailbox.space import SENDER, WeighedFolder, WeighedGroup
from mail.mime.structure import choose
from webmail.presentation.folder_list import FolderList
from webmail.presentation.links import message_url, ref_name
from webmail.presentation.words import names_of, size, subject_of

MOST_MESSAGES, MOST_SENDERS = 20, 20


@dataclass(frozen=True)
class RoomLine:
    """A sender or a year. ``share`` is its percentage of all mail that was weighed."""

    value: str
    label: str
    detail: str
    count: str
    size: str
    share: int
    search_url: str


@dataclass(frozen=True)
class Large:
    """A large message; ``files`` names its attachments."""

    ref: str
    url: str
    subject: str
    sender: str
    folder: str
    when: str
    files: str
    size: str


@dataclass(frozen=True)
class Survey:
    """The result of weighing the mail. ``unfinished`` says how many messages are not weighed yet;
    "" for none."""

    senders: tuple[RoomLine, ...]
    years: tuple[RoomLine, ...]
    messages: tuple[Large, ...]
    unfinished: str
    total: str


def survey(
    weighed: Sequence[WeighedFolder], rows: Iterable[FetchedMessage], shown: FolderList
) -> Survey:
    senders, years = (space.groups(weighed, kind) for kind in (space.SENDER, space.YEAR))
    total = sum(group.size for group in years)
    left = sum(folder.left for folder in weighed)
    words = ngettext(
        "%(count)s message is not counted yet: the mail server needs more time.",
        "%(count)s messages are not counted yet: the mail server needs more time.",
        left,
    )
    return Survey(
        senders=tuple(line(group, total) for group in senders[:MOST_SENDERS]),
        years=tuple(
            line(group, total) for group in sorted(years, key=lambda year: -int(year.value))
        ),
        messages=tuple(_large(row, shown) for row in rows),
        unfinished=words % {"count": intcomma(left)} if left else "",
        total=size(total),
    )


def line(group: WeighedGroup, total: int = 0) -> RoomLine:
    if group.kind == SENDER:
        label = group.name or group.value or gettext("(unknown sender)")
        detail = group.value if group.name else ""
    else:
        label, detail = group.value if group.value != "0" else gettext("Year unknown"), ""
    words = ngettext("%(count)s message", "%(count)s messages", group.count)
    query = search_query(group)
    return RoomLine(
        value=group.value,
        label=label,
        detail=detail,
        count=words % {"count": intcomma(group.count)},
        size=size(group.size),
        share=group.size * 100 // total if total else 0,
        search_url=f"{reverse('mail:search')}?{urlencode({'q': query})}" if query else "",
    )


def search_query(group: WeighedGroup) -> str:
    """Return the search that finds the same messages; "" if none can."""
    if group.kind == SENDER:
        return f"from:{group.value}" if group.value and " " not in group.value else ""
    return ""


def _large(row: FetchedMessage, shown: FolderList) -> Large:
    folder = shown.find(row.ref.folder)
    names = [part.file_name for part in choose(row.structure).attachments if part.file_name]
    return Large(
        ref=ref_name(row.ref, ""),
        url=message_url(row.ref),
        subject=subject_of(row.envelope.subject, is_readable=row.is_readable),
        sender=names_of(row.envelope.from_) or gettext("(unknown sender)"),
        folder=folder.label if folder else row.ref.folder,
        when=when(row.received, full=True),
        files=", ".join(names[:5]),
        size=size(row.size),
    )
