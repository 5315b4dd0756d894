"""Whether there is news: how some folders stand."""

from __future__ import annotations

from collections.abc import Iterable

from webmail.errors import FolderNotFound, ServerRefused
from webmail.imap import status
from webmail.imap.connection import Connection
from webmail.imap.status import FolderState


def states(imap: Connection, names: Iterable[str]) -> tuple[FolderState, ...]:
    """One command each; a folder that is gone, or not to be asked about, is left out."""
    found = []
    for name in dict.fromkeys(names):
        try:
            found.append(status.ask(imap, name))
        except (FolderNotFound, ServerRefused):
            continue
    return tuple(found)
