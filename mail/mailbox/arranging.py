"""Changes to the tree of folders: create, rename, move, delete, subscribe.

Nothing is lost: a folder is deleted by moving it, with its contents, below the trash, and
`rename_to` reverts every move.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import count

from mail.errors import FolderNotFound, FolderRefused, ServerRefused
from mail.imap.connection import Connection, canonical, quoted_folder
from mail.imap.values import Folder
from mail.mailbox import folders
from mail.mailbox.folders import DEEPEST, TRASH

# Reasons for a refusal; `webmail.presentation.folders` has the texts.
EMPTY, CONTROL, DELIMITER, EXISTS = "empty", "control", "delimiter", "exists"
TOO_LONG, TOO_DEEP, INSIDE_ITSELF = "too long", "too deep", "inside itself"
SPECIAL, HOLDS_SPECIAL, NO_FOLDERS_INSIDE = "special", "holds special", "no folders inside"
NOT_IN_TRASH, TOO_MANY, SERVER, SIGN = "not in trash", "too many", "server", "sign"

# Bytes of modified UTF-7 in one level: the limit of file systems, and so of Dovecot.
LONGEST_LABEL = 250
# Letters that every server takes in a name, and a length that every server takes.
_USUAL_SIGNS = frozenset(" -_.,'’&+()")
_USUAL_LENGTH = 100
# Refusals that have nothing to do with the name.
_NOT_OF_NAMES = frozenset({"NOPERM", "OVERQUOTA", "LIMIT", "INUSE", "UNAVAILABLE", "SERVERBUG"})
# The greatest number of subscriptions that are moved with their folders, by two commands each.
MOST_SUBSCRIPTIONS = 500


def create(imap: Connection, above: str, label: str) -> str:
    """Create a folder inside ``above`` ("": at the top) and subscribe to it. Return its name.

    Sends three commands. Raises FolderRefused, and FolderNotFound when ``above`` does not exist.
    """
    listed = folders.outline(imap)
    name = _name(listed, above, label)
    _ask(imap, _last_level(name, _delimiter(listed)), "CREATE", name)
    imap.command("SUBSCRIBE", quoted_folder(name), changes=True)
    return name


def rename(imap: Connection, folder: str, label: str) -> str:
    """Rename a folder without moving it. Return its full name. Raises the errors of `create`."""
    listed = folders.outline(imap)
    current = _find(listed, folder)
    name = _name(listed, place_above(current), label, instead_of=current)
    return _move(imap, listed, current, name)


def move(imap: Connection, folder: str, above: str) -> str:
    """Move a folder with its contents into another one ("": to the top). Return its full name.
    Raises the errors of `create`.
    """
    listed = folders.outline(imap)
    current = _find(listed, folder)
    return _move(imap, listed, current, _name(listed, above, _label(current), instead_of=current))


def rename_to(imap: Connection, folder: str, name: str) -> str:
    """Rename a folder to the full name that it had before a move. Raises the errors of `create`."""
    listed = folders.outline(imap)
    current = _find(listed, folder)
    if any(other.name == canonical(name) for other in listed):
        raise FolderRefused(EXISTS, name)
    return _move(imap, listed, current, name)


def throw_away(imap: Connection, folder: str) -> str:
    """Move a folder with its contents into the trash, which is created if missing. Return its name
    there.

    If the trash has a folder of the same name, the moved one becomes "name (2)". Raises the errors
    of `create`.
    """
    listed = folders.outline(imap)
    current = _find(listed, folder)
    _check_movable(listed, current)
    trash = folders.special(listed, TRASH)
    if trash is None:
        folders.ensure(imap, TRASH)
        listed = folders.outline(imap)
        trash = folders.special(listed, TRASH)
    if trash is None or not current.delimiter or "\\noinferiors" in trash.attributes:
        raise FolderRefused(NO_FOLDERS_INSIDE, trash.name if trash else "")
    taken = {other.name for other in listed}
    label = _label(current)
    for number in count(1):
        numbered = label if number == 1 else f"{label} ({number})"
        name = f"{trash.name}{trash.delimiter}{numbered}"
        if name not in taken:
            break
    return _move(imap, listed, current, name)


def remove(imap: Connection, folder: str) -> int:
    """Remove a folder of the trash permanently, with all folders inside it, the innermost first.
    Return how many. Raises FolderRefused for a folder outside the trash.
    """
    listed = folders.outline(imap)
    current = _find(listed, folder)
    trash = folders.special(listed, TRASH)
    if trash is None or not is_inside(current.name, trash):
        raise FolderRefused(NOT_IN_TRASH, folder)
    gone = [other for other in listed if is_inside(other.name, current)]
    done = 0
    for other in (*sorted(gone, key=lambda inner: -len(inner.name)), current):
        _leave(imap, other)
        try:
            imap.command("DELETE", quoted_folder(other.name), changes=True)
            done += 1
        except FolderNotFound:
            continue  # gone meanwhile, or a level that vanished with its last folder
        if other.subscribed:
            imap.command("UNSUBSCRIBE", quoted_folder(other.name), changes=True)
    return done


def subscribe(imap: Connection, folder: str, on: bool) -> None:
    """Subscribe or unsubscribe: other mail programs show subscribed folders."""
    imap.command("SUBSCRIBE" if on else "UNSUBSCRIBE", quoted_folder(folder), changes=True)


def is_inside(name: str, folder: Folder) -> bool:
    """Return whether the folder of this name is below ``folder``, at any depth."""
    return bool(folder.delimiter) and name.startswith(f"{folder.name}{folder.delimiter}")


def _find(listed: Iterable[Folder], name: str) -> Folder:
    for folder in listed:
        if folder.name == canonical(name) and folder.addressable:
            return folder
    raise FolderNotFound(f"There is no folder {name!r}.")


def _label(folder: Folder) -> str:
    return _last_level(folder.name, folder.delimiter)


def _last_level(name: str, delimiter: str) -> str:
    return name.rsplit(delimiter, 1)[-1] if delimiter else name


def _delimiter(listed: Iterable[Folder]) -> str:
    return next((folder.delimiter for folder in listed if folder.delimiter), "")


def place_above(folder: Folder) -> str:
    """Return the name of the folder above, or "" at the top."""
    above = folder.name.rpartition(folder.delimiter)[0] if folder.delimiter else ""
    return "" if not folder.owner and f"{above}{folder.delimiter}" == folder.prefix else above


def _name(
    listed: Sequence[Folder], above: str, label: str, instead_of: Folder | None = None
) -> str:
    """Return the full name of a folder to be created. Raises FolderRefused for an impossible
    name.
    """
    delimiter = _delimiter(listed)
    label = unicodedata.normalize("NFC", label).strip()
    _check_label(label, delimiter)
    name = folders.personal_prefix(listed) + label
    if above:
        parent = _parent(listed, above)
        name = f"{parent.name}{parent.delimiter}{label}"
    if delimiter and name.count(delimiter) >= DEEPEST:
        raise FolderRefused(TOO_DEEP, name)
    taken = {folder.name for folder in listed if folder != instead_of}
    if canonical(name) in taken:
        raise FolderRefused(EXISTS, name)
    return name


def _check_label(label: str, delimiter: str) -> None:
    if not label:
        raise FolderRefused(EMPTY)
    if any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in label):
        raise FolderRefused(CONTROL, label)
    if delimiter and delimiter in label:
        raise FolderRefused(DELIMITER, delimiter)
    if len(quoted_folder(label)) > LONGEST_LABEL:
        raise FolderRefused(TOO_LONG, label)


def _parent(listed: Sequence[Folder], above: str) -> Folder:
    delimiter = _delimiter(listed)
    # A level that the server does not list may hold folders too.
    levels = any(delimiter and other.name.startswith(f"{above}{delimiter}") for other in listed)
    named = [folder for folder in listed if folder.name == canonical(above) and folder.addressable]
    if not named and not levels:
        raise FolderNotFound(f"There is no folder {above!r}.")
    parent = named[0] if named else Folder(above, delimiter)
    if not parent.delimiter or "\\noinferiors" in parent.attributes:
        raise FolderRefused(NO_FOLDERS_INSIDE, above)
    return parent


def _check_movable(listed: Sequence[Folder], folder: Folder) -> None:
    if folder.special_use:
        raise FolderRefused(SPECIAL, folder.special_use)
    for other in listed:
        if other.special_use and is_inside(other.name, folder):
            raise FolderRefused(HOLDS_SPECIAL, other.special_use)


def _move(imap: Connection, listed: Sequence[Folder], folder: Folder, name: str) -> str:
    _check_movable(listed, folder)
    if name == folder.name:
        return name
    if is_inside(name, folder):
        raise FolderRefused(INSIDE_ITSELF, folder.name)
    inside = [other for other in listed if is_inside(other.name, folder)]
    deeper = name.count(folder.delimiter) - folder.name.count(folder.delimiter)
    if any(other.name.count(folder.delimiter) + deeper >= DEEPEST for other in inside):
        raise FolderRefused(TOO_DEEP, name)
    _leave(imap, folder)
    label = _last_level(name, folder.delimiter)
    _ask(imap, "" if label == _label(folder) else label, "RENAME", folder.name, name)
    # RENAME changes no subscription (RFC 9051 section 6.3.6).
    subscribed = [other for other in (folder, *inside) if other.subscribed]
    for other in subscribed[:MOST_SUBSCRIPTIONS]:
        now = name + other.name.removeprefix(folder.name)
        imap.command("SUBSCRIBE", quoted_folder(now), changes=True)
        imap.command("UNSUBSCRIBE", quoted_folder(other.name), changes=True)
    return name


def _leave(imap: Connection, folder: Folder) -> None:
    """Close the folder: some servers hang up when the open folder is renamed or removed."""
    if imap.open_folder == folder.name or is_inside(imap.open_folder, folder):
        imap.select("INBOX")


def _ask(imap: Connection, label: str, command: str, *folders_: str) -> None:
    """Send CREATE or RENAME, which gives a folder the ``label`` ("" where it keeps its own). A
    refusal raises FolderRefused with the server's text.
    """
    try:
        imap.command(command, *map(quoted_folder, folders_), changes=True)
    except (ServerRefused, FolderNotFound) as error:
        if imap.code() == "ALREADYEXISTS":
            raise FolderRefused(EXISTS, folders_[-1]) from error
        if imap.code() == "NONEXISTENT":
            raise
        reason, told = SERVER, folders_[-1]
        if imap.code() not in _NOT_OF_NAMES:
            reason, told = _suspected(label, told)
        raise FolderRefused(reason, told, server_words=error.server_words) from error


def _suspected(label: str, name: str) -> tuple[str, str]:
    """Return what a server dislikes in a name that it refused, as far as one can see, and the sign
    or folder: most say only that it is invalid.
    """
    if sign := _unusual(label):
        return SIGN, sign
    return (TOO_LONG if len(quoted_folder(label)) > _USUAL_LENGTH else SERVER), name


def _unusual(label: str) -> str:
    """Return the first sign of a name that some servers refuse, or "". Courier refuses emoji, which
    modified UTF-7 makes of two halves; Cyrus refuses a good dozen of signs.
    """
    signs = (sign for sign in label if not sign.isalnum() and sign not in _USUAL_SIGNS)
    return next((sign for sign in signs if sign > "\uffff" or sign.isascii()), "")
