"""The mailbox under test: its connection, and the folder that is made for the check."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from django.utils.translation import gettext

from accounts import session
from accounts.health.findings import Finding, bad
from mail.errors import FolderNotFound, ServerRefused, WebmailError
from mail.imap import client, connection, search
from mail.imap.connection import Connection, quoted_folder
from mail.imap.values import ImapServer, MessageRef
from mail.mailbox import actions, arranging
from mail.mailbox import folders as mailbox_folders
from mail.mailbox.actions import MailStep
from webmail import probing

SECONDS: Final = 5.0
"""Seconds that a server may be silent."""
_REMOVAL_SECONDS: Final = 15.0
INNER: Final = "Élèves & parents"
"""A folder inside that of the check, with a name that every server must encode."""


class LiveMailbox:
    """The mailbox. ``label`` is the name of the check's folder, which no other folder has;
    ``faults`` counts the times that the IMAP server failed.
    """

    def __init__(self, box: probing.ProbeMailbox) -> None:
        self.box = box
        self.label = f"Vérification {secrets.token_hex(4)}"
        self.faults = 0
        self.is_refused = False
        self._imap: Connection | None = None
        self._folder = ""
        self._inner = ""
        self._may_exist = False

    @property
    def server(self) -> ImapServer:
        return replace(session.imap_server(self.box.domain), timeout=SECONDS)

    def imap(self) -> Connection:
        """Return the connection, which is opened when there is none."""
        if self._imap is None:
            self._imap = self.opened()
        return self._imap

    def opened(self) -> Connection:
        """Return a new connection, which the caller closes."""
        return connection.open(self.server, self.box.login, self.box.password)

    def note_fault(self) -> None:
        """Count a fault, and go on with a new connection."""
        self.faults += 1
        self._forget()

    def folder(self) -> str:
        """Return the name of the check's folder, which is made when it is first needed."""
        if not self._folder:
            imap, self._may_exist = self.imap(), True  # the answer to CREATE may be lost
            self._folder = arranging.create(imap, "", self.label)
        return self._folder

    def inner(self) -> str:
        """Return the name of the folder with accents inside, made when it is first needed."""
        if not self._inner:
            self._inner = arranging.create(self.imap(), self.folder(), INNER)
        return self._inner

    def put(self, message: bytes, flags: Iterable[str] = ()) -> MessageRef:
        """Append a message to the check's folder, and return its place."""
        imap, folder = self.imap(), self.folder()
        known = set(self._uids(folder))
        imap.append(folder, message, flags)
        fresh = set(self._uids(folder)) - known
        if len(fresh) != 1:
            raise ServerRefused("The message that was put into a folder is not in it.")
        return MessageRef(folder, imap.known().uidvalidity, fresh.pop())

    def _uids(self, folder: str) -> tuple[int, ...]:
        self.imap().select(folder)
        return search.uids(self.imap())

    def remove(self, folder: str, uids: Sequence[int]) -> None:
        """Remove messages of a folder permanently, and no others."""
        imap = self.imap()
        selected = imap.select(folder)
        if uids:
            step = MailStep(actions.DELETE, folder, selected.uidvalidity, tuple(uids))
            actions.perform(imap, actions.prepare(imap, step))

    def close(self) -> Finding | None:
        """Remove the check's folder, over a new connection if need be, and hang up. Return what is
        to be told if the folder stays.
        """
        try:
            with client.within(_REMOVAL_SECONDS):
                return self._removed()
        finally:
            self._forget()

    def _removed(self) -> Finding | None:
        if not self._may_exist:
            return None
        for _attempt in range(2):
            try:
                self._remove_folders(self.imap())
                return None
            except WebmailError:
                self._forget()
        return bad(
            gettext("The folder “%(name)s” could not be removed.") % {"name": self.label},
            gettext("Remove it with a mail program."),
        )

    def _remove_folders(self, imap: Connection) -> None:
        """Remove all folders with this check's label, also one whose making was not answered."""
        names = [each.name for each in mailbox_folders.outline(imap) if self.label in each.name]
        if imap.open_folder:  # some servers hang up when the open folder is removed
            imap.select("INBOX")
        for name in sorted(names, key=len, reverse=True):
            with suppress(FolderNotFound):
                imap.command("DELETE", quoted_folder(name), changes=True)
            with suppress(FolderNotFound, ServerRefused):
                imap.command("UNSUBSCRIBE", quoted_folder(name), changes=True)

    def _forget(self) -> None:
        if self._imap is not None:
            self._imap.close()
        self._imap = None
