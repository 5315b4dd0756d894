"""STATUS (RFC 9051 section 6.3.11): the state of a folder, without opening it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mail.errors import ServerRefused
from mail.imap import names, response, search
from mail.imap.connection import Connection, canonical, quoted_folder
from mail.imap.values import Selected

_ITEMS = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN"


@dataclass(frozen=True, slots=True)
class FolderState:
    """The state of a folder. Equal states mean the same messages and, unless ``modseq`` is 0, the
    same flags.

    ``modseq`` is HIGHESTMODSEQ (RFC 7162); 0 on a server without CONDSTORE.
    """

    folder: str
    uidvalidity: int
    uidnext: int
    exists: int
    unseen: int
    modseq: int = 0


def items(capabilities: Iterable[str]) -> str:
    """Return the items to ask a server with these capabilities for: ``(MESSAGES UNSEEN …)``."""
    more = " HIGHESTMODSEQ" if {"CONDSTORE", "QRESYNC"} & set(capabilities) else ""
    return f"({_ITEMS}{more})"


def ask_status(imap: Connection, folder: str) -> FolderState:
    """Return the state of a folder. Sends one command; where the server refuses it, or leaves a
    value out, four that open the folder.

    Raises FolderNotFound or ServerRefused when the server does not give it.
    """
    state = complete(folder, _values(imap, folder, items(imap.capabilities)))
    if state:
        return state
    selected = _opened(imap, folder)
    unseen = search.count(imap, "UNSEEN")
    return FolderState(folder, selected.uidvalidity, selected.uidnext, selected.exists, unseen)


def ask_next(imap: Connection, folder: str) -> tuple[int, int]:
    """Return UIDVALIDITY and UIDNEXT of a folder. Sends one command, or three as `ask_status`."""
    values = _values(imap, folder, "(UIDVALIDITY UIDNEXT)")
    if values.keys() >= {b"UIDVALIDITY", b"UIDNEXT"}:
        return values[b"UIDVALIDITY"], values[b"UIDNEXT"]
    selected = _opened(imap, folder)
    return selected.uidvalidity, selected.uidnext


def _values(imap: Connection, folder: str, wanted: str) -> dict[bytes, int]:
    """Return the values that STATUS tells, none where it is refused."""
    try:
        lines = imap.command("STATUS", quoted_folder(folder), wanted)
    except ServerRefused:
        return {}
    told = dict(map(named, response.lines(lines)))
    return told.get(canonical(folder), {})


def _opened(imap: Connection, folder: str) -> Selected:
    """Open a folder, whose UIDNEXT is then above all its messages."""
    selected = imap.select(folder)
    following = max(search.uids(imap, "UID *"), default=0) + 1
    return replace(selected, uidnext=max(selected.uidnext, following))


def can_list(imap: Connection, folders: Iterable[str]) -> bool:
    """Return whether `ask_several` works for these folders: ``*`` and ``%`` are wildcards in LIST's
    patterns.
    """
    able = imap.has("LIST-EXTENDED") and imap.has("LIST-STATUS")
    return able and not any("*" in folder or "%" in folder for folder in folders)


def ask_several(imap: Connection, folders: Iterable[str]) -> dict[str, FolderState]:
    """Return the states of folders by name, without those that are gone. Sends one command."""
    patterns = b"(%b)" % b" ".join(quoted_folder(folder) for folder in folders)
    imap.command("LIST", '""', patterns, f"RETURN (STATUS {items(imap.capabilities)})")
    named_values = map(named, response.lines(imap.untagged("STATUS")))
    states = (complete(name, values) for name, values in named_values)
    return {state.folder: state for state in states if state}


def named(line: list[Any]) -> tuple[str, dict[bytes, int]]:
    """Return the folder's name and the values of a STATUS line."""
    name, *rest = response.parsed(line) or (None,)
    pairs = rest[0] if rest and isinstance(rest[0], tuple) else ()
    values = {
        key.upper(): value
        for key, value in zip(pairs[::2], map(_single, pairs[1::2]), strict=False)
        if isinstance(key, bytes) and isinstance(value, int)
    }
    return canonical(names.decode(response.raw_bytes(name))[0]), values


def complete(folder: str, values: Mapping[bytes, int]) -> FolderState | None:
    """Return the state, or None when a value is missing: NOTIFY (RFC 5465) may leave out the
    unread.
    """
    try:
        return FolderState(
            folder=folder,
            uidvalidity=values[b"UIDVALIDITY"],
            uidnext=values[b"UIDNEXT"],
            exists=values[b"MESSAGES"],
            unseen=values[b"UNSEEN"],
            modseq=values.get(b"HIGHESTMODSEQ", 0),
        )
    except KeyError:
        return None


def _single(value: Any) -> Any:
    """Return the value itself. Some servers put HIGHESTMODSEQ into parentheses, as in FETCH."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value
