"""Search messages: folder by folder, the newest first, within a time.

What a server without a full-text index must open to look into is asked for in spans of UIDs, from
the newest down: each command is short, so that a search can be given up, goes on where it stopped,
and what was found is shown before the rest has been read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from webmail.errors import (
    BadServerAnswer,
    FolderChanged,
    FolderNotFound,
    ServerRefused,
    ServerUnavailable,
)
from webmail.folding import fold
from webmail.imap import fetch, uid_sets
from webmail.imap import search as imap_search
from webmail.imap.connection import Connection
from webmail.imap.values import Folder, MessageRef, Selected
from webmail.mailbox import folders, query, summaries
from webmail.mailbox.ordering import without_answer
from webmail.mailbox.query import Criterion, Query
from webmail.mailbox.summaries import Summary

HERE, BELOW, ALL = "here", "below", "all"

MOST_LISTED = 5_000
"""Messages found that are listed, the newest; all are counted."""

FOUND_SORTS = ("", "old", "from", "subject", "size")
"""Orders of what was found; "" is the newest first."""
MOST_SORTED = 500
"""Messages found that are sorted by what they say, which must be asked of the server."""

# Messages that one command looks into: at first, and when the server took too long over those.
SPAN, LEAST_SPAN = 5_000, 250
# Seconds: a command that took less may look into four times as many, one that took more into half.
QUICK, SLOW = 0.25, 1.0
# Seconds that one command may take; then its connection is given up.
PATIENCE = 6.0

# What people call special folders, besides the names that they have.
_SPECIAL_NAMES = {
    folders.INBOX: ("boite de reception", "reception", "inbox"),
    folders.DRAFTS: ("brouillons", "brouillon", "drafts"),
    folders.SENT: ("envoyes", "messages envoyes", "sent"),
    folders.ARCHIVE: ("archives", "archive"),
    folders.JUNK: ("indesirables", "spam", "junk"),
    folders.TRASH: ("corbeille", "trash"),
}
# Searched after all others: what is there is mostly not what is looked for.
_LAST = (folders.JUNK, folders.TRASH)


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A message found. ``moment``: when it was received, in seconds since 1970; 0 where all that
    is searched is one folder, whose UIDs are in that order.
    """

    moment: float
    uid: int
    folder: str
    uidvalidity: int

    @property
    def ref(self) -> MessageRef:
        return MessageRef(self.folder, self.uidvalidity, self.uid)


