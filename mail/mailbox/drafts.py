"""Copies of drafts in the folder for drafts. The new copy is saved before the old one is removed,
so that there always is a copy, and only one.

Each copy names its draft in a header field, by which a copy is found that a killed program left
between the two steps.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from mail.errors import FolderNotFound, MessageNotFound, ServerRefused
from mail.imap import fetch, search, uid_sets
from mail.imap.connection import Connection
from mail.imap.values import DELETED, DRAFT, SEEN, MessageRef
from mail.mailbox import folders
from mail.mime import headers

FIELD = "X-Webmail-Draft"
_FIRST_LINE = re.compile(rb"X-Webmail-Draft: ([0-9a-f-]{36}) ([0-9a-f]{32})", re.IGNORECASE)
# Bytes read of an unknown copy, to see whether another program changed it.
_MOST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a message in the folder by its own header: the ``mark`` of its draft, "" if
    another program wrote or changed it; and its Message-ID.
    """

    mark: str
    message_id: str


def replace(
    imap: Connection, mark: str, message: bytes, former: Iterable[MessageRef] = ()
) -> MessageRef:
    """Save a copy in the folder for drafts, which is created if missing. Then remove older copies
    of the same draft, and ``former`` copies that are in that folder. Only messages after ``former``
    are searched for other copies.

    ``mark`` names the draft by 36 hexadecimal digits and hyphens. Raises the errors of APPEND; then
    nothing was removed.
    """
    folder, uid = _put(imap, marked(mark, message))
    # If the folder is open, APPEND has reported the new messages.
    selected = imap.known() if imap.open_folder == folder else imap.select(folder)
    place = MessageRef(folder, selected.uidvalidity, 0)
    there = {ref.uid for ref in former if _is_same_place(ref, place)}
    ours = _ours(imap, mark, after=max(there, default=0))
    if uid is None:  # a server without UIDPLUS: the last message to arrive
        uid = max(ours, default=0)
    if not uid:
        raise ServerRefused("The copy was taken and is not there.")
    # Two windows may save at once: each leaves copies that came after its own.
    older = {copy for copy in (*ours, *there) if copy < uid}
    unknown = {copy for copy in older - there if not _is_untouched(imap, place, copy, mark)}
    _take_away(imap, older - unknown)
    return MessageRef(place.folder, place.uidvalidity, uid)


def remove(imap: Connection, mark: str, former: Iterable[MessageRef] = ()) -> None:
    """Remove the copies of a draft, and ``former`` copies that are in the folder for drafts."""
    folder = folders.special(folders.outline(imap), folders.DRAFTS)
    if folder is None:
        return
    place = MessageRef(folder.name, imap.select(folder.name).uidvalidity, 0)
    there = {ref.uid for ref in former if _is_same_place(ref, place)}
    ours = set(_ours(imap, mark)) - there
    _take_away(imap, there | {copy for copy in ours if _is_untouched(imap, place, copy, mark)})


def holds(imap: Connection, ref: MessageRef) -> bool:
    """Return whether a message is in the folder for drafts. Sends at most two commands."""
    drafts = folders.special(folders.outline(imap), folders.DRAFTS)
    return drafts is not None and drafts.name == ref.folder


def origin(imap: Connection, ref: MessageRef) -> Origin:
    """Return the origin of a message. Raises MessageNotFound and FolderChanged."""
    fields = headers.parse(fetch.headers(imap, ref))
    mark = fields.get(FIELD)[:36]
    if mark and not _is_untouched(imap, ref, ref.uid, mark):
        mark = ""
    return Origin(mark, fields.get("Message-ID").strip())


def marked(mark: str, message: bytes) -> bytes:
    """Return a message as a copy of the draft that ``mark`` names."""
    line = f"{FIELD}: {mark} {_digest(message)}".encode()
    if not _FIRST_LINE.fullmatch(line):
        raise ValueError("not the mark of a draft")
    return line + b"\r\n" + message


def _put(imap: Connection, message: bytes) -> tuple[str, int | None]:
    """Append a message to the folder for drafts. Return the folder's name, and the UID if the
    server tells it.
    """
    if drafts := folders.special(folders.kept_folders(imap), folders.DRAFTS):
        with suppress(FolderNotFound):  # the list of folders had it
            return drafts.name, imap.append(drafts.name, message, (DRAFT, SEEN))
    folder = folders.ensure(imap, folders.DRAFTS)
    return folder, imap.append(folder, message, (DRAFT, SEEN))


def _is_same_place(ref: MessageRef, other: MessageRef) -> bool:
    return (ref.folder, ref.uidvalidity) == (other.folder, other.uidvalidity)


def _digest(message: bytes) -> str:
    return hashlib.blake2b(message, digest_size=16).hexdigest()


def _is_untouched(imap: Connection, place: MessageRef, uid: int, mark: str) -> bool:
    """Return whether a copy is unchanged since it was saved. Some programs keep the header fields
    of a draft that they change; such a message must not be removed.
    """
    ref = MessageRef(place.folder, place.uidvalidity, uid)
    try:
        raw, is_longer = fetch.part_bytes(imap, ref, "", _MOST)
    except MessageNotFound:
        return False
    line, _end, message = raw.partition(b"\r\n")
    match = _FIRST_LINE.fullmatch(line)
    if match is None or is_longer:
        return False
    return match[1].decode() == mark and match[2].decode() == _digest(message)


def _ours(imap: Connection, mark: str, after: int = 0) -> tuple[int, ...]:
    since = f"UID {after + 1}:* " if after else ""
    return search.uids(imap, f'{since}UNDELETED HEADER {FIELD} "{mark}"')


def _take_away(imap: Connection, uids: Iterable[int]) -> None:
    """Remove by UID EXPUNGE (RFC 4315). Without it, messages are only marked as deleted and hidden:
    EXPUNGE would also remove messages that other programs marked.
    """
    named = uid_sets.compressed(sorted(uids))
    if not named:
        return
    imap.uid("STORE", named, "+FLAGS.SILENT", f"({DELETED})", changes=True)
    if imap.has("UIDPLUS"):
        imap.uid("EXPUNGE", named, changes=True)
