"""Actions on many messages, in a few commands, after any of which the work may stop.

Between two commands, a value (`BulkWork`) holds what is left to do and what would undo the rest. A
request does the first second of the work and a job continues it; nothing is done twice if either
dies.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from mail.errors import MessageNotFound
from mail.imap import uid_sets
from mail.imap.connection import Connection, canonical
from mail.mailbox import actions, archive
from mail.mailbox.actions import ARCHIVE, MOVE, ActionOutcome, BegunStep, MailStep

# Seconds that one command should take, so that progress is visible and the work can be stopped. A
# fast server therefore gets thousands of messages in one command.
_SECONDS = 0.4
FIRST = 500
MOST_MESSAGES = 2_000_000
"""The greatest number of messages in one recorded set: more than any sensible folder has."""
_FEWEST, _MOST = 25, 5_000


def _at_once(_step: MailStep) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class BulkWork:
    """The state of an action on many messages.

    ``left`` are the steps still to be done. ``begun`` is a command whose answer has not come yet.
    ``undo`` reverts what was done to ``done`` messages, except for ``adrift`` ones, whose MOVE was
    not answered. ``gone`` counts messages that no longer existed.
    """

    left: tuple[MailStep, ...]
    done: int = 0
    gone: int = 0
    undo: tuple[MailStep, ...] = ()
    begun: BegunStep | None = None
    adrift: int = 0

    @property
    def remaining(self) -> int:
        begun = len(self.begun.step.uids) if self.begun else 0
        return begun + sum(len(step.uids) for step in self.left)

    @property
    def total(self) -> int:
        return self.done + self.gone + self.remaining

    @property
    def is_over(self) -> bool:
        return not (self.left or self.begun)

    def ended(self, outcome: ActionOutcome) -> BulkWork:
        """Return the work after the command in ``begun``; the steps that it left come first."""
        left = self.left
        if self.begun and outcome.left:
            left = (replace(self.begun.step, uids=outcome.left), *left)
        return BulkWork(
            left=left,
            done=self.done + outcome.done,
            gone=self.gone + outcome.gone,
            undo=joined((*self.undo, *([outcome.undo] if outcome.undo else []))),
            adrift=self.adrift + outcome.adrift,
        )


def run(
    imap: Connection,
    work: BulkWork,
    turn: Callable[[MailStep], AbstractContextManager[None]] = _at_once,
) -> Iterator[BulkWork]:
    """Do the work command by command, and yield its state.

    A state with ``begun`` means that a command is about to be sent: a job must record it before it
    asks for the next state. A caller may stop between two states, and nothing is half done. Raises
    the errors of `actions.perform` except MessageNotFound: messages that are gone are counted.

    ``turn`` makes the context in which a command is prepared and sent, or settled.
    """
    if work.begun:
        with turn(work.begun.step):
            work = work.ended(actions.settle(imap, work.begun))
        yield work
    years: dict[int, str] = {}
    most = FIRST
    while work.left:
        with turn(work.left[0]):
            work = _next(imap, work, most, years)
            yield work
            if work.begun is None:
                continue
            started = time.monotonic()
            work = work.ended(_performed(imap, work.begun))
        most = _paced(most, time.monotonic() - started)
        yield work


def joined(steps: Iterable[MailStep]) -> tuple[MailStep, ...]:
    """Join steps that differ only in their messages into one."""
    uids_by_step: dict[MailStep, set[int]] = {}
    for step in steps:
        uids_by_step.setdefault(replace(step, uids=()), set()).update(step.uids)
    return tuple(replace(step, uids=tuple(sorted(uids))) for step, uids in uids_by_step.items())


def packed(steps: Iterable[MailStep]) -> list[list[Any]]:
    """Return steps as JSON values, with sets of UIDs in IMAP's short form."""
    return [
        [
            step.verb,
            step.folder,
            step.uidvalidity,
            uid_sets.compressed(step.uids),
            step.to,
            step.flag,
        ]
        for step in steps
    ]


def unpacked(rows: Sequence[Sequence[Any]]) -> tuple[MailStep, ...]:
    """Return the steps of `packed`. Raises ValueError or TypeError for other values."""
    return tuple(
        MailStep(verb, folder, uidvalidity, uid_sets.expanded(uids, MOST_MESSAGES), to, flag)
        for verb, folder, uidvalidity, uids, to, flag in rows
    )


def _next(imap: Connection, work: BulkWork, most: int, years: dict[int, str]) -> BulkWork:
    """Take the next command from the remaining steps. Return the work without a command if there is
    nothing to send.
    """
    step, *others = work.left
    uids, rest = uid_sets.head(step.uids, _MOST if step.verb == ARCHIVE else most)
    batch = replace(step, uids=uids)
    left = (replace(step, uids=rest), *others) if rest else tuple(others)
    if batch.verb == MOVE and canonical(batch.to) == canonical(batch.folder):
        # they are in that folder already
        return replace(work, left=left, done=work.done + len(uids))
    if batch.verb == ARCHIVE:
        moves = archive.by_year(imap, batch, years)
        gone = len(uids) - sum(len(move.uids) for move in moves)
        return replace(work, left=(*moves, *left), gone=work.gone + gone)
    return replace(work, left=left, begun=actions.prepare(imap, batch))


def _performed(imap: Connection, begun: BegunStep) -> ActionOutcome:
    try:
        return actions.perform(imap, begun)
    except MessageNotFound:
        return ActionOutcome(0, gone=len(begun.step.uids))


def _paced(most: int, seconds: float) -> int:
    wanted = most * _SECONDS / max(seconds, 0.001)
    return int(min(max(wanted, _FEWEST, most / 4), _MOST, most * 8))
