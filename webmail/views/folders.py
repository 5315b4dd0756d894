"""The folder list beside every page."""

from __future__ import annotations

from dataclasses import dataclass

from webmail.imap.connection import Connection
from webmail.imap.values import Folder
from webmail.mailbox import folders
from webmail.presentation import lists

TARGETS = {"trash": "\\Trash", "archive": "\\Archive", "junk": "\\Junk"}


@dataclass(frozen=True)
class Sides:
    """The folder list as shown, and the folder that is open."""

    shown: lists.FolderList
    current: Folder | None

    @property
    def special_use(self) -> str:
        return self.current.special_use if self.current else ""

    @property
    def own_verb(self) -> str:
        """The verb that moves messages to the open folder: of no use in it."""
        return next((verb for verb, use in TARGETS.items() if use == self.special_use), "")


def read_folders(imap: Connection, current: str) -> Sides:
    found = folders.list_folders(imap)
    shown = lists.folder_list(folders.tree(found), current)
    return Sides(shown, next((folder for folder in found if folder.name == current), None))
