"""The parts that the pages of mail share: folder list, tags, and the session's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import get_language

from accounts import mailboxes, session
from accounts.http import SignedInRequest
from accounts.sealed import cache as session_cache
from mail.errors import BadServerAnswer, ServerRefused, ServerUnavailable
from mail.imap.connection import Connection
from mail.imap.values import Folder
from mail.mailbox import folders, verbs
from mail.mailbox.folders import folded
from mail.mailbox.memory import Memory
from webmail.models import Tag
from webmail.presentation import folder_list
from webmail.presentation.tags import Chip

_KIND = "sides"  # what is kept with the connection


@dataclass(frozen=True)
class Sides:
    """The folder list as shown, and the folder that is open."""

    shown: folder_list.FolderList
    current: Folder | None

    @property
    def special_use(self) -> str:
        return self.current.special_use if self.current else ""

    @property
    def own_verb(self) -> str:
        """The verb that moves messages to the open folder, which the page does not offer there. It
        is "own" for sent messages and drafts, where no verb that judges is offered."""
        if self.current and folders.is_for_own_mail(self.current):
            return "own"
        if self.current and folders.is_called(
            self.current.name.removeprefix(self.current.prefix), settings.ADVERTS_FOLDER
        ):
            return "advert"
        return verbs.of_special_use(self.special_use)


def read_folders(imap: Connection, current: str, *, anew: bool = True) -> Sides:
    """Return the folder list. ``anew`` is False for a page without counts: no command then, if the
    connection has listed the folders before."""
    listed = folders.list_folders(imap) if anew else folders.kept_folders(imap)
    place = current, get_language()
    before = imap.kept.get(_KIND)
    if before and before[0] is listed and before[1] == place:
        sides: Sides = before[2]
        return sides
    shown = shown_folders(imap, listed, current)
    sides = Sides(shown, next((folder for folder in listed if folder.name == current), None))
    imap.kept[_KIND] = (listed, place, sides)
    return sides


def folders_beside(request: SignedInRequest) -> Sides | None:
    """Return the folder list beside what is kept here and opens without the mail server; None if
    that is not available."""
    try:
        with session.imap(request) as imap:
            return read_folders(imap, "")
    except (ServerUnavailable, ServerRefused, BadServerAnswer):
        return None


def shown_folders(
    imap: Connection, listed: Sequence[Folder], current: str = ""
) -> folder_list.FolderList:
    """Return the folders as the folder column shows them."""
    tree, favourites = folders.tree(listed), imap.wishes.favourites
    return folder_list.folder_list(tree, current, favourites, _owners(imap, listed))


def _owners(imap: Connection, listed: Sequence[Folder]) -> dict[str, str]:
    """Return the names of the people whose mailboxes the user may open, by the folder that the
    server names after their login. Two queries; none without such folders."""
    logins = {
        folder.name.removeprefix(folder.prefix).partition(folder.delimiter or "/")[0]: folder.prefix
        for folder in listed
        if folder.owner == "others"
    }
    if not logins:
        return {}
    people = mailboxes.people(logins, imap.host)
    return {f"{logins[login]}{login}": name for login, (name, _address) in people.items() if name}


def memory(request: SignedInRequest) -> Memory:
    """Return the session's memory of the mailbox."""
    return session_cache.SessionCache(request)


def known_tags(request: SignedInRequest) -> tuple[Chip, ...]:
    """Return the user's tags, by name."""
    chips = [Chip(*row) for row in Tag.objects.all().shown(request.user)]
    return tuple(sorted(chips, key=lambda chip: folded(chip.name)))
