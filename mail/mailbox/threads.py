"""Conversations: the messages of a folder that belong together.

The server is asked once (THREAD, RFC 5256), and the answer is then brought up to date: a new
message is added to those that it answers, which one search finds. Without THREAD, the newest
messages are grouped here by the same header fields. Messages that arrived before the one that they
answer, or that only share a subject, are found when the server is next asked.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mail.errors import BadServerAnswer, ServerRefused, ServerUnavailable, ThreadsTooSlow
from mail.imap import fetch, search, uid_sets
from mail.imap.connection import Connection
from mail.imap.search import Criterion
from mail.imap.values import (
    DELETED,
    FLAGGED,
    SEEN,
    MessageLinks,
    MessageMarks,
    MessageRef,
    Selected,
)
from mail.mailbox import summaries
from mail.mailbox.memory import Memory
from mail.mailbox.ordering import imap_date
from mail.mailbox.summaries import MessageSummary

THREADS_NEWEST = "threads_newest"
# Seconds for THREAD: the first one in a large folder reads every header.
SECONDS_TO_THREAD = 15.0
# On a server without THREAD: the number of newest messages that are grouped here, and the seconds
# for it.
MOST_THREADED_HERE = 5_000
_AT_ONCE = 500
# Arrivals that are added to the messages that they answer; with more, all is threaded again.
MOST_JOINED = 10
# References of a message that are searched for: the origin and the last ones.
_MOST_ANSWERED = 5
# Of each conversation, the number of newest messages whose flags are fetched, and of those shown in
# the list.
MOST_ASKED = 100
MOST_LISTED = 12
# In an open conversation: the number of messages, the number of those whose answers in Sent are
# searched for, and the seconds for it.
MOST_OPENED = 50
MOST_SEARCHED = 12
SECONDS_TO_SEARCH = 5.0
_KIND = "threads"

Thread = tuple[int, ...]


@dataclass(frozen=True)
class Threads:
    """The conversations of a folder, newest message first, each as its UIDs, lowest first.
    ``notes`` are remarks on how they were found.
    """

    all: tuple[Thread, ...]
    notes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Conversation:
    """One conversation in the list. ``count`` is the number of its messages; ``rows`` are the last
    ones that arrived, by date. A message that was moved in, or back, may be older than those before
    it.
    """

    count: int
    unread: bool
    flagged: bool
    rows: tuple[MessageSummary, ...]

    @property
    def newest(self) -> MessageSummary:
        return self.rows[-1]

    @property
    def last(self) -> MessageRef:
        """The message that arrived last, which stands for all messages that a list showed (see
        `whole`).
        """
        return max((row.ref for row in self.rows), key=lambda ref: ref.uid)


def threads_of(imap: Connection, selected: Selected, memory: Memory) -> Threads:
    """Return the conversations of the open folder. Sends one command when nothing has changed.

    Raises ThreadsTooSlow, after which the connection has ended.
    """
    name = json.dumps([selected.folder, selected.uidvalidity])
    packed = memory.get(_KIND, name)
    remembered = _RememberedThreads.unpacked(packed) if packed else None
    current = _up_to_date(imap, remembered) if remembered else None
    if current is None:
        current = _anew(imap)
    if current != remembered:
        memory.put(_KIND, name, current.packed())
    is_part = not _can_thread(imap) and current.exists > MOST_THREADED_HERE
    return Threads(current.threads, frozenset({THREADS_NEWEST} if is_part else ()))


def containing(threads: Iterable[Thread], uid: int) -> Thread:
    """Return the conversation of a message; the message alone when none is known."""
    return next((thread for thread in threads if uid in thread), (uid,))


def whole(imap: Connection, refs: Iterable[MessageRef], memory: Memory) -> tuple[MessageRef, ...]:
    """Return the messages of the conversations of ``refs``, each of which is the newest message
    that a list showed. Later messages are left out, since the user has not seen them.
    """
    messages: set[MessageRef] = set()
    for ref in refs:
        threads = threads_of(imap, imap.require(ref), memory)
        uids = containing(threads.all, ref.uid)
        messages.update(
            MessageRef(ref.folder, ref.uidvalidity, uid) for uid in uids if uid <= ref.uid
        )
    return tuple(sorted(messages))


# --- in the list ---


def gathered(
    imap: Connection, selected: Selected, threads: Sequence[Thread]
) -> tuple[Conversation, ...]:
    """Return these conversations as a list shows them, without those that are gone or marked as
    deleted. Sends two commands, one when their rows are known.
    """
    uids = [uid for thread in threads for uid in thread[-MOST_ASKED:]]
    marks = {mark.uid: mark for mark in fetch.marks(imap, uids) if DELETED not in mark.flags}
    there = [[marks[uid] for uid in thread if uid in marks] for thread in threads]
    listed = [mark for members in there for mark in members[-MOST_LISTED:]]
    rows = {row.ref.uid: row for row in summaries.summaries_of(imap, selected, listed)}
    return tuple(
        conversation
        for thread, members in zip(threads, there, strict=True)
        if (conversation := _conversation(thread, members, rows))
    )


def _conversation(
    thread: Thread, members: Sequence[MessageMarks], rows: Mapping[int, MessageSummary]
) -> Conversation | None:
    shown = tuple(rows[mark.uid] for mark in members[-MOST_LISTED:] if mark.uid in rows)
    if not shown:
        return None
    return Conversation(
        count=len(members) + max(0, len(thread) - MOST_ASKED),
        unread=any(SEEN not in mark.flags for mark in members),
        flagged=any(FLAGGED in mark.flags for mark in members),
        rows=in_order(shown),
    )


# --- opened ---


@dataclass(frozen=True)
class ConversationMembers:
    """The messages of a conversation that are in one folder, by arrival. ``count`` is the number of
    all of them, as in the list.
    """

    rows: tuple[MessageSummary, ...]
    count: int


def members(imap: Connection, ref: MessageRef, memory: Memory) -> ConversationMembers:
    """Return the conversation of an opened message: fifty of its newest messages and the opened
    one. Sends three commands, two when their rows are known.
    """
    selected = imap.require(ref)
    thread = containing(threads_of(imap, selected, memory).all, ref.uid)
    uids = sorted({*thread[-MOST_OPENED:], ref.uid})
    marks = [mark for mark in fetch.marks(imap, uids) if DELETED not in mark.flags]
    rows = summaries.summaries_of(imap, selected, marks)
    return ConversationMembers(rows, len(rows) + len(thread) - len(set(thread) & set(uids)))


def answers(
    imap: Connection, rows: Sequence[MessageSummary], sent: str
) -> tuple[MessageSummary, ...]:
    """Return the user's own answers to these messages, by one search in the folder for sent mail
    among the messages sent since the first of them.

    Raises ServerUnavailable when it takes too long, after which the connection has ended.
    """
    wanted = [row.ref.uid for row in rows if row.ref.folder != sent][-MOST_SEARCHED:]
    if not wanted:
        return ()
    imap.require(rows[0].ref)
    links = fetch.links(imap, uid_sets.compressed(wanted))
    ids = tuple(link.message_id for link in links if link.message_id)
    if not ids:
        return ()
    selected = imap.select(sent)
    criteria = any_of(
        [
            (b"HEADER", name, message_id)
            for message_id in ids
            for name in (b"REFERENCES", b"IN-REPLY-TO")
        ]
    )
    with imap.within(SECONDS_TO_SEARCH):
        uids = search.matching(imap, (*_since(rows), *criteria))[-MOST_OPENED:]
    marks = [mark for mark in fetch.marks(imap, uids) if DELETED not in mark.flags]
    return summaries.summaries_of(imap, selected, marks)


def in_order(rows: Iterable[MessageSummary]) -> tuple[MessageSummary, ...]:
    """Return the messages in the order in which they were received or sent."""
    earliest = datetime.fromtimestamp(0, UTC)
    return tuple(sorted(rows, key=lambda row: row.received or row.sent or earliest))


def _since(rows: Iterable[MessageSummary]) -> tuple[Criterion, ...]:
    moments = [row.received for row in rows if row.received]
    if not moments:
        return ()
    # In the server's time zone it may have been the day before.
    day = min(moments).astimezone(UTC).date() - timedelta(days=1)
    return (f"SINCE {imap_date(day)}".encode(),)


# --- finding them ---


@dataclass(frozen=True)
class _RememberedThreads:
    """Remembered conversations: the folder had ``exists`` messages, none with a UID above
    ``last``.
    """

    threads: tuple[Thread, ...]
    exists: int
    last: int

    def packed(self) -> dict[str, Any]:
        return {
            "uids": _numbers([uid for thread in self.threads for uid in thread]),
            "sizes": _numbers([len(thread) for thread in self.threads]),
            "exists": self.exists,
            "last": self.last,
        }

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> _RememberedThreads:
        uids, threads, start = _read(packed["uids"]), [], 0
        for size in _read(packed["sizes"]):
            threads.append(tuple(uids[start : start + size]))
            start += size
        return cls(tuple(threads), packed["exists"], packed["last"])


def _numbers(numbers: Sequence[int]) -> str:
    packed = array("I", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return base64.b64encode(packed.tobytes()).decode()


def _read(packed: str) -> array[int]:
    numbers = array("I", base64.b64decode(packed))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _can_thread(imap: Connection) -> bool:
    return imap.has("THREAD=REFERENCES")


def _anew(imap: Connection) -> _RememberedThreads:
    threads = _found(imap)
    last = max((thread[-1] for thread in threads), default=0)
    return _RememberedThreads(_newest_first(threads), imap.known().exists, last)


def _found(imap: Connection) -> list[Thread]:
    """Return the conversations as the server tells them, or as they are put together here where it
    cannot, or offers to and refuses.
    """
    if _can_thread(imap):
        try:
            return _told(imap)
        except (BadServerAnswer, ServerRefused):
            imap.forego("THREAD=REFERENCES")
    return _put_together(imap)


def _newest_first(threads: Iterable[Thread]) -> tuple[Thread, ...]:
    return tuple(sorted(threads, key=lambda thread: thread[-1], reverse=True))


def _told(imap: Connection) -> list[Thread]:
    try:
        with imap.within(SECONDS_TO_THREAD):
            threads = search.threads(imap)
    except ServerUnavailable as error:
        raise ThreadsTooSlow("THREAD was not answered in time.") from error
    return [tuple(sorted(thread)) for thread in threads]


def _put_together(imap: Connection) -> list[Thread]:
    """Return the conversations by the header fields of the newest messages; each older message
    stands alone.
    """
    exists, deadline = imap.known().exists, time.monotonic() + SECONDS_TO_THREAD
    groups = _Groups()
    lowest = max(0, exists - MOST_THREADED_HERE)
    for last in range(exists, lowest, -_AT_ONCE):
        if time.monotonic() > deadline:
            raise ThreadsTooSlow("The headers of the folder were not told in time.")
        for link in fetch.links_by_sequence(imap, max(lowest, last - _AT_ONCE) + 1, last):
            groups.add(link)
    together = groups.threads()
    inside = {uid for thread in together for uid in thread}
    alone = (uid for uid in search.matching(imap, (b"ALL",)) if uid not in inside)
    return [*together, *((uid,) for uid in alone)]


class _Groups:
    """Groups messages by the identifiers that tie them together."""

    def __init__(self) -> None:
        self._above: dict[int | str, int | str] = {}
        self._uids: list[int] = []

    def add(self, link: MessageLinks) -> None:
        self._uids.append(link.uid)
        for message_id in (link.message_id, *link.answers):
            if message_id:
                self._above[self._top(message_id)] = self._top(link.uid)

    def threads(self) -> list[Thread]:
        by_top: dict[int | str, list[int]] = {}
        for uid in sorted(set(self._uids)):
            by_top.setdefault(self._top(uid), []).append(uid)
        return [tuple(uids) for uids in by_top.values()]

    def _top(self, member: int | str) -> int | str:
        path = []
        while (above := self._above.get(member, member)) != member:
            path.append(member)
            member = above
        for passed in path:
            self._above[passed] = member
        return member


def _up_to_date(imap: Connection, remembered: _RememberedThreads) -> _RememberedThreads | None:
    """Return the threads with arrivals added and removed messages left out; None when they must be
    asked for again.
    """
    newer = search.uids(imap, f"UID {remembered.last + 1}:*")
    # "n:*" matches the last message even if its UID is below n.
    arrivals = sorted(uid for uid in newer if uid > remembered.last)
    exists = imap.known().exists
    gone = remembered.exists + len(arrivals) - exists
    if gone < 0 or len(arrivals) > MOST_JOINED:
        return None
    threads: Iterable[Thread] = remembered.threads
    if gone:
        left = frozenset(search.matching(imap, (b"ALL",)))
        here = (tuple(uid for uid in thread if uid in left) for thread in threads)
        threads = [thread for thread in here if thread]
    if arrivals:
        threads = _joined(imap, tuple(threads), arrivals)
    if not (arrivals or gone):
        return remembered
    return _RememberedThreads(
        _newest_first(threads),
        exists,
        max(remembered.last, *arrivals) if arrivals else remembered.last,
    )


def _joined(
    imap: Connection, threads: Sequence[Thread], arrivals: Sequence[int]
) -> tuple[Thread, ...]:
    """Return the conversations with arrivals added to the messages that they answer. Sends three
    commands, one when they answer nothing.
    """
    links = fetch.links(imap, uid_sets.compressed(arrivals))
    groups = _Groups()
    for link in links:
        groups.add(link)
    wanted = {
        message_id
        for link in links
        for message_id in (*link.answers[:1], *link.answers[-_MOST_ANSWERED:])
    }
    place = {uid: thread for thread in threads for uid in thread} if wanted else {}
    touched: set[Thread] = set()
    if wanted:
        criteria = any_of([(b"HEADER", b"MESSAGE-ID", message_id) for message_id in sorted(wanted)])
        answered = [uid for uid in search.matching(imap, criteria) if uid in place]
        for link in fetch.links(imap, uid_sets.compressed(answered)) if answered else ():
            touched.add(place[link.uid])
            groups.add(link)
            for uid in place[link.uid]:
                groups.add(MessageLinks(uid, link.message_id, ()))
    alone = tuple((uid,) for uid in arrivals if uid not in {link.uid for link in links})
    untouched = (thread for thread in threads if thread not in touched)
    return (*untouched, *groups.threads(), *alone)


def any_of(keys: Sequence[tuple[Criterion, ...]]) -> tuple[Criterion, ...]:
    """Return ``OR a OR b c``. OR takes two keys, so they are nested evenly, because some servers
    limit the depth.
    """
    if len(keys) == 1:
        return keys[0]
    half = len(keys) // 2
    return (b"OR", *any_of(keys[:half]), *any_of(keys[half:]))
