"""News of folders: their states, changed flags and arrivals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from mail.errors import FolderNotFound, ServerRefused
from mail.imap import fetch, search, status
from mail.imap.connection import Connection
from mail.imap.status import FolderState
from mail.imap.watch import MOST_ARRIVED, MOST_NAMED, ArrivedMessage, ToldArrivals
from mail.mailbox.memory import Memory

_KIND = "arrivals"


class Stood(NamedTuple):
    """How a folder stood before."""

    uidvalidity: int
    uidnext: int
    exists: int


def states(imap: Connection, names: Sequence[str]) -> tuple[FolderState, ...]:
    """Return the states of folders in the order of their names, without folders that are gone or
    refused.

    Sends one command if the server has LIST-STATUS (RFC 5819), and one for each folder that this
    does not tell; and one before, if the connection has one of them open, because Dovecot repeats
    old values for an open folder.
    """
    unique = tuple(dict.fromkeys(names))
    if imap.open_folder in unique:
        imap.command("NOOP")
    listed = len(unique) > 1 and status.can_list(imap, unique)
    by_name = status.ask_several(imap, unique) if listed else {}
    states = (by_name.get(name) or _state(imap, name) for name in unique)
    return tuple(state for state in states if state)


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
    imap: Connection, state: FolderState, stood: Stood, memory: Memory
) -> tuple[FolderState, tuple[ArrivedMessage, ...]] | None:
    """Return the messages that arrived in a folder since it stood so, at most the newest 20; those
    that only came back are marked. Return None for a recreated folder. Sends three commands, none
    if nothing arrived.

    Servers are known whose STATUS tells too low a UIDNEXT. The state is returned with one above
    the messages that arrived.
    """
    if stood.uidvalidity != state.uidvalidity:
        return None
    following = max(state.uidnext, stood.uidnext)
    state = replace(state, uidnext=following)
    if following == stood.uidnext and state.exists <= stood.exists:
        return state, ()
    if imap.select(state.folder).uidvalidity != state.uidvalidity:
        return None
    # "n:*" matches the last message even if its UID is below n.
    uids = [uid for uid in search.uids(imap, f"UID {stood.uidnext}:*") if uid >= stood.uidnext]
    name = f"{state.uidvalidity} {state.folder}"
    known = ToldArrivals(memory.get(_KIND, name))
    messages = tuple(
        known.recognised(ArrivedMessage(row.ref.uid, row.flags, row.envelope, row.received))
        for row in (fetch.rows(imap, sorted(uids)[-MOST_ARRIVED:]) if uids else ())
    )
    memory.put(_KIND, name, known.uids)
    return replace(state, uidnext=max([following, *(uid + 1 for uid in uids)])), messages


def _state(imap: Connection, name: str) -> FolderState | None:
    try:
        return status.ask_status(imap, name)
    except (FolderNotFound, ServerRefused):
        return None
