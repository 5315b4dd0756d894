"""The messages of a folder that a list shows, and their order.

The plain list, newest first, goes by sequence number as long as the messages came in the order of
their dates (`Rising`), which the server is asked once. All others are lists of UIDs, asked of the
server once and then brought up to date. Those by what never changes
(date, people, subject, size) are good as long as nothing came or went: what came is named by
``SEARCH UID n:*``, and its place found by sorting it among a few of the others; that something went
is told by the count. Those by flags are told what changed by CONDSTORE (RFC 7162), without which
they are asked for anew. QRESYNC would name what went, but turns every EXPUNGE of the connection
into another response; ESEARCH names what is left in one line of ranges.
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

from webmail.errors import ServerRefused, ServerUnavailable
from webmail.folding import fold
from webmail.imap import fetch, search, uid_sets
from webmail.imap.connection import Connection
from webmail.imap.values import FLAGGED, SEEN, Fetched, Selected
from webmail.mailbox import summaries
from webmail.mailbox.memory import LASTING, Memory
from webmail.mailbox.summaries import Summary

SORTS = ("arrival", "date", "from", "to", "subject", "size", "flagged", "unread")
FILTERS = ("", "unread", "flagged", "attachment", "contacts")

# Messages that came since a list was sorted, and are put in their places; more are sorted anew.
MOST_MERGED = 10
# Every how many messages of a sorted list one is taken to find a place in it.
_PROBES = 400
# Up to so many UIDs a set is named in a command, scattered as they may be.
_MOST_NAMED = 900
# A server without SORT: so many are sorted here, and no longer than so many seconds; so long one
# with it may take to say whether the dates rise.
MOST_SORTED_HERE = 5_000
SECONDS_TO_SORT = 10.0
_AT_ONCE = 500
# Arrivals of which the dates are asked for; where more may have come, all are sorted anew.
MOST_DATED = 1_000
# Of messages that the server did not mark with $HasAttachment, so many of the newest are looked
# through.
MOST_LOOKED_THROUGH = 1_000
# Addresses of contacts that are searched for, so many a command, in mail of the last year.
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
    """The way a folder is shown. ``sort``: ``arrival`` is INTERNALDATE, ``date`` what the sender
    wrote. ``only``: the filter, of which ``contacts`` searches for the ``addresses``. ``threads``:
    by conversations, which come by their newest message.
    """

    sort: str = "arrival"
    down: bool = True
    only: str = ""
    addresses: tuple[str, ...] = ()
    threads: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it shows all messages by their dates: by sequence number, where they rise."""
        return self.sort == "arrival" and not self.only


