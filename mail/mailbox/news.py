"""News of folders: their states, changed flags and arrivals."""

from __future__ import annotations

from collections.abc import Sequence

from mail.errors import FolderNotFound, ServerRefused
from mail.imap import fetch, search, status
from mail.imap.connection import Connection
from mail.imap.status import FolderState
from mail.imap.watch import MOST_ARRIVED, MOST_NAMED, ArrivedMessage, ToldArrivals
from mail.mailbox.memory import Memory

_KIND = "arrivals"


def states(imap: Connection, names: Sequence[str]) -> tuple[FolderState, ...]:
    """Return the states of folders in the order of their names, without folders that are gone or
    refused.

    Sends one command if the server has LIST-STATUS (RFC 5819), else one for each folder; and one
    before, if the connection has one of them open, because Dovecot repeats old values for an open
    folder.
    """
    unique = tuple(dict.fromkeys(names))
    if imap.open_folder in unique:
        imap.command("NOOP")
    if len(unique) > 1 and status.can_list(imap, unique):
        by_name = status.ask_several(imap, unique)
    else:
        by_name = {name: state for name in unique if (state := _state(imap, name))}
    return tuple(by_name[name] for name in unique if name in by_name)


def changed(imap: Connection, state: FolderState, since: int) -> dict[int, frozenset[str]]:
    """Return the present flags of the messages that arrived or changed after this HIGHESTMODSEQ
    (CONDSTORE, RFC 7162), at most the newest 500. Sends two commands, none if nothing has changed.
    """
    if not state.exists or since >= state.modseq:
        return {}
    if imap.select(state.folder).uidvalidity != state.uidvalidity:
        return {}
    marks = sorted(fetch.changed_since(imap, since), key=lambda mark: mark.uid)
    return {mark.uid: mark.flags for mark in marks[-MOST_NAMED:]}


def arrived(
    imap: Connection, state: FolderState, uidvalidity: int, uidnext: int, memory: Memory
) -> tuple[ArrivedMessage, ...] | None:
    """Return the messages that arrived in a folder since it had this UIDNEXT, at most the newest
    20; those that only came back are marked. Return None for a recreated folder. Sends two
    commands, none if nothing arrived.
    """
    if uidvalidity != state.uidvalidity:
        return None
    uids = range(max(uidnext, state.uidnext - MOST_ARRIVED), state.uidnext)
    if not uids:
        return ()
    if imap.select(state.folder).uidvalidity != state.uidvalidity:
        return None
    name = f"{state.uidvalidity} {state.folder}"
    known = ToldArrivals(memory.get(_KIND, name))
    messages = tuple(
        known.recognised(ArrivedMessage(row.ref.uid, row.flags, row.envelope, row.received))
        for row in fetch.rows(imap, uids)
    )
    memory.put(_KIND, name, known.uids)
    return messages


def _state(imap: Connection, name: str) -> FolderState | None:
    try:
        return status.ask_status(imap, name)
    except FolderNotFound:
        return None
    except ServerRefused:
        return _open_state(imap) if imap.open_folder == name else None


def _open_state(imap: Connection) -> FolderState:
    """Return the state of the open folder, of which some servers refuse STATUS. Sends two
    commands.
    """
    selected = imap.known()
    following = max(search.uids(imap, "UID *"), default=0) + 1
    return FolderState(
        selected.folder,
        selected.uidvalidity,
        max(selected.uidnext, following),
        selected.exists,
        search.count(imap, "UNSEEN"),
    )
