"""Many messages at once: a few commands, each of which can be the last for now.

What is left to do, and what would take back the rest, is a value (`Work`) between any two commands:
a request does the first second of it, a job goes on, and nothing is done twice when either dies.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from webmail.errors import MessageNotFound
from webmail.imap import uid_sets
from webmail.imap.connection import Connection, canonical
from webmail.mailbox import actions, archive
from webmail.mailbox.actions import ARCHIVE, MOVE, ActionOutcome, Begun, Step

# Messages in a command: as many as take about so many seconds, so that one sees how it gets on and
# can stop it. A server that is quick is given thousands.
_SECONDS = 0.4
FIRST = 500
MOST_MESSAGES = 2_000_000
"""Of one set that was written down: as many as a folder may sensibly have."""
_FEWEST, _MOST = 25, 5_000


@dataclass(frozen=True)
class Work:
    """``left``: what is to be done; ``begun``: a command of which no answer was heard yet; ``undo``
    takes back what was done to ``done`` messages, but for ``adrift`` ones, which were moved by a
    command whose answer was lost; ``gone`` were no longer there.
    """

    left: tuple[Step, ...]
    done: int = 0
    gone: int = 0
    undo: tuple[Step, ...] = ()
    begun: Begun | None = None
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

    def ended(self, outcome: ActionOutcome) -> Work:
        """After the command in ``begun``; what it left is to be done first."""
        left = self.left
        if self.begun and outcome.left:
            left = (replace(self.begun.step, uids=outcome.left), *left)
        return Work(
            left=left,
            done=self.done + outcome.done,
            gone=self.gone + outcome.gone,
            undo=joined((*self.undo, *([outcome.undo] if outcome.undo else []))),
            adrift=self.adrift + outcome.adrift,
        )


def run(imap: Connection, work: Work) -> Iterator[Work]:
    """Do it, command by command. Each value says how things stand; with ``begun`` in it a command
    is about to be sent, and a job must have written it down before it asks for the next value.

    Whoever stops between two values leaves nothing half done. Raises what `actions.perform` does,
    but MessageNotFound: messages that are gone are counted.
    """
    if work.begun:
        work = work.ended(actions.settle(imap, work.begun))
        yield work
    years: dict[int, str] = {}
    most = FIRST
    while work.left:
        work = _next(imap, work, most, years)
        yield work
        if work.begun is None:
            continue
        started = time.monotonic()
        work = work.ended(_performed(imap, work.begun))
        most = _paced(most, time.monotonic() - started)
        yield work


def joined(steps: Iterable[Step]) -> tuple[Step, ...]:
    """One step for those that differ in their messages alone."""
    uids_by_step: dict[Step, set[int]] = {}
    for step in steps:
        uids_by_step.setdefault(replace(step, uids=()), set()).update(step.uids)
    return tuple(replace(step, uids=tuple(sorted(uids))) for step, uids in uids_by_step.items())


def packed(steps: Iterable[Step]) -> list[list[Any]]:
    """The work as JSON can carry it, with sets of UIDs in IMAP's short form."""
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


def unpacked(rows: Sequence[Sequence[Any]]) -> tuple[Step, ...]:
    """ValueError, TypeError for what `packed` did not write."""
    return tuple(
        Step(verb, folder, uidvalidity, uid_sets.expanded(uids, MOST_MESSAGES), to, flag)
        for verb, folder, uidvalidity, uids, to, flag in rows
    )


def _next(imap: Connection, work: Work, most: int, years: dict[int, str]) -> Work:
    """The next command taken from what is left; without one when it turns out to be none."""
    step, *others = work.left
    uids, rest = uid_sets.head(step.uids, _MOST if step.verb == ARCHIVE else most)
    batch = replace(step, uids=uids)
    left = (replace(step, uids=rest), *others) if rest else tuple(others)
    if batch.verb == MOVE and canonical(batch.to) == canonical(batch.folder):
        return replace(work, left=left, done=work.done + len(uids))  # they are there already
    if batch.verb == ARCHIVE:
        moves = archive.by_year(imap, batch, years)
        gone = len(uids) - sum(len(move.uids) for move in moves)
        return replace(work, left=(*moves, *left), gone=work.gone + gone)
    return replace(work, left=left, begun=actions.prepare(imap, batch))


def _performed(imap: Connection, begun: Begun) -> ActionOutcome:
    try:
        return actions.perform(imap, begun)
    except MessageNotFound:
        return ActionOutcome(0, gone=len(begun.step.uids))


def _paced(most: int, seconds: float) -> int:
    wanted = most * _SECONDS / max(seconds, 0.001)
    return int(min(max(wanted, _FEWEST, most / 4), _MOST, most * 8))
