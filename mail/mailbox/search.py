"""Searches messages folder by folder, newest first, within a time limit.

If a server without a full-text index must open the messages, it is asked in ranges of UIDs, from
the newest down. Each command is short, so that a search can be stopped and continued, and results
are shown before the rest has been searched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mail.errors import (
    BadServerAnswer,
    FolderChanged,
    FolderNotFound,
    ServerRefused,
    ServerUnavailable,
)
from mail.folding import fold
from mail.imap import fetch, uid_sets
from mail.imap import search as imap_search
from mail.imap.connection import Connection
from mail.imap.values import Folder, MessageRef, Selected
from mail.mailbox import folders, query, summaries
from mail.mailbox.ordering import without_answer
from mail.mailbox.query import Criterion, Query
from mail.mailbox.summaries import MessageSummary

HERE, BELOW, ALL = "here", "below", "all"

MOST_LISTED = 5_000
"""The number of found messages that are listed, newest first; all are counted."""

FOUND_SORTS = ("", "old", "from", "subject", "size")
"""The orders of search results; "" is newest first."""
MOST_SORTED = 500
"""The number of found messages that are sorted by their own values, which must be fetched."""

# Messages that one command searches: at first, and at least after the server was too slow.
SPAN, LEAST_SPAN = 5_000, 250
# Seconds: after a faster command, the next searches four times as many messages; after a slower
# one, half as many.
QUICK, SLOW = 0.25, 1.0
# Seconds that one command may take before its connection is given up.
PATIENCE = 6.0

# Words that users have for special folders, besides their names.
_SPECIAL_NAMES = {
    folders.INBOX: ("boite de reception", "reception", "inbox"),
    folders.DRAFTS: ("brouillons", "brouillon", "drafts"),
    folders.SENT: ("envoyes", "messages envoyes", "sent"),
    folders.ARCHIVE: ("archives", "archive"),
    folders.JUNK: ("indesirables", "spam", "junk"),
    folders.TRASH: ("corbeille", "trash"),
}
# The folders that are searched last, because the sought message is rarely there.
_LAST = (folders.JUNK, folders.TRASH)


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A found message. ``moment`` is when it was received, in seconds since 1970; 0 if only one
    folder is searched, where UIDs give that order.
    """

    moment: float
    uid: int
    folder: str
    uidvalidity: int

    @property
    def ref(self) -> MessageRef:
        return MessageRef(self.folder, self.uidvalidity, self.uid)


@dataclass(frozen=True, slots=True)
class SearchPlace:
    """The place where a search continues: this folder, UIDs under ``below`` (0: all), ``span``
    messages at a time (0: as many as the query allows).
    """

    folder: str
    uidvalidity: int = 0
    below: int = 0
    span: int = 0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of a search so far.

    ``hits`` are the newest, at most `MOST_LISTED`, of ``count``. ``place`` is where the search
    continues, None when it is complete. ``slow`` and ``refused`` are folders that the server did
    not search in time, or not at all. ``was_lost`` says that the connection broke, ``is_line_over``
    that it can no longer be used. ``without_accents`` says that the server only searches for ASCII
    letters.
    """

    hits: tuple[Hit, ...] = ()
    count: int = 0
    place: SearchPlace | None = None
    slow: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    was_lost: bool = False
    is_line_over: bool = False
    without_accents: bool = False

    def packed(self) -> dict[str, Any]:
        """Return the result as JSON values, in which each folder is named once."""
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
            place=SearchPlace(*packed["place"]) if packed["place"] else None,
            slow=tuple(packed["slow"]),
            refused=tuple(packed["refused"]),
            without_accents=packed["without_accents"],
        )

    def with_more(self, more: SearchResult) -> SearchResult:
        """Return the result joined with a later one."""
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
    """Return the UIDs of all messages of a folder that match, lowest first; none for an empty
    query. Sends two commands. ``keywords`` maps folded names of tags to keywords.

    Raises FolderNotFound, ServerRefused and ServerUnavailable.
    """
    if wanted.is_empty:
        return ()
    imap.select(folder)
    return _uids(imap, wanted, keywords or {})[0]


def scope(all_folders: Iterable[Folder], wanted: Query, reach: str, folder: str) -> tuple[str, ...]:
    """Return the names of the folders to search in order: the open one, the inbox, the others, junk
    and trash, without empty folders. A folder named in the query takes precedence over ``reach``.
    """
    usable = [
        candidate for candidate in all_folders if candidate.selectable and candidate.addressable
    ]
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
    place: SearchPlace | None = None,
    is_over: Callable[[], bool] = lambda: False,
    patience: float = PATIENCE,
) -> SearchResult:
    """Search the folders ``names`` from ``place`` on, until all are searched or ``is_over()``. It
    is checked before each command but the first, so that each call makes progress.

    For each folder, sends SELECT, SEARCH, and, if there are several folders, FETCH of the dates of
    found messages. Raises FolderNotFound for a single folder, but no other error of the server: a
    folder that it refuses to search is skipped, and a search that takes longer than ``patience``
    seconds, or during which it hangs up, ends this part.
    """
    if wanted.is_empty or not names:
        return SearchResult()
    run = _Run(imap, names, wanted, keywords or {}, patience)
    following: SearchPlace | None = (
        place if place and place.folder in names else SearchPlace(names[0])
    )
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

    def found(self, place: SearchPlace | None) -> SearchResult:
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

    def step(self, place: SearchPlace) -> SearchPlace | None:
        """Do one command's part of the search. Return where the search continues."""
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

    def _given_up(self, place: SearchPlace) -> SearchPlace | None:
        """Return where to continue after a command that took too long: with fewer messages at a
        time. In a folder that was never searched, some servers open every message even for a
        subject.
        """
        span = self._span(place)
        if span != LEAST_SPAN:
            return replace(place, span=LEAST_SPAN if span else SPAN)
        self.slow.append(place.folder)
        return self._after(place.folder)

    def _after(self, folder: str) -> SearchPlace | None:
        at = self.names.index(folder) + 1
        return SearchPlace(self.names[at]) if at < len(self.names) else None

    def _opened(self, folder: str) -> Selected:
        if self._open is None or self._open.folder != folder:
            self._open = self.imap.select(folder)
        return self._open

    def _search(self, selected: Selected, place: SearchPlace) -> SearchPlace | None:
        if place.uidvalidity != selected.uidvalidity:
            place = replace(place, uidvalidity=selected.uidvalidity, below=0)
        low = self._lowest(selected, place)
        limits: list[Criterion] = []
        if low > 1 or place.below:
            limits = [b"UID", f"{low}:{place.below - 1 if place.below else '*'}".encode()]
        began = time.monotonic()
        uids, is_ascii = _uids(self.imap, self.wanted, self.keywords, limits)
        seconds = time.monotonic() - began
        self.without_accents |= is_ascii
        self._keep(selected, uids)
        if low <= 1:
            return self._after(place.folder)
        span = self._span(place)
        span = span * 4 if seconds < QUICK else span // 2 if seconds > SLOW else span
        return replace(place, below=low, span=max(span, LEAST_SPAN))

    def _lowest(self, selected: Selected, place: SearchPlace) -> int:
        """Return the lowest UID that the next command searches; 1 for all down to the oldest
        message.
        """
        highest = place.below - 1 if place.below else selected.uidnext - 1
        span = self._span(place)
        if not span or highest < 1 or not selected.exists:
            return 1
        # If many messages were deleted, UIDs are further apart than messages.
        width = span * max(selected.uidnext, 1) // selected.exists
        return max(1, highest - max(width, span) + 1)

    def _span(self, place: SearchPlace) -> int:
        """Return how many messages one command searches; 0 for the whole folder."""
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


