"""The messages of a folder that a list shows, and their order.

The plain list, newest first, uses sequence numbers as long as the messages arrived in the order of
their dates (`RisingDates`), which the server is asked once. All other lists are UIDs that the
server gives once and that are then brought up to date.

Lists sorted by values that never change (date, people, subject, size) are valid until a message
arrives or is removed. ``SEARCH UID n:*`` names the arrivals; each is placed by sorting it among a
few of the others. The message count shows that messages were removed. Lists by flags learn changes
by CONDSTORE (RFC 7162); without it, they are asked for again. QRESYNC would name removed messages,
but it replaces every EXPUNGE of the connection by another response; ESEARCH names the remaining
ones in one line of ranges.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import time
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from mail.errors import BadServerAnswer, ServerRefused, ServerUnavailable
from mail.folding import fold
from mail.imap import fetch, search, uid_sets
from mail.imap.connection import Connection
from mail.imap.values import FLAGGED, SEEN, FetchedMessage, Selected
from mail.mailbox import summaries
from mail.mailbox.memory import LASTING, Memory
from mail.mailbox.summaries import MessageSummary

SORTS = ("arrival", "date", "from", "to", "subject", "size", "flagged", "unread")
FILTERS = ("", "unread", "flagged", "attachment", "contacts")

# The greatest number of arrivals that are put into a sorted list; with more, the list is sorted
# again.
MOST_MERGED = 10
# The distance between the messages of a sorted list that are used as probes to find a place.
_PROBES = 400
# A set of at most this many UIDs, however scattered, fits into one command.
_MOST_NAMED = 900
# On a server without SORT: the number of messages that are sorted here, and the seconds for it. A
# server with SORT has the same seconds to tell whether the dates rise.
MOST_SORTED_HERE = 5_000
SECONDS_TO_SORT = 10.0
_AT_ONCE = 500
# The greatest number of arrivals whose dates are asked for; with more, all are sorted again.
MOST_DATED = 1_000
# The number of newest messages that are searched for attachments if the server did not mark them
# with $HasAttachment.
MOST_LOOKED_THROUGH = 1_000
# Addresses of contacts that are searched for, addresses in one command, and days of mail searched.
MOST_ADDRESSES = 200
_ADDRESSES_AT_ONCE = 50
CONTACTS_DAYS = 365

SORT_TOO_MANY, ATTACHMENT_NEWEST, CONTACTS_LAST_YEAR, CONTACTS_TOO_MANY = (
    "sort_too_many",
    "attachment_newest",
    "contacts_last_year",
    "contacts_too_many",
)

_KIND = "order1"
_RISING = "rising"
_FLAG_OF = {"unread": (SEEN, False, "UNSEEN"), "flagged": (FLAGGED, True, "FLAGGED")}
_HAS, _HAS_NOT = "$hasattachment", "$hasnoattachment"
_ANSWER = re.compile(r"^\s*(?:(?:re|fwd?|tr|rép|aw|wg|sv)\s*(?:\[\d+\]\s*)?:\s*)+", re.IGNORECASE)


@dataclass(frozen=True)
class View:
    """The way a folder is shown. ``sort``: ``arrival`` is INTERNALDATE, ``date`` the sender's date.
    ``only`` is the filter; ``contacts`` searches for the ``addresses``. ``threads`` shows
    conversations, ordered by their newest messages.
    """

    sort: str = "arrival"
    down: bool = True
    only: str = ""
    addresses: tuple[str, ...] = ()
    threads: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the view shows all messages by date, which sequence numbers serve if dates
        rise.
        """
        return self.sort == "arrival" and not self.only


@dataclass(frozen=True)
class OrderedMessages:
    """UIDs in the order of the list. ``notes`` are remarks on how they were found."""

    uids: tuple[int, ...]
    notes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RisingDates:
    """Whether the dates of a folder's messages rise with their UIDs, up to the UID ``last``.
    ``newest`` is the latest of these dates, in seconds.
    """

    rises: bool
    last: int
    newest: float

    def goes_on(self, dates: Iterable[tuple[int, datetime | None]]) -> RisingDates | None:
        """Return the state with later messages, given as UIDs and dates in any order; None when one
        of them is older than an earlier message. A message without a date counts as not older.
        """
        last, newest = self.last, self.newest
        by_uid = dict(dates)
        for uid in sorted(by_uid):
            if uid <= self.last:
                continue
            received = by_uid[uid]
            seconds = received.timestamp() if received else newest
            if seconds < newest:
                return None
            last, newest = uid, seconds
        return RisingDates(self.rises, last, newest)


