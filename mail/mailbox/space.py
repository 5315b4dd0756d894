"""The sizes of all messages: by sender, by year, and the largest ones.

A hundred thousand messages take some seconds, so the work has a time limit: weights are remembered,
since neither size nor sender ever changes, and the next call continues.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mail.errors import FolderNotFound, ServerRefused
from mail.imap import fetch, search, uid_sets, weights
from mail.imap.connection import Connection
from mail.imap.values import FetchedMessage, Folder, MessageRef
from mail.imap.weights import MessageWeight
from mail.mailbox.actions import MailStep
from mail.mailbox.folders import TRASH
from mail.mailbox.memory import Memory

SENDER, YEAR, MESSAGE = "sender", "year", "message"
KIND = "space1"
# Messages asked for in one command, which takes a fraction of a second.
_AT_ONCE = 1000
MOST_MESSAGES = 2_000_000


@dataclass(frozen=True)
class WeighedFolder:
    """The messages of one folder that are weighed so far. ``left`` counts the others."""

    folder: str
    uidvalidity: int
    weights: tuple[MessageWeight, ...]
    left: int = 0


@dataclass(frozen=True)
class WeighedGroup:
    """Messages that have the sender (an address) or the year in common; ``size`` in bytes."""

    kind: str
    value: str
    name: str
    count: int
    size: int


def weigh(
    imap: Connection, folders: Iterable[Folder], memory: Memory, seconds: float
) -> tuple[WeighedFolder, ...]:
    """Weigh all messages of the user's own folders except the trash, the fullest folder first,
    within ``seconds``.

    Sends two commands for each folder and one for each thousand messages that the memory does not
    know. A folder that is gone meanwhile is left out.
    """
    deadline = time.monotonic() + seconds
    weighed = []
    for folder in _worth_it(folders):
        if time.monotonic() > deadline:
            weighed.append(WeighedFolder(folder.name, 0, (), folder.messages or 0))
            continue
        try:
            weighed.append(_weigh(imap, folder.name, memory, deadline))
        except (FolderNotFound, ServerRefused):
            continue
    return tuple(weighed)


def groups(weighed: Sequence[WeighedFolder], kind: str) -> list[WeighedGroup]:
    """Return senders or years with their messages, the largest first."""
    counts: dict[str, int] = defaultdict(int)
    sizes: dict[str, int] = defaultdict(int)
    names: dict[str, str] = {}
    for folder in weighed:
        for weight in folder.weights:
            value = _value(weight, kind)
            counts[value] += 1
            sizes[value] += weight.size
            if kind == SENDER:
                names.setdefault(value, weight.name)
    order = sorted(sizes, key=lambda value: (-sizes[value], value))
    return [
        WeighedGroup(kind, value, names.get(value, ""), counts[value], sizes[value])
        for value in order
    ]


def largest(imap: Connection, weighed: Sequence[WeighedFolder], count: int) -> list[FetchedMessage]:
    """Return the largest messages as rows, without those that are gone. Sends two commands for each
    of their folders.
    """
    every = ((weight.size, folder, weight.uid) for folder in weighed for weight in folder.weights)
    chosen: dict[WeighedFolder, list[int]] = defaultdict(list)
    for _size, folder, uid in sorted(every, key=lambda weighed_uid: -weighed_uid[0])[:count]:
        chosen[folder].append(uid)
    rows: list[FetchedMessage] = []
    for folder, uids in chosen.items():
        imap.require(MessageRef(folder.folder, folder.uidvalidity, uids[0]))
        rows += fetch.rows(imap, uids)
    return sorted(rows, key=lambda row: -row.size)


def chosen(weighed: Iterable[WeighedFolder], kind: str, value: str) -> tuple[MailStep, ...]:
    """Return the messages of a group by folder, as steps that have no verb yet."""
    steps = []
    for folder in weighed:
        uids = tuple(weight.uid for weight in folder.weights if _value(weight, kind) == value)
        if uids:
            steps.append(MailStep("", folder.folder, folder.uidvalidity, uids))
    return tuple(steps)


def _worth_it(folders: Iterable[Folder]) -> list[Folder]:
    own = [
        folder
        for folder in folders
        if folder.selectable
        and folder.addressable
        and not folder.owner
        and folder.special_use != TRASH
        and folder.messages != 0
    ]
    return sorted(own, key=lambda folder: -(folder.size or folder.messages or 0))


def _value(weight: MessageWeight, kind: str) -> str:
    return weight.sender if kind == SENDER else str(weight.year)


def _weigh(imap: Connection, folder: str, memory: Memory, deadline: float) -> WeighedFolder:
    selected = imap.select(folder)
    remembered = _remembered(memory, folder, selected.uidvalidity)
    there = search.uids(imap) if selected.exists else ()
    kept = {uid: remembered[uid] for uid in there if uid in remembered}
    # Weigh the newest first: an incomplete list then shows messages that the user remembers.
    missing = [uid for uid in reversed(there) if uid not in kept]
    before = len(kept)
    for start in range(0, len(missing), _AT_ONCE):
        if time.monotonic() > deadline:
            break
        batch = missing[start : start + _AT_ONCE]
        kept.update(
            (weight.uid, weight) for weight in weights.ask_weights(imap, uid_sets.compressed(batch))
        )
    if len(kept) != before or len(kept) != len(remembered):
        memory.put(KIND, folder, _packed(selected.uidvalidity, kept.values()))
    whole = tuple(kept[uid] for uid in sorted(kept))
    return WeighedFolder(folder, selected.uidvalidity, whole, len(there) - len(kept))


def _packed(uidvalidity: int, weights: Iterable[MessageWeight]) -> list[Any]:
    """Return the weights as JSON values: columns, in which each sender stands once."""
    ordered = sorted(weights, key=lambda weight: weight.uid)
    senders: dict[tuple[str, str], int] = {}
    numbers = [senders.setdefault((weight.sender, weight.name), len(senders)) for weight in ordered]
    uids = uid_sets.compressed(weight.uid for weight in ordered)
    sizes, years = [weight.size for weight in ordered], [weight.year for weight in ordered]
    return [uidvalidity, uids, sizes, years, numbers, [list(sender) for sender in senders]]


def _remembered(memory: Memory, folder: str, uidvalidity: int) -> dict[int, MessageWeight]:
    written = memory.get(KIND, folder)
    if not written or written[0] != uidvalidity or not written[1]:
        return {}
    _uidvalidity, uids, sizes, years, numbers, senders = written
    rows = zip(uid_sets.expanded(uids, MOST_MESSAGES), sizes, years, numbers, strict=True)
    return {
        uid: MessageWeight(uid, size, year, *senders[number]) for uid, size, year, number in rows
    }
