"""The steps of an export: messages from the server, segment by segment, into the spool.

The position in the mailbox and the state of the file are recorded after each segment; a worker that
takes up the job continues there. Small messages are fetched many at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import Any

from django.conf import settings
from django.utils import timezone

from core import clock
from mail.errors import BadServerAnswer, FolderChanged, FolderNotFound, MessageNotFound, TooLarge
from mail.imap import fetch, search, uid_sets
from mail.imap.connection import Connection
from mail.imap.values import Folder, MessageRef, StoredMessage
from mail.mailbox.bulk import MOST_MESSAGES
from mail.mailbox.folders import own_levels
from mail.mime import envelope, headers
from webmail.models import Transfer
from webmail.transfer import names, store, writing
from webmail.transfer.writing import ExportedMessage, Writer

_BATCH = 500
"""The number of messages whose sizes are fetched by one command."""
_TOGETHER = 2 * 1024 * 1024
"""Bytes of messages that one command fetches."""
_HEADER = 64 * 1024
_PAUSE = 20.0
"""Seconds after which a segment ends, however small it is."""
_TELL = 1.0
"""Seconds between two records of the progress."""

Form = Transfer.Form


@dataclass(frozen=True, slots=True)
class ExportPlace:
    """A folder to export, or some of its messages. ``path`` are the labels of the folder in the
    file."""

    folder: str
    path: tuple[str, ...] = ()
    uidvalidity: int = 0
    uids: str = ""


def places(folders: Iterable[Folder]) -> list[ExportPlace]:
    """Return all of these folders, each with a unique path."""
    unique = names.Unique()
    folder_places = []
    for folder in folders:
        labels = [names.clean(label, "_") for label in own_levels(folder) if label]
        *above, last = labels or ["_"]
        path = unique.give("/".join((*above[:20], last)))
        folder_places.append(ExportPlace(folder.name, tuple(path.split("/"))))
    return folder_places


def packed(places_: Iterable[ExportPlace]) -> list[list[Any]]:
    """Return the places as JSON values."""
    return [[place.folder, list(place.path), place.uidvalidity, place.uids] for place in places_]


@dataclass
class _Counts:
    passed: int = 0
    done: int = 0
    gone: int = 0


@dataclass
class _Position:
    """The messages of ``places[at]`` up to the UID ``after`` are in the file."""

    at: int = 0
    after: int = 0
    counts: _Counts = field(default_factory=_Counts)


def run(job: Transfer, imap: Connection, go_on: Callable[..., None]) -> None:
    """Write the rest of the file. ``go_on`` writes columns of the row and a sign of life; it raises
    Lost when another worker has the job, or the job was stopped. Raises TooLarge beyond the limit,
    sealed_files.Unwritable when the spool is full, and the errors of the IMAP server."""
    if not store.are_there([*job.work.get("segments", []), *job.work.get("records", [])]):
        job.work = {name: job.work[name] for name in ("places", "fallback")}
    work = dict(job.work)
    exporter = _Export(job, imap, go_on)
    while not work.get("is_whole"):
        segment = store.write(bytes(job.key), exporter.segment())
        segments = [segment]
        try:
            entries = exporter.writer.take_records()
            work["records"] = list(work.get("records", []))
            if entries:
                segments.append(store.write(bytes(job.key), [entries]))
                work["records"].append(segments[-1])
                exporter.note_records(segments[-1])
            work |= exporter.state()
            work["segments"] = [*work.get("segments", []), segment]
            size = sum(size for _name, size in work["segments"])
            if size > settings.EXPORT_LIMIT:
                raise TooLarge(limit=settings.EXPORT_LIMIT)
            go_on(work=work, size=size, attempts=0, **exporter.columns())
        except BaseException:
            store.remove(segments)
            raise
    until = clock.now() + timedelta(days=settings.EXPORT_DAYS)
    records = work.get("records", [])
    go_on(work={**work, "records": []}, until=until)
    store.remove(records)  # only now: a worker that takes up the job after a crash needs them


def direct(imap: Connection, places_: Sequence[ExportPlace], fallback: str) -> Iterator[bytes]:
    """Yield a few messages as a zip of .eml, without a job. An error of the first message is raised
    at once."""
    writer = writing.SingleFiles({}, fallback, timezone.get_current_timezone())
    messages = (message for place in places_ for message in _messages(imap, place, 0, _Counts()))
    first = next(messages, None)
    if first is None:
        raise MessageNotFound("None of the messages is there any more.")

    def pieces() -> Iterator[bytes]:
        for message in chain([first], messages):
            yield from writer.message(message)
        yield from writer.finish([])

    return pieces()


class _Export:
    def __init__(self, job: Transfer, imap: Connection, go_on: Callable[..., None]) -> None:
        self._imap, self._go_on = imap, go_on
        self._places = [
            ExportPlace(folder, tuple(path), uidvalidity, uids)
            for folder, path, uidvalidity, uids in job.work["places"]
        ]
        position = job.work.get("position") or [0, 0, 0, 0, 0]
        self._position = _Position(position[0], position[1], _Counts(*position[2:]))
        self.writer = _writer(job)
        self._records = [tuple(segment) for segment in job.work.get("records", [])]
        self._key = bytes(job.key)
        self._is_whole = False
        self._told = time.monotonic()

    def segment(self) -> Iterator[bytes]:
        """Yield the next megabytes of the file."""
        size, begun = 0, time.monotonic()
        for piece in self._pieces():
            size += len(piece)
            yield piece
            if not piece and (size >= store.SEGMENT or time.monotonic() - begun > _PAUSE):
                yield self.writer.pause()
                return

    def state(self) -> dict[str, Any]:
        at = self._position
        counts = [at.counts.passed, at.counts.done, at.counts.gone]
        return {
            "position": [at.at, at.after, *counts],
            "writer": self.writer.state(),
            "is_whole": self._is_whole,
        }

    def columns(self) -> dict[str, Any]:
        counts = self._position.counts
        return {"passed": counts.passed, "done": counts.done, "refused": counts.gone}

    def _pieces(self) -> Iterator[bytes]:
        """Yield the rest of the file. An empty piece marks a place where it may be interrupted."""
        at = self._position
        while at.at < len(self._places):
            place = self._places[at.at]
            for message in _messages(self._imap, place, at.after, at.counts):
                yield from (piece for piece in self.writer.message(message) if piece)
                at.after = message.stored.uid
                self._tell()
                yield b""
            if not at.after:
                yield from self.writer.empty(place.path)
            at.at, at.after = at.at + 1, 0
        yield from self.writer.finish(store.read(self._key, self._records))
        self._is_whole = True

    def note_records(self, segment: store.Segment) -> None:
        self._records.append(segment)

    def _tell(self) -> None:
        if time.monotonic() - self._told > _TELL:
            self._told = time.monotonic()
            self._go_on(**self.columns())


def _writer(job: Transfer) -> Writer:
    state: dict[str, Any] = job.work.get("writer") or {}
    match job.form:
        case Form.MBOX:
            is_one = len(job.work["places"]) == 1
            return writing.Mbox() if is_one else writing.Mboxes(state)
        case Form.EML:
            records = store.read(bytes(job.key), job.work.get("records", []))
            zone = timezone.get_current_timezone()
            return writing.SingleFiles(
                state, job.work.get("fallback", "-"), zone, [b"".join(records)]
            )
    return writing.Maildirs(state)


def _messages(
    imap: Connection, place: ExportPlace, after: int, counts: _Counts
) -> Iterator[ExportedMessage]:
    """Yield the messages of a place after a UID, the oldest first, except those marked as deleted.
    A folder that no longer exists has none."""
    try:
        selected = imap.select(place.folder)
    except FolderNotFound:
        return
    if place.uidvalidity not in (0, selected.uidvalidity):
        raise FolderChanged("The folder was made anew since its messages were chosen.")
    wanted = [uid for uid in search.uids(imap, "UNDELETED") if uid > after]
    if place.uids:
        chosen = set(uid_sets.expanded(place.uids, MOST_MESSAGES))
        wanted = [uid for uid in wanted if uid in chosen]
    wanted.sort()
    while wanted:
        uids, rest = uid_sets.head(wanted, _BATCH)
        stored = fetch.stored(imap, uid_sets.compressed(uids))
        _count_gone(counts, len(uids) - len(stored))
        yield from _of_batch(imap, place, selected.uidvalidity, stored, counts)
        wanted = list(rest)


def _count_gone(counts: _Counts, count: int) -> None:
    counts.gone += count
    counts.passed += count


def _of_batch(
    imap: Connection,
    place: ExportPlace,
    uidvalidity: int,
    stored: Sequence[StoredMessage],
    counts: _Counts,
) -> Iterator[ExportedMessage]:
    for group in together(stored):
        if group[0].size > _TOGETHER:
            ref = MessageRef(place.folder, uidvalidity, group[0].uid)
            large = _Large(imap, ref, group[0].size)
            try:
                head = next(iter(large), b"")
            except MessageNotFound:
                _count_gone(counts, 1)
                continue
            counts.passed, counts.done = counts.passed + 1, counts.done + 1
            yield _exported(place, group[0], head, large)
            continue
        contents = fetch.whole(imap, [message.uid for message in group])
        for message in group:
            content = contents.pop(message.uid, None)
            if content is None:
                _count_gone(counts, 1)
                continue
            counts.passed, counts.done = counts.passed + 1, counts.done + 1
            yield _exported(place, message, content, [content])


class _Large:
    """A message that is fetched in pieces, again for each iteration."""

    def __init__(self, imap: Connection, ref: MessageRef, size: int) -> None:
        self._imap, self._ref, self._size = imap, ref, size

    def __iter__(self) -> Iterator[bytes]:
        return bounded(fetch.chunks(self._imap, self._ref, ""), self._size)


def bounded(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield pieces of a message of about ``size`` bytes, a number that some servers round. Raises
    BadServerAnswer where there are far more, since they might never end."""
    left = 2 * size + _TOGETHER
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise BadServerAnswer("The IMAP server sent far more of a message than it said.")
        yield piece


def together(stored: Iterable[StoredMessage]) -> Iterator[list[StoredMessage]]:
    """Yield groups of messages that one command fetches. A large message is a group of its own."""
    group: list[StoredMessage] = []
    size = 0
    for message in stored:
        if group and size + message.size > _TOGETHER:
            yield group
            group, size = [], 0
        group.append(message)
        size += message.size
    if group:
        yield group


def _exported(
    place: ExportPlace, stored: StoredMessage, head: bytes, pieces: Iterable[bytes]
) -> ExportedMessage:
    fields = headers.parse(head[:_HEADER])
    return ExportedMessage(place.path, stored, envelope.envelope_of(fields), pieces)