@dataclass(frozen=True, slots=True)
class Place:
    """The place where a search goes on: in this folder, with UIDs under ``below`` (0: with all),
    ``span`` messages at a time (0: as many as the query allows).
    """

    folder: str
    uidvalidity: int = 0
    below: int = 0
    span: int = 0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of a search so far. ``hits``: the newest first, `MOST_LISTED` at most, of
    ``count``; ``place``: where the search goes on, None when all has been searched; ``slow`` and
    ``refused``: folders that the server did not search in time, or not at all; ``was_lost``: the
    line to it broke; ``is_line_over``: the connection can be used no more; ``without_accents``: the
    server looks for nothing but ASCII letters.
    """

    hits: tuple[Hit, ...] = ()
    count: int = 0
    place: Place | None = None
    slow: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    was_lost: bool = False
    is_line_over: bool = False
    without_accents: bool = False

    def packed(self) -> dict[str, Any]:
        """The result as JSON can carry it: folders are named once."""
        names = list(dict.fromkeys((hit.folder, hit.uidvalidity) for hit in self.hits))
        number = {name: n for n, name in enumerate(names)}
        rows = [(hit.moment, hit.uid, number[hit.folder, hit.uidvalidity]) for hit in self.hits]
        place = self.place
        return {
            "folders": names,
            "hits": rows,
            "count": self.count,
            "place": [place.folder, place.uidvalidity, place.below, place.span] if place else None,
            "slow": self.slow,
            "refused": self.refused,
            "without_accents": self.without_accents,
        }

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> SearchResult:
        return cls(
            hits=tuple(
                Hit(moment, uid, *packed["folders"][n]) for moment, uid, n in packed["hits"]
            ),
            count=packed["count"],
            place=Place(*packed["place"]) if packed["place"] else None,
            slow=tuple(packed["slow"]),
            refused=tuple(packed["refused"]),
            without_accents=packed["without_accents"],
        )

    def with_more(self, more: SearchResult) -> SearchResult:
        """The result with a later one, as both stand after it."""
        hits = sorted({*self.hits, *more.hits}, reverse=True)
        twice = len(self.hits) + len(more.hits) - len(hits)
        return replace(
            more,
            hits=tuple(hits[:MOST_LISTED]),
            count=self.count + more.count - twice,
            slow=tuple(dict.fromkeys((*self.slow, *more.slow))),
            refused=tuple(dict.fromkeys((*self.refused, *more.refused))),
            without_accents=self.without_accents or more.without_accents,
        )


def matching(
    imap: Connection, folder: str, wanted: Query, keywords: Mapping[str, str] | None = None
) -> tuple[int, ...]:
    """The UIDs of all messages of a folder that match, lowest first; none for a query that asks
    nothing. Two commands. ``keywords``: of tags, by their folded names.

    Raises FolderNotFound, ServerRefused, ServerUnavailable.
    """
    if wanted.is_empty:
        return ()
    imap.select(folder)
    return _uids(imap, wanted, keywords or {})[0]


def scope(known: Iterable[Folder], wanted: Query, reach: str, folder: str) -> tuple[str, ...]:
    """The names of the folders to search, in their order: the one that is open, the inbox, the
    others, junk and trash. A folder in the query counts for more than ``reach``. Empty folders are
    left out.
    """
    usable = [candidate for candidate in known if candidate.selectable and candidate.addressable]
    if wanted.folders:
        chosen = [candidate for name in wanted.folders for candidate in _named(usable, name)]
    elif reach == ALL or not folder:
        chosen = usable
    else:
        chosen = [
            candidate
            for candidate in usable
            if candidate.name == folder or (reach == BELOW and is_below(candidate, folder))
        ]
    without = {candidate.name for name in wanted.not_folders for candidate in _named(usable, name)}
    chosen = [
        candidate
        for candidate in chosen
        if candidate.name not in without and candidate.messages != 0
    ]
    in_order = sorted(chosen, key=lambda candidate: _order(candidate, folder))
    return tuple(dict.fromkeys(candidate.name for candidate in in_order))


def go_on(
    imap: Connection,
    names: Sequence[str],
    wanted: Query,
    *,
    keywords: Mapping[str, str] | None = None,
    place: Place | None = None,
    is_over: Callable[[], bool] = lambda: False,
    patience: float = PATIENCE,
) -> SearchResult:
    """Search the folders ``names`` from ``place`` on, until all are searched or ``is_over()``,
    which is asked before each command but the first: the search gets on in any case.

    In a folder: SELECT, SEARCH, and where there are several folders FETCH of the dates of what was
    found. Raises FolderNotFound for a single folder, else nothing that a server says or does: a
    folder that it will not search is passed over, and a search that takes it longer than
    ``patience`` seconds, or during which it hangs up, ends this part.
    """
    if wanted.is_empty or not names:
        return SearchResult()
    run = _Run(imap, names, wanted, keywords or {}, patience)
    following: Place | None = place if place and place.folder in names else Place(names[0])
    while following is not None:
        following = run.step(following)
        if run.is_broken or (following is not None and is_over()):
            break
    return run.found(following)


@dataclass
class _Run:
    imap: Connection
    names: Sequence[str]
    wanted: Query
    keywords: Mapping[str, str]
    patience: float
    hits: list[Hit] = field(default_factory=list)
    count: int = 0
    slow: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    is_broken: bool = False
    was_lost: bool = False
    without_accents: bool = False
    _open: Selected | None = None

    def found(self, place: Place | None) -> SearchResult:
        return SearchResult(
            hits=tuple(sorted(self.hits, reverse=True)[:MOST_LISTED]),
            count=self.count,
            place=place,
            slow=tuple(self.slow),
            refused=tuple(self.refused),
            was_lost=self.was_lost,
            is_line_over=self.is_broken,
            without_accents=self.without_accents,
        )

    def step(self, place: Place) -> Place | None:
        """One command's part of the search; where it goes on."""
        began = time.monotonic()
        try:
            with self.imap.within(self.patience):
                return self._search(self._opened(place.folder), place)
        except FolderNotFound:
            if len(self.names) == 1:
                raise
            return self._after(place.folder)  # deleted since the folders were listed
        except ServerRefused:
            self.refused.append(place.folder)
            return self._after(place.folder)
        except BadServerAnswer:
            self.is_broken = True
            self.refused.append(place.folder)
            return self._after(place.folder)
        except ServerUnavailable:
            self.is_broken = True
            if time.monotonic() - began < self.patience:
                self.was_lost = True
                return place
            return self._given_up(place)

    def _given_up(self, place: Place) -> Place | None:
        """The server took too long over this: fewer messages at a time may do. Of a folder that was
        never looked into, it opens every message even for a subject.
        """
        span = self._span(place)
        if span != LEAST_SPAN:
            return replace(place, span=LEAST_SPAN if span else SPAN)
        self.slow.append(place.folder)
        return self._after(place.folder)

    def _after(self, folder: str) -> Place | None:
        at = self.names.index(folder) + 1
        return Place(self.names[at]) if at < len(self.names) else None

    def _opened(self, folder: str) -> Selected:
        if self._open is None or self._open.folder != folder:
            self._open = self.imap.select(folder)
        return self._open

    def _search(self, selected: Selected, place: Place) -> Place | None:
        if place.uidvalidity != selected.uidvalidity:
            place = replace(place, uidvalidity=selected.uidvalidity, below=0)
        low = self._lowest(selected, place)
        limits: list[Criterion] = []
        if low > 1 or place.below:
            limits = [b"UID", f"{low}:{place.below - 1 if place.below else '*'}".encode()]
        began = time.monotonic()
        uids, is_ascii = _uids(self.imap, self.wanted, self.keywords, limits)
        taken = time.monotonic() - began
        self.without_accents |= is_ascii
        self._keep(selected, uids)
        if low <= 1:
            return self._after(place.folder)
        span = self._span(place)
        span = span * 4 if taken < QUICK else span // 2 if taken > SLOW else span
        return replace(place, below=low, span=max(span, LEAST_SPAN))

    def _lowest(self, selected: Selected, place: Place) -> int:
        """The UID down to which the next command looks; 1: down to the oldest message."""
        highest = place.below - 1 if place.below else selected.uidnext - 1
        span = self._span(place)
        if not span or highest < 1 or not selected.exists:
            return 1
        # Where much was deleted, UIDs are further apart than messages.
        width = span * max(selected.uidnext, 1) // selected.exists
        return max(1, highest - max(width, span) + 1)

    def _span(self, place: Place) -> int:
        """Messages that one command looks into; 0: all of the folder."""
        return place.span or (SPAN if self.wanted.reads_messages else 0)

    def _keep(self, selected: Selected, uids: Sequence[int]) -> None:
        self.count += len(uids)
        newest = uids[-MOST_LISTED:]
        moments = self._moments(newest) if len(self.names) > 1 else {}
        self.hits += [
            Hit(moments.get(uid, 0.0), uid, selected.folder, selected.uidvalidity) for uid in newest
        ]

    def _moments(self, uids: Sequence[int]) -> dict[int, float]:
        moments: dict[int, float] = {}
        rest = tuple(uids)
        while rest:
            some, rest = uid_sets.head(rest, len(rest))
            arrivals = fetch.arrivals(self.imap, uid_sets.compressed(some))
            moments |= {uid: moment.timestamp() for uid, moment in arrivals.items() if moment}
        return moments


