"""Files of an archive that tell the flags of the messages beside them: the list in a zip of this
product, Dovecot's ``dovecot-keywords`` and Courier's ``courierimapkeywords/:list`` in a Maildir,
and ``.mh_sequences`` in a folder of MH.

The list has a line of JSON for each message, between brackets, so that it is JSON as a whole.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mail.imap.values import ANSWERED, FLAGGED, SEEN
from webmail.transfer import maildir

LIST = "messages.json"
_KEYWORDS = "dovecot-keywords"
_SEQUENCES = ".mh_sequences"
COURIER_FOLDER, _OF_COURIER = "courierimapkeywords", ":list"
_LARGEST = {
    LIST: 64 * 1024 * 1024,
    _KEYWORDS: 64 * 1024,
    _SEQUENCES: 1024 * 1024,
    _OF_COURIER: 4 * 1024 * 1024,
}
_SEQUENCE = re.compile(r"(unseen|flagged|replied):([0-9 -]*)")
_NUMBERS = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_Ranges = Sequence[tuple[int, int]]
_MOST_FILES = 2_000
_MOST_MESSAGES = 200_000
_MOST_FLAGS = 100
_LONGEST_LINE = 20_000


@dataclass(frozen=True, slots=True)
class FileMarks:
    """The flags and keywords of a message in a file of its own, and when it arrived."""

    flags: tuple[str, ...] = ()
    when: datetime | None = None
    is_deleted: bool = False


def described(received: datetime | None, flags: Iterable[str]) -> str:
    """Return what the list says of a message beside its name, as JSON."""
    arrived = received.isoformat() if received else None
    # "Recent" tells only that no other session has seen the message yet.
    kept = sorted(flag for flag in flags if flag.lower() != "\\recent")
    return json.dumps({"received": arrived, "flags": kept})


def written(entries: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """Yield the list of these files, each with what `described` returned."""
    before = "[\n"
    for name, text in entries:
        entry = {"file": name} | json.loads(text)
        yield f"{before}{json.dumps(entry, ensure_ascii=False)}".encode()
        before = ",\n"
    yield b"\n]\n" if before != "[\n" else b"[]\n"


def _slashed(name: str) -> str:
    parts = re.split(r"[/\\]", name)
    return "/".join(part for part in parts if part not in ("", "."))


class Beside:
    """What the files of one archive tell of the others. All of them are hostile."""

    def __init__(self) -> None:
        self._read: set[str] = set()
        self._marks: dict[str, FileMarks] = {}
        self._keywords: dict[str, dict[str, str]] = {}
        self._of_courier: dict[str, dict[str, tuple[str, ...]]] = {}
        self._sequences: dict[str, dict[str, _Ranges]] = {}
        self.has_list = False

    def wants(self, name: str, size: int) -> bool:
        """Return whether a file has to be taken."""
        last = _slashed(name).rpartition("/")[2]
        is_new = last != LIST or not self.has_list
        return is_new and size <= _LARGEST.get(last, -1) and len(self._read) < _MOST_FILES

    def take(self, name: str, content: bytes) -> None:
        """Read a file that is wanted."""
        place, _slash, last = _slashed(name).rpartition("/")
        if last == _KEYWORDS:
            self._keywords[place] = maildir.keyword_letters(content)
            self._read.add(_slashed(name))
        elif last == _OF_COURIER:
            folder, _slash, _own = place.rpartition("/")
            self._of_courier[folder] = maildir.courier_keywords(content)
            self._read.add(_slashed(name))
        elif last == _SEQUENCES:
            self._sequences[place] = _sequences(content.decode("ascii", "replace"))
            self._read.add(_slashed(name))
        elif content.startswith(b"["):
            self.has_list = True
            self._read.add(_slashed(name))
            self._marks = dict(_listed(content, f"{place}/" if place else ""))

    def has_taken(self, name: str) -> bool:
        """Return whether a file was taken, so that it is no message."""
        return _slashed(name) in self._read

    def marks(self, name: str) -> FileMarks | None:
        """Return what the list says of a message; None where it does not name it."""
        return self._marks.get(_slashed(name))

    def in_sequences(self, name: str) -> FileMarks | None:
        """Return what the sequences of MH say of a message; None in another folder."""
        place, _slash, last = _slashed(name).rpartition("/")
        if place not in self._sequences or not (last.isascii() and last.isdecimal()):
            return None
        return FileMarks(_flags_in(self._sequences[place], int(last[:9])))

    def courier_keywords(self, folder: str, name: str) -> tuple[str, ...]:
        """Return the keywords that Courier's list gives a message of a Maildir."""
        return self._of_courier.get(folder, {}).get(name.partition(":")[0], ())

    def keywords(self, folder: str) -> Mapping[str, str]:
        """Return the keywords of a Maildir by their letters."""
        return self._keywords.get(folder, {})


def _sequences(text: str) -> dict[str, _Ranges]:
    """Return the numbers of messages in each sequence that tells a flag."""
    lines = (_SEQUENCE.fullmatch(line.strip()) for line in text.split("\n"))
    return {line[1]: _ranges(line[2]) for line in lines if line}


def _ranges(text: str) -> _Ranges:
    """Return the first and last numbers of ``1-4 7``, those that touch or overlap as one."""
    ranges: list[tuple[int, int]] = []
    told = (match.groups() for match in _NUMBERS.finditer(text))
    for first, last in sorted((int(first), int(last or first)) for first, last in told):
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], max(last, ranges[-1][1])
        else:
            ranges.append((first, last))
    return ranges


def _has(ranges: _Ranges, number: int) -> bool:
    at = bisect_right(ranges, number, key=lambda pair: pair[0]) - 1
    return at >= 0 and number <= ranges[at][1]


def _flags_in(sequences: Mapping[str, _Ranges], number: int) -> tuple[str, ...]:
    """Return the flags of a message of MH. One that is not in the sequence of unseen messages was
    read."""
    flags = {"flagged": FLAGGED, "replied": ANSWERED}
    read = () if _has(sequences.get("unseen", ()), number) else (SEEN,)
    return (*read, *(flag for name, flag in flags.items() if _has(sequences.get(name, ()), number)))


def _listed(content: bytes, place: str) -> Iterator[tuple[str, FileMarks]]:
    """Yield the messages of a list. A line that cannot be read is passed over."""
    for number, line in enumerate(content.split(b"\n")):
        if number > _MOST_MESSAGES:
            return
        if line.startswith(b"{") and len(line) < _LONGEST_LINE:
            with suppress(ValueError, RecursionError):
                entry = json.loads(line.rstrip(b",\r "))
                if isinstance(name := entry.get("file"), str):
                    yield place + _slashed(name), _marks_of(entry)


def _marks_of(entry: Mapping[str, Any]) -> FileMarks:
    flags = entry.get("flags")
    kept = [flag for flag in flags if isinstance(flag, str)] if isinstance(flags, list) else []
    received = entry.get("received")
    when = datetime.fromisoformat(received) if isinstance(received, str) else None
    return FileMarks(tuple(kept[:_MOST_FLAGS]), when if when and when.tzinfo else None)
