"""STATUS (RFC 9051 section 6.3.11): how a folder stands, without opening it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from webmail.errors import BadServerAnswer
from webmail.imap import names, response
from webmail.imap.connection import Connection, canonical, quoted_folder

_ITEMS = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN"


@dataclass(frozen=True, slots=True)
class FolderState:
    """Two that are equal hold the same messages with, where ``modseq`` is not 0, the same flags.

    ``modseq`` is HIGHESTMODSEQ (RFC 7162); 0 on a server without CONDSTORE.
    """

    folder: str
    uidvalidity: int
    uidnext: int
    exists: int
    unseen: int
    modseq: int = 0


def items(capabilities: Iterable[str]) -> str:
    """Return the items to ask for of a server that can do this: ``(MESSAGES UNSEEN …)``."""
    more = " HIGHESTMODSEQ" if {"CONDSTORE", "QRESYNC"} & set(capabilities) else ""
    return f"({_ITEMS}{more})"


def ask(imap: Connection, folder: str) -> FolderState:
    """One command. Raises FolderNotFound or ServerRefused when the folder is not to be had."""
    lines = imap.command("STATUS", quoted_folder(folder), items(imap.capabilities))
    for line in response.lines(lines):
        name, values = named(line)
        if name == canonical(folder) and (state := complete(name, values)):
            return state
    raise BadServerAnswer("The IMAP server does not say how the folder stands.")


def can_list(imap: Connection, folders: Iterable[str]) -> bool:
    """Whether `ask_several` works: in LIST's patterns ``*`` and ``%`` stand for other names."""
    able = imap.has("LIST-EXTENDED") and imap.has("LIST-STATUS")
    return able and not any("*" in folder or "%" in folder for folder in folders)


def ask_several(imap: Connection, folders: Iterable[str]) -> dict[str, FolderState]:
    """One command; those that are gone are left out."""
    patterns = b"(%b)" % b" ".join(quoted_folder(folder) for folder in folders)
    imap.command("LIST", '""', patterns, f"RETURN (STATUS {items(imap.capabilities)})")
    named_values = map(named, response.lines(imap.untagged("STATUS")))
    states = (complete(name, values) for name, values in named_values)
    return {state.folder: state for state in states if state}


def named(line: list[Any]) -> tuple[str, dict[bytes, int]]:
    """A STATUS line: the folder's name, and what was told of it."""
    name, *rest = response.parsed(line) or (None,)
    pairs = rest[0] if rest and isinstance(rest[0], tuple) else ()
    values = {
        key.upper(): value
        for key, value in zip(pairs[::2], map(_single, pairs[1::2]), strict=False)
        if isinstance(key, bytes) and isinstance(value, int)
    }
    return canonical(names.decode(response.raw_bytes(name))[0]), values


def complete(folder: str, values: Mapping[bytes, int]) -> FolderState | None:
    """The state; None when something is missing, as NOTIFY (RFC 5465) may leave out the unread."""
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
    """Some servers put the HIGHESTMODSEQ into parentheses, as FETCH has it."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value
