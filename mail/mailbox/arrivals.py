"""Mail that the user has not seen: it is found, sampled for a verdict, and moved aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mail.errors import FolderNotFound, MessageNotFound, OverQuota, ServerRefused
from mail.imap import fetch, search
from mail.imap.connection import Connection
from mail.imap.values import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN, MessageRef, MessageSample
from mail.mailbox import actions, folders
from mail.mailbox.memory import Memory
from mail.mime import build, headers

SAMPLE = 96 * 1024
"""Bytes of a message that its verdict is based on: its header and the beginning of its text."""
AT_ONCE = 10
"""The number of messages whose samples are in memory, and are judged, at once."""
TOUCHED = frozenset({SEEN, FLAGGED, ANSWERED, DELETED, DRAFT})
"""Flags that show that the user has handled the message, so that it stays where it is."""

_UNTOUCHED = "UNSEEN UNFLAGGED UNANSWERED UNDELETED UNDRAFT"
_WRITTEN = "written"
_MOST_WRITTEN = 1_000
_LONGEST_HEAD = 32 * 1024
_FIELDS = ("MESSAGE-ID", "TO", "CC")
_FIELDS_SIZE = 4_096


def untouched(imap: Connection, after: int = 0) -> tuple[int, ...]:
    """Return the UIDs above ``after`` of messages of the open folder that the user has not handled,
    oldest first. Sends one command.
    """
    uids = search.uids(imap, f"UID {after + 1}:* {_UNTOUCHED}")
    # "n:*" matches the last message even if its UID is below n.
    return tuple(sorted(uid for uid in uids if uid > after))


def samples(imap: Connection, uids: Iterable[int]) -> tuple[MessageSample, ...]:
    """Return the samples of these messages of the open folder, without those that are gone or have
    been handled meanwhile. Sends one command.
    """
    fetched = fetch.samples(imap, uids, SAMPLE)
    return tuple(sample for sample in fetched if not sample.flags & TOUCHED)


def sample(imap: Connection, ref: MessageRef) -> bytes:
    """Return the sample of one message, handled or not; empty when it is gone. Sends one command,
    and another one if its folder is not open.
    """
    imap.require(ref)
    fetched = fetch.samples(imap, [ref.uid], SAMPLE)
    return fetched[0].raw if fetched else b""


def is_report(raw: bytes) -> bool:
    """Return whether a message, judged by its sample, is a report of another mail server."""
    head = raw[:_LONGEST_HEAD].partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
    return headers.parse(head).get("Content-Type").strip().lower().startswith("multipart/report")


def set_aside(imap: Connection, refs: Sequence[MessageRef], place: str, use: str) -> int | None:
    """Move messages to the folder with the special ``use``, or else to the one named ``place``,
    which is created if missing.

    Return the number of moved messages, without those that are gone; None if the folder cannot be
    created or is full, and then nothing was moved.
    """
    try:
        name = folders.ensure(imap, use) if use else folders.ensure_named(imap, place)
        moved = actions.move(imap, refs, name)
    except MessageNotFound:
        return 0
    except (FolderNotFound, OverQuota, ServerRefused):
        return None
    return len(moved) if moved else len(refs)  # without UIDPLUS, the server does not tell


def mark(imap: Connection, refs: Sequence[MessageRef], keyword: str) -> bool:
    """Give messages of one folder a keyword. Return False if the server keeps no keywords."""
    try:
        if not imap.require(refs[0]).keeps(keyword):
            return False
        actions.set_flag(imap, refs, keyword, True)
    except (MessageNotFound, ServerRefused):
        return False
    return True


@dataclass(frozen=True)
class SentMail:
    """Values from the folder for sent mail: Message-IDs without angle brackets, and addresses
    written to, all in lower case.
    """

    message_ids: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()


def written(imap: Connection, memory: Memory) -> SentMail:
    """Return the Message-IDs and the recipients of the newest thousand messages that the user sent.

    Sends three commands; the last fetches only messages that were not remembered. Another folder is
    open afterwards.
    """
    sent = folders.special(folders.outline(imap), folders.SENT)
    if sent is None:
        return SentMail()
    selected = imap.select(sent.name)
    name = f"{selected.uidvalidity} {sent.name}"
    remembered = memory.get(_WRITTEN, name) or {"until": 0, "ids": [], "to": []}
    new = _new(imap, remembered["until"], selected.exists)
    if new:
        ids = [message_id for raw in new.values() for message_id in _ids(raw)]
        to = [recipient for raw in new.values() for recipient in _recipients(raw)]
        remembered = {
            "until": max(new),
            "ids": list(dict.fromkeys([*remembered["ids"], *ids]))[-_MOST_WRITTEN:],
            "to": list(dict.fromkeys([*remembered["to"], *to]))[-2 * _MOST_WRITTEN :],
        }
        memory.put(_WRITTEN, name, remembered)
    return SentMail(frozenset(remembered["ids"]), frozenset(remembered["to"]))


def _new(imap: Connection, until: int, exists: int) -> dict[int, bytes]:
    if not exists:
        return {}
    uids = f"{until + 1}:*"
    if not until:
        newest = fetch.marks_by_sequence(imap, max(1, exists - _MOST_WRITTEN + 1), exists)
        uids = f"{newest[0].uid}:*" if newest else "1:*"
    fields = fetch.fields(imap, uids, _FIELDS, _FIELDS_SIZE)
    return {uid: raw for uid, raw in sorted(fields.items()) if uid > until}


def _ids(raw: bytes) -> list[str]:
    message_ids = build.message_ids(headers.parse(raw).get("Message-ID"))
    return [message_id.strip("<>").lower() for message_id in message_ids[:1]]


def _recipients(raw: bytes) -> list[str]:
    fields = headers.parse(raw)
    people = (*fields.addresses("To"), *fields.addresses("Cc"))
    return [person.address.lower() for person in people if person.address]
