"""The page of folders: their sizes, the places they may move to, and the reasons of failures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext, pgettext

from mail.errors import FolderRefused
from mail.imap.quota import Quota
from mail.imap.values import Folder, Wishes
from mail.mailbox import arranging
from mail.mailbox.folders import SPECIAL, TRASH
from webmail.presentation.folder_list import FolderList, FolderRow
from webmail.presentation.words import size, special_label

# Dovecot adds how long it took.
_SECONDS = re.compile(r"(?<!\s)\s*+\([\d.]+ \+ [\d.][^()]*secs\)\.?$")


INSIDE = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "


@dataclass(frozen=True)
class FolderLine:
    """A folder on the page of all folders. ``indent`` is its depth, at most 8."""

    row: FolderRow
    indent: int
    count: str
    size: str
    is_favourite: bool


def sections(
    shown: FolderList, known: Iterable[Folder], wishes: Wishes
) -> list[tuple[str, list[FolderLine]]]:
    """Return the heading and the folders of each part that has some."""
    by_name = {folder.name: folder for folder in known}
    parts = (
        ("", (*shown.special, *shown.own)),
        (gettext("Shared folders"), shown.shared),
        (gettext("Folders of other people"), shown.others),
    )
    listed = [(heading, list(_lines(rows, by_name, wishes, 0))) for heading, rows in parts]
    return [part for part in listed if part[1]]


def _lines(
    rows: Iterable[FolderRow], known: dict[str, Folder], wishes: Wishes, indent: int
) -> Iterable[FolderLine]:
    for row in rows:
        folder = known.get(row.name)
        yield FolderLine(
            row=row,
            indent=min(indent, 8),
            count="" if row.messages is None else intcomma(row.messages),
            size=size(folder.size) if folder and folder.size is not None else "",
            is_favourite=row.name in wishes.favourites,
        )
        yield from _lines(row.children, known, wishes, indent + 1)


def places(shown: FolderList, moved: str = "") -> list[tuple[str, str]]:
    """Return name and label, with the parents' labels, of each folder that can contain others;
    without ``moved`` and the folders inside it."""
    named: list[tuple[str, str]] = []
    rows = (*shown.special, *shown.own, *shown.shared, *shown.others)
    _place(rows, "", moved, named)
    return named


def _place(rows: Iterable[FolderRow], above: str, moved: str, named: list[tuple[str, str]]) -> None:
    for row in rows:
        if row.name == moved:
            continue
        named.append((row.name, above + row.label))
        _place(row.children, f"{above}{row.label}{INSIDE}", moved, named)


def special_uses(known: Iterable[Folder]) -> list[tuple[str, str, str]]:
    """Return each special use except the inbox: IMAP's word, its label, the path of its folder."""
    paths = {folder.special_use: folder_path(folder) for folder in known}
    return [(use, special_label(use), paths.get(use, "")) for use in SPECIAL[1:]]


def folder_path(folder: Folder) -> str:
    """Return the path of a folder, without the server's name for all folders of one's own or of
    other users."""
    name = folder.name.removeprefix(folder.prefix) or folder.name
    return name.replace(folder.delimiter, INSIDE) if folder.delimiter else name


@dataclass(frozen=True)
class Fullness:
    """The fullness of the mailbox, in words. ``level`` is "", "warn" from 90 % on, or "bad" when it
    is full."""

    percent: int
    words: str
    level: str


def fullness(quota: Quota | None) -> Fullness | None:
    """Return the used share of the quota; None if the server tells none or sets no limit."""
    if quota is None or not quota.limit:
        return None
    percent = quota.used * 100 // quota.limit
    figures = {"used": size(quota.used), "limit": size(quota.limit), "percent": percent}
    if not quota.is_storage:
        figures |= {"used": intcomma(quota.used), "limit": intcomma(quota.limit)}
    if percent > 100 and quota.is_storage:
        # Translators: %(used)s and %(limit)s are sizes, as 1.2 GB.
        words = gettext("%(used)s used, %(limit)s allowed") % figures
    elif percent > 100:
        words = gettext("%(used)s messages, %(limit)s allowed") % figures
    elif quota.is_storage:
        # Translators: %(used)s and %(limit)s are sizes, as 1.2 GB.
        words = gettext("%(used)s of %(limit)s used (%(percent)s %%)") % figures
    else:
        words = gettext("%(used)s of %(limit)s messages (%(percent)s %%)") % figures
    level = "bad" if percent >= 100 else "warn" if percent >= 90 else ""
    return Fullness(min(percent, 100), words, level)


