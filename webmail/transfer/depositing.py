"""Messages into folders, none twice, each so that it can be taken away again.

A message is known by its Message-ID and its size: one that lies in its folder already is not put
there once more, whoever put it there. Before the first message goes into a folder, and after each
few, the job's row says up to which UID the folder was known: whoever takes the job up looks at what
came since, and knows which of it was the job's own.
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
"""What tells messages apart."""
_BATCH = 1_000
_HEADER = 256 * 1024
_WRITE_EVERY = 25
_WRITE_SECONDS = 2.0
_SURE = 5.0
"""Seconds after which a worker asks again whether the job is its own: it may have been frozen."""
MOST_REPORTED = 200
_LIMIT = re.compile(r"APPENDLIMIT=([0-9]{1,12})")


def key(fields: Headers, size: int) -> int:
    """A number made of the values that tell a message apart: its Message-ID, or else its sender,
    subject and date; and its size in bytes, with CRLF."""
    named = fields.raw("Message-ID").strip()
    others = b"\n".join(fields.raw(name) for name in FIELDS[1:])
    identity = b"%d\n%b" % (size, re.sub(rb"\s+", b" ", named or others))
    return int.from_bytes(hashlib.blake2b(identity, digest_size=8).digest())


@dataclass
class _Place:
    """A folder as this worker knows it. ``known``: keys of what lies in it; ``own``: of what the
    job had put there and not written down, with UIDs; ``uids``: of all that the job put there."""

    name: str
    uidvalidity: int
    uidnext: int
    keeps: Callable[[str], bool]
    known: set[int] = field(default_factory=set)
    own: dict[int, int] = field(default_factory=dict)
    uids: list[int] = field(default_factory=list)
    unnamed: set[int] = field(default_factory=set)


class Depositor:
    """``counts``: done, known and refused messages. `tell` writes them, with the position that the
    caller gives, into the job's row."""

    def __init__(
        self, imap: Connection, target: str, work: dict[str, Any], go_on: Callable[..., None]
    ) -> None:
        self._imap, self._target, self._go_on = imap, target, go_on
        self._marks: dict[str, list[int]] = dict(work.get("marks", {}))
        self._added: dict[str, list[Any]] = dict(work.get("added", {}))
        self._refused: list[list[Any]] = list(work.get("refused", []))
        # Folders that the job made, in that order: its undoing takes them away.
        self._made: list[str] = list(work.get("made", []))
        self._names: dict[tuple[str, ...], str] = {}
        self._places: dict[str, _Place] = {}
        self._delimiter, self._prefix, self._existing = "", "", set[str]()
        self.counts: list[int] = list(work.get("counts", [0, 0, 0]))
        self._since, self._written = 0, time.monotonic()
        self._limit = _append_limit(imap.capabilities)

    def knows(self, path: tuple[str, ...], fields: Headers, size: int) -> bool:
        """Whether a message lies in its folder already. Nothing is counted."""
        place = self._place(path)
        number = key(fields, size)
        return number in place.own or number in place.known

    def has(self, path: tuple[str, ...], fields: Headers, size: int) -> bool:
        """Whether a message lies in its folder already, and is counted as such."""
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
        """File a message, unless it is there already. Raises OverQuota, and the errors that make
        the connection useless; a message that the server refuses is noted and passed over."""
        # No IMAP string holds NUL. Dovecot makes the same of it when it is told such a message.
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
        """A message was dealt with; from time to time the row is told."""
        self._since += 1
        if self._since >= _WRITE_EVERY or time.monotonic() - self._written > _WRITE_SECONDS:
            self.tell(position, passed)

    def tell(self, position: dict[str, Any], passed: int) -> None:
        """Write into the row how things stand."""
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

    def _name_added(self, place: _Place) -> None:
        """The folder is known up to the newest of what was put there. Where the server does not
        tell UIDs (no UIDPLUS), it is looked at."""
        if place.unnamed:
            selected = self._imap.select(place.name)
            for number, uid in self._keys(selected, place.uidnext):
                if number in place.unnamed:
                    place.unnamed.discard(number)
                    place.uids.append(uid)
        place.uidnext = max([place.uidnext, *(uid + 1 for uid in place.uids)])

    # --- folders ---

    def _place(self, path: tuple[str, ...]) -> _Place:
        name = self._names.get(path)
        if name is None:
            name = self._names[path] = self._ensured(path)
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = self._opened(name)
        return place

    def _opened(self, name: str) -> _Place:
        selected = self._imap.select(name)
        mark = self._marks.get(name)
        is_same = mark is not None and mark[0] == selected.uidvalidity
        uidnext = mark[1] if mark and is_same else selected.uidnext
        place = _Place(name, selected.uidvalidity, uidnext, selected.keeps)
        if is_same and name in self._added:
            place.uids = list(uid_sets.expanded(self._added[name][1], MOST_MESSAGES))
        for number, uid in self._keys(selected, 1):
            if is_same and uid >= uidnext:
                place.own[number] = uid
            else:
                place.known.add(number)
        if not is_same:
            # Before anything is put there: what comes from now on may be the job's own.
            self._marks[name] = [place.uidvalidity, place.uidnext]
            self._go_on(marks={name: self._marks[name]}, work={"made": list(self._made)})
        return place

    def _keys(self, selected: Selected, first: int) -> Iterator[tuple[int, int]]:
        """Key and UID of each message of the open folder from a UID on. A command for a thousand
        of them."""
        uids = [uid for uid in search.uids(self._imap, f"UID {first}:*") if uid >= first]
        while uids:
            some, rest = uid_sets.head(uids, _BATCH)
            for message in fetch.stored(self._imap, uid_sets.compressed(some), FIELDS):
                yield key(headers.parse(message.fields), message.size), message.uid
            uids = list(rest)

    def _ensured(self, path: tuple[str, ...]) -> str:
        """The name of the folder below the target, made where it is missing."""
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
    """The largest message that the server takes (RFC 7889), in bytes; 0 where it does not say."""
    matches = (_LIMIT.fullmatch(capability) for capability in capabilities)
    return next((int(match[1]) for match in matches if match), 0)


def _is_flag(flag: str) -> bool:
    try:
        checked_flag(flag)
    except ValueError:
        return False
    return flag.lower() not in ("\\recent", "\\deleted")


def _sensible(when: datetime | None) -> datetime | None:
    """A moment that a server takes for INTERNALDATE; one to come is none."""
    now = datetime.now(UTC)
    return when if when and when.year > 1970 and when <= now else None
