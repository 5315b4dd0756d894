"""Store messages in folders without duplicates, so that each can be removed again.

A message is in its folder already if one of the same content is: only the line ends, and empty
lines at the end, may differ. The header fields that `identity` reads tell which messages of the
folder have to be compared. Before the first message is stored in a folder, and after every few, the
job's row records up to which UID the folder is known. A worker that takes up the job examines the
newer messages, and recognises those that the job stored.
"""

from __future__ import annotations

import hashlib
import re
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any

from core import clock
from mail.errors import FolderNotFound, MessageNotFound, OverQuota, ServerRefused, TooLarge
from mail.imap import fetch, search, uid_sets
from mail.imap.connection import Connection, checked_flag
from mail.imap.values import MessageRef, StoredMessage
from mail.mailbox import folders
from mail.mailbox.bulk import MOST_MESSAGES
from mail.mime import build, envelope, headers
from mail.mime.headers import Headers
from webmail.transfer.tallies import DELETED, TEXT_BEFORE, Tallies, TransferOutcome

FIELDS = ("MESSAGE-ID", "DATE")
"""The fields that tell which messages may be the same."""
_BATCH = 1_000
_AHEAD = 100
_TOGETHER = 2 * 1024 * 1024
"""The most messages, and their bytes, that one command reads to compare them."""
_HEADER = 4 * 1024 * 1024
_LONGER = 64 * 1024
"""Bytes by which sizes of equal messages may differ beside their line ends."""
_WRITE_EVERY = 25
_WRITE_SECONDS = 2.0
_SURE = 5.0
"""Seconds after which a worker checks that the job is still its own: it may have been suspended."""
MOST_REPORTED = 200
MOST_FLAGS = 100
"""The most flags and keywords of one message."""
_LIMIT = re.compile(r"APPENDLIMIT=([0-9]{1,12})")


def identity(fields: Headers) -> int:
    """Return a number by which messages that may be the same are found: a digest of the Message-ID,
    or else of the date."""
    text = fields.raw("Message-ID").strip() or fields.raw("Date")
    return int.from_bytes(hashlib.blake2b(b"".join(text.split()), digest_size=8).digest())


def _digest_of_facts(number: int, message: StoredMessage) -> int:
    facts = repr((number, message.size, message.received)).encode()
    return int.from_bytes(hashlib.blake2b(facts, digest_size=8).digest())


_NAMELESS = identity(Headers(()))


def is_named(fields: Headers) -> bool:
    """Return whether `identity` reads anything of a message."""
    return bool(fields.raw("Message-ID").strip() or fields.raw("Date").strip())


def uniform(raw: bytes) -> bytes:
    """Return a message as it is stored: CRLF for every line end, and the byte 0x80 for NUL, which
    no IMAP string can contain. Dovecot makes the same replacement when it delivers such a
    message."""
    return build.crlf(raw.replace(b"\0", b"\x80"))


def digest(raw: bytes) -> bytes:
    """Return a digest of a message's content, without the line ends at its end."""
    return hashlib.blake2b(uniform(raw).rstrip(b"\r\n"), digest_size=16).digest()


