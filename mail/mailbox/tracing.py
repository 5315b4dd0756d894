"""The way of one message through a mailbox: the folder where it is, the rules that file such
messages there, and the reports that a message came back.

All folders are searched as `mail.mailbox.search` does, in bounded commands; nothing is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from mail.errors import WebmailError
from mail.imap import fetch, uid_sets
from mail.imap.connection import Connection
from mail.imap.values import Folder, MessageRef
from mail.mailbox import reading, returned, search, trying
from mail.mailbox.query import And, Identified, Or, Query, Received, Term, Text
from mail.mailbox.search import ALL, Hit, SearchPlace, SearchResult
from mail.mailbox.summaries import MessageSummary
from mail.mime import build, headers
from mail.mime.report import DeliveryOutcome
from mail.sieve.values import COPY, MOVE, REDIRECT, Rule

MOST_ROWS = 30
MOST_REPORTS = 8
MOST_RULES = 3
"""The greatest number of rules of one folder that are tried on the messages there."""
MOST_WORDS = 10
# The fields by which `webmail.adverts.judging` recognises a message.
_FIELDS = ("RECEIVED", "MESSAGE-ID", "DATE", "FROM", "SUBJECT")
_FIELDS_SIZE = 32 * 1024
_REPORTERS = ("mailer-daemon", "postmaster")


@dataclass(frozen=True)
class SoughtMessage:
    """The message to trace. ``day`` is about when it was received or sent. The server's day may
    differ, so that the days before and after count too.
    """

    address: str = ""
    day: date | None = None
    message_id: str = ""
    words: str = ""

    @property
    def query(self) -> Query:
        terms: list[Term] = []
        if self.message_id:
            terms.append(Identified(self.message_id))
        if self.address:
            terms.append(Or(tuple(Text(where, self.address) for where in ("FROM", "TO", "CC"))))
        if self.day:
            terms += [Received("SINCE", self.first_day), Received("BEFORE", self.last_day)]
        terms += [Text("SUBJECT", word) for word in self.words.split()[:MOST_WORDS]]
        return Query(And(tuple(terms)) if terms else None)

    @property
    def first_day(self) -> date:
        assert self.day is not None  # noqa: S101  the caller saw to it
        return self.day - timedelta(days=1)

    @property
    def last_day(self) -> date:
        """The first day that no longer counts."""
        assert self.day is not None  # noqa: S101  the caller saw to it
        return self.day + timedelta(days=2)

    def is_of(self, day: date) -> bool:
        return self.day is None or self.first_day <= day < self.last_day


@dataclass(frozen=True)
class TracedMessage:
    """A message in its present folder. ``header`` holds the fields that identify it in any
    folder.
    """

    row: MessageSummary
    header: bytes

    @property
    def message_id(self) -> str:
        ids = build.message_ids(headers.parse(self.header).get("Message-ID"))
        return ids[0] if ids else ""


@dataclass(frozen=True)
class TraceResult:
    """The messages found, newest first, and how far was searched."""

    messages: tuple[TracedMessage, ...]
    result: SearchResult

    @property
    def is_whole(self) -> bool:
        """Whether all folders were looked into."""
        result = self.result
        return not (result.place or result.slow or result.refused or result.was_lost)


@dataclass(frozen=True)
class ReturnedMail:
    """A mail server's report that one message did not reach some of its recipients."""

    row: MessageSummary
    message_ids: tuple[str, ...]
    outcomes: tuple[DeliveryOutcome, ...]


def trace(
    imap: Connection,
    all_folders: Sequence[Folder],
    sought: SoughtMessage,
    place: SearchPlace | None,
    is_over: Callable[[], bool],
) -> TraceResult:
    """Search ``all_folders`` from ``place`` on, until ``is_over``. After the search,
    sends two commands for each folder with found messages.
    """
    names = search.scope(all_folders, sought.query, ALL, "")
    result = search.go_on(imap, names, sought.query, place=place, is_over=is_over)
    hits = result.hits[:MOST_ROWS]
    if not hits or result.is_line_over:
        return TraceResult((), result)
    rows = {row.ref: row for row in search.rows(imap, hits)}
    fields = _headers(imap, hits)
    messages = tuple(
        TracedMessage(rows[hit.ref], fields.get(hit, b"")) for hit in hits if hit.ref in rows
    )
    return TraceResult(messages, result)


def _headers(imap: Connection, hits: Iterable[Hit]) -> dict[Hit, bytes]:
    by_folder: dict[str, list[Hit]] = {}
    for hit in hits:
        by_folder.setdefault(hit.folder, []).append(hit)
    fields: dict[Hit, bytes] = {}
    for together in by_folder.values():
        with suppress(WebmailError):
            imap.require(together[0].ref)
            uids = uid_sets.compressed(hit.uid for hit in together)
            raw = fetch.fields(imap, uids, _FIELDS, _FIELDS_SIZE)
            fields |= {hit: raw.get(hit.uid, b"") for hit in together}
    return fields


def filing(
    imap: Connection, rules: Iterable[Rule], traced: TraceResult, is_over: Callable[[], bool]
) -> dict[MessageRef, Rule]:
    """Return the rules that file messages like the found ones into their folders.

    For each rule that files into one of these folders, sends the searches of
    `mail.mailbox.trying`; none once ``is_over``.
    """
    by_message: dict[MessageRef, Rule] = {}
    for folder in dict.fromkeys(message.row.ref.folder for message in traced.messages):
        here = [message.row.ref for message in traced.messages if message.row.ref.folder == folder]
        filers = [rule for rule in rules if rule.enabled and _files_into(rule, folder)]
        for rule in filers[:MOST_RULES]:
            if is_over():
                return by_message
            with suppress(WebmailError):
                uids = set(trying.matched(imap, folder, rule).uids)
                by_message |= {
                    ref: rule for ref in here if ref.uid in uids and ref not in by_message
                }
    return by_message


def _files_into(rule: Rule, folder: str) -> bool:
    return any(act.kind in (MOVE, COPY) and act.value == folder for act in rule.actions)


def sending_away(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return the rules that forward messages and keep none here."""
    return tuple(
        rule for rule in rules if rule.enabled and any(act.kind == REDIRECT for act in rule.actions)
    )


def came_back(
    imap: Connection,
    all_folders: Sequence[Folder],
    since: date,
    message_ids: Collection[str],
    address: str,
    is_over: Callable[[], bool],
) -> tuple[ReturnedMail, ...]:
    """Return the reports since a day about one of these messages, or about ``address``, among the
    newest `MOST_REPORTS` of any mail server. Sends up to ten commands for each.
    """
    query = Query(
        And(
            (
                Or(tuple(Text("FROM", reporter) for reporter in _REPORTERS)),
                Received("SINCE", since - timedelta(days=1)),
            )
        )
    )
    result = search.go_on(imap, search.scope(all_folders, query, ALL, ""), query, is_over=is_over)
    if result.is_line_over:
        return ()
    reports = []
    for row in search.rows(imap, result.hits[:MOST_REPORTS]):
        with suppress(WebmailError):
            reports += _about(imap, row, message_ids, address.lower())
    return tuple(reports)


def _about(
    imap: Connection, row: MessageSummary, message_ids: Collection[str], address: str
) -> list[ReturnedMail]:
    report = reading.open_message(imap, row.ref, mark_seen=False, as_text=True)
    if not report.outcomes:
        return []
    ids = returned.message_ids(imap, report)
    is_to = any(outcome.recipient.lower() == address for outcome in report.outcomes if address)
    if not is_to and not set(ids) & set(message_ids):
        return []
    return [ReturnedMail(row, tuple(ids), report.outcomes)]
