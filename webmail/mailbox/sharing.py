"""Folders that the user lets others into, by access lists (RFC 4314)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from webmail.errors import FolderNotFound, NotPermitted
from webmail.imap import acl, status
from webmail.imap.acl import Grant
from webmail.imap.connection import Connection
from webmail.imap.values import Folder
from webmail.mailbox import folders

# By name, the letters of RFC 4314 section 2.1. ``read``: see the folder, read, and keep what one
# has read. ``sort``: besides mark, add, move away and delete messages. ``all``: besides make and
# remove folders inside, and let others in.
PRESETS: Final = {"read": "lrs", "sort": "lrswite", "all": "lrswitekxpa"}
# Those of RFC 2086, which servers still tell beside what they stand for now, and the right to
# deliver, which shows nowhere.
_OLD: Final = frozenset("cdp")
# Identifiers that are nobody's login; those of groups are Dovecot's.
EVERYBODY: Final = frozenset(("anyone", "authenticated", "anonymous"))
GROUPS: Final = ("$", "#", "group=", "group-override=")
# Mailboxes of others that are asked about, by a command each.
MOST_BOXES: Final = 20


@dataclass(frozen=True)
class Share:
    """Somebody who may use a folder. ``preset`` is "" for rights that are none of `PRESETS`."""

    identifier: str
    preset: str = ""

    @property
    def is_login(self) -> bool:
        """Whether the share is one user's: not everybody's, nor a group's, nor a line that takes
        rights away (RFC 4314 section 2)."""
        identifier = self.identifier
        return (
            identifier.isprintable()
            and identifier not in EVERYBODY
            and not identifier.startswith(("-", *GROUPS))
        )


@dataclass(frozen=True)
class Box:
    """Somebody else's mailbox. ``login`` as the server names it in its folders; ``inbox`` is the
    name of its INBOX for the user."""

    login: str
    inbox: str


def boxes(imap: Connection) -> tuple[Box, ...]:
    """The mailboxes of others that the user manages, who may change the access list of their INBOX.
    At most one command, and one for each mailbox."""
    if not imap.has("ACL"):
        return ()
    by_login: dict[str, Box] = {}
    for folder in folders.kept_folders(imap):
        if folder.owner != "others" or not (folder.selectable and folder.addressable):
            continue
        place = folder.name.removeprefix(folder.prefix)
        login, _delimiter, rest = place.partition(folder.delimiter or "/")
        # Dovecot tells the INBOX by the login alone, others by its name.
        if login and rest.upper() in ("", "INBOX"):
            by_login.setdefault(login, Box(login, folder.name))
    some = list(by_login.values())[:MOST_BOXES]
    return tuple(box for box in some if "a" in acl.my_rights(imap, box.inbox))


def is_same(imap: Connection, box: Box, opened: Connection) -> bool:
    """Whether a mailbox that was opened by another sign-in is this one: its INBOX has the same
    identifier and UIDVALIDITY. Two commands each."""
    mine = imap.mailbox_id(box.inbox), status.ask(imap, box.inbox).uidvalidity
    return mine == (opened.mailbox_id(), status.ask(opened, "INBOX").uidvalidity)


def is_offered(imap: Connection, folder: Folder) -> bool:
    """Whether the user may say who may use this folder. No command about his own, one about
    somebody else's."""
    if not (imap.has("ACL") and folder.selectable and folder.addressable):
        return False
    return not folder.owner or "a" in acl.my_rights(imap, folder.name)


def shares(imap: Connection, name: str, login: str) -> tuple[Share, ...]:
    """The shares of a folder, without its owner's. Two commands.

    Raises NotPermitted where the user may not change the access list, FolderNotFound.
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
class Progress:
    """Folders that were gone through, of all of them; those that the server ``refused``."""

    done: int
    total: int
    refused: int = 0

    @property
    def is_over(self) -> bool:
        return self.done >= self.total


def change(
    imap: Connection, names: Sequence[str], identifiers: Sequence[str], preset: str, at: Progress
) -> Iterator[Progress]:
    """Give these people the rights of a preset in each of the folders, or with "" none any more,
    from where ``at`` is; told after each folder. A command for each person and folder.

    Raises what the server says of the first folder; one inside that is gone, or belongs to somebody
    who did not give that right, is counted and passed over.
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
        yield Progress(number + 1, len(names), refused)


def with_inside(imap: Connection, name: str) -> tuple[str, ...]:
    """The folder and those inside it, all of them, by name. At most one command."""
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