@dataclass
class _Target:
    """A folder, as this worker knows it. ``named`` are UIDs by the identity of their messages, all
    of which are in ``order``; ``unread`` are sizes by the UIDs of those that were not read yet;
    ``contents`` are the UIDs of the others by their digest, with 0 for one whose UID the server did
    not tell. ``own`` are UIDs of messages that the job may have stored and not recorded. ``uids``
    are those of all messages that the job stored. ``facts`` are digests of identity, size and
    INTERNALDATE of the messages in ``order``: eight bytes for each of half a million."""

    name: str
    uidvalidity: int
    uidnext: int
    keeps: Callable[[str], bool]
    named: dict[int, list[int]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    unread: dict[int, int] = field(default_factory=dict)
    contents: dict[bytes, int] = field(default_factory=dict)
    own: set[int] = field(default_factory=set)
    uids: set[int] = field(default_factory=set)
    unnamed: set[bytes] = field(default_factory=set)
    facts: array[int] = field(default_factory=lambda: array("Q"))

    def note_facts(self, number: int, message: StoredMessage) -> None:
        """Note the facts of a message that was there, after those with lower UIDs."""
        if not self.order or message.uid > self.order[-1]:
            self.order.append(message.uid)
            self.facts.append(_digest_of_facts(number, message))

    def has(self, uid: int, number: int, message: StoredMessage) -> bool:
        """Return whether the message of this UID was there, with the facts of ``message``."""
        index = bisect_left(self.order, uid)
        is_there = index < len(self.order) and self.order[index] == uid
        return is_there and self.facts[index] == _digest_of_facts(number, message)

    def uids_from(self, first: int) -> Iterator[int]:
        """Yield the UIDs of the messages that were there when the folder was opened."""
        return islice(self.order, bisect_left(self.order, first), None)


class Depositor:
    """Stores messages in folders, and counts what becomes of each in ``tallies``. `tell` writes
    them into the job's row, together with the position that the caller gives."""

    def __init__(
        self, imap: Connection, target: str, work: dict[str, Any], go_on: Callable[..., None]
    ) -> None:
        self._imap, self._target, self._go_on = imap, target, go_on
        self._marks: dict[str, list[int]] = dict(work.get("marks", {}))
        self._added: dict[str, list[Any]] = dict(work.get("added", {}))
        self._refused: list[list[Any]] = list(work.get("refused", []))
        # Folders that the job made, in order: undoing removes them.
        self._made: list[str] = list(work.get("made", []))
        self._names: dict[tuple[str, ...], str] = {}
        self._places: dict[str, _Target] = {}
        self._delimiter, self._prefix, self._existing = "", "", set[str]()
        self.tallies = Tallies(work.get("tallies", {}))
        self._since, self._written = 0, time.monotonic()
        self._limit = _append_limit(imap.capabilities)

    def put(
        self,
        path: tuple[str, ...],
        raw: bytes,
        flags: Iterable[str],
        when: datetime | None,
        where: str,
    ) -> int:
        """Store a message, unless it is there already. Return its UID, 0 where that is unknown.
        Raises OverQuota, and errors after which the connection cannot be used. A message that the
        server refuses is recorded and skipped."""
        raw = uniform(raw)
        fields = headers.parse(raw[:_HEADER])
        place = self._place(path)
        content = digest(raw)
        uid = self._same(place, fields, raw, content)
        if uid is not None:
            self._recognise(place, uid)
            return uid
        if self._limit and len(raw) > self._limit:
            self.refuse(where, "too_large", len(raw), place.name)
            return 0
        received = when or envelope.moment(fields.get("Date"))
        return self._store(place, raw, content, _accepted(place, flags), received, where)

    def where(self, path: tuple[str, ...]) -> tuple[str, int]:
        """Return the name and UIDVALIDITY of a folder, which is made where it is missing."""
        place = self._place(path)
        return place.name, place.uidvalidity

    def has_still(self, path: tuple[str, ...], uid: int, message: StoredMessage) -> bool:
        """Return whether a message that became this UID of the folder lies there still.
        Message-ID, or else date, and size and INTERNALDATE must be equal: otherwise the caller has
        to bring its content, which is compared."""
        fields = headers.parse(message.fields)
        return is_named(fields) and self._place(path).has(uid, identity(fields), message)

    def recognise(self, path: tuple[str, ...], uid: int) -> None:
        """Count a message of which the caller knows that it is in the folder."""
        self._recognise(self._place(path), uid)

    def _recognise(self, place: _Target, uid: int) -> None:
        """Count a message that is in the folder already."""
        if uid in place.own:
            place.own.discard(uid)
            place.uids.add(uid)
            outcome = TransferOutcome.FILED
        elif not uid or uid in place.uids:
            outcome = TransferOutcome.IDENTICAL
        else:
            outcome = TransferOutcome.KNOWN
        self.tallies.count(place.name, outcome)

    def _store(
        self,
        place: _Target,
        raw: bytes,
        content: bytes,
        flags: list[str],
        received: datetime | None,
        where: str,
    ) -> int:
        if time.monotonic() - self._written > _SURE:
            self._go_on()
            self._written = time.monotonic()
        try:
            uid = self._imap.append(place.name, raw, flags, _sensible(received))
        except TooLarge:
            self.refuse(where, "too_large", len(raw), place.name)
            return 0
        except OverQuota:
            raise
        except ServerRefused:
            self.refuse(where, "server", len(raw), place.name)
            return 0
        place.contents[content] = uid or 0
        if uid:
            place.uids.add(uid)
        else:
            place.unnamed.add(content)
        self.tallies.count(place.name, TransferOutcome.FILED)
        return uid or 0

    def make(self, path: tuple[str, ...]) -> None:
        """Make a folder that has no messages."""
        self._folder_of(path)

    def check(self) -> None:
        """Compare what was filed with what is in the folders now, and note the difference."""
        self._note_places()
        for name, (_uidvalidity, uids) in self._added.items():
            added = set(uid_sets.expanded(uids, MOST_MESSAGES))
            with suppress(FolderNotFound):
                self._imap.select(name)
                added -= set(search.uids(self._imap, "ALL"))
            self.tallies.miss(name, len(added))

    # --- what is there already ---

    def _same(self, place: _Target, fields: Headers, raw: bytes, content: bytes) -> int | None:
        """Return the UID of the message of the folder that has this content, 0 where it is unknown,
        and None where there is none. A server may read no fields of a damaged header of which
        `headers.parse` reads some."""
        numbers = {identity(fields), _NAMELESS}
        for uid in chain.from_iterable(place.named.get(number, ()) for number in numbers):
            size = place.unread.get(uid)
            if size is not None and _may_be_equal(len(raw), size):
                self._read(place, uid)
        return place.contents.get(content)

    def _read(self, place: _Target, first: int) -> None:
        """Note the digest of a message of the folder, and of some that follow it, since what is
        brought again comes in the same order."""
        size = place.unread.pop(first, 0)
        if size > _TOGETHER:
            ref = MessageRef(place.name, place.uidvalidity, first)
            with suppress(MessageNotFound):
                self._note(place, first, b"".join(fetch.chunks(self._imap, ref, "")))
            return
        uids = [first]
        for uid in islice(place.uids_from(first + 1), _AHEAD):
            size += place.unread.get(uid, 0)
            if size > _TOGETHER:
                break
            if place.unread.pop(uid, None) is not None:
                uids.append(uid)
        self._imap.require(MessageRef(place.name, place.uidvalidity, first))
        for uid, raw in fetch.whole(self._imap, uids).items():
            self._note(place, uid, raw)

    def _note(self, place: _Target, uid: int, raw: bytes) -> None:
        """Note the digest of a message of the folder. One that the job stored gets its UID where
        the server did not tell it."""
        content = digest(raw)
        if content in place.unnamed:
            place.unnamed.discard(content)
            place.uids.add(uid)
            place.contents[content] = uid
        place.contents.setdefault(content, uid)

    def refuse(self, where: str, reason: str, size: int, folder: str = "") -> None:
        """Count and list a message that is not stored, with its folder if it is known."""
        if reason == DELETED:
            self.tallies.count(folder, TransferOutcome.LEFT)
            return
        if reason != TEXT_BEFORE:
            self.tallies.count(folder, TransferOutcome.REFUSED)
        if len(self._refused) < MOST_REPORTED:
            self._refused.append([where[:300], reason, size])

    def note(self, position: dict[str, Any], passed: int) -> None:
        """Note that a message was processed; write the row from time to time."""
        self._since += 1
        if self._since >= _WRITE_EVERY or time.monotonic() - self._written > _WRITE_SECONDS:
            self.tell(position, passed)

    def tell(self, position: dict[str, Any], passed: int) -> None:
        """Write the current state into the job's row."""
        self._note_places()
        self._go_on(
            work=self._work(position),
            passed=passed,
            done=self.tallies.sum(TransferOutcome.FILED),
            known=self.tallies.sum(TransferOutcome.KNOWN),
            refused=self.tallies.sum(TransferOutcome.REFUSED),
            attempts=0,
        )
        self._since, self._written = 0, time.monotonic()

    def _note_places(self) -> None:
        for place in self._places.values():
            self._name_added(place)
            self._marks[place.name] = [place.uidvalidity, place.uidnext]
            if place.uids:
                uids = uid_sets.compressed(sorted(place.uids))
                self._added[place.name] = [place.uidvalidity, uids]

    def _work(self, position: dict[str, Any]) -> dict[str, Any]:
        return {
            **position,
            "marks": dict(self._marks),
            "added": dict(self._added),
            "refused": list(self._refused),
            "made": list(self._made),
            "tallies": self.tallies.packed(),
        }

    def _name_added(self, place: _Target) -> None:
        """Add the UIDs of stored messages, and advance the UID up to which the folder is known.
        Where the server does not tell UIDs (no UIDPLUS), the folder is read."""
        if place.unnamed:
            self._imap.select(place.name)
            for _number, message in list(self._identities(place.uidnext)):
                place.unread[message.uid] = message.size
                self._read(place, message.uid)
                place.uidnext = message.uid + 1
            # A server that changes messages stored one otherwise: it is not found again.
            place.unnamed.clear()
        place.uidnext = max([place.uidnext, *(uid + 1 for uid in place.uids)])

    # --- folders ---

    def _folder_of(self, path: tuple[str, ...]) -> str:
        if path not in self._names:
            self._names[path] = self._ensured(path)
        return self._names[path]

    def _place(self, path: tuple[str, ...]) -> _Target:
        name = self._folder_of(path)
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = self._opened(name)
        return place

    def _opened(self, name: str) -> _Target:
        selected = self._imap.select(name)
        mark = self._marks.get(name)
        is_same = mark is not None and mark[0] == selected.uidvalidity
        uidnext = mark[1] if mark and is_same else selected.uidnext
        place = _Target(name, selected.uidvalidity, uidnext, selected.keeps)
        if is_same and name in self._added:
            place.uids = set(uid_sets.expanded(self._added[name][1], MOST_MESSAGES))
        for number, message in self._identities(1):
            place.named.setdefault(number, []).append(message.uid)
            place.unread[message.uid] = message.size
            place.note_facts(number, message)
            if is_same and message.uid >= uidnext:
                place.own.add(message.uid)
        if not place.uidnext:  # SELECT does not tell it on all servers
            place.uidnext = max(place.unread, default=0) + 1
        if not is_same:
            # Record this before anything is stored: newer messages may be the job's own.
            self._marks[name] = [place.uidvalidity, place.uidnext]
            self._go_on(marks={name: self._marks[name]}, work={"made": list(self._made)})
        return place

    def _identities(self, first: int) -> Iterator[tuple[int, StoredMessage]]:
        """Yield identity and values of each message of the open folder, beginning with a UID, in
        the order of the UIDs. One command for a thousand messages."""
        listed = search.uids(self._imap, f"UID {first}:*")
        uids = sorted(uid for uid in listed if uid >= first)
        while uids:
            batch, rest = uid_sets.head(uids, _BATCH)
            stored = fetch.stored(self._imap, uid_sets.compressed(batch), FIELDS)
            for message in sorted(stored, key=lambda message: message.uid):
                yield identity(headers.parse(message.fields)), message
            uids = list(rest)

    def _ensured(self, path: tuple[str, ...]) -> str:
        """Return the name of the folder below the target, and create it where it is missing."""
        if not self._existing:
            listed = folders.outline(self._imap)
            self._existing = {folder.name for folder in listed}
            self._delimiter = next((folder.delimiter for folder in listed if folder.delimiter), "")
            self._prefix = folders.personal_prefix(listed)
        labels = [self._label(label) for label in path]
        name = self._target
        if not name and not labels:
            return "INBOX"
        if name and name not in self._existing:
            self._make(name)
        for label in labels if self._delimiter else []:
            name = f"{name}{self._delimiter}{label}" if name else self._prefix + label
            if name not in self._existing:
                self._make(name)
        return name

    def _label(self, label: str) -> str:
        return (label.replace(self._delimiter, "-") if self._delimiter else label) or "_"

    def _make(self, name: str) -> None:
        folders.create(self._imap, name)
        self._existing.add(name)
        self._made.append(name)


def _append_limit(capabilities: Iterable[str]) -> int:
    """Return the largest message that the server accepts (RFC 7889), in bytes; 0 where it tells no
    limit."""
    matches = (_LIMIT.fullmatch(capability) for capability in capabilities)
    return next((int(match[1]) for match in matches if match), 0)


def _may_be_equal(size: int, stored: int) -> bool:
    """Return whether a message may be one that a server stored, by their sizes: a line end has one
    to three bytes there."""
    return stored < 2 * size + _LONGER and size < 2 * stored + _LONGER


def _accepted(place: _Target, flags: Iterable[str]) -> list[str]:
    """Return the flags and keywords that the folder keeps."""
    kept = (flag for flag in flags if _is_flag(flag) and place.keeps(flag))
    return list(islice(kept, MOST_FLAGS))


def _is_flag(flag: str) -> bool:
    try:
        checked_flag(flag)
    except ValueError:
        return False
    return flag.lower() not in ("\\recent", "\\deleted")


def _sensible(when: datetime | None) -> datetime | None:
    """Return a moment that a server accepts as INTERNALDATE; None for one in the future or before
    1971."""
    now = clock.now()
    return when if when and when.year > 1970 and when <= now else None
