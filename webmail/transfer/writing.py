"""Write messages as a file to download: mbox, a zip of .eml, a tar of Maildir folders.

A writer yields the bytes of one message after another, and no more than one is in memory. After
`pause`, another writer made from `state` can continue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import chain
from typing import Any, Protocol

from mail.errors import BadServerAnswer
from mail.imap.values import StoredMessage
from mail.mime.envelope import Envelope
from webmail.transfer import beside, maildir, mbox, names, tarring, zipping


@dataclass(frozen=True, slots=True)
class ExportedMessage:
    """A message to write. ``path`` are the labels of its folder, () where there is only one folder;
    ``pieces`` are its bytes, which may be iterated more than once."""

    path: tuple[str, ...]
    stored: StoredMessage
    envelope: Envelope
    pieces: Iterable[bytes]

    @property
    def when(self) -> datetime | None:
        return self.envelope.date or self.stored.received


class Writer(Protocol):
    """Writes messages in one format. ``records`` are bytes that the end of the file needs about its
    beginning; they are stored separately."""

    def message(self, message: ExportedMessage) -> Iterator[bytes]: ...
    def empty(self, path: tuple[str, ...]) -> Iterator[bytes]: ...
    def pause(self) -> bytes: ...
    def state(self) -> dict[str, Any]: ...
    def take_records(self) -> bytes: ...
    def finish(self, records: Iterable[bytes]) -> Iterator[bytes]: ...


class Mbox:
    """Writes one mbox."""

    def message(self, message: ExportedMessage) -> Iterator[bytes]:
        yield from _in_mbox(message)

    def empty(self, path: tuple[str, ...]) -> Iterator[bytes]:
        return iter(())

    def pause(self) -> bytes:
        return b""

    def state(self) -> dict[str, Any]:
        return {}

    def take_records(self) -> bytes:
        return b""

    def finish(self, records: Iterable[bytes]) -> Iterator[bytes]:
        return iter(())


class _Zipped:
    def __init__(self, state: dict[str, Any]) -> None:
        self._zip = zipping.Zip(state)

    def pause(self) -> bytes:
        return self._zip.pause()

    def state(self) -> dict[str, Any]:
        return self._zip.state()

    def take_records(self) -> bytes:
        return self._zip.take_records()

    def finish(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the end of the file. ``records`` are all that were taken; those of the open member
        are added."""
        last = self._zip.close() if self._zip.open_name else b""
        yield last
        yield from self._zip.finish(chain(records, [self._zip.take_records()]))


class Mboxes(_Zipped):
    """Writes a zip with an mbox for each folder. The messages of a folder must come in sequence."""

    def message(self, message: ExportedMessage) -> Iterator[bytes]:
        name = "/".join(message.path) + ".mbox"
        if name != self._zip.open_name:
            if self._zip.open_name:
                yield self._zip.close()
            yield self._zip.open(name, None)
        for piece in _in_mbox(message):
            yield self._zip.write(piece)

    def empty(self, path: tuple[str, ...]) -> Iterator[bytes]:
        if self._zip.open_name:
            yield self._zip.close()
        yield self._zip.open("/".join(path) + ".mbox", None)


class SingleFiles(_Zipped):
    """Writes a zip with a file for each message, named by its day and subject, and a list of what
    the files do not say: flags, keywords, and when each message arrived. ``fallback`` replaces an
    empty subject; days are those of ``zone``; ``records`` contain the names that are taken."""

    def __init__(
        self, state: dict[str, Any], fallback: str, zone: tzinfo, records: Iterable[bytes] = ()
    ) -> None:
        super().__init__(state)
        self._fallback, self._zone = fallback, zone
        self._unique = names.Unique()
        for piece in records:
            for name, _comment in zipping.entries(piece):
                self._unique.note(name)
        self._unique.note(beside.LIST)

    def message(self, message: ExportedMessage) -> Iterator[bytes]:
        when = message.when.astimezone(self._zone) if message.when else None
        name = names.of_message(when, message.envelope.subject, self._fallback)
        about = beside.described(message.stored.received, message.stored.flags)
        yield self._zip.open(self._unique.give("/".join((*message.path, name))), when, about)
        for piece in message.pieces:
            yield self._zip.write(piece)
        yield self._zip.close()

    def empty(self, path: tuple[str, ...]) -> Iterator[bytes]:
        if path:
            yield self._zip.open("/".join(path) + "/", None)
            yield self._zip.close()

    def finish(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the list of the messages and the end of the file."""
        every = [*records, self._zip.take_records()]
        yield self._zip.open(beside.LIST, None)
        entries = chain.from_iterable(map(zipping.entries, every))
        for piece in beside.written((name, about) for name, about in entries if about):
            yield self._zip.write(piece)
        yield from super().finish(every)


class Maildirs:
    """Writes a tar with a Maildir for each folder; flags are in the names of files, and the
    keywords that letters there stand for in ``dovecot-keywords``."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._made = state.get("made", "")
        self._keywords = maildir.Keywords(state.get("keywords", ()))

    def empty(self, path: tuple[str, ...]) -> Iterator[bytes]:
        yield from self._begin("/".join(path or ("Maildir",)))

    def _begin(self, place: str) -> Iterator[bytes]:
        """End the folder that is open, and begin another."""
        yield from self._end()
        self._made = place
        for folder in ("cur", "new", "tmp"):
            yield tarring.head(f"{place}/{folder}", 0, 0, is_folder=True)

    def _end(self) -> Iterator[bytes]:
        if self._keywords.names:
            content = self._keywords.file()
            yield tarring.head(f"{self._made}/dovecot-keywords", len(content), 0)
            yield content + tarring.padding(len(content))
        self._keywords = maildir.Keywords()

    def message(self, message: ExportedMessage) -> Iterator[bytes]:
        place = "/".join(message.path or ("Maildir",))
        if place != self._made:
            yield from self._begin(place)
        # The header needs the exact size, and some servers round it: count the bytes first.
        size = sum(len(piece) for piece in message.pieces)
        received = int(message.stored.received.timestamp()) if message.stored.received else 0
        name = f"{received:010}.{message.stored.uid}.webmail,S={size}"
        flags = maildir.letters(message.stored.flags)
        flags += self._keywords.letters(message.stored.flags)
        yield tarring.head(f"{place}/cur/{name}:2,{flags}", size, received)
        sent = 0
        for piece in message.pieces:
            sent += len(piece)
            yield piece
        if sent != size:
            raise BadServerAnswer("The IMAP server sent a message that changes.")
        yield tarring.padding(size)

    def pause(self) -> bytes:
        return b""

    def state(self) -> dict[str, Any]:
        return {"made": self._made, "keywords": self._keywords.names}

    def take_records(self) -> bytes:
        return b""

    def finish(self, records: Iterable[bytes]) -> Iterator[bytes]:
        yield from self._end()
        yield tarring.END


def _in_mbox(message: ExportedMessage) -> Iterator[bytes]:
    sender = message.envelope.from_[0].address if message.envelope.from_ else ""
    yield mbox.separator(sender, message.stored.received) + mbox.status(message.stored.flags)
    yield from mbox.quoted(message.pieces)