def rows(imap: Connection, hits: Sequence[Hit]) -> tuple[Summary, ...]:
    """The messages found as a list shows them, in their order; those that are gone by now are left
    out. SELECT (not of the folder that is open) and FETCH of the flags for each folder among them,
    and one FETCH of what the connection has not read yet.
    """
    by_folder: dict[tuple[str, int], list[int]] = {}
    for hit in hits:
        by_folder.setdefault((hit.folder, hit.uidvalidity), []).append(hit.uid)
    known: dict[MessageRef, Summary] = {}
    for (folder, uidvalidity), uids in by_folder.items():
        try:
            selected = imap.require(MessageRef(folder, uidvalidity, uids[0]))
            some = summaries.of(imap, selected, fetch.marks(imap, uids))
        except (FolderNotFound, FolderChanged):
            continue
        known |= {row.ref: row for row in some}
    return tuple(known[hit.ref] for hit in hits if hit.ref in known)


def in_order(rows: Iterable[Summary], sort: str) -> tuple[Summary, ...]:
    """Sort rows that a search found. Equal ones stay in the order in which they came, the newer
    first."""
    match sort:
        case "from":
            return tuple(
                sorted(rows, key=lambda row: fold(row.from_[0].shown if row.from_ else ""))
            )
        case "subject":
            return tuple(sorted(rows, key=lambda row: fold(without_answer(row.subject))))
        case "size":
            return tuple(sorted(rows, key=lambda row: -row.size))
    return tuple(rows)


