"""One page of a folder's list, in the order and with the filter that the user chose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from mail.errors import FolderChanged
from mail.imap import fetch, search
from mail.imap.connection import Connection
from mail.imap.values import MessageMarks, MessageRef, Selected
from mail.mailbox import ordering, summaries, threads, verbs
from mail.mailbox.memory import NOTHING, Memory
from mail.mailbox.ordering import View
from mail.mailbox.summaries import MessageSummary

MOST_ROWS = 200
_FIRST = View()


@dataclass(frozen=True)
class ListPlace:
    """The place in the list where its page begins. The first of these fields that can be found
    counts:

    ``after``: just below the row with this UID, even if arrivals have moved it; ``row``: the page
    that holds the row with this UID (``sequence`` is its number, if known); ``month``: the newest
    message of the month of this day, or the oldest if the oldest come first; ``at``: after this
    many rows; ``number``: the page, one-based.

    ``uidvalidity`` belongs to the folder of the UIDs. If the folder's has changed, ``row`` is not
    found, and continuing a list raises FolderChanged.
    """

    number: int = 1
    after: int | None = None
    row: int | None = None
    sequence: int | None = None
    month: date | None = None
    at: int | None = None
    uidvalidity: int | None = None


@dataclass(frozen=True)
class ListPage:
    """One page of a list.

    ``exists`` counts the messages of the folder, ``total`` those that the view shows (conversations
    in a view by conversations, each of which has a row of its newest message). ``start`` rows
    precede this page; ``number`` is one-based. ``notes`` are those of `ordering` and `threads`.
    ``modseq`` is no newer than the page; 0 if unknown (RFC 7162). ``last`` is the highest UID of
    the folder, if the view shows the whole folder by date. ``above`` and ``below`` are the messages
    next to the page, if it was asked for by a row. ``withheld`` are the verbs that the user may not
    do in the folder.
    """

    folder: str
    uidvalidity: int
    exists: int
    total: int
    start: int
    size: int
    rows: tuple[MessageSummary, ...]
    has_next: bool
    view: View = _FIRST
    notes: frozenset[str] = field(default=frozenset())
    conversations: tuple[threads.Conversation, ...] = ()
    modseq: int = 0
    last: int = 0
    above: MessageRef | None = None
    below: MessageRef | None = None
    withheld: frozenset[str] = frozenset()

    @property
    def number(self) -> int:
        return self.start // self.size + 1

    @property
    def named(self) -> tuple[MessageSummary, ...]:
        """The messages whose people the page names; of a conversation, all its messages."""
        return (
            *self.rows,
            *(row for conversation in self.conversations for row in conversation.rows),
        )


def page(
    imap: Connection,
    folder: str,
    place: ListPlace = ListPlace(),
    size: int = 50,
    view: View = _FIRST,
    memory: Memory = NOTHING,
    *,
    has_news: bool = False,
) -> ListPage:
    """Return one page of at most 200 rows. With ``has_news``, the folder was opened or asked for
    news just before, and is not asked again.

    If the messages arrived in the order of their dates, the page is read by sequence number: SELECT
    and FETCH, whose cost does not depend on the folder's size, and one more FETCH for rows that the
    memory does not have.
    """
    size = min(max(1, size), MOST_ROWS)
    was_open = imap.open_folder == folder
    selected = imap.current(folder) if has_news else imap.select(folder)
    if place.uidvalidity is not None and place.uidvalidity != selected.uidvalidity:
        if place.row is None:
            raise FolderChanged("The folder was made anew while its list was open.")
        place = replace(place, row=None)  # Show a whole page that begins at the top.
    order = _order(imap, selected, view, memory)
    page_rows = _read(imap, selected, order, place, size)
    if isinstance(order, _BySequence) and not order.rises(page_rows.rows, memory):
        order = _order(imap, selected, view, memory)
        page_rows = _read(imap, selected, order, place, size)
    return ListPage(
        folder=selected.folder,
        uidvalidity=selected.uidvalidity,
        exists=selected.exists,
        total=order.total,
        start=page_rows.start,
        size=size,
        rows=page_rows.rows,
        has_next=page_rows.start + size < order.total,
        view=view,
        notes=order.notes,
        conversations=page_rows.conversations,
        # For a folder that was already open, it is the value of the time of opening.
        modseq=0 if was_open else selected.highestmodseq,
        last=order.last,
        above=_ref(selected, page_rows.above),
        below=_ref(selected, page_rows.below),
        withheld=verbs.withheld(selected),
    )


@dataclass(frozen=True)
class _PageRows:
    """The rows of a page, with fields as in `ListPage`."""

    start: int
    rows: tuple[MessageSummary, ...]
    conversations: tuple[threads.Conversation, ...] = ()
    above: int | None = None
    below: int | None = None


def _read(
    imap: Connection,
    selected: Selected,
    order: _Order | _ByThread,
    place: ListPlace,
    size: int,
) -> _PageRows:
    start = _start(order, place, size)
    if isinstance(order, _ByThread):
        shown = order.threads[start : start + size]
        conversations = threads.gathered(imap, selected, shown)
        return _PageRows(
            start, tuple(conversation.newest for conversation in conversations), conversations
        )
    marks: Sequence[MessageMarks]
    above = below = None
    if place.row is None:
        marks = order.window(start, start + size)
    else:
        marks, above, below = order.window_and_beside(start, start + size)
    return _PageRows(start, summaries.summaries_of(imap, selected, marks), (), above, below)


def _ref(selected: Selected, uid: int | None) -> MessageRef | None:
    return MessageRef(selected.folder, selected.uidvalidity, uid) if uid else None


@dataclass(frozen=True)
class NewerMessages:
    """The messages that arrived since a list was made, newest first.

    ``on_top`` says that none of them is older than the list and that they are in order of arrival.
    ``withheld`` is as in `ListPage`.
    """

    rows: tuple[MessageSummary, ...]
    on_top: bool = True
    withheld: frozenset[str] = frozenset()


def newer(
    imap: Connection, folder: str, uid: int, uidvalidity: int, memory: Memory = NOTHING
) -> NewerMessages:
    """Return the messages that arrived after the one with this UID, at most 200. Raises
    FolderChanged when the folder was recreated.
    """
    selected = imap.select(folder)
    if selected.uidvalidity != uidvalidity:
        raise FolderChanged("The folder was made anew while its list was open.")
    arrivals = search.uids(imap, f"UID {uid + 1}:*")
    # "n:*" matches the last message even if its UID is below n.
    uids = sorted((arrived for arrived in arrivals if arrived > uid), reverse=True)
    rows = summaries.summaries_of(imap, selected, fetch.marks(imap, uids[:MOST_ROWS]))
    if not rows:
        return NewerMessages(())
    above = uids[MOST_ROWS] if len(uids) > MOST_ROWS else uid
    rising = ordering.rising(imap, selected, memory)
    on_top = ordering.still_rises(imap, selected, memory, rising, uids[0], rows, above)
    return NewerMessages(rows, on_top, verbs.withheld(selected))


def matching(
    imap: Connection, folder: str, view: View = _FIRST, memory: Memory = NOTHING
) -> tuple[int, ...]:
    """Return the UIDs of all messages that the view shows, in its order."""
    return ordering.ordered_messages(imap, imap.select(folder), view, memory).uids


class _Placed(Protocol):
    """The positions of the rows of a list, counted from 0."""

    total: int
    notes: frozenset[str]
    last: int

    def position(self, uid: int, sequence: int | None = None) -> int | None:
        """Return the position of a message, or None when it is not in the list."""

    def below(self, uid: int) -> int | None:
        """Return the position of the first row below a message, or None when it is unknown."""

    def month(self, day: date) -> int | None:
        """Return the position where the month of this day begins, or None for lists not sorted by
        date.
        """


class _Order(_Placed, Protocol):
    """A list whose rows are messages."""

    def window(self, start: int, stop: int) -> Sequence[MessageMarks]: ...

    def window_and_beside(
        self, start: int, stop: int
    ) -> tuple[Sequence[MessageMarks], int | None, int | None]:
        """Return the window, and the UIDs just above and just below it, with no more commands than
        `window`.
        """


def _order(imap: Connection, selected: Selected, view: View, memory: Memory) -> _Order | _ByThread:
    if view.threads:
        return _by_thread(imap, selected, view, memory)
    if view.is_plain:
        rising = ordering.rising(imap, selected, memory)
        if rising.rises:
            return _BySequence(imap, selected, view, rising)
    return _ByList(imap, view, ordering.ordered_messages(imap, selected, view, memory))


def _by_thread(imap: Connection, selected: Selected, view: View, memory: Memory) -> _ByThread:
    """Return the conversations that have a message which passes the filter."""
    conversations = _by_date(imap, selected, threads.threads_of(imap, selected, memory), memory)
    if not view.only:
        return _ByThread(view, conversations)
    passing = ordering.ordered_messages(imap, selected, replace(view, threads=False), memory)
    wanted = frozenset(passing.uids)
    matching_threads = tuple(
        thread for thread in conversations.all if not wanted.isdisjoint(thread)
    )
    return _ByThread(view, threads.Threads(matching_threads, conversations.notes | passing.notes))


def _by_date(
    imap: Connection, selected: Selected, conversations: threads.Threads, memory: Memory
) -> threads.Threads:
    """Return conversations by the dates of their newest messages. Sends no command if the folder's
    dates rise.
    """
    top = conversations.all[0][-1] if conversations.all else 0
    rising = ordering.rising(imap, selected, memory)
    if ordering.still_rises(imap, selected, memory, rising, top):
        return conversations
    ordered = ordering.ordered_messages(imap, selected, View(), memory).uids
    place = {uid: number for number, uid in enumerate(ordered)}
    last = len(ordered)
    by_date = sorted(
        conversations.all, key=lambda thread: min(place.get(uid, last) for uid in thread)
    )
    return replace(conversations, all=tuple(by_date))


def _start(order: _Placed, place: ListPlace, size: int) -> int:
    start = None
    if place.after is not None:
        start = order.below(place.after)
        if start is not None:
            return start
    if place.row is not None:
        start = order.position(place.row, place.sequence)
        if start is not None:
            return start // size * size
    if place.month is not None:
        start = order.month(place.month)
        if start is not None:
            # A month before the oldest message is the end of the list.
            return start if start < order.total else max(0, order.total - size)
    if place.at is not None:
        return max(0, place.at)
    return max(0, place.number - 1) * size


class _BySequence:
    """All messages by arrival, which equals the order of their dates if these rise. No command's
    cost grows with the folder.
    """

    notes: frozenset[str] = frozenset()

    def __init__(
        self, imap: Connection, selected: Selected, view: View, rising: ordering.RisingDates
    ) -> None:
        self._imap = imap
        self._selected = selected
        self._view = view
        self._rising = rising
        self._above = 0
        self.total = selected.exists
        self.last = 0

    def rises(self, rows: Iterable[MessageSummary], memory: Memory) -> bool:
        """Return whether the dates of the latest arrivals rise too. ``rows`` are those of the
        window.
        """
        return ordering.still_rises(
            self._imap, self._selected, memory, self._rising, self.last, rows, self._above
        )

    def position(self, uid: int, sequence: int | None = None) -> int | None:
        if not self.total:
            return None
        number = sequence or fetch.sequence_of(self._imap, uid)
        if number is None or number > self.total:
            return None
        return self.total - number if self._view.down else number - 1

    def below(self, uid: int) -> int | None:
        position = self.position(uid)
        return None if position is None else position + 1

    def month(self, day: date) -> int | None:
        return _month(self._imap, self._view, day, self.total)

    def window(self, start: int, stop: int) -> Sequence[MessageMarks]:
        stop = min(stop, self.total)
        if start >= stop:
            return ()
        first, last = start + 1, stop
        if self._view.down:
            first, last = self.total - stop + 1, self.total - start
        # Include the newest message, which tells whether a message came whose date is unknown.
        marks = fetch.marks_by_sequence(
            self._imap, first, last, self.total if last < self.total else None
        )
        self.last = marks[-1].uid if marks else 0
        marks = tuple(mark for mark in marks if mark.sequence <= last)
        self._above = marks[0].uid - 1 if marks and first > 1 else 0
        if last < self.total:
            self._above = self.last
        return marks[::-1] if self._view.down else marks

    def window_and_beside(
        self, start: int, stop: int
    ) -> tuple[Sequence[MessageMarks], int | None, int | None]:
        marks = self.window(max(0, start - 1), stop + 1)
        above = marks[0].uid if start and marks else None
        marks = marks[1:] if start else marks
        size = stop - start
        return marks[:size], above, marks[size].uid if len(marks) > size else None


class _ByList:
    """A list given as UIDs."""

    def __init__(self, imap: Connection, view: View, ordered: ordering.OrderedMessages) -> None:
        self._imap = imap
        self._view = view
        self._uids = ordered.uids
        self.notes = ordered.notes
        self.total = len(ordered.uids)
        self.last = max(ordered.uids, default=0) if view.is_plain else 0

    def position(self, uid: int, sequence: int | None = None) -> int | None:
        try:
            return self._uids.index(uid)
        except ValueError:
            return None

    def below(self, uid: int) -> int | None:
        position = self.position(uid)
        if position is not None:
            return position + 1
        if self._view.sort != "arrival":
            return None
        # The message was read and left a list of unread ones: the list continues at its place.
        down = self._view.down
        passed = (other > uid if down else other < uid for other in self._uids)
        return sum(passed)

    def month(self, day: date) -> int | None:
        return _month(self._imap, self._view, day, self.total)

    def window(self, start: int, stop: int) -> Sequence[MessageMarks]:
        return fetch.marks(self._imap, self._uids[start:stop])

    def window_and_beside(
        self, start: int, stop: int
    ) -> tuple[Sequence[MessageMarks], int | None, int | None]:
        above = self._uids[start - 1] if 0 < start <= self.total else None
        below = self._uids[stop] if stop < self.total else None
        return self.window(start, stop), above, below


class _ByThread:
    """Conversations, ordered by their newest messages."""

    last = 0

    def __init__(self, view: View, conversations: threads.Threads) -> None:
        self.threads = conversations.all if view.down else conversations.all[::-1]
        self.notes = conversations.notes
        self.total = len(conversations.all)

    def position(self, uid: int, sequence: int | None = None) -> int | None:
        places = (place for place, thread in enumerate(self.threads) if uid in thread)
        return next(places, None)

    def below(self, uid: int) -> int | None:
        position = self.position(uid)
        return None if position is None else position + 1

    def month(self, day: date) -> int | None:
        return None


_CRITERIA = {"": "", "unread": "UNSEEN ", "flagged": "FLAGGED "}


def has_months(view: View) -> bool:
    """Return whether users can go to a month in such a list."""
    return view.sort in ("arrival", "date") and view.only in _CRITERIA and not view.threads


def _month(imap: Connection, view: View, day: date, total: int) -> int | None:
    """Return the position of a month, found by counting older messages. A few that were moved in
    later make little difference.
    """
    if not has_months(view):
        return None
    month = day.replace(day=1)
    until = _next_month(month) if view.down else month
    before = "SENTBEFORE" if view.sort == "date" else "BEFORE"
    older = search.count(imap, f"{_CRITERIA[view.only]}{before} {ordering.imap_date(until)}")
    return max(0, total - older) if view.down else older


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
