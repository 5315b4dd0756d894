"""The existing messages that a rule matches, and the steps that apply the rule to them.

Each condition is a search. If IMAP's search matches more than Sieve (a whole address, a pattern),
the header fields are checked too. So the result is that of the rule, except for capitals with
accents, which Sieve distinguishes and most IMAP servers do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from mail.folding import with_either_apostrophe
from mail.imap import fetch, uid_sets
from mail.imap import search as imap_search
from mail.imap.connection import Connection
from mail.imap.search import Criterion
from mail.imap.values import FLAGGED, SEEN
from mail.mailbox.actions import COPY, MOVE, SET, MailStep
from mail.mailbox.query import written_day
from mail.mime import headers
from mail.mime.headers import Headers
from mail.sieve import values, wildcards
from mail.sieve.values import ALL, Condition, ConditionGroup, Rule, RuleAction

MOST_LOOKED: Final = 2_000
"""The number of newest messages whose header fields are read for one condition."""
PATIENCE: Final = 10.0
"""Seconds that one search may take."""
_AT_ONCE: Final = 250
_FIELD_SIZE: Final = 8_192


@dataclass(frozen=True)
class MatchedMessages:
    """The messages that a rule matches. ``uids`` are lowest first; ``is_whole`` says that all
    messages of the folder were checked.
    """

    uidvalidity: int
    uids: tuple[int, ...]
    is_whole: bool = True


def matched(imap: Connection, folder: str, rule: Rule) -> MatchedMessages:
    """Return the messages of a folder that the rule matches. Sends a search for each condition.

    Raises FolderNotFound, ServerRefused, and ServerUnavailable when a search takes too long.
    """
    selected = imap.select(folder)
    run = _Run(imap)
    with imap.within(PATIENCE):
        everything = frozenset(imap_search.matching(imap, [b"ALL"]))
        uids = run.rule(rule, everything)
    return MatchedMessages(selected.uidvalidity, tuple(sorted(uids)), run.is_whole)


def steps(rule: Rule, folder: str, messages: MatchedMessages) -> tuple[MailStep, ...]:
    """Return the steps of the rule's actions for existing messages. None of them forwards
    messages.
    """
    if not messages.uids:
        return ()
    possible = (_step(action, folder, messages) for action in rule.actions)
    return tuple(step for step in possible if step is not None)


def _step(action: RuleAction, folder: str, messages: MatchedMessages) -> MailStep | None:
    match action.kind:
        case values.READ | values.FLAG | values.TAG:
            flag = {values.READ: SEEN, values.FLAG: FLAGGED}.get(action.kind, action.value)
            return MailStep(SET, folder, messages.uidvalidity, messages.uids, flag=flag)
        case values.COPY | values.MOVE:
            verb = COPY if action.kind == values.COPY else MOVE
            return MailStep(verb, folder, messages.uidvalidity, messages.uids, to=action.value)
    return None


@dataclass
class _Run:
    imap: Connection
    is_whole: bool = True

    def rule(self, rule: Rule, everything: frozenset[int]) -> frozenset[int]:
        if not rule.groups:
            return everything
        parts = [self._group(group, everything) for group in rule.groups]
        return _joined(rule.match, parts)

    def _group(self, group: ConditionGroup, everything: frozenset[int]) -> frozenset[int]:
        parts = []
        for condition in group.conditions:
            matching = self._found(condition)
            parts.append(everything - matching if condition.negated else everything & matching)
        return _joined(group.match, parts)

    def _found(self, condition: Condition) -> frozenset[int]:
        """Return the messages for which the condition holds, ignoring its negation."""
        uids = imap_search.matching(self.imap, list(_criteria(condition)))
        if not _needs_a_look(condition):
            return frozenset(uids)
        if len(uids) > MOST_LOOKED:
            self.is_whole = False
            uids = uids[-MOST_LOOKED:]
        return frozenset(self._looked_at(condition, uids))

    def _looked_at(self, condition: Condition, uids: Sequence[int]) -> Iterator[int]:
        for at in range(0, len(uids), _AT_ONCE):
            some = uids[at : at + _AT_ONCE]
            if condition.field == values.ATTACHMENT:
                yield from self._with_files(some)
                continue
            names, uid_set = _names(condition), uid_sets.compressed(some)
            for uid, raw in fetch.fields(self.imap, uid_set, names, _FIELD_SIZE).items():
                if _holds(condition, headers.parse(raw), names):
                    yield uid

    def _with_files(self, uids: Sequence[int]) -> Iterator[int]:
        for row in fetch.rows(self.imap, uids):
            if any(part.disposition == "attachment" for part in row.structure.walk()):
                yield row.ref.uid


def _joined(match: str, parts: Iterable[frozenset[int]]) -> frozenset[int]:
    first, *others = parts
    return first.intersection(*others) if match == ALL else first.union(*others)


def _names(condition: Condition) -> tuple[str, ...]:
    return values.HEADER_FIELDS.get(condition.field) or (condition.header,)


def _needs_a_look(condition: Condition) -> bool:
    if condition.field in {values.SIZE, values.DATE, values.BODY}:
        return False
    return condition.field == values.ATTACHMENT or condition.comparison in {
        values.IS,
        values.MATCHES,
        values.ADDRESS,
    }


def _criteria(condition: Condition) -> Iterator[Criterion]:
    """Yield search keys that find at least all messages for which the condition holds."""
    match condition.field:
        case values.SIZE:
            relation = b"LARGER" if condition.comparison == values.OVER else b"SMALLER"
            yield from (relation, b"%d" % int(condition.value))
        case values.DATE:
            yield from _day(condition)
        case values.BODY:
            yield from _any((b"BODY", text) for text in with_either_apostrophe(condition.value))
        case values.ATTACHMENT:
            yield from (b"HEADER", b"Content-Type", "")
        case _:
            names = _names(condition)
            text = "" if condition.comparison == values.EXISTS else condition.value
            if condition.comparison == values.MATCHES:
                text = max(re.split(r"[*?\\]", text), key=len)
            is_phrase = condition.comparison == values.CONTAINS
            texts = with_either_apostrophe(text) if is_phrase else (text,)
            yield from _any((b"HEADER", name, text) for name in names for text in texts)


def _any(keys: Iterable[tuple[Criterion, ...]]) -> Iterator[Criterion]:
    keys = list(keys)
    yield from (b"OR" for _ in keys[1:])
    for key in keys:
        yield from key


def _day(condition: Condition) -> Iterator[Criterion]:
    day = date.fromisoformat(condition.value)
    match condition.comparison:
        case values.SINCE:
            yield b"SENTSINCE"
        case values.UNTIL:
            yield b"SENTBEFORE"
            day += timedelta(days=1)
        case _:
            yield b"SENTON"
    yield written_day(day)


def _holds(condition: Condition, fields: Headers, names: Sequence[str]) -> bool:
    wanted = _folded(condition.value)
    if condition.field in {values.FROM, values.TO} and condition.comparison != values.MATCHES:
        own = [_folded(address_.address) for name in names for address_ in fields.addresses(name)]
        if condition.comparison == values.IS:
            return wanted in own
        return any(wanted in address for address in own)
    texts = [_folded(text).strip() for name in names for text in fields.get_all(name)]
    if condition.comparison == values.MATCHES:
        return any(wildcards.matches(wanted, text) for text in texts)
    return wanted in texts


def _folded(text: str) -> str:
    """Return the text as ``i;ascii-casemap`` compares it: only ASCII letters are lowered."""
    return re.sub("[A-Z]+", lambda match: match[0].lower(), text)
