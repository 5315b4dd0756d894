"""The folder list beside every page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from django.conf import settings
from django.urls import NoReverseMatch, get_script_prefix
from django.utils.translation import gettext

from core.converters import CONTROLS
from mail.imap.values import Folder
from mail.mailbox import folders
from mail.mailbox.folders import FolderNode
from webmail.presentation.links import folder_address
from webmail.presentation.words import special_label

ICONS = {
    "\\Inbox": "inbox",
    "\\Drafts": "file-pen-line",
    "\\Sent": "send",
    "\\Archive": "archive",
    "\\Junk": "shield-alert",
    "\\Trash": "trash-2",
}
ADVERTS_ICON = "megaphone"
NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class FolderRow:
    """One line of the folder list. ``unseen`` is None for a folder whose unread messages are not
    counted: neither the page, its title nor later news show a number then."""

    name: str
    label: str
    url: str
    icon: str
    special_use: str
    unseen: int | None
    messages: int | None
    current: bool
    usable: bool
    open: bool
    owner: str = ""
    menu_url: str = ""
    menu_label: str = ""
    children: tuple[FolderRow, ...] = ()


@dataclass(frozen=True)
class FolderList:
    """The parts of the folder list, and a way to find a row. ``favourites`` also stand in another
    part. ``html`` caches the written list, by the other contents of the page."""

    special: tuple[FolderRow, ...]
    own: tuple[FolderRow, ...]
    shared: tuple[FolderRow, ...] = ()
    others: tuple[FolderRow, ...] = ()
    favourites: tuple[FolderRow, ...] = ()
    html: dict[tuple[object, ...], str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def rows(self) -> Iterable[FolderRow]:
        """The rows of all folders, each once, parents before their children."""
        return _walk((*self.special, *self.own, *self.shared, *self.others))

    def find(self, name: str) -> FolderRow | None:
        return next((row for row in self.rows if row.name == name), None)


def _walk(rows: Iterable[FolderRow]) -> Iterable[FolderRow]:
    for row in rows:
        yield row
        yield from _walk(row.children)


def _folder_url(name: str) -> str:
    """Return the URL of a folder; "" for a name that no URL can contain: empty, or longer than any
    server should have."""
    with suppress(NoReverseMatch):
        return folder_address(get_script_prefix(), name)
    return ""


def _icon(folder: Folder) -> str:
    if not folder.special_use and folders.is_called(
        folder.name.removeprefix(folder.prefix), settings.ADVERTS_FOLDER
    ):
        return ADVERTS_ICON
    return ICONS.get(folder.special_use, "folder")


def folder_row(
    node: FolderNode,
    current: str,
    menu_label: str = "%(folder)s",
    labels: Mapping[str, str] = NO_LABELS,
) -> FolderRow:
    """Return the row of a folder. ``menu_label`` is the label of the link to its actions, with
    ``%(folder)s``; ``labels`` are of folders whose label differs from the server's name."""
    folder = node.folder
    children = tuple(folder_row(child, current, menu_label, labels) for child in node.children)
    label = special_label(folder.special_use) or labels.get(folder.name) or node.label
    url = _folder_url(folder.name) if node.usable and folder.selectable else ""
    label = CONTROLS.sub("\N{REPLACEMENT CHARACTER}", label)
    return FolderRow(
        name=folder.name,
        label=label,
        url=url,
        icon=_icon(folder),
        special_use=folder.special_use,
        unseen=(folder.unseen or 0) if url else None,
        messages=folder.messages,
        current=folder.name == current,
        usable=bool(url),
        open=any(row.current or row.open or row.unseen for row in children),
        owner=folder.owner,
        menu_url=folder_address(get_script_prefix(), folder.name, "folder_menu") if url else "",
        menu_label=menu_label % {"folder": label},
        children=children,
    )


def _special(rows: Iterable[FolderRow]) -> tuple[FolderRow, ...]:
    """Return the folders with a special use; that of adverts comes before junk."""
    special = [row for row in rows if row.special_use]
    adverts = [row for row in rows if row.icon == ADVERTS_ICON and not row.owner]
    after = ("\\Junk", "\\Trash")
    place = next((n for n, row in enumerate(special) if row.special_use in after), len(special))
    return (*special[:place], *adverts, *special[place:])


def folder_list(
    tree: Iterable[FolderNode],
    current: str,
    favourites: Iterable[str] = (),
    labels: Mapping[str, str] = NO_LABELS,
) -> FolderList:
    """Return the folder list. ``labels`` are as in `folder_row`."""
    words = gettext("Actions on the folder %(folder)s")
    rows = [folder_row(node, current, words, labels) for node in tree]
    special = _special(rows)
    shown = FolderList(
        special=special,
        own=tuple(row for row in rows if not (row in special or row.owner)),
        shared=tuple(row for row in rows if row.owner == "shared"),
        others=tuple(row for row in rows if row.owner == "others"),
    )
    wanted = set(favourites)
    starred = [replace(row, children=()) for row in shown.rows if wanted and row.name in wanted]
    return replace(shown, favourites=tuple(starred))
