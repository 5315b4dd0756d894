"""The conversation around an open message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from webmail.avatars import hue
from webmail.dates import when
from webmail.imap.values import SEEN, MessageRef
from webmail.mailbox.summaries import Summary
from webmail.mime.addresses import Address
from webmail.presentation.links import message_url
from webmail.presentation.reader import MessageView
from webmail.presentation.words import initials


@dataclass(frozen=True)
class TalkMessage:
    """One other message of the conversation: a line that leads to it, or ``opened`` in its place.
    ``is_own``: from the folder of sent mail.
    """

    url: str
    reply_url: str
    name: str
    initials: str
    hue: int
    when: str
    when_iso: str
    attachment: bool
    unread: bool
    is_own: bool
    opened: MessageView | None


@dataclass(frozen=True)
class Conversation:
    """The messages before the open one and after it. ``is_whole``: own answers were looked for."""

    words: str
    is_whole: bool
    before: tuple[TalkMessage, ...]
    after: tuple[TalkMessage, ...]


def talk(
    rows: Sequence[Summary],
    ref: MessageRef,
    *,
    opened: Mapping[MessageRef, MessageView],
    sent: str,
    is_whole: bool,
) -> Conversation | None:
    """Of messages in their order, the open one among them; None when there is no other."""
    place = next((place for place, row in enumerate(rows) if row.ref == ref), len(rows))
    before, after = rows[:place], rows[place + 1 :]
    if not (before or after):
        return None
    count = len(before) + len(after) + 1
    words = ngettext(
        "Conversation of %(count)s message.", "Conversation of %(count)s messages.", count
    )
    return Conversation(
        words=words % {"count": count},
        is_whole=is_whole,
        before=_messages(before, opened, sent),
        after=_messages(after, opened, sent),
    )


def _messages(
    rows: Iterable[Summary], opened: Mapping[MessageRef, MessageView], sent: str
) -> tuple[TalkMessage, ...]:
    return tuple(_message(row, opened.get(row.ref), is_own=row.ref.folder == sent) for row in rows)


def _message(row: Summary, opened: MessageView | None, *, is_own: bool) -> TalkMessage:
    unknown = Address(gettext("(unknown sender)"), "")
    sender = next((person for person in row.from_ if person.shown), unknown)
    moment = row.received or row.sent
    return TalkMessage(
        url=message_url(row.ref) + ("" if is_own else "?threads=1"),
        reply_url=message_url(row.ref, "reply"),
        name=sender.shown,
        initials=initials(sender),
        hue=hue(sender.address),
        when=when(moment, full=True),
        when_iso=moment.isoformat() if moment else "",
        attachment=row.attachment,
        unread=SEEN not in row.flags,
        is_own=is_own,
        opened=opened,
    )
