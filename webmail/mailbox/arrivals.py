"""Mail that nobody has looked at: found, read as far as a verdict needs, set aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webmail.errors import FolderNotFound, MessageNotFound, OverQuota, ServerRefused
from webmail.imap import fetch, search
from webmail.imap.connection import Connection
from webmail.imap.values import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN, MessageRef, Sample
from webmail.mailbox import actions, folders
from webmail.mailbox.memory import Memory
from webmail.mime import build, headers

SAMPLE = 96 * 1024
"""Bytes of a message that a verdict is given on: its header and the beginning of its text."""
AT_ONCE = 10
"""Messages whose beginnings are held, and judged, at once."""
TOUCHED = frozenset({SEEN, FLAGGED, ANSWERED, DELETED, DRAFT})
"""Flags that only somebody who has seen the message sets: it stays where it is."""

_UNTOUCHED = "UNSEEN UNFLAGGED UNANSWERED UNDELETED UNDRAFT"
_WRITTEN = "written"
_MOST_WRITTEN = 1_000
_LONGEST_HEAD = 32 * 1024
_FIELDS = ("MESSAGE-ID", "TO", "CC")
_FIELDS_SIZE = 4_096


def untouched(imap: Connection, after: int = 0) -> tuple[int, ...]:
    """UIDs above ``after`` of messages of the open folder that nobody has looked at, the oldest
    first. One command."""
    uids = search.uids(imap, f"UID {after + 1}:* {_UNTOUCHED}")
    # "n:*" names the last message even when its UID is below n.
    return tuple(sorted(uid for uid in uids if uid > after))


def samples(imap: Connection, uids: Iterable[int]) -> tuple[Sample, ...]:
    """The samples of these messages of the open folder, without those that are gone or no longer
    untouched. One command."""
    fetched = fetch.samples(imap, uids, SAMPLE)
    return tuple(sample for sample in fetched if not sample.flags & TOUCHED)


def sample(imap: Connection, ref: MessageRef) -> bytes:
    """The sample of one message, whoever has looked at it; empty when it is gone. One command, and
    another where its folder is not open."""
    imap.require(ref)
    fetched = fetch.samples(imap, [ref.uid], SAMPLE)
    return fetched[0].raw if fetched else b""


def is_report(raw: bytes) -> bool:
    """Whether a message, as far as it is here, is a report of another mail server's."""
    head = raw[:_LONGEST_HEAD].partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
    return headers.parse(head).get("Content-Type").strip().lower().startswith("multipart/report")


def set_aside(imap: Connection, refs: Sequence[MessageRef], place: str, use: str) -> int | None:
    """Move messages to the folder called ``place``, or where there is one to that with the special
    ``use``; it is made when it is missing. How many were moved (those that are gone are no matter);
    None where the folder can't be made or takes no more: then nothing was moved."""
    try:
        name = folders.ensure(imap, use) if use else folders.ensure_named(imap, place)
        moved = actions.move(imap, refs, name)
    except MessageNotFound:
        return 0
    except (FolderNotFound, OverQuota, ServerRefused):
        return None
    return len(moved) if moved else len(refs)  # without UIDPLUS nobody tells


def mark(imap: Connection, refs: Sequence[MessageRef], keyword: str) -> bool:
    """Give messages of one folder a keyword; False where the server keeps none."""
    try:
        if not imap.require(refs[0]).keeps(keyword):
            return False
        actions.set_flag(imap, refs, keyword, True)
    except (MessageNotFound, ServerRefused):
        return False
    return True


@dataclass(frozen=True)
class Written:
    """The content of the folder for sent mail: the Message-IDs, without angle brackets, and the
    addresses written to, all in small letters."""

    message_ids: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()


def written(imap: Connection, memory: Memory) -> Written:
    """The Message-IDs and recipients of the newest thousand messages that the person sent. Three
    commands, of which the last brings only the messages that were not remembered; another folder is
    open after it."""
    sent = folders.special(folders.outline(imap), folders.SENT)
    if sent is None:
        return Written()
    selected = imap.select(sent.name)
    name = f"{selected.uidvalidity} {sent.name}"
    kept = memory.get(_WRITTEN, name) or {"until": 0, "ids": [], "to": []}
    new = _new(imap, kept["until"], selected.exists)
    if new:
        ids = [message_id for raw in new.values() for message_id in _ids(raw)]
        to = [recipient for raw in new.values() for recipient in _recipients(raw)]
        kept = {
            "until": max(new),
            "ids": list(dict.fromkeys([*kept["ids"], *ids]))[-_MOST_WRITTEN:],
            "to": list(dict.fromkeys([*kept["to"], *to]))[-2 * _MOST_WRITTEN :],
        }
        memory.put(_WRITTEN, name, kept)
    return Written(frozenset(kept["ids"]), frozenset(kept["to"]))


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
