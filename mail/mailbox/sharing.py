"""Folders that the user shares with other users, by access lists (RFC 4314)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mail.errors import FolderNotFound, NotPermitted
from mail.imap import acl, status
from mail.imap.acl import Grant
from mail.imap.connection import Connection
from mail.imap.values import Folder
from mail.mailbox import folders

# Letters of RFC 4314 section 2.1 by name. ``read``: see the folder, read, and keep the read state.
# ``sort``: also mark, add, move away and delete messages. ``all``: also create and remove folders
# inside, and share it with others.
PRESETS: Final = {"read": "lrs", "sort": "lrswite", "all": "lrswitekxpa"}
# Rights of RFC 2086, which servers still send beside their successors, and the right to deliver,
# which no page shows.
_OLD: Final = frozenset("cdp")
# Identifiers that are no login.
EVERYBODY: Final = frozenset(("anyone", "authenticated", "anonymous"))
GROUPS: Final = ("$", "#", "group=", "group-override=")
# The number of shared mailboxes that are asked about, by one command each.
MOST_BOXES: Final = 20


@dataclass(frozen=True)
class Share:
    """A user or group with access to a folder. ``preset`` is "" for rights that match none of
    `PRESETS`.
    """

    identifier: str
    preset: str = ""

    @property
    def is_login(self) -> bool:
        """Whether the share belongs to one user, not to everybody or a group, and does not take
        rights away (RFC 4314 section 2).
        """
        identifier = self.identifier
        return (
            identifier.isprintable()
            and identifier not in EVERYBODY
            and not identifier.startswith(("-", *GROUPS))
        )


@dataclass(frozen=True)
class SharedMailbox:
    """A mailbox of another user. ``login`` is the server's name for it in its folders; ``inbox`` is
    the name of its INBOX for the user.
    """

    login: str
    inbox: str


def boxes(imap: Connection) -> tuple[SharedMailbox, ...]:
    """Return other users' mailboxes that the user manages, that is, whose INBOX access list the
    user may change. Sends at most one command, and one for each mailbox.
    """
    if not imap.has("ACL"):
        return ()
    by_login: dict[str, SharedMailbox] = {}
    for folder in folders.kept_folders(imap):
        if folder.owner != "others" or not (folder.selectable and folder.addressable):
            continue
        place = folder.name.removeprefix(folder.prefix)
        login, _delimiter, rest = place.partition(folder.delimiter or "/")
        # Dovecot names the INBOX by the login alone; other servers add its name.
        if login and rest.upper() in ("", "INBOX"):
            by_login.setdefault(login, SharedMailbox(login, folder.name))
    some = list(by_login.values())[:MOST_BOXES]
    return tuple(box for box in some if "a" in acl.my_rights(imap, box.inbox))


def is_same(imap: Connection, box: SharedMailbox, opened: Connection) -> bool:
    """Return whether a mailbox opened by another sign-in is ``box``: its INBOX has the same
    identifier and UIDVALIDITY. Sends two commands on each connection.
    """
    mine = imap.mailbox_id(box.inbox), status.ask_status(imap, box.inbox).uidvalidity
    return mine == (opened.mailbox_id(), status.ask_status(opened, "INBOX").uidvalidity)


def is_offered(imap: Connection, folder: Folder) -> bool:
    """Return whether the user may share this folder. Sends no command for the user's own folder,
    one for another's.
    """
    if not (imap.has("ACL") and folder.selectable and folder.addressable):
        return False
    return not folder.owner or "a" in acl.my_rights(imap, folder.name)


def shares(imap: Connection, name: str, login: str) -> tuple[Share, ...]:
    """Return the shares of a folder, without its owner's. Sends two commands.

    Raises NotPermitted when the user may not change the access list, and FolderNotFound.
    """
    if not imap.has("ACL") or "a" not in acl.my_rights(imap, name):
        raise NotPermitted("The user may not change the access list.")
    mine = {login.casefold(), "owner"}
    grants = acl.grants(imap, name)
    return tuple(
        Share(grant.identifier, _preset(grant))
        for grant in grants
        if grant.identifier.casefold() not in mine
    )


@dataclass(frozen=True)
class SharingProgress:
    """The number of folders processed, of all of them; and those that the server ``refused``."""

    done: int
    total: int
    refused: int = 0

    @property
    def is_over(self) -> bool:
        return self.done >= self.total


def change(
    imap: Connection,
    names: Sequence[str],
    identifiers: Sequence[str],
    preset: str,
    at: SharingProgress,
) -> Iterator[SharingProgress]:
    """Give these identifiers the rights of a preset in each folder, or with "" none, starting where
    ``at`` stands; yield the progress after each folder. Sends one command for each identifier and
    folder.

    Raises the server's error for the first folder. A folder inside it that is gone, or whose owner
    did not grant the right to share, is counted and skipped.
    """
    refused = at.refused
    for number in range(at.done, len(names)):
        try:
            for identifier in identifiers:
                if preset:
                    acl.put(imap, names[number], identifier, PRESETS[preset])
                else:
                    acl.remove(imap, names[number], identifier)
        except FolderNotFound:
            if not number:
                raise
            refused += 1
        yield SharingProgress(number + 1, len(names), refused)


def with_inside(imap: Connection, name: str) -> tuple[str, ...]:
    """Return the names of the folder and of all folders inside it. Sends at most one command."""
    listed = folders.kept_folders(imap)
    place = next((folder for folder in listed if folder.name == name), None)
    if place is None:
        raise FolderNotFound(f"There is no folder {name!r}.")
    inside = f"{name}{place.delimiter}" if place.delimiter else ""
    below = sorted(
        folder.name
        for folder in listed
        if inside and folder.name.startswith(inside) and folder.selectable and folder.addressable
    )
    return (name, *below)


def _preset(grant: Grant) -> str:
    rights = grant.rights - _OLD
    return next((name for name, all_ in PRESETS.items() if rights == set(all_) - _OLD), "")
