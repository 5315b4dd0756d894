"""The conversation around an open message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext

from core.avatars import hue
from core.dates import when
from mail.imap.values import SEEN, MessageRef
from mail.mailbox.summaries import MessageSummary
from mail.mime.addresses import Address
from webmail.presentation.links import message_url, ref_name, ref_segment
from webmail.presentation.reader import MessageView
from webmail.presentation.words import initials

FEWEST_TUCKED = 4
"""The folded cards for which one line stands."""


@dataclass(frozen=True)
class ConversationMessage:
    """Another message of the conversation: a folded card, or an unfolded one that shows it as
    ``opened``. ``ref`` names it in forms about the folder. ``is_own``: it comes from the folder of
    sent mail. ``begins``: it was the first unread message of the conversation. ``tucked``: its
    folded card stands with others behind one line, which comes before the first of them and says
    ``run``."""

    ref: str
    url: str
    card_url: str
    name: str
    initials: str
    hue: int
    when: str
    when_iso: str
    snippet: str
    attachment: bool
    unread: bool
    is_own: bool
    opened: MessageView | None
    begins: bool = False
    tucked: bool = False
    run: str = ""


@dataclass(frozen=True)
class Conversation:
    """The messages before the open one and after it. ``ref`` stands for all messages in the folder.
    ``is_whole``: own answers were searched for. ``begins``: the open message is the first to be
    read."""

    words: str
    ref: str
    is_whole: bool
    before: tuple[ConversationMessage, ...]
    after: tuple[ConversationMessage, ...]
    begins: bool


@dataclass(frozen=True)
class KnownConversation:
    """The known parts of a conversation: its messages in order, and the number of them in the
    folder. ``opened`` are those shown besides the open one; ``snippets`` are the beginnings of
    others."""

    rows: Sequence[MessageSummary]
    count: int
    opened: Mapping[MessageRef, MessageView]
    snippets: Mapping[MessageRef, str]
    is_whole: bool


def conversation(known: KnownConversation, ref: MessageRef, sent: str) -> Conversation | None:
    """Return the conversation around an open message; None if it is the only one."""
    rows = known.rows
    place = next((place for place, row in enumerate(rows) if row.ref == ref), len(rows))
    before, after = rows[:place], rows[place + 1 :]
    if not (before or after):
        return None
    here = [row.ref for row in rows if row.ref.folder == ref.folder]
    unread = next((row.ref for row in before if SEEN not in row.flags), ref)
    return Conversation(
        words=_words(known.count, len(rows) - len(here)),
        ref=ref_segment(max((*here, ref), key=lambda other: other.uid)),
        is_whole=known.is_whole,
        before=_tucked(
            [_message(row, known, ref, sent, begins=row.ref == unread) for row in before], kept=1
        ),
        after=_tucked([_message(row, known, ref, sent) for row in after], kept=0 if before else 1),
        begins=unread == ref,
    )


def _tucked(messages: list[ConversationMessage], kept: int) -> tuple[ConversationMessage, ...]:
    """Put the longest run of folded cards behind one line. The first ``kept`` cards stay."""
    start, run = kept, slice(kept, kept)
    for place, message in enumerate(messages):
        if message.opened:
            start = place + 1
        elif place + 1 - start > run.stop - run.start:
            run = slice(start, place + 1)
    if run.stop - run.start >= FEWEST_TUCKED:
        messages[run] = [replace(message, tucked=True) for message in messages[run]]
        messages[run.start] = replace(messages[run.start], run=_run_words(messages[run]))
    return tuple(messages)


def _run_words(messages: Sequence[ConversationMessage]) -> str:
    count = len(messages)
    words = ngettext("%(count)s message", "%(count)s messages", count) % {"count": count}
    if unread := sum(message.unread for message in messages):
        among = ngettext("%(count)s of them unread", "%(count)s of them unread", unread)
        words = f"{words}, {among % {'count': unread}}"
    return words


def _words(here: int, own: int) -> str:
    words = ngettext(
        "Conversation of %(count)s message", "Conversation of %(count)s messages", here
    ) % {"count": intcomma(here)}
    if not own:
        return f"{words}."
    answers = ngettext("%(count)s sent answer", "%(count)s sent answers", own)
    return f"{words} · {answers % {'count': intcomma(own)}}"


def _message(
    row: MessageSummary,
    known: KnownConversation,
    beside: MessageRef,
    sent: str,
    *,
    begins: bool = False,
) -> ConversationMessage:
    unknown = Address(gettext("(unknown sender)"), "")
    sender = next((person for person in row.from_ if person.shown), unknown)
    moment = row.received or row.sent
    is_own = row.ref.folder == sent != beside.folder
    unread = SEEN not in row.flags
    query = {"unread": "1"} if unread else {}
    query |= {"beside": beside.folder} if is_own else {}
    return ConversationMessage(
        ref=ref_name(row.ref, beside.folder),
        url=message_url(row.ref) + ("" if is_own else "?threads=1"),
        card_url=message_url(row.ref, "card") + (f"?{urlencode(query)}" if query else ""),
        name=sender.shown,
        initials=initials(sender),
        hue=hue(sender.address),
        when=when(moment, full=True),
        when_iso=moment.isoformat(timespec="seconds") if moment else "",
        snippet=known.snippets.get(row.ref, ""),
        attachment=row.attachment,
        unread=unread,
        is_own=is_own,
        opened=known.opened.get(row.ref),
        begins=begins,
    )
