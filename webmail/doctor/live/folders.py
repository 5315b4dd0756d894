"""Where folders stand, which ones are special, and whether one with accents can be made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.utils.translation import gettext

from accounts.health.findings import Finding, bad, ok, warn
from mail.errors import FolderRefused
from mail.mailbox import folders as mailbox_folders
from webmail.doctor.live.mailbox import LiveMailbox


def places(live: LiveMailbox) -> Iterator[Finding]:
    """Yield the prefix and the separator of the user's own folders."""
    imap = live.imap()
    listed = mailbox_folders.outline(imap)
    delimiter = next((folder.delimiter for folder in listed if folder.delimiter), "")
    words = {"prefix": mailbox_folders.personal_prefix(listed), "delimiter": delimiter}
    if not delimiter:
        yield warn(
            gettext("The server knows no folders inside folders."),
            gettext("Users then have one level of folders."),
        )
    elif words["prefix"]:
        yield ok(gettext("Folders stand below “%(prefix)s”, divided by “%(delimiter)s”.") % words)
    else:
        yield ok(gettext("Folders stand beside the inbox, divided by “%(delimiter)s”.") % words)
    yield from _special(listed)


def _special(listed: tuple[mailbox_folders.Folder, ...]) -> Iterator[Finding]:
    uses = mailbox_folders.SPECIAL[1:]
    by_use = {use: mailbox_folders.special(listed, use) for use in uses}
    there = ", ".join(folder.name for folder in by_use.values() if folder)
    missing = ", ".join(use.removeprefix("\\") for use, folder in by_use.items() if not folder)
    if there:
        yield ok(gettext("Special folders: %(names)s.") % {"names": there})
    if missing:
        yield ok(
            gettext("Special folders that are made when they are first needed: %(names)s.")
            % {"names": missing}
        )


def making(live: LiveMailbox) -> Iterator[Finding]:
    """Make the check's folder and one inside it, with accents and an ampersand."""
    try:
        live.folder()
        live.inner()
    except FolderRefused as refused:
        yield bad(
            gettext("The server refuses to make a folder: %(words)s")
            % {"words": refused.server_words or refused.reason},
            gettext("Users can neither file messages nor keep drafts and sent mail."),
        )
        return
    listed = {folder.name for folder in mailbox_folders.outline(live.imap())}
    if {live.folder(), live.inner()} <= listed:
        yield ok(gettext("Folders with accents are made, also inside another."))
    else:
        yield bad(
            gettext("A folder with accents was made, and is not in the list of folders."),
            gettext("The server does not keep names in modified UTF-7 (RFC 3501)."),
        )


CHECKS: Final = (places, making)
