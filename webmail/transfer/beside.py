"""Files of an archive that tell the flags of the messages beside them: the list in a zip of this
product, and Dovecot's ``dovecot-keywords`` in a Maildir.

The list has a line of JSON for each message, between brackets, so that it is JSON as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webmail.transfer import maildir

LIST = "messages.json"
_KEYWORDS = "dovecot-keywords"
_LARGEST = {LIST: 64 * 1024 * 1024, _KEYWORDS: 64 * 1024}
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

    def keywords(self, folder: str) -> Mapping[str, str]:
        """Return the keywords of a Maildir by their letters."""
        return self._keywords.get(folder, {})


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