def refusal(error: FolderRefused) -> str:
    """Return the reason why a change of a folder was refused, and advice."""
    match error.reason:
        case arranging.EMPTY:
            return gettext("Give the folder a name.")
        case arranging.CONTROL:
            return gettext("A name is one line, without invisible control characters.")
        case arranging.DELIMITER:
            return gettext(
                "The sign “%(sign)s” cannot be in a name: on your mail server it stands between a "
                "folder and those inside it. Choose another sign, or make a folder inside a folder."
            ) % {"sign": error.folder}
        case arranging.EXISTS:
            return gettext("There is a folder of this name here already. Choose another name.")
        case arranging.SIGN:
            return gettext(
                "Your mail server refused this name, perhaps because of the sign “%(sign)s”. "
                "Choose a name without it. The server says: %(words)s"
            ) % {"sign": error.folder, "words": _SECONDS.sub("", error.server_words)}
        case arranging.TOO_LONG:
            return gettext("This name is too long. Choose a shorter one.")
        case arranging.TOO_DEEP:
            return gettext("Folders go twenty levels deep, and this one would be deeper.")
        case arranging.INSIDE_ITSELF:
            return gettext("A folder cannot be moved inside itself.")
        case arranging.SPECIAL if error.folder == "\\Inbox":
            return gettext("The inbox stays where it is, under its own name: new mail goes there.")
        case arranging.SPECIAL:
            return gettext(
                "This folder is used as “%(use)s”. Choose another one for that first, on the page "
                "of folders."
            ) % {"use": special_label(error.folder)}
        case arranging.HOLDS_SPECIAL:
            return gettext(
                "A folder inside this one is used as “%(use)s”. Move that one elsewhere first, or "
                "choose another for it."
            ) % {"use": special_label(error.folder)}
        case arranging.NO_FOLDERS_INSIDE:
            return gettext(
                "Your mail server allows no folders inside this one. To remove a folder, move its "
                "messages elsewhere first."
            )
        case arranging.NOT_IN_TRASH:
            return gettext("Only folders of the trash are removed for good.")
        case arranging.TOO_MANY:
            return gettext("You have as many favourites as one can have.")
    server_words = _SECONDS.sub("", error.server_words)
    return gettext("The mail server did not allow it. It says: %(words)s") % {"words": server_words}


def done(verb: str, label: str, place: str = "", count: int = 0) -> str:
    """Return the words of the toast about a change of a folder."""
    match verb:
        case "create":
            words = gettext("Folder “%(folder)s” made.")
        case "rename":
            words = gettext("The folder is now called “%(folder)s”.")
        case "move" if place:
            words = gettext("Folder “%(folder)s” moved to “%(place)s”.")
        case "move":
            words = gettext("Folder “%(folder)s” moved to the top.")
        case "throw":
            words = gettext("Folder “%(folder)s” moved to the trash, with all that is in it.")
        case "undo":
            words = gettext("Folder “%(folder)s” is back where it was.")
        case "remove":
            words = ngettext(
                "Folder “%(folder)s” removed for good.",
                "Folder “%(folder)s” and those inside it removed for good.",
                count,
            )
        case "subscribe":
            words = gettext("Other mail programs show the folder “%(folder)s”.")
        case "unsubscribe":
            words = gettext("Other mail programs no longer show the folder “%(folder)s”.")
        case "favour":
            words = gettext("“%(folder)s” is one of your favourites.")
        case _:
            words = gettext("“%(folder)s” is no longer one of your favourites.")
    return words % {"folder": label, "place": place}


def use_chosen(use: str, label: str) -> str:
    return pgettext("special folder", "“%(folder)s” is now used as “%(use)s”.") % {
        "folder": label,
        "use": special_label(use),
    }


def is_in_trash(name: str, known: Iterable[Folder]) -> bool:
    return any(
        folder.special_use == TRASH and arranging.is_inside(name, folder) for folder in known
    )
