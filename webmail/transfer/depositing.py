"""Store messages in folders without duplicates, so that each can be removed again.

A message is identified by its Message-ID and its size: if it is in its folder already, it is not
stored again. Before the first message is stored in a folder, and after every few, the job's row
records up to which UID the folder is known. A worker that takes up the job examines the newer
messages, and recognises those that the job stored.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from webmail.errors import OverQuota, ServerRefused, TooLarge
from webmail.imap import fetch, search, uid_sets
from webmail.imap.connection import Connection, checked_flag
from webmail.imap.values import Selected
from webmail.mailbox import folders
from webmail.mailbox.bulk import MOST_MESSAGES
from webmail.mime import build, envelope, headers
from webmail.mime.headers import Headers

FIELDS = ("MESSAGE-ID", "DATE", "FROM", "SUBJECT")
"""The fields that identify a message."""
_BATCH = 1_000
_HEADER = 256 * 1024
_WRITE_EVERY = 25
_WRITE_SECONDS = 2.0
_SURE = 5.0
"""Seconds after which a worker checks that the job is still its own: it may have been suspended."""
MOST_REPORTED = 200
_LIMIT = re.compile(r"APPENDLIMIT=([0-9]{1,12})")


def key(fields: Headers, size: int) -> int:
    """Return a number that identifies a message: a digest of its Message-ID, or else of sender,
    subject and date, and of its size in bytes with CRLF."""
    message_id = fields.raw("Message-ID").strip()
    others = b"\n".join(fields.raw(name) for name in FIELDS[1:])
    identity = b"%d\n%b" % (size, re.sub(rb"\s+", b" ", message_id or others))
    return int.from_bytes(hashlib.blake2b(identity, digest_size=8).digest())


@dataclass
class _Target:
    """A folder, as this worker knows it. ``known`` are the keys of its messages; ``own`` are keys
    and UIDs of messages that the job stored but had not recorded; ``uids`` are those of all
    messages that the job stored."""

    name: str
    uidvalidity: int
    uidnext: int
    keeps: Callable[[str], bool]
    known: set[int] = field(default_factory=set)
    own: dict[int, int] = field(default_factory=dict)
    uids: list[int] = field(default_factory=list)
    unnamed: set[int] = field(default_factory=set)


class Depositor:
    """Stores messages in folders. ``counts`` are those of stored, known and refused messages.
    `tell` writes them into the job's row, together with the position that the caller gives."""

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
        self.counts: list[int] = list(work.get("counts", [0, 0, 0]))
        self._since, self._written = 0, time.monotonic()
        self._limit = _append_limit(imap.capabilities)

    def knows(self, path: tuple[str, ...], fields: Headers, size: int) -> bool:
        """Return whether a message is in its folder already, without counting it."""
        place = self._place(path)
        number = key(fields, size)
        return number in place.own or number in place.known

    def has(self, path: tuple[str, ...], fields: Headers, size: int) -> bool:
        """Return whether a message is in its folder already, and count it if so."""
        place = self._place(path)
        number = key(fields, size)
        if uid := place.own.pop(number, 0):
            place.uids.append(uid)
            place.known.add(number)
            self.counts[0] += 1
            return True
        if number in place.known:
            self.counts[1] += 1
            return True
        return False

    def put(
        self,
        path: tuple[str, ...],
        raw: bytes,
        flags: Iterable[str],
        when: datetime | None,
        where: str,
    ) -> None:
        """Store a message, unless it is there already. Raises OverQuota, and errors after which the
        connection cannot be used. A message that the server refuses is recorded and skipped."""
        # An IMAP string cannot contain NUL. Dovecot makes the same replacement when it delivers
        # such a message.
        raw = build.crlf(raw.replace(b"\0", b"\x80"))
        fields = headers.parse(raw[:_HEADER])
        if self.has(path, fields, len(raw)):
            return
        if self._limit and len(raw) > self._limit:
            self.refuse(where, "too_large", len(raw))
            return
        place = self._place(path)
        received = when or envelope.moment(fields.get("Date"))
        accepted = [flag for flag in flags if _is_flag(flag) and place.keeps(flag)]
        if time.monotonic() - self._written > _SURE:
            self._go_on()
            self._written = time.monotonic()
        try:
            uid = self._imap.append(place.name, raw, accepted, _sensible(received))
        except TooLarge:
            self.refuse(where, "too_large", len(raw))
            return
        except OverQuota:
            raise
        except ServerRefused:
            self.refuse(where, "server", len(raw))
            return
        number = key(fields, len(raw))
        place.known.add(number)
        if uid:
            place.uids.append(uid)
        else:
            place.unnamed.add(number)
        self.counts[0] += 1

    def refuse(self, where: str, reason: str, size: int) -> None:
        self.counts[2] += 1
        if len(self._refused) < MOST_REPORTED:
            self._refused.append([where[:300], reason, size])

    def note(self, position: dict[str, Any], passed: int) -> None:
        """Note that a message was processed; write the row from time to time."""
        self._since += 1
        if self._since >= _WRITE_EVERY or time.monotonic() - self._written > _WRITE_SECONDS:
            self.tell(position, passed)

    def tell(self, position: dict[str, Any], passed: int) -> None:
        """Write the current state into the job's row."""
        for place in self._places.values():
            self._name_added(place)
            self._marks[place.name] = [place.uidvalidity, place.uidnext]
            if place.uids:
                self._added[place.name] = [place.uidvalidity, uid_sets.compressed(place.uids)]
        self._go_on(
            work=self._work(position),
            passed=passed,
            done=self.counts[0],
            known=self.counts[1],
            refused=self.counts[2],
            attempts=0,
        )
        self._since, self._written = 0, time.monotonic()

    def _work(self, position: dict[str, Any]) -> dict[str, Any]:
        return {
            **position,
            "marks": dict(self._marks),
            "added": dict(self._added),
            "refused": list(self._refused),
            "made": list(self._made),
            "counts": list(self.counts),
        }

    def _name_added(self, place: _Target) -> None:
        """Add the UIDs of stored messages, and advance the UID up to which the folder is known.
        Where the server does not tell UIDs (no UIDPLUS), the folder is read."""
        if place.unnamed:
            selected = self._imap.select(place.name)
            for number, uid in self._keys(selected, place.uidnext):
                if number in place.unnamed:
                    place.unnamed.discard(number)
                    place.uids.append(uid)
        place.uidnext = max([place.uidnext, *(uid + 1 for uid in place.uids)])

    # --- folders ---

    def _place(self, path: tuple[str, ...]) -> _Target:
        name = self._names.get(path)
        if name is None:
            name = self._names[path] = self._ensured(path)
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
            place.uids = list(uid_sets.expanded(self._added[name][1], MOST_MESSAGES))
        for number, uid in self._keys(selected, 1):
            if is_same and uid >= uidnext:
                place.own[number] = uid
            else:
                place.known.add(number)
        if not is_same:
            # Record this before anything is stored: newer messages may be the job's own.
            self._marks[name] = [place.uidvalidity, place.uidnext]
            self._go_on(marks={name: self._marks[name]}, work={"made": list(self._made)})
        return place

    def _keys(self, selected: Selected, first: int) -> Iterator[tuple[int, int]]:
        """Yield key and UID of each message of the open folder, beginning with a UID. One command
        for a thousand messages."""
        uids = [uid for uid in search.uids(self._imap, f"UID {first}:*") if uid >= first]
        while uids:
            batch, rest = uid_sets.head(uids, _BATCH)
            for message in fetch.stored(self._imap, uid_sets.compressed(batch), FIELDS):
                yield key(headers.parse(message.fields), message.size), message.uid
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


def _is_flag(flag: str) -> bool:
    try:
        checked_flag(flag)
    except ValueError:
        return False
    return flag.lower() not in ("\\recent", "\\deleted")


def _sensible(when: datetime | None) -> datetime | None:
    """Return a moment that a server accepts as INTERNALDATE; None for one in the future or before
    1971."""
    now = datetime.now(UTC)
    return when if when and when.year > 1970 and when <= now else None