# Used when the server told nothing of the dates: they count as rising, whatever arrives.
_UNTOLD = RisingDates(True, 2**32, 0)


def rising(imap: Connection, selected: Selected, memory: Memory) -> RisingDates:
    """Return whether the dates of the open folder rise. Sends no command if it is remembered, else
    two. A folder that the server cannot sort counts as rising.
    """
    return _Lists(imap, selected, memory).rising()


def still_rises(
    imap: Connection,
    selected: Selected,
    memory: Memory,
    state: RisingDates,
    top: int,
    rows: Iterable[MessageSummary] = (),
    above: int | None = None,
) -> bool:
    """Return whether the folder's dates rise up to its highest UID, ``top``.

    The ``rows`` hold, perhaps among others, all messages with a UID ``above`` the given one. Sends
    one command if messages arrived that are not among the rows, else none.
    """
    dates = {row.ref.uid: row.received for row in rows}
    above = top if above is None else above
    return _Lists(imap, selected, memory).still_rises(state, top, dates, above)


def ordered_messages(
    imap: Connection, selected: Selected, view: View, memory: Memory
) -> OrderedMessages:
    """Return the messages of the open folder that a view shows. Raises the errors of commands."""
    lists = _Lists(imap, selected, memory)
    members, notes = lists.members(view)
    if view.sort == "arrival" and (rising_ones := lists.rising_ones(members)) is not None:
        uids = rising_ones
    elif view.sort in _FLAG_OF:
        chosen, _notes = lists.members(View(only=view.sort))
        uids = _parted(lists.everything() if members is None else members, chosen or ())
    elif members is not None and (named := lists.named(view.sort, members)) is not None:
        uids = named
    else:
        ordered = lists.by(view.sort)
        if ordered is None:
            notes |= {SORT_TOO_MANY}
            ordered = lists.everything()
        wanted = None if members is None else frozenset(members)
        uids = tuple(uid for uid in ordered if wanted is None or uid in wanted)
    return OrderedMessages(uids[::-1] if view.down else uids, notes)


def _parted(uids: Sequence[int], chosen: Iterable[int]) -> tuple[int, ...]:
    """Return the UIDs lowest first: the others, then the chosen ones."""
    last = frozenset(chosen)
    return (*(uid for uid in uids if uid not in last), *(uid for uid in uids if uid in last))


@dataclass(frozen=True)
class _RememberedList:
    """A remembered list. The folder had ``exists`` messages, none with a UID above ``last``.
    ``modseq`` is 0 for lists by values that never change.
    """

    uids: tuple[int, ...]
    exists: int
    last: int
    modseq: int = 0

    def packed(self) -> dict[str, Any]:
        numbers = array("I", self.uids)
        if sys.byteorder == "big":
            numbers.byteswap()
        packed = base64.b64encode(numbers.tobytes()).decode()
        return {**vars(self), "uids": packed}

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> _RememberedList:
        numbers = array("I", base64.b64decode(packed["uids"]))
        if sys.byteorder == "big":
            numbers.byteswap()
        return cls(**{**packed, "uids": tuple(numbers)})


