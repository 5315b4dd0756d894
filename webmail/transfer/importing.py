"""The steps of an import: an uploaded file, message by message, into folders."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO, cast

from django.conf import settings

from mail import sandbox
from mail.errors import BadServerAnswer, OverQuota, ServerUnavailable, WebmailError
from mail.imap import quota
from mail.imap.connection import Connection
from mail.mime.outlook import msg
from webmail.models import Transfer
from webmail.transfer import names, reading, store
from webmail.transfer.depositing import Depositor
from webmail.transfer.reading import EmptyFolder, ImportedMessage, Limits, RefusedItem

LARGEST_MESSAGE = 60 * 1024 * 1024
"""The largest message that is held in memory, in bytes; mail servers accept less."""
MOST_MESSAGES = 200_000
"""The most messages of one file: two gigabytes can hold a hundred million tiny ones."""
_MOST_FOLDERS = 2_000
"""The most folders without messages that one file makes."""
_MOST_COSTLY = 10
"""The number of Outlook files in one import that may exhaust the budget of a helper; further ones
are not tried."""
_TRIES = 3
"""How often the connection may break at a message before the message is skipped."""


class NoMessages(WebmailError):
    """The file contains no messages that can be read."""


class OutlookStore(NoMessages):
    """The file is a store of Outlook (.pst, .ost), which Outlook alone opens."""


class MacOutlookStore(NoMessages):
    """The file is an export of Outlook for Mac (.olm)."""


_STORES = {"pst": OutlookStore, "olm": MacOutlookStore}


def run(job: Transfer, imap: Connection, go_on: Callable[..., None]) -> None:
    """Import the rest of the file. Raises NoMessages, OverQuota, and the errors of the IMAP
    server."""
    file = store.Source(bytes(job.key), job.work["segments"])
    with io.BufferedReader(file, 64 * 1024) as source:
        try:
            _Import(job, imap, go_on, cast(BinaryIO, source), file.size).run()
        except (reading.Unreadable, OSError) as error:
            raise _STORES.get(str(error), NoMessages) from error


class _Import:
    def __init__(
        self,
        job: Transfer,
        imap: Connection,
        go_on: Callable[..., None],
        source: BinaryIO,
        size: int,
    ) -> None:
        self._job, self._imap, self._source, self._size = job, imap, source, size
        self._beat = go_on
        self._work = dict(job.work)
        self._depositor = Depositor(imap, job.folder, self._work, self._go_on)
        self._passed = self._folders = 0
        # Where no folder was chosen, messages without a folder get one that is named after the
        # file.
        stem = job.name.rpartition(".")[0] or job.name
        self._own_path = () if job.folder else (names.clean(stem, "_"),)

    def run(self) -> None:
        done = self._work.get("number", 0)
        if not done:
            self._check_room()
        limits = Limits(LARGEST_MESSAGE, reading.MOST_UNPACKED * settings.IMPORT_LIMIT)
        number = -1
        for number, item in enumerate(
            reading.read(self._source, self._size, self._job.name, limits)
        ):
            if number >= MOST_MESSAGES:
                self._depositor.refuse(self._job.name, "too_many", 0)
                break
            if number >= done:
                self._passed = max(self._passed, item.passed)
                self._deal_with(number, item)
                self._depositor.note({"number": number + 1}, self._passed)
        if number < 0:
            raise NoMessages
        self._depositor.check()
        self._depositor.tell({"number": number + 1}, self._size)

    def _deal_with(self, number: int, item: reading.ImportItem) -> None:
        stuck_at, times = self._work.get("stuck", [-1, 0])
        if isinstance(item, ImportedMessage) and stuck_at == number and times >= _TRIES:
            self._depositor.refuse(item.place, "server", len(item.raw))
            return
        try:
            if isinstance(item, ImportedMessage) and item.is_outlook:
                item = self._converted(item)
            if isinstance(item, ImportedMessage):
                path = item.path or self._own_path
                self._depositor.put(path, item.raw, item.flags, item.when, item.place)
            elif isinstance(item, EmptyFolder):
                self._make(item.path)
            else:
                self._depositor.refuse(item.place, item.reason, item.size)
        except (BadServerAnswer, ServerUnavailable) as error:
            times = times + 1 if stuck_at == number else 1
            self._work["stuck"] = [number, times]
            # Record it without an IMAP command, since the connection may be broken.
            self._beat(work=self._work)
            raise ServerUnavailable from error

    def _make(self, path: tuple[str, ...]) -> None:
        if path and self._folders < _MOST_FOLDERS:
            self._folders += 1
            self._depositor.make(path)

    def _converted(self, item: ImportedMessage) -> reading.ImportItem:
        """Convert the message in an Outlook file, which a helper process reads."""
        size, costly = len(item.raw), self._work.get("costly", 0)
        if costly >= _MOST_COSTLY:
            return RefusedItem(item.place, "bomb", size, item.passed)
        try:
            converted = sandbox.call(msg.convert, sandbox.MESSAGE, item.raw, LARGEST_MESSAGE)
        except sandbox.Exhausted as error:
            if error.limit is sandbox.CallLimit.BUSY:
                raise ServerUnavailable from error
            self._work["costly"] = costly + 1
            return RefusedItem(item.place, "bomb", size, item.passed)
        if len(converted.raw) > LARGEST_MESSAGE:
            return RefusedItem(item.place, "too_large", size, item.passed)
        if converted.fault:
            return RefusedItem(item.place, converted.fault, size, item.passed)
        return replace(item, raw=converted.raw, flags=converted.flags, when=converted.received)

    def _check_room(self) -> None:
        """Raise OverQuota where the mailbox has no room for the whole file."""
        room = quota.ask_quota(self._imap)
        if room is None or not room.is_storage or not room.limit:
            return
        if room.used + reading.unpacked_size(self._source, self._size) > room.limit:
            raise OverQuota

    def _go_on(self, *, work: Any = None, marks: Any = None, **columns: Any) -> None:
        """Write columns of the row. ``marks`` are written at once, together with the last recorded
        work."""
        if work is not None:
            self._work |= work
        if marks is not None:
            self._work["marks"] = {**self._work.get("marks", {}), **marks}
        if work is not None or marks is not None:
            columns["work"] = self._work
        self._beat(**columns)
