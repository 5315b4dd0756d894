"""Access lists of folders (RFC 4314): the rights of other users in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mail.errors import BadServerAnswer
from mail.imap import response
from mail.imap.connection import Connection, quoted_folder

# A limit on a server's answer: no folder is shared with so many users one by one.
MOST_GRANTS = 1000
_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")
_RIGHTS = re.compile(r"[a-z0-9]{1,40}")


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of a folder's access list. ``identifier`` is usually a login; ``rights`` are the
    letters of RFC 4314 section 2.1.
    """

    identifier: str
    rights: frozenset[str]


def grants(imap: Connection, folder: str) -> tuple[Grant, ...]:
    """Return the access list in the server's order, without lines that give no right. Sends one
    command.

    Raises FolderNotFound, of which NotPermitted is a subclass, and BadServerAnswer.
    """
    imap.command("GETACL", quoted_folder(folder))
    pieces = _last(imap.untagged("ACL"))[1:]
    if len(pieces) > 2 * MOST_GRANTS:
        raise BadServerAnswer("The IMAP server sent an access list that is too long.")
    pairs = zip(pieces[::2], pieces[1::2], strict=False)
    all_grants = (
        Grant(_word(identifier), frozenset(_word(rights))) for identifier, rights in pairs
    )
    return tuple(grant for grant in all_grants if grant.identifier and grant.rights)


def my_rights(imap: Connection, folder: str) -> frozenset[str]:
    """Return the letters of the user's rights in a folder. Sends one command."""
    lines = imap.command("MYRIGHTS", quoted_folder(folder))
    pieces = _last(lines)
    return frozenset(_word(pieces[1])) if len(pieces) > 1 else frozenset()


def put(imap: Connection, folder: str, identifier: str, rights: Iterable[str]) -> None:
    """Give the identifier exactly these rights.

    Raises ValueError for letters that are no rights, and for an identifier with control characters.
    """
    letters = "".join(sorted(rights))
    if not _RIGHTS.fullmatch(letters):
        raise ValueError(f"Not the letters of rights: {letters!r}")
    imap.command("SETACL", quoted_folder(folder), _quoted(identifier), letters, changes=True)


def remove(imap: Connection, folder: str, identifier: str) -> None:
    """Remove the line of an identifier from the access list."""
    imap.command("DELETEACL", quoted_folder(folder), _quoted(identifier), changes=True)


def _last(raw: Iterable[Any]) -> tuple[Any, ...]:
    lines = list(response.lines(raw))
    return response.parsed(lines[-1]) if lines else ()


def _word(piece: Any) -> str:
    return response.raw_bytes(piece).decode("utf-8", "replace")


def _quoted(identifier: str) -> bytes:
    raw = identifier.encode()
    if not raw or _CONTROLS.search(raw):
        raise ValueError("This is no identifier of an access list.")
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", raw) + b'"'