class _Lists:
    """The lists of one open folder, lowest first, from the memory or from the server."""

    def __init__(self, imap: Connection, selected: Selected, memory: Memory) -> None:
        self._imap = imap
        self._selected = selected
        self._memory = memory

    @property
    def can_sort(self) -> bool:
        return self._imap.has("SORT")

    def everything(self) -> tuple[int, ...]:
        return search.matching(self._imap, (b"ALL",))

    def key(self, sort: str) -> str:
        """Return the key of SORT for this order. People are sorted by name if the server can (RFC
        5957).
        """
        if sort in ("from", "to") and self._imap.has("SORT=DISPLAY"):
            return f"DISPLAY{sort.upper()}"
        return sort.upper()

    def members(self, view: View) -> tuple[tuple[int, ...] | None, frozenset[str]]:
        """Return the messages that pass the view's filter, None for all, and the remarks on it."""
        match view.only:
            case "unread" | "flagged":
                return self._flagged(view.only), frozenset()
            case "attachment":
                return self._with_attachment()
            case "contacts":
                return self._from_contacts(view.addresses)
        return None, frozenset()

    # --- by date ---

    def rising(self) -> RisingDates:
        if packed := self._memory.get(_RISING, self._name("")):
            return RisingDates(*packed)
        if not self.can_sort or not self._selected.exists:
            return _UNTOLD
        return self._recalled() or self._asked()

    def _asked(self) -> RisingDates:
        """Ask the server whether the dates rise. If it refuses or is too slow, the session does not
        ask again, so that the list does not depend on it.

        Raises ServerUnavailable, after which the connection has ended.
        """
        try:
            with self._imap.within(SECONDS_TO_SORT):
                by_arrival = self._sorted("arrival")
        except (BadServerAnswer, ServerRefused, ServerUnavailable) as error:
            # Store it only now: otherwise another page of the session would meanwhile take the
            # dates for rising.
            self._memory.put(_RISING, self._name(""), list(vars(_UNTOLD).values()))
            if isinstance(error, ServerUnavailable):
                raise
            self._imap.forego("SORT")
            return _UNTOLD
        return self._learned(by_arrival)

    def _recalled(self) -> RisingDates | None:
        """Return the state that an earlier session learnt, brought up to date by one command.

        Return None when nothing was learnt, when its last message is gone, or when too many
        messages or an older one arrived since.
        """
        last = self._memory.get(LASTING, self._name(""))
        if not last or not last < self._selected.uidnext <= last + MOST_DATED:
            return None
        dates = dict(fetch.received(self._imap, f"{last}:*"))
        if (newest := dates.get(last)) is None:
            return None
        rise = RisingDates(True, last, newest.timestamp()).goes_on(dates.items())
        self._keep(rise)
        return rise

    def _keep(self, state: RisingDates | None) -> None:
        """Store the state. Other sessions also get the last message and ask for its date, which
        tells more.
        """
        name = self._name("")
        self._memory.put(_RISING, name, state and list(vars(state).values()))
        self._memory.put(LASTING, name, state.last if state and state.rises else None)

    def still_rises(
        self, state: RisingDates, top: int, dates: Mapping[int, datetime | None], above: int
    ) -> bool:
        if not state.rises or top <= state.last:
            return state.rises
        later: RisingDates | None = None
        if above <= state.last:
            later = state.goes_on(dates.items())
        elif top - state.last <= MOST_DATED:
            later = state.goes_on(fetch.received(self._imap, f"{state.last + 1}:*"))
        self._keep(later)
        return later is not None

    def rising_ones(self, members: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """Return these messages (None: all), lowest first, or None when their dates do not rise."""
        rise = self.rising()
        if not rise.rises:
            return None
        uids = self.everything() if members is None else members
        top = max(uids, default=0)
        return uids if self.still_rises(rise, top, {}, top) else None

    def _learned(self, by_arrival: _RememberedList | None) -> RisingDates:
        """Return the state derived from a list by date. The list is kept if the dates do not
        rise.
        """
        if by_arrival is None or not by_arrival.uids:
            return _UNTOLD
        dates = fetch.received(self._imap, str(by_arrival.uids[-1]))
        newest = max((moment.timestamp() for _uid, moment in dates if moment), default=0)
        rise = RisingDates(
            all(a < b for a, b in pairwise(by_arrival.uids)), by_arrival.last, newest
        )
        if not rise.rises:
            self._put("by arrival", by_arrival)
        self._keep(rise)
        return rise

    # --- by values that never change ---

    def by(self, sort: str) -> tuple[int, ...] | None:
        """Return all messages in this order, or None when the server cannot sort and there are too
        many. A server that offers to sort and refuses it cannot.
        """
        try:
            return self._by(sort)
        except (BadServerAnswer, ServerRefused):
            if not self.can_sort:
                raise
        self._imap.forego("SORT")
        return self._by(sort)

    def _by(self, sort: str) -> tuple[int, ...] | None:
        if not self.can_sort and self._selected.exists > MOST_SORTED_HERE:
            return None
        remembered = self._get(f"by {sort}")
        current = self._up_to_date(remembered, partial(self._placed, sort)) if remembered else None
        if current is None:
            current = self._sorted(sort)
        if current is not None and current != remembered:
            self._put(f"by {sort}", current)
            if sort == "arrival":
                self._learned(current)
        return current.uids if current else None

    def named(self, sort: str, members: tuple[int, ...]) -> tuple[int, ...] | None:
        """Return these messages in this order; None where they are too many to be named, and where
        the server does not sort.
        """
        if not members or len(members) > _MOST_NAMED or not self.can_sort:
            return None if members else ()
        try:
            named = f"UID {uid_sets.compressed(members)}"
            return search.in_order(self._imap, self.key(sort), named)
        except (BadServerAnswer, ServerRefused):
            self._imap.forego("SORT")
            return None

    def _sorted(self, sort: str) -> _RememberedList | None:
        if self.can_sort:
            uids = search.in_order(self._imap, self.key(sort))
        elif (sorted_here := _sorted_here(self._imap, self._selected, sort)) is not None:
            uids = sorted_here
        else:
            return None
        return _RememberedList(uids, self._imap.known().exists, max(uids, default=0))

    def _placed(
        self, sort: str, uids: tuple[int, ...], arrivals: Sequence[int]
    ) -> tuple[int, ...] | None:
        if not self.can_sort or len(arrivals) > MOST_MERGED or len(uids) <= _PROBES:
            return None
        return _merged(
            lambda named: search.in_order(self._imap, self.key(sort), named), uids, arrivals
        )

    def _up_to_date(
        self,
        remembered: _RememberedList,
        place: Callable[[tuple[int, ...], Sequence[int]], tuple[int, ...] | None],
    ) -> _RememberedList | None:
        """Return a list with arrivals put in their place and removed messages left out; None when
        it must be asked for again. Sends no command when the server has told that nothing happened.
        """
        if self._is_as(remembered):
            return remembered
        self._imap.expect_arrivals()
        newer = search.uids(self._imap, f"UID {remembered.last + 1}:*")
        # "n:*" matches the last message even if its UID is below n.
        arrivals = sorted(uid for uid in newer if uid > remembered.last)
        exists = self._imap.known().exists
        gone = remembered.exists + len(arrivals) - exists
        if gone < 0:
            return None
        uids = remembered.uids
        if gone:
            left = frozenset(self.everything())
            uids = tuple(uid for uid in uids if uid in left)
        if arrivals:
            placed = place(uids, arrivals)
            if placed is None:
                return None
            uids = placed
        last = max(remembered.last, *arrivals) if arrivals else remembered.last
        self._imap.note_newest(last)
        return _RememberedList(uids, exists, last)

    def _is_as(self, remembered: _RememberedList) -> bool:
        """Return whether the folder has had no arrival since, and no removal."""
        is_told = 0 < self._imap.newest <= remembered.last
        return is_told and self._imap.known().exists == remembered.exists

    # --- by flags ---

    def _flagged(self, only: str) -> tuple[int, ...]:
        flag, on, criteria = _FLAG_OF[only]
        remembered = self._get(only)
        current = self._changed(remembered, flag, on) if remembered and remembered.modseq else None
        if current is None:
            uids = search.matching(self._imap, (criteria.encode(),))
            exists = self._imap.known().exists
            current = _RememberedList(uids, exists, self._last(), self._selected.highestmodseq)
        if current.modseq and current != remembered:
            self._put(only, current)
        return current.uids

    def _last(self) -> int:
        """Return the highest UID of the folder."""
        exists = self._imap.known().exists
        marks = fetch.marks_by_sequence(self._imap, exists, exists) if exists else ()
        return marks[-1].uid if marks else 0

    def _changed(self, remembered: _RememberedList, flag: str, on: bool) -> _RememberedList | None:
        """Return a list brought up to date by CONDSTORE; None when messages were removed, which
        CONDSTORE does not tell.
        """
        changes = fetch.changed_since(self._imap, remembered.modseq)
        arrivals = sum(mark.uid > remembered.last for mark in changes)
        exists = self._imap.known().exists
        if remembered.exists + arrivals != exists:
            return None
        if not changes:
            return remembered
        uids = set(remembered.uids)
        for mark in changes:
            (uids.add if (flag in mark.flags) == on else uids.discard)(mark.uid)
        return _RememberedList(
            tuple(sorted(uids)),
            exists,
            max(remembered.last, *(mark.uid for mark in changes)),
            max(remembered.modseq, *(mark.modseq for mark in changes)),
        )

    # --- filters that read messages ---

    def _with_attachment(self) -> tuple[tuple[int, ...], frozenset[str]]:
        if self._selected.keywords & {_HAS, _HAS_NOT}:
            return self._with_attachment_by_keyword()
        uids = self._kept_or("attachment", self._looked_through, self._having)
        is_part = self._selected.exists > MOST_LOOKED_THROUGH
        return uids, frozenset({ATTACHMENT_NEWEST} if is_part else ())

    def _with_attachment_by_keyword(self) -> tuple[tuple[int, ...], frozenset[str]]:
        """Return the messages with an attachment: those that the server marked, and, of the others,
        those whose structure has one. A folder knows a keyword for ever once a message had it.
        """
        marked = search.matching(self._imap, (f"KEYWORD {_HAS}".encode(),))
        unmarked = search.matching(self._imap, (f"UNKEYWORD {_HAS} UNKEYWORD {_HAS_NOT}".encode(),))
        if not unmarked:
            return marked, frozenset()
        having_files = self._kept_or(
            "attachment unmarked",
            lambda: self._having(unmarked[-MOST_LOOKED_THROUGH:]),
            lambda arrivals: self._having([uid for uid in arrivals if uid in unmarked]),
        )
        is_part = len(unmarked) > MOST_LOOKED_THROUGH
        uids = tuple(sorted({*marked, *having_files}))
        return uids, frozenset({ATTACHMENT_NEWEST} if is_part else ())

    def _looked_through(self) -> tuple[int, ...]:
        exists = self._imap.known().exists
        if not exists:
            return ()
        first = max(1, exists - MOST_LOOKED_THROUGH + 1)
        marks = fetch.marks_by_sequence(self._imap, first, exists)
        return self._having([mark.uid for mark in marks])

    def _having(self, uids: Sequence[int]) -> tuple[int, ...]:
        """Return the messages that have an attachment, judged by their structure."""
        marks = fetch.marks(self._imap, uids)
        rows: list[summaries.MessageSummary] = []
        for start in range(0, len(marks), _AT_ONCE):
            some = marks[start : start + _AT_ONCE]
            rows += summaries.summaries_of(self._imap, self._selected, some)
        return tuple(sorted(row.ref.uid for row in rows if row.attachment))

    def _from_contacts(self, addresses: Sequence[str]) -> tuple[tuple[int, ...], frozenset[str]]:
        wanted = tuple(address for address in addresses if _is_searchable(address))
        chosen = wanted[:MOST_ADDRESSES]
        since = date.today() - timedelta(days=CONTACTS_DAYS)
        digest = hashlib.blake2b(json.dumps([chosen, str(since)]).encode(), digest_size=12)

        def among(named: str) -> tuple[int, ...]:
            matching: set[int] = set()
            for start in range(0, len(chosen), _ADDRESSES_AT_ONCE):
                some = chosen[start : start + _ADDRESSES_AT_ONCE]
                criteria = f"{named}SINCE {imap_date(since)} {_from_any(some)}"
                matching.update(search.uids(self._imap, criteria))
            return tuple(sorted(matching))

        uids = self._kept_or(
            f"contacts {digest.hexdigest()}",
            lambda: among(""),
            lambda arrivals: among(f"UID {uid_sets.compressed(arrivals)} "),
        )
        notes = {CONTACTS_LAST_YEAR}
        if len(wanted) > MOST_ADDRESSES:
            notes.add(CONTACTS_TOO_MANY)
        return uids, frozenset(notes)

    def _kept_or(
        self,
        subset: str,
        anew: Callable[[], tuple[int, ...]],
        among: Callable[[Sequence[int]], tuple[int, ...]],
    ) -> tuple[int, ...]:
        """Return a subset of messages, lowest first: the remembered one, with the arrivals that
        ``among`` selects.
        """
        remembered = self._get(subset)
        current = None
        if remembered:
            current = self._up_to_date(remembered, lambda uids, arrivals: (*uids, *among(arrivals)))
        if current is None:
            uids = anew()
            current = _RememberedList(uids, self._imap.known().exists, self._last())
        if current != remembered:
            self._put(subset, current)
        return current.uids

    # --- the memory ---

    def _name(self, subset: str) -> str:
        return json.dumps([self._selected.folder, self._selected.uidvalidity, subset])

    def _get(self, subset: str) -> _RememberedList | None:
        packed = self._memory.get(_KIND, self._name(subset))
        return _RememberedList.unpacked(packed) if packed else None

    def _put(self, subset: str, remembered: _RememberedList) -> None:
        # numbers that are no UIDs: the server is wrong, and nothing is kept
        with suppress(OverflowError):
            self._memory.put(_KIND, self._name(subset), remembered.packed())


def imap_date(day: date) -> str:
    """Return ``5-Mar-2026`` (RFC 9051 section 9), in English whatever the locale."""
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * day.month - 3 : 3 * day.month]
    return f"{day.day}-{month}-{day.year}"