@dataclass(frozen=True)
class Ordered:
    """UIDs from the top of the list down. ``notes``: what is to be said of how they were found."""

    uids: tuple[int, ...]
    notes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rising:
    """Whether the dates of a folder's messages rise with their UIDs, up to the UID ``last``.
    ``newest`` is the latest of these dates, in seconds.
    """

    rises: bool
    last: int
    newest: float

    def goes_on(self, dates: Iterable[tuple[int, datetime | None]]) -> Rising | None:
        """The same with later messages, of which the UIDs and dates come in any order; None where
        one of them is older than what came before it. One without a date is no older.
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
        return Rising(self.rises, last, newest)


# Nothing is known of the dates: as if they rose, whatever comes.
_UNTOLD = Rising(True, 2**32, 0)


def rising(imap: Connection, selected: Selected, memory: Memory) -> Rising:
    """Whether the dates of the open folder rise. No command when it is remembered, else two; a
    folder whose messages the server cannot sort counts as rising."""
    return _Lists(imap, selected, memory).rising()


def still_rises(
    imap: Connection,
    selected: Selected,
    memory: Memory,
    known: Rising,
    top: int,
    rows: Iterable[Summary] = (),
    above: int | None = None,
) -> bool:
    """Whether the folder's dates rise up to the message with the highest UID, ``top``, too. The
    ``rows`` are, perhaps among others, all messages with a UID ``above`` this one. No command, or
    one where messages came that are not among the rows.
    """
    dates = {row.ref.uid: row.received for row in rows}
    above = top if above is None else above
    return _Lists(imap, selected, memory).still_rises(known, top, dates, above)


def of(imap: Connection, selected: Selected, view: View, memory: Memory) -> Ordered:
    """The messages of the open folder that a view shows. Raises what commands raise."""
    lists = _Lists(imap, selected, memory)
    members, notes = lists.members(view)
    if view.sort == "arrival" and (rising_ones := lists.rising_ones(members)) is not None:
        uids = rising_ones
    elif view.sort in _FLAG_OF:
        chosen, _notes = lists.members(View(only=view.sort))
        uids = _parted(lists.everything() if members is None else members, chosen or ())
    elif members is not None and len(members) <= _MOST_NAMED and lists.can_sort:
        named = f"UID {uid_sets.compressed(members)}"
        uids = search.in_order(imap, lists.key(view.sort), named) if members else ()
    else:
        ordered = lists.by(view.sort)
        if ordered is None:
            notes |= {SORT_TOO_MANY}
            ordered = lists.everything()
        wanted = None if members is None else frozenset(members)
        uids = tuple(uid for uid in ordered if wanted is None or uid in wanted)
    return Ordered(uids[::-1] if view.down else uids, notes)


def _parted(uids: Sequence[int], chosen: Iterable[int]) -> tuple[int, ...]:
    """Lowest first: the others, then the chosen ones."""
    last = frozenset(chosen)
    return (*(uid for uid in uids if uid not in last), *(uid for uid in uids if uid in last))


@dataclass(frozen=True)
class _Kept:
    """A list as it was. ``exists`` messages were in the folder, none with a UID above ``last``;
    ``modseq`` is 0 for lists on what never changes.
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
    def unpacked(cls, packed: dict[str, Any]) -> _Kept:
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
        self.can_sort = imap.has("SORT")

    def everything(self) -> tuple[int, ...]:
        return search.matching(self._imap, (b"ALL",))

    def key(self, sort: str) -> str:
        """Return the key that SORT has for it; people by their names where the server can (RFC
        5957)."""
        if sort in ("from", "to") and self._imap.has("SORT=DISPLAY"):
            return f"DISPLAY{sort.upper()}"
        return sort.upper()

    def members(self, view: View) -> tuple[tuple[int, ...] | None, frozenset[str]]:
        """Return what the view's filter lets through, and what is to be said of it; None for
        all."""
        match view.only:
            case "unread" | "flagged":
                return self._flagged(view.only), frozenset()
            case "attachment":
                return self._with_attachment()
            case "contacts":
                return self._from_contacts(view.addresses)
        return None, frozenset()

    # --- by their dates ---

    def rising(self) -> Rising:
        if packed := self._memory.get(_RISING, self._name("")):
            return Rising(*packed)
        if not self.can_sort or not self._selected.exists:
            return _UNTOLD
        return self._recalled() or self._asked()

    def _asked(self) -> Rising:
        """Ask the server. Where it refuses, or gives no answer in time, the session asks no more:
        the list must not depend on it. Raises ServerUnavailable, after which the connection is
        over.
        """
        try:
            with self._imap.within(SECONDS_TO_SORT):
                known = self._sorted("arrival")
        except (ServerRefused, ServerUnavailable) as error:
            # Not before: another page of the session would take the dates for rising meanwhile.
            self._memory.put(_RISING, self._name(""), list(vars(_UNTOLD).values()))
            if isinstance(error, ServerUnavailable):
                raise
            return _UNTOLD
        return self._learned(known)

    def _recalled(self) -> Rising | None:
        """The state that an earlier session learnt, brought up to date by one command. None where
        nothing was learnt, where its last message is gone, and where too many messages came since,
        or an older one."""
        last = self._memory.get(LASTING, self._name(""))
        if not last or not last < self._selected.uidnext <= last + MOST_DATED:
            return None
        dates = dict(fetch.received(self._imap, f"{last}:*"))
        if (newest := dates.get(last)) is None:
            return None
        rise = Rising(True, last, newest.timestamp()).goes_on(dates.items())
        self._keep(rise)
        return rise

    def _keep(self, known: Rising | None) -> None:
        """The last message for other sessions, too, which ask for its date: that says more."""
        name = self._name("")
        self._memory.put(_RISING, name, known and list(vars(known).values()))
        self._memory.put(LASTING, name, known.last if known and known.rises else None)

    def still_rises(
        self, known: Rising, top: int, dates: Mapping[int, datetime | None], above: int
    ) -> bool:
        if not known.rises or top <= known.last:
            return known.rises
        later: Rising | None = None
        if above <= known.last:
            later = known.goes_on(dates.items())
        elif top - known.last <= MOST_DATED:
            later = known.goes_on(fetch.received(self._imap, f"{known.last + 1}:*"))
        self._keep(later)
        return later is not None

    def rising_ones(self, members: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """These messages, all for None, lowest first; None where their dates do not rise."""
        rise = self.rising()
        if not rise.rises:
            return None
        uids = self.everything() if members is None else members
        top = max(uids, default=0)
        return uids if self.still_rises(rise, top, {}, top) else None

    def _learned(self, known: _Kept | None) -> Rising:
        """The state that a list by dates shows; the list is kept where the dates do not rise."""
        if known is None or not known.uids:
            return _UNTOLD
        dates = fetch.received(self._imap, str(known.uids[-1]))
        newest = max((moment.timestamp() for _uid, moment in dates if moment), default=0)
        rise = Rising(all(a < b for a, b in pairwise(known.uids)), known.last, newest)
        if not rise.rises:
            self._put("by arrival", known)
        self._keep(rise)
        return rise

    # --- by what never changes ---

    def by(self, sort: str) -> tuple[int, ...] | None:
        """All messages in this order; None when the server can't sort and there are too many."""
        if not self.can_sort and self._selected.exists > MOST_SORTED_HERE:
            return None
        kept = self._get(f"by {sort}")
        known = self._up_to_date(kept, partial(self._placed, sort)) if kept else None
        if known is None:
            known = self._sorted(sort)
        if known is not None and known != kept:
            self._put(f"by {sort}", known)
            if sort == "arrival":
                self._learned(known)
        return known.uids if known else None

    def _sorted(self, sort: str) -> _Kept | None:
        if self.can_sort:
            uids = search.in_order(self._imap, self.key(sort))
        elif (sorted_here := _sorted_here(self._imap, self._selected, sort)) is not None:
            uids = sorted_here
        else:
            return None
        return _Kept(uids, self._imap.known().exists, max(uids, default=0))

    def _placed(
        self, sort: str, uids: tuple[int, ...], came: Sequence[int]
    ) -> tuple[int, ...] | None:
        if not self.can_sort or len(came) > MOST_MERGED or len(uids) <= _PROBES:
            return None
        return _merged(lambda named: search.in_order(self._imap, self.key(sort), named), uids, came)

    def _up_to_date(
        self, kept: _Kept, place: Callable[[tuple[int, ...], Sequence[int]], tuple[int, ...] | None]
    ) -> _Kept | None:
        """A list with what came put in its place and without what went; None when it must be asked
        for anew. One command when nothing happened.
        """
        newer = search.uids(self._imap, f"UID {kept.last + 1}:*")
        # "n:*" names the last message even when its UID is below n.
        came = sorted(uid for uid in newer if uid > kept.last)
        exists = self._imap.known().exists
        gone = kept.exists + len(came) - exists
        if gone < 0:
            return None
        uids = kept.uids
        if gone:
            left = frozenset(self.everything())
            uids = tuple(uid for uid in uids if uid in left)
        if came:
            placed = place(uids, came)
            if placed is None:
                return None
            uids = placed
        return _Kept(uids, exists, max(kept.last, *came) if came else kept.last)

    # --- by flags ---

    def _flagged(self, only: str) -> tuple[int, ...]:
        flag, on, criteria = _FLAG_OF[only]
        kept = self._get(only)
        known = self._changed(kept, flag, on) if kept and kept.modseq else None
        if known is None:
            uids = search.matching(self._imap, (criteria.encode(),))
            exists = self._imap.known().exists
            known = _Kept(uids, exists, self._last(), self._selected.highestmodseq)
        if known.modseq and known != kept:
            self._put(only, known)
        return known.uids

    def _last(self) -> int:
        """The highest UID of the folder."""
        exists = self._imap.known().exists
        marks = fetch.marks_by_sequence(self._imap, exists, exists) if exists else ()
        return marks[-1].uid if marks else 0

    def _changed(self, kept: _Kept, flag: str, on: bool) -> _Kept | None:
        """A list with what CONDSTORE tells; None when messages went, which it does not tell."""
        changes = fetch.changed_since(self._imap, kept.modseq)
        came = sum(mark.uid > kept.last for mark in changes)
        exists = self._imap.known().exists
        if kept.exists + came != exists:
            return None
        if not changes:
            return kept
        uids = set(kept.uids)
        for mark in changes:
            (uids.add if (flag in mark.flags) == on else uids.discard)(mark.uid)
        return _Kept(
            tuple(sorted(uids)),
            exists,
            max(kept.last, *(mark.uid for mark in changes)),
            max(kept.modseq, *(mark.modseq for mark in changes)),
        )

    # --- filters that must look closer ---

    def _with_attachment(self) -> tuple[tuple[int, ...], frozenset[str]]:
        if self._selected.keywords & {_HAS, _HAS_NOT}:
            return self._with_attachment_by_keyword()
        uids = self._kept_or("attachment", self._looked_through, self._having)
        is_part = self._selected.exists > MOST_LOOKED_THROUGH
        return uids, frozenset({ATTACHMENT_NEWEST} if is_part else ())

    def _with_attachment_by_keyword(self) -> tuple[tuple[int, ...], frozenset[str]]:
        """The messages that the server marked, and those it did not mark by their structure: a
        folder knows a keyword for good once a single message carried it.
        """
        marked = search.matching(self._imap, (f"KEYWORD {_HAS}".encode(),))
        unmarked = search.matching(self._imap, (f"UNKEYWORD {_HAS} UNKEYWORD {_HAS_NOT}".encode(),))
        if not unmarked:
            return marked, frozenset()
        having_files = self._kept_or(
            "attachment unmarked",
            lambda: self._having(unmarked[-MOST_LOOKED_THROUGH:]),
            lambda came: self._having([uid for uid in came if uid in unmarked]),
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
        """The messages that have an attachment, by their structure."""
        marks = fetch.marks(self._imap, uids)
        rows: list[summaries.Summary] = []
        for start in range(0, len(marks), _AT_ONCE):
            some = marks[start : start + _AT_ONCE]
            rows += summaries.of(self._imap, self._selected, some)
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
            lambda came: among(f"UID {uid_sets.compressed(came)} "),
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
        """A list of some messages, lowest first: the kept one, with those of the messages that came
        which ``among`` chooses.
        """
        kept = self._get(subset)
        known = None
        if kept:
            known = self._up_to_date(kept, lambda uids, came: (*uids, *among(came)))
        if known is None:
            uids = anew()
            known = _Kept(uids, self._imap.known().exists, self._last())
        if known != kept:
            self._put(subset, known)
        return known.uids

    # --- the memory ---

    def _name(self, subset: str) -> str:
        return json.dumps([self._selected.folder, self._selected.uidvalidity, subset])

    def _get(self, subset: str) -> _Kept | None:
        packed = self._memory.get(_KIND, self._name(subset))
        return _Kept.unpacked(packed) if packed else None

    def _put(self, subset: str, kept: _Kept) -> None:
        with suppress(OverflowError):  # numbers that are no UIDs: the server lies, nothing is kept
            self._memory.put(_KIND, self._name(subset), kept.packed())


def imap_date(day: date) -> str:
    """``5-Mar-2026`` (RFC 9051 section 9): in English whatever the locale."""
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * day.month - 3 : 3 * day.month]
    return f"{day.day}-{month}-{day.year}"


def _is_searchable(address: str) -> bool:
    """Printable ASCII that needs no literal."""
    return address.isascii() and address.isprintable() and not set(address) & {'"', "\\", " "}


def _from_any(addresses: Sequence[str]) -> str:
    """``OR FROM "a" FROM "b"``; OR takes two, so they are nested evenly: some servers bound how
    deep.
    """
    if len(addresses) == 1:
        return f'FROM "{addresses[0]}"'
    half = len(addresses) // 2
    return f"OR {_from_any(addresses[:half])} {_from_any(addresses[half:])}"


# --- what came, put in its place ---


def _merged(
    in_order: Callable[[str], tuple[int, ...]], uids: tuple[int, ...], came: Sequence[int]
) -> tuple[int, ...]:
    """A sorted list with a few messages more, by sorting them among every so-manieth of it, and
    then each among those of its gap: a few small commands however long the list is.
    """
    step = -(-len(uids) // _PROBES)
    new = frozenset(came)
    before: list[tuple[int, ...]] = [()]  # what comes before the first probe, then after each
    for uid in in_order(f"UID {uid_sets.compressed((*uids[::step], *came))}"):
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
    """Sorted by what the envelopes say; None when that takes too long."""
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
    """A subject without the signs of answers and forwarded messages before it."""
    return _ANSWER.sub("", subject)


def _key(row: Fetched, sort: str) -> Any:
    """The key of a row as RFC 5256 compares it: base subjects, the first person, the moment in one
    time zone."""
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
