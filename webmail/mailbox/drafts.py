"""Copies of what is being written, in the folder for drafts: the new one first, then the old one
goes. Never a moment without one, and none left over.

Each copy tells in a field of its own which draft it is of: what was left there by a program that
was killed between the two steps is found by it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from webmail.errors import FolderNotFound, MessageNotFound, ServerRefused
from webmail.imap import fetch, search, uid_sets
from webmail.imap.connection import Connection
from webmail.imap.values import DELETED, DRAFT, SEEN, MessageRef
from webmail.mailbox import folders
from webmail.mime import headers

FIELD = "X-Webmail-Draft"
_FIRST_LINE = re.compile(rb"X-Webmail-Draft: ([0-9a-f-]{36}) ([0-9a-f]{32})", re.IGNORECASE)
# Read of a copy whose draft does not know it, to see whether another program wrote on.
_MOST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a message in the folder, as it says itself: ``mark`` of the draft that it is a
    copy of, "" for another program's, or where another program wrote on; its Message-ID."""

    mark: str
    message_id: str


def replace(
    imap: Connection, mark: str, message: bytes, former: Iterable[MessageRef] = ()
) -> MessageRef:
    """Put a copy into the folder, made when it is missing; then remove older ones of the same
    draft, and ``former`` as far as it lies there: other copies are looked for among what came after
    it alone. Raises what APPEND raises; nothing was removed then.

    ``mark`` names the draft: 36 hexadecimal digits and hyphens.
    """
    folder, uid = _put(imap, marked(mark, message))
    # Where it is open, APPEND has told what is new.
    selected = imap.known() if imap.open_folder == folder else imap.select(folder)
    place = MessageRef(folder, selected.uidvalidity, 0)
    there = {ref.uid for ref in former if _is_same_place(ref, place)}
    ours = _ours(imap, mark, after=max(there, default=0))
    if uid is None:  # a server without UIDPLUS: the last one to come
        uid = max(ours, default=0)
    if not uid:
        raise ServerRefused("The copy was taken and is not there.")
    # Two windows may be here at once: each leaves what came after its own.
    older = {copy for copy in (*ours, *there) if copy < uid}
    unknown = {copy for copy in older - there if not _is_untouched(imap, place, copy, mark)}
    _take_away(imap, older - unknown)
    return MessageRef(place.folder, place.uidvalidity, uid)


def remove(imap: Connection, mark: str, former: Iterable[MessageRef] = ()) -> None:
    """Remove the copies of a draft, and ``former`` as far as it lies among the drafts."""
    folder = folders.special(folders.outline(imap), folders.DRAFTS)
    if folder is None:
        return
    place = MessageRef(folder.name, imap.select(folder.name).uidvalidity, 0)
    there = {ref.uid for ref in former if _is_same_place(ref, place)}
    ours = set(_ours(imap, mark)) - there
    _take_away(imap, there | {copy for copy in ours if _is_untouched(imap, place, copy, mark)})


def holds(imap: Connection, ref: MessageRef) -> bool:
    """Whether a message lies in the folder for drafts. Two commands at most."""
    drafts = folders.special(folders.outline(imap), folders.DRAFTS)
    return drafts is not None and drafts.name == ref.folder


def origin(imap: Connection, ref: MessageRef) -> Origin:
    """Return whose copy a message is. Raises MessageNotFound, FolderChanged."""
    fields = headers.parse(fetch.headers(imap, ref))
    mark = fields.get(FIELD)[:36]
    if mark and not _is_untouched(imap, ref, ref.uid, mark):
        mark = ""
    return Origin(mark, fields.get("Message-ID").strip())


def marked(mark: str, message: bytes) -> bytes:
    """A message as a copy of the draft that ``mark`` names."""
    line = f"{FIELD}: {mark} {_digest(message)}".encode()
    if not _FIRST_LINE.fullmatch(line):
        raise ValueError("not the mark of a draft")
    return line + b"\r\n" + message


def _put(imap: Connection, message: bytes) -> tuple[str, int | None]:
    """Put a message into the folder for drafts; its name, and the UID where the server tells."""
    if drafts := folders.special(folders.kept_folders(imap), folders.DRAFTS):
        with suppress(FolderNotFound):  # it was there when the folders were listed
            return drafts.name, imap.append(drafts.name, message, (DRAFT, SEEN))
    folder = folders.ensure(imap, folders.DRAFTS)
    return folder, imap.append(folder, message, (DRAFT, SEEN))


def _is_same_place(ref: MessageRef, other: MessageRef) -> bool:
    return (ref.folder, ref.uidvalidity) == (other.folder, other.uidvalidity)


def _digest(message: bytes) -> str:
    return hashlib.blake2b(message, digest_size=16).hexdigest()


def _is_untouched(imap: Connection, place: MessageRef, uid: int, mark: str) -> bool:
    """Whether a copy is as it was put there. Some programs keep the fields of a draft that they
    write on: what they wrote is nothing to remove."""
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
    """UID EXPUNGE (RFC 4315). Without it they are marked and stay, hidden: EXPUNGE would remove
    what others have marked."""
    named = uid_sets.compressed(sorted(uids))
    if not named:
        return
    imap.uid("STORE", named, "+FLAGS.SILENT", f"({DELETED})", changes=True)
    if imap.has("UIDPLUS"):
        imap.uid("EXPUNGE", named, changes=True)