def rows(imap: Connection, hits: Sequence[Hit]) -> tuple[MessageSummary, ...]:
    """Return rows for the found messages, in their order, without those that are gone.

    Sends for each of their folders SELECT (unless it is open) and FETCH of the flags, and one FETCH
    for rows that the connection does not have.
    """
    by_folder: dict[tuple[str, int], list[int]] = {}
    for hit in hits:
        by_folder.setdefault((hit.folder, hit.uidvalidity), []).append(hit.uid)
    rows_by_ref: dict[MessageRef, MessageSummary] = {}
    for (folder, uidvalidity), uids in by_folder.items():
        try:
            selected = imap.require(MessageRef(folder, uidvalidity, uids[0]))
            some = summaries.summaries_of(imap, selected, fetch.marks(imap, uids))
        except (FolderNotFound, FolderChanged):
            continue
        rows_by_ref |= {row.ref: row for row in some}
    return tuple(rows_by_ref[hit.ref] for hit in hits if hit.ref in rows_by_ref)


def in_order(rows: Iterable[MessageSummary], sort: str) -> tuple[MessageSummary, ...]:
    """Sort the rows of a search. Equal rows keep their order, newest first."""
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


def _sender(row: MessageSummary) -> str:
    return fold(row.from_[0].shown) if row.from_ else ""


def _uids(
    imap: Connection,
    wanted: Query,
    keywords: Mapping[str, str],
    limits: Sequence[Criterion] = (),
) -> tuple[tuple[int, ...], bool]:
    """Return the UIDs, and whether the server only searches for ASCII; then accents are dropped
    from the texts. RFC 9051 section 6.4.4 allows an old server to refuse others.
    """
    # A message marked for removal is not listed, so it is not found either.
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


def _named(all_folders: Sequence[Folder], name: str) -> list[Folder]:
    """Return the folders meant by a name: by their full name, the end of it, or the words for
    special folders; otherwise those whose name contains it.
    """
    wanted = folders.folded(name)
    exactly = [candidate for candidate in all_folders if wanted in _names_of(candidate)]
    return exactly or [
        candidate for candidate in all_folders if wanted in folders.folded(candidate.name)
    ]


def _names_of(folder: Folder) -> tuple[str, ...]:
    whole = folders.folded(folder.name)
    end = whole.rpartition(folder.delimiter)[2] if folder.delimiter else whole
    return whole, end, *_SPECIAL_NAMES.get(folder.special_use, ())


def is_below(folder: Folder, above: str) -> bool:
    """Return whether a folder is inside another, at any depth."""
    return bool(folder.delimiter) and folder.name.startswith(f"{above}{folder.delimiter}")


def _order(folder: Folder, current: str) -> tuple[bool, bool, bool, str]:
    return (
        folder.name != current,
        folder.special_use in _LAST,
        folder.name != "INBOX",
        folders.folded(folder.name),
    )