def _is_searchable(address: str) -> bool:
    """Return whether the address is printable ASCII that needs no literal."""
    return address.isascii() and address.isprintable() and not set(address) & {'"', "\\", " "}


def _from_any(addresses: Sequence[str]) -> str:
    """Return ``OR FROM "a" FROM "b"``. OR takes two keys, so they are nested evenly, because some
    servers limit the depth.
    """
    if len(addresses) == 1:
        return f'FROM "{addresses[0]}"'
    half = len(addresses) // 2
    return f"OR {_from_any(addresses[:half])} {_from_any(addresses[half:])}"


# --- arrivals put in their place ---


def _merged(
    in_order: Callable[[str], tuple[int, ...]], uids: tuple[int, ...], arrivals: Sequence[int]
) -> tuple[int, ...]:
    """Put a few messages into a sorted list: sort them among probes, evenly spaced messages of the
    list, then each among the messages of its gap. It takes a few small commands, whatever the
    list's length.
    """
    step = -(-len(uids) // _PROBES)
    new = frozenset(arrivals)
    before: list[tuple[int, ...]] = [()]  # arrivals before the first probe, then those after each
    for uid in in_order(f"UID {uid_sets.compressed((*uids[::step], *arrivals))}"):
        if uid in new:
            before[-1] = (*before[-1], uid)
        else:
            before.append(())
    merged = list(before[0])
    for gap, newcomers in enumerate(before[1:]):
        some = uids[gap * step : (gap + 1) * step]
        if newcomers and len(some) > 1:
            some = in_order(f"UID {uid_sets.compressed((*some, *newcomers))}")
        else:
            some = (*some, *newcomers)
        merged += some
    return tuple(merged)


# --- a server without SORT ---


def _sorted_here(imap: Connection, selected: Selected, sort: str) -> tuple[int, ...] | None:
    """Return the UIDs sorted by their envelopes; None when it takes too long."""
    deadline = time.monotonic() + SECONDS_TO_SORT
    keyed: list[tuple[Any, int, int]] = []
    for first in range(1, selected.exists + 1, _AT_ONCE):
        if time.monotonic() > deadline:
            return None
        last = min(first + _AT_ONCE - 1, selected.exists)
        keyed += [
            (_key(row, sort), row.sequence, row.ref.uid)
            for row in fetch.envelopes(imap, first, last)
        ]
    return tuple(uid for _key_, _sequence, uid in sorted(keyed))


def without_answer(subject: str) -> str:
    """Return a subject without the prefixes of replies and forwarded messages."""
    return _ANSWER.sub("", subject)


def _key(row: FetchedMessage, sort: str) -> Any:
    """Return the sort key of a row as RFC 5256 compares it: base subject, first person, and date in
    one time zone.
    """
    envelope = row.envelope
    match sort:
        case "size":
            return row.size
        case "subject":
            return fold(without_answer(envelope.subject)).strip()
        case "from" | "to":
            people = envelope.from_ if sort == "from" else envelope.to
            return fold(people[0].shown).strip() if people else ""
    moment = envelope.date or row.received
    return moment.timestamp() if moment else 0.0