def _sender(row: Summary) -> str:
    return fold(row.from_[0].shown) if row.from_ else ""


def _uids(
    imap: Connection,
    wanted: Query,
    keywords: Mapping[str, str],
    limits: Sequence[Criterion] = (),
) -> tuple[tuple[int, ...], bool]:
    """The UIDs, and whether the server looks for nothing but ASCII: then for the letters without
    their accents. RFC 9051 section 6.4.4 lets an old server say so.
    """
    # A message that waits to be removed is in no list, and not here either.
    always = [*limits, b"UNDELETED"]
    try:
        criteria = query.criteria(wanted.term, keywords)
        return imap_search.matching(imap, [*always, *criteria]), False
    except ServerRefused:
        if imap.code() != "BADCHARSET":
            raise
    criteria = query.criteria(wanted.term, keywords, most_spellings=1)
    bare = [text if isinstance(text, bytes) else fold(text) for text in criteria]
    if not all(text.isascii() for text in bare):
        raise ServerRefused("The server does not look for these characters.")
    return imap_search.matching(imap, [*always, *bare]), True


def _named(known: Sequence[Folder], name: str) -> list[Folder]:
    """The folders that a person calls so: by their whole name, its end, what special ones are
    called; else those in whose name it is.
    """
    wanted = folders.folded(name)
    exactly = [candidate for candidate in known if wanted in _names_of(candidate)]
    return exactly or [candidate for candidate in known if wanted in folders.folded(candidate.name)]


def _names_of(folder: Folder) -> tuple[str, ...]:
    whole = folders.folded(folder.name)
    end = whole.rpartition(folder.delimiter)[2] if folder.delimiter else whole
    return whole, end, *_SPECIAL_NAMES.get(folder.special_use, ())


def is_below(folder: Folder, above: str) -> bool:
    """Whether a folder is inside another, at any depth."""
    return bool(folder.delimiter) and folder.name.startswith(f"{above}{folder.delimiter}")


def _order(folder: Folder, current: str) -> tuple[bool, bool, bool, str]:
    return (
        folder.name != current,
        folder.special_use in _LAST,
        folder.name != "INBOX",
        folders.folded(folder.name),
    )
